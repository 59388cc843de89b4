//! What draws power and has no figure: whether a study can do without one.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use super::HelpWords;
use super::outcome::wanted;
use crate::energy::units::{Consumer, DomainKind, PowerDomain, Standing};
use crate::energy::{EnergySource, Session, Usage};
use crate::evaluation::DeviceUse;
use crate::optimizer::problem::Problem;
use crate::record::{EnergyMetric, StudyRecord, TrialRecord};
use crate::study_file::{StudySpec, TrialSource};

/// What a study asks its meters for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asked {
    /// Sums over all hardware that a trial uses.
    totals: bool,
    /// Sums over one kind of it.
    kinds: BTreeSet<DomainKind>,
    devices: DeviceUse,
}

impl Asked {
    /// By its objectives, its constraints and its budget, of trials that compute on these devices as far as is known beforehand.
    #[must_use]
    pub fn of(problem: &Problem, has_energy_budget: bool, devices: DeviceUse) -> Self {
        let metrics = wanted(problem).filter_map(|name| name.parse::<EnergyMetric>().ok());
        let domains: Vec<Option<DomainKind>> = metrics.map(|metric| metric.domain).collect();
        let totals = has_energy_budget || domains.contains(&None);
        Self { totals, kinds: domains.into_iter().flatten().collect(), devices }
    }

    /// Of a study file.
    #[must_use]
    pub fn by(spec: &StudySpec, devices: DeviceUse) -> Self {
        Self::of(spec.problem(), spec.budget().joules.is_some(), devices)
    }

    /// Whether it asks for any energy, and there is none to have: nothing is metered.
    #[must_use]
    pub fn in_vain(&self, session: &Session) -> bool {
        (self.totals || !self.kinds.is_empty()) && session.sources(&Usage::All).is_empty()
    }

    /// Whether trials may use it.
    fn may_use(&self, consumer: &Consumer) -> bool {
        let is_device = matches!(consumer.kind, DomainKind::Gpu | DomainKind::Accelerator);
        !(is_device && self.devices == DeviceUse::CpuOnly)
    }

    /// What trials may use that has no figure and should have one: then the study does not start.
    #[must_use]
    pub fn lacking<'a>(&self, consumers: &'a [Consumer]) -> Vec<&'a Consumer> {
        let is_asked = |consumer: &&Consumer| self.totals || self.kinds.contains(&consumer.kind);
        self.unreadable(consumers).filter(is_asked).collect()
    }

    /// What trials may use that has no figure while nothing of it is asked for, a line each: the study starts all the same.
    #[must_use]
    pub fn told(&self, consumers: &[Consumer]) -> Vec<String> {
        let is_asked = |consumer: &&Consumer| self.totals || self.kinds.contains(&consumer.kind);
        let rest = self.unreadable(consumers).filter(|consumer| !is_asked(consumer));
        let reason = |consumer: &Consumer| consumer.reason.clone().unwrap_or_default();
        let line = |consumer: &Consumer| {
            format!(
                "{consumer} has no figure: {}; the study asks for nothing of its energy, so it starts, and the totals of trials that \
                 may use it are missing",
                reason(consumer)
            )
        };
        rest.map(line).collect()
    }

    fn unreadable<'a>(&self, consumers: &'a [Consumer]) -> impl Iterator<Item = &'a Consumer> {
        let unreadable = |consumer: &&Consumer| consumer.standing == Standing::Unreadable && self.may_use(consumer);
        consumers.iter().filter(unreadable)
    }
}

/// Why a study does not start: what its trials may use has no figure. A sentence for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    consumers: Vec<Consumer>,
    /// It goes on with figures that it has.
    goes_on: bool,
    /// The built-in trainer runs, which takes the GPU that it finds.
    trains: bool,
}

impl Unreadable {
    /// Of a study file on a machine with these; `None` if nothing is in its way.
    #[must_use]
    pub fn by(spec: &StudySpec, asked: &Asked, consumers: &[Consumer]) -> Option<Self> {
        Self::among(asked, consumers, false, matches!(spec.source(), TrialSource::Train(_)))
    }

    /// Of a study that begins or goes on.
    pub(super) fn of(record: &StudyRecord, asked: &Asked, consumers: &[Consumer]) -> Option<Self> {
        let goes_on = record.trials().iter().any(|trial| trial.energy().is_some());
        let trains = record.header().identity.get("train").is_some();
        Self::among(asked, consumers, goes_on, trains)
    }

    fn among(asked: &Asked, consumers: &[Consumer], goes_on: bool, trains: bool) -> Option<Self> {
        let consumers: Vec<Consumer> = asked.lacking(consumers).into_iter().cloned().collect();
        (!consumers.is_empty()).then_some(Self { consumers, goes_on, trains })
    }

    /// Which they are.
    #[must_use]
    pub fn consumers(&self) -> &[Consumer] {
        &self.consumers
    }

    /// What to do about each of them, a line each.
    #[must_use]
    pub fn help(&self) -> Option<Cow<'static, str>> {
        Some(self.help_in(&HelpWords::default()).into())
    }

    pub(super) fn help_in(&self, words: &HelpWords) -> String {
        let lines: Vec<String> = self.consumers.iter().map(|consumer| self.ways(consumer, words)).collect();
        lines.join("\n")
    }

    fn ways(&self, consumer: &Consumer, words: &HelpWords) -> String {
        let mut ways = vec![consumer.remedy.clone().unwrap_or_else(|| "mend that".to_owned())];
        let leave = format!("leave it out of the figures with without = [\"{}\"] in [energy]", consumer.name);
        ways.push(match self.goes_on {
            true => format!("{} and {leave}", words.begin_anew),
            false => leave,
        });
        let is_device = matches!(consumer.kind, DomainKind::Gpu | DomainKind::Accelerator);
        let variable = ["NVIDIA", "AMD"].into_iter().zip(["CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"]);
        let variable = variable.into_iter().find(|(maker, _)| consumer.what.starts_with(maker));
        if let Some((_, variable)) = variable.filter(|_| is_device) {
            let place = match self.trains {
                true => "the environment (-1 trains on the processor)",
                false => "`env` of [command] or the environment",
            };
            ways.push(format!("hide it from the trials by {variable} in {place}"));
        }
        format!("of {}: {}", consumer.name, ways.join("; or "))
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |consumer: &Consumer| {
            let reason = consumer.reason.as_deref().unwrap_or("nobody knows why");
            format!("  {consumer} may be used and cannot be metered: {reason}")
        };
        f.write_str(&self.consumers.iter().map(line).collect::<Vec<_>>().join("\n"))
    }
}

/// Why hardware that was metered before is not now, or the other way round, a part of a sentence each.
pub(super) fn why_otherwise(record: &StudyRecord, session: &Session, now: &[EnergySource]) -> Vec<String> {
    let Some(first) = record.trials().iter().find_map(TrialRecord::energy) else { return Vec::new() };
    let known = |domain: &PowerDomain| {
        let environments = record.sessions().iter().rev().map(|session| &session.environment);
        let mut consumers = environments.flat_map(|environment| &environment.consumers);
        consumers.find(|consumer| consumer.domain.as_ref() == Some(domain))
    };
    let here = |domain: &PowerDomain| {
        let by_domain = session.consumers().iter().find(|consumer| consumer.domain.as_ref() == Some(domain));
        // What is lost does not tell its UUID, but is counted and has its place on the bus.
        by_domain.or_else(|| {
            let known = known(domain)?;
            let same =
                |other: &&Consumer| other.name == known.name && (other.domain.is_none() || known.domain.is_none());
            session.consumers().iter().find(same)
        })
    };
    let stored = first.domains.iter().filter(|part| part.joules.is_some()).map(|part| &part.domain);
    let lost = stored.clone().filter(|domain| !now.iter().any(|source| source.domain == **domain));
    let mut found: Vec<String> = lost
        .map(|domain| match here(domain) {
            Some(consumer) => {
                let reason = consumer.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
                format!("{consumer} is {} now{reason}", consumer.standing.name())
            }
            None => format!("{domain} is not here"),
        })
        .collect();
    let before = |domain: &PowerDomain| stored.clone().any(|other| other == domain);
    for source in now.iter().filter(|source| !before(&source.domain)) {
        if let Some(consumer) = session.consumers().iter().find(|c| c.domain.as_ref() == Some(&source.domain)) {
            found.push(format!("{consumer} was not metered then"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::problem::minimize;
    use crate::optimizer::space::{Space, float};

    fn consumer(kind: DomainKind, id: &str, standing: Standing) -> Consumer {
        let json = serde_json::json!({
            "name": format!("{}:{id}", kind.name()), "kind": kind, "what": format!("NVIDIA thing {id}"), "standing": standing,
            "reason": "it fell off the bus", "remedy": "restart the machine",
        });
        serde_json::from_value(json).unwrap()
    }

    fn problem(metrics: &[&str]) -> Problem {
        let space = Space::new([float("x", 0.0..=1.0)]).unwrap();
        Problem::unchecked(space, metrics.iter().map(|metric| minimize(*metric)).collect())
    }

    fn lacking(metrics: &[&str], budget: bool, devices: DeviceUse) -> Vec<String> {
        let all = [
            consumer(DomainKind::Gpu, "0", Standing::Metered),
            consumer(DomainKind::Gpu, "1", Standing::Unreadable),
            consumer(DomainKind::Accelerator, "0", Standing::Unreadable),
            consumer(DomainKind::Dram, "dram-0", Standing::Unreadable),
            consumer(DomainKind::Gpu, "2", Standing::LeftOut),
            consumer(DomainKind::Cpu, "package-0", Standing::Uncounted),
        ];
        let asked = Asked::of(&problem(metrics), budget, devices);
        asked.lacking(&all).into_iter().map(|consumer| consumer.name.clone()).collect()
    }

    #[test]
    fn what_is_asked_for_must_be_readable_and_nothing_else() {
        let all = ["gpu:1", "accelerator:0", "dram:dram-0"];
        assert_eq!(lacking(&["energy"], false, DeviceUse::Unknown), all);
        assert_eq!(lacking(&["loss", "energy.train.net"], false, DeviceUse::Unknown), all);
        assert_eq!(lacking(&["loss"], true, DeviceUse::Unknown), all, "by the budget");
        assert_eq!(lacking(&["energy.gpu"], false, DeviceUse::Unknown), ["gpu:1"]);
        assert_eq!(lacking(&["energy.train.dram"], false, DeviceUse::Unknown), ["dram:dram-0"]);
        assert!(lacking(&["energy.cpu"], false, DeviceUse::Unknown).is_empty());
        assert!(lacking(&["loss"], false, DeviceUse::Unknown).is_empty());
        assert_eq!(lacking(&["energy"], false, DeviceUse::CpuOnly), ["dram:dram-0"], "the memory is used all the same");
        assert!(lacking(&["energy.gpu"], false, DeviceUse::CpuOnly).is_empty());
    }

    #[test]
    fn what_is_not_asked_for_is_told_all_the_same() {
        let all = [consumer(DomainKind::Gpu, "1", Standing::Unreadable)];
        let told = |devices| Asked::of(&problem(&["energy.cpu"]), false, devices).told(&all);
        let line = told(DeviceUse::Unknown).pop().unwrap();
        assert!(line.starts_with("gpu:1 (NVIDIA thing 1) has no figure: it fell off the bus; "), "{line}");
        assert!(told(DeviceUse::CpuOnly).is_empty(), "it has no part in it");
        assert!(Asked::of(&problem(&["energy"]), false, DeviceUse::Unknown).told(&all).is_empty(), "that is refused");
    }

    #[test]
    fn what_to_do_depends_on_who_runs_and_whether_it_goes_on() {
        let all = [consumer(DomainKind::Gpu, "1", Standing::Unreadable)];
        let asked = Asked::of(&problem(&["energy"]), false, DeviceUse::Unknown);
        let told = |goes_on, trains| {
            let words = HelpWords { begin_anew: "begin again", ..HelpWords::default() };
            Unreadable::among(&asked, &all, goes_on, trains).unwrap().help_in(&words)
        };
        let command = told(false, false);
        assert!(
            command.contains("restart the machine; or leave it out of the figures with without = [\"gpu:1\"]"),
            "{command}"
        );
        assert!(command.contains("CUDA_VISIBLE_DEVICES in `env` of [command]"), "{command}");
        assert!(told(false, true).contains("the environment (-1 trains on the processor)"));
        assert!(told(true, false).contains("; or begin again and leave it out"));
        let memory = [consumer(DomainKind::Dram, "dram-0", Standing::Unreadable)];
        let memory = Unreadable::among(&asked, &memory, false, true).unwrap().help().unwrap();
        assert!(!memory.contains("VISIBLE"), "{memory}");
    }
}
