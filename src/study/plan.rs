//! What is tried next: points that a sampler proposes, or points that are known, again.

use std::time::Instant;

use crate::optimizer::history::Fit;
use crate::optimizer::sampler::{Proposal, Sampler, SamplerError, propose};
use crate::optimizer::space::Point;
use crate::record::{StudyRecord, TrialRecord, TrialState};

/// The rule of a point that is tried again.
const AGAIN: &str = "again";

/// What a run of a study tries.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Plan<'a> {
    /// What the sampler proposes.
    Search(&'a dyn Sampler),
    /// Known points, several times.
    Repeat(&'a Repeats),
}

/// Points that are each tried a number of times with other seeds.
///
/// They take turns, and each round begins with the next of them, so that warm hardware and busy hours fall on all alike. The first
/// trial of each has the same seed, so has the second, and so on: their differences can be told seed by seed.
#[derive(Debug, Clone, PartialEq)]
pub struct Repeats {
    /// The points, each once.
    pub points: Vec<Point>,
    /// How often each is tried. Trials count that finished, and failures of the configuration.
    pub times: u64,
}

impl Repeats {
    /// How many trials are still to come.
    #[must_use]
    pub fn left(&self, record: &StudyRecord) -> u64 {
        self.points.iter().map(|point| self.times.saturating_sub(done(record, point))).sum()
    }

    /// The point whose turn it is; `None` when all are done.
    fn next(&self, record: &StudyRecord) -> Option<&Point> {
        let count = |point: &Point| done(record, point);
        let round = self.points.iter().map(count).min().filter(|round| *round < self.times)?;
        let waiting: Vec<usize> = (0..self.points.len()).filter(|i| count(&self.points[*i]) == round).collect();
        let first = usize::try_from(round).unwrap_or(usize::MAX) % self.points.len();
        let next = waiting.iter().find(|i| **i >= first).or(waiting.first())?;
        self.points.get(*next)
    }
}

/// How many trials of a point count. One that took whoever ran it along, again and again, counts too, or it would be begun
/// anew for ever.
fn done(record: &StudyRecord, point: &Point) -> u64 {
    let counts = |trial: &&TrialRecord| match &trial.state {
        TrialState::Finished(_) => true,
        TrialState::Failed(failure) => failure.kind.is_of_configuration() || trial.is_deadly(),
        TrialState::Running | TrialState::Waiting(_) => false,
    };
    record.trials_of(point).filter(counts).count() as u64
}

/// A trial that comes next.
pub(super) struct NextTrial {
    pub(super) trial: u64,
    pub(super) attempt: u32,
    pub(super) point: Point,
    pub(super) fit: Option<Fit>,
    pub(super) propose_seconds: f64,
}

impl Plan<'_> {
    /// The trial that waits to be tried again, or else a new one.
    pub(super) fn next(self, record: &StudyRecord) -> Result<NextTrial, SamplerError> {
        let own = |trial: &TrialRecord| match self {
            Self::Search(_) => true,
            // Others were asked for before, and may be again.
            Self::Repeat(repeats) => {
                repeats.points.contains(&trial.point) && done(record, &trial.point) < repeats.times
            }
        };
        let waits = |trial: &&TrialRecord| matches!(trial.state, TrialState::Waiting(_)) && own(trial);
        if let Some(waiting) = record.trials().iter().find(waits) {
            return Ok(NextTrial {
                trial: waiting.id,
                attempt: waiting.attempts + 1,
                point: waiting.point.clone(),
                fit: waiting.fit.clone(),
                propose_seconds: waiting.propose_seconds,
            });
        }
        let begin = Instant::now();
        let history = record.history();
        let proposal = match self {
            Self::Search(sampler) => {
                let proposals = propose(sampler, record.problem(), &history, 1, record.header().seed)?;
                proposals.into_iter().next()
            }
            Self::Repeat(repeats) => repeats
                .next(record)
                .map(|point| Proposal { point: point.clone(), fit: Fit { rule: AGAIN.to_owned(), ..Fit::default() } }),
        };
        let proposal = proposal.ok_or(SamplerError::Exhausted)?;
        Ok(NextTrial {
            trial: history.next_id().0,
            attempt: 1,
            point: proposal.point,
            fit: Some(proposal.fit),
            propose_seconds: begin.elapsed().as_secs_f64(),
        })
    }

    /// The seed of a trial that has started: that of its number among all trials, or among those of its point.
    pub(super) fn seed(self, record: &StudyRecord, trial: u64) -> u64 {
        let seed = record.header().seed;
        match (self, record.trial(trial)) {
            (Self::Repeat(_), Some(own)) => {
                let before = record.trials_of(&own.point).take_while(|other| other.id != trial).count();
                seed.of_trial(before as u64)
            }
            _ => seed.of_trial(trial),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::Seed;
    use crate::optimizer::history::FailureKind;
    use crate::optimizer::problem::{Metrics, Problem, maximize};
    use crate::optimizer::space::{Space, float};
    use crate::record::{Event, Phases, StoredEvent};

    fn point(x: f64) -> Point {
        [("x", x)].into_iter().collect()
    }

    fn begun() -> StudyRecord {
        let problem = Problem::new(Space::new([float("x", 0.0..=9.0)]).unwrap(), [maximize("accuracy")]).unwrap();
        let event = Event::StudyCreated {
            name: "s".into(),
            seed: Seed(1),
            problem,
            sampler: "again".into(),
            identity: serde_json::Value::Null,
        };
        StudyRecord::from_entries([StoredEvent { seq: 1, time: 0.0, event }]).unwrap()
    }

    /// Runs what is next and ends it in this way; says which point it was, and its seed.
    fn step(plan: Plan<'_>, record: &mut StudyRecord, failure: Option<FailureKind>) -> Option<(f64, u64)> {
        let NextTrial { trial, attempt, point, fit, propose_seconds } = plan.next(record).ok()?;
        let x = point.number("x").unwrap();
        let mut apply = |event| record.apply(StoredEvent { seq: record.last_seq() + 1, time: 0.0, event }).unwrap();
        apply(Event::TrialStarted { trial, attempt, point, fit, propose_seconds });
        let seed = plan.seed(record, trial);
        let mut apply = |event| record.apply(StoredEvent { seq: record.last_seq() + 1, time: 0.0, event }).unwrap();
        apply(match failure {
            None => Event::TrialFinished {
                trial,
                metrics: Metrics::new(),
                sd: Metrics::new(),
                energy: Phases::new(),
                spent: crate::energy::units::WindowEnergy::default(),
            },
            Some(kind) => Event::TrialFailed { trial, kind, message: String::new(), retry: false, spent: None },
        });
        Some((x, seed))
    }

    #[test]
    fn points_take_turns_and_share_their_seeds() {
        let repeats = Repeats { points: vec![point(1.0), point(2.0), point(3.0)], times: 2 };
        let mut record = begun();
        assert_eq!(repeats.left(&record), 6);
        let done: Vec<_> = std::iter::from_fn(|| step(Plan::Repeat(&repeats), &mut record, None)).collect();
        let order: Vec<f64> = done.iter().map(|(x, _)| *x).collect();
        assert_eq!(order, [1.0, 2.0, 3.0, 2.0, 3.0, 1.0]);
        let (first, second) = (Seed(1).of_trial(0), Seed(1).of_trial(1));
        assert_eq!(
            done.iter().map(|(_, seed)| *seed).collect::<Vec<_>>(),
            [first, first, first, second, second, second]
        );
        // More of both goes on where it was, and changes nothing before.
        let more = Repeats { points: vec![point(3.0), point(4.0)], times: 3 };
        let rest: Vec<_> = std::iter::from_fn(|| step(Plan::Repeat(&more), &mut record, None)).collect();
        assert_eq!(rest.iter().map(|(x, _)| *x).collect::<Vec<_>>(), [4.0, 4.0, 3.0, 4.0]);
        assert_eq!(more.left(&record), 0);
        assert_eq!(rest[2].1, Seed(1).of_trial(2), "the third of its point");
    }

    #[test]
    fn a_trial_that_waits_and_is_not_asked_for_goes_on_waiting() {
        let mut record = begun();
        let both = Repeats { points: vec![point(1.0), point(2.0)], times: 1 };
        let NextTrial { trial, attempt, point: first, fit, propose_seconds } =
            Plan::Repeat(&both).next(&record).ok().unwrap();
        let event = Event::TrialStarted { trial, attempt, point: first.clone(), fit, propose_seconds };
        record.apply(StoredEvent { seq: 2, time: 0.0, event }).unwrap();
        let (kind, message) = (FailureKind::Interrupted, String::new());
        let event = Event::TrialFailed { trial, kind, message, retry: true, spent: None };
        record.apply(StoredEvent { seq: 3, time: 0.0, event }).unwrap();
        let other = Repeats { points: vec![point(2.0)], times: 1 };
        assert_eq!(Plan::Repeat(&other).next(&record).ok().unwrap().point, point(2.0));
        let again = Plan::Repeat(&both).next(&record).ok().unwrap();
        assert_eq!((again.point, again.attempt), (first, 2));
    }

    #[test]
    fn what_fails_by_its_own_fault_counts_and_what_fails_by_others_is_tried_anew() {
        let repeats = Repeats { points: vec![point(1.0)], times: 2 };
        let mut record = begun();
        let plan = Plan::Repeat(&repeats);
        let ends = [Some(FailureKind::Diverged), Some(FailureKind::Meter), None];
        let done: Vec<_> = ends.into_iter().map_while(|end| step(plan, &mut record, end)).collect();
        assert_eq!(done.len(), 3);
        assert!(step(plan, &mut record, None).is_none());
    }
}
