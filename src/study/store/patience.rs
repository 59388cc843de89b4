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
    /// Ends the waiting.
    pub(super) interrupt: Option<Interrupt>,
}

impl Default for Patience {
    fn default() -> Self {
        Self { step: Duration::from_millis(300), repeat: Duration::from_secs(60), interrupt: None }
    }
}

/// One waiting.
#[derive(Debug, Default)]
pub(super) struct Wait {
    begun: Option<Instant>,
    told: Option<Instant>,
}

impl Wait {
    pub(super) fn has_begun(&self) -> bool {
        self.begun.is_some()
    }

    /// To be called when the lock was not had, whenever that was found. Whether to try again; `false` if the user wants to end.
    /// `meanwhile` says what became of what is to be written.
    pub(super) fn goes_on(&mut self, patience: &Patience, path: &Path, meanwhile: &str) -> bool {
        let begun = *self.begun.get_or_insert_with(Instant::now);
        if patience.interrupt.as_ref().is_some_and(Interrupt::ends_soon) {
            return false;
        }
        if self.told.is_none_or(|told| told.elapsed() >= patience.repeat) {
            say(&words(path, self.told.map(|_| begun.elapsed()), meanwhile));
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

fn words(path: &Path, waited: Option<Duration>, meanwhile: &str) -> String {
    let path = path.display();
    match waited {
        None => format!(
            "the study's store {path} is locked by another program (or its file system gives no locks); waiting for it, as long as it \
             takes{meanwhile}"
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
    fn how_long_it_has_been_is_said() {
        let first = words(Path::new("a/study.db"), None, "; kept");
        assert!(first.contains("a/study.db is locked") && first.ends_with("; kept"), "{first}");
        assert!(words(Path::new("b"), Some(Duration::from_secs(190)), "").contains("since 3 min"));
    }
}
