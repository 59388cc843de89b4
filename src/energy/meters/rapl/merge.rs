//! Of counters that both ways show, which are read: where events are taken, what they do not open is still the tree's.

use super::planned::{PlannedCounter, because, both, either};
use super::survey::{CounterState, FoundCounter};
use crate::energy::units::PowerDomain;

/// How much is known of a counter by the one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum KnownBy {
    Closed,
    Silent,
    Counted,
}

fn known(planned: &PlannedCounter) -> Option<KnownBy> {
    match planned.found.state {
        CounterState::Counted { .. } => Some(KnownBy::Counted),
        CounterState::Silent { .. } => Some(KnownBy::Silent),
        CounterState::Closed { .. } => Some(KnownBy::Closed),
        CounterState::Within { .. } => None,
    }
}

/// Those that may be of the same hardware: of that name; else of that package; of that kind, where the package is not told.
fn counterparts<'a>(one: &PlannedCounter, others: &'a [PlannedCounter]) -> Vec<&'a PlannedCounter> {
    let of_kind = |p: &&PlannedCounter| p.found.domain.kind == one.found.domain.kind && known(p).is_some();
    let others: Vec<&PlannedCounter> = others.iter().filter(of_kind).collect();
    if let Some(same) = others.iter().find(|p| p.found.domain == one.found.domain) {
        return vec![same];
    }
    match one.found.package() {
        Some(package) => others.into_iter().filter(|p| p.found.package() == Some(package)).collect(),
        None => others,
    }
}

/// Whether events tell no less of what a zone counts than the zone does, or may count it already.
fn told_by(events: &[PlannedCounter], zone: &PlannedCounter, by_zone: KnownBy) -> bool {
    let events: Vec<_> = counterparts(zone, events).into_iter().filter_map(known).collect();
    let silent = |event: &KnownBy| *event == KnownBy::Silent;
    events.contains(&KnownBy::Counted)
        || (!events.is_empty() && by_zone < KnownBy::Counted && events.iter().all(silent))
}

/// All that `events` and the tree's `files` show, each once: by events, because of what is `masked` in the tree, but for what these
/// do not open or do not have.
pub(super) fn merged(events: Vec<PlannedCounter>, files: Vec<PlannedCounter>, masked: &str) -> Vec<PlannedCounter> {
    let again = |zone: &PlannedCounter| match known(zone).filter(|_| zone.counts()) {
        Some(by_zone) => told_by(&events, zone, by_zone),
        None => events.iter().any(|p| p.found.domain == zone.found.domain && p.found.is_counted()),
    };
    let mut kept: Vec<PlannedCounter> = files.into_iter().filter(|zone| !again(zone)).collect();
    for zone in kept.iter_mut().filter(|zone| zone.counts()) {
        let denied = counterparts(zone, &events).into_iter().find_map(|event| match &event.found.state {
            CounterState::Closed { reason, remedy } => Some((reason.clone(), remedy.clone())),
            _ => None,
        });
        let (denied, opens) = denied.unwrap_or_else(|| ("they do not count it".to_owned(), String::new()));
        if let CounterState::Closed { reason, remedy } = &mut zone.found.state {
            (*reason, *remedy) = (both(reason, &denied), either(remedy, &opens));
        }
    }
    let told_by_tree = |event: &PlannedCounter| match known(event).filter(|_| event.counts()) {
        Some(KnownBy::Counted) => false,
        Some(_) => !counterparts(event, &kept).is_empty(),
        None => kept.iter().any(|zone| zone.found.domain == event.found.domain),
    };
    let events = events.into_iter().filter(|event| !told_by_tree(event));
    let mut all: Vec<PlannedCounter> = events.map(|event| because(event, masked)).collect();
    all.extend(kept);
    all
}

/// Whether a tree has nothing that may be this hardware: no such counter of its package, nor one of which the package is not told.
pub(super) fn lacks(files: &[PlannedCounter], domain: &PowerDomain) -> bool {
    let wanted = FoundCounter {
        domain: domain.clone(),
        place: String::new(),
        state: CounterState::Within { of: String::new() },
    };
    let Some(package) = wanted.package() else { return false };
    let may_be = |zone: &PlannedCounter| {
        let of = zone.found.package();
        zone.found.domain.kind == domain.kind && known(zone).is_some() && (of.is_none() || of == Some(package))
    };
    !files.iter().any(may_be)
}

/// Whether this event counts or would count a package or memory of which the tree knows nothing.
pub(super) fn is_beyond(files: &[PlannedCounter], event: &PlannedCounter) -> bool {
    event.counts() && known(event).is_some() && lacks(files, &event.found.domain)
}

#[cfg(test)]
mod tests;
