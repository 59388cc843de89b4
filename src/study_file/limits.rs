//! Power limits and clocks in `[energy]`, fixed or searched.

use super::error::IssueKind;
use super::findings::{Draft, Findings};
use super::model::{EnergySpec, Setpoint};
use super::reader::{Entry, Section};
use super::reference::ENERGY;
use super::space::Searched;
use super::spelling::advice;
use crate::energy::{MeterKind, Meters};
use crate::optimizer::space::{Domain, Value};
use crate::training::Setting;

/// One of the two keys.
struct Limit {
    key: &'static str,
    /// In words.
    what: &'static str,
    unit: &'static str,
    example: &'static str,
    whole: bool,
}

const POWER: Limit = Limit {
    key: "power_limit",
    what: "power limit",
    unit: "watts",
    example: "power_limit = 250, or power_limit = \"watts\" where [space] has watts = { int = [200, 400], step = 50 }",
    whole: false,
};

const CLOCK: Limit = Limit {
    key: "sm_clock",
    what: "SM clock",
    unit: "MHz",
    example: "sm_clock = 1200, or sm_clock = \"mhz\" where [space] has mhz = { int = [600, 1800], step = 300 }",
    whole: true,
};

/// More than any board has, in watts and in MHz.
const MOST: f64 = 100_000.0;

/// Reads `power_limit` and `sm_clock` of `[energy]`.
pub(super) fn read(root: &Section, searched: &Searched, energy: &mut EnergySpec, findings: &mut Findings) {
    let entry = |limit: &Limit| root.get("energy")?.child(&ENERGY, limit.key);
    let trains = root.get("train").is_some();
    let mut setpoint = |limit: &Limit| {
        let entry = entry(limit)?;
        if matches!(&energy.meters, Meters::List(list) if !list.contains(&MeterKind::Nvml)) {
            let context = "without the meter `nvml`".to_owned();
            let kind = IssueKind::Meaningless { key: limit.key.to_owned(), context };
            findings.push(Draft::new(kind).at(entry.whole()).help("remove it, or add \"nvml\" to `meters`"));
        }
        limit.read(entry, searched, trains, findings)
    };
    let (power, clock) = (setpoint(&POWER), setpoint(&CLOCK));
    if let (Some(Setpoint::Parameter(name)), true) = (&power, power == clock) {
        let said = |limit: &Limit| format!("{} = \"{name}\"", limit.key);
        let kind = IssueKind::Conflict { section: "[energy]".to_owned(), first: said(&POWER), second: said(&CLOCK) };
        let place = entry(&CLOCK).and_then(|entry| entry.span());
        let help = "watts are no MHz: give each a parameter of its own";
        findings.push(Draft::new(kind).at(place).help(help));
    }
    for limit in [&POWER, &CLOCK].into_iter().filter(|_| energy.share) {
        let Some(entry) = entry(limit) else { continue };
        let (first, second) = (limit.key.to_owned(), "share = true".to_owned());
        let kind = IssueKind::Conflict { section: "[energy]".to_owned(), first, second };
        let help = "what is set holds for everybody on the GPU, who would be measured at the limits of one";
        findings.push(Draft::new(kind).at(entry.whole()).help(help));
    }
    (energy.power_limit, energy.sm_clock) = (power, clock);
}

impl Limit {
    fn read(&self, entry: Entry, searched: &Searched, trains: bool, findings: &mut Findings) -> Option<Setpoint> {
        if let Some(name) = entry.as_str() {
            self.check_parameter(name, entry, searched, trains, findings);
            return Some(Setpoint::Parameter(name.to_owned()));
        }
        let number = if self.whole {
            entry.integer(self.example, findings).map(|number| number as f64)?
        } else {
            entry.number(self.example, findings)?
        };
        if !Self::is_possible(number) {
            entry.bad_value(&self.possible(), &number.to_string(), findings);
        }
        Some(Setpoint::Fixed(number))
    }

    fn is_possible(number: f64) -> bool {
        number > 0.0 && number <= MOST
    }

    fn possible(&self) -> String {
        format!("above zero and at most {MOST} {}", self.unit)
    }

    fn check_parameter(&self, name: &str, entry: Entry, searched: &Searched, trains: bool, findings: &mut Findings) {
        if searched.places.is_empty() {
            // That the space is missing is told already.
            return;
        }
        let Some(places) = searched.places.get(name) else {
            let draft = Draft::new(IssueKind::UnknownName { what: "parameter", value: name.to_owned() });
            let names = searched.places.keys().map(String::as_str);
            findings.push(draft.at(entry.span()).help(advice(name, names, "the parameters of [space] are")));
            return;
        };
        if trains && Setting::find(name).is_ok() {
            let draft = Draft::new(IssueKind::BadName { what: self.what, name: name.to_owned() }).at(entry.span());
            let draft = draft.also(places.key.clone(), "the parameter");
            findings.push(draft.help("the trainer has a setting of this name: call the parameter something else"));
        }
        // One that is wrong in itself has been complained about.
        let Some(parameter) = searched.parameters.iter().find(|parameter| parameter.name == name) else { return };
        let values = match &parameter.domain {
            Domain::Float { low, high, .. } => vec![Value::Float(*low), Value::Float(*high)],
            Domain::Int { low, high, .. } => vec![Value::Int(*low), Value::Int(*high)],
            Domain::Choice { values } => values.clone(),
        };
        let refuse = |expected: String, value: String, index: usize| {
            let place = places.values.get(index).cloned().flatten().or_else(|| places.domain.clone());
            let draft = Draft::new(IssueKind::BadValue { key: name.to_owned(), expected, value }).at(place);
            draft.also(entry.span(), format!("the {} is set to it", self.what))
        };
        if self.whole && values.iter().any(|value| matches!(value, Value::Float(_))) {
            let broken = |value: &Value| value.as_f64().is_some_and(|number| number.fract() != 0.0);
            let (index, found) = match &parameter.domain {
                Domain::Choice { .. } => {
                    let index = values.iter().position(broken).unwrap_or(0);
                    (index, values[index].to_string())
                }
                _ => (usize::MAX, "a `float`".to_owned()),
            };
            findings.push(refuse("an `int`, or a `choice` of whole numbers".to_owned(), found, index));
            return;
        }
        for (index, value) in values.iter().enumerate() {
            match value.as_f64() {
                Some(number) if Self::is_possible(number) => {}
                Some(_) => findings.push(refuse(self.possible(), value.to_string(), index)),
                None => findings.push(refuse(format!("a number of {}", self.unit), format!("`{value}`"), index)),
            }
        }
    }
}
