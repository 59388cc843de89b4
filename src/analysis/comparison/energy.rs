//! What the joules of a comparison rest on.

use super::super::Provenance;
use super::course::kept;
use super::{ComparedRun, Course};
use crate::record::EnergyMetric;

/// Where the joules that the runs spent come from.
#[derive(Debug, Clone, PartialEq)]
pub enum ComparedEnergy {
    /// All runs were metered alike.
    Known {
        /// How.
        provenance: Provenance,
    },
    /// All runs were metered alike, but the joules of some attempts are not known: sums are lower bounds and not compared.
    Incomplete {
        /// How.
        provenance: Provenance,
        /// How many attempts.
        unknown: usize,
    },
    /// Runs were metered in different ways, so their joules are not compared.
    Mixed {
        /// The ways, the best first.
        provenances: Vec<Provenance>,
    },
    /// Nothing is known of the joules of at least one run.
    Unknown,
}

impl ComparedEnergy {
    pub(super) fn of(courses: &[Course]) -> Self {
        let spent: Option<Vec<_>> = courses.iter().map(|c| c.spent.as_ref()).collect();
        let Some(spent) = spent.filter(|s| !s.is_empty()) else { return Self::Unknown };
        let provenances = Provenance::distinct(spent.iter().map(|found| found.provenance.clone()));
        match <[Provenance; 1]>::try_from(provenances) {
            Ok([provenance]) => match spent.iter().map(|s| s.unknown).sum() {
                0 => Self::Known { provenance },
                unknown => Self::Incomplete { provenance, unknown },
            },
            Err(provenances) => Self::Mixed { provenances },
        }
    }

    /// Whether joules of one run may be set against those of another.
    #[must_use]
    pub fn is_comparable(&self) -> bool {
        matches!(self, Self::Known { .. })
    }

    /// Whether joules are estimates, or some of them are.
    #[must_use]
    pub fn is_estimated(&self) -> bool {
        match self {
            Self::Known { provenance } | Self::Incomplete { provenance, .. } => provenance.is_estimate(),
            Self::Mixed { provenances } => provenances.iter().any(Provenance::is_estimate),
            Self::Unknown => false,
        }
    }

    /// How the joules came about, where all came about alike.
    #[must_use]
    pub fn provenance(&self) -> Option<&Provenance> {
        match self {
            Self::Known { provenance } | Self::Incomplete { provenance, .. } => Some(provenance),
            Self::Mixed { .. } | Self::Unknown => None,
        }
    }
}

/// Such as `gpu+cpu, counter`, `3 attempts unknown (cpu, ESTIMATED)` or `not known`.
impl std::fmt::Display for ComparedEnergy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Known { provenance } => provenance.fmt(f),
            Self::Incomplete { provenance, unknown } => {
                let plural = if *unknown == 1 { "" } else { "s" };
                write!(f, "{unknown} attempt{plural} unknown ({provenance})")
            }
            Self::Mixed { provenances } => {
                let ways: Vec<_> = provenances.iter().map(Provenance::to_string).collect();
                write!(f, "metered in different ways: {}", ways.join("; "))
            }
            Self::Unknown => f.write_str("not known"),
        }
    }
}

/// How the figures of every energy that is an objective or has a constraint came about, over all runs, the best way first:
/// what fronts rest on, whatever the attempts as a whole spent.
pub(super) fn front_energy(runs: &[&ComparedRun<'_>], limit: usize) -> Vec<(String, Vec<Provenance>)> {
    let Some(problem) = runs.first().map(|run| run.record.problem()) else { return Vec::new() };
    let decisive =
        problem.objectives().iter().map(|o| &o.metric).chain(problem.constraints().iter().map(|c| &c.metric));
    let mut metrics: Vec<&String> = decisive.filter(|metric| EnergyMetric::is_reserved(metric)).collect();
    metrics.sort();
    metrics.dedup();
    let ways = |metric: &String| {
        let results = runs.iter().flat_map(|run| kept(run.record, limit)).filter_map(|t| t.result());
        let ways = Provenance::distinct(results.filter_map(|result| Provenance::of_metric(result, metric)));
        (metric.clone(), ways)
    };
    metrics.into_iter().map(ways).collect()
}

/// Whether the figures of one energy came about in more than one way.
pub(super) fn is_mixed(front_energy: &[(String, Vec<Provenance>)]) -> bool {
    front_energy.iter().any(|(_, ways)| ways.len() > 1)
}
