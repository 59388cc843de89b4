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
/// Lines of standard error that are kept for failure messages.
const TAIL_LINES: usize = 12;
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

/// Calls `take` with every line until it returns `false`. A carriage return ends a line as a line feed does, so that what a progress bar
/// writes over is not in the way of what follows.
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
        } else if tail.len() == TAIL_LINES {
            tail.pop_front();
        }
        tail.push_back(text);
        true
    });
}

/// What a program that failed said last: the exception of a Python traceback, or else its last line; `None` if it said nothing.
pub(super) fn last_words(tail: &str) -> Option<&str> {
    let lines: Vec<&str> = tail.lines().filter(|line| !line.trim().is_empty()).collect();
    // The begin of a deep traceback may be gone; what follows its indented frames is the exception, of which the last is the one that
    // was not caught. Notes and warnings may come after it.
    let follows = |i: usize| !lines[i].starts_with([' ', '\t']) && i > 0 && lines[i - 1].starts_with([' ', '\t']);
    let is_of_python =
        lines.iter().any(|line| line.trim_start().starts_with("File \"") || line.starts_with("Traceback "));
    let exception =
        (0..lines.len()).rev().find(|i| is_of_python && follows(*i) && !lines[*i].starts_with("Traceback "));
    exception.map(|i| lines[i]).or(lines.last().copied()).map(str::trim)
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
            ("warning: x\nsegfault at 3\n".to_owned(), "segfault at 3"),
            ("  indented\n".to_owned(), "indented"),
        ] {
            assert_eq!(last_words(&tail), Some(words), "{tail}");
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
