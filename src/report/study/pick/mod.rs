//! One configuration of the front, ready to use.

#[cfg(test)]
mod tests;
mod tolerance;
mod written;

use std::collections::{BTreeMap, BTreeSet};

pub use tolerance::Tolerance;
pub use written::point_toml;

use super::preference::replaced;
use crate::analysis::{
    PickReason, Provenance, RunFootprint, Summary, TradeOff, broken, doubts_in_words, lacking, nearest_feasible,
    preferences_in_words,
};
use crate::carbon::Carbon;
use crate::energy::units::{DomainEnergy, Joules, PowerDomain};
use crate::optimizer::problem::{Goal, Metrics, Preference};
use crate::optimizer::space::{Point, Space};
use crate::record::{EnergyMetric, StudyRecord, TrialRecord, TrialResult};
use crate::report::ReportError;

/// Which configuration to pick.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Choice {
    /// The knee of the front: the best trade (the default). Where the front has no bend, it is the trial that saves the
    /// largest share of the cost for the share of the lead that it gives up. Where none saves a larger share, it is the
    /// best in the lead. The pick then says so. See [`PickReason`].
    #[default]
    Knee,
    /// The cheapest trial of the front whose first non-energy objective is no worse than the best by more than this.
    Within(Tolerance),
    /// The finished trial with this id, on the front or not.
    Trial(u64),
}

impl Choice {
    /// [`Choice::Within`] from text such as `1%`, `0.5 %` or `0.01`: see [`Tolerance`].
    ///
    /// # Errors
    /// [`ReportError::Tolerance`] for anything that is no finite number at or above zero.
    pub fn within(text: &str) -> Result<Self, ReportError> {
        text.parse().map(Self::Within)
    }
}

/// An energy of a picked trial.
#[derive(Debug, Clone, PartialEq)]
pub struct PickedEnergy {
    /// The figure; `None` if it was metered but is not known.
    pub joules: Option<Joules>,
    /// How it came about.
    pub provenance: Provenance,
    /// The hardware, such as `gpu:GPU-5d2c`; empty if the program under study reported the figure.
    pub domains: Vec<String>,
}

/// A picked trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Pick {
    /// Its id.
    pub trial: u64,
    /// Its configuration.
    pub point: Point,
    /// Everything it reported, in the metrics' own units.
    pub values: Metrics,
    /// Whether it is on the front.
    pub on_front: bool,
    /// Whether it is the knee of the front.
    pub is_knee: bool,
    /// The constraints that it breaks, in words; a trial that breaks one is on no front.
    pub broken: Vec<String>,
    /// Why it is no knee although the knee was asked for, and what was picked instead; `None` if all is as asked.
    pub caveat: Option<String>,
    /// What [`Choice::Within`] was understood as, in the metric's units, such as
    /// `within 1 point of the best accuracy, 96.0 % of trial 17: at least 95.0 %`.
    pub within: Option<String>,
    /// Whether it is the setting that the user brought: see [`Summary::start`].
    pub is_start: bool,
    /// Where its energies come from: by metric, all energy metrics that it has and `energy`, that of its trial phase.
    pub energies: BTreeMap<String, PickedEnergy>,
    /// Its objectives in words, with the provenance of energies.
    pub in_words: String,
    /// What speaks against its energies, a sentence for each device.
    pub doubts: Vec<String>,
    /// Against the trial that is best in the first non-energy objective; `None` if it is that trial.
    pub against_best: Option<TradeOff>,
    /// Against the first finished point that the user brought; `None` if there is none or if it is that trial.
    pub against_start: Option<TradeOff>,
    /// What a run of it emits, and at what; `None` if its energy is not known or before [`with_carbon`](Self::with_carbon).
    pub footprint: Option<(RunFootprint, Carbon)>,
    space: Space,
    study: String,
}

/// Picks a configuration among those of the front that have what the study prefers. [`Choice::Within`] compares with the
/// best of those; [`Choice::Trial`] asks no preference.
///
/// # Errors
/// [`ReportError::NonePreferred`] if the front has no trial that has what is preferred.
/// [`ReportError::NoFinishedTrial`] and [`ReportError::NothingFeasible`] if there is nothing to pick from.
/// [`ReportError::UnknownTrial`] and [`ReportError::NotFinished`] for ids. [`ReportError::Tolerance`] for a tolerance
/// that is negative or not finite, [`ReportError::WideTolerance`] for one that is more than anybody can mean.
pub fn pick(record: &StudyRecord, choice: Choice) -> Result<Pick, ReportError> {
    pick_preferring(record, choice, Vec::new())
}

/// Picks as [`pick`] does, with these preferences in the place of the study's own, bounds in that of bounds and weights in
/// that of weights.
///
/// # Errors
/// As [`pick`].
pub fn pick_preferring(
    record: &StudyRecord,
    choice: Choice,
    preferences: Vec<Preference>,
) -> Result<Pick, ReportError> {
    let preferences = replaced(record.problem().preferences(), preferences);
    let record = &record.clone().preferring(preferences);
    let summary = Summary::of(record);
    let by_number = matches!(choice, Choice::Trial(_));
    match summary.pick.filter(|_| summary.standing == PickReason::Nearest && !by_number) {
        Some(nearest) => Err(ReportError::NonePreferred {
            wanted: preferences_in_words(record),
            nearest,
            values: summary.values_in_words(record, nearest),
        }),
        None => pick_of(record, &summary, choice),
    }
}

/// Of the devices that its energies rest on.
fn doubts_of(result: &TrialResult, summary: &Summary) -> Vec<String> {
    let rests_on = |domain: &PowerDomain| {
        let parts = result.energy.values().flat_map(|window| &window.domains);
        parts.filter(|part| part.doubt.is_some()).any(|part| part.domain == *domain)
    };
    let doubts: Vec<_> = summary.basis.doubts.iter().filter(|(domain, _)| rests_on(domain)).cloned().collect();
    doubts_in_words(&doubts)
}

fn pick_of(record: &StudyRecord, summary: &Summary, choice: Choice) -> Result<Pick, ReportError> {
    let nothing = || {
        let study = record.header().name.clone();
        match nearest_feasible(record).and_then(|id| record.trial(id)) {
            Some(trial) => {
                let broken = words(record, trial).join("; ");
                ReportError::NothingFeasible { study, nearest: trial.id, broken }
            }
            None => ReportError::NoFinishedTrial { study, failed: summary.totals.failures() },
        }
    };
    let finished = summary.pick.or_else(|| nearest_feasible(record)).ok_or_else(nothing)?;
    let mut within_words = None;
    let id = match choice {
        Choice::Knee => summary.pick.ok_or_else(nothing)?,
        Choice::Within(tolerance) => {
            let (id, words) = within(record, summary, tolerance)?.ok_or_else(nothing)?;
            within_words = Some(words);
            id
        }
        Choice::Trial(id) => id,
    };
    let trial = record.trial(id).ok_or_else(|| ReportError::UnknownTrial {
        trial: id,
        last: record.trials().iter().map(|t| t.id).max().unwrap_or(0),
    })?;
    let Some(result) = trial.result() else {
        let kind = trial.failure().map_or_else(String::new, |f| format!(" ({})", f.kind.label()));
        let state = format!("{}{kind}", trial.state.label());
        return Err(ReportError::NotFinished { trial: id, state, suggestion: finished });
    };
    let against = |other: u64| if other == id { None } else { TradeOff::between(record, id, other) };
    Ok(Pick {
        trial: id,
        point: trial.point.clone(),
        values: result.metrics.clone(),
        on_front: summary.on_front(id),
        is_knee: summary.knee == Some(id),
        broken: words(record, trial),
        caveat: caveat(record, summary).filter(|_| choice == Choice::Knee),
        within: within_words,
        is_start: summary.start == Some(id),
        energies: energies(result),
        in_words: summary.values_in_words(record, id),
        doubts: doubts_of(result, summary),
        against_best: summary.best.and_then(against),
        against_start: summary.start.and_then(against),
        footprint: None,
        space: record.problem().space().clone(),
        study: record.header().name.clone(),
    })
}

/// The constraints that a trial breaks.
fn words(record: &StudyRecord, trial: &TrialRecord) -> Vec<String> {
    broken(record, trial).iter().map(ToString::to_string).collect()
}

fn caveat(record: &StudyRecord, summary: &Summary) -> Option<String> {
    let wanted = preferences_in_words(record);
    match summary.standing {
        // Of the knee nothing need be said; the nearest is no answer where a bound was to be kept.
        PickReason::Knee | PickReason::Nearest => None,
        PickReason::NoBend => {
            let name = |k: usize| summary.quantities[k].name();
            let cost = summary.cost.map_or_else(|| "cost".to_owned(), name);
            let lead = name(summary.lead);
            let none = match wanted.is_empty() {
                true => "the front has no bend, so no trial is the knee".to_owned(),
                false => format!("the part of the front with {wanted} has no bend, so no trial is the knee"),
            };
            Some(if summary.pick == summary.best {
                format!(
                    "{none}; this one is the best in {lead}, and no other saves more of the {cost} than it gives up of that"
                )
            } else {
                format!("{none}; this one saves the largest share of {cost} for the share of {lead} that it gives up")
            })
        }
        PickReason::OnlyUseful => {
            Some("not a knee but the only trial of the front that lies within the reference point".to_owned())
        }
        PickReason::OnlyPreferred => Some(format!("not a knee but the only trial of the front with {wanted}")),
        PickReason::Weighted => Some("the best trade by your weights".to_owned()),
    }
}

fn energies(result: &TrialResult) -> BTreeMap<String, PickedEnergy> {
    let total = "energy".to_owned();
    let names: BTreeSet<&String> =
        result.metrics.keys().filter(|name| EnergyMetric::is_reserved(name)).chain([&total]).collect();
    let energy = |name: &String| {
        let metric: Option<EnergyMetric> = name.parse().ok().map(|m: EnergyMetric| m.among(&result.energy));
        let window = metric.as_ref().and_then(|m| result.energy.get(m.phase_name()));
        let counts =
            |d: &&DomainEnergy| metric.as_ref().and_then(|m| m.domain).is_none_or(|kind| kind == d.domain.kind);
        let domains = window.iter().flat_map(|w| &w.domains).filter(counts).map(|d| d.domain.to_string()).collect();
        let metered = metric.as_ref().and_then(|m| m.read(&result.energy, &result.metrics));
        let joules = result.metrics.get(name).copied().map(Joules).or(metered);
        Some(PickedEnergy { joules, provenance: Provenance::of_metric(result, name)?, domains })
    };
    names.into_iter().filter_map(|name| Some((name.clone(), energy(name)?))).collect()
}

/// The cheapest of the preferred part of the front that is within so much of the best there, and what that is in words.
fn within(record: &StudyRecord, summary: &Summary, tolerance: Tolerance) -> Result<Option<(u64, String)>, ReportError> {
    let objectives = record.problem().objectives();
    let (lead, quantity) = (&objectives[summary.lead], &summary.quantities[summary.lead]);
    let value = |id: u64, k: usize| record.trial(id)?.result()?.metrics.get(&objectives[k].metric).copied();
    let loss = |id: u64, k: usize| value(id, k).and_then(|v| objectives[k].loss(v).ok()).unwrap_or(f64::INFINITY);
    let reached = |id: &&u64| record.trial(**id).is_some_and(|t| lacking(record, t) <= 0.0);
    let front: Vec<u64> = summary.front.iter().filter(reached).copied().collect();
    let led = |id: &u64| loss(*id, summary.lead);
    let Some(best) = front.iter().copied().min_by(|a, b| led(a).total_cmp(&led(b))) else { return Ok(None) };
    let Some(top) = value(best, summary.lead) else { return Ok(None) };
    let room = tolerance.room(quantity, top)?;
    // The slack of a few units in the last place lets 0.95 count as within 1 % of 0.96.
    let slack = 8.0 * f64::EPSILON * top.abs().max(room);
    let (limit, side) = match lead.goal {
        Goal::Maximize => (top - room, "at least"),
        Goal::Minimize => (top + room, "at most"),
    };
    let near = |id: &&u64| {
        value(**id, summary.lead).is_some_and(|v| match lead.goal {
            Goal::Maximize => v >= limit - slack,
            Goal::Minimize => v <= limit + slack,
        })
    };
    let by = |id: &u64| (loss(*id, summary.cost.unwrap_or(summary.lead)), loss(*id, summary.lead));
    let order = |a: &&u64, b: &&u64| {
        let (a, b) = (by(a), by(b));
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
    };
    let words = format!(
        "within {} of the best {}, {} of trial {best}: {side} {}",
        tolerance.in_words(quantity),
        quantity.name(),
        quantity.show(top),
        quantity.show(limit)
    );
    // Whoever asks for a little should know that it was no bound.
    let spread = front.iter().filter_map(|id| Some((value(*id, summary.lead)? - top).abs())).fold(0.0, f64::max);
    let words = match front.len() {
        all @ 2.. if room > spread + slack => {
            format!("{words}, which is wider than the front and lets in all {all} of it")
        }
        _ => words,
    };
    Ok(front.iter().filter(near).min_by(order).copied().or(Some(best)).map(|id| (id, words)))
}
