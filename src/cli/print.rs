//! Standard output that may go away: a reader such as `head` ends when it has seen enough.

use std::io::{ErrorKind, Write};

use super::failure::Failure;

/// Prints a text, with a line break at its end if it has none.
pub(super) fn print(text: impl AsRef<str>) -> Result<(), Failure> {
    let text = text.as_ref();
    let end = if text.ends_with('\n') { "" } else { "\n" };
    match write!(std::io::stdout().lock(), "{text}{end}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::other(error)),
        _ => Ok(()),
    }
}

/// Prints a line of a study that goes on whoever reads it.
pub(super) fn say(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Prints a line on standard error, where somebody may listen or not: a terminal that was closed is no reason to fail.
pub(super) fn warn(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
