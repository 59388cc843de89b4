//! A pair of edges.

use super::{Mark, Session, Usage};
use crate::energy::units::WindowEnergy;

impl Session {
    /// Runs `work` and tells the energy of everything metered meanwhile: on a machine with GPUs also that of GPUs which
    /// `work` leaves idle. See [`measure_using`](Self::measure_using).
    pub fn measure<T>(&self, work: impl FnOnce() -> T) -> (T, WindowEnergy) {
        self.measure_using(Usage::All, work)
    }

    /// Runs `work` and tells the energy of what it uses, such as [`Usage::cpu`].
    pub fn measure_using<T>(&self, usage: Usage, work: impl FnOnce() -> T) -> (T, WindowEnergy) {
        let window = self.window().using(usage);
        let result = work();
        (result, window.close())
    }

    /// Opens a window now. Windows nest as they like: each is a pair of edges.
    #[must_use = "the energy is told when the window is closed"]
    pub fn window(&self) -> Window {
        Window::open(self)
    }
}

/// An open window; close it to learn its energy.
#[derive(Debug)]
pub struct Window {
    session: Session,
    open: Mark,
    usage: Usage,
}

impl Window {
    pub(super) fn open(session: &Session) -> Self {
        Self { session: session.clone(), open: session.mark(), usage: Usage::All }
    }

    /// Restricts the window to what the work uses.
    #[must_use]
    pub fn using(mut self, usage: Usage) -> Self {
        self.usage = usage;
        self
    }

    /// Says that the hardware in use rests for [`REST`](crate::energy::REST) before and after the window: see
    /// [`Mark::beside_rest`].
    #[must_use]
    pub fn between_rests(mut self) -> Self {
        self.open = self.open.beside_rest();
        self
    }

    /// Its first edge.
    #[must_use]
    pub fn opened(&self) -> &Mark {
        &self.open
    }

    /// The energy up to now.
    #[must_use]
    pub fn so_far(&self) -> WindowEnergy {
        self.session.between_using(&self.open, &self.session.mark(), &self.usage)
    }

    /// Closes the window now and tells its energy, once what a slow counter needs for it is there: see
    /// [`Session::settle`].
    #[must_use]
    pub fn close(self) -> WindowEnergy {
        let mut close = self.session.mark();
        close.rest = self.open.rest;
        self.session.settle(&close, &self.usage);
        self.session.between_using(&self.open, &close, &self.usage)
    }
}
