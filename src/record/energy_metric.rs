//! Names of energy metrics: `energy[.PHASE][.DOMAIN][.net][.per_1000]`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use super::{Phases, TRIAL_PHASE};
use crate::energy::units::{DomainEnergy, DomainKind, Joules};
use crate::optimizer::problem::Metrics;

/// The part of a name that asks for the energy of 1,000 samples.
const PER_THOUSAND: &str = "per_1000";

/// The metric by which a program tells how many samples a phase had.
pub(crate) fn samples_name(phase: &str) -> String {
    format!("{phase}_samples")
}

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
#[non_exhaustive]
pub struct EnergyMetric {
    /// The phase; `None` is [`TRIAL_PHASE`].
    pub phase: Option<String>,
    /// The kind of hardware; `None` sums all that the trial used.
    pub domain: Option<DomainKind>,
    /// Whether the power at rest is subtracted.
    pub net: bool,
    /// Whether it is that of 1,000 samples, of which the metric `PHASE_samples` tells how many the phase had.
    pub per_thousand: bool,
}

/// Why a name is no energy metric.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnergyMetricError {
    /// The name does not begin with `energy`.
    #[error("`{name}` is no energy metric")]
    NotEnergy {
        /// The name.
        name: String,
    },
}

impl EnergyMetricError {
    /// What would be one.
    #[must_use]
    pub fn help(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::NotEnergy { .. } => Some(
                "energy metrics are `energy`, or `energy.` and a phase, a domain (gpu, cpu, dram, accelerator, platform) and `net`, or \
                 some of these in this order; after a phase also `per_1000` at the end, for 1,000 samples"
                    .into(),
            ),
        }
    }
}

impl EnergyMetric {
    /// Plain `energy`.
    pub const TOTAL: Self = Self { phase: None, domain: None, net: false, per_thousand: false };

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

    /// What it means in a trial of these phases: stores from before `accelerator` and `platform` were domains may have phases of
    /// these names, and metrics of them.
    #[must_use]
    pub fn among(&self, phases: &Phases) -> Self {
        let newer = self.domain.filter(|kind| matches!(kind, DomainKind::Accelerator | DomainKind::Platform));
        match (newer, &self.phase) {
            (Some(kind), None) if phases.contains_key(kind.name()) => {
                Self { phase: Some(kind.name().to_owned()), domain: None, ..self.clone() }
            }
            _ => self.clone(),
        }
    }

    /// The metric that tells how many samples the phase had, where that matters.
    #[must_use]
    pub fn samples_name(&self) -> Option<String> {
        self.per_thousand.then(|| samples_name(self.phase_name()))
    }

    /// The energy meant, or `None` if the phase was not metered or a part of it is missing; for 1,000 samples also if
    /// `metrics` do not tell how many there were.
    #[must_use]
    pub fn read(&self, phases: &Phases, metrics: &Metrics) -> Option<Joules> {
        let metric = self.among(phases);
        let window = phases.get(metric.phase_name())?;
        let whole = match (self.net, metric.domain) {
            (true, domain) => window.net(domain),
            (false, Some(kind)) => window.of(kind),
            (false, None) => window.total(),
        };
        self.share(whole?, metrics)
    }

    /// What this metric tells of so much energy of its phase.
    fn share(&self, whole: Joules, metrics: &Metrics) -> Option<Joules> {
        let Some(name) = self.samples_name() else { return Some(whole) };
        let samples = metrics.get(&name).copied().filter(|samples| *samples > 0.0 && samples.is_finite())?;
        Some(Joules(whole.0 / samples * 1000.0))
    }

    /// The standard deviation of that against other trials on the same hardware, in joules; `None` if nobody knows. For net
    /// energy with that of the power at rest, which weighs more in longer trials and is another in each session.
    #[must_use]
    pub fn sd(&self, phases: &Phases, metrics: &Metrics) -> Option<Joules> {
        let metric = self.among(phases);
        let uncertainty = phases.get(metric.phase_name())?.uncertainty(metric.domain)?;
        let relative = uncertainty.relative();
        let whole = if self.net { Joules(relative.0.hypot(uncertainty.idle.0)) } else { relative };
        self.share(whole, metrics)
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
        let per_thousand = parts.last() == Some(&PER_THOUSAND);
        if per_thousand {
            parts.pop();
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
            // A trial as a whole has no samples of its own.
            [] if !per_thousand => Ok(Self { phase: None, domain, net, per_thousand }),
            [phase] if phase != "net" && phase != PER_THOUSAND => {
                Ok(Self { phase: Some(phase.to_owned()), domain, net, per_thousand })
            }
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
        if self.per_thousand {
            write!(f, ".{PER_THOUSAND}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::energy::units::{Method, PowerDomain, WindowEnergy};

    fn window(kind: DomainKind, id: &str, method: Method, joules: Option<f64>) -> WindowEnergy {
        let domain = DomainEnergy::new(PowerDomain { kind, id: id.to_owned() }, method, joules.map(Joules), None);
        WindowEnergy { seconds: 1.0, domains: vec![domain], ..WindowEnergy::default() }
    }

    #[test]
    fn names_read_back() {
        for name in [
            "energy",
            "energy.gpu",
            "energy.train",
            "energy.train.dram",
            "energy.net",
            "energy.train.gpu.net",
            "energy.infer.per_1000",
            "energy.infer.gpu.net.per_1000",
        ] {
            assert_eq!(name.parse::<EnergyMetric>().expect(name).to_string(), name);
        }
    }

    #[test]
    fn other_names_are_refused_with_a_reason() {
        for name in [
            "energies",
            "accuracy",
            "energy.",
            "energy.a.b",
            "energy..gpu",
            "energy.net.gpu",
            "energy.net.net",
            "energy.per_1000",
            "energy.gpu.per_1000",
            "energy.per_1000.infer",
            "energy.infer.per_1000.net",
            "energy.per_1000.per_1000",
            "",
        ] {
            assert!(name.parse::<EnergyMetric>().is_err(), "{name}");
        }
    }

    #[test]
    fn phases_of_stores_from_before_a_word_was_a_domain_are_read() {
        for kind in [DomainKind::Platform, DomainKind::Accelerator] {
            let metric: EnergyMetric = format!("energy.{}", kind.name()).parse().unwrap();
            let trial = || (TRIAL_PHASE.to_owned(), window(DomainKind::Cpu, "0", Method::Counter, Some(6.0)));
            let phase = || (kind.name().to_owned(), window(DomainKind::Cpu, "0", Method::Counter, Some(2.0)));
            assert_eq!(metric.read(&Phases::from([trial(), phase()]), &Metrics::new()), Some(Joules(2.0)));
            assert_eq!(metric.read(&Phases::from([trial()]), &Metrics::new()), None);
            let now = window(kind, "psys", Method::Counter, Some(9.0));
            let phases = Phases::from([(TRIAL_PHASE.to_owned(), now)]);
            assert_eq!(metric.read(&phases, &Metrics::new()), Some(Joules(9.0)));
            // A domain of such a phase is said as ever.
            let part: EnergyMetric = format!("energy.{}.cpu", kind.name()).parse().unwrap();
            assert_eq!(part.read(&Phases::from([trial(), phase()]), &Metrics::new()), Some(Joules(2.0)));
        }
        let words = "nothing".parse::<EnergyMetric>().unwrap_err().help().unwrap();
        assert!(DomainKind::ALL.iter().all(|kind| words.contains(kind.name())), "{words}");
    }

    #[test]
    fn a_thousand_samples_take_their_part() {
        let metric: EnergyMetric = "energy.infer.cpu.per_1000".parse().unwrap();
        let phases = Phases::from([("infer".to_owned(), window(DomainKind::Cpu, "0", Method::Counter, Some(6.0)))]);
        let told = |samples: f64| Metrics::from([("infer_samples".to_owned(), samples)]);
        assert_eq!(metric.read(&phases, &told(4000.0)), Some(Joules(1.5)));
        assert_eq!(metric.sd(&phases, &told(4000.0)), None, "nobody knows");
        for none in [Metrics::new(), told(0.0), told(f64::NAN)] {
            assert_eq!(metric.read(&phases, &none), None, "{none:?}");
        }
        let whole: EnergyMetric = "energy.infer".parse().unwrap();
        assert_eq!(whole.read(&phases, &Metrics::new()), Some(Joules(6.0)));
    }
}
