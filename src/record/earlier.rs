//! Earlier studies that a study learns from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::optimizer::history::Earlier;

/// What a study took over from an earlier one when it began. A copy: the earlier study may grow or vanish.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EarlierStudy {
    /// Its results folder, as the user named it.
    pub folder: String,
    /// Its name, and those of its trials that lie in this study's space.
    pub study: Earlier,
    /// How many trials of it were left out, by the reason in words.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub left_out: BTreeMap<String, usize>,
    /// What else is to be known of how they were taken over, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

impl EarlierStudy {
    /// How many finished trials it had.
    #[must_use]
    pub fn finished(&self) -> usize {
        self.study.trials.len() + self.left_out.values().sum::<usize>()
    }
}

/// Such as ``38 of 40 trials of `digits` (left out: 2 whose `width` is outside this space)``.
impl std::fmt::Display for EarlierStudy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let finished = self.finished();
        let trials = if finished == 1 { "trial" } else { "trials" };
        write!(f, "{} of {finished} finished {trials} of `{}`", self.study.trials.len(), self.study.name)?;
        let mut told = Vec::new();
        if !self.left_out.is_empty() {
            let reasons: Vec<String> = self.left_out.iter().map(|(reason, n)| format!("{n} {reason}")).collect();
            told.push(format!("left out: {}", reasons.join(", ")));
        }
        told.extend(self.remarks.iter().cloned());
        if told.is_empty() { Ok(()) } else { write!(f, " ({})", told.join("; ")) }
    }
}
