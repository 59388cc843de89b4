//! Lines of a program's output, as they come.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::sync::{Mutex, PoisonError};

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

/// Calls `take` with every line until it returns `false`.
pub(super) fn each_line(input: impl Read, mut take: impl FnMut(Line) -> bool) {
    let mut input = BufReader::new(input);
    let mut line = Vec::new();
    loop {
        line.clear();
        match input.by_ref().take(LINE_LIMIT).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\n', '\r']);
        let mut ended = false;
        let taken = if line.last() != Some(&b'\n') && line.len() as u64 == LINE_LIMIT {
            ended = input.skip_until(b'\n').is_err();
            Line::Overlong(text.chars().take(BEGIN).collect())
        } else {
            Line::Whole(text.to_owned())
        };
        if !take(taken) || ended {
            return;
        }
    }
}

/// Keeps the last lines.
pub(super) fn keep_tail(stderr: impl Read, tail: &Mutex<VecDeque<String>>) {
    each_line(stderr, |line| {
        let (Line::Whole(mut text) | Line::Overlong(mut text)) = line;
        if let Some((cut, _)) = text.char_indices().nth(TAIL_WIDTH) {
            text.truncate(cut);
        }
        let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
        if tail.len() == TAIL_LINES {
            tail.pop_front();
        }
        tail.push_back(text);
        true
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8]) -> Vec<Line> {
        let mut lines = Vec::new();
        each_line(input, |line| {
            lines.push(line);
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
}
