//! Who proposed the trials: the initial design, the sampler's model, or the user.

use super::growth::counted;
use crate::optimizer::sampler::{self, Learning, START};
use crate::record::{StudyRecord, TrialRecord};

/// How many of the trials that count came about how, by the rules that are recorded with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Proposals {
    /// Brought by the user: starts, and points that were told without having been asked for.
    pub brought: usize,
    /// Of the initial design, which knows nothing yet.
    pub initial: usize,
    /// Proposed by what has been learned.
    pub learned: usize,
    /// Drawn at random or evenly where there was nothing to learn from, or no room for it.
    pub fallen_back: usize,
}

impl Proposals {
    /// Of a study; `None` if its sampler never learns, or nothing counts yet.
    #[must_use]
    pub fn of(record: &StudyRecord) -> Option<Self> {
        let trials = counted(record);
        if trials.is_empty() || learning(&record.header().sampler).is_none() {
            return None;
        }
        let mut found = Self::default();
        for trial in trials {
            *found.place(trial) += 1;
        }
        Some(found)
    }

    fn place(&mut self, trial: &TrialRecord) -> &mut usize {
        match &trial.fit {
            None => &mut self.brought,
            Some(fit) if fit.rule == START => &mut self.brought,
            Some(fit) if fit.fallback.is_some() => &mut self.fallen_back,
            Some(fit) if ["sobol", "prior", "earlier"].contains(&fit.rule.as_str()) => &mut self.initial,
            Some(_) => &mut self.learned,
        }
    }

    /// Such as `10 by the initial design, 30 by the Gaussian process`, with what to do where there are none of the latter.
    #[must_use]
    pub fn in_words(&self, sampler: &str) -> String {
        let model = learning(sampler).map_or(sampler, |learning| learning.model);
        let counts = [
            (self.brought, "by you"),
            (self.initial, "by the initial design"),
            (self.fallen_back, "by chance, for want of anything to learn from"),
        ];
        let mut parts: Vec<String> =
            counts.iter().filter(|(n, _)| *n > 0).map(|(n, who)| format!("{n} {who}")).collect();
        parts.push(match self.learned {
            0 => format!("none by {model}, which begins after the initial design"),
            n => format!("{n} by {model}"),
        });
        parts.join(", ")
    }
}

fn learning(sampler: &str) -> Option<Learning> {
    sampler::kind(sampler)?.learning
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{digits, estimate};
    use super::*;

    #[test]
    fn trials_are_counted_by_who_proposed_them() {
        let found = Proposals::of(&digits(estimate)).unwrap();
        assert_eq!(found.brought + found.initial + found.learned + found.fallen_back, 30, "{found:?}");
        assert!(found.initial >= 7 && found.learned > 15, "{found:?}");
        let few = Proposals { brought: 1, initial: 13, ..Proposals::default() };
        let words = few.in_words("gp");
        assert_eq!(
            words,
            "1 by you, 13 by the initial design, none by the Gaussian process, which begins after the initial design"
        );
    }
}
