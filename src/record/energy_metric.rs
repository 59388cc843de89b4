//! Names of energy metrics: `energy[.PHASE][.DOMAIN][.net]`.

use std::fmt;
use std::str::FromStr;

use super::{Phases, TRIAL_PHASE};
use crate::energy::units::{DomainKind, Joules};

/// A parsed energy metric: which window, and which hardware.
///
/// ```
/// use wattfront::record::EnergyMetric;
///
/// let metric: EnergyMetric = "energy.train.gpu".parse()?;
/// assert_eq!(metric.to_string(), "energy.train.gpu");
/// assert!("energyy".parse::<EnergyMetric>().is_err());
/// # Ok::<(), wattfront::record::EnergyMetricError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnergyMetric {
    /// The phase; `None` is [`TRIAL_PHASE`].
    pub phase: Option<String>,
    /// The kind of hardware; `None` sums all that the trial used.
    pub domain: Option<DomainKind>,
}

/// Why a name is no energy metric.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnergyMetricError {
    /// The name does not begin with `energy`.
    #[error(
        "`{name}` is no energy metric: those are `energy`, or `energy.` and a phase, a domain (gpu, cpu, dram), or both"
    )]
    NotEnergy {
        /// The name.
        name: String,
    },
    /// The name asks for net energy, which is not metered.
    #[error("`{name}`: net energy needs an idle baseline, which this version does not measure; use `{gross}`")]
    Net {
        /// The name.
        name: String,
        /// The gross metric that stands for it.
        gross: String,
    },
}

impl EnergyMetric {
    /// Whether a metric's name is reserved for energy.
    #[must_use]
    pub fn is_reserved(name: &str) -> bool {
        name == "energy" || name.starts_with("energy.")
    }

    /// Name of the phase meant.
    #[must_use]
    pub fn phase_name(&self) -> &str {
        self.phase.as_deref().unwrap_or(TRIAL_PHASE)
    }

    /// The energy meant, or `None` if the phase was not metered or a part of it is missing.
    #[must_use]
    pub fn read(&self, phases: &Phases) -> Option<Joules> {
        let window = phases.get(self.phase_name())?;
        match self.domain {
            Some(kind) => window.of(kind),
            None => window.total(),
        }
    }
}

impl FromStr for EnergyMetric {
    type Err = EnergyMetricError;

    fn from_str(name: &str) -> Result<Self, EnergyMetricError> {
        let not_energy = || EnergyMetricError::NotEnergy { name: name.to_owned() };
        let mut parts: Vec<&str> = name.split('.').collect();
        if parts.remove(0) != "energy" || parts.iter().any(|p| p.is_empty()) {
            return Err(not_energy());
        }
        if parts.last() == Some(&"net") {
            let gross = name.trim_end_matches(".net").to_owned();
            return Err(EnergyMetricError::Net { name: name.to_owned(), gross });
        }
        let domain = parts.last().and_then(|p| DomainKind::from_name(p));
        if domain.is_some() {
            parts.pop();
        }
        match parts[..] {
            [] => Ok(Self { phase: None, domain }),
            [phase] => Ok(Self { phase: Some(phase.to_owned()), domain }),
            _ => Err(not_energy()),
        }
    }
}

impl fmt::Display for EnergyMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("energy")?;
        if let Some(phase) = &self.phase {
            write!(f, ".{phase}")?;
        }
        if let Some(domain) = self.domain {
            write!(f, ".{}", domain.name())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for name in ["energy", "energy.gpu", "energy.train", "energy.train.dram"] {
            assert_eq!(name.parse::<EnergyMetric>().expect(name).to_string(), name);
        }
    }

    #[test]
    fn other_names_are_refused_with_a_reason() {
        for name in ["energies", "accuracy", "energy.", "energy.a.b", "energy..gpu", ""] {
            assert!(name.parse::<EnergyMetric>().is_err(), "{name}");
        }
        let net = "energy.gpu.net".parse::<EnergyMetric>().expect_err("net");
        assert!(net.to_string().contains("use `energy.gpu`"), "{net}");
    }
}
