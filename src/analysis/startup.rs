//! How much of the trials passed before their first step: start-up, which a study may not mean by the energy of a training.

use crate::energy::units::WindowEnergy;
use crate::record::{EnergyMetric, StudyRecord, TRIAL_PHASE, TrialRecord};

/// From such a share on it is worth a word.
const MUCH: f64 = 0.25;
/// A phase that is shorter than the whole by less than this, in seconds, was not marked.
const ALL: f64 = 1e-3;

/// What passed before the first step, over all trials that tell steps and do not mark what counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StartUp {
    /// Whether the energy of the whole trial is searched for, or bounded.
    pub counts: bool,
    /// How many trials.
    pub trials: usize,
    /// Their time before the first step, in seconds, and all of it.
    pub seconds: (f64, f64),
    /// The same of their energy, in joules, where both are known of each trial.
    pub joules: Option<(f64, f64)>,
}

impl StartUp {
    /// What the finished trials tell; `None` if none has two steps, or all mark what counts.
    ///
    /// The first step's time is start-up and, where its line is printed at its end, that step; so the median of the other steps is
    /// subtracted.
    #[must_use]
    pub fn of(record: &StudyRecord) -> Option<Self> {
        let parts: Vec<_> = record.trials().iter().filter_map(part).collect();
        let add =
            |part: fn(&Part) -> (f64, f64)| parts.iter().map(part).fold((0.0, 0.0), |(a, b), (x, y)| (a + x, b + y));
        let joules = parts.iter().all(|part| part.joules.is_some());
        (!parts.is_empty()).then(|| Self {
            counts: is_searched(record),
            trials: parts.len(),
            seconds: add(|part| part.seconds),
            joules: joules.then(|| add(|part| part.joules.unwrap_or_default())),
        })
    }

    /// Which share it is: of the energy where that is known, else of the time; from 0 to 1.
    #[must_use]
    pub fn share(&self) -> f64 {
        let (before, all) = self.joules.unwrap_or(self.seconds);
        if all > 0.0 { (before / all).clamp(0.0, 1.0) } else { 0.0 }
    }

    /// What is to be said of it, and what to do; `None` where it is little, or nothing searched for.
    #[must_use]
    pub fn advice(&self) -> Option<String> {
        if !self.counts || self.share() <= MUCH {
            return None;
        }
        let what = if self.joules.is_some() { "energy" } else { "time" };
        let percent = 100.0 * self.share();
        Some(format!(
            "about {percent:.0} % of the trials' {what} passed before their first step (start-up: imports, data), and counts in `energy`; let \
             the program print {{\"begin\": \"trial\"}} where the training begins and {{\"end\": \"trial\"}} where it ends, or set \
             energy_from = \"first-step\" in [command]"
        ))
    }
}

fn is_searched(record: &StudyRecord) -> bool {
    let objectives = record.problem().objectives().iter().map(|o| &o.metric);
    let mut wanted = objectives.chain(record.problem().constraints().iter().map(|c| &c.metric));
    let is_of_trial = |metric: EnergyMetric| metric.phase_name() == TRIAL_PHASE;
    wanted.any(|name| EnergyMetric::is_reserved(name) && name.parse().is_ok_and(is_of_trial))
}

struct Part {
    seconds: (f64, f64),
    joules: Option<(f64, f64)>,
}

fn part(trial: &TrialRecord) -> Option<Part> {
    let counts: &WindowEnergy = trial.result()?.energy.get(TRIAL_PHASE)?;
    let all = trial.spent.last()?;
    let is_marked = counts.seconds + ALL < all.seconds;
    let [first, others @ ..] = &trial.epochs[..] else { return None };
    if is_marked || others.is_empty() {
        return None;
    }
    let before = |first: f64, others: Vec<f64>| Some((first - median(others)?).max(0.0));
    let seconds = before(first.seconds, others.iter().map(|row| row.seconds).collect())?;
    let joules = |window: &Option<WindowEnergy>| window.as_ref()?.total().map(|joules| joules.0);
    // Steps too short for their meter have no figure, and take next to none.
    let steps = others.iter().map(|row| joules(&row.energy).unwrap_or(0.0)).collect();
    let start = joules(&first.energy).and_then(|first| before(first, steps));
    let joules = start.zip(counts.total().map(|joules| joules.0));
    Some(Part { seconds: (seconds, counts.seconds), joules })
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::energy::units::{DomainEnergy, DomainKind, Joules, Method, PowerDomain};
    use crate::optimizer::Seed;
    use crate::optimizer::problem::{Metrics, Problem, minimize};
    use crate::optimizer::space::{Point, Space, float};
    use crate::record::{Event, Phases, StoredEvent};

    fn window(seconds: f64) -> WindowEnergy {
        let domain = PowerDomain { kind: DomainKind::Cpu, id: "0".into() };
        WindowEnergy {
            seconds,
            domains: vec![DomainEnergy::new(domain, Method::Counter, Some(Joules(10.0 * seconds)), None)],
            ..WindowEnergy::default()
        }
    }

    /// A trial with these steps, in seconds, whose trial phase has so many of its ten seconds.
    fn study(steps: &[f64], counted: f64, metric: &str) -> StudyRecord {
        let problem = Problem::new(Space::new([float("x", 0.0..=1.0)]).unwrap(), [minimize(metric)]).unwrap();
        let mut events = vec![
            Event::StudyCreated {
                name: "s".into(),
                seed: Seed(1),
                problem,
                sampler: "gp".into(),
                identity: serde_json::Value::Null,
            },
            Event::TrialStarted { trial: 0, attempt: 1, point: Point::new(), fit: None, propose_seconds: 0.0 },
        ];
        for (step, seconds) in (0..).zip(steps) {
            let (metrics, energy) = (Metrics::new(), Some(window(*seconds)));
            events.push(Event::StepReported { trial: 0, step, metrics, seconds: *seconds, energy });
        }
        let energy = Phases::from([(TRIAL_PHASE.to_owned(), window(counted))]);
        let metrics = Metrics::from([(metric.to_owned(), 1.0)]);
        events.push(Event::TrialFinished { trial: 0, metrics, sd: Metrics::new(), energy, spent: window(10.0) });
        let entries = (1..).zip(events).map(|(seq, event)| StoredEvent { seq, time: 0.0, event });
        StudyRecord::from_entries(entries).unwrap()
    }

    #[test]
    fn what_passed_before_the_first_step_is_told_where_it_is_much_and_counts() {
        let found = StartUp::of(&study(&[7.0, 1.0, 1.0, 1.0], 10.0, "energy")).unwrap();
        assert_eq!((found.trials, found.seconds, found.joules), (1, (6.0, 10.0), Some((60.0, 100.0))));
        assert!(found.advice().unwrap().starts_with("about 60 % of the trials' energy"));
        assert_eq!(StartUp::of(&study(&[3.0, 2.0, 2.0, 2.0], 10.0, "energy")).unwrap().advice(), None);
        assert_eq!(StartUp::of(&study(&[7.0, 1.0], 3.0, "energy")), None, "it marks what counts");
        assert_eq!(StartUp::of(&study(&[7.0], 10.0, "energy")), None, "one step tells nothing");
        for metric in ["loss", "energy.train"] {
            let found = StartUp::of(&study(&[7.0, 1.0], 10.0, metric)).unwrap();
            assert_eq!((found.share(), found.advice()), (0.6, None), "{metric}");
        }
    }
}
