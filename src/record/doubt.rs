//! What a study knows to speak against the figures of a device.

use super::{StudyRecord, TrialState};
use crate::energy::units::{Doubt, Method, PowerDomain, WindowEnergy};

impl StudyRecord {
    /// The devices whose counters were contradicted in any session, with the two figures that did it first.
    ///
    /// What lasts ([`Doubt::is_lasting`]) and was found once holds for all figures by that counter in the record, also for those of trials that ran before: each has
    /// it as its [`doubt`](crate::energy::units::DomainEnergy::doubt), and an uncertainty that holds both. Stored events stay as they are.
    #[must_use]
    pub fn doubts(&self) -> &[(PowerDomain, Doubt)] {
        &self.doubts
    }

    /// Takes notice of what is said in a window that is about to be added, and marks it by what is known.
    pub(super) fn heed_doubts<'a>(&mut self, windows: impl Iterator<Item = &'a mut WindowEnergy>) {
        let mut windows: Vec<_> = windows.collect();
        let mut is_new = false;
        for part in windows.iter().flat_map(|window| &window.domains) {
            let known = self.doubts.iter().any(|(domain, _)| *domain == part.domain);
            if let Some(doubt) = part.doubt.filter(|doubt| !known && doubt.is_lasting()) {
                self.doubts.push((part.domain.clone(), doubt));
                is_new = true;
            }
        }
        if self.doubts.is_empty() {
            return;
        }
        windows.iter_mut().for_each(|window| mark(window, &self.doubts));
        if is_new {
            let doubts = &self.doubts;
            for trial in &mut self.trials {
                let epochs = trial.epochs.iter_mut().filter_map(|row| row.energy.as_mut());
                let result = match &mut trial.state {
                    TrialState::Finished(result) => Some(&mut result.energy),
                    TrialState::Running | TrialState::Waiting(_) | TrialState::Failed(_) => None,
                };
                let all =
                    result.into_iter().flat_map(|phases| phases.values_mut()).chain(&mut trial.spent).chain(epochs);
                all.for_each(|window| mark(window, doubts));
            }
        }
    }
}

fn mark(window: &mut WindowEnergy, doubts: &[(PowerDomain, Doubt)]) {
    let seconds = window.seconds;
    for part in &mut window.domains {
        let known = doubts.iter().find(|(domain, _)| *domain == part.domain);
        if let (Method::Counter, Some(joules), None, Some((_, doubt))) = (part.method, part.joules, part.doubt, known) {
            part.doubt = Some(*doubt);
            part.uncertainty = part.uncertainty.map(|known| doubt.widened(joules, seconds, known));
        }
    }
}
