//! A pick as text: TOML to paste, JSON for programs.

use std::fmt::Write as _;

use serde_json::json;

use super::{Pick, PickedEnergy};
use crate::analysis::{RunFootprint, Summary, TradeOff};
use crate::carbon::Carbon;
use crate::optimizer::space::{Point, Space, Value};
use crate::record::StudyRecord;
use crate::report::words::{at, method_name, run};

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
        let line = |trade_off: &TradeOff, other: &str| {
            let changes: Vec<_> = trade_off.changes.iter().map(|c| c.phrase()).collect();
            let values = trade_off.changes.iter().filter(|c| c.quantity.is_energy());
            let joules: Vec<_> =
                values.map(|c| format!("{} against {}", c.quantity.show(c.to), c.quantity.show(c.from))).collect();
            let joules = if joules.is_empty() { String::new() } else { format!(": {}", joules.join(", ")) };
            format!("against {other} {}: {}{joules}", trade_off.against, changes.join(", "))
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
        if self.is_start {
            let _ = writeln!(toml, "# this is your present setting, the one that the study began with");
        }
        if let Some(within) = &self.within {
            let _ = writeln!(toml, "# {}", one_line(within));
        }
        if let Some(caveat) = &self.caveat {
            let _ = writeln!(toml, "# {}", one_line(caveat));
        }
        for words in &self.doubts {
            let _ = writeln!(toml, "# {}", one_line(words));
        }
        for line in self.comparisons() {
            let _ = writeln!(toml, "# {}", one_line(&line));
        }
        if let Some((footprint, carbon)) = &self.footprint {
            let _ = writeln!(toml, "# each run: {}", one_line(&format!("{footprint}; at {carbon}")));
        }
        toml + &point_toml(&self.space, &self.point)
    }

    /// The same as JSON, with `trial`, `on_front`, `is_knee`, `params`, `metrics` (those of energy in joules), `energy`
    /// and `carbon`. `broken` has the constraints that it breaks, in words. `caveat` is null or why it is no knee, and
    /// `within` null or what the tolerance was understood as. `is_start` is whether it is the user's own setting.
    /// `against_best` and `against_start` are each null or have `trial`, and by metric `value`, `other`, `ratio` (null
    /// where one is not above zero) and `estimated`. `doubts`, where there are any, says in a sentence each which
    /// hardware's counter is contradicted. `energy` has the trial's energies by metric, each with `total_j`, `method`
    /// as in the study's export, `estimated`, `domains`, and `doubtful` where it is. `carbon` is null or has what a
    /// `run` emits, and `at` what, as in the study's export.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let against = |trade_off: &TradeOff| {
            let changes: serde_json::Map<_, _> = trade_off
                .changes
                .iter()
                .map(|c| {
                    let change = json!({"value": c.to, "other": c.from, "ratio": c.ratio(), "estimated": c.estimated});
                    (c.quantity.metric.clone(), change)
                })
                .collect();
            json!({"trial": trade_off.against, "metrics": changes})
        };
        let energy = |(metric, energy): (&String, &PickedEnergy)| {
            let provenance = &energy.provenance;
            let mut value = json!({
                "total_j": energy.joules,
                "method": method_name(provenance.method),
                "estimated": provenance.is_estimate(),
                "domains": energy.domains,
            });
            if !provenance.left_out.is_empty() {
                value["left_out"] = json!(provenance.left_out);
            }
            if provenance.doubtful {
                value["doubtful"] = json!(true);
            }
            (metric.clone(), value)
        };
        let mut told = json!({
            "study": self.study,
            "trial": self.trial,
            "on_front": self.on_front,
            "is_knee": self.is_knee,
            "broken": self.broken,
            "caveat": self.caveat,
            "within": self.within,
            "is_start": self.is_start,
            "params": self.point,
            "metrics": self.values,
            "energy": self.energies.iter().map(energy).collect::<serde_json::Map<_, _>>(),
            "carbon": self.footprint.as_ref().map(|(footprint, carbon)| json!({"at": at(carbon), "run": run(footprint)})),
            "in_words": self.in_words,
            "against_best": self.against_best.as_ref().map(against),
            "against_start": self.against_start.as_ref().map(against),
        });
        if !self.doubts.is_empty() {
            told["doubts"] = json!(self.doubts);
        }
        told
    }
}

/// A point as TOML, a line per active parameter, in the order of the space.
#[must_use]
pub fn point_toml(space: &Space, point: &Point) -> String {
    let active = space.parameters().iter().filter_map(|p| Some((p.name.as_str(), point.get(&p.name)?)));
    active.map(|(name, value)| format!("{} = {}\n", toml_key(name), value.to_toml())).collect()
}

fn toml_key(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if bare { name.to_owned() } else { Value::from(name).to_toml() }
}

/// Keeps text on its line: a newline in a name must not end a comment.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
