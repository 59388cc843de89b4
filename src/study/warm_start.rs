//! Learning from earlier studies: what of their trials this study can use.
//!
//! Trials are taken over as points of this study's space with the metrics that they had, never as trials of this study:
//! they are on no front, in no count and in no budget. A sampler that learns from them treats each earlier study as a
//! task of its own with its own scale. So figures of other hardware, or of another method of metering, are not mixed
//! with this study's.

use std::collections::{BTreeMap, BTreeSet};

use super::StudyError;
use super::store::Store;
use crate::optimizer::history::Earlier;
use crate::optimizer::problem::{Metrics, Problem};
use crate::optimizer::space::{Domain, Point, Value};
use crate::record::{EarlierStudy, EnergyMetric, Event, StudyRecord, TrialResult};
use crate::study_file::stored_defaults;

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
/// Parameters go by their names. One that this space lacks is ignored, unless it is fixed here: then trials with
/// another value are left out. One that the other space lacked has the value that it was fixed at there (in `[train]`).
/// Else it has the one that the study file says it was. A trial with a value outside this space, without one that this
/// space needs, or that is ruled out here is left out. So is one without an objective's metric; an energy that was
/// metered there, but was no objective, is known.
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
            return Err(match lies_between_steps(&parameter.domain, &value) {
                true => format!("whose `{name}` is on none of its steps here"),
                false => format!("whose `{name}` is outside this space"),
            });
        }
        point.insert(name, value);
    }
    Ok(point)
}

/// Whether it lies in the range, and so on none of the steps, of a domain that does not contain it.
fn lies_between_steps(domain: &Domain, value: &Value) -> bool {
    match (domain, value) {
        (Domain::Float { low, high, .. }, Value::Float(v)) => low <= v && v <= high,
        (Domain::Int { low, high, .. }, Value::Int(v)) => low <= v && v <= high,
        _ => false,
    }
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
            Err(StudyError::NothingToLearn { folder: useless.folder.clone(), reason: useless.to_string(), help: None })
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::optimizer::Seed;
    use crate::optimizer::problem::maximize;
    use crate::optimizer::space::{Parameter, Space, choice, float, int};
    use crate::record::Phases;
    use crate::study::store::MemoryStore;

    fn rate() -> Parameter {
        float("rate", 0.0..=1.0)
    }

    fn problem(space: impl IntoIterator<Item = Parameter>) -> Problem {
        Problem::new(Space::new(space).unwrap(), [maximize("accuracy")]).unwrap()
    }

    /// A study with a trial for each of these points, whose `epochs` were fixed at 5.
    fn record(problem: Problem, points: &[&[(&str, Value)]], earlier: Vec<EarlierStudy>) -> StudyRecord {
        let mut store = MemoryStore::default();
        let identity = json!({ "train": { "epochs": 5 } });
        let created =
            Event::StudyCreated { name: "old".into(), seed: Seed(1), problem, sampler: "gp".into(), identity };
        store.append(created).unwrap();
        if !earlier.is_empty() {
            store.append(Event::EarlierStudies { studies: earlier }).unwrap();
        }
        for (trial, point) in (0..).zip(points) {
            let point: Point = point.iter().map(|(name, value)| (*name, value.clone())).collect();
            store.append(Event::TrialStarted { trial, attempt: 1, point, fit: None, propose_seconds: 0.0 }).unwrap();
            let metrics = Metrics::from([("accuracy".to_owned(), 0.5)]);
            let spent = crate::energy::units::WindowEnergy { seconds: 1.0, ..Default::default() };
            let finished = Event::TrialFinished { trial, metrics, sd: Metrics::new(), energy: Phases::new(), spent };
            store.append(finished).unwrap();
        }
        StudyRecord::from_entries(store.load().unwrap()).unwrap()
    }

    fn values(pairs: &[(&str, Value)]) -> BTreeMap<String, Value> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    #[test]
    fn a_setting_that_is_fixed_now_leaves_out_what_had_another() {
        let old = record(
            problem([rate(), choice("model", ["mlp", "cnn"]), int("width", 1..=9)]),
            &[
                &[("rate", 0.1.into()), ("model", "mlp".into()), ("width", 3.into())],
                &[("rate", 0.2.into()), ("model", "cnn".into()), ("width", 3.into())],
                &[("rate", 0.3.into()), ("model", "cnn".into()), ("width", 4.into())],
            ],
            Vec::new(),
        );
        let new = problem([rate(), int("epochs", 1..=9)]);
        let (was, fixed) = (BTreeMap::new(), values(&[("model", "cnn".into()), ("epochs", 7.into())]));
        let known = learn_by(Terms { problem: &new, was: &was, fixed: &fixed }, &old, "results/old");
        assert_eq!((known.study.trials.len(), known.finished()), (2, 3));
        assert!(known.study.trials.iter().all(|(point, _)| point.get("epochs") == Some(&Value::Int(5))));
        let told = known.to_string();
        assert!(told.contains("1 whose `model` was not cnn, at which it is fixed here"), "{told}");
        assert!(told.contains("`width` is not searched here") && !told.contains("`model` is not"), "{told}");
    }

    #[test]
    fn what_it_was_counts_where_a_parameter_was_not_there_or_inactive_and_nowhere_else() {
        let old = record(
            problem([rate(), choice("kind", ["a", "b"]), float("m", 0.0..=1.0).when("kind", ["a"])]),
            &[
                &[("rate", 0.1.into()), ("kind", "a".into()), ("m", 0.9.into())],
                &[("rate", 0.2.into()), ("kind", "b".into())],
            ],
            Vec::new(),
        );
        let new = problem([rate(), choice("kind", ["a", "b"]), float("m", 0.0..=1.0), float("z", 0.0..=1.0)]);
        let (was, fixed) = (values(&[("m", 0.0.into()), ("z", 0.5.into())]), BTreeMap::new());
        let known = learn_by(Terms { problem: &new, was: &was, fixed: &fixed }, &old, "old");
        let m: Vec<Option<f64>> = known.study.trials.iter().map(|(point, _)| point.number("m")).collect();
        assert_eq!(m, [Some(0.9), Some(0.0)]);
        assert_eq!(known.remarks, ["`m` is taken to have been 0.0", "`z` is taken to have been 0.5"]);
    }

    #[test]
    fn what_is_ruled_out_is_left_out_and_an_older_version_that_took_it_goes_on() {
        let points: [&[(&str, Value)]; 2] = [&[("rate", 0.2.into())], &[("rate", 0.8.into())]];
        let old = record(problem([rate()]), &points, Vec::new());
        let new = problem([rate()]).require(["rate < 0.5"]).unwrap();
        let nothing = BTreeMap::new();
        let terms = Terms { problem: &new, was: &nothing, fixed: &nothing };
        let known = learn_by(terms, &old, "old");
        assert_eq!(known.to_string(), "1 of 2 finished trials of `old` (left out: 1 that are ruled out here)");
        let all = learn(&problem([rate()]), &old, "old");
        assert_eq!(learn_again(terms, &old, "old", std::slice::from_ref(&all)).study, all.study);
        assert_eq!(learn_again(terms, &old, "old", std::slice::from_ref(&known)), known);
    }

    #[test]
    fn what_a_study_had_learned_is_inherited_as_far_as_it_can_be_used() {
        let points: [&[(&str, Value)]; 2] = [&[("rate", 0.2.into())], &[("rate", 0.8.into())]];
        let first = learn(&problem([rate()]), &record(problem([rate()]), &points, Vec::new()), "results/old.1");
        let second = record(problem([rate()]), &points[..1], vec![first]);
        let nothing = BTreeMap::new();
        let narrow = problem([float("rate", 0.0..=0.5)]);
        let kept = inherit(Terms { problem: &narrow, was: &nothing, fixed: &nothing }, &second);
        assert_eq!((kept.len(), kept[0].study.trials.len(), kept[0].folder.as_str()), (1, 1, "results/old.1"));
        let other = problem([float("rate", 0.9..=1.0)]);
        assert_eq!(inherit(Terms { problem: &other, was: &nothing, fixed: &nothing }, &second), []);
    }
}
