//! A comparison as JSON, for other programs.
//!
//! The shape is stable: `format` is `wattfront-comparison` and `version` grows when a field changes its meaning or goes; new
//! fields may come at any time. Energies are joules: their names end in `_j`, but for those of `reference` and of corners,
//! which are the metrics' own. Where `fronts_mixed`, `versus` has no more than its verdict `not comparable`. Where a spread has a null, most runs (or the better three quarters) never get there; where the
//! whole spread is null, it is not known. `lower` and `upper` are quartiles, `low` and `high` the ends of an interval.
//!
//! ```json
//! {
//!   "format": "wattfront-comparison", "version": 1, "name": "digits", "sentence": "over 10 seeds, gp ends ...",
//!   "baseline": "random", "seeds": [7, 8], "left_out": [{"sampler": "gp", "seed": 9}],
//!   "objectives": [{"metric": "accuracy", "goal": "maximize", "scale": "linear"}],
//!   "reference": {"accuracy": 0.5, "energy": 148.4}, "reference_losses": [-0.5, 5.0], "reference_given": false,
//!   "energy": {"estimated": false, "comparable": true, "methods": ["gpu+cpu, counter"], "lower_bound": false,
//!              "unknown_attempts": 0, "fronts_estimated": false, "fronts_mixed": false},
//!   "environments": ["wattfront 0.1.0, AMD EPYC 7543, 16 cores"],
//!   "target": 3.9, "level": 0.05, "smallest_p": 0.002,
//!   "samplers": [{
//!     "sampler": "gp", "hypervolume": {"lower": 4.0, "median": 4.2, "upper": 4.3}, "trials": 400, "failures": 3,
//!     "trials_to_target": {"lower": 12, "median": 17, "upper": null}, "energy_to_target_j": {"lower": 9.0, "median": 12.3, "upper": null},
//!     "runs_reaching": 7, "spent_j": {"lower": 1.0, "median": 1.0, "upper": 1.0}, "propose_seconds": {"lower": 1.0, "median": 1.0, "upper": 1.0},
//!     "versus": {"against": "random", "ahead": 9, "equal": 0, "behind": 1,
//!                "wilcoxon": {"positive": 54.0, "negative": 1.0, "pairs": 10, "zeros": 0, "p": 0.004, "exact": true},
//!                "p_holm": 0.004, "verdict": "better",
//!                "vargha_delaney": {"value": 0.9, "low": 0.7, "high": 1.0, "confidence": 0.95},
//!                "cliffs_delta": {"value": 0.8, "low": 0.4, "high": 1.0, "confidence": 0.95},
//!                "speedup": {"trials": {"lower": 1.8, "median": 2.4, "upper": 3.0}, "energy": null, "seeds_reaching": 9}},
//!     "over_trials": [{"trials": 0, "lower": 0.0, "median": 0.0, "upper": 0.0}],
//!     "over_energy": [{"spent_j": 0.0, "lower": 0.0, "median": 0.0, "upper": 0.0}],
//!     "attainment": {"median": [{"accuracy": 0.9, "energy": 3.1}]}
//!   }],
//!   "runs": [{"sampler": "gp", "seed": 7, "hypervolume": 4.2, "infeasible": 0, "spent_j": 98.0, "spent_method": "counter",
//!             "spent_unknown_attempts": 0, "propose_seconds": 1.0, "front": [{"accuracy": 0.9, "energy": 3.1}],
//!             "steps": [{"trial": 0, "hypervolume": 0.4, "spent_j": 2.1, "failed": false, "infeasible": false}]}]
//! }
//! ```

use serde_json::{Map, Value, json};

use super::csv::levels;
use crate::analysis::comparison::{BandPoint, ComparedEnergy, ComparedSampler, Comparison, Course, LEVEL, Versus};
use crate::analysis::statistics::{Interval, Spread};
use crate::report::words::{method_name, tell_doubts};

/// What `format` says.
pub const FORMAT: &str = "wattfront-comparison";

/// Version of the shape.
pub const VERSION: u32 = 1;

/// The whole comparison as a JSON value; see the [module](self) for its shape.
#[must_use]
pub fn comparison(comparison: &Comparison) -> Value {
    let left_out = comparison.left_out.iter().map(|(sampler, seed)| json!({"sampler": sampler, "seed": seed}));
    json!({
        "format": FORMAT,
        "version": VERSION,
        "name": comparison.name,
        "sentence": comparison.sentence(),
        "baseline": comparison.baseline,
        "seeds": comparison.seeds,
        "left_out": left_out.collect::<Vec<_>>(),
        "objectives": comparison.objectives,
        "reference": values(comparison, &comparison.reference),
        "reference_losses": comparison.reference,
        "reference_given": comparison.reference_is_given,
        "energy": energy(comparison),
        "environments": comparison.environments,
        "target": comparison.target,
        "level": LEVEL,
        "smallest_p": comparison.smallest_p,
        "samplers": comparison.samplers.iter().map(|e| compared(comparison, e)).collect::<Vec<_>>(),
        "runs": comparison.courses.iter().map(|c| course(comparison, c)).collect::<Vec<_>>(),
    })
}

/// [`comparison`] as indented text with a line break at its end.
#[must_use]
pub fn comparison_text(of: &Comparison) -> String {
    format!("{:#}\n", comparison(of))
}

fn energy(comparison: &Comparison) -> Value {
    let methods = match &comparison.energy {
        ComparedEnergy::Known { provenance } | ComparedEnergy::Incomplete { provenance, .. } => {
            vec![provenance.to_string()]
        }
        ComparedEnergy::Mixed { provenances } => provenances.iter().map(ToString::to_string).collect(),
        ComparedEnergy::Unknown => Vec::new(),
    };
    let unknown: usize = comparison.courses.iter().filter_map(|c| c.spent.as_ref()).map(|s| s.unknown).sum();
    let mut told = json!({
        "estimated": comparison.energy.is_estimated(),
        "comparable": comparison.energy.is_comparable(),
        "methods": methods,
        "lower_bound": unknown > 0,
        "unknown_attempts": unknown,
        "fronts_estimated": comparison.fronts_are_estimated,
        "fronts_mixed": comparison.fronts_are_mixed(),
    });
    tell_doubts(&mut told, &comparison.doubts);
    told
}

fn compared(comparison: &Comparison, compared: &ComparedSampler) -> Value {
    let band = |name: &str, point: &BandPoint| {
        let Spread { lower, median, upper } = point.hypervolume;
        json!({name: point.at, "lower": lower, "median": median, "upper": upper})
    };
    let attainment = compared.surfaces.as_ref().map(|surfaces| {
        let level = |(name, corners): (&str, &Vec<[f64; 2]>)| {
            (name.replace('-', "_"), corners.iter().map(|c| values(comparison, c)).collect::<Value>())
        };
        levels(surfaces).into_iter().map(level).collect::<Map<String, Value>>()
    });
    let over_trials = compared.over_trials.iter().map(|p| band("trials", p));
    let over_energy = compared.over_joules.as_ref().map(|c| c.iter().map(|p| band("spent_j", p)).collect::<Vec<_>>());
    json!({
        "sampler": compared.sampler,
        "hypervolume": spread(Some(&compared.hypervolume)),
        "trials": compared.trials,
        "failures": compared.failures,
        "trials_to_target": spread(compared.trials_to_target.as_ref()),
        "energy_to_target_j": spread(compared.joules_to_target.as_ref()),
        "runs_reaching": comparison.target.map(|_| compared.reached),
        "spent_j": spread(compared.joules.as_ref()),
        "propose_seconds": spread(compared.propose_seconds.as_ref()),
        "versus": match &compared.versus {
            Some(found) => Some(versus(comparison, found)),
            None => comparison.verdict_of(compared).map(|v| json!({"against": comparison.baseline, "verdict": v.label()})),
        },
        "over_trials": over_trials.collect::<Vec<_>>(),
        "over_energy": over_energy,
        "attainment": attainment,
    })
}

fn versus(comparison: &Comparison, versus: &Versus) -> Value {
    let test = &versus.test;
    let effect = |value: f64, interval: Option<Interval>| {
        json!({
            "value": value,
            "low": interval.map(|i| i.low),
            "high": interval.map(|i| i.high),
            "confidence": interval.map(|i| i.confidence),
        })
    };
    // A speed-up of zero stands for what is never reached.
    let speedup = |s: Option<Spread>| {
        let reached = |v: f64| if v > 0.0 { Some(v) } else { None };
        s.map(|s| json!({"lower": reached(s.lower), "median": reached(s.median), "upper": reached(s.upper)}))
    };
    json!({
        "against": comparison.baseline,
        "ahead": versus.wins,
        "equal": versus.ties,
        "behind": versus.losses,
        "wilcoxon": {
            "positive": test.positive,
            "negative": test.negative,
            "pairs": test.pairs,
            "zeros": test.zeros,
            "p": test.p_value,
            "exact": test.exact,
        },
        "p_holm": versus.p_holm,
        "verdict": versus.verdict.label(),
        "vargha_delaney": effect(versus.vargha_delaney, versus.vargha_delaney_interval),
        "cliffs_delta": effect(versus.cliffs_delta, versus.cliffs_delta_interval),
        "speedup": {
            "trials": speedup(versus.trials_speedup),
            "energy": speedup(versus.joules_speedup),
            "seeds_reaching": versus.trials_speedup.map(|_| versus.reached),
        },
    })
}

fn course(comparison: &Comparison, course: &Course) -> Value {
    let spent = course.spent.as_ref();
    let steps = course
        .steps
        .iter()
        .map(|s| json!({"trial": s.trial, "hypervolume": s.hypervolume, "spent_j": s.spent_j, "failed": s.failed, "infeasible": s.infeasible}));
    json!({
        "sampler": course.sampler,
        "seed": course.seed,
        "hypervolume": course.hypervolume(),
        "infeasible": course.infeasible(),
        "spent_j": spent.map(|s| s.joules),
        "spent_method": spent.map(|s| method_name(s.provenance.method)),
        "spent_unknown_attempts": spent.map(|s| s.unknown),
        "propose_seconds": course.propose_seconds,
        "front": course.front.iter().map(|losses| values(comparison, losses)).collect::<Vec<_>>(),
        "steps": steps.collect::<Vec<_>>(),
    })
}

/// The metrics that losses stand for, by name.
fn values(comparison: &Comparison, losses: &[f64]) -> Value {
    let pairs = comparison.objectives.iter().zip(losses).map(|(o, loss)| (o.metric.clone(), o.value(*loss).into()));
    Value::Object(pairs.collect())
}

/// Infinities, which JSON has not, become null by themselves.
fn spread(spread: Option<&Spread>) -> Value {
    spread.map_or(Value::Null, |s| json!({"lower": s.lower, "median": s.median, "upper": s.upper}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::comparison::tests::{sample, three_objectives};
    use crate::analysis::fixture::{counters, estimate};

    /// All keys with the kinds of their values; of lists the first entry.
    fn shape(value: &Value, path: &str, lines: &mut Vec<String>) {
        match value {
            Value::Object(entries) => {
                entries.iter().for_each(|(key, value)| shape(value, &format!("{path}.{key}"), lines));
            }
            Value::Array(entries) if !entries.is_empty() => shape(&entries[0], &format!("{path}[]"), lines),
            Value::Array(_) => lines.push(format!("{path}: []")),
            Value::Null => lines.push(format!("{path}: null")),
            Value::Bool(_) => lines.push(format!("{path}: bool")),
            Value::Number(_) => lines.push(format!("{path}: number")),
            Value::String(_) => lines.push(format!("{path}: text")),
        }
    }

    #[test]
    fn the_shape() {
        let mut lines = Vec::new();
        shape(&comparison(&sample(counters)), "", &mut lines);
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn estimates_are_called_so_and_what_is_never_reached_is_null() {
        let value = comparison(&sample(estimate));
        assert_eq!((&value["energy"]["estimated"], &value["energy"]["fronts_estimated"]), (&true.into(), &true.into()));
        assert_eq!(value["runs"][0]["spent_method"], "estimate");
        let sobol = value["samplers"].as_array().unwrap().iter().find(|s| s["sampler"] == "sobol").unwrap();
        assert_eq!((&sobol["runs_reaching"], &sobol["trials_to_target"]["median"]), (&0.into(), &Value::Null));
        assert!(sobol["versus"]["speedup"]["trials"]["median"].is_null());
    }

    #[test]
    fn three_objectives_have_no_surface() {
        assert!(comparison(&three_objectives())["samplers"][0]["attainment"].is_null());
    }
}
