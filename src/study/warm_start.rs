//! Learning from earlier studies: what of their trials this study can use.
//!
//! Trials are taken over as points of this study's space with the metrics that they had, never as trials of this study: they
//! are on no front, in no count and in no budget. A sampler that learns from them treats each earlier study as a task of
//! its own with its own scale, so figures of other hardware, or of another method of metering, are not mixed with this
//! study's.

use std::collections::{BTreeMap, BTreeSet};

use super::StudyError;
use super::store::Store;
use crate::optimizer::history::Earlier;
use crate::optimizer::problem::{Metrics, Problem};
use crate::optimizer::space::{Point, Value};
use crate::record::{EarlierStudy, EnergyMetric, Event, StudyRecord, TrialResult};

/// What a study says of trials that are not its own.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// What it searches for.
    pub problem: &'a Problem,
    /// What parameters were where they were not searched: `was` of the study file.
    pub was: &'a BTreeMap<String, Value>,
    /// Settings of the trainer that are the same in all its trials.
    pub fixed: &'a BTreeMap<String, Value>,
}

/// The finished trials of `other` that lie in this problem's space and have its objectives' metrics: [`learn_by`] without
/// anything that is known besides.
#[must_use]
pub fn learn(problem: &Problem, other: &StudyRecord, folder: &str) -> EarlierStudy {
    let nothing = BTreeMap::new();
    learn_by(Terms { problem, was: &nothing, fixed: &nothing }, other, folder)
}

/// The finished trials of `other` that could be trials of this study.
///
/// Parameters go by their names. One that this space lacks is ignored, unless it is fixed here: then trials with another value
/// are left out. One that the other space lacked has the value that it was fixed at there (in `[train]`), or else the one that
/// the study file says it was. A trial with a value outside this space, without one that this space needs, or that is ruled out
/// here is left out. So is one without an objective's metric; an energy that was metered there, but was no objective, is known.
#[must_use]
pub fn learn_by(terms: Terms<'_>, other: &StudyRecord, folder: &str) -> EarlierStudy {
    let finished = other.trials().iter().filter_map(|t| Some((&t.point, t.result()?)));
    let trials = finished.map(|(point, result)| (point, metrics_of(terms.problem, result)));
    take(terms, other, &other.header().name, folder, trials)
}

/// What `other` has learned from earlier studies itself, as this study can use it; studies of which it can use nothing are left
/// out.
#[must_use]
pub fn inherit(terms: Terms<'_>, other: &StudyRecord) -> Vec<EarlierStudy> {
    let inherited = other.earlier().iter().map(|earlier| {
        let trials =
            earlier.study.trials.iter().map(|(point, metrics)| (point, usable(terms.problem, metrics.clone())));
        take(terms, other, &earlier.study.name, &earlier.folder, trials)
    });
    inherited.filter(|earlier| !earlier.study.trials.is_empty()).collect()
}

/// As [`learn_by`], for a study that is known to have learned from `known` when it began; by the rules of then, which left out less,
/// if it did so by them.
#[must_use]
pub fn learn_again(terms: Terms<'_>, other: &StudyRecord, folder: &str, known: &[EarlierStudy]) -> EarlierStudy {
    let now = learn_by(terms, other, folder);
    let before = known.iter().find(|known| known.study.name == now.study.name);
    if before.is_none_or(|known| has_grown_from(&now, known)) {
        return now;
    }
    let mut trials = Vec::new();
    for (trial, result) in other.trials().iter().filter_map(|t| Some((t, t.result()?))) {
        let taken = point_of(terms, other, &trial.point, &mut BTreeSet::new());
        trials.extend(taken.ok().zip(metrics_of(terms.problem, result).ok()));
    }
    let left_out = now.left_out.clone();
    EarlierStudy { study: Earlier { name: now.study.name.clone(), trials }, left_out, ..now }
}

/// The trials of a study in the space of `other` that can be used.
fn take<'a>(
    terms: Terms<'_>,
    other: &StudyRecord,
    name: &str,
    folder: &str,
    finished: impl Iterator<Item = (&'a Point, Result<Metrics, String>)>,
) -> EarlierStudy {
    let mut trials = Vec::new();
    let mut left_out: BTreeMap<String, usize> = BTreeMap::new();
    let mut assumed = BTreeSet::new();
    for (point, metrics) in finished {
        let taken =
            check_fixed(terms, other, point)
                .and_then(|()| point_of(terms, other, point, &mut assumed))
                .and_then(|point| {
                    if terms.problem.forbids(&point) { Err("that are ruled out here".to_owned()) } else { Ok(point) }
                })
                .and_then(|point| Ok((point, metrics?)));
        match taken {
            Ok(taken) => trials.push(taken),
            Err(reason) => *left_out.entry(reason).or_default() += 1,
        }
    }
    let taken = |name: &String| Some(format!("`{name}` is taken to have been {}", terms.was.get(name)?));
    let mut remarks: Vec<String> = assumed.iter().filter_map(taken).collect();
    let passed_over = other.problem().space().parameters().iter().map(|p| p.name.as_str());
    let passed_over =
        passed_over.filter(|name| terms.problem.space().get(name).is_none() && !terms.fixed.contains_key(*name));
    remarks.extend(passed_over.map(|name| format!("`{name}` is not searched here, so what it was is passed over")));
    let study = Earlier { name: name.to_owned(), trials };
    EarlierStudy { folder: folder.to_owned(), study, left_out, remarks }
}

/// Refuses a trial in which a setting had another value than the one that it is fixed at here.
fn check_fixed(terms: Terms<'_>, other: &StudyRecord, point: &Point) -> Result<(), String> {
    for (name, value) in terms.fixed {
        let searched = other.problem().space().get(name).is_some();
        let had = point.get(name).filter(|had| searched && *had != value && !had.is_same_number(value));
        if had.is_some() {
            return Err(format!("whose `{name}` was not {value}, at which it is fixed here"));
        }
    }
    Ok(())
}

/// The point in this space, or why it has none there. What is said of a parameter alone is noted as `assumed`.
fn point_of(
    terms: Terms<'_>,
    other: &StudyRecord,
    earlier: &Point,
    assumed: &mut BTreeSet<String>,
) -> Result<Point, String> {
    let space = terms.problem.space();
    let mut point = Point::new();
    for &i in space.dependency_order() {
        let parameter = &space.parameters()[i];
        if !space.is_active(parameter, &point) {
            continue;
        }
        let name = &parameter.name;
        let known = earlier.get(name).cloned().or_else(|| fixed(other, name));
        let value = known.or_else(|| {
            let was = terms.was.get(name)?;
            assumed.insert(name.clone());
            Some(was.clone())
        });
        let value = value.ok_or_else(|| format!("without a value of `{name}`"))?;
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
    let value = other.header().identity.get("train")?.get(name)?;
    serde_json::from_value(value.clone()).ok()
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
    usable(problem, metrics)
}

/// The metrics, if every objective has its own among them.
fn usable(problem: &Problem, metrics: Metrics) -> Result<Metrics, String> {
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
