//! Power limits and locked clocks of GPUs, for as long as something runs under them.
//!
//! A limit outlives the program that sets it. So it is set by a guard, which puts back what it found when it is dropped,
//! also by a panic; [`restore_limits_and_end`] does so for all guards of the process, for a thread that handles signals, after
//! which the process may end without dropping anything. A process that is killed outright (`SIGKILL`) leaves its limits
//! behind: `nvidia-smi -pl` and `nvidia-smi -rgc` set them right, as does a restart. A driver that hangs is waited for five seconds
//! at each step, and then it is said that the limits are not put back.
//!
//! ```no_run
//! use wattfront::energy::{PowerLimits, Session, restore_limits_and_end};
//!
//! let builder = Session::builder();
//! let guard = builder.limit("GPU-8932f937-d72c-4106-c12f-20bd9faed9f6", &PowerLimits::power(250.0))?;
//! // what runs here draws up to 250 W; in the thread that handles SIGTERM: restore_limits_and_end();
//! guard.restore()?;
//! # Ok::<(), wattfront::energy::EnergyError>(())
//! ```

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::builder::SessionBuilder;
use crate::energy::error::EnergyError;
use crate::energy::gpus::limits::{LimitRange, PowerLimits};
#[cfg(feature = "nvml")]
use crate::energy::meters::nvml::UndoLimits;
use crate::energy::units::{DomainKind, PowerDomain};

impl SessionBuilder {
    /// What the limits of the GPU with this UUID can be, and whether this process may set them. To find that out, the power
    /// limit that is in force is set once more: it takes the permission that any other would take, and changes nothing.
    ///
    /// # Errors
    ///
    /// [`EnergyError::Unavailable`] without the library or the driver; [`EnergyError::Limit`] if there is no such GPU, or
    /// it has no power limit.
    pub fn limit_range(&self, uuid: &str) -> Result<LimitRange, EnergyError> {
        limit_range(self, uuid)
    }

    /// Sets limits of the GPU with this UUID until the guard is dropped, and reads them back. Needs root's permissions.
    ///
    /// The power limit that was in force is put back then, unless somebody else has changed it meanwhile. Which clocks were
    /// locked cannot be asked for: in the end none are. The clocks of a GPU that rests may be below the lowest; so it is
    /// only checked, for half a second, that they do not exceed the highest. Of two guards of one GPU the later must go
    /// first, or the earlier finds its limit changed and leaves it.
    ///
    /// # Errors
    ///
    /// [`EnergyError::Limit`] if there is no such GPU, for a limit out of its range, and without the permission. Also
    /// if the driver has not set what it was told to. Then all is as before. [`EnergyError::Unavailable`] without the
    /// library or the driver.
    pub fn limit(&self, uuid: &str, limits: &PowerLimits) -> Result<LimitGuard, EnergyError> {
        let entry = GuardSlot::default();
        // Held until all is set, so that a signal in the midst of it is answered afterwards.
        let mut guard = LimitGuard { entry: Arc::clone(&entry), in_force: PowerLimits::default() };
        let mut undo = lock(&entry);
        let mut guards = lock(&GUARDS);
        if guards.closed {
            return Err(EnergyError::Limit {
                domain: PowerDomain { kind: DomainKind::Gpu, id: uuid.to_owned() },
                what: "limits",
                reason: "this process is ending, and has put back the limits that it had set".to_owned(),
                remedy: "run it again".to_owned(),
            });
        }
        guards.entries.push(Arc::clone(&entry));
        drop(guards);
        let in_force = set(self, uuid, limits, &mut undo);
        drop(undo);
        // Without a figure in force the guard goes here, and puts back what was set until then.
        guard.in_force = in_force?;
        Ok(guard)
    }
}

/// Keeps the limits of a GPU; see [`SessionBuilder::limit`].
#[derive(Debug)]
#[must_use = "the limits are put back when the guard is dropped"]
pub struct LimitGuard {
    entry: GuardSlot,
    in_force: PowerLimits,
}

type GuardSlot = Arc<Mutex<Option<UndoLimits>>>;

/// The guards of the process.
struct AllGuards {
    /// In the order of their making.
    entries: Vec<GuardSlot>,
    /// No further one is made.
    closed: bool,
}

static GUARDS: Mutex<AllGuards> = Mutex::new(AllGuards { entries: Vec::new(), closed: false });

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LimitGuard {
    /// What the driver says that is in force: power in its own rounding.
    #[must_use]
    pub fn in_force(&self) -> PowerLimits {
        self.in_force
    }

    /// Puts back what was before, now.
    ///
    /// # Errors
    ///
    /// [`EnergyError::Limit`] or [`EnergyError::DeviceLost`] if the driver refuses, and if somebody else has changed the
    /// power limit meanwhile, which is then left as it is.
    pub fn restore(self) -> Result<(), EnergyError> {
        put_back(&self.entry)
    }
}

impl Drop for LimitGuard {
    fn drop(&mut self) {
        // Whoever wants to know asks `restore`.
        let _ = put_back(&self.entry);
        lock(&GUARDS).entries.retain(|entry| !Arc::ptr_eq(entry, &self.entry));
    }
}

/// Puts back the limits that all guards of this process have set, the latest first, and tells what failed; the guards then have
/// nothing left to do. Another thread may set new ones meanwhile: see [`restore_limits_and_end`].
pub fn restore_limits() -> Vec<EnergyError> {
    let entries = lock(&GUARDS).entries.clone();
    entries.iter().rev().filter_map(|entry| put_back(entry).err()).collect()
}

/// The same for a process that ends: from then on [`SessionBuilder::limit`] refuses. Meant for a thread that handles signals (not for
/// a signal handler itself): once this returns, the process may end.
pub fn restore_limits_and_end() -> Vec<EnergyError> {
    lock(&GUARDS).closed = true;
    restore_limits()
}

fn put_back(entry: &GuardSlot) -> Result<(), EnergyError> {
    let mut undo = lock(entry);
    undo.take().map_or(Ok(()), |undo| undo.run())
}

#[cfg(feature = "nvml")]
fn limit_range(builder: &SessionBuilder, uuid: &str) -> Result<LimitRange, EnergyError> {
    crate::energy::meters::nvml::limit_range(builder.places.nvml_library.as_deref(), uuid)
}

#[cfg(feature = "nvml")]
fn set(
    builder: &SessionBuilder,
    uuid: &str,
    limits: &PowerLimits,
    undo: &mut Option<UndoLimits>,
) -> Result<PowerLimits, EnergyError> {
    crate::energy::meters::nvml::set_limits(builder.places.nvml_library.as_deref(), uuid, limits, &builder.clock, undo)
}

/// In a build without GPUs nothing is ever set.
#[cfg(not(feature = "nvml"))]
#[derive(Debug)]
enum UndoLimits {}

#[cfg(not(feature = "nvml"))]
impl UndoLimits {
    fn run(&self) -> Result<(), EnergyError> {
        match *self {}
    }
}

#[cfg(not(feature = "nvml"))]
fn limit_range(_: &SessionBuilder, _: &str) -> Result<LimitRange, EnergyError> {
    Err(crate::energy::error::left_out())
}

#[cfg(not(feature = "nvml"))]
fn set(_: &SessionBuilder, _: &str, _: &PowerLimits, _: &mut Option<UndoLimits>) -> Result<PowerLimits, EnergyError> {
    Err(crate::energy::error::left_out())
}

#[cfg(all(test, feature = "nvml"))]
mod tests;
