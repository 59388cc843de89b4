//! Names of energy metrics: `energy[.PHASE][.DOMAIN][.net]`.

use std::fmt;
use std::str::FromStr;

use super::{Phases, TRIAL_PHASE};
use crate::energy::units::{DomainEnergy, DomainKind, Joules};

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
    /// Whether the power at rest is subtracted.
    pub net: bool,
}

/// Why a name is no energy metric.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnergyMetricError {
    /// The name does not begin with `energy`.
    #[error(
        "`{name}` is no energy metric: those are `energy`, or `energy.` and a phase, a domain (gpu, cpu, dram) \
         and `net`, or some of these in this order"
    )]
    NotEnergy {
        /// The name.
        name: String,
    },
}

impl EnergyMetric {
    /// Plain `energy`.
    pub const TOTAL: Self = Self { phase: None, domain: None, net: false };

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
        match (self.net, self.domain) {
            (true, domain) => window.net(domain),
            (false, Some(kind)) => window.of(kind),
            (false, None) => window.total(),
        }
    }

    /// The standard deviation of that against other trials on the same hardware, in joules; `None` if nobody knows. For net
    /// energy with that of the power at rest, which weighs more in longer trials and is another in each session.
    #[must_use]
    pub fn sd(&self, phases: &Phases) -> Option<Joules> {
        let uncertainty = phases.get(self.phase_name())?.uncertainty(self.domain)?;
        let relative = uncertainty.relative();
        Some(if self.net { Joules(relative.0.hypot(uncertainty.idle.0)) } else { relative })
    }

    /// What one piece of hardware adds to it; `None` if that is missing.
    #[must_use]
    pub fn part(&self, domain: &DomainEnergy) -> Option<Joules> {
        if self.net { domain.net() } else { domain.joules }
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
        let net = parts.last() == Some(&"net");
        if net {
            parts.pop();
        }
        let domain = parts.last().and_then(|p| DomainKind::from_name(p));
        if domain.is_some() {
            parts.pop();
        }
        match parts[..] {
            [] => Ok(Self { phase: None, domain, net }),
            [phase] if phase != "net" => Ok(Self { phase: Some(phase.to_owned()), domain, net }),
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
        if self.net {
            f.write_str(".net")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for name in ["energy", "energy.gpu", "energy.train", "energy.train.dram", "energy.net", "energy.train.gpu.net"]
        {
            assert_eq!(name.parse::<EnergyMetric>().expect(name).to_string(), name);
        }
    }

    #[test]
    fn other_names_are_refused_with_a_reason() {
        for name in
            ["energies", "accuracy", "energy.", "energy.a.b", "energy..gpu", "energy.net.gpu", "energy.net.net", ""]
        {
            assert!(name.parse::<EnergyMetric>().is_err(), "{name}");
        }
    }
}
