//! What the joules of a comparison rest on.

use super::super::Provenance;
use super::Course;

/// Where the joules that the runs spent come from.
#[derive(Debug, Clone, PartialEq)]
pub enum ContestEnergy {
    /// All runs were metered alike.
    Known {
        /// How.
        provenance: Provenance,
        /// Whether the joules of some attempt are not known, so that sums with it are lower bounds.
        lower_bound: bool,
    },
    /// Runs were metered in different ways, so their joules are not compared.
    Mixed {
        /// The ways, the best first.
        provenances: Vec<Provenance>,
    },
    /// Nothing is known of the joules of at least one run.
    Unknown,
}

impl ContestEnergy {
    pub(super) fn of(courses: &[Course]) -> Self {
        let spent: Option<Vec<_>> = courses.iter().map(|c| c.spent.as_ref()).collect();
        let Some(spent) = spent.filter(|s| !s.is_empty()) else { return Self::Unknown };
        let mut provenances: Vec<Provenance> = Vec::new();
        for found in &spent {
            if !provenances.contains(&found.provenance) {
                provenances.push(found.provenance.clone());
            }
        }
        provenances.sort_by(|a, b| (a.method, &a.kinds).cmp(&(b.method, &b.kinds)));
        match <[Provenance; 1]>::try_from(provenances) {
            Ok([provenance]) => Self::Known { provenance, lower_bound: spent.iter().any(|s| s.is_lower_bound()) },
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
            Self::Known { provenance, .. } => provenance.is_estimate(),
            Self::Mixed { provenances } => provenances.iter().any(Provenance::is_estimate),
            Self::Unknown => false,
        }
    }

    /// How the joules came about, where all came about alike.
    #[must_use]
    pub fn provenance(&self) -> Option<&Provenance> {
        match self {
            Self::Known { provenance, .. } => Some(provenance),
            Self::Mixed { .. } | Self::Unknown => None,
        }
    }
}

/// Such as `gpu+cpu, counter`, `cpu, ESTIMATED (lower bound)` or `not known`.
impl std::fmt::Display for ContestEnergy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Known { provenance, lower_bound } => {
                write!(f, "{provenance}{}", if *lower_bound { " (lower bound)" } else { "" })
            }
            Self::Mixed { provenances } => {
                let ways: Vec<_> = provenances.iter().map(Provenance::to_string).collect();
                write!(f, "metered in different ways: {}", ways.join("; "))
            }
            Self::Unknown => f.write_str("not known"),
        }
    }
}
