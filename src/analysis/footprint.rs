//! What the energy of a study stands for: grams of CO2 equivalent, and money if there is a price.

use std::fmt;

use super::{Provenance, Spent, Summary};
use crate::carbon::{Carbon, Cost, Grams};
use crate::energy::units::Joules;
use crate::record::{EnergyMetric, StudyRecord, TrialResult};

/// What some energy stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Emission {
    /// CO2 equivalent.
    pub grams: Grams,
    /// What the electricity cost; `None` without a price.
    pub cost: Option<Cost>,
    /// Whether the energy is a model's and not measured, and with it these.
    pub estimated: bool,
    /// Whether some of the energy is not known, so that these are lower bounds.
    pub at_least: bool,
}

impl Emission {
    /// Of energy that was spent.
    #[must_use]
    pub fn of(spent: &Spent, carbon: &Carbon) -> Self {
        let (grams, cost) = (carbon.grams(spent.joules), carbon.cost(spent.joules));
        Self { grams, cost, estimated: spent.provenance.is_estimate(), at_least: spent.is_lower_bound() }
    }
}

/// Such as `at least 125 mg CO2e and 0.0012 EUR (ESTIMATED)`.
impl fmt::Display for Emission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bound = if self.at_least { "at least " } else { "" };
        let estimated = if self.estimated { " (ESTIMATED)" } else { "" };
        write!(f, "{bound}{}{estimated}", amounts(&format!("{} CO2e", self.grams), self.cost.as_ref()))
    }
}

/// What one trial emits less than another.
#[derive(Debug, Clone, PartialEq)]
pub struct Saving {
    /// The other trial.
    pub against: u64,
    /// Whether that is the user's own setting.
    pub is_start: bool,
    /// How much less than the other; below zero where it is more.
    pub grams: Grams,
    /// How much less it costs; `None` without a price.
    pub cost: Option<Cost>,
}

/// Less is shown as such, in grams: "less than 1 µg less" would be no English either.
const LEAST_TOLD: f64 = 1e-6;

/// Such as `8.78 mg less than trial 27`.
impl fmt::Display for Saving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let other = match (self.is_start, self.against) {
            (true, start) => format!("your own setting (trial {start})"),
            (false, trial) => format!("trial {trial}"),
        };
        let way = match self.grams.0 {
            0.0 => return write!(f, "as much as {other}"),
            saved if saved > 0.0 => "less",
            _ => "more",
        };
        // "Less than 0.0001 EUR less" would be no English.
        let cost = self.cost.as_ref().filter(|c| !c.is_negligible());
        let cost = cost.map(|c| Cost { amount: c.amount.abs(), currency: c.currency.clone() });
        if self.grams.0.abs() < LEAST_TOLD && cost.is_none() {
            return write!(f, "about as much as {other}");
        }
        write!(f, "{} {way} than {other}", amounts(&Grams(self.grams.0.abs()).to_string(), cost.as_ref()))
    }
}

fn amounts(grams: &str, cost: Option<&Cost>) -> String {
    cost.map_or_else(|| grams.to_owned(), |cost| format!("{grams} and {cost}"))
}

/// What the configuration of a trial emits each time it is run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunFootprint {
    /// The trial.
    pub trial: u64,
    /// Of its trial phase.
    pub each: Emission,
    /// Against the user's own setting, or else the best in the lead; `None` if it is that, if the energy of that is not
    /// known, or if one of both is estimated and the other is not.
    pub saving: Option<Saving>,
}

impl RunFootprint {
    /// Of a trial; `None` if its energy is not known.
    #[must_use]
    pub fn of(record: &StudyRecord, summary: &Summary, trial: u64, carbon: &Carbon) -> Option<Self> {
        let own = energy(record.trial(trial)?.result()?)?;
        let other = [summary.start, summary.best].into_iter().flatten().find(|other| *other != trial);
        let saving = other.and_then(|against| {
            let other = energy(record.trial(against)?.result()?)?;
            let saved = other.joules - own.joules;
            let is_start = summary.start == Some(against);
            let saving = Saving { against, is_start, grams: carbon.grams(saved), cost: carbon.cost(saved) };
            (own.provenance.is_estimate() == other.provenance.is_estimate()).then_some(saving)
        });
        Some(Self { trial, each: Emission::of(&own, carbon), saving })
    }
}

/// Such as `1.53 mg CO2e (ESTIMATED), 8.78 mg less than trial 27`.
impl fmt::Display for RunFootprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.each)?;
        self.saving.as_ref().map_or(Ok(()), |saving| write!(f, ", {saving}"))
    }
}

/// What a study emitted, and what its pick emits.
#[derive(Debug, Clone, PartialEq)]
pub struct Footprint {
    /// Of everything that was tried; `None` if no energy is known.
    pub spent: Option<Emission>,
    /// Of one run of the pick; `None` if its energy is not known.
    pub pick: Option<RunFootprint>,
}

impl Footprint {
    /// Of a study.
    #[must_use]
    pub fn of(record: &StudyRecord, summary: &Summary, carbon: &Carbon) -> Self {
        Self {
            spent: summary.totals.spent.as_ref().map(|spent| Emission::of(spent, carbon)),
            pick: summary.pick.and_then(|pick| RunFootprint::of(record, summary, pick, carbon)),
        }
    }
}

/// The energy of a trial's own phase, power at rest included, whatever the objectives are; `None` if it is not known as a
/// whole.
fn energy(result: &TrialResult) -> Option<Spent> {
    const TOTAL: &str = "energy";
    let provenance = Provenance::of_metric(result, TOTAL)?;
    let told = result.metrics.get(TOTAL).copied().map(Joules);
    let joules = told.or_else(|| EnergyMetric::TOTAL.read(&result.energy, &result.metrics))?;
    Some(Spent { joules, provenance, unknown: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::fixture::{StudyFixture, counters, digits, digits_point, digits_problem, estimate, window};
    use crate::energy::units::{DomainKind, Method};
    use crate::optimizer::history::FailureKind;
    use crate::optimizer::problem::{Problem, maximize};

    fn footprint(record: &StudyRecord, carbon: &Carbon) -> Footprint {
        Footprint::of(record, &Summary::of(record), carbon)
    }

    #[test]
    fn what_a_study_of_estimates_emits_is_estimated_and_a_lower_bound() {
        let record = digits(estimate);
        let carbon = Carbon::default().with_price(0.32, "EUR").unwrap();
        let found = footprint(&record, &carbon);
        let spent = found.spent.unwrap();
        assert_eq!(spent.to_string(), "at least 125 mg CO2e and less than 0.0001 EUR (ESTIMATED)");
        let joules = Summary::of(&record).totals.spent.unwrap().joules;
        assert_eq!(spent.grams, carbon.grams(joules));
        let pick = found.pick.unwrap().to_string();
        assert_eq!(pick, "1.53 mg CO2e and less than 0.0001 EUR (ESTIMATED), 8.78 mg less than trial 27");
        let measured = footprint(&digits(counters), &Carbon::default());
        assert_eq!(measured.pick.unwrap().to_string(), "1.53 mg CO2e, 8.78 mg less than trial 27");
    }

    #[test]
    fn what_is_not_known_has_no_grams() {
        let problem = || Problem::new(digits_problem().space().clone(), [maximize("accuracy")]).unwrap();
        let point = |i| digits_point(1e-3, i, 16, None);
        let missing = window(DomainKind::Gpu, "GPU-5d2c1a", Method::Counter, None);
        let record = StudyFixture::new("missing", problem())
            .finish(point(8), [("accuracy", 0.9)], Some(missing))
            .fail(point(9), FailureKind::Exit, "code 1", None)
            .record();
        assert_eq!(footprint(&record, &Carbon::default()), Footprint { spent: None, pick: None });
        let empty = StudyFixture::new("empty", problem()).record();
        assert_eq!(footprint(&empty, &Carbon::default()), Footprint { spent: None, pick: None });
    }

    #[test]
    fn a_measured_trial_saves_nothing_against_an_estimated_one() {
        let point = |i| digits_point(1e-3, i, 16, None);
        let record = |energy: [fn(f64) -> crate::energy::units::WindowEnergy; 2]| {
            StudyFixture::new("mixed", digits_problem())
                .finish(point(8), [("accuracy", 0.96)], Some(energy[0](100.0)))
                .finish(point(9), [("accuracy", 0.95)], Some(energy[1](10.0)))
                .record()
        };
        let pick = |energy| footprint(&record(energy), &Carbon::default()).pick.unwrap();
        assert_eq!(pick([counters, estimate]).to_string(), "1.32 mg CO2e (ESTIMATED)");
        assert_eq!(pick([estimate, counters]).to_string(), "1.32 mg CO2e");
        assert_eq!(pick([counters, counters]).to_string(), "1.32 mg CO2e, 11.9 mg less than trial 0");
    }

    #[test]
    fn more_is_called_more() {
        let saving = |joules| {
            let carbon = Carbon::default().with_price(0.5, "EUR").unwrap();
            let (grams, cost) = (carbon.grams(Joules(joules)), carbon.cost(Joules(joules)));
            Saving { against: 3, is_start: joules < 0.0, grams, cost }.to_string()
        };
        assert_eq!(saving(3.6e6), "475 g and 0.50 EUR less than trial 3");
        assert_eq!(saving(-3.6e6), "475 g and 0.50 EUR more than your own setting (trial 3)");
        assert_eq!(saving(0.0), "as much as trial 3");
    }
}
