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
    /// [`EnergyError::Limit`] if there is no such GPU, for a limit out of its range, without the permission, and if the driver
    /// has not set what it was told to. Then all is as before. [`EnergyError::Unavailable`] without the library or the driver.
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
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::super::Session;
    use super::*;
    use crate::energy::meters::nvml::testing::FakeNvml;

    const GPU: &str = "gpu GPU-a A\npower 400\nlimit 200 700 650\n";

    /// Guards are the process's; tests that restore all of them must not meet.
    static ALONE: Mutex<()> = Mutex::new(());

    fn builder(fake: &FakeNvml) -> SessionBuilder {
        Session::builder().nvml_library(fake.library()).clock(fake.clock.clone())
    }

    fn reason(error: &EnergyError) -> String {
        assert!(matches!(error, EnergyError::Limit { .. }), "{error:?}");
        error.with_help()
    }

    #[test]
    fn a_limit_holds_until_the_guard_goes() {
        let _alone = lock(&ALONE);
        let fake = FakeNvml::new(10.0, GPU);
        let guard = builder(&fake).limit("gpu-A", &PowerLimits::power(250.4)).unwrap();
        assert_eq!(guard.in_force(), PowerLimits::power(250.4));
        assert_eq!(fake.changes(), ["GPU-a limit 250400"]);
        drop(guard);
        assert_eq!(fake.changes(), ["GPU-a limit 250400", "GPU-a limit 650000"]);
        let guard = builder(&fake).limit("GPU-a", &PowerLimits::sm_clock(1200)).unwrap();
        assert_eq!(guard.restore(), Ok(()));
        assert_eq!(fake.changes()[2..], ["GPU-a clocks 1200 1200", "GPU-a clocks"]);
        assert_eq!(lock(&GUARDS).entries.len(), 0);
    }

    #[test]
    fn guards_within_guards_go_back_step_by_step() {
        let _alone = lock(&ALONE);
        let fake = FakeNvml::new(10.0, GPU);
        let outer = builder(&fake).limit("GPU-a", &PowerLimits::power(400.0)).unwrap();
        let inner = builder(&fake).limit("GPU-a", &PowerLimits::power(300.0)).unwrap();
        drop(inner);
        drop(outer);
        let limits = [400_000, 300_000, 400_000, 650_000].map(|limit| format!("GPU-a limit {limit}"));
        assert_eq!(fake.changes(), limits);
    }

    #[test]
    fn a_panic_puts_the_limits_back() {
        let _alone = lock(&ALONE);
        let fake = FakeNvml::new(10.0, GPU);
        let both = PowerLimits { power_watts: Some(300.0), sm_clock_mhz: Some((300, 900)) };
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _guard = builder(&fake).limit("GPU-a", &both).unwrap();
            panic!("as told");
        }));
        assert!(panicked.is_err());
        let expected = ["GPU-a limit 300000", "GPU-a clocks 300 900", "GPU-a clocks", "GPU-a limit 650000"];
        assert_eq!(fake.changes(), expected);
    }

    #[test]
    fn a_signal_puts_back_what_all_guards_have_set_and_the_guards_then_do_nothing() {
        let _alone = lock(&ALONE);
        let (one, other) = (FakeNvml::new(10.0, GPU), FakeNvml::new(10.0, GPU));
        let first = builder(&one).limit("GPU-a", &PowerLimits::power(400.0)).unwrap();
        let second = builder(&one).limit("GPU-a", &PowerLimits::power(300.0)).unwrap();
        let third = builder(&other).limit("GPU-a", &PowerLimits::power(500.0)).unwrap();
        assert_eq!(std::thread::spawn(restore_limits).join().unwrap(), []);
        assert_eq!(one.changes().last().unwrap(), "GPU-a limit 650000");
        assert_eq!(other.changes(), ["GPU-a limit 500000", "GPU-a limit 650000"]);
        let done = (one.changes().len(), other.changes().len());
        assert_eq!(third.restore(), Ok(()));
        drop((second, first));
        assert_eq!((one.changes().len(), other.changes().len()), done);
        assert_eq!(restore_limits(), []);
    }

    #[test]
    fn without_the_permission_nothing_is_set_and_the_probe_says_so() {
        let _alone = lock(&ALONE);
        let mut fake = FakeNvml::new(10.0, GPU);
        let range = builder(&fake).limit_range("GPU-a").unwrap();
        let watts = (range.lowest_watts, range.highest_watts, range.default_watts, range.present_watts);
        assert_eq!(
            (watts, range.highest_sm_clock_mhz, range.refused),
            ((200.0, 700.0, 650.0, 650.0), Some(1980), None)
        );
        assert_eq!(fake.changes(), ["GPU-a limit 650000"], "the probe sets what is set");
        fake.rewrite(&format!("{GPU}fault set-limit 4\nfault set-clocks 4\n"));
        assert!(builder(&fake).limit_range("GPU-a").unwrap().refused.is_some());
        for limits in [PowerLimits::power(300.0), PowerLimits::sm_clock(900)] {
            let told = reason(&builder(&fake).limit("GPU-a", &limits).unwrap_err());
            assert!(told.contains("root"), "{told}");
        }
        // Half of it is not left behind.
        fake.rewrite(&format!("{GPU}fault set-clocks 4\n"));
        let both = PowerLimits { power_watts: Some(300.0), sm_clock_mhz: Some((300, 900)) };
        assert!(builder(&fake).limit("GPU-a", &both).is_err());
        assert_eq!(fake.changes()[1..], ["GPU-a limit 300000", "GPU-a limit 650000"]);
        assert_eq!(lock(&GUARDS).entries.len(), 0);
    }

    #[test]
    fn a_limit_that_does_not_stick_is_an_error() {
        let _alone = lock(&ALONE);
        let fake = FakeNvml::new(10.0, &format!("{GPU}deaf\n"));
        let told = reason(&builder(&fake).limit("GPU-a", &PowerLimits::power(300.0)).unwrap_err());
        assert!(told.contains("650 W instead of 300 W"), "{told}");
        let told = reason(&builder(&fake).limit("GPU-a", &PowerLimits::sm_clock(900)).unwrap_err());
        assert!(told.contains("1500 MHz"), "{told}");
        // Steps of the driver are no lie, as long as they are small.
        let fake = FakeNvml::new(10.0, "gpu GPU-a A\nlimit 200 700 650 0.5\n");
        let guard = builder(&fake).limit("GPU-a", &PowerLimits::power(300.4)).unwrap();
        assert_eq!(guard.in_force(), PowerLimits::power(300.0));
        drop(guard);
        let fake = FakeNvml::new(10.0, "gpu GPU-a A\nlimit 200 700 650 25\n");
        assert!(builder(&fake).limit("GPU-a", &PowerLimits::power(320.0)).is_err());
        assert_eq!(fake.changes().last().unwrap(), "GPU-a limit 650000");
    }

    #[test]
    fn limits_out_of_range_and_gpus_that_are_not_there_are_refused_before_anything_is_set() {
        let _alone = lock(&ALONE);
        let fake = FakeNvml::new(10.0, GPU);
        for watts in [199.0, 701.0, 0.0, -1.0, f64::NAN, f64::INFINITY] {
            let told = reason(&builder(&fake).limit("GPU-a", &PowerLimits::power(watts)).unwrap_err());
            assert!(told.contains("200 W to 700 W"), "{told}");
        }
        for clocks in [(900, 800), (0, 0), (300, 5000)] {
            let limits = PowerLimits { power_watts: None, sm_clock_mhz: Some(clocks) };
            let told = reason(&builder(&fake).limit("GPU-a", &limits).unwrap_err());
            assert!(told.contains("1980 MHz"), "{told}");
        }
        let told = reason(&builder(&fake).limit("GPU-b", &PowerLimits::power(300.0)).unwrap_err());
        assert!(told.contains("nvidia-smi -L"), "{told}");
        assert_eq!(fake.changes().len(), 0);
        let fake = FakeNvml::new(10.0, "gpu GPU-a A\nfault limit 3\n");
        reason(&builder(&fake).limit("GPU-a", &PowerLimits::power(300.0)).unwrap_err());
        reason(&builder(&fake).limit_range("GPU-a").unwrap_err());
    }

    #[test]
    fn what_somebody_else_has_set_meanwhile_is_left_alone() {
        let _alone = lock(&ALONE);
        let fake = FakeNvml::new(10.0, GPU);
        let guard = builder(&fake).limit("GPU-a", &PowerLimits::power(300.0)).unwrap();
        let other = builder(&fake).limit("GPU-a", &PowerLimits::power(350.0)).unwrap();
        let told = reason(&guard.restore().unwrap_err());
        assert!(told.contains("350 W"), "{told}");
        assert_eq!(fake.changes().len(), 2);
        drop(other);
    }
}
