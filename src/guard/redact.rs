//! Words taken out of text, also of text that comes in pieces.

use std::fmt;

use super::secret::{HIDDEN, SHORTEST};

/// Takes words out of text, however it is cut into pieces: the pieces together are what [`redacted`](super::secret::redacted) makes of
/// the whole. Words that overlap, or lie within each other, are hidden as one.
#[derive(Clone, Default)]
pub(crate) struct Redactor {
    /// The longest first.
    words: Vec<Vec<u8>>,
    /// Came, and is not given out yet: a word that begins in it may end in what is to come.
    pending: Vec<u8>,
    /// So many bytes at the begin of `pending` belong to words for which [`HIDDEN`] was given out.
    hidden: usize,
}

impl Redactor {
    /// For these values, each line of them by itself. Lines of less than four characters are too common to be looked for; a value with
    /// such lines is looked for as a whole, too.
    pub(crate) fn new<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let is_long = |text: &str| text.chars().count() >= SHORTEST;
        let mut words: Vec<Vec<u8>> = Vec::new();
        for value in values.into_iter().map(str::trim).filter(|value| is_long(value)) {
            let lines = || value.split(['\n', '\r']).map(str::trim).filter(|line| !line.is_empty());
            words.extend(lines().filter(|line| is_long(line)).map(|line| line.as_bytes().to_vec()));
            if !lines().all(is_long) {
                words.push(value.as_bytes().to_vec());
            }
        }
        words.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        words.dedup();
        Self { words, pending: Vec::new(), hidden: 0 }
    }

    /// What can be given out with this piece.
    pub(crate) fn take(&mut self, piece: &[u8]) -> Vec<u8> {
        if self.words.is_empty() {
            return piece.to_vec();
        }
        self.pending.extend_from_slice(piece);
        let longest = self.words[0].len();
        self.give(self.pending.len().saturating_sub(longest - 1), false)
    }

    /// The rest of a text that has ended.
    pub(crate) fn finish(&mut self) -> Vec<u8> {
        self.give(self.pending.len(), false)
    }

    /// The rest of a text that was cut off: a word may have been cut, too.
    pub(crate) fn finish_cut(&mut self) -> Vec<u8> {
        self.give(self.pending.len(), true)
    }

    /// Gives out the first bytes, of which all words are known that begin in them.
    fn give(&mut self, up_to: usize, is_cut: bool) -> Vec<u8> {
        let mut begins = [false; 256];
        self.words.iter().for_each(|word| begins[usize::from(word[0])] = true);
        let mut given = Vec::with_capacity(up_to);
        // The end of the words that were met.
        let mut end = self.hidden;
        for start in 0..up_to {
            let rest = &self.pending[start..];
            let is_of = |word: &&Vec<u8>| rest.starts_with(word) || (is_cut && word.starts_with(rest));
            let word = self.words.iter().filter(|_| begins[usize::from(rest[0])]).find(is_of);
            if let Some(word) = word {
                if start >= end {
                    given.extend_from_slice(HIDDEN.as_bytes());
                }
                end = end.max(start + word.len().min(rest.len()));
            } else if start >= end {
                given.push(rest[0]);
            }
        }
        self.pending.drain(..up_to);
        self.hidden = end.saturating_sub(up_to);
        given
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn in_pieces(words: &[String], text: &[u8], cuts: &[usize]) -> String {
        let mut redactor = Redactor::new(words.iter().map(String::as_str));
        let (mut given, mut rest) = (Vec::new(), text);
        for cut in cuts {
            let (piece, more) = rest.split_at((*cut).min(rest.len()));
            given.extend(redactor.take(piece));
            rest = more;
        }
        given.extend(redactor.take(rest));
        given.extend(redactor.finish());
        String::from_utf8(given).unwrap()
    }

    /// Which bytes of a text belong to a word, by looking at every place.
    fn covered(words: &[String], text: &str) -> Vec<bool> {
        let mut covered = vec![false; text.len()];
        for (start, word) in words.iter().flat_map(|w| (0..text.len()).map(move |start| (start, w))) {
            if text.as_bytes()[start..].starts_with(word.as_bytes()) {
                covered[start..start + word.len()].fill(true);
            }
        }
        covered
    }

    #[test]
    fn words_within_and_across_words_are_hidden_whole() {
        for (words, text, shown) in [
            (&["hunter22", "hunter22SECRETTAIL99"][..], "a hunter22SECRETTAIL99 b hunter22SECRET", "a # b #SECRET"),
            (&["abcdXY", "XYefgh"], "-abcdXYefgh-", "-#-"),
            (&["abcd"], "abcdabcd", "##"),
            (&["aaaa"], "baaaaaaab", "b#b"),
            (&["shown", "hidden"], "shown hidden", "# #"),
            (&["-----BEGIN\nabcdefg\n"], "-----BEGIN\nabcdefg\n", "#\n#\n"),
            (&["ab\ncd"], "ab\ncd ab", "# ab"),
        ] {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            for size in 1..=text.len() {
                let found = in_pieces(&words, text.as_bytes(), &vec![size; text.len()]);
                assert_eq!(found.replace(HIDDEN, "#"), shown, "{words:?} in {text} by {size}");
            }
        }
    }

    #[test]
    fn the_begin_of_a_word_at_a_cut_is_hidden() {
        let cut = |text: &str| {
            let mut redactor = Redactor::new(["hunter22", "ter22-and-more"]);
            let mut given = redactor.take(text.as_bytes());
            given.extend(redactor.finish_cut());
            String::from_utf8(given).unwrap()
        };
        assert_eq!(cut("it is hunter2"), format!("it is {HIDDEN}"));
        assert_eq!(cut("it is hunter22-an"), format!("it is {HIDDEN}"));
        assert_eq!(cut("it is not"), format!("it is no{HIDDEN}"));
        assert_eq!(cut("it is"), "it is");
    }

    proptest! {
        #[test]
        fn pieces_give_what_the_whole_gives(
            words in prop::collection::vec("[abé]{4,9}", 1..5),
            more in "[abé]{1,5}",
            text in "[abé ]{0,60}",
            cuts in prop::collection::vec(0..9_usize, 0..20),
            picks in prop::collection::vec((0..4_usize, 0..30_usize), 0..4),
        ) {
            // Some that share a begin, and a text that has them.
            let mut words = words;
            words.push(format!("{}{more}", words[0]));
            let mut text: Vec<char> = text.chars().collect();
            for (word, at) in picks {
                let at = at.min(text.len());
                text.splice(at..at, words[word % words.len()].chars());
            }
            let text: String = text.into_iter().collect();
            let whole = in_pieces(&words, text.as_bytes(), &[]);
            prop_assert_eq!(&in_pieces(&words, text.as_bytes(), &cuts), &whole);
            // No byte of a word is shown, and every other byte is.
            let covered = covered(&words, &text);
            let open: Vec<u8> = text.bytes().zip(&covered).filter(|(_, hidden)| !**hidden).map(|(byte, _)| byte).collect();
            prop_assert_eq!(whole.replace(HIDDEN, "").into_bytes(), open);
        }
    }
}
