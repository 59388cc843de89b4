//! Learning from earlier studies: what of their trials this study can use.
//!
//! Trials are taken over as points of this study's space with the metrics that they had, never as trials of this study: they
//! are on no front, in no count and in no budget. A sampler that learns from them treats each earlier study as a task of
//! its own with its own scale, so figures of other hardware, or of another method of metering, are not mixed with this
//! study's.

use std::collections::BTreeMap;

use super::StudyError;
use super::spec::stored_defaults;
use super::store::Store;
use crate::optimizer::history::Earlier;
use crate::optimizer::problem::{Metrics, Problem};
use crate::optimizer::space::{Point, Value};
use crate::record::{EarlierStudy, EnergyMetric, Event, StudyRecord, TrialRecord, TrialResult};

/// The finished trials of `other` that lie in this problem's space and have its objectives' metrics.
///
/// Parameters go by their names. One that this space lacks is ignored; one that the other space lacked has the value that it
/// was fixed at there (in `[train]`). A trial with a value outside this space, or without one that this space needs, is left
/// out. So is one without an objective's metric; an energy that was metered there, but was no objective, is known.
#[must_use]
pub fn learn(problem: &Problem, other: &StudyRecord, folder: &str) -> EarlierStudy {
    let mut trials = Vec::new();
    let mut left_out: BTreeMap<String, usize> = BTreeMap::new();
    for (trial, result) in other.trials().iter().filter_map(|t| Some((t, t.result()?))) {
        let taken = point_of(problem, other, trial).and_then(|point| Ok((point, metrics_of(problem, result)?)));
        match taken {
            Ok(taken) => trials.push(taken),
            Err(reason) => *left_out.entry(reason).or_default() += 1,
        }
    }
    let study = Earlier { name: other.header().name.clone(), trials };
    EarlierStudy { folder: folder.to_owned(), study, left_out }
}

/// The trial's point in this space, or why it has none there.
fn point_of(problem: &Problem, other: &StudyRecord, trial: &TrialRecord) -> Result<Point, String> {
    let space = problem.space();
    let mut point = Point::new();
    for &i in space.dependency_order() {
        let parameter = &space.parameters()[i];
        if !space.is_active(parameter, &point) {
            continue;
        }
        let name = &parameter.name;
        let known = trial.point.get(name).cloned().or_else(|| fixed(other, name));
        let value = known.ok_or_else(|| format!("without a value of `{name}`"))?;
        let value = parameter.domain.typed(value);
        if !parameter.domain.contains(&value) {
            return Err(format!("whose `{name}` is outside this space"));
        }
        point.insert(name, value);
    }
    Ok(point)
}

/// What a setting of the trainer was fixed at, unless it was searched.
fn fixed(other: &StudyRecord, name: &str) -> Option<Value> {
    if other.problem().space().get(name).is_some() {
        return None;
    }
    let identity = &other.header().identity;
    match identity.get("train")?.get(name) {
        Some(value) => serde_json::from_value(value.clone()).ok(),
        None => stored_defaults(identity).value(name),
    }
}

/// The trial's metrics, those of the objectives and constraints among them as far as they are known.
fn metrics_of(problem: &Problem, result: &TrialResult) -> Result<Metrics, String> {
    let mut metrics = result.metrics.clone();
    let objectives = problem.objectives().iter().map(|o| &o.metric);
    for name in objectives.chain(problem.constraints().iter().map(|c| &c.metric)) {
        let metered = name.parse::<EnergyMetric>().ok().and_then(|metric| metric.read(&result.energy, &result.metrics));
        if let (false, Some(joules)) = (metrics.contains_key(name), metered) {
            metrics.insert(name.clone(), joules.0);
        }
    }
    for objective in problem.objectives() {
        let usable = metrics.get(&objective.metric).is_some_and(|v| objective.loss(*v).is_ok());
        if !usable {
            return Err(format!("without a usable `{}`", objective.metric));
        }
    }
    Ok(metrics)
}

/// Checks that there is something to learn from each of these.
///
/// # Errors
/// [`StudyError::NothingToLearn`] for the first of which no trial can be used.
pub fn refuse_useless(studies: &[EarlierStudy]) -> Result<(), StudyError> {
    match studies.iter().find(|s| s.study.trials.is_empty()) {
        Some(useless) => {
            Err(StudyError::NothingToLearn { folder: useless.folder.clone(), reason: useless.to_string() })
        }
        None => Ok(()),
    }
}

/// Makes a study learn from earlier ones, if it is at its beginning; checks that it does so already, if not. Without any to
/// learn from, all stays as it is; so does what it has learned from one that has grown since.
///
/// # Errors
/// [`StudyError::NothingToLearn`] for one of which no trial can be used, [`StudyError::WarmStart`] if the study has trials
/// and learns from other studies or none.
pub fn begin_warm(
    store: &mut dyn Store,
    record: &mut StudyRecord,
    studies: Vec<EarlierStudy>,
) -> Result<(), StudyError> {
    if studies.is_empty() {
        return Ok(());
    }
    // The folder's name does not matter: it may be spelt in many ways.
    let pairs = record.earlier().iter().zip(&studies);
    if record.earlier().len() == studies.len() && { pairs }.all(|(known, now)| has_grown_from(now, known)) {
        return Ok(());
    }
    if !record.earlier().is_empty() || !record.trials().is_empty() {
        let list = |studies: &[EarlierStudy]| {
            let words: Vec<String> =
                studies.iter().map(|s| format!("{} trials of `{}`", s.study.trials.len(), s.study.name)).collect();
            if words.is_empty() { "no earlier study".to_owned() } else { words.join(" and ") }
        };
        return Err(StudyError::WarmStart { stored: list(record.earlier()), now: list(&studies) });
    }
    refuse_useless(&studies)?;
    let entry = store.append(Event::EarlierStudies { studies })?;
    record.apply(entry)?;
    Ok(())
}

/// Whether this is the study that was known, with the trials that it had then, in their order, and perhaps others.
fn has_grown_from(now: &EarlierStudy, known: &EarlierStudy) -> bool {
    let mut trials = now.study.trials.iter();
    now.study.name == known.study.name && known.study.trials.iter().all(|trial| trials.any(|other| other == trial))
}
