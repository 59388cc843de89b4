//! `without` in `[energy]`: what is left out of the figures, by its names.

use super::bounds::PlacedConstraint;
use super::error::IssueKind;
use super::findings::{Draft, Findings, Span};
use super::model::EnergySpec;
use super::objectives::Placed;
use super::reader::{Element, Entry, Section};
use super::spelling::nearest;
use crate::energy::units::{ConsumerName, DomainKind};
use crate::energy::{MeterKind, Meters};
use crate::record::EnergyMetric;

const EXAMPLE: &str = "without = [\"gpu:1\"], or without = [\"dram\"] for all of a kind";

/// Where the names stand.
const WHERE: &str = "names are those of `optimize devices`: gpu:1, gpu:GPU-8932f937-..., cpu:package-0, dram:dram-0; or a kind alone, such as gpu";

/// Reads the names, in their order by kind and without repetition.
pub(super) fn read(section: &Section, energy: &EnergySpec, findings: &mut Findings) -> Vec<ConsumerName> {
    let Some(entry) = section.get("without") else { return Vec::new() };
    if let Some(text) = entry.as_str() {
        let draft = entry.draft_bad_value("an array of names", &format!("\"{text}\""));
        findings.push(draft.help(format!("write without = [\"{text}\"]")));
        return Vec::new();
    }
    let Some(elements) = entry.array(EXAMPLE, findings) else { return Vec::new() };
    if elements.is_empty() {
        let help = format!("remove it to leave nothing out; for example: {EXAMPLE}");
        findings.push(entry.draft_bad_value("at least one name", "empty").help(help));
    }
    let mut names: Vec<(ConsumerName, Span)> = Vec::new();
    for element in elements {
        if let Some(name) = name(element, findings) {
            refuse_repetition(&name, element, &names, findings);
            names.push((name, element.span()));
        }
    }
    refuse_without_meter(entry, energy, &names, findings);
    check_limits(section, &names, findings);
    let mut names: Vec<ConsumerName> = names.into_iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn name(element: Element, findings: &mut Findings) -> Option<ConsumerName> {
    let text = element.string(findings)?;
    let error = match text.parse::<ConsumerName>() {
        Ok(name) => return Some(name),
        Err(error) => error,
    };
    let kind = IssueKind::UnknownName { what: "name of something that draws power", value: error.name };
    let draft = Draft::new(kind).at(element.span());
    findings.push(match meant(text) {
        Some(meant) => draft.help(format!("did you mean \"{meant}\"?")),
        None => draft.help(WHERE),
    });
    None
}

/// What was likely meant by something that is no name.
fn meant(text: &str) -> Option<String> {
    let text = text.trim();
    let kinds = DomainKind::ALL.map(DomainKind::name);
    let lower = text.to_ascii_lowercase();
    if let Some((kind, id)) = text.split_once([':', '=', ' ', '.'])
        && let Some(kind) = nearest(kind, kinds)
    {
        let id = id.trim();
        return Some(if id.is_empty() { kind.to_owned() } else { format!("{kind}:{id}") });
    }
    let is_number = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let of_kind = |beginning: &str, kind: &str| lower.starts_with(beginning).then(|| format!("{kind}:{text}"));
    let numbered = || {
        let (kind, number) = lower.split_at(lower.find(|c: char| c.is_ascii_digit())?);
        let (kind, number) = (kind.trim_end_matches(['-', '_']), number.parse::<u32>().ok()?);
        kinds
            .contains(&kind)
            .then(|| if kind == "dram" { format!("dram:dram-{number}") } else { format!("{kind}:{number}") })
    };
    let uuid = of_kind("gpu-", "gpu").filter(|_| text.len() > "gpu-".len() + 4);
    uuid.or_else(|| is_number.then(|| format!("gpu:{text}")))
        .or_else(|| of_kind("package-", "cpu"))
        .or_else(numbered)
        .or_else(|| nearest(text, kinds).map(str::to_owned))
}

fn refuse_repetition(name: &ConsumerName, element: Element, before: &[(ConsumerName, Span)], findings: &mut Findings) {
    let holds = |one: &ConsumerName, other: &ConsumerName| one == other || (is_kind(one) && one.kind() == other.kind());
    let Some((other, place)) = before.iter().find(|(other, _)| holds(other, name) || holds(name, other)) else {
        return;
    };
    let again = if other == name { " again" } else { "" };
    let (first, second) = (format!("\"{other}\""), format!("\"{name}\"{again}"));
    let help = match again {
        "" => format!("\"{}\" leaves out all of them: keep it, or the single names", name.kind().name()),
        _ => "name everything once".to_owned(),
    };
    let kind = IssueKind::Conflict { section: "`without`".to_owned(), first, second };
    findings.push(Draft::new(kind).at(element.span()).also(place.clone(), "here already").help(help));
}

/// Whether it names all of a kind.
fn is_kind(name: &ConsumerName) -> bool {
    name.to_string() == name.kind().name()
}

/// A meter of which everything is left out, and names of what no meter of the study would read.
fn refuse_without_meter(entry: Entry, energy: &EnergySpec, names: &[(ConsumerName, Span)], findings: &mut Findings) {
    let all_out = |kind: &DomainKind| names.iter().any(|(name, _)| is_kind(name) && name.kind() == *kind);
    let meters = match &energy.meters {
        Meters::Auto => {
            if [DomainKind::Gpu, DomainKind::Cpu, DomainKind::Dram].iter().all(all_out) {
                let message = "`without` leaves everything out that could be metered".to_owned();
                let help = "keep a kind of hardware, or search for nothing of energy";
                findings.push(Draft::new(IssueKind::Impossible { message }).at(entry.whole()).help(help));
            }
            return;
        }
        Meters::List(meters) => meters,
    };
    for meter in meters {
        if meter.reads().iter().all(all_out) {
            let out: Vec<String> = meter.reads().iter().map(|kind| format!("\"{}\"", kind.name())).collect();
            let kind = IssueKind::Conflict {
                section: "[energy]".to_owned(),
                first: format!("the meter \"{meter}\""),
                second: format!("{} in `without`", out.join(" and ")),
            };
            let help = format!("it would meter nothing: remove \"{meter}\" from `meters`, or the name from `without`");
            findings.push(Draft::new(kind).at(entry.whole()).help(help));
        }
    }
    if meters.is_empty() {
        return;
    }
    for (name, span) in names {
        let meter = match name.kind() {
            DomainKind::Gpu | DomainKind::Accelerator => MeterKind::Nvml,
            DomainKind::Cpu | DomainKind::Dram => MeterKind::Rapl,
            DomainKind::Platform => MeterKind::Psys,
        };
        let is_read = meters.contains(&meter) || (meter == MeterKind::Rapl && meters.contains(&MeterKind::Estimate));
        if !is_read {
            let context =
                format!("in `without`, for `meters` names no meter of {}, which leaves it out", name.kind().name());
            let kind = IssueKind::Meaningless { key: name.to_string(), context };
            findings.push(Draft::new(kind).at(span.clone()).help(format!("remove it, or add \"{meter}\" to `meters`")));
        }
    }
}

/// Limits are set on the GPUs that are metered, and on no other.
fn check_limits(section: &Section, names: &[(ConsumerName, Span)], findings: &mut Findings) {
    let limits = ["power_limit", "sm_clock"].into_iter().filter(|key| section.get(key).is_some());
    let limits: Vec<String> = limits.map(|key| format!("`{key}`")).collect();
    let keys = limits.join(" and ");
    for (name, span) in names.iter().filter(|(name, _)| !limits.is_empty() && name.kind() == DomainKind::Gpu) {
        if is_kind(name) {
            let (first, second) = (keys.clone(), "\"gpu\" in `without`".to_owned());
            let kind = IssueKind::Conflict { section: "[energy]".to_owned(), first, second };
            let help = "limits are set on the GPUs that are metered, of which there would be none: keep one of the two";
            findings.push(Draft::new(kind).at(span.clone()).help(help));
        } else {
            let message = format!("{keys} of [energy] holds for the GPUs that are metered, so not for {name}");
            let help = "hide it from the trials by CUDA_VISIBLE_DEVICES, if they are not to run on it";
            findings.warn(message, span.clone(), help);
        }
    }
    for (key, is_set) in [
        ("mig", section.get("mig").and_then(|entry| entry.as_str()) == Some("whole-board")),
        ("gpu_estimate", section.get("gpu_estimate").and_then(|entry| entry.as_bool()) == Some(true)),
    ] {
        if let Some((_, span)) =
            names.iter().find(|(name, _)| is_set && is_kind(name) && name.kind() == DomainKind::Gpu)
        {
            let kind = IssueKind::Meaningless {
                key: key.to_owned(),
                context: "where `without` leaves all GPUs out".to_owned(),
            };
            findings.push(Draft::new(kind).at(span.clone()).help("remove one of the two"));
        }
    }
}

/// Energy of what is left out has no figure.
pub(super) fn check_metrics(
    energy: &EnergySpec,
    objectives: &[Placed],
    constraints: &[PlacedConstraint],
    findings: &mut Findings,
) {
    let objectives = objectives.iter().map(|o| (&o.objective.metric, &o.span));
    for (metric, span) in objectives.chain(constraints.iter().map(|c| (&c.constraint.metric, &c.span))) {
        let Some(kind) = metric.parse::<EnergyMetric>().ok().and_then(|metric| metric.domain) else { continue };
        if let Some(name) = energy.without.iter().find(|name| is_kind(name) && name.kind() == kind) {
            let context = format!("where [energy] has without = [\"{name}\"]");
            let kind = IssueKind::Meaningless { key: metric.clone(), context };
            findings.push(
                Draft::new(kind).at(span.clone()).help("name another kind of hardware, or remove it from `without`"),
            );
        }
    }
}

impl EnergySpec {
    /// What is left out by its name, in words for the summary.
    pub(super) fn show_without(&self) -> String {
        let names: Vec<String> = self.without.iter().map(ToString::to_string).collect();
        if names.is_empty() { String::new() } else { format!("; without {}", names.join(" and ")) }
    }
}
