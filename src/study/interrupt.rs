//! The user's wish to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag, shared by its clones, that asks a study to end in good order: now, or once the running trial has ended.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    now: Arc<AtomicBool>,
    soon: Arc<AtomicBool>,
}

impl Interrupt {
    /// Asks the study to end.
    pub fn raise(&self) {
        self.now.store(true, Ordering::SeqCst);
    }

    /// Whether the study should end.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.now.load(Ordering::SeqCst)
    }

    /// Asks the study to let the running trial finish, and to end then.
    pub fn raise_after_trial(&self) {
        self.soon.store(true, Ordering::SeqCst);
    }

    /// Whether no other trial should begin: the study should end, now or after the running one.
    #[must_use]
    pub fn ends_soon(&self) -> bool {
        self.is_raised() || self.soon.load(Ordering::SeqCst)
    }

    /// The flag itself, for a signal handler to set.
    #[must_use]
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.now)
    }
}
