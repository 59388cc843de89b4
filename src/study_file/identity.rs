//! What makes a study this study and no other.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value as Json, json};

use super::quantity::show_duration;
use super::respelt;
use super::{CoolDown, EnergyFrom, EnergySpec, Setpoint, StudySpec, TrainSpec, TrialSource};
use crate::energy::{DEFAULT_WATTS_PER_CORE, MeterKind, Meters, MigPolicy};
use crate::guard::secret;
use crate::optimizer::problem::{Bound, Constraint, Forbidden, Match, Objective, Prior};
use crate::optimizer::space::{Domain, Parameter, Scale, Space, Value};
use crate::training::{Defaults, SETTINGS, Setting};

impl StudySpec {
    /// Everything that makes this study this study, as canonical JSON in the shape of the study file: all but the
    /// budget, the preferences and what joules stand for, with defaults written out. Two study files that differ in layout, in the order of keys, or in how
    /// numbers are spelt have the same identity.
    #[must_use]
    pub fn identity(&self) -> Json {
        self.identity_with(DEFAULT_WATTS_PER_CORE)
    }

    /// The same for a study that begins on a machine whose estimates take so many watts per busy core, if the file leaves
    /// that open. A study keeps the figure that it began with.
    #[must_use]
    pub fn identity_with(&self, watts_per_core: f64) -> Json {
        let mut identity = object([
            ("name", json!(self.name)),
            ("seed", json!(self.seed)),
            ("objective", self.problem.objectives().iter().map(objective).collect()),
            (
                "sampler",
                object([
                    ("kind", json!(self.sampler.kind)),
                    ("initial", json!(self.sampler.initial)),
                    ("population", json!(self.sampler.population)),
                    ("levels", json!(self.sampler.levels)),
                ]),
            ),
            ("space", self.problem.space().parameters().iter().map(|p| (p.name.clone(), parameter(p))).collect()),
            (
                "trial",
                object([
                    ("timeout", json!(self.trial.timeout.map(|t| show_duration(t.as_secs_f64())))),
                    ("attempts", json!(self.trial.attempts)),
                ]),
            ),
            (
                "energy",
                object([
                    ("meters", meters(&self.energy.meters)),
                    ("watts_per_core", json!(self.energy.watts_per_core.unwrap_or(watts_per_core))),
                ]),
            ),
        ]);
        // Only where they are asked for, so that what was begun without them goes on.
        if let Some(CoolDown { celsius, limit }) = self.energy.cool_down {
            identity["energy"]["cool_down"] = json!({ "to": celsius, "limit": show_duration(limit.as_secs_f64()) });
        }
        if self.energy.idle != EnergySpec::default().idle {
            let idle = self.energy.idle.map(|time| show_duration(time.as_secs_f64()));
            identity["energy"]["idle"] = idle.map_or(json!(false), |idle| json!(idle));
        }
        if !self.energy.without.is_empty() {
            identity["energy"]["without"] = json!(self.energy.without);
        }
        if self.energy.gpu_estimate {
            identity["energy"]["gpu_estimate"] = json!(true);
        }
        if self.energy.mig != MigPolicy::default() {
            identity["energy"]["mig"] = json!(self.energy.mig);
        }
        if self.energy.share {
            identity["energy"]["share"] = json!(true);
        }
        for (key, setpoint) in [("power_limit", &self.energy.power_limit), ("sm_clock", &self.energy.sm_clock)] {
            match setpoint {
                Some(Setpoint::Fixed(number)) => identity["energy"][key] = json!(number),
                Some(Setpoint::Parameter(name)) => identity["energy"][key] = json!(name),
                None => {}
            }
        }
        let problem = &self.problem;
        let lists: [(&str, Vec<Json>); 4] = [
            ("constraint", problem.constraints().iter().map(constraint).collect()),
            ("start", problem.starts().iter().map(|point| json!(point)).collect()),
            ("forbid", problem.forbidden().iter().map(forbidden).collect()),
            ("require", problem.requirements().iter().map(|requirement| json!(requirement)).collect()),
        ];
        for (key, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            identity[key] = list.into();
        }
        for (name, prior) in problem.priors() {
            identity["space"][name]["prior"] = match prior {
                Prior::Around { value, spread } => json!({"around": value, "spread": spread}),
                Prior::Weights(weights) => json!(weights),
            };
        }
        match &self.source {
            TrialSource::Train(train) => {
                identity["train"] = json!(train.complete(self.problem.space()));
                if let Some(defaults) = train.defaults {
                    identity[DEFAULTS] = json!(defaults);
                }
            }
            TrialSource::Command(command) => {
                let argv: Vec<&str> = command.argv.iter().map(|t| t.source()).collect();
                let cwd = command.cwd.as_ref().map(|c| c.to_string_lossy());
                // By their names: what they are today, the study does not know.
                let secrets = (!command.secrets.is_empty()).then_some(&command.secrets);
                identity["command"] = object([
                    ("argv", json!(argv)),
                    ("cwd", json!(cwd)),
                    ("env", json!(command.env)),
                    ("secrets", json!(secrets)),
                ]);
                // It changes what energy means.
                if self.trial.energy_from == EnergyFrom::FirstStep {
                    identity["command"]["energy_from"] = json!("first-step");
                }
            }
            TrialSource::None => {}
        }
        identity
    }
}

impl StudySpec {
    /// The same for a study that was begun before, with this identity: what the file leaves to the machine is what it was
    /// then.
    #[must_use]
    pub fn identity_beside(&self, stored: &Json) -> Json {
        let settled = self.clone().begun_with(stored);
        let mut identity = settled.identity_with(stored_watts(stored).unwrap_or(DEFAULT_WATTS_PER_CORE));
        if let (None, Some(own)) = (stored.get(DEFAULTS), identity.as_object_mut()) {
            own.remove(DEFAULTS);
        }
        respelt::adopt(&mut identity, stored, self.problem.space());
        // Settings that the trainer has learned since then were at their defaults, as they were before there were any.
        let own = identity.get_mut("train").and_then(Json::as_object_mut);
        if let (Some(own), Some(known)) = (own, stored["train"].as_object()) {
            let then = stored_defaults(stored);
            let default = |s: &Setting| then.value(s.name).or(s.default.value());
            let defaults = SETTINGS.iter().filter_map(|s| Some((s.name, json!(default(s)?))));
            let defaults: BTreeMap<&str, Json> = defaults.collect();
            own.retain(|name, value| known.contains_key(name) || defaults.get(name.as_str()) != Some(value));
        }
        identity
    }
}

/// Where an identity has what was settled of defaults as the study began.
const DEFAULTS: &str = "defaults";

/// What became of settings of the trainer that a study left open, by its identity: those of older studies were never stored.
#[must_use]
pub fn stored_defaults(identity: &Json) -> Defaults {
    if let Some(stored) = identity.get(DEFAULTS).and_then(|stored| serde_json::from_value(stored.clone()).ok()) {
        return stored;
    }
    // What was known then is among the settings.
    let known = |name: &str| identity["train"].get(name).cloned();
    let preprocessing = known("preprocessing").and_then(|value| serde_json::from_value(value).ok());
    let initialization = known("initialization").and_then(|value| serde_json::from_value(value).ok());
    Defaults {
        preprocessing: preprocessing.unwrap_or(Defaults::BEFORE.preprocessing),
        initialization: initialization.unwrap_or(Defaults::BEFORE.initialization),
    }
}

/// Whether a study of the trainer began before its defaults were stored, by its identity.
#[must_use]
pub fn began_before_defaults(identity: &Json) -> bool {
    identity.get("train").is_some() && identity.get(DEFAULTS).is_none()
}

/// What the estimates of a study take for a busy core, by its identity.
#[must_use]
pub fn stored_watts(identity: &Json) -> Option<f64> {
    identity["energy"]["watts_per_core"].as_f64()
}

impl TrainSpec {
    /// The fixed settings with defaults for all that is neither fixed nor searched. Settings that never have a meaning
    /// here, such as the momentum of a fixed adam, are left out.
    #[must_use]
    pub fn complete(&self, space: &Space) -> BTreeMap<String, Value> {
        let mut settings = self.settings.clone();
        for setting in SETTINGS {
            let settled = self.defaults.and_then(|defaults| defaults.value(setting.name));
            if let Some(value) = settled.or(setting.default.value())
                && space.get(setting.name).is_none()
            {
                settings.entry(setting.name.to_owned()).or_insert(value);
            }
        }
        let meaningless = |name: &&str| {
            let condition = SETTINGS.iter().find(|s| s.name == *name).and_then(|s| s.condition);
            let decider = condition.and_then(|c| Some((c, settings.get(c.on)?.as_str()?)));
            decider.is_some_and(|(condition, value)| !condition.values.contains(&value))
        };
        let drop: Vec<&str> = SETTINGS.iter().map(|s| s.name).filter(meaningless).collect();
        settings.retain(|name, _| !drop.contains(&name.as_str()));
        settings
    }
}

/// An object without the entries that are null.
fn object<const N: usize>(entries: [(&str, Json); N]) -> Json {
    let entries = entries.into_iter().filter(|(_, value)| !value.is_null());
    Json::Object(entries.map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>())
}

fn objective(objective: &Objective) -> Json {
    object([
        ("metric", json!(objective.metric)),
        ("goal", json!(objective.goal)),
        ("scale", json!(objective.scale)),
        ("reference", json!(objective.reference)),
    ])
}

fn constraint(constraint: &Constraint) -> Json {
    let bound = match constraint.bound {
        Bound::AtLeast(value) => ("at_least", json!(value)),
        Bound::AtMost(value) => ("at_most", json!(value)),
    };
    object([("metric", json!(constraint.metric)), bound])
}

fn forbidden(forbidden: &Forbidden) -> Json {
    let clause = |(name, what): &(String, Match)| {
        let what = match what {
            Match::Values(values) => json!(values),
            Match::Range { at_least, at_most } => object([("at_least", json!(at_least)), ("at_most", json!(at_most))]),
        };
        (name.clone(), what)
    };
    Json::Object(forbidden.clauses.iter().map(clause).collect())
}

fn parameter(parameter: &Parameter) -> Json {
    let ranged = |kind: &str, low: Json, high: Json, scale: Scale, step: Json| {
        object([(kind, json!([low, high])), ("scale", json!(scale)), ("step", step)])
    };
    let mut shown = match &parameter.domain {
        Domain::Float { low, high, scale, step } => ranged("float", json!(low), json!(high), *scale, json!(step)),
        Domain::Int { low, high, scale, step } => ranged("int", json!(low), json!(high), *scale, json!(step)),
        Domain::Choice { values } => object([("choice", json!(values))]),
    };
    if !parameter.condition.is_empty() {
        shown["when"] = parameter.condition.iter().map(|c| (c.parameter.clone(), json!(c.values))).collect();
    }
    shown
}

fn meters(meters: &Meters) -> Json {
    match meters {
        Meters::Auto => json!("auto"),
        Meters::List(list) => list.iter().copied().map(MeterKind::name).collect(),
    }
}

/// One place in which two identities differ. Displays as a part of a sentence, such as
/// ``` `space.learning_rate.float[1]` was 0.1 there and is 0.01 here```.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Difference {
    /// Where, such as `objective[1].scale`.
    pub path: String,
    /// What is stored; `None` if nothing is.
    pub stored: Option<Json>,
    /// What is new; `None` if nothing is.
    pub new: Option<Json>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        if path.starts_with("command.env") {
            return write!(f, "`{path}` is not as it was there (values are not shown)");
        }
        match (&self.stored, &self.new) {
            (Some(stored), Some(new)) => write!(f, "`{path}` was {} there and is {} here", Toml(stored), Toml(new)),
            (Some(stored), None) => write!(f, "`{path}` was {} there and is not given here", Toml(stored)),
            (None, Some(new)) => write!(f, "`{path}` was not given there and is {} here", Toml(new)),
            (None, None) => write!(f, "`{path}` is the same"),
        }
    }
}

/// All places in which two identities differ, in the order of their paths' keys; none if they are the same.
#[must_use]
pub fn differences(stored: &Json, new: &Json) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(String::new(), Some(stored), Some(new), &mut found);
    for difference in found.iter_mut().filter(|difference| difference.path.starts_with("command.argv")) {
        hide(difference, stored, new);
    }
    found
}

/// What differs is told on the screen and passed on from there, so what is secret by its looks is not shown.
fn hide(difference: &mut Difference, stored: &Json, new: &Json) {
    let index = difference.path.strip_prefix("command.argv[").and_then(|rest| rest.strip_suffix(']'));
    let index: Option<usize> = index.and_then(|index| index.parse().ok());
    let masked = |identity: &Json| -> Option<Json> {
        let argv = identity["command"]["argv"].as_array()?;
        let words: Vec<String> = argv.iter().map(|word| word.as_str().unwrap_or_default().to_owned()).collect();
        let shown = secret::masked(&words).0;
        match index {
            Some(index) => shown.get(index).map(|word| json!(word)),
            None => Some(json!(shown)),
        }
    };
    (difference.stored, difference.new) = (masked(stored), masked(new));
}

fn compare(path: String, stored: Option<&Json>, new: Option<&Json>, found: &mut Vec<Difference>) {
    match (stored, new) {
        (stored, new) if stored == new => {}
        (Some(Json::Object(a)), Some(Json::Object(b))) => {
            let mut keys: Vec<&String> = a.keys().chain(b.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                compare(path, a.get(key), b.get(key), found);
            }
        }
        // Lists of plain values that grew or shrank are better seen as a whole.
        (Some(Json::Array(a)), Some(Json::Array(b)))
            if a.len() == b.len() || a.iter().chain(b).all(Json::is_object) =>
        {
            for i in 0..a.len().max(b.len()) {
                compare(format!("{path}[{i}]"), a.get(i), b.get(i), found);
            }
        }
        (stored, new) => found.push(Difference { path, stored: stored.cloned(), new: new.cloned() }),
    }
}

/// JSON in the way in which a study file would say it.
struct Toml<'a>(&'a Json);

impl fmt::Display for Toml<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Json::Array(values) => {
                let values: Vec<String> = values.iter().map(|v| Toml(v).to_string()).collect();
                write!(f, "[{}]", values.join(", "))
            }
            Json::Object(entries) => {
                let entries: Vec<String> = entries.iter().map(|(k, v)| format!("{k} = {}", Toml(v))).collect();
                write!(f, "{{ {} }}", entries.join(", "))
            }
            plain => write!(f, "{plain}"),
        }
    }
}
