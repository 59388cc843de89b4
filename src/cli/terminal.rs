//! Notices of the application, on a terminal.

use super::advice::{WORDS, of_notice};
use super::print::{say, warn};
use crate::app::compare::CompareObserver;
use crate::app::repeat::RepeatObserver;
use crate::app::{Notice, Observer, Weight};
use crate::study::{HelpWords, RunObserver};

/// Who reads what is said beside the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Terminal {
    /// Somebody who wants to know all.
    Talkative,
    /// Somebody who wants the result alone.
    Quiet,
    /// Somebody who reads standard error, for standard output has answers only.
    Aside,
}

impl RunObserver for Terminal {}

impl RepeatObserver for Terminal {}

impl CompareObserver for Terminal {}

impl Observer for Terminal {
    fn words(&self) -> HelpWords {
        WORDS
    }

    fn notice(&mut self, notice: &Notice) {
        let line = of_notice(notice);
        match (notice.weight(), &self) {
            (Weight::Remark | Weight::Doubt, Self::Quiet) => {}
            (Weight::Doubt | Weight::Warning, _) | (_, Self::Aside) => warn(&line),
            _ => say(&line),
        }
    }
}
