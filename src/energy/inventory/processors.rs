//! Processors, their memory, and sensors of the board.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::opened::OpenedMeters;
use super::sensors;
use super::surroundings::Surroundings;
use crate::energy::error::EnergyError;
use crate::energy::meters::choice::{MeterKind, Meters};
use crate::energy::meters::places::Places;
use crate::energy::meters::rapl::{CounterState, FoundCounter, RaplWays, survey};
use crate::energy::system::deadline::{CallLimits, within};
use crate::energy::units::{Consumer, DomainKind, Method, Standing};

/// What there is of processors and memory, with what came of opening their counters.
pub(super) fn list(
    ways: &RaplWays,
    places: &Places,
    surroundings: Surroundings,
    opened: &OpenedMeters<'_>,
) -> Vec<Consumer> {
    let own = ways.clone();
    // Files may hang as drivers do; then it is known from opening them that they do.
    let look = || within(CallLimits::of_environment().asking, move || survey(&own)).unwrap_or_default();
    let found = opened.found.clone().unwrap_or_else(look);
    let estimated =
        opened.sources.iter().any(|source| source.method == Method::Estimate && source.domain.kind == DomainKind::Cpu);
    let is_platform = matches!(opened.meters, Meters::List(kinds) if kinds.contains(&MeterKind::Psys));
    // What stands in where no package has a counter that is read.
    let instead = match (estimated, is_platform) {
        (true, _) => Standing::Estimated,
        (false, true) => Standing::Within,
        (false, false) => Standing::Uncounted,
    };
    let closed = match &opened.rapl {
        Some(Ok(())) => None,
        Some(Err(error)) => Some(reasons(error, &found, surroundings)),
        None => Some((left_to(opened.meters).to_owned(), None)),
    };
    let mut consumers: Vec<Consumer> =
        found.iter().map(|found| counter(found, closed.as_ref().map(|(reason, _)| reason.as_str()), instead)).collect();
    consumers.extend(uncounted_sockets(places, &found, closed.as_ref(), instead));
    let of_kind = |kind: DomainKind| {
        found
            .iter()
            .filter(move |found| found.domain.kind == kind)
            .filter_map(FoundCounter::package)
            .collect::<BTreeSet<u32>>()
    };
    let with_memory = of_kind(DomainKind::Dram);
    for package in of_kind(DomainKind::Cpu).difference(&with_memory).filter(|_| !with_memory.is_empty()) {
        let consumer =
            Consumer::new(DomainKind::Dram, &format!("dram-{package}"), format!("memory of package-{package}"));
        consumers.push(consumer.because(Standing::Uncounted, "nothing here counts it, unlike that of other packages"));
    }
    if !found.iter().any(|found| found.domain.kind == DomainKind::Dram) {
        let consumer = Consumer::new(DomainKind::Dram, "memory", "memory".to_owned());
        let remedy = "only some processors of Intel's count their memory; there is nothing to be done about others";
        consumers.push(consumer.because(Standing::Uncounted, "nothing here counts it").remedy(remedy));
    }
    for (name, file) in sensors::off_the_bus(&places.sys) {
        let what = format!("sensor {name} ({})", file.display());
        let consumer = Consumer::new(DomainKind::Platform, &format!("sensor-{name}"), what);
        let reason = "what it covers is for its maker to say, and no meter here reads it";
        consumers.push(consumer.because(Standing::Uncounted, reason));
    }
    consumers
}

/// The packages of the machine, by their names alone; one for all of them where nothing tells their number.
pub(super) fn packages(places: &Places) -> Vec<Consumer> {
    let ways = places.rapl();
    let found = within(CallLimits::of_environment().asking, move || survey(&ways)).unwrap_or_default();
    let counted =
        found.iter().filter(|f| f.domain.kind == DomainKind::Cpu && !matches!(f.state, CounterState::Within { .. }));
    let mut ids: BTreeSet<String> = counted.map(|found| found.domain.id.clone()).collect();
    if ids.is_empty() {
        ids = sockets(places.machine()).iter().map(|socket| format!("package-{socket}")).collect();
    }
    if ids.is_empty() {
        ids.insert("processors".to_owned());
    }
    ids.iter().map(|id| Consumer::new(DomainKind::Cpu, id, String::new())).collect()
}

/// A counter that is shown.
fn counter(found: &FoundCounter, closed: Option<&str>, instead: Standing) -> Consumer {
    let what = format!("{} {}", found.domain.kind.name(), found.domain.id);
    let mut consumer = Consumer::new(found.domain.kind, &found.domain.id, what);
    consumer.domain = Some(found.domain.clone());
    let is_package = found.domain.kind == DomainKind::Cpu;
    match (&found.state, closed) {
        (CounterState::Counted { note, .. }, None) => {
            Consumer { standing: Standing::Metered, method: Some(Method::Counter), note: note.clone(), ..consumer }
        }
        // It could be read, and the choice of meters, or a failure at opening, does without it.
        (CounterState::Counted { .. }, Some(why)) if is_package => consumer.because(instead, why),
        (CounterState::Counted { .. }, Some(why)) => consumer.because(Standing::Uncounted, why),
        (CounterState::Closed { reason, remedy }, None) => {
            consumer.because(Standing::Unreadable, reason.clone()).remedy(remedy.clone())
        }
        (CounterState::Closed { reason, remedy }, Some(_)) => {
            let standing = if is_package { instead } else { Standing::Uncounted };
            consumer.because(standing, reason.clone()).remedy(remedy.clone())
        }
        (CounterState::Silent { reason }, _) => consumer.because(Standing::Uncounted, reason.clone()),
        (CounterState::Within { .. }, Some(_)) if found.domain.kind == DomainKind::Platform => consumer
            .because(Standing::Uncounted, "it counts the whole platform, and is metered by its name alone")
            .remedy("choose the meter psys, alone; for a study by `meters = [\"psys\"]` in [energy]"),
        (CounterState::Within { of }, _) => {
            consumer.because(Standing::Within, format!("it shows again what others count: {of}"))
        }
    }
}

/// The sockets of which no counter is shown.
fn uncounted_sockets(
    places: &Places,
    found: &[FoundCounter],
    closed: Option<&(String, Option<String>)>,
    instead: Standing,
) -> Vec<Consumer> {
    let packages: BTreeSet<u32> =
        found.iter().filter(|found| found.domain.kind == DomainKind::Cpu).filter_map(FoundCounter::package).collect();
    let any_counter = found.iter().any(|found| found.domain.kind == DomainKind::Cpu);
    let sockets = sockets(places.machine());
    let missing = |id: &str, what: String| {
        let consumer = Consumer::new(DomainKind::Cpu, id, what);
        match closed {
            Some((reason, remedy)) => Consumer { remedy: remedy.clone(), ..consumer.because(instead, reason.clone()) },
            None => consumer
                .because(Standing::Unreadable, "its socket is in /proc/cpuinfo, and no counter of it is shown")
                .remedy("see what the kernel's log says of RAPL"),
        }
    };
    if sockets.is_empty() && !any_counter {
        return vec![missing("processors", "processors".to_owned())];
    }
    let unseen = sockets.difference(&packages);
    unseen.map(|socket| missing(&format!("package-{socket}"), format!("cpu package-{socket}"))).collect()
}

/// The numbers of the sockets, as `/proc/cpuinfo` has them; empty where it does not say.
fn sockets(proc: &Path) -> BTreeSet<u32> {
    let text = fs::read_to_string(proc.join("cpuinfo")).unwrap_or_default();
    let fields = text.lines().filter_map(|line| line.split_once(':'));
    fields.filter(|(key, _)| key.trim() == "physical id").filter_map(|(_, id)| id.trim().parse().ok()).collect()
}

fn left_to(meters: &Meters) -> &'static str {
    match meters {
        Meters::List(kinds) if kinds.contains(&MeterKind::Estimate) => "`meters` leaves it to the estimate",
        Meters::List(kinds) if kinds.contains(&MeterKind::Psys) => "`meters` leaves it to psys, which contains it",
        _ => "`meters` names no meter of it",
    }
}

/// Why no counter of processors is read, in the surroundings that explain it, and what to do about it.
fn reasons(error: &EnergyError, found: &[FoundCounter], surroundings: Surroundings) -> (String, Option<String>) {
    let EnergyError::Unavailable { reason, remedy, .. } = error else {
        return (error.to_string(), error.help().map(Cow::into_owned));
    };
    if found.iter().any(|found| found.domain.kind == DomainKind::Cpu) {
        return (reason.clone(), Some(remedy.clone()));
    }
    let (why, instead) = match (surroundings.container, surroundings.virtual_machine) {
        (true, true) => ("; container runtimes hide it, and virtual machines rarely have it", Some(CONTAINER_REMEDY)),
        (true, false) => ("; container runtimes hide it", Some(CONTAINER_REMEDY)),
        (false, true) => {
            ("; this is a virtual machine, and its host keeps the counters to itself", Some(VIRTUAL_REMEDY))
        }
        (false, false) => ("", None),
    };
    (format!("{reason}{why}"), Some(instead.map_or_else(|| remedy.clone(), str::to_owned)))
}

const CONTAINER_REMEDY: &str = "if the host has the counters, show them to the container: `docker run --security-opt \
    systempaths=unconfined` or `podman run --security-opt unmask=/sys/devices/virtual/powercap`, and \
    let its user read energy_uj; or run outside of it";

const VIRTUAL_REMEDY: &str = "run on the physical machine, or live with the estimate";
