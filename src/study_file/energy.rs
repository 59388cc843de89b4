//! The section `[energy]`.

use std::time::Duration;

use super::bounds::PlacedConstraint;
use super::error::IssueKind;
use super::findings::{Draft, Findings};
use super::model::{CoolDown, EnergySpec};
use super::objectives::Placed;
use super::parse::section;
use super::reader::{Entry, Section};
use super::reference::{COOL_DOWN, ENERGY};
use super::spelling::advice;
use super::without;
use crate::energy::{MeterKind, Meters, MigPolicy};
use crate::optimizer::problem::Objective;
use crate::optimizer::space::Scale;
use crate::record::EnergyMetric;

/// How long a device is waited for by default.
const COOLING: Duration = Duration::from_secs(120);

/// Reads `[energy]`, but for what may name parameters of the space.
pub(super) fn read(root: &Section, findings: &mut Findings) -> EnergySpec {
    let mut energy = EnergySpec::default();
    let Some(section) = section(root, &ENERGY, findings) else { return energy };
    section.refuse_unknown_keys(findings);
    if let Some(entry) = section.get("meters") {
        energy.meters = read_meters(entry, findings).unwrap_or_default();
    }
    energy.without = without::read(&section, &energy, findings);
    if let Some(entry) = section.get("watts_per_core") {
        let watts = entry.bounded_number(findings);
        if matches!(&energy.meters, Meters::List(list) if !list.contains(&MeterKind::Estimate)) {
            let context = "without the meter `estimate`".to_owned();
            let kind = IssueKind::Meaningless { key: "watts_per_core".to_owned(), context };
            findings.push(Draft::new(kind).at(entry.whole()).help("remove it, or add \"estimate\" to `meters`"));
        }
        energy.watts_per_core = watts;
    }
    if let Some(entry) = section.get("idle") {
        energy.idle = read_idle(entry, findings);
    }
    energy.cool_down = section.get("cool_down").and_then(|entry| read_cool_down(entry, findings));
    if let Some(entry) = section.get("gpu_estimate") {
        energy.gpu_estimate = entry.truth("gpu_estimate = true", findings).unwrap_or_default();
        if energy.gpu_estimate && matches!(&energy.meters, Meters::List(list) if !list.contains(&MeterKind::Nvml)) {
            let context = "without the meter `nvml`".to_owned();
            let kind = IssueKind::Meaningless { key: "gpu_estimate".to_owned(), context };
            findings.push(Draft::new(kind).at(entry.whole()).help("remove it, or add \"nvml\" to `meters`"));
        }
        for limit in ["power_limit", "sm_clock"] {
            if energy.gpu_estimate && section.get(limit).is_some() {
                let (first, second) = ("gpu_estimate = true".to_owned(), limit.to_owned());
                let kind = IssueKind::Conflict { section: "[energy]".to_owned(), first, second };
                let help = "an estimate does not know what a limit does: keep one of the two";
                findings.push(Draft::new(kind).at(entry.whole()).help(help));
            }
        }
    }
    if let Some(entry) = section.get("mig") {
        energy.mig = read_mig(entry, &energy.meters, findings).unwrap_or_default();
    }
    if let Some(entry) = section.get("share") {
        energy.share = read_share(entry, &energy, findings).unwrap_or_default();
    }
    energy
}

fn read_share(entry: Entry, energy: &EnergySpec, findings: &mut Findings) -> Option<bool> {
    if !entry.truth("share = true", findings)? {
        return Some(false);
    }
    let conflict = |first: &str, second: &str, help: &'static str, findings: &mut Findings| {
        let (section, first, second) = ("[energy]".to_owned(), first.to_owned(), second.to_owned());
        findings.push(Draft::new(IssueKind::Conflict { section, first, second }).at(entry.whole()).help(help));
    };
    match &energy.meters {
        Meters::List(list) if list.iter().any(|meter| matches!(meter, MeterKind::Rapl | MeterKind::Psys)) => {
            let psys = list.contains(&MeterKind::Psys);
            let meter = if psys { "the meter \"psys\"" } else { "the meter \"rapl\"" };
            let help = "what processors count is everybody's; meter them by \"estimate\", or leave `share` out";
            conflict("share = true", meter, help, findings);
        }
        Meters::List(list) if !list.contains(&MeterKind::Nvml) => {
            let context = "without the meter `nvml`".to_owned();
            let kind = IssueKind::Meaningless { key: "share".to_owned(), context };
            findings.push(Draft::new(kind).at(entry.whole()).help("remove it, or add \"nvml\" to `meters`"));
        }
        Meters::List(_) | Meters::Auto => {}
    }
    if energy.gpu_estimate {
        let help = "a share of an estimate would pass for a measurement: keep one of the two";
        conflict("share = true", "gpu_estimate = true", help, findings);
    }
    if energy.mig == MigPolicy::WholeBoard {
        let help = "the driver does not tell apart the processes on instances: keep one of the two";
        conflict("share = true", "mig = \"whole-board\"", help, findings);
    }
    Some(true)
}

fn read_idle(entry: Entry, findings: &mut Findings) -> Option<Duration> {
    if entry.as_bool() == Some(false) {
        return None;
    }
    entry.string("idle = \"10s\", or idle = false", findings)?;
    entry.duration(findings)
}

fn read_cool_down(entry: Entry, findings: &mut Findings) -> Option<CoolDown> {
    const EXAMPLE: &str = "cool_down = { to = 45, limit = \"2m\" }";
    let section = entry.table(&COOL_DOWN, "`cool_down`", EXAMPLE, findings)?;
    section.refuse_unknown_keys(findings);
    let Some(to) = section.get("to") else {
        section.missing("`to`, in degrees Celsius", EXAMPLE, findings);
        return None;
    };
    let celsius = to.bounded_number(findings)?;
    let limit = section.get("limit").map_or(Some(COOLING), |entry| entry.duration(findings))?;
    Some(CoolDown { celsius, limit })
}

fn read_mig(entry: Entry, meters: &Meters, findings: &mut Findings) -> Option<MigPolicy> {
    if matches!(meters, Meters::List(list) if !list.contains(&MeterKind::Nvml)) {
        let kind = IssueKind::Meaningless { key: "mig".to_owned(), context: "without the meter `nvml`".to_owned() };
        findings.push(Draft::new(kind).at(entry.whole()).help("remove it, or add \"nvml\" to `meters`"));
    }
    Some(match entry.word(findings)? {
        "whole-board" => MigPolicy::WholeBoard,
        _ => MigPolicy::Refuse,
    })
}

/// Net energy needs the power at rest.
pub(super) fn check_metrics(
    energy: &EnergySpec,
    objectives: &[Placed],
    constraints: &[PlacedConstraint],
    findings: &mut Findings,
) {
    for objective in objectives {
        let Objective { metric, scale, .. } = &objective.objective;
        if *scale == Scale::Log && metric.parse::<EnergyMetric>().is_ok_and(|metric| metric.net) {
            let context = "of net energy, which can be below zero where hardware rests";
            let kind = IssueKind::Meaningless { key: "scale = \"log\"".to_owned(), context: context.to_owned() };
            findings.push(Draft::new(kind).at(objective.span.clone()).help("leave `scale` out, or leave `.net` out"));
        }
    }
    let (context, help) = match (energy.share, energy.idle) {
        (true, _) => (
            "where [energy] has share = true, for who shares a device has no power at rest of his own",
            "leave `share` out, or leave `.net` out",
        ),
        (false, None) => (
            "where [energy] has idle = false, for net energy is what hardware draws above its power at rest",
            "remove `idle = false`, or leave `.net` out",
        ),
        (false, Some(_)) => return,
    };
    let objectives = objectives.iter().map(|o| (&o.objective.metric, &o.span));
    for (metric, span) in objectives.chain(constraints.iter().map(|c| (&c.constraint.metric, &c.span))) {
        if metric.parse::<EnergyMetric>().is_ok_and(|metric| metric.net) {
            let kind = IssueKind::Meaningless { key: metric.clone(), context: context.to_owned() };
            findings.push(Draft::new(kind).at(span.clone()).help(help));
        }
    }
}

fn read_meters(entry: Entry, findings: &mut Findings) -> Option<Meters> {
    const EXAMPLE: &str = "meters = \"auto\", meters = [\"nvml\", \"rapl\"] or meters = [\"estimate\"]";
    match entry.as_str() {
        Some("auto") => return Some(Meters::Auto),
        Some(text) => {
            let draft = entry.draft_bad_value("\"auto\" or an array of meters", &format!("\"{text}\""));
            let known = MeterKind::ALL.iter().any(|m| m.name() == text);
            let help = if known { format!("write meters = [\"{text}\"]") } else { format!("for example: {EXAMPLE}") };
            findings.push(draft.help(help));
            return None;
        }
        None => {}
    }
    let elements = entry.array(EXAMPLE, findings)?;
    if elements.is_empty() {
        findings.push(entry.draft_bad_value("at least one meter", "empty").help(format!("for example: {EXAMPLE}")));
    }
    let mut meters = Vec::new();
    for element in elements {
        let Some(name) = element.string(findings) else { continue };
        let Some(meter) = MeterKind::ALL.into_iter().find(|m| m.name() == name) else {
            let draft = Draft::new(IssueKind::UnknownName { what: "meter", value: name.to_owned() });
            let help = advice(name, MeterKind::ALL.map(MeterKind::name), "the meters are");
            findings.push(draft.at(element.span()).help(help));
            continue;
        };
        let clash = |other: &MeterKind| {
            let processors = |m: &MeterKind| matches!(m, MeterKind::Rapl | MeterKind::Estimate);
            let both = [meter, *other];
            meter == *other || both.iter().all(processors) || both.contains(&MeterKind::Psys)
        };
        match meters.iter().find(|other| clash(other)) {
            Some(other) if *other == meter => {
                let draft = Draft::new(IssueKind::Conflict {
                    section: "`meters`".to_owned(),
                    first: format!("\"{name}\""),
                    second: format!("\"{name}\" again"),
                });
                findings.push(draft.at(element.span()).help("list every meter once"));
            }
            Some(other) => {
                let draft = Draft::new(IssueKind::Conflict {
                    section: "`meters`".to_owned(),
                    first: format!("\"{}\"", other.name()),
                    second: format!("\"{name}\""),
                });
                let help = match [meter, *other].contains(&MeterKind::Psys) {
                    true => {
                        "\"psys\" contains the processors, and whatever else the board's maker wired to it: it stands alone"
                    }
                    false => "both stand for the CPU; keep \"rapl\" where it works",
                };
                findings.push(draft.at(element.span()).help(help));
            }
            None => meters.push(meter),
        }
    }
    Some(Meters::List(meters))
}
