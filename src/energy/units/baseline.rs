//! Power at rest, to tell net from gross energy.

use serde::{Deserialize, Serialize};

use super::{PowerDomain, Watts};

/// The power of hardware at rest (its idle or static power), measured once before the work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Baseline {
    /// How long it was watched, in seconds.
    pub seconds: f64,
    /// One entry per piece of hardware whose power is measured.
    pub domains: Vec<DomainBaseline>,
}

/// The power of one piece of hardware at rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DomainBaseline {
    /// The hardware.
    pub domain: PowerDomain,
    /// Its power; `None` if it cannot serve as a baseline.
    pub watts: Option<Watts>,
    /// The standard deviation of `watts`.
    pub sd: Watts,
    /// Why there is none, or what to know about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Baseline {
    /// The entry of this hardware.
    #[must_use]
    pub fn of(&self, domain: &PowerDomain) -> Option<&DomainBaseline> {
        self.domains.iter().find(|entry| entry.domain == *domain)
    }
}
