//! A whole study as JSON, for other programs.
//!
//! The shape is stable: `format` is `wattfront-study` and `version` grows when a field changes its meaning or goes; new
//! fields may come at any time. Energies are joules: their names end in `_j`, but for those of `metrics`, `sd` and
//! `reference`, which are the metrics' own (`energy`, `energy.train.gpu`). Durations are seconds, times seconds since 1970.
//! `carbon` has grams of CO2e, and costs in the `currency`; `saved` is how much less a run of the pick takes than one of the
//! trial `against`.
//! Missing is null, never zero; inactive parameters are absent. A number that is not finite (a diverged loss) is null.
//! `consumers` of `energy` is what draws power where the study ran last, with a figure or without, and `consumers_changed` in what
//! sessions differ there; `without`, and `left_out` beside a total, are the names by which the user left some of it out.
//! `spent_j` is a lower bound where `spent_unknown_attempts` is above zero. The values of the environment variables of
//! `[command]` may be secrets, so `identity` has their names only.
//!
//! ```json
//! {
//!   "format": "wattfront-study", "version": 1,
//!   "study": {"name": "digits", "seed": 7, "sampler": "gp", "identity": {}},
//!   "space": [{"name": "learning_rate", "domain": {"type": "float", "low": 1e-5, "high": 0.1, "scale": "log", "step": null}}],
//!   "objectives": [{"metric": "accuracy", "goal": "maximize", "scale": "linear"}],
//!   "constraints": [{"metric": "accuracy", "bound": {"at_least": 0.5}}], "requirements": ["width * batch <= 200000"],
//!   "forbidden": [{"clauses": [["optimizer", {"values": ["sgd"]}]]}], "preferences": [], "starts": [],
//!   "earlier": [{"study": "other", "folder": "results/other", "trials": 38, "finished": 40, "left_out": {}}],
//!   "front": [23, 17], "knee": 23, "pick": 23, "best": 17, "start": null, "sentence": "trial 23 uses ...",
//!   "hypervolume": {"value": 4.2, "reference": {"accuracy": 0.5, "energy": 148.4}, "reference_losses": [-0.5, 5.0],
//!                   "frozen": true, "steps": [{"trial": 0, "value": 1.1, "failed": false}]},
//!   "energy": {"estimated": false, "mixed": false, "domains": [{"domain": "gpu:GPU-5d2c", "method": "counter"}], "notes": [],
//!              "without": ["gpu:1"], "consumers": [{"name": "gpu:0", "standing": "metered"}], "consumers_changed": []},
//!   "totals": {"finished": 37, "infeasible": 5, "failed": {"diverged": 3}, "open": 0, "spent_j": 912.5, "spent_method": "counter",
//!              "spent_unknown_attempts": 0, "trial_seconds": 130.0, "propose_seconds": 1.2, "optimizer_share": 0.009},
//!   "carbon": {"at": {"intensity_g_per_kwh": 350.0, "source": "my supplier's label", "date": "2026", "world_average": false,
//!                     "pue": 1.2, "price_per_kwh": 0.32, "currency": "EUR"},
//!              "spent": {"co2e_g": 0.106, "cost": 0.0001, "estimated": false, "at_least": false},
//!              "pick": {"trial": 23, "co2e_g": 0.0015, "cost": 0.000001, "estimated": false, "at_least": false,
//!                       "saved": {"against": 17, "co2e_g": 0.0088, "cost": 0.000008}}},
//!   "sessions": [{"started": 1.75e9, "last": 1.75e9, "end": "budget", "environment": {}}],
//!   "trials": [{
//!     "id": 0, "state": "finished", "feasible": true, "on_front": false, "attempts": 1, "started": 1.75e9, "ended": 1.75e9,
//!     "params": {"learning_rate": 0.01}, "metrics": {"accuracy": 0.9}, "sd": {},
//!     "energy": {"trial": {"seconds": 3.1, "total_j": 12.5, "method": "counter",
//!                          "domains": [{"kind": "gpu", "id": "GPU-5d2c", "method": "counter", "energy_j": 12.5, "note": null}]}},
//!     "spent_j": 14.0, "spent_method": "counter", "spent_unknown_attempts": 0, "spent": [], "failure": null,
//!     "proposal": {"rule": "log-ehvi"}, "propose_seconds": 0.02,
//!     "epochs": [{"step": 1, "seconds": 0.3, "metrics": {"loss": 0.7}, "energy": null}]
//!   }]
//! }
//! ```

use serde_json::{Map, Value, json};

use super::identity::without_secrets;
use crate::analysis::{Footprint, Spent, Summary, changes_of_inventory, left_out_by};
use crate::carbon::Carbon;
use crate::energy::units::WindowEnergy;
use crate::record::{EarlierStudy, StudyRecord, TrialRecord};
use crate::report::words::{method_name, study_carbon, tell_doubts};

/// Version of the shape.
pub const VERSION: u32 = 1;

/// The whole study as a JSON value, with grams and costs by `carbon`; see the [module](self) for its shape.
#[must_use]
pub fn study(record: &StudyRecord, carbon: &Carbon) -> Value {
    let summary = Summary::of(record);
    let header = record.header();
    json!({
        "format": "wattfront-study",
        "version": VERSION,
        "study": {
            "name": header.name,
            "seed": header.seed,
            "sampler": header.sampler,
            "identity": without_secrets(&header.identity),
        },
        "space": header.problem.space(),
        "objectives": header.problem.objectives(),
        "constraints": header.problem.constraints(),
        "requirements": header.problem.requirements(),
        "forbidden": header.problem.forbidden(),
        "preferences": header.problem.preferences(),
        "starts": header.problem.starts(),
        "earlier": record.earlier().iter().map(earlier).collect::<Vec<_>>(),
        "front": summary.front,
        "knee": summary.knee,
        "pick": summary.pick,
        "best": summary.best,
        "start": summary.start,
        "sentence": summary.sentence(record),
        "hypervolume": hypervolume(record, &summary),
        "energy": basis(record, &summary),
        "totals": totals(&summary),
        "carbon": study_carbon(&Footprint::of(record, &summary, carbon), carbon),
        "sessions": record.sessions(),
        "trials": record.trials().iter().map(|t| trial(record, t, &summary)).collect::<Vec<_>>(),
    })
}

/// [`study`] as indented text with a line break at its end.
#[must_use]
pub fn study_text(record: &StudyRecord, carbon: &Carbon) -> String {
    format!("{:#}\n", study(record, carbon))
}

/// What was taken over from an earlier study; its trials are no trials of this one.
fn earlier(study: &EarlierStudy) -> Value {
    json!({
        "study": study.study.name,
        "folder": study.folder,
        "trials": study.study.trials.len(),
        "finished": study.finished(),
        "left_out": study.left_out,
    })
}

fn hypervolume(record: &StudyRecord, summary: &Summary) -> Value {
    let Some(hypervolume) = &summary.hypervolume else { return Value::Null };
    let values = record.problem().values(&hypervolume.reference);
    let names = record.problem().objectives().iter().map(|o| o.metric.clone());
    let steps = summary.steps.iter().map(|s| json!({"trial": s.trial, "value": s.value, "failed": s.failed}));
    json!({
        "value": hypervolume.value,
        "reference": names.zip(values.into_iter().map(Value::from)).collect::<Map<_, _>>(),
        "reference_losses": hypervolume.reference,
        "frozen": hypervolume.frozen,
        "steps": steps.collect::<Vec<_>>(),
    })
}

fn basis(record: &StudyRecord, summary: &Summary) -> Value {
    let basis = &summary.basis;
    let domains =
        basis.domains.iter().map(|(d, method)| json!({"domain": d.to_string(), "method": method_name(*method)}));
    let mut told = json!({
        "estimated": basis.is_estimated(),
        "mixed": basis.is_mixed(),
        "domains": domains.collect::<Vec<_>>(),
        "notes": basis.notes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "without": left_out_by(record),
        "consumers": record.sessions().last().map(|session| &session.environment.consumers),
        "consumers_changed": changes_of_inventory(record),
    });
    tell_doubts(&mut told, &basis.doubts);
    told
}

fn totals(summary: &Summary) -> Value {
    let totals = &summary.totals;
    let failed: Map<_, _> = totals.failed.iter().map(|(kind, n)| (kind.label().to_owned(), (*n).into())).collect();
    json!({
        "finished": totals.finished,
        "infeasible": totals.infeasible,
        "failed": failed,
        "open": totals.open,
        "spent_j": totals.spent.as_ref().map(|s| s.joules),
        "spent_method": totals.spent.as_ref().map(|s| method_name(s.provenance.method)),
        "spent_unknown_attempts": totals.spent.as_ref().map(|s| s.unknown),
        "trial_seconds": totals.trial_seconds,
        "propose_seconds": totals.propose_seconds,
        "optimizer_share": totals.optimizer_share(),
    })
}

fn trial(record: &StudyRecord, trial: &TrialRecord, summary: &Summary) -> Value {
    let result = trial.result();
    let spent = Spent::of(trial);
    let energy = |phases: &crate::record::Phases| {
        phases.iter().map(|(phase, w)| (phase.clone(), window(w))).collect::<Map<String, Value>>()
    };
    let epochs = trial.epochs.iter().map(|e| {
        json!({"step": e.step, "seconds": e.seconds, "metrics": e.metrics, "energy": e.energy.as_ref().map(window)})
    });
    json!({
        "id": trial.id,
        "state": trial.state.label(),
        "feasible": result.map(|_| record.is_feasible(trial)),
        "on_front": summary.on_front(trial.id),
        "attempts": trial.attempts,
        "started": trial.started,
        "ended": trial.ended,
        "params": trial.point,
        "metrics": result.map(|r| &r.metrics),
        "sd": result.map(|r| &r.sd),
        "energy": result.map(|r| energy(&r.energy)),
        "spent_j": spent.as_ref().map(|s| s.joules),
        "spent_method": spent.as_ref().map(|s| method_name(s.provenance.method)),
        "spent_unknown_attempts": spent.as_ref().map(|s| s.unknown),
        "spent": trial.spent.iter().map(window).collect::<Vec<_>>(),
        "devices": {"before": trial.devices_before, "after": trial.devices_after},
        "failure": trial.failure(),
        "proposal": trial.fit,
        "propose_seconds": trial.propose_seconds,
        "epochs": epochs.collect::<Vec<_>>(),
    })
}

fn window(window: &WindowEnergy) -> Value {
    let domains = window.domains.iter().map(|d| {
        json!({
            "kind": d.domain.kind.name(),
            "id": d.domain.id,
            "method": method_name(d.method),
            "energy_j": d.joules,
            "idle_j": d.idle,
            "net_j": d.net(),
            "uncertainty_j": d.uncertainty,
            "note": d.note,
        })
    });
    let mut told = json!({
        "seconds": window.seconds,
        "total_j": window.total(),
        "net_j": window.net(None),
        "sd_j": window.uncertainty(None).map(|u| json!({"absolute": u.absolute(), "relative": u.relative()})),
        "method": window.method().map(method_name),
        "domains": domains.collect::<Vec<_>>(),
    });
    if !window.left_out.is_empty() {
        told["left_out"] = json!(window.left_out);
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::fixture::{StudyFixture, counters, digits, digits_point, digits_problem};
    use crate::optimizer::history::FailureKind;
    use crate::optimizer::problem::{Forbidden, Match};

    #[test]
    fn the_shape_of_a_small_study() {
        let record = StudyFixture::new("small", digits_problem())
            .finish(digits_point(1e-3, 8, 16, None), [("accuracy", 0.5)], Some(counters(2.0)))
            .fail(digits_point(1e-3, 9, 16, Some(0.5)), FailureKind::Timeout, "too long", None)
            .record();
        insta::assert_snapshot!(study_text(&record, &Carbon::default()));
    }

    #[test]
    fn the_reference_is_in_raw_units() {
        let value = study(&digits(counters), &Carbon::default());
        assert_eq!(value["hypervolume"]["reference"]["accuracy"], 0.2);
        let energy = value["hypervolume"]["reference"]["energy"].as_f64().unwrap();
        assert!((energy - 5f64.exp()).abs() < 1e-9, "{energy}");
        assert_eq!(value["hypervolume"]["frozen"], true);
        assert_eq!(value["trials"].as_array().map(Vec::len), Some(30));
    }

    #[test]
    fn what_is_never_proposed_is_told() {
        let problem = digits_problem().require(["log(width) <= 5"]).unwrap();
        let clauses = vec![("width".to_owned(), Match::Values(vec![16.into()]))];
        let record = StudyFixture::new("narrow", problem.forbid([Forbidden { clauses }]).unwrap()).record();
        let value = study(&record, &Carbon::default());
        assert_eq!(value["requirements"], json!(["log(width) <= 5"]));
        assert_eq!(value["forbidden"], json!([{"clauses": [["width", {"values": [16]}]]}]));
    }

    #[test]
    fn an_empty_study_is_still_an_answer() {
        let value = study(&StudyFixture::new("empty", digits_problem()).record(), &Carbon::default());
        assert_eq!(value["hypervolume"], Value::Null);
        assert_eq!(value["totals"]["spent_j"], Value::Null);
        assert_eq!(value["carbon"]["spent"], Value::Null, "what is not known has no grams");
        assert_eq!(value["carbon"]["pick"], Value::Null);
        assert_eq!(value["front"], json!([]));
    }
}
