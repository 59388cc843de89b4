//! What a study knows to speak against the figures of a device.

use super::{StudyRecord, TrialState};
use crate::energy::units::{Domain, DomainEnergy, Doubt, Method, WindowEnergy};

impl StudyRecord {
    /// The devices whose counters were contradicted in any session, with the two figures that did it first.
    ///
    /// What was found once holds for all figures by that counter in the record, also for those of trials that ran before: each has
    /// it as its [`DomainEnergy::doubt`], and an uncertainty that holds both. Stored events stay as they are.
    #[must_use]
    pub fn doubts(&self) -> &[(Domain, Doubt)] {
        &self.doubts
    }

    /// Takes notice of what is said in a window that is about to be added, and marks it by what is known.
    pub(super) fn heed_doubts<'a>(&mut self, windows: impl Iterator<Item = &'a mut WindowEnergy>) {
        let mut windows: Vec<_> = windows.collect();
        let mut is_new = false;
        for part in windows.iter().flat_map(|window| &window.domains) {
            let known = self.doubts.iter().any(|(domain, _)| *domain == part.domain);
            if let Some(doubt) = part.doubt.filter(|_| !known) {
                self.doubts.push((part.domain.clone(), doubt));
                is_new = true;
            }
        }
        if self.doubts.is_empty() {
            return;
        }
        for part in windows.iter_mut().flat_map(|window| &mut window.domains) {
            mark(part, &self.doubts);
        }
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
                all.flat_map(|window| &mut window.domains).for_each(|part| mark(part, doubts));
            }
        }
    }
}

fn mark(part: &mut DomainEnergy, doubts: &[(Domain, Doubt)]) {
    let known = doubts.iter().find(|(domain, _)| *domain == part.domain);
    if let (Method::Counter, Some(joules), None, Some((_, doubt))) = (part.method, part.joules, part.doubt, known) {
        part.doubt = Some(*doubt);
        part.uncertainty = part.uncertainty.map(|known| doubt.widened(joules, known));
    }
}
