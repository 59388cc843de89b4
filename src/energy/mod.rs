//! Measured energy: what it is, where it comes from, and windows over it. Knows nothing of trials or training.
//!
//! A [`Session`] owns the meters and reads them; a [`Mark`] is an edge; the energy between two edges is a
//! [`WindowEnergy`](units::WindowEnergy) with one figure per piece of hardware, each with the method it came by. What is
//! not known is missing, never zero.
//!
//! | meter | domains | method | resolution |
//! |---|---|---|---|
//! | `nvml` | each NVIDIA GPU, its board included | counter (Volta and later) | 0.1 s |
//! | | | else power integral: of the driver's samples, of instant power, of average power | 0.02 s to 1 s |
//! | | shared with others ([`SessionBuilder::share`]) | attributed: our part of either | 0.5 s to 1 s |
//! | `rapl` | each processor package, and the memory of each (powercap, else perf events) | counter | 1 ms; 1 s where a hypervisor makes it up |
//! | `psys` | the platform as its maker wired the processor's counter of that name; by name only, and alone | counter | 1 ms |
//! | `estimate` | this process and its descendants | ESTIMATED: CPU time times watts per logical processor | 1 ms, rough below 0.1 s |
//!
//! [`trust`] says what is measured and how far to trust it.
//!
//! A window needs two resolutions at least, else its figure is missing. A shorter one has a figure all the same on a
//! GPU with a counter, if the device rests for [`REST`] before and after. The marks must say so
//! ([`Mark::beside_rest`]). It is told by the counter's ticks around it, less the padding at the power of the whole
//! ticks beside it. [`Session::settle`] waits for those ticks.
//!
//! Whoever changes this room finds things in these, each of which knows those below it alone:
//!
//! | room | has | knows |
//! |---|---|---|
//! | `diagnosis` | what can be metered here, and why not | `session`, `inventory`, `meters`, `system`, `units` |
//! | `session` | choosing and opening meters, their threads, marks, windows, limits, profiles | `inventory`, `windows`, `meters`, `system`, `gpus`, `error`, `units` |
//! | `inventory` | all that draws power, whether it is metered or not | `meters`, `system`, `gpus`, `error`, `units` |
//! | `windows` | from readings to the energy of a window, with its uncertainty | `meters`, `system`, `error`, `units` |
//! | `testing` | the contract of meters, for their authors | `meters`, `system`, `error` |
//! | `meters` | what a meter is, and those of the crate: `nvml`, `rapl`, `share`, `estimate` | `system`, `gpus`, `error`, `units` |
//! | `system` | clocks, processes, the processor, locks, calls that may hang | `error`, `units`, the crate's `guard` |
//! | `error` | what can go wrong | `gpus`, `units` |
//! | `gpus` | what GPUs are called, which a program sees, what can be set of them | nobody |
//! | `units` | joules and where they come from: plain data | nobody |

pub mod diagnosis;
mod error;
mod gpus;
mod inventory;
mod meters;
mod session;
mod system;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[doc = include_str!("trust.md")]
pub mod trust {
    #[expect(unused_imports, reason = "for the links of its page")]
    use super::*;
}
pub mod units;
mod windows;

pub use error::{Alternative, EnergyError};
pub use gpus::limits::{LimitRange, PowerLimits};
pub use gpus::mig::{MigInstance, MigPolicy};
pub use gpus::visible::{GpuIdentity, Visible, VisibleError, VisibleGpu, visible_gpus};
pub use meters::choice::{MeterKind, Meters};
pub use meters::estimate::watts::{DEFAULT_WATTS_PER_CORE, watts_per_core};
pub use meters::meter::{EnergySource, Grain, Meter, Reading, Shares};
pub use session::builder::{DEFAULT_GAIN, HOST_VARIABLE, SessionBuilder};
pub use session::limits::{LimitGuard, restore_limits, restore_limits_and_end};
pub use session::profile::{DomainSummary, Interval, Profile, ProfileSummary};
pub use session::{Mark, Session, Usage, Window};
pub use system::clock::{Clock, Moment, MonotonicClock};
pub use system::deadline::DRIVER_LIMIT_VARIABLE;
pub use system::lock::LOCK_FOLDER_VARIABLE;
pub use system::unwaited::Unwaited;
pub use units::DeviceState;
pub use windows::cross_check::{AGREEMENT, CrossCheck};
pub use windows::ticks::REST;
