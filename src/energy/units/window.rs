//! The energy of a window, domain by domain.

use serde::{Deserialize, Serialize};

use super::{ConsumerName, DomainKind, Doubt, Joules, Method, PowerDomain, Uncertainty};

/// The energy of one domain over one window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DomainEnergy {
    /// The hardware.
    pub domain: PowerDomain,
    /// How the figure came about.
    pub method: Method,
    /// The energy; `None` is missing, which is not zero.
    pub joules: Option<Joules>,
    /// What the hardware would have drawn at rest meanwhile, by a baseline measured before: part of `joules`. `None` without
    /// such a baseline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle: Option<Joules>,
    /// How far `joules` may be off; `None` if nobody knows.
    #[serde(default, skip_serializing_if = "Uncertainty::is_unknown", deserialize_with = "Uncertainty::read")]
    pub uncertainty: Option<Uncertainty>,
    /// What the reader of the figure should know: why it is missing, a gap, a window below the resolution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Another figure of the same hardware contradicts this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<Doubt>,
}

impl DomainEnergy {
    /// A figure without baseline or uncertainty.
    #[must_use]
    pub fn new(domain: PowerDomain, method: Method, joules: Option<Joules>, note: Option<String>) -> Self {
        Self { domain, method, joules, idle: None, uncertainty: None, note, doubt: None }
    }

    /// The energy above that of the hardware at rest; `None` if either is missing. Of an estimate from CPU time all of it: the
    /// model knows no rest. Slightly below zero is possible where the hardware rested.
    #[must_use]
    pub fn net(&self) -> Option<Joules> {
        match self.method {
            Method::Estimate => self.joules,
            _ => Some(self.joules? - self.idle?),
        }
    }
}

/// Why the energy of a window is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the energy is not known: {0}")]
pub struct MissingEnergy(String);

/// The energy of one window: one entry per domain that was in use.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WindowEnergy {
    /// Length of the window, by the monotonic clock.
    pub seconds: f64,
    /// One entry per domain.
    pub domains: Vec<DomainEnergy>,
    /// By which names the user [left out](crate::energy::SessionBuilder::without) what may have been in use: no part of any sum.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<ConsumerName>,
}

impl WindowEnergy {
    /// The energy of these domains over so many seconds, with nothing left out.
    #[must_use]
    pub fn new(seconds: f64, domains: Vec<DomainEnergy>) -> Self {
        Self { seconds, domains, left_out: Vec::new() }
    }

    /// The sum over all domains, or `None` if there is no domain or one of them is missing.
    #[must_use]
    pub fn total(&self) -> Option<Joules> {
        sum(&self.domains, |_| true, |d| d.joules)
    }

    /// The sum over all domains, as [`total`](Self::total), with the reason where it is missing.
    ///
    /// # Errors
    /// [`MissingEnergy`] if there is no domain, or one of them is missing.
    pub fn known_total(&self) -> Result<Joules, MissingEnergy> {
        self.total().ok_or_else(|| {
            let missing = self.domains.iter().filter(|d| d.joules.is_none());
            let why =
                |d: &DomainEnergy| format!("{}: {}", d.domain, d.note.as_deref().unwrap_or("no reason was given"));
            let reasons: Vec<String> = missing.map(why).collect();
            MissingEnergy(match reasons.is_empty() {
                // A program asks `SessionBuilder::diagnose`.
                true => "nothing that was in use has a meter (a diagnosis says what can be metered here)".to_owned(),
                false => reasons.join("; "),
            })
        })
    }

    /// The total in joules as a number, to report as an objective of an optimizer; `None` as for [`total`](Self::total).
    ///
    /// [`sd`](Self::sd) is its standard deviation:
    ///
    /// ```
    /// use wattfront::energy::units::{DomainEnergy, DomainKind, Joules, Method, PowerDomain, Uncertainty, WindowEnergy};
    ///
    /// let domain = PowerDomain::new(DomainKind::Gpu, "GPU-1");
    /// let mut gpu = DomainEnergy::new(domain, Method::Counter, Some(Joules(120.0)), None);
    /// gpu.uncertainty = Some(Uncertainty { edge: Joules(1.5), gain: Joules(4.8), ..Uncertainty::default() });
    /// let energy = WindowEnergy::new(2.0, vec![gpu]);
    /// assert_eq!((energy.value(), energy.sd()), (Some(120.0), Some(1.5)));
    /// ```
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        self.total().map(|joules| joules.0)
    }

    /// The standard deviation of [`value`](Self::value) in joules, against windows on the same hardware: what an optimizer
    /// compares. What is off in proportion in all of them alike (the gain of the meters) is not in it; against the truth, with
    /// the gain, it is [`uncertainty(None)`](Self::uncertainty) and [`absolute`](Uncertainty::absolute). `None` if the total is missing,
    /// or nobody knows how far one of its parts is off.
    #[must_use]
    pub fn sd(&self) -> Option<f64> {
        self.total()?;
        self.uncertainty(None).map(|uncertainty| uncertainty.relative().0)
    }

    /// The sum over the domains of one kind, or `None` if there is no such domain or one of them is missing.
    #[must_use]
    pub fn of(&self, kind: DomainKind) -> Option<Joules> {
        sum(&self.domains, |d| d.domain.kind == kind, |d| d.joules)
    }

    /// The energy above that of the hardware at rest, of all domains or of those of one kind; `None` if there is no such
    /// domain or one of them has no figure or no baseline.
    #[must_use]
    pub fn net(&self, kind: Option<DomainKind>) -> Option<Joules> {
        sum(&self.domains, |d| kind.is_none_or(|kind| d.domain.kind == kind), DomainEnergy::net)
    }

    /// How far the sum over all domains, or those of one kind, may be off; `None` if there is no such domain or nobody
    /// knows of one of them.
    #[must_use]
    pub fn uncertainty(&self, kind: Option<DomainKind>) -> Option<Uncertainty> {
        let mut parts = self.domains.iter().filter(|d| kind.is_none_or(|kind| d.domain.kind == kind)).peekable();
        parts.peek()?;
        parts.try_fold(Uncertainty::default(), |sum, d| Some(sum.beside(&d.uncertainty?)))
    }

    /// What speaks against one of the figures, with the hardware whose it is; `None` if nothing does.
    #[must_use]
    pub fn doubt(&self) -> Option<(&PowerDomain, Doubt)> {
        self.domains.iter().find_map(|d| Some((&d.domain, d.doubt.filter(|_| d.joules.is_some())?)))
    }

    /// Adds the energy of another window that does not overlap this one, domain by domain. A domain that is missing in
    /// either becomes missing.
    pub fn accumulate(&mut self, other: &Self) {
        for name in &other.left_out {
            if !self.left_out.contains(name) {
                self.left_out.push(name.clone());
            }
        }
        for domain in &mut self.domains {
            let same = |d: &&DomainEnergy| d.domain == domain.domain && d.method == domain.method;
            let part = other.domains.iter().find(same);
            let note = part.map_or_else(|| Some("missing in a part of the window".to_owned()), |d| d.note.clone());
            domain.idle = domain.idle.zip(part.and_then(|d| d.idle)).map(|(a, b)| a + b);
            let errors = domain.uncertainty.zip(part.and_then(|d| d.uncertainty));
            domain.uncertainty = errors.map(|(a, b)| a.and_then(&b));
            domain.doubt = Doubt::weightier(domain.doubt, part.and_then(|d| d.doubt));
            match (domain.joules, part.and_then(|d| d.joules)) {
                (Some(a), Some(b)) => {
                    domain.joules = Some(a + b);
                    domain.note = joined(domain.note.take(), note);
                }
                // The reason why something is missing is the note that matters.
                (Some(_), None) => (domain.joules, domain.note) = (None, note),
                (None, _) => {}
            }
        }
        for domain in &other.domains {
            if !self.domains.iter().any(|d| d.domain == domain.domain && d.method == domain.method) {
                let note = Some("missing in a part of the window".to_owned());
                self.domains.push(DomainEnergy::new(domain.domain.clone(), domain.method, None, note));
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

/// Both notes; what was said already is not said again, nor ever more.
fn joined(one: Option<String>, other: Option<String>) -> Option<String> {
    const LONGEST: usize = 300;
    match (one, other) {
        (Some(one), Some(other)) if !one.contains(&other) && one.len() + other.len() < LONGEST => {
            Some(format!("{one}; {other}"))
        }
        (one, other) => one.or(other),
    }
}

fn sum(
    domains: &[DomainEnergy],
    wanted: impl Fn(&DomainEnergy) -> bool,
    figure: impl Fn(&DomainEnergy) -> Option<Joules>,
) -> Option<Joules> {
    let mut parts = domains.iter().filter(|d| wanted(d)).map(figure).peekable();
    parts.peek()?;
    parts.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_add_up_and_the_note_tells_why_a_part_is_missing() {
        let window = |joules: Option<f64>, note: Option<&str>| WindowEnergy {
            seconds: 1.0,
            domains: vec![DomainEnergy::new(
                PowerDomain { kind: DomainKind::Gpu, id: "a".to_owned() },
                Method::Counter,
                joules.map(Joules),
                note.map(str::to_owned),
            )],
            ..WindowEnergy::default()
        };
        let mut sum = window(Some(1.0), Some("short"));
        sum.accumulate(&window(Some(2.0), None));
        assert_eq!((sum.seconds, sum.total()), (2.0, Some(Joules(3.0))));
        sum.accumulate(&window(None, Some("lost")));
        sum.accumulate(&window(Some(5.0), None));
        assert_eq!((sum.total(), sum.domains[0].note.as_deref()), (None, Some("lost")));
        sum.accumulate(&WindowEnergy { seconds: 1.0, ..WindowEnergy::default() });
        assert_eq!((sum.seconds, sum.total()), (5.0, None));
    }

    #[test]
    fn what_is_no_number_is_not_known_and_is_read_back_as_that() {
        let domain = PowerDomain { kind: DomainKind::Gpu, id: "a".to_owned() };
        let mut part = DomainEnergy::new(domain, Method::Counter, Some(Joules(2.0)), None);
        let kept = |part: &DomainEnergy| {
            let told = serde_json::to_string(part).unwrap();
            (serde_json::from_str::<DomainEnergy>(&told).unwrap(), told)
        };
        let known = Uncertainty { edge: Joules(1.0), gain: Joules(2.0), ..Uncertainty::default() };
        part.uncertainty = Some(known);
        let (back, sound) = kept(&part);
        assert_eq!(back, part);
        for wrong in [f64::INFINITY, f64::NAN] {
            part.uncertainty = Some(Uncertainty { gain: Joules(wrong), ..known });
            let (back, told) = kept(&part);
            assert_eq!((back.uncertainty, back.joules), (None, Some(Joules(2.0))), "{told}");
            assert!(!told.contains("null"), "{told}");
        }
        // As stores have it that were written before.
        for (gain, expected) in [(r#""gain":null,"#, None), ("", Some(Uncertainty { gain: Joules(0.0), ..known }))] {
            let before = sound.replace(r#""gain":2.0,"#, gain);
            assert_ne!(before, sound);
            assert_eq!(serde_json::from_str::<DomainEnergy>(&before).unwrap().uncertainty, expected, "{before}");
        }
        let none = sound.replace(r#"{"edge":1.0,"gain":2.0,"idle":0.0,"attribution":0.0}"#, "null");
        assert_ne!(none, sound);
        assert_eq!(serde_json::from_str::<DomainEnergy>(&none).unwrap().uncertainty, None);
    }

    #[test]
    fn what_is_left_out_of_a_part_is_left_out_of_the_sum() {
        let without = |name: &str| WindowEnergy { left_out: vec![name.parse().unwrap()], ..WindowEnergy::default() };
        let mut sum = without("gpu:1");
        sum.accumulate(&without("gpu:1"));
        sum.accumulate(&without("dram"));
        assert_eq!(sum.left_out, [without("gpu:1").left_out, without("dram").left_out].concat());
        let told = serde_json::to_string(&sum).unwrap();
        assert!(told.contains(r#""left_out":["gpu:1","dram"]"#), "{told}");
        assert_eq!(serde_json::from_str::<WindowEnergy>(&told).unwrap(), sum);
        let before = r#"{"seconds":1.0,"domains":[]}"#;
        assert_eq!(serde_json::to_string(&serde_json::from_str::<WindowEnergy>(before).unwrap()).unwrap(), before);
    }

    #[test]
    fn a_missing_domain_makes_the_total_missing_not_smaller() {
        let part = |id: &str, joules| {
            DomainEnergy::new(PowerDomain { kind: DomainKind::Cpu, id: id.to_owned() }, Method::Counter, joules, None)
        };
        let of = |domains| WindowEnergy { seconds: 1.0, domains, ..WindowEnergy::default() };
        let whole = of(vec![part("a", Some(Joules(1.0))), part("b", Some(Joules(2.0)))]);
        assert_eq!(whole.total(), Some(Joules(3.0)));
        let holed = of(vec![part("a", Some(Joules(1.0))), part("b", None)]);
        assert_eq!(holed.total(), None);
        assert_eq!(WindowEnergy::default().total(), None);
        assert_eq!(whole.of(DomainKind::Gpu), None);
        assert_eq!([].into_iter().sum::<Joules>().to_string(), "0 J");
    }

    #[test]
    fn net_energy_needs_a_baseline_unless_it_is_a_model() {
        let part = |method, idle: Option<f64>| DomainEnergy {
            idle: idle.map(Joules),
            ..DomainEnergy::new(
                PowerDomain { kind: DomainKind::Cpu, id: "a".to_owned() },
                method,
                Some(Joules(10.0)),
                None,
            )
        };
        let net = |domains| WindowEnergy { seconds: 1.0, domains, ..WindowEnergy::default() }.net(None);
        assert_eq!(net(vec![part(Method::Counter, Some(4.0)), part(Method::Counter, Some(1.0))]), Some(Joules(15.0)));
        assert_eq!(net(vec![part(Method::Counter, Some(4.0)), part(Method::Counter, None)]), None);
        assert_eq!(net(vec![part(Method::Estimate, None)]), Some(Joules(10.0)));
        assert_eq!(net(vec![]), None);
    }
}
