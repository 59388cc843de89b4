//! What becomes of each zone of the powercap tree.

use std::io;
use std::path::Path;

use super::counter::RaplCounter;
use super::mirrors::{self, SameCounter};
use super::planned::PlannedCounter;
use super::remedy::{HIDDEN_REMEDY, MISSING_REMEDY, Obstacle, UNKNOWN_REMEDY, UNNAMED_REMEDY, closed};
use super::survey::{CounterState, FoundCounter};
use super::tree::{self, Zone, ZoneKind, package_number};
use super::zone::{Group, ZoneCounter, range};
use crate::energy::units::{DomainKind, PowerDomain};

/// A zone that counts something of its own, as far as its name and place tell.
#[derive(Debug, Clone)]
struct Candidate {
    zone: Zone,
    kind: DomainKind,
    package: Option<u32>,
    id: String,
    first: Result<u64, (String, String)>,
}

impl Candidate {
    fn new(zone: &Zone, kind: DomainKind, package: Option<u32>, id: String) -> Self {
        let first = zone.read().map_err(|error| closed(&zone.counter(), &error));
        Self { zone: zone.clone(), kind, package, id, first }
    }

    fn found(&self, state: CounterState) -> FoundCounter {
        let domain = PowerDomain { kind: self.kind, id: self.id.clone() };
        FoundCounter { domain, place: self.zone.path.display().to_string(), state }
    }

    /// Whether both count the same hardware by their names.
    fn is_twin_of(&self, other: &Self) -> bool {
        let same_package = self.package.is_some() && self.package == other.package;
        self.kind == other.kind && self.zone.control != other.zone.control && (self.id == other.id || same_package)
    }
}

/// Every zone of the tree at `root`, with a counter where it is to be read.
///
/// # Errors
///
/// If there is no tree.
pub(super) fn plan(root: &Path) -> Result<Vec<PlannedCounter>, Obstacle> {
    let zones = match tree::zones(root) {
        Ok(zones) => zones,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let reason = format!("{}: {error}", root.display());
            return Err(Obstacle { reason, remedy: MISSING_REMEDY.to_owned() });
        }
        Err(error) => {
            let domain = PowerDomain { kind: DomainKind::Cpu, id: "packages".to_owned() };
            let reason = format!("{}: {error}", root.display());
            let remedy = format!("let this user list the folder: `sudo chmod a+rx {}`", root.display());
            let state = CounterState::Closed { reason, remedy };
            return Ok(vec![PlannedCounter::said(FoundCounter { domain, place: root.display().to_string(), state })]);
        }
    };
    let mut candidates = Vec::new();
    let mut planned = Vec::new();
    for zone in &zones {
        match sort(zone, &zones) {
            Sorted::Candidate(candidate) => candidates.push(candidate),
            Sorted::Said(found) => planned.extend(found.map(PlannedCounter::said)),
        }
        planned.extend(unseen_parts(zone, &zones).map(PlannedCounter::said));
    }
    name_top_memory(&mut candidates);
    planned.extend(twins(&mut candidates).into_iter().map(PlannedCounter::said));
    let mut chosen = of_all(candidates);
    tell_apart(&mut chosen);
    // Packages and memory stand where the tree shows them, before what is in them.
    chosen.extend(planned);
    Ok(chosen)
}

/// Decides on one package after the other, its memory with it.
fn of_all(candidates: Vec<Candidate>) -> Vec<PlannedCounter> {
    let mut groups: Vec<Vec<Candidate>> = Vec::new();
    for candidate in candidates {
        let grouped = candidate.package.is_some() || candidate.kind == DomainKind::Platform;
        let same = |c: &Candidate| grouped && c.kind == candidate.kind && c.package == candidate.package;
        match groups.iter_mut().find(|group| same(&group[0])) {
            Some(group) => group.push(candidate),
            None => groups.push(vec![candidate]),
        }
    }
    // Memory is mirrored only where its package is: dies with counters of their own have memory of their own.
    let mut mirrored: Vec<Option<u32>> = Vec::new();
    let mut planned: Vec<Option<Vec<PlannedCounter>>> = groups.iter().map(|_| None).collect();
    for memory in [false, true] {
        for (group, planned) in groups.iter().zip(&mut planned) {
            let (kind, package) = (group[0].kind, group[0].package);
            if (kind == DomainKind::Dram) != memory {
                continue;
            }
            let decided = of_one_package(group, !memory || mirrored.contains(&package));
            if !memory && decided.iter().any(|p| matches!(p.found.state, CounterState::Within { .. })) {
                mirrored.push(package);
            }
            *planned = Some(decided);
        }
    }
    planned.into_iter().flatten().flatten().collect()
}

enum Sorted {
    Candidate(Candidate),
    /// `None` for what is said already by another zone.
    Said(Option<FoundCounter>),
}

/// What a zone is, by its name and place.
fn sort(zone: &Zone, zones: &[Zone]) -> Sorted {
    let parent = zones.iter().rev().find(|other| zone.is_below(other));
    let said = |kind, id: String, state| {
        let place = zone.path.display().to_string();
        Sorted::Said(Some(FoundCounter { domain: PowerDomain { kind, id }, place, state }))
    };
    let name = zone.name();
    let parent_label = parent.and_then(|parent| parent.label.clone().ok());
    let parent_package = parent_label.as_deref().filter(|label| label.starts_with("package"));
    let shut = |reason: String, remedy: &str| CounterState::Closed { reason, remedy: remedy.to_owned() };
    if zone.hollow {
        let reason = format!("{} leads nowhere: container runtimes hide what it stands for", zone.path.display());
        return match zone.is_top() && zone.is_rapl() {
            true => said(DomainKind::Cpu, name, shut(reason, HIDDEN_REMEDY)),
            false => Sorted::Said(None),
        };
    }
    if !zone.is_rapl() {
        let state = match zone.counter().exists() {
            true => shut(format!("it is a counter of `{}`, which no meter reads yet", zone.control), UNKNOWN_REMEDY),
            false => CounterState::Silent { reason: "it has no counter of energy".to_owned() },
        };
        return said(DomainKind::Platform, name, state);
    }
    let label = match &zone.label {
        Ok(label) => label.clone(),
        Err(reason) => {
            let kind = if zone.is_top() { DomainKind::Cpu } else { DomainKind::Dram };
            let reason = format!("{reason}; what it counts is not known");
            return said(kind, name, shut(reason, UNNAMED_REMEDY));
        }
    };
    match (zone.part(), parent) {
        (ZoneKind::Platform, _) => Sorted::Candidate(Candidate::new(zone, DomainKind::Platform, None, label)),
        (ZoneKind::Package, None) => {
            let package = package_number(&label);
            Sorted::Candidate(Candidate::new(zone, DomainKind::Cpu, package, label))
        }
        (ZoneKind::Dram, _) => match parent_package {
            Some(package) => {
                let id = package.replacen("package", "dram", 1);
                Sorted::Candidate(Candidate::new(zone, DomainKind::Dram, package_number(package), id))
            }
            None => {
                let package = package_number(&label);
                let id = if package.is_some() { label } else { format!("dram ({name})") };
                Sorted::Candidate(Candidate::new(zone, DomainKind::Dram, package, id))
            }
        },
        (_, Some(_)) => {
            let of = parent_label.unwrap_or_else(|| "the zone around it".to_owned());
            said(DomainKind::Cpu, format!("{label} ({name})"), CounterState::Within { of })
        }
        (ZoneKind::Inner, None) => {
            let of = "a package that the tree does not show".to_owned();
            said(DomainKind::Cpu, format!("{label} ({name})"), CounterState::Within { of })
        }
        (_, None) => {
            let reason = format!("what `{label}` counts is not known, nor whether others contain it");
            said(DomainKind::Platform, format!("{label} ({name})"), shut(reason, UNKNOWN_REMEDY))
        }
    }
}

/// The memory of a package whose subzones cannot be seen, neither within it nor beside it.
fn unseen_parts(zone: &Zone, zones: &[Zone]) -> Option<FoundCounter> {
    let label = zone.label.as_deref().ok().filter(|_| zone.part() == ZoneKind::Package && zone.is_top())?;
    let reason = zone.unlisted.as_ref().filter(|_| !zones.iter().any(|other| other.is_below(zone)))?;
    Some(FoundCounter {
        domain: PowerDomain { kind: DomainKind::Dram, id: label.replacen("package", "dram", 1) },
        place: zone.path.display().to_string(),
        state: CounterState::Closed {
            reason: format!("{reason}; whether it has a counter of memory cannot be seen"),
            remedy: format!("let this user list the folder: `sudo chmod a+rx {}`", zone.path.display()),
        },
    })
}

/// Memory beside the only package is that package's.
fn name_top_memory(candidates: &mut [Candidate]) {
    let mut packages: Vec<_> = candidates.iter().filter(|c| c.kind == DomainKind::Cpu).map(|c| c.package).collect();
    packages.dedup();
    let [Some(only)] = packages[..] else { return };
    let nameless = |c: &&mut Candidate| c.kind == DomainKind::Dram && c.package.is_none();
    for memory in candidates.iter_mut().filter(nameless) {
        (memory.package, memory.id) = (Some(only), format!("dram-{only}"));
    }
}

/// Takes out what another interface shows again; the readable one of both stays.
fn twins(candidates: &mut Vec<Candidate>) -> Vec<FoundCounter> {
    let mut said = Vec::new();
    let mut kept: Vec<Candidate> = Vec::new();
    for candidate in candidates.drain(..) {
        let others: Vec<usize> = (0..kept.len()).filter(|k| candidate.is_twin_of(&kept[*k])).collect();
        let out = match others[..] {
            [] => {
                kept.push(candidate);
                continue;
            }
            [only] if kept[only].first.is_err() && candidate.first.is_ok() => {
                std::mem::replace(&mut kept[only], candidate)
            }
            _ => candidate,
        };
        let of = kept.iter().find(|other| out.is_twin_of(other)).map_or_else(String::new, |other| other.id.clone());
        let mut found = out.found(CounterState::Within { of });
        found.domain.id = format!("{} ({})", out.id, out.zone.name());
        said.push(found);
    }
    *candidates = kept;
    said
}

/// The counters of one package, or of its memory: one zone mostly; one for each die; or one counter that is shown several
/// times, if it may be `mirrored`.
fn of_one_package(group: &[Candidate], mirrored: bool) -> Vec<PlannedCounter> {
    let readable: Vec<&Candidate> = group.iter().filter(|c| c.first.is_ok()).collect();
    let silent_while_zero = |c: &Candidate| c.kind == DomainKind::Dram;
    let look = mirrors::look(&readable.iter().map(|c| (&c.zone, silent_while_zero(c))).collect::<Vec<_>>());
    let unreadable: Vec<&str> = group.iter().filter(|c| c.first.is_err()).map(|c| c.id.as_str()).collect();
    let mut planned: Vec<PlannedCounter> = Vec::new();
    let mut taken = vec![false; readable.len()];
    for (index, candidate) in readable.iter().enumerate() {
        if taken[index] {
            continue;
        }
        if look.silent[index] {
            let reason = format!("{} stays at 0: it does not count", candidate.zone.counter().display());
            planned.push(PlannedCounter::said(candidate.found(CounterState::Silent { reason })));
            continue;
        }
        let same: Vec<usize> =
            (index + 1..readable.len()).filter(|k| mirrored && look.same(index, *k) != SameCounter::No).collect();
        same.iter().for_each(|k| taken[*k] = true);
        let all_one = unreadable.is_empty() && same.len() + 1 == readable.len();
        let mut notes = Vec::new();
        let mut candidate = (*candidate).clone();
        if !same.is_empty() {
            let names =
                std::iter::once(index).chain(same.iter().copied()).map(|k| names(readable[k])).collect::<Vec<_>>();
            let still = same.iter().any(|k| look.same(index, *k) == SameCounter::Standing);
            notes.push(match still {
                false => format!("{} show one counter, which is read once", names.join(" and ")),
                true => format!(
                    "{} showed the same value and stood still when they were opened: taken for one counter, which is read \
                     once; if they differ later, each counts for itself from then on",
                    names.join(" and ")
                ),
            });
            if let (true, Some(number)) = (all_one, candidate.package) {
                candidate.id =
                    format!("{}-{number}", if candidate.kind == DomainKind::Dram { "dram" } else { "package" });
            }
        }
        if !unreadable.is_empty() && candidate.package.is_some() {
            notes.push(format!(
                "whether {} shows the same counter is not known: it cannot be read",
                unreadable.join(", ")
            ));
        }
        let counters = std::iter::once(index).chain(same.iter().copied()).map(|k| {
            let zone = &readable[k].zone;
            ZoneCounter::new(zone.clone(), range(zone, readable[k].first.as_ref().copied().unwrap_or(0)))
        });
        let counters: Vec<_> = counters.collect();
        notes.extend(counters[0].note());
        let domain = PowerDomain { kind: candidate.kind, id: candidate.id.clone() };
        let counter = Group::new(domain, counters);
        let note = (!notes.is_empty()).then(|| notes.join("; "));
        let found = candidate.found(CounterState::Counted { sampling: counter.sampling(), note });
        planned.push(PlannedCounter { found, counter: Some(Box::new(counter)) });
        let of = candidate.id.clone();
        planned.extend(same.iter().map(|k| {
            let mut found = readable[*k].found(CounterState::Within { of: of.clone() });
            if found.domain.id == of {
                found.domain.id = names(readable[*k]);
            }
            PlannedCounter::said(found)
        }));
    }
    for candidate in group.iter().filter(|c| c.first.is_err()) {
        let Err((reason, remedy)) = candidate.first.clone() else { continue };
        planned.push(PlannedCounter::said(candidate.found(CounterState::Closed { reason, remedy })));
    }
    planned
}

/// A zone by both of its names.
fn names(candidate: &Candidate) -> String {
    format!("{} ({})", candidate.id, candidate.zone.name())
}

/// Adds the zone's own name to an id that another one has already.
fn tell_apart(planned: &mut [PlannedCounter]) {
    for index in 1..planned.len() {
        let (before, rest) = planned.split_at_mut(index);
        let here = &mut rest[0];
        if before.iter().any(|other| other.found.domain == here.found.domain) {
            let zone = here.found.place.rsplit('/').next().unwrap_or_default();
            here.rename(format!("{} ({zone})", here.found.domain.id));
        }
    }
}
