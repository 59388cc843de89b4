//! Lines of a program's output, as they come.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::sync::{Mutex, PoisonError};

use super::Secrets;
use super::plain::without_escapes;

/// Longest line that is taken, in bytes; of a longer one only its begin.
pub(super) const LINE_LIMIT: u64 = 1 << 20;
/// Characters that are kept of the begin of a line that is too long.
const BEGIN: usize = 200;
/// Lines of standard error that are shown in failure messages.
const TAIL_LINES: usize = 12;
/// Lines of it that are kept, to find what was raised: many may come after it.
const KEPT_LINES: usize = 500;
/// Characters of each.
const TAIL_WIDTH: usize = 400;

/// A line, or what is kept of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// All of it, without its end. Bytes that are not UTF-8 are U+FFFD.
    Whole(String),
    /// The begin of one that is longer than a line may be.
    Overlong(String),
}

/// What ended a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// A line feed, or the end of all.
    Feed,
    /// A carriage return: on a screen what follows would be written over it.
    Return,
    /// Nothing but the line feed after a carriage return, which was the end of the line before then.
    Rest,
}

/// Calls `take` with every line until it returns `false`. A carriage return ends a line as a line feed does. So what a
/// progress bar writes over is not in the way of what follows.
pub(super) fn each_line(input: impl Read, mut take: impl FnMut(Line, Ending) -> bool) {
    let mut input = BufReader::new(input);
    let mut line = Vec::new();
    let mut ending = Ending::Feed;
    loop {
        line.clear();
        let Some((this, overlong)) = read_line(&mut input, &mut line) else { return };
        let is_rest = std::mem::replace(&mut ending, this) == Ending::Return && this == Ending::Feed;
        let this = if is_rest && line.is_empty() { Ending::Rest } else { this };
        let text = String::from_utf8_lossy(&line);
        let taken = match overlong {
            true => Line::Overlong(text.chars().take(BEGIN).collect()),
            false => Line::Whole(text.into_owned()),
        };
        if !take(taken, this) {
            return;
        }
    }
}

/// Reads a line without its end, how it ended, and whether there was more than a line may have; `None` when there is no more.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> Option<(Ending, bool)> {
    let most = usize::try_from(LINE_LIMIT - 1).unwrap_or(usize::MAX);
    let (mut any, mut overlong) = (false, false);
    loop {
        let bytes = match input.fill_buf() {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => return None,
            Ok([]) => return any.then_some((Ending::Feed, overlong)),
            Ok(bytes) => bytes,
        };
        any = true;
        let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let part = &bytes[..end.unwrap_or(bytes.len())];
        let room = most - line.len();
        overlong |= part.len() > room;
        line.extend_from_slice(&part[..part.len().min(room)]);
        let ending = end.map(|end| if bytes[end] == b'\n' { Ending::Feed } else { Ending::Return });
        let used = part.len() + usize::from(end.is_some());
        input.consume(used);
        if let Some(ending) = ending {
            return Some((ending, overlong));
        }
    }
}

/// Keeps the last lines, as they would stand on a screen, without the secrets.
pub(super) fn keep_tail(stderr: impl Read, tail: &Mutex<VecDeque<String>>, secrets: &Secrets) {
    let mut over = false;
    each_line(stderr, |line, ending| {
        if ending == Ending::Rest {
            over = false;
            return true;
        }
        let mut text = match line {
            Line::Whole(text) => secrets.redact(&without_escapes(&text)),
            Line::Overlong(begin) => secrets.redact_begin(&without_escapes(&begin)),
        };
        if let Some((cut, _)) = text.char_indices().nth(TAIL_WIDTH) {
            text.truncate(cut);
        }
        let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::replace(&mut over, ending == Ending::Return) {
            tail.pop_back();
        } else if tail.len() == KEPT_LINES {
            tail.pop_front();
        }
        tail.push_back(text);
        true
    });
}

/// The lines of what is kept that a failure message shows.
pub(super) fn shown_tail(kept: &VecDeque<String>) -> String {
    let hidden = kept.len().saturating_sub(TAIL_LINES);
    kept.iter().skip(hidden).map(String::as_str).collect::<Vec<_>>().join("\n")
}

/// What a program that failed said last: the exception of the last Python traceback, or else its last line; `None` if it said nothing.
pub(super) fn last_words(kept: &str) -> Option<String> {
    let lines: Vec<&str> = kept.lines().filter(|line| !line.trim().is_empty()).collect();
    exception(&lines).or_else(|| lines.last().map(|line| line.trim().to_owned()))
}

/// The first line of what was raised, by the last traceback; an earlier one was handled, or is its cause.
fn exception(lines: &[&str]) -> Option<String> {
    let begin = |line: &&str| line.strip_suffix(TRACEBACK).filter(|before| is_before_traceback(before)).map(str::len);
    let header = lines.iter().enumerate().rev().find_map(|(i, line)| Some((i, begin(line)?)));
    let (from, prefix) = match header {
        Some((i, length)) => (i, &lines[i][..length]),
        // An error of syntax has none, and that of a very deep one may be gone.
        None => (lines.iter().rposition(|line| line.trim_start().starts_with("File \""))?, ""),
    };
    // The lines of a group, and those of one process of many, have theirs in front of them.
    let prefix = prefix.strip_suffix(GROUP).map_or_else(|| prefix.trim_end_matches("Original "), |_| "  | ");
    let mut after = lines[from + 1..].iter().map(|line| line.strip_prefix(prefix).unwrap_or(line));
    let raised = after.find(|line| names_an_exception(line))?.trim();
    let more = after.next().filter(|_| raised.ends_with(':')).map_or("", |line| line.trim());
    Some(format!("{raised} {more}").trim_end().to_owned())
}

/// The end of the line before a traceback's frames.
const TRACEBACK: &str = "Traceback (most recent call last):";
/// What stands before it where several exceptions were raised together.
const GROUP: &str = "  + Exception Group ";

/// Nothing, or what Python, PyTorch's loaders and its launcher for many processes (`[rank0]: `) write before it.
fn is_before_traceback(before: &str) -> bool {
    matches!(before, "" | GROUP | "Original ") || (before.starts_with('[') && before.ends_with("]: "))
}

/// Such as `ValueError`, or `package.Error: why`.
fn names_an_exception(line: &str) -> bool {
    let name = line.split(':').next().unwrap_or_default();
    let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '<' | '>');
    name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.trim_end().chars().all(is_of_name)
        && line[name.len()..].chars().nth(1).is_none_or(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8]) -> Vec<Line> {
        let mut lines = Vec::new();
        each_line(input, |line, ending| {
            lines.extend(Some(line).filter(|_| ending != Ending::Rest));
            true
        });
        lines
    }

    #[test]
    fn a_line_that_is_too_long_is_told_by_its_begin_and_the_next_is_whole() {
        let limit = usize::try_from(LINE_LIMIT).unwrap();
        let whole = |text: &str| Line::Whole(text.to_owned());
        for extra in [0, 1, 5000] {
            let mut input = b"{\"a\": 1}\r\n".to_vec();
            input.extend(vec![b'x'; limit + extra]);
            input.extend(b"\nlast");
            assert_eq!(
                lines(&input),
                [whole("{\"a\": 1}"), Line::Overlong("x".repeat(BEGIN)), whole("last")],
                "{extra}"
            );
        }
        let mut longest = vec![b'y'; limit - 1];
        longest.push(b'\n');
        assert_eq!(lines(&longest), [whole(&"y".repeat(limit - 1))]);
    }

    #[test]
    fn a_carriage_return_ends_a_line_and_a_long_bar_drops_nothing() {
        let whole = |text: &str| Line::Whole(text.to_owned());
        let bar = " 10%|#         |\r".repeat(100_000);
        let told = lines(format!("{bar}{{\"a\": 1}}\r\n\n\rlast\r").as_bytes());
        assert_eq!(told[100_000..], [whole("{\"a\": 1}"), whole(""), whole(""), whole("last")]);
        assert_eq!(told[99_999], whole(" 10%|#         |"));
    }

    #[test]
    fn the_last_words_are_the_exception() {
        let frame = "  File \"a.py\", line 3, in f\n    g()\n    ^^^\n";
        for (tail, words) in [
            (format!("Traceback (most recent call last):\n{frame}ValueError: no\n"), "ValueError: no"),
            (format!("{frame}torch.OutOfMemoryError: CUDA\nSee the documentation\n"), "torch.OutOfMemoryError: CUDA"),
            (
                format!(
                    "{frame}KeyError: 1\n\nDuring handling of it:\n\nTraceback (most recent call last):\n{frame}TypeError\n"
                ),
                "TypeError",
            ),
            (
                format!("{TRACEBACK}\n{frame}__main__.MyErr: line one\nTraceback-like: foo\n"),
                "__main__.MyErr: line one",
            ),
            (format!("{TRACEBACK}\n{frame}ValueError: \n\nsays why\nat length\n"), "ValueError: says why"),
            (format!("{TRACEBACK}\n{frame}ValueError: no\n{}", "closing: a file\n".repeat(40)), "ValueError: no"),
            (
                format!("[rank1]: {TRACEBACK}\n[rank1]:   File \"a\"\n[rank1]:     g()\n[rank1]: OSError: x\n"),
                "OSError: x",
            ),
            (
                format!(
                    "{TRACEBACK}\n{frame}RuntimeError: Caught TypeError in worker 0.\nOriginal {TRACEBACK}\n{frame}TypeError: t\n"
                ),
                "TypeError: t",
            ),
            (
                format!(
                    "{GROUP}{TRACEBACK}\n  |   File \"a.py\", line 3\n  |     raise g\n  | ExceptionGroup: two (2 sub-exceptions)\n  \
                     +-+---------------- 1 ----------------\n    | {TRACEBACK}\n    |   File \"a.py\"\n    | ValueError: 1\n    \
                     +---------------- 2 ----------------\n    | TypeError: 2\n    +------------------------------------\n"
                ),
                "ExceptionGroup: two (2 sub-exceptions)",
            ),
            (
                "  File \"a.py\", line 1\n    x = = 2\n        ^\nSyntaxError: invalid syntax\n".to_owned(),
                "SyntaxError: invalid syntax",
            ),
            ("warning: x\nsegfault at 3\n".to_owned(), "segfault at 3"),
            ("  indented\n".to_owned(), "indented"),
        ] {
            assert_eq!(last_words(&tail).as_deref(), Some(words), "{tail}");
        }
        assert_eq!(last_words(" \n"), None);
    }

    #[test]
    fn the_tail_has_no_part_of_a_secret() {
        let secrets = Secrets::of_values(["hunter22-and-more"]);
        for length in (TAIL_WIDTH - 20..TAIL_WIDTH + 3).chain(BEGIN - 20..BEGIN + 3) {
            for after in [0, 1 << 20] {
                let tail = Mutex::default();
                let line = format!("{}hunter22-and-more{}\n", "x".repeat(length), "y".repeat(after));
                keep_tail(line.as_bytes(), &tail, &secrets);
                let tail = tail.into_inner().unwrap();
                assert!(tail[0].starts_with("xxx") && !tail[0].contains("hu"), "{length}: {}", tail[0]);
            }
        }
    }

    #[test]
    fn the_tail_has_what_a_screen_would_have() {
        let tail = Mutex::default();
        let bar = "\r 50%|##  |\r100%|####|".repeat(30);
        keep_tail(
            format!("be\u{1b}[31mfore\n{bar}\nTraceback\r\n  line\nValueError: x\n").as_bytes(),
            &tail,
            &Secrets::default(),
        );
        assert_eq!(tail.into_inner().unwrap(), ["before", "100%|####|", "Traceback", "  line", "ValueError: x"]);
    }
}
