//! One configuration of the front, ready to use.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::json;

use super::ReportError;
use super::carbon::{at, run};
use super::csv::method_name;
use super::preference::replaced;
use crate::analysis::{
    Comparison, Provenance, QuantityKind, RunFootprint, Standing, Summary, broken, nearest_feasible,
    preferences_in_words, unreached,
};
use crate::carbon::Carbon;
use crate::energy::units::{DomainEnergy, Joules};
use crate::optimizer::problem::{Goal, Metrics, Preference};
use crate::optimizer::space::{Point, Space, Value};
use crate::record::{EnergyMetric, StudyRecord, TrialRecord, TrialResult};

/// Which configuration to pick.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Choice {
    /// The knee of the front: the best trade (the default). Where the front has no bend, the trial that saves the largest
    /// share of the cost for the share of the lead that it gives up, or the best in the lead; the pick then says so. See
    /// [`Standing`].
    #[default]
    Knee,
    /// The cheapest trial of the front whose first non-energy objective is no worse than the best by more than this. A
    /// share: 0.01 is 1 %. Of a fraction such as an accuracy 1 % means one *point* (0.95 is within 1 % of 0.96); of any
    /// other metric it means 1 % of the best value.
    Within(f64),
    /// The finished trial with this id, on the front or not.
    Trial(u64),
}

impl Choice {
    /// [`Choice::Within`] from text such as `1%`, `0.5 %` or `0.01`.
    ///
    /// # Errors
    /// [`ReportError::Tolerance`] for anything that is no finite number at or above zero.
    pub fn within(text: &str) -> Result<Self, ReportError> {
        let error = || ReportError::Tolerance { text: text.to_owned() };
        let (number, unit) = match text.trim().strip_suffix('%') {
            Some(number) => (number.trim_end(), 0.01),
            None => (text.trim(), 1.0),
        };
        let share = number.parse::<f64>().map_err(|_| error())? * unit;
        if share.is_finite() && share >= 0.0 { Ok(Self::Within(share)) } else { Err(error()) }
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
    /// Where its energies come from: by metric, all energy metrics that it has and `energy`, that of its trial phase.
    pub energies: BTreeMap<String, PickedEnergy>,
    /// Its objectives in words, with the provenance of energies.
    pub in_words: String,
    /// Against the trial that is best in the first non-energy objective; `None` if it is that trial.
    pub against_best: Option<Comparison>,
    /// Against the first finished point that the user brought; `None` if there is none or if it is that trial.
    pub against_start: Option<Comparison>,
    /// What a run of it emits, and at what; `None` if its energy is not known or before [`with_carbon`](Self::with_carbon).
    pub footprint: Option<(RunFootprint, Carbon)>,
    space: Space,
    study: String,
}

/// Picks a configuration among those of the front that have what the study prefers. [`Choice::Within`] compares with the
/// best of those; [`Choice::Trial`] asks no preference.
///
/// # Errors
/// [`ReportError::NonePreferred`] if the front has no trial that has what is preferred,
/// [`ReportError::NoFinishedTrial`] and [`ReportError::NothingFeasible`] if there is nothing to pick from,
/// [`ReportError::UnknownTrial`] and [`ReportError::NotFinished`] for ids, [`ReportError::Tolerance`] for a tolerance that
/// is negative or not finite.
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
    match summary.pick.filter(|_| summary.standing == Standing::Nearest && !by_number) {
        Some(nearest) => Err(ReportError::NonePreferred {
            wanted: preferences_in_words(record),
            nearest,
            values: summary.values_in_words(record, nearest),
        }),
        None => pick_of(record, &summary, choice),
    }
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
    let id = match choice {
        Choice::Knee => summary.pick.ok_or_else(nothing)?,
        Choice::Within(share) => within(record, summary, share)?.ok_or_else(nothing)?,
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
    let against = |other: u64| if other == id { None } else { Comparison::between(record, id, other) };
    Ok(Pick {
        trial: id,
        point: trial.point.clone(),
        values: result.metrics.clone(),
        on_front: summary.on_front(id),
        is_knee: summary.knee == Some(id),
        broken: words(record, trial),
        caveat: caveat(record, summary).filter(|_| choice == Choice::Knee),
        energies: energies(result),
        in_words: summary.values_in_words(record, id),
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
        Standing::Knee | Standing::Nearest => None,
        Standing::NoBend => {
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
        Standing::OnlyUseful => {
            Some("not a knee but the only trial of the front that lies within the reference point".to_owned())
        }
        Standing::OnlyPreferred => Some(format!("not a knee but the only trial of the front with {wanted}")),
        Standing::Weighted => Some("the best trade by your weights".to_owned()),
    }
}

fn energies(result: &TrialResult) -> BTreeMap<String, PickedEnergy> {
    let total = "energy".to_owned();
    let names: BTreeSet<&String> =
        result.metrics.keys().filter(|name| EnergyMetric::is_reserved(name)).chain([&total]).collect();
    let energy = |name: &String| {
        let metric: Option<EnergyMetric> = name.parse().ok();
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

/// The cheapest of the preferred part of the front that is within a share of the best there.
fn within(record: &StudyRecord, summary: &Summary, share: f64) -> Result<Option<u64>, ReportError> {
    if !(share.is_finite() && share >= 0.0) {
        return Err(ReportError::Tolerance { text: share.to_string() });
    }
    let objectives = record.problem().objectives();
    let value = |id: u64, k: usize| record.trial(id)?.result()?.metrics.get(&objectives[k].metric).copied();
    let loss = |id: u64, k: usize| value(id, k).and_then(|v| objectives[k].loss(v).ok()).unwrap_or(f64::INFINITY);
    let reached = |id: &&u64| record.trial(**id).is_some_and(|t| unreached(record, t).is_empty());
    let front: Vec<u64> = summary.front.iter().filter(reached).copied().collect();
    let lead = |id: &u64| loss(*id, summary.lead);
    let Some(best) = front.iter().copied().min_by(|a, b| lead(a).total_cmp(&lead(b))) else { return Ok(None) };
    let Some(top) = value(best, summary.lead) else { return Ok(Some(best)) };
    let room = match summary.quantities[summary.lead].kind {
        QuantityKind::Fraction => share,
        QuantityKind::Energy | QuantityKind::Plain => share * top.abs(),
    };
    // The slack of a few units in the last place lets 0.95 count as within 1 % of 0.96.
    let slack = 8.0 * f64::EPSILON * top.abs().max(room);
    let near = |id: &&u64| {
        value(**id, summary.lead).is_some_and(|v| match objectives[summary.lead].goal {
            Goal::Maximize => v >= top - room - slack,
            Goal::Minimize => v <= top + room + slack,
        })
    };
    let by = |id: &u64| (loss(*id, summary.cost.unwrap_or(summary.lead)), loss(*id, summary.lead));
    let order = |a: &&u64, b: &&u64| {
        let (a, b) = (by(a), by(b));
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
    };
    Ok(front.iter().filter(near).min_by(order).copied().or(Some(best)))
}

impl Pick {
    /// The same with what its energy stands for, in TOML and JSON; `record` is the one that it was picked from.
    #[must_use]
    pub fn with_carbon(mut self, record: &StudyRecord, carbon: &Carbon) -> Self {
        let footprint = RunFootprint::of(record, &Summary::of(record), self.trial, carbon);
        self.footprint = footprint.map(|footprint| (footprint, carbon.clone()));
        self
    }

    /// What it saves and costs, a line each: against the best, and against the user's own setting.
    #[must_use]
    pub fn comparisons(&self) -> Vec<String> {
        let line = |comparison: &Comparison, other: &str| {
            let changes: Vec<_> = comparison.changes.iter().map(|c| c.phrase()).collect();
            let values = comparison.changes.iter().filter(|c| c.quantity.is_energy());
            let joules: Vec<_> =
                values.map(|c| format!("{} against {}", c.quantity.show(c.to), c.quantity.show(c.from))).collect();
            let joules = if joules.is_empty() { String::new() } else { format!(": {}", joules.join(", ")) };
            format!("against {other} {}: {}{joules}", comparison.against, changes.join(", "))
        };
        let best = self.against_best.iter().map(|c| {
            let accurate = c.changes.iter().any(|c| !c.quantity.is_energy() && c.quantity.metric.contains("accuracy"));
            line(c, if accurate { "the most accurate trial" } else { "the best trial" })
        });
        let start = self.against_start.iter().map(|c| line(c, "your own setting, trial"));
        best.chain(start).collect()
    }

    /// The configuration as TOML, parameters in the order of the space, with what it achieves as comments. The lines can
    /// be pasted into `[train]` of a study file.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut toml = format!("# trial {} of the study {}", self.trial, one_line(&self.study));
        if !self.on_front {
            toml += ", which is not on the front";
        }
        if !self.broken.is_empty() {
            let _ = write!(toml, "\n# it breaks a constraint: {}", one_line(&self.broken.join("; ")));
        }
        let _ = write!(toml, "\n# {}\n", one_line(&self.in_words));
        if let Some(caveat) = &self.caveat {
            let _ = writeln!(toml, "# {}", one_line(caveat));
        }
        for line in self.comparisons() {
            let _ = writeln!(toml, "# {}", one_line(&line));
        }
        if let Some((footprint, carbon)) = &self.footprint {
            let _ = writeln!(toml, "# each run: {}", one_line(&format!("{footprint}; at {carbon}")));
        }
        toml + &point_toml(&self.space, &self.point)
    }

    /// The same as JSON: `trial`, `on_front`, `is_knee`, `broken` (the constraints that it breaks, in words), `caveat` (null
    /// or why it is no knee), `params`, `metrics` (those of energy in joules), `energy`, `carbon`, and `against_best` and
    /// `against_start`, each null or with `trial`, and by metric `value`, `other`, `ratio` (null where one is not above zero)
    /// and `estimated`. `energy` has the trial's energies by metric, each with `total_j`, `method` as in the study's export,
    /// `estimated` and `domains`. `carbon` is null or has what a `run` emits, and `at` what, as in the study's export.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let against = |comparison: &Comparison| {
            let changes: serde_json::Map<_, _> = comparison
                .changes
                .iter()
                .map(|c| {
                    let change = json!({"value": c.to, "other": c.from, "ratio": c.ratio(), "estimated": c.estimated});
                    (c.quantity.metric.clone(), change)
                })
                .collect();
            json!({"trial": comparison.against, "metrics": changes})
        };
        let energy = |(metric, energy): (&String, &PickedEnergy)| {
            let provenance = &energy.provenance;
            let value = json!({
                "total_j": energy.joules,
                "method": method_name(provenance.method),
                "estimated": provenance.is_estimate(),
                "domains": energy.domains,
            });
            (metric.clone(), value)
        };
        json!({
            "study": self.study,
            "trial": self.trial,
            "on_front": self.on_front,
            "is_knee": self.is_knee,
            "broken": self.broken,
            "caveat": self.caveat,
            "params": self.point,
            "metrics": self.values,
            "energy": self.energies.iter().map(energy).collect::<serde_json::Map<_, _>>(),
            "carbon": self.footprint.as_ref().map(|(footprint, carbon)| json!({"at": at(carbon), "run": run(footprint)})),
            "in_words": self.in_words,
            "against_best": self.against_best.as_ref().map(against),
            "against_start": self.against_start.as_ref().map(against),
        })
    }
}

/// A point as TOML, a line per active parameter, in the order of the space.
#[must_use]
pub fn point_toml(space: &Space, point: &Point) -> String {
    let active = space.parameters().iter().filter_map(|p| Some((p.name.as_str(), point.get(&p.name)?)));
    active.map(|(name, value)| format!("{} = {}\n", toml_key(name), toml_value(value))).collect()
}

fn toml_key(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if bare { name.to_owned() } else { toml_string(name) }
}

fn toml_value(value: &Value) -> String {
    match value {
        Value::Text(text) => toml_string(text),
        // Bools, integers and Rust's `{:?}` of finite floats are TOML as they are.
        other => other.to_string(),
    }
}

fn toml_string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted += "\\\"",
            '\\' => quoted += "\\\\",
            '\n' => quoted += "\\n",
            '\t' => quoted += "\\t",
            '\r' => quoted += "\\r",
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

/// Keeps text on its line: a newline in a name must not end a comment.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::fixture::{StudyFixture, counters, digits, digits_point, digits_problem, estimate};
    use crate::optimizer::history::FailureKind;
    use crate::optimizer::problem::Bound;

    #[test]
    fn the_knee_as_toml() {
        insta::assert_snapshot!(pick(&digits(estimate), Choice::Knee).unwrap().to_toml());
    }

    #[test]
    fn the_knee_as_json() {
        let picked = pick(&digits(counters), Choice::default()).unwrap().to_json();
        insta::assert_snapshot!(serde_json::to_string_pretty(&picked).unwrap());
    }

    #[test]
    fn a_pick_with_carbon_says_what_a_run_emits() {
        let carbon = Carbon::default().with_intensity(350.0, "ENTSO-E, Germany", Some("2026-10")).unwrap();
        let carbon = carbon.with_pue(1.2).unwrap().with_price(0.32, "EUR").unwrap();
        let record = digits(estimate);
        let picked = pick(&record, Choice::Knee).unwrap().with_carbon(&record, &carbon);
        let line = picked.to_toml().lines().find(|l| l.starts_with("# each run")).unwrap().to_owned();
        insta::assert_snapshot!(line, @"# each run: 1.35 mg CO2e and less than 0.0001 EUR (ESTIMATED), 7.76 mg less than trial 27; at 350 g/kWh (ENTSO-E, Germany, 2026-10), PUE 1.2, 0.32 EUR/kWh");
        insta::assert_snapshot!("carbon_of_a_pick", serde_json::to_string_pretty(&picked.to_json()["carbon"]).unwrap());
        let best = pick(&record, Choice::Within(0.0)).unwrap().with_carbon(&record, &carbon);
        assert_eq!(best.to_json()["carbon"]["run"]["saved"], serde_json::Value::Null);
        let unmetered = StudyFixture::new("unmetered", digits_problem())
            .finish(digits_point(1e-3, 8, 32, None), [("accuracy", 0.9), ("energy", 5.0)], None)
            .record();
        let told = pick(&unmetered, Choice::Knee).unwrap().with_carbon(&unmetered, &carbon);
        assert!(told.to_toml().contains("# each run: 583 µg CO2e and less than 0.0001 EUR; at 350 g/kWh"));
    }

    #[test]
    fn a_front_without_a_bend_says_what_was_picked_instead() {
        let point = |i| digits_point(1e-3, i, 32, None);
        let record = StudyFixture::new("straight", digits_problem())
            .finish(point(8), [("accuracy", 0.964)], Some(counters(100.0)))
            .finish(point(9), [("accuracy", 0.963)], Some(counters(10.0)))
            .record();
        let picked = pick(&record, Choice::Knee).unwrap();
        assert_eq!((picked.trial, picked.is_knee), (1, false));
        let toml = picked.to_toml();
        assert!(
            toml.contains("# the front has no bend, so no trial is the knee; this one saves the largest"),
            "{toml}"
        );
        assert_eq!(pick(&record, Choice::Trial(1)).unwrap().caveat, None, "it was asked for by its id");
    }

    #[test]
    fn every_energy_comes_with_its_method() {
        let best = pick(&study(), Choice::Trial(0)).unwrap().to_json();
        assert_eq!(best["against_best"], serde_json::Value::Null);
        let domains = ["gpu:GPU-5d2c1a", "cpu:package-0"];
        let expected = json!({"total_j": 100.0, "method": "counter", "estimated": false, "domains": domains});
        assert_eq!(best["energy"], json!({"energy": expected}));

        let problem = crate::optimizer::problem::Problem::new(digits_problem().space().clone()).maximize("accuracy");
        let beside = StudyFixture::new("beside", problem)
            .finish(
                digits_point(1e-3, 8, 32, None),
                [("accuracy", 0.9), ("energy.train.gpu", 2.0)],
                Some(estimate(9.0)),
            )
            .record();
        let energy = &pick(&beside, Choice::Knee).unwrap().to_json()["energy"];
        assert_eq!(energy["energy"]["method"], "estimate");
        assert_eq!(energy["energy"]["estimated"], true);
        assert_eq!(
            energy["energy.train.gpu"],
            json!({
                "total_j": 2.0, "method": "reported", "estimated": false, "domains": []
            })
        );
    }

    fn study() -> StudyRecord {
        let point = |i| digits_point(1e-3, i, 32, None);
        StudyFixture::new("picking", digits_problem())
            .finish(point(8), [("accuracy", 0.96)], Some(counters(100.0)))
            .finish(point(9), [("accuracy", 0.95)], Some(counters(40.0)))
            .finish(point(10), [("accuracy", 0.90)], Some(counters(5.0)))
            .finish(point(11), [("accuracy", 0.80)], Some(counters(50.0)))
            .fail(point(12), FailureKind::Diverged, "NaN", None)
            .record()
    }

    #[test]
    fn one_percent_of_a_fraction_is_one_point() {
        let trial = |share| pick(&study(), Choice::Within(share)).unwrap().trial;
        assert_eq!(trial(0.0), 0);
        assert_eq!(trial(0.009), 0);
        assert_eq!(trial(0.01), 1);
        assert_eq!(trial(0.06), 2);
        assert_eq!(trial(1.0), 2);
    }

    #[test]
    fn one_percent_of_another_metric_is_relative() {
        let point = |i| digits_point(1e-3, i, 32, None);
        let study = |name: &str| {
            let problem = crate::optimizer::problem::Problem::new(digits_problem().space().clone());
            StudyFixture::new(name, problem.minimize("loss").minimize("energy"))
                .finish(point(8), [("loss", 2.0)], Some(counters(100.0)))
                .finish(point(9), [("loss", 2.02)], Some(counters(40.0)))
                .record()
        };
        assert_eq!(pick(&study("loss"), Choice::Within(0.009)).unwrap().trial, 0);
        assert_eq!(pick(&study("loss"), Choice::Within(0.01)).unwrap().trial, 1);
    }

    #[test]
    fn what_cannot_be_picked_is_refused() {
        let empty = StudyFixture::new("empty", digits_problem()).record();
        let error = |record: &StudyRecord, choice| pick(record, choice).expect_err("refused").to_string();
        insta::assert_snapshot!(
            [
                error(&empty, Choice::Knee),
                error(&study(), Choice::Trial(77)),
                error(&study(), Choice::Trial(4)),
                error(&study(), Choice::Within(-0.1)),
                Choice::within("1 %%").expect_err("refused").to_string(),
                Choice::within("-1%").expect_err("refused").to_string(),
            ]
            .join("\n"),
            @r"
        the study `empty` has no finished trial to pick from (0 failed); run it first
        the study has no trial 77; its ids go from 0 to 4
        trial 4 is failed (diverged), so it has no result to compare; pick a finished trial, such as 1
        `-0.1` is no tolerance: give a number at or above zero, such as `1%` or `0.01`
        `1 %%` is no tolerance: give a number at or above zero, such as `1%` or `0.01`
        `-1%` is no tolerance: give a number at or above zero, such as `1%` or `0.01`
        "
        );
    }

    #[test]
    fn tolerances_are_shares_or_percent() {
        assert_eq!(Choice::within("1%"), Ok(Choice::Within(0.01)));
        assert_eq!(Choice::within(" 0.5 % "), Ok(Choice::Within(0.005)));
        assert_eq!(Choice::within("0.02"), Ok(Choice::Within(0.02)));
    }

    #[test]
    fn a_dominated_trial_says_so() {
        assert!(pick(&study(), Choice::Trial(3)).unwrap().to_toml().contains("which is not on the front"));
    }

    #[test]
    fn names_and_texts_are_quoted() {
        let space = Space::builder().choice("a b", ["x\"\\\n\u{7}"]).float("lr", 1e-9..=1.0).build().unwrap();
        let point: Point = [("a b", Value::from("x\"\\\n\u{7}")), ("lr", Value::from(1e-5))].into_iter().collect();
        assert_eq!(point_toml(&space, &point), "\"a b\" = \"x\\\"\\\\\\n\\u0007\"\nlr = 1e-5\n");
    }

    #[test]
    fn preferences_choose_among_what_has_them() {
        let point = |i| digits_point(1e-3, i, 32, None);
        let record = [(0.964, 100.0), (0.96, 29.0), (0.94, 20.0), (0.5, 9.0), (0.3, 8.0)]
            .into_iter()
            .enumerate()
            .fold(StudyFixture::new("wishes", digits_problem()), |fixture, (i, (accuracy, joules))| {
                fixture.finish(point(8 + i as i64), [("accuracy", accuracy)], Some(counters(joules)))
            })
            .record();
        let picked = |choice, preferences: &[Preference]| pick_preferring(&record, choice, preferences.to_vec());
        let frugal = Preference::within("energy", Bound::AtMost(25.0));
        assert_eq!(picked(Choice::Knee, &[]).unwrap().trial, 2);
        let few = picked(Choice::Knee, std::slice::from_ref(&frugal)).unwrap();
        assert!(few.trial >= 2, "{}", few.trial);
        assert_eq!(picked(Choice::Within(0.05), std::slice::from_ref(&frugal)).unwrap().trial, 2);
        assert_eq!(picked(Choice::Within(0.05), &[]).unwrap().trial, 2);
        assert_eq!(picked(Choice::Within(0.001), std::slice::from_ref(&frugal)).unwrap().trial, 2, "of what is left");
        let weighted = picked(Choice::Knee, &[Preference::weight("accuracy", 500.0)]).unwrap();
        assert_eq!((weighted.trial, weighted.caveat.as_deref()), (0, Some("the best trade by your weights")));
        // The study's own preferences choose as those of the question do.
        let own = record.clone().preferring(vec![frugal.clone()]);
        for choice in [Choice::Knee, Choice::Within(0.001), Choice::Within(0.05)] {
            let asked = picked(choice, std::slice::from_ref(&frugal)).unwrap().trial;
            assert_eq!(pick(&own, choice).unwrap().trial, asked, "{choice:?}");
        }
        let all = own.clone().preferring(vec![Preference::within("accuracy", Bound::AtLeast(0.99))]);
        for choice in [Choice::Knee, Choice::Within(0.05)] {
            let refused = pick(&all, choice).unwrap_err();
            assert!(matches!(refused, ReportError::NonePreferred { nearest: 0, .. }), "{refused}");
        }
        assert_eq!(pick(&all, Choice::Trial(4)).unwrap().trial, 4);
        let none = picked(Choice::Knee, &[Preference::within("accuracy", Bound::AtLeast(0.99))]).unwrap_err();
        assert!(
            none.to_string().contains("has accuracy at least 99.0 %; nearest is trial 0: accuracy 96.4 %"),
            "{none}"
        );
    }

    #[test]
    fn what_breaks_a_constraint_is_picked_only_by_its_number() {
        let problem = digits_problem().constraint("accuracy", Bound::AtLeast(0.9));
        let record = StudyFixture::new("bounded", problem)
            .finish(digits_point(1e-3, 8, 32, None), [("accuracy", 0.5)], Some(counters(10.0)))
            .record();
        for choice in [Choice::Knee, Choice::Within(0.01)] {
            let error = pick(&record, choice).unwrap_err().to_string();
            assert!(error.contains("nearest is trial 0: accuracy 50.0 %, not at least 90.0 %"), "{error}");
        }
        let toml = pick(&record, Choice::Trial(0)).unwrap().to_toml();
        assert!(toml.contains("# it breaks a constraint: accuracy 50.0 %, not at least 90.0 %\n"), "{toml}");
    }
}
