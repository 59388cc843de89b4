//! Trials that were run again as JSON, for other programs.
//!
//! The shape is stable: `format` is `wattfront-confirmation` and `version` grows when a field changes its meaning or goes; new fields
//! may come at any time. Energies are joules. `low` and `high` are the ends of 95 % intervals, null of one seed. A difference is
//! against `best`, seed by seed: `ratio` is the trial's value over that of the best, `difference` is less it.
//!
//! ```json
//! {
//!   "format": "wattfront-confirmation", "version": 1, "name": "digits", "sentence": "over 5 seeds, trial 38 against trial 29, ...",
//!   "seeds": 5, "best": 29, "recommended": 38, "pick": 38, "estimated": true, "metered_otherwise": false,
//!   "searched_by": ["cpu, ESTIMATED"], "metered_by": ["cpu, ESTIMATED"],
//!   "objectives": [{"metric": "accuracy", "goal": "maximize", "scale": "linear"}],
//!   "trials": [{
//!     "trial": 38, "params": {"width": 16}, "on_front": true, "failures": 0,
//!     "metrics": {"accuracy": {"searched": 0.535, "seeds": 5, "mean": 0.53, "sd": 0.01, "low": 0.52, "high": 0.54}},
//!     "differences": {"energy": {"ratio": 0.35, "low": 0.3, "high": 0.4, "shown": true},
//!                     "accuracy": {"difference": -0.02, "low": -0.035, "high": -0.005, "shown": true}},
//!     "runs": [{"number": 0, "seed": 1834, "metrics": {"accuracy": 0.53}, "failed": null}]
//!   }]
//! }
//! ```

use serde_json::{Map, Value, json};

use crate::analysis::confirmation::{Again, Confirmation, Difference, Figure, Member};

/// What `format` says.
pub const FORMAT: &str = "wattfront-confirmation";

/// Version of the shape.
pub const VERSION: u32 = 1;

/// The whole as a JSON value; see the [module](self) for its shape.
#[must_use]
pub fn confirmation(confirmation: &Confirmation) -> Value {
    let ways = |ways: &[crate::analysis::Provenance]| ways.iter().map(ToString::to_string).collect::<Vec<_>>();
    json!({
        "format": FORMAT,
        "version": VERSION,
        "name": confirmation.name,
        "sentence": confirmation.sentence(),
        "seeds": confirmation.seeds(),
        "best": confirmation.best,
        "recommended": confirmation.recommended,
        "pick": confirmation.pick,
        "estimated": confirmation.is_estimated(),
        "metered_otherwise": confirmation.is_metered_otherwise(),
        "searched_by": ways(&confirmation.searched_by),
        "metered_by": ways(&confirmation.metered_by),
        "objectives": confirmation.objectives,
        "trials": confirmation.members.iter().map(|m| member(confirmation, m)).collect::<Vec<_>>(),
    })
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

fn figure(figure: &Figure) -> Value {
    let mean = figure.mean;
    let interval = mean.and_then(|mean| mean.interval);
    json!({
        "searched": figure.searched,
        "seeds": mean.map_or(0, |mean| mean.count),
        "mean": mean.map(|mean| mean.mean),
        "sd": mean.and_then(|mean| mean.sd),
        "low": interval.map(|interval| interval.low),
        "high": interval.map(|interval| interval.high),
    })
}

fn difference(difference: &Difference) -> Value {
    let (name, mean, of): (_, _, fn(f64) -> f64) = match difference {
        Difference::Ratio(mean) => ("ratio", mean, f64::exp),
        Difference::Difference(mean) => ("difference", mean, |value| value),
    };
    let (low, high) = (mean.interval.map(|i| of(i.low)), mean.interval.map(|i| of(i.high)));
    let mut value = json!({ "low": low, "high": high, "shown": difference.is_shown() });
    value[name] = json!(of(mean.mean));
    value
}

fn run(run: &Again) -> Value {
    let failed = run.outcome.as_ref().err().map(|f| json!({ "kind": f.kind, "message": f.message }));
    json!({ "number": run.number, "seed": run.seed, "metrics": run.outcome.as_ref().ok(), "failed": failed })
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
