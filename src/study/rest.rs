//! Devices at rest: what they draw then, and waiting until they are cool.

use std::collections::BTreeSet;
use std::time::Duration;

use super::metered::Desk;
use super::{Interrupt, Stops, StudyError};
use crate::energy::units::{Baseline, DomainBaseline, DomainKind};
use crate::energy::{Moment, Usage};
use crate::evaluation::{Control, DeviceUse, EvaluationFailure, Evaluator, Scope, Stamp};
use crate::optimizer::history::FailureKind;
use crate::optimizer::problem::Metrics;
use crate::record::{EnergyMetric, Event, StudyRecord, TrialRecord};

/// An evaluator that gets ready for longer hangs.
const PREPARING: Duration = Duration::from_secs(300);

/// How often a device that cools down is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Measures the power at rest, with open what the trials keep open.
pub(super) fn measure_baseline(
    desk: &mut Desk<'_>,
    evaluator: &mut dyn Evaluator,
    time: Duration,
) -> Result<(), StudyError> {
    if desk.session.sources(&Usage::All).iter().all(|source| source.method.is_estimate()) {
        return Ok(());
    }
    desk.observer.resting(time);
    // What fails here fails again in the first trial, which is the place to tell it.
    let _ = evaluator.prepare(&mut Preparing { interrupt: desk.interrupt, stops: desk.stops, began: Moment::now() });
    let interrupt = desk.interrupt;
    let Some(baseline) = desk.session.measure_baseline(time, || interrupt.ends_soon()) else { return Ok(()) };
    let needed = wanted_at_rest(desk.record, &baseline);
    desk.append(Event::BaselineMeasured { baseline })?;
    needed
}

/// Whoever searches for net energy learns at once that there will be none.
fn wanted_at_rest(record: &StudyRecord, baseline: &Baseline) -> Result<(), StudyError> {
    let problem = record.problem();
    let objectives = problem.objectives().iter().map(|o| &o.metric);
    for metric in objectives.chain(problem.constraints().iter().map(|c| &c.metric)) {
        let Some(net) = metric.parse::<EnergyMetric>().ok().filter(|metric| metric.net) else { continue };
        let counts = |entry: &&DomainBaseline| net.domain.is_none_or(|kind| kind == entry.domain.kind);
        if let Some(entry) = baseline.domains.iter().filter(counts).find(|entry| entry.watts.is_none()) {
            let reason = format!("{}: {}", entry.domain, entry.note.as_deref().unwrap_or("no figure"));
            return Err(StudyError::NoBaseline { metric: metric.clone(), reason });
        }
    }
    Ok(())
}

/// Listens to an evaluator that gets ready, and remembers nothing.
struct Preparing<'a> {
    interrupt: &'a Interrupt,
    stops: &'a Stops,
    began: Moment,
}

impl Scope for Preparing<'_> {
    fn begin(&mut self, _: &str, _: Stamp) {}

    fn end(&mut self, _: &str, _: Stamp) {}

    fn report(&mut self, _: u64, _: Metrics, _: Stamp) -> Control {
        Control::Continue
    }

    fn uses(&mut self, _: DeviceUse) {}

    fn must_end(&mut self) -> Option<EvaluationFailure> {
        if self.interrupt.ends_soon() {
            return Some(EvaluationFailure::new(FailureKind::Interrupted, "the user stopped the study"));
        }
        let time = Moment::now().since(self.began).saturating_sub(self.stops.since(self.began));
        (self.stops.is_up_to_date() && time >= PREPARING)
            .then(|| EvaluationFailure::new(FailureKind::Timeout, "the device did not open in time"))
    }
}

/// What the trials use, as far as is known: the GPUs of all that have finished, or every one.
fn used_so_far(record: &StudyRecord) -> Usage {
    let energies = record.trials().iter().filter_map(TrialRecord::energy);
    let parts = energies.flat_map(|energy| &energy.domains).filter(|part| part.domain.kind == DomainKind::Gpu);
    let gpus: BTreeSet<String> = parts.map(|part| part.domain.id.clone()).collect();
    if gpus.is_empty() { Usage::All } else { Usage::Gpus(gpus.into_iter().collect()) }
}

/// Waits until no device that the trials use is hotter than that, or for so long.
pub(super) fn cool_down(desk: &mut Desk<'_>, celsius: f64, limit: Duration) {
    let began = Moment::now();
    let mut told = false;
    let usage = used_so_far(desk.record);
    loop {
        let states = desk.session.device_states(&usage).into_iter();
        let hottest = states.filter_map(|(_, state)| state.temperature_c).fold(f64::NEG_INFINITY, f64::max);
        desk.stops.catch_up();
        // While the study is stopped nobody waits.
        let waited = Moment::now().since(began).saturating_sub(desk.stops.since(began));
        if hottest <= celsius || waited >= limit || desk.interrupt.ends_soon() {
            return;
        }
        if !told {
            desk.observer.cooling(hottest, celsius);
            told = true;
        }
        std::thread::sleep(LOOK.min(limit.saturating_sub(waited)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::fixture::{StudyFixture, counters, digits_point, digits_problem, estimate};

    #[test]
    fn the_gpus_of_all_trials_are_cooled_and_every_one_until_there_are_some() {
        let point = || digits_point(1e-3, 8, 32, None);
        let study = StudyFixture::new("cool", digits_problem());
        let study = study.finish(point(), [("accuracy", 0.9)], Some(estimate(1.0)));
        assert_eq!(used_so_far(&study.record()), Usage::All);
        let study = StudyFixture::new("cool", digits_problem());
        let study = study.finish(point(), [("accuracy", 0.9)], Some(counters(1.0)));
        // A trial on the processor does not make the next one run there.
        let study = study.finish(point(), [("accuracy", 0.9)], Some(estimate(1.0)));
        assert_eq!(used_so_far(&study.record()), Usage::Gpus(vec!["GPU-5d2c1a".to_owned()]));
    }
}
