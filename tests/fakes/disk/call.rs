//! A call that may be counted: it is written down, and what is asked for befalls it.

use std::ffi::{c_int, c_void};
use std::sync::atomic::Ordering;

use crate::libc::{self, real};
use crate::place::{Place, Text};
use crate::settings::{Fault, Settings, settings};
use crate::unsynced;

/// What the C library returns where something failed.
pub trait Failed {
    const FAILED: Self;
}

impl Failed for c_int {
    const FAILED: Self = -1;
}

impl Failed for isize {
    const FAILED: Self = -1;
}

impl Failed for *mut c_void {
    const FAILED: Self = libc::MAP_FAILED;
}

/// A call as it is written down.
pub struct Call<'a> {
    pub kind: &'static str,
    pub function: &'static str,
    pub place: Option<&'a Place>,
    /// The second path, where there are two.
    pub to: Option<&'a Place>,
    /// How many bytes, where that is known.
    pub size: Option<u64>,
}

/// What befalls a call.
pub enum Fate {
    /// It is made.
    Passes,
    /// It is not made, and fails so.
    Fails(c_int),
    /// Half of it is made; then the process ends, if so it shall.
    Half { dies: bool },
    /// It is made, and then the process ends.
    Last,
}

impl<'a> Call<'a> {
    pub fn new(kind: &'static str, function: &'static str, place: Option<&'a Place>) -> Self {
        Self { kind, function, place, to: None, size: None }
    }

    pub fn to(self, to: Option<&'a Place>) -> Self {
        Self { to, ..self }
    }

    pub fn size(self, size: u64) -> Self {
        Self { size: Some(size), ..self }
    }

    /// Counts the call, if it counts. Does not return where the process ends before it.
    pub fn fate(&self) -> Fate {
        let Some(settings) = settings() else { return Fate::Passes };
        if !settings.kinds.contains(&self.kind) {
            return Fate::Passes;
        }
        let within = |place: Option<&'a Place>| place.and_then(|place| place.watched(settings));
        let (from, to) = (within(self.place), within(self.to));
        let Some(first) = from.or(to) else { return Fate::Passes };
        let number = settings.count.fetch_add(1, Ordering::SeqCst) + 1;
        let hit = settings.at > 0 && (number == settings.at || settings.stay && number > settings.at);
        let fault = settings.fault.filter(|_| hit && settings.hits.contains(&self.kind)).filter(|fault| {
            let of_writes = matches!(fault, Fault::Short | Fault::Torn);
            !of_writes || (self.kind == "write" && self.size.is_some_and(|size| size > 1))
        });
        self.note(settings, number, first, to.filter(|_| from.is_some()), fault);
        match fault {
            None | Some(Fault::End) => Fate::Passes,
            Some(Fault::Error(_, code)) => Fate::Fails(code),
            Some(Fault::Short) => Fate::Half { dies: false },
            Some(Fault::Torn) => Fate::Half { dies: true },
            Some(Fault::After) => Fate::Last,
            Some(Fault::Before) => libc::die(),
            Some(Fault::Cut) => {
                unsynced::undo_all();
                libc::die()
            }
        }
    }

    pub fn note(&self, settings: &Settings, number: u64, first: &[u8], second: Option<&[u8]>, fault: Option<Fault>) {
        if settings.log < 0 {
            return;
        }
        let mut line = [0; 1024];
        let mut text = Text { bytes: &mut line, length: 0 };
        text.number(number);
        for part in [self.kind.as_bytes(), self.function.as_bytes(), first] {
            text.push(b" ");
            text.push(part);
        }
        if let Some(second) = second {
            text.push(b" -> ");
            text.push(second);
        }
        if let Some(size) = self.size {
            text.push(b" ");
            text.number(size);
            text.push(b" bytes");
        }
        if let Some(fault) = fault {
            text.push(b" FAULT ");
            text.push(fault.name().as_bytes());
        }
        let length = text.length.min(line.len() - 1);
        line[length] = b'\n';
        let errno = libc::errno();
        real!(write(settings.log, line.as_ptr().cast(), length + 1): fn(c_int, *const c_void, usize) -> isize);
        libc::set_errno(errno);
    }

    /// Makes the call that `make` makes, unless something befalls it.
    pub fn carry_out<T: Failed>(&self, make: impl FnOnce() -> T) -> T {
        match self.fate() {
            Fate::Passes | Fate::Half { .. } => make(),
            Fate::Fails(code) => {
                libc::set_errno(code);
                T::FAILED
            }
            Fate::Last => {
                make();
                libc::die()
            }
        }
    }
}
