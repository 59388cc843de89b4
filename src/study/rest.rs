//! Devices at rest: what they draw then, and waiting until they are cool.

use std::time::{Duration, Instant};

use super::metered::Desk;
use super::{Interrupt, StudyError};
use crate::energy::Usage;
use crate::objective::{Control, DeviceUse, Failure, Objective, Scope, Stamp};
use crate::optimizer::history::FailureKind;
use crate::optimizer::problem::Metrics;
use crate::record::Event;

/// How often a device that cools down is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Measures the power at rest, with open what the trials keep open.
pub(super) fn measure_baseline(
    desk: &mut Desk<'_>,
    objective: &mut dyn Objective,
    time: Duration,
) -> Result<(), StudyError> {
    if desk.session.sources(&Usage::All).iter().all(|source| source.method.is_estimate()) {
        return Ok(());
    }
    desk.observer.resting(time);
    // What fails here fails again in the first trial, which is the place to tell it.
    let _ = objective.prepare(&mut Preparing(desk.interrupt));
    let interrupt = desk.interrupt;
    match desk.session.measure_baseline(time, || interrupt.is_raised()) {
        Some(baseline) => desk.append(Event::BaselineMeasured { baseline }),
        None => Ok(()),
    }
}

/// Listens to an objective that gets ready, and remembers nothing.
struct Preparing<'a>(&'a Interrupt);

impl Scope for Preparing<'_> {
    fn begin(&mut self, _: &str, _: Stamp) {}

    fn end(&mut self, _: &str, _: Stamp) {}

    fn report(&mut self, _: u64, _: Metrics, _: Stamp) -> Control {
        Control::Continue
    }

    fn uses(&mut self, _: DeviceUse) {}

    fn must_end(&mut self) -> Option<Failure> {
        self.0.is_raised().then(|| Failure::new(FailureKind::Interrupted, "the user stopped the study"))
    }
}

/// Waits until no metered device is hotter than that, or for so long.
pub(super) fn cool_down(desk: &mut Desk<'_>, celsius: f64, limit: Duration) {
    let began = Instant::now();
    let mut told = false;
    loop {
        let states = desk.session.device_states(&Usage::All).into_iter();
        let hottest = states.filter_map(|(_, state)| state.temperature_c).fold(f64::NEG_INFINITY, f64::max);
        if hottest <= celsius || began.elapsed() >= limit || desk.interrupt.is_raised() {
            return;
        }
        if !told {
            desk.observer.cooling(hottest, celsius);
            told = true;
        }
        std::thread::sleep(LOOK.min(limit.saturating_sub(began.elapsed())));
    }
}
