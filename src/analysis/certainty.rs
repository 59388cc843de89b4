//! How well a study's energies are known.

use super::statistics::quantile;
use crate::energy::units::{Method, PowerDomain, Uncertainty, Watts};
use crate::record::{StudyRecord, TrialRecord};

/// A normal error stays within so many standard deviations with a probability of 95 %.
const WIDTH: f64 = 1.96;

/// How well the energy of the trials is known on one piece of hardware.
#[derive(Debug, Clone, PartialEq)]
pub struct Certainty {
    /// The hardware.
    pub domain: PowerDomain,
    /// How it was metered.
    pub method: Method,
    /// Half of the 95 % interval of a trial's figure about the truth, as a part of the figure: the median over the
    /// trials. `None` if no figure has an uncertainty.
    pub absolute: Option<f64>,
    /// The same of a figure against those of other trials on this hardware.
    pub relative: Option<f64>,
    /// The power at rest, as it was measured last.
    pub at_rest: Option<Watts>,
}

impl Certainty {
    /// Of every piece of hardware that finished trials used, in order.
    #[must_use]
    pub fn of(record: &StudyRecord) -> Vec<Self> {
        let trials = || record.trials().iter().filter_map(TrialRecord::energy).flat_map(|window| &window.domains);
        let mut hardware: Vec<_> = trials().map(|part| (part.domain.clone(), part.method)).collect();
        hardware.sort();
        hardware.dedup();
        let of = |(domain, method): (PowerDomain, Method)| {
            let half = |sd: fn(&Uncertainty) -> f64| {
                let here = trials().filter(|part| part.domain == domain && part.method == method);
                let parts: Vec<f64> = here
                    .filter_map(|part| Some(WIDTH * sd(&part.uncertainty?) / part.joules.filter(|j| j.0 > 0.0)?.0))
                    .collect();
                quantile(&parts, 0.5)
            };
            let (absolute, relative) = (half(|u| u.absolute().0), half(|u| u.relative().0));
            let baselines = record.sessions().iter().rev().filter_map(|session| session.baseline.as_ref());
            let at_rest = baselines.filter_map(|baseline| baseline.of(&domain)?.watts).next();
            Self { domain, method, absolute, relative, at_rest }
        };
        hardware.into_iter().map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{StudyFixture, counters, digits_point, digits_problem};
    use super::*;
    use crate::energy::units::{Baseline, DomainBaseline, Joules};
    use crate::record::Event;

    #[test]
    fn the_typical_trial_and_the_power_at_rest_that_was_measured_last() {
        let mut fixture = StudyFixture::new("certain", digits_problem());
        let domain = counters(1.0).domains[0].domain.clone();
        for watts in [90.0, 70.0] {
            let entry =
                DomainBaseline { domain: domain.clone(), watts: Some(Watts(watts)), sd: Watts(1.0), note: None };
            fixture.push(Event::BaselineMeasured { baseline: Baseline { seconds: 10.0, domains: vec![entry] } });
        }
        for (joules, edge) in [(10.0, 0.1), (20.0, 0.4), (40.0, 0.4)] {
            let mut window = counters(joules);
            let gpu = &mut window.domains[0];
            let (edge, gain) = (Joules(edge), Joules(0.04 * gpu.joules.unwrap().0));
            gpu.uncertainty = Some(Uncertainty { edge, gain, ..Uncertainty::default() });
            fixture = fixture.finish(digits_point(1e-3, 8, 32, None), [("accuracy", 0.9)], Some(window));
        }
        let found = Certainty::of(&fixture.record());
        assert_eq!(found.len(), 2);
        let gpu = found.iter().find(|certainty| certainty.domain == domain).unwrap();
        let relative = 1.96 * 0.1 / 8.0;
        assert!((gpu.relative.unwrap() - relative).abs() < 1e-12, "{gpu:?}");
        let expected = relative.hypot(1.96 * 0.04);
        assert!((gpu.absolute.unwrap() - expected).abs() < 1e-12, "{gpu:?}");
        assert_eq!(gpu.at_rest, Some(Watts(70.0)));
        let cpu = found.iter().find(|certainty| certainty.domain != domain).unwrap();
        assert_eq!((cpu.absolute, cpu.relative, cpu.at_rest), (None, None, None));
    }
}
