//! Trials that were run again as JSON, for other programs.
//!
//! The shape is stable: `format` is `wattfront-confirmation` and `version` grows when a field changes its meaning or goes; new fields
//! may come at any time. Energies are joules. `low` and `high` are the ends of 95 % intervals, null of one seed and of two equal ones; means of energies
//! and of objectives on a log scale are geometric. A difference is against `base`, over the `seeds` with which both have finished:
//! `ratio` is the trial's value over that of the base, `difference` is less it. `chosen` are those of `base` and `pick` that were
//! chosen by these means.
//!
//! ```json
//! {
//!   "format": "wattfront-confirmation", "version": 1, "name": "digits", "sentence": "over 5 seeds, trial 38 against trial 29, ...",
//!   "changes": [], "seeds": 5, "base": 29, "recommended": 38, "pick": 38, "chosen": [], "estimated": true,
//!   "energy_by": ["cpu, ESTIMATED"], "metered_otherwise": null, "spent_j": 1650.0, "spent_method": "estimate",
//!   "constraints": [{"trial": 38, "constraint": "accuracy at least 0.5", "is": "doubtful"}],
//!   "objectives": [{"metric": "accuracy", "goal": "maximize", "scale": "linear"}],
//!   "trials": [{
//!     "trial": 38, "params": {"width": 16}, "on_front": true, "failures": 0,
//!     "metrics": {"energy": {"searched": 32.7, "searched_method": "estimate", "seeds": 5, "mean": 31.0, "geometric": true, "sd": 1.0,
//!                            "low": 29.9, "high": 32.1, "method": "estimate"}},
//!     "differences": {"energy": {"ratio": 0.35, "seeds": 5, "low": 0.3, "high": 0.4, "shown": true},
//!                     "accuracy": {"difference": -0.02, "seeds": 5, "low": -0.035, "high": -0.005, "shown": true}},
//!     "runs": [{"number": 0, "seed": 1834, "metrics": {"energy": 30.1}, "methods": {"energy": "estimate"}, "failed": null}]
//!   }]
//! }
//! ```

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::analysis::Provenance;
use crate::analysis::confirmation::{Confirmation, ConstraintStanding, Difference, Figure, Member, RepeatedRun};
use crate::record::EnergyMetric;
use crate::report::words::{method_name, tell_doubts};

/// What `format` says.
pub const FORMAT: &str = "wattfront-confirmation";

/// Version of the shape.
pub const VERSION: u32 = 1;

/// The whole as a JSON value; see the [module](self) for its shape.
#[must_use]
pub fn confirmation(confirmation: &Confirmation) -> Value {
    let otherwise = confirmation.metered_otherwise.as_ref().map(|(then, now)| json!({ "then": then, "now": now }));
    let constraints = confirmation.constraints.iter().map(|(trial, standing)| match standing {
        ConstraintStanding::Broken(constraint) => json!({ "trial": trial, "constraint": constraint, "is": "broken" }),
        ConstraintStanding::Doubtful(constraint) => {
            json!({ "trial": trial, "constraint": constraint, "is": "doubtful" })
        }
    });
    let spent = confirmation.spent.as_ref();
    let mut told = json!({
        "format": FORMAT,
        "version": VERSION,
        "name": confirmation.name,
        "sentence": confirmation.sentence(),
        "changes": confirmation.changes,
        "seeds": confirmation.seeds(),
        "base": confirmation.base,
        "recommended": confirmation.recommended,
        "pick": confirmation.pick,
        "chosen": confirmation.chosen,
        "estimated": confirmation.is_estimated(),
        "energy_by": confirmation.provenances().iter().map(ToString::to_string).collect::<Vec<_>>(),
        "metered_otherwise": otherwise,
        "spent_j": spent.map(|spent| spent.joules.0),
        "spent_method": spent.map(|spent| method_name(spent.provenance.method)),
        "spent_unknown_attempts": spent.map(|spent| spent.unknown),
        "constraints": constraints.collect::<Vec<_>>(),
        "objectives": confirmation.objectives,
        "trials": confirmation.members.iter().map(|m| member(confirmation, m)).collect::<Vec<_>>(),
    });
    tell_doubts(&mut told, &confirmation.doubts);
    told
}

/// [`confirmation`] as indented text with a line break at its end.
#[must_use]
pub fn confirmation_text(of: &Confirmation) -> String {
    format!("{:#}\n", confirmation(of))
}

fn member(confirmation: &Confirmation, member: &Member) -> Value {
    let metrics: Map<String, Value> = member.figures.iter().map(|f| (f.metric.clone(), figure(f))).collect();
    let differences = member.differences.iter().zip(&confirmation.objectives);
    let differences: Map<String, Value> = differences.map(|(d, o)| (o.metric.clone(), difference(d))).collect();
    json!({
        "trial": member.trial,
        "params": member.point,
        "on_front": member.on_front,
        "failures": member.failures(),
        "metrics": metrics,
        "differences": differences,
        "runs": member.runs.iter().map(run).collect::<Vec<_>>(),
    })
}

fn method(provenance: Option<&Provenance>) -> Option<&'static str> {
    provenance.map(|provenance| method_name(provenance.method))
}

fn figure(figure: &Figure) -> Value {
    let mean = figure.mean;
    let interval = mean.and_then(|mean| mean.interval);
    let mut value = json!({
        "searched": figure.searched,
        "seeds": mean.map_or(0, |mean| mean.count),
        "mean": mean.map(|mean| mean.mean),
        "geometric": figure.geometric,
        "sd": mean.and_then(|mean| mean.sd),
        "low": interval.map(|interval| interval.low),
        "high": interval.map(|interval| interval.high),
    });
    if EnergyMetric::is_reserved(&figure.metric) {
        value["searched_method"] = json!(figure.searched.and(method(figure.searched_by.as_ref())));
        value["method"] = json!(method(figure.by.as_ref()));
    }
    value
}

fn difference(difference: &Difference) -> Value {
    let (name, of): (_, fn(f64) -> f64) = match difference {
        Difference::Ratio(_) => ("ratio", f64::exp),
        Difference::Difference(_) => ("difference", |value| value),
    };
    let mean = difference.mean();
    let (low, high) = (mean.interval.map(|i| of(i.low)), mean.interval.map(|i| of(i.high)));
    let mut value = json!({ "seeds": mean.count, "low": low, "high": high, "shown": difference.is_shown() });
    value[name] = json!(of(mean.mean));
    value
}

fn run(run: &RepeatedRun) -> Value {
    let failed = run.outcome.as_ref().err().map(|f| json!({ "kind": f.kind, "message": f.message }));
    let told = run.outcome.as_ref().ok();
    let methods: Option<BTreeMap<_, _>> =
        told.map(|told| told.methods.iter().map(|(name, p)| (name, method_name(p.method))).collect());
    let metrics = told.map(|told| &told.metrics);
    json!({ "number": run.number, "seed": run.seed, "metrics": metrics, "methods": methods, "failed": failed })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::confirmation::tests::confirmed;
    use crate::analysis::fixture::counters;

    #[test]
    fn the_shape() {
        insta::assert_snapshot!(confirmation_text(&confirmed(counters)));
    }
}
