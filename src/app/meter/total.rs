//! What may be added up.

use crate::energy::ProfileSummary;
use crate::energy::units::{DomainEnergy, Doubt, Joules, Method, PowerDomain, WindowEnergy};

/// The sum over what is measured, or where nothing is, over what is estimated: never over both.
pub(crate) struct Total {
    sum: WindowEnergy,
    /// Whether there are estimates beside it.
    pub(crate) leaves_estimates_out: bool,
}

impl Total {
    pub(crate) fn of(summary: &ProfileSummary) -> Self {
        let parts = |estimated: bool| -> Vec<DomainEnergy> {
            let all = summary.domains.iter().map(|domain| &domain.energy);
            all.filter(|part| part.method.is_estimate() == estimated).cloned().collect()
        };
        let (measured, estimated) = (parts(false), parts(true));
        let leaves_estimates_out = !measured.is_empty() && !estimated.is_empty();
        let domains = if measured.is_empty() { estimated } else { measured };
        Self {
            sum: WindowEnergy { seconds: summary.seconds, domains, ..WindowEnergy::default() },
            leaves_estimates_out,
        }
    }

    pub(crate) fn joules(&self) -> Option<Joules> {
        self.sum.total()
    }

    pub(crate) fn method(&self) -> Option<Method> {
        self.sum.method()
    }

    /// What speaks against a figure that is in it.
    pub(crate) fn doubt(&self) -> Option<(&PowerDomain, Doubt)> {
        self.sum.doubt()
    }

    /// How many domains are in it.
    pub(crate) fn parts(&self) -> usize {
        self.sum.domains.len()
    }

    /// The words for the kinds of hardware that are in it.
    pub(crate) fn covers(&self) -> Vec<&'static str> {
        let mut kinds: Vec<_> = self.sum.domains.iter().map(|part| part.domain.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds.into_iter().map(|kind| kind.name()).collect()
    }

    /// As a figure of one domain, to show like those.
    pub(crate) fn uncertain_by(&self) -> Option<Joules> {
        Some(self.sum.uncertainty(None)?.absolute())
    }
}
