//! Standard output that may go away: a reader such as `head` ends when it has seen enough.

use std::io::{ErrorKind, IsTerminal, Write};
use std::path::Path;

use super::colour::marked;
use super::failure::Failure;
use crate::carbon::Carbon;
use crate::guard::text::lines;
use crate::record::StudyRecord;
use crate::report::Closing;
use crate::report::study::text::closing;

/// Prints words for people, with a line break at their end if they have none. Nothing in them is obeyed by a terminal.
pub(super) fn print(text: impl AsRef<str>) -> Result<(), Failure> {
    print_as_it_is(&lines(text.as_ref()))
}

/// Prints what programs read: byte by byte into a file or a pipe, and as [`print`] does on a screen.
pub(super) fn print_data(text: impl AsRef<str>) -> Result<(), Failure> {
    if std::io::stdout().is_terminal() { print(text) } else { print_as_it_is(text.as_ref()) }
}

/// Writes a file that is no text, which a terminal does not get: [`refuse_terminal`] says so before.
pub(super) fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    unless_gone(out.write_all(bytes).and_then(|()| out.flush()))
}

/// Refuses to write a file that is no text, such as `front.pdf`, to a terminal.
pub(super) fn refuse_terminal(format: &str, file: &str) -> Result<(), Failure> {
    if std::io::stdout().is_terminal() {
        return Err(Failure::usage(format!("{format} is no text for a terminal: send it to a file, with `> {file}`")));
    }
    Ok(())
}

pub(super) fn print_as_it_is(text: &str) -> Result<(), Failure> {
    let end = if text.ends_with('\n') { "" } else { "\n" };
    unless_gone(write!(std::io::stdout().lock(), "{text}{end}"))
}

fn unless_gone(written: std::io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::other(error)),
        _ => Ok(()),
    }
}

/// Prints a line of a study that goes on whoever reads it.
pub(super) fn say(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{}", lines(line));
}

/// Prints a line of warning or advice on standard error, where somebody may listen or not: a terminal that was closed is no reason
/// to fail.
pub(super) fn warn(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", marked(&lines(line)));
}

/// Prints what the study came to.
pub(super) fn print_closing(record: &StudyRecord, carbon: &Carbon, folder: &Path) -> Result<(), Failure> {
    print(closing(record, carbon, &closing_of(&folder.join("report.html"))))
}

/// As wide as the terminal, with this report.
pub(super) fn closing_of(report: &Path) -> Closing {
    Closing { width: terminal_width(), report: Some(report.display().to_string()) }
}

/// Characters in a line of the terminal; 200 where there is none, for a file has room.
pub(super) fn terminal_width() -> usize {
    console::Term::stdout().size_checked().map_or(200, |(_, columns)| usize::from(columns))
}
