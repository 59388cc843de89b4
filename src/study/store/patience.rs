//! Waiting for the locks of other programs on the database: as long as it takes, but never in silence.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::guard::text::line;
use crate::study::Interrupt;

/// How a lock is waited for.
#[derive(Debug, Clone)]
pub(super) struct Patience {
    /// So long SQLite tries at a time; after that the user's wish to end is looked at.
    pub(super) step: Duration,
    /// So often the user is told.
    pub(super) repeat: Duration,
    /// So long is waited by a study that is to end already, for what has just ended.
    pub(super) grace: Duration,
    /// Ends the waiting.
    pub(super) interrupt: Option<Interrupt>,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            step: Duration::from_millis(300),
            repeat: Duration::from_secs(60),
            grace: Duration::from_secs(10),
            interrupt: None,
        }
    }
}

/// Whether the study is to end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Wish {
    #[default]
    None,
    AfterTrial,
    Now,
}

impl Wish {
    fn of(interrupt: Option<&Interrupt>) -> Self {
        match interrupt {
            Some(interrupt) if interrupt.is_raised() => Self::Now,
            Some(interrupt) if interrupt.ends_soon() => Self::AfterTrial,
            _ => Self::None,
        }
    }
}

/// One waiting.
#[derive(Debug, Default)]
pub(super) struct Wait {
    begun: Option<Instant>,
    /// What the user wanted when it began.
    wish: Wish,
    told: Option<Instant>,
}

impl Wait {
    pub(super) fn has_begun(&self) -> bool {
        self.begun.is_some()
    }

    /// To be called when the lock was not had, whenever that was found. Whether to try again; `false` if the user wants
    /// to end. That is at once if it is said while it waits. If it was said before, it is after some seconds, for what
    /// ends then is to be stored. `meanwhile` says what became of what is to be written.
    pub(super) fn goes_on(&mut self, patience: &Patience, path: &Path, meanwhile: &str) -> bool {
        let wish = Wish::of(patience.interrupt.as_ref());
        let begun = *self.begun.get_or_insert_with(|| {
            self.wish = wish;
            Instant::now()
        });
        if wish > self.wish || (wish > Wish::None && begun.elapsed() >= patience.grace) {
            return false;
        }
        if self.told.is_none_or(|told| told.elapsed() >= patience.repeat) {
            let limit = (wish > Wish::None).then_some(patience.grace);
            say(&words(path, self.told.map(|_| begun.elapsed()), limit, meanwhile));
            self.told = Some(Instant::now());
        }
        true
    }

    /// The lock was had.
    pub(super) fn is_over(&self, path: &Path) {
        if let Some(begun) = self.begun.filter(|_| self.told.is_some()) {
            let seconds = begun.elapsed().as_secs_f64();
            say(&format!("the study's store {} is free again, after {seconds:.1} s", path.display()));
        }
    }
}

fn words(path: &Path, waited: Option<Duration>, limit: Option<Duration>, meanwhile: &str) -> String {
    let path = path.display();
    let long = limit.map_or_else(|| "as long as it takes".to_owned(), |limit| format!("for {} s", limit.as_secs()));
    match waited {
        None => format!(
            "the study's store {path} is locked by another program (or its file system gives no locks); waiting for it, \
             {long}{meanwhile}"
        ),
        Some(waited) => {
            let minutes = waited.as_secs() / 60;
            format!(
                "still waiting for the study's store {path}, which another program holds locked, since {minutes} min{meanwhile}"
            )
        }
    }
}

/// A line on standard error.
pub(super) fn say(text: &str) {
    eprintln!("{}", line(text));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_waited_for_until_the_user_wants_to_end() {
        let interrupt = Interrupt::default();
        let patience = Patience { interrupt: Some(interrupt.clone()), ..Patience::default() };
        let mut wait = Wait::default();
        assert!(!wait.has_begun());
        assert!(wait.goes_on(&patience, Path::new("study.db"), "") && wait.has_begun());
        let told = wait.told;
        assert!(wait.goes_on(&patience, Path::new("study.db"), ""));
        assert_eq!(wait.told, told, "it is told once a minute");
        let eager = Patience { repeat: Duration::ZERO, ..patience.clone() };
        assert!(wait.goes_on(&eager, Path::new("study.db"), ""));
        assert_ne!(wait.told, told, "and again");
        interrupt.raise();
        assert!(!wait.goes_on(&patience, Path::new("study.db"), ""));
    }

    #[test]
    fn a_study_that_is_to_end_waits_some_seconds_for_what_has_just_ended() {
        let interrupt = Interrupt::default();
        interrupt.raise_after_trial();
        let patience = Patience { interrupt: Some(interrupt.clone()), grace: Duration::MAX, ..Patience::default() };
        let path = Path::new("study.db");
        let mut wait = Wait::default();
        assert!(wait.goes_on(&patience, path, "") && wait.goes_on(&patience, path, ""));
        let spent = Patience { grace: Duration::ZERO, ..patience.clone() };
        assert!(!wait.goes_on(&spent, path, ""));
        interrupt.raise();
        assert!(!wait.goes_on(&patience, path, ""), "a further wish ends it at once");
        assert!(
            Wait::default().goes_on(&patience, path, ""),
            "what the end of all leaves to store is waited with, too"
        );
    }

    #[test]
    fn how_long_it_has_been_is_said() {
        let first = words(Path::new("a/study.db"), None, None, "; kept");
        assert!(first.contains("a/study.db is locked") && first.ends_with("; kept"), "{first}");
        assert!(words(Path::new("b"), Some(Duration::from_secs(190)), None, "").contains("since 3 min"));
    }
}
