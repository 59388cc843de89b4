//! What draws power, whether it has a figure or not.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{DomainKind, Method, PowerDomain};

/// How a [`Consumer`] stands to the figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Standing {
    /// It has a figure of its own.
    Metered,
    /// It has an estimate in place of a figure.
    Estimated,
    /// It may be in use and has no figure: a total over work that may have used it is missing.
    Unreadable,
    /// Nothing here counts it: totals do not cover it.
    Uncounted,
    /// It is part of another one's figure.
    Within,
    /// No program here can use it.
    Unused,
    /// The user left it out: by its name, or by a choice of meters without its own.
    LeftOut,
}

impl Standing {
    /// The word for people: `metered`, `left out`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Metered => "metered",
            Self::Estimated => "estimated",
            Self::Unreadable => "unreadable",
            Self::Uncounted => "not counted",
            Self::Within => "within another",
            Self::Unused => "out of use",
            Self::LeftOut => "left out",
        }
    }
}

/// One thing that draws power.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Consumer {
    /// What it is called by where it is to be left out: `gpu:0`, `cpu:package-0`, `dram:dram-0`.
    pub name: String,
    /// The kind of hardware.
    pub kind: DomainKind,
    /// What it is, for people: `NVIDIA GPU 0: NVIDIA H200`.
    pub what: String,
    /// Its address on the PCI bus, such as `0000:3b:00.0`, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The domain of its figures, where that is known.
    pub domain: Option<PowerDomain>,
    /// Whether it has a figure.
    pub standing: Standing,
    /// How its figure comes about, if it has one.
    pub method: Option<Method>,
    /// Why it has no figure of its own.
    pub reason: Option<String>,
    /// What to do about that.
    pub remedy: Option<String>,
    /// What to know about its figure.
    pub note: Option<String>,
}

impl Consumer {
    /// One that has no figure yet.
    pub(crate) fn new(kind: DomainKind, id: &str, what: String) -> Self {
        Self {
            name: format!("{}:{id}", kind.name()),
            kind,
            what,
            address: None,
            domain: None,
            standing: Standing::Uncounted,
            method: None,
            reason: None,
            remedy: None,
            note: None,
        }
    }

    /// The same without a figure, for this reason.
    pub(crate) fn because(mut self, standing: Standing, reason: impl Into<String>) -> Self {
        (self.standing, self.method, self.reason) = (standing, None, Some(reason.into()));
        self
    }

    /// The same with something to do about it.
    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// The domain of its figures, or one that stands for it.
    #[must_use]
    pub fn domain(&self) -> PowerDomain {
        let id = || self.name.split_once(':').map_or(self.name.as_str(), |(_, id)| id).to_owned();
        self.domain.clone().unwrap_or_else(|| PowerDomain { kind: self.kind, id: id() })
    }

    /// The names to leave it out by, for people: that of now, and one that stays its own when others come or go.
    #[must_use]
    pub fn names(&self) -> String {
        match (&self.address, self.kind) {
            (Some(address), DomainKind::Gpu | DomainKind::Accelerator) => {
                format!("{} (or for good {}:{address})", self.name, self.kind.name())
            }
            _ => self.name.clone(),
        }
    }

    /// Whether a name of [`ConsumerName`]'s kind means this one.
    #[must_use]
    pub fn is_called(&self, name: &ConsumerName) -> bool {
        let Some(id) = &name.id else { return self.kind == name.kind };
        // What the estimate is called by is all of the processors.
        if (self.kind, name.kind, id.as_str()) == (DomainKind::Cpu, DomainKind::Cpu, "processes") {
            return true;
        }
        let bare = |uuid: &str| {
            let lower = uuid.to_ascii_lowercase();
            lower.trim_start_matches("gpu-").replace('-', "")
        };
        let own = self.name.split_once(':').map(|(_, id)| id);
        let domain = self.domain.as_ref().map(|domain| domain.id.as_str());
        let address = self.address.as_deref();
        // A bus address may be given with its domain or without, as tools do.
        let short = address.and_then(|address| address.strip_prefix("0000:"));
        self.kind == name.kind
            && ([own, domain, address, short].into_iter().flatten().any(|known| known.eq_ignore_ascii_case(id))
                || domain.is_some_and(|known| self.kind == DomainKind::Gpu && bare(known) == bare(id)))
    }
}

/// For people: `gpu:1 (NVIDIA GPU 1: NVIDIA H200)`.
impl fmt::Display for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.what)
    }
}

/// What something is to be left out by: `gpu` for all of a kind, or `gpu:1`, `gpu:GPU-8932f937-...`,
/// `gpu:0000:3b:00.0`, `cpu:package-1`, `dram`.
///
/// ```
/// use wattfront::energy::units::ConsumerName;
///
/// assert_eq!("gpu:1".parse::<ConsumerName>()?.to_string(), "gpu:1");
/// assert!("gpus".parse::<ConsumerName>().is_err());
/// # Ok::<(), wattfront::energy::units::ConsumerNameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ConsumerName {
    kind: DomainKind,
    id: Option<String>,
}

impl ConsumerName {
    /// The name of a domain.
    pub(crate) fn of(domain: &PowerDomain) -> Self {
        Self { kind: domain.kind, id: Some(domain.id.clone()) }
    }

    /// The kind of hardware that it names.
    #[must_use]
    pub fn kind(&self) -> DomainKind {
        self.kind
    }
}

/// Why text is no [`ConsumerName`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{name}` names nothing that draws power: names are such as gpu:1, cpu:package-0 or dram:dram-0, or one of {} for all of a kind",
    DomainKind::ALL.map(DomainKind::name).join(", ")
)]
pub struct ConsumerNameError {
    /// The text.
    pub name: String,
}

impl std::str::FromStr for ConsumerName {
    type Err = ConsumerNameError;

    fn from_str(name: &str) -> Result<Self, ConsumerNameError> {
        let (kind, id) = name.trim().split_once(':').map_or((name.trim(), None), |(kind, id)| (kind, Some(id.trim())));
        let kind = DomainKind::from_name(&kind.to_ascii_lowercase()).filter(|_| id.is_none_or(|id| !id.is_empty()));
        let kind = kind.ok_or_else(|| ConsumerNameError { name: name.to_owned() })?;
        Ok(Self { kind, id: id.map(str::to_owned) })
    }
}

impl TryFrom<String> for ConsumerName {
    type Error = ConsumerNameError;

    fn try_from(name: String) -> Result<Self, ConsumerNameError> {
        name.parse()
    }
}

impl From<ConsumerName> for String {
    fn from(name: ConsumerName) -> Self {
        name.to_string()
    }
}

impl fmt::Display for ConsumerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.id {
            Some(id) => write!(f, "{}:{id}", self.kind.name()),
            None => f.write_str(self.kind.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gpu() -> Consumer {
        let mut gpu = Consumer::new(DomainKind::Gpu, "1", "NVIDIA GPU 1: H200".to_owned());
        gpu.domain = Some(PowerDomain { kind: DomainKind::Gpu, id: "GPU-12ab-34".to_owned() });
        gpu.address = Some("0000:3b:00.0".to_owned());
        gpu
    }

    #[test]
    fn one_thing_has_many_names() {
        for name in ["gpu", "gpu:1", "GPU:1", "gpu:GPU-12AB-34", "gpu:12ab34", "gpu:0000:3B:00.0", "gpu:3b:00.0"] {
            assert!(gpu().is_called(&name.parse().unwrap()), "{name}");
        }
        for name in ["gpu:0", "gpu:11", "gpu:GPU-12ab", "cpu", "cpu:1", "dram", "gpu:3b"] {
            assert!(!gpu().is_called(&name.parse().unwrap()), "{name}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused_with_the_kinds() {
        for name in ["", "gpus", "gpu:", ":1", "1", "GPU-12ab-34", "nvml", "energy.gpu"] {
            let error = name.parse::<ConsumerName>().unwrap_err().to_string();
            assert!(error.contains("cpu, dram"), "{error}");
        }
    }

    #[test]
    fn what_has_no_domain_has_one_that_stands_for_it() {
        assert_eq!(Consumer::new(DomainKind::Gpu, "7", String::new()).domain().to_string(), "gpu:7");
        assert_eq!(gpu().domain().to_string(), "gpu:GPU-12ab-34");
    }
}
