//! Joules, and where they come from: plain data, without any metering.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Div, Sub};

use serde::{Deserialize, Serialize};

/// An amount of energy, in joules.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Joules(pub f64);

impl Joules {
    /// In watt hours.
    #[must_use]
    pub fn wh(self) -> f64 {
        self.0 / 3600.0
    }

    /// The mean power over this many seconds; `None` for none.
    #[must_use]
    pub fn over(self, seconds: f64) -> Option<Watts> {
        (seconds > 0.0).then(|| Watts(self.0 / seconds))
    }
}

/// Power, in watts.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Watts(pub f64);

/// For people: three significant digits, in mW, W or kW.
impl fmt::Display for Watts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&match self.0.abs() {
            w if w >= 1000.0 => three_digits(self.0 / 1000.0, "kW"),
            w if w >= 1.0 || w == 0.0 => three_digits(self.0, "W"),
            _ => three_digits(self.0 * 1e3, "mW"),
        })
    }
}

fn three_digits(value: f64, unit: &str) -> String {
    let digits = match value.abs() {
        v if v >= 99.95 || v == 0.0 => 0,
        v if v >= 9.995 => 1,
        _ => 2,
    };
    format!("{value:.digits$} {unit}")
}

impl Add for Joules {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Joules {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Div<f64> for Joules {
    type Output = Self;
    fn div(self, by: f64) -> Self {
        Self(self.0 / by)
    }
}

impl Sum for Joules {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        // An empty sum of floats is -0.
        Self(items.map(|j| j.0).sum::<f64>() + 0.0)
    }
}

/// For people: three significant digits, in mJ, J, Wh (from 3.6 kJ) or kWh. `{:.0}` and the like are ignored.
impl fmt::Display for Joules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, unit) = match self.0.abs() {
            j if j >= 3.6e6 => (self.0 / 3.6e6, "kWh"),
            j if j >= 3600.0 => (self.0 / 3600.0, "Wh"),
            j if j >= 1.0 || j == 0.0 => (self.0, "J"),
            _ => (self.0 * 1e3, "mJ"),
        };
        f.pad(&three_digits(value, unit))
    }
}

/// How a figure of energy came about, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Difference of a hardware energy counter.
    Counter,
    /// Integral of power readings over time.
    PowerIntegral,
    /// A share of a measured total.
    Attributed,
    /// Told by the user's program.
    Reported,
    /// A model, not a measurement: CPU time times a stated figure of watts per core.
    Estimate,
}

impl Method {
    /// The word for outputs, such as `counter` or `ESTIMATED`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::PowerIntegral => "power integral",
            Self::Attributed => "attributed",
            Self::Reported => "reported",
            Self::Estimate => "ESTIMATED",
        }
    }

    /// Whether the figure is a model's and not a measurement.
    #[must_use]
    pub fn is_estimate(self) -> bool {
        self == Self::Estimate
    }
}

/// The kind of hardware whose energy is metered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DomainKind {
    /// A graphics processor with its board.
    Gpu,
    /// A processor package, or the processors of a machine taken together.
    Cpu,
    /// Main memory.
    Dram,
}

impl DomainKind {
    /// The word in metric names: `gpu`, `cpu`, `dram`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gpu => "gpu",
            Self::Cpu => "cpu",
            Self::Dram => "dram",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Gpu, Self::Cpu, Self::Dram].into_iter().find(|k| k.name() == name)
    }
}

/// A piece of hardware with an energy figure of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Domain {
    /// What it is.
    pub kind: DomainKind,
    /// Which one: a GPU's UUID, `package-0`, `dram-0`, or `processes` for an estimate from CPU time.
    pub id: String,
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.name(), self.id)
    }
}

/// The energy of one domain over one window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DomainEnergy {
    /// The hardware.
    pub domain: Domain,
    /// How the figure came about.
    pub method: Method,
    /// The energy; `None` is missing, which is not zero.
    pub joules: Option<Joules>,
    /// What the reader of the figure should know: why it is missing, a gap, a window below the resolution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The energy of one window: one entry per domain that was in use.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct WindowEnergy {
    /// Length of the window, by the monotonic clock.
    pub seconds: f64,
    /// One entry per domain.
    pub domains: Vec<DomainEnergy>,
}

impl WindowEnergy {
    /// The sum over all domains, or `None` if there is no domain or one of them is missing.
    #[must_use]
    pub fn total(&self) -> Option<Joules> {
        sum(&self.domains, |_| true)
    }

    /// The sum over the domains of one kind, or `None` if there is no such domain or one of them is missing.
    #[must_use]
    pub fn of(&self, kind: DomainKind) -> Option<Joules> {
        sum(&self.domains, |d| d.domain.kind == kind)
    }

    /// Adds the energy of another window that does not overlap this one, domain by domain. A domain that is missing in
    /// either becomes missing.
    pub fn accumulate(&mut self, other: &Self) {
        for domain in &mut self.domains {
            let same = |d: &&DomainEnergy| d.domain == domain.domain && d.method == domain.method;
            let part = other.domains.iter().find(same);
            let note = part.map_or_else(|| Some("missing in a part of the window".to_owned()), |d| d.note.clone());
            match (domain.joules, part.and_then(|d| d.joules)) {
                (Some(a), Some(b)) => {
                    domain.joules = Some(a + b);
                    domain.note = domain.note.take().or(note);
                }
                // The reason why something is missing is the note that matters.
                (Some(_), None) => (domain.joules, domain.note) = (None, note),
                (None, _) => {}
            }
        }
        for domain in &other.domains {
            if !self.domains.iter().any(|d| d.domain == domain.domain && d.method == domain.method) {
                let note = Some("missing in a part of the window".to_owned());
                self.domains.push(DomainEnergy { joules: None, note, ..domain.clone() });
            }
        }
        self.seconds += other.seconds;
    }

    /// The weakest method among the domains: one estimate makes the sum an estimate.
    #[must_use]
    pub fn method(&self) -> Option<Method> {
        self.domains.iter().map(|d| d.method).max()
    }

    /// What the total covers and how it came about, such as `gpu+cpu, counter` or `cpu, ESTIMATED`.
    #[must_use]
    pub fn provenance(&self) -> String {
        let mut kinds: Vec<_> = self.domains.iter().map(|d| d.domain.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let kinds: Vec<_> = kinds.into_iter().map(DomainKind::name).collect();
        match self.method() {
            Some(method) => format!("{}, {}", kinds.join("+"), method.label()),
            None => "not metered".to_owned(),
        }
    }
}

fn sum(domains: &[DomainEnergy], wanted: impl Fn(&DomainEnergy) -> bool) -> Option<Joules> {
    let mut parts = domains.iter().filter(|d| wanted(d)).map(|d| d.joules).peekable();
    parts.peek()?;
    parts.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_shown_three_digits_in_the_unit_of_the_size() {
        let shown = |j: f64| Joules(j).to_string();
        assert_eq!(shown(0.0), "0 J");
        assert_eq!(shown(0.0123), "12.3 mJ");
        assert_eq!(shown(1.0), "1.00 J");
        assert_eq!(shown(99.96), "100 J");
        assert_eq!(shown(3599.0), "3599 J");
        assert_eq!(shown(3600.0), "1.00 Wh");
        assert_eq!(shown(7.2e6), "2.00 kWh");
        let power = [0.0, 0.25, 4.0, 61.23, 350.4, 1234.0].map(|w| Watts(w).to_string());
        assert_eq!(power, ["0 W", "250 mW", "4.00 W", "61.2 W", "350 W", "1.23 kW"]);
    }

    #[test]
    fn windows_add_up_and_the_note_tells_why_a_part_is_missing() {
        let window = |joules: Option<f64>, note: Option<&str>| WindowEnergy {
            seconds: 1.0,
            domains: vec![DomainEnergy {
                domain: Domain { kind: DomainKind::Gpu, id: "a".to_owned() },
                method: Method::Counter,
                joules: joules.map(Joules),
                note: note.map(str::to_owned),
            }],
        };
        let mut sum = window(Some(1.0), Some("short"));
        sum.accumulate(&window(Some(2.0), None));
        assert_eq!((sum.seconds, sum.total()), (2.0, Some(Joules(3.0))));
        sum.accumulate(&window(None, Some("lost")));
        sum.accumulate(&window(Some(5.0), None));
        assert_eq!((sum.total(), sum.domains[0].note.as_deref()), (None, Some("lost")));
        sum.accumulate(&WindowEnergy { seconds: 1.0, domains: Vec::new() });
        assert_eq!((sum.seconds, sum.total()), (5.0, None));
    }

    #[test]
    fn a_missing_domain_makes_the_total_missing_not_smaller() {
        let part = |id: &str, joules| DomainEnergy {
            domain: Domain { kind: DomainKind::Cpu, id: id.to_owned() },
            method: Method::Counter,
            joules,
            note: None,
        };
        let whole =
            WindowEnergy { seconds: 1.0, domains: vec![part("a", Some(Joules(1.0))), part("b", Some(Joules(2.0)))] };
        assert_eq!(whole.total(), Some(Joules(3.0)));
        let holed = WindowEnergy { seconds: 1.0, domains: vec![part("a", Some(Joules(1.0))), part("b", None)] };
        assert_eq!(holed.total(), None);
        assert_eq!(WindowEnergy::default().total(), None);
        assert_eq!(whole.of(DomainKind::Gpu), None);
        assert_eq!([].into_iter().sum::<Joules>().to_string(), "0 J");
    }
}
