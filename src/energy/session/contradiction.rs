//! Figures that the device's other one contradicts.

use super::{Mark, Session, Usage};
use crate::energy::units::{DomainEnergy, Doubt, PowerDomain, Uncertainty};
use crate::energy::windows::cross_check::CrossCheck;

impl Session {
    /// What contradicts the counters in use: within the window, or else within the session so far.
    pub(super) fn contradictions(&self, open: &Mark, close: &Mark, usage: &Usage) -> Vec<(PowerDomain, CrossCheck)> {
        let mut found = self.cross_check(open, close, usage);
        found.retain(|(_, check)| !check.agrees());
        found.extend(self.doubts(usage));
        // What speaks against the counter as such tells more than that it stood still.
        found.sort_by_key(|(_, check)| check.stood_still);
        found
    }
}

/// Flags a figure that the device's other one contradicts. One of them is wrong, and nobody knows which: both are within the
/// interval.
pub(super) fn held_against(
    mut figure: DomainEnergy,
    seconds: f64,
    checks: &[(PowerDomain, CrossCheck)],
) -> DomainEnergy {
    let doubt = checks.iter().find(|(domain, _)| *domain == figure.domain).map(|(_, check)| Doubt::from(*check));
    if let (Some(joules), Some(doubt)) = (figure.joules, doubt) {
        figure.uncertainty = figure.uncertainty.map(|known| doubt.widened(joules, seconds, known));
        figure.doubt = Some(doubt);
        let doubt = format!("DOUBTFUL: {doubt}");
        figure.note = Some(figure.note.take().map_or(doubt.clone(), |note| format!("{note}; {doubt}")));
    }
    figure.uncertainty = figure.uncertainty.filter(Uncertainty::is_finite);
    figure
}
