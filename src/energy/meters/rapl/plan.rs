//! Which way is taken to the counters, and what is said of all of them.

use super::counter::RaplCounter;
use super::merge::{is_beyond, lacks, merged};
use super::planned::{PlannedCounter, because, both, either};
use super::remedy::{MISSING_REMEDY, Obstacle};
use super::survey::{CounterState, FoundCounter};
use super::ways::RaplWays;
use super::{files, perf};
use crate::energy::units::{DomainKind, PowerDomain};

/// All that is shown, by the way that is taken.
#[derive(Debug)]
pub(super) struct CounterPlan {
    pub(super) all: Vec<PlannedCounter>,
    /// Why neither way is open.
    pub(super) shut: Option<Obstacle>,
}

impl CounterPlan {
    /// For the survey: the platform is read by a meter of its own.
    pub(super) fn found(&self) -> Vec<FoundCounter> {
        let packages = self.all.iter().any(|p| p.is(DomainKind::Cpu) && p.found.is_counted());
        let tell = |planned: &PlannedCounter| {
            let mut found = planned.found.clone();
            let around = match packages {
                true => "the platform, of which the packages are a part,",
                false => "the platform as a whole, which the meter psys reads if it is chosen by name,",
            };
            if planned.is_platform() && (packages || planned.found.is_counted()) {
                found.state = CounterState::Within { of: around.to_owned() };
            }
            found
        };
        self.all.iter().map(tell).collect()
    }
}

/// What keeps a list of counters from being all that is wanted.
struct ClosedCounters<'a> {
    left_out: &'a dyn Fn(&PowerDomain) -> bool,
}

impl ClosedCounters<'_> {
    /// The first counter of these kinds that cannot be read.
    fn closed(&self, all: &[PlannedCounter], kinds: &[DomainKind]) -> Option<(String, String)> {
        all.iter().find_map(|planned| match &planned.found.state {
            CounterState::Closed { reason, remedy }
                if kinds.contains(&planned.found.domain.kind) && !(self.left_out)(&planned.found.domain) =>
            {
                Some((reason.clone(), remedy.clone()))
            }
            _ => None,
        })
    }

    /// A package before any memory.
    fn first_closed(&self, all: &[PlannedCounter]) -> Option<(String, String)> {
        self.closed(all, &[DomainKind::Cpu]).or_else(|| self.closed(all, &[DomainKind::Dram]))
    }

    fn packages(&self, all: &[PlannedCounter]) -> bool {
        all.iter().any(|p| p.is(DomainKind::Cpu) && p.found.is_counted())
            && self.closed(all, &[DomainKind::Cpu]).is_none()
    }

    fn whole(&self, all: &[PlannedCounter]) -> bool {
        self.packages(all) && self.closed(all, &[DomainKind::Dram]).is_none()
    }

    /// Whether events count every package (or memory) whose number the tree shows.
    fn covers(&self, events: &[PlannedCounter], shown: &[PlannedCounter], kind: DomainKind) -> bool {
        let wanted = shown.iter().filter(|p| p.is(kind) && (p.found.is_counted() || p.found.is_closed()));
        let mut wanted = wanted.filter(|p| !(self.left_out)(&p.found.domain));
        wanted.all(|p| {
            let same = |event: &&PlannedCounter| {
                event.is(kind) && event.found.is_counted() && event.found.package() == p.found.package()
            };
            p.found.package().is_none() || events.iter().any(|event| same(&event))
        })
    }
}

/// Whether a package is counted.
fn any_package(all: &[PlannedCounter]) -> bool {
    all.iter().any(|p| p.is(DomainKind::Cpu) && p.found.is_counted())
}

/// Files first; events where a package or memory is closed in the tree and they lead to all of it, or to every package: the tree
/// then tells of what they do not have.
pub(super) fn plan(ways: &RaplWays, left_out: &dyn Fn(&PowerDomain) -> bool) -> CounterPlan {
    let gaps = ClosedCounters { left_out };
    let (files, masked) = match files::plan(&ways.powercap) {
        Ok(mut files) if gaps.whole(&files) => {
            files.extend(only_by_events(ways, &files));
            return CounterPlan { all: files, shut: None };
        }
        Ok(files) => {
            let closed =
                gaps.first_closed(&files).unwrap_or_else(|| (no_package(ways, &files), MISSING_REMEDY.to_owned()));
            (files, closed)
        }
        Err(Obstacle { reason, remedy }) => (Vec::new(), (reason, remedy)),
    };
    let (events, denied) = match perf::plan(&ways.sysfs, &ways.opener, &|_| true) {
        Ok(events) => {
            let closed = gaps.first_closed(&events);
            let (reason, remedy) =
                closed.unwrap_or_else(|| ("they do not count all that the tree shows".to_owned(), String::new()));
            (events, Obstacle { reason, remedy })
        }
        Err(denied) => (Vec::new(), denied),
    };
    let covers = |kind| gaps.covers(&events, &files, kind);
    let by_events = gaps.whole(&events) && covers(DomainKind::Cpu) && covers(DomainKind::Dram)
        || !gaps.packages(&files) && gaps.packages(&events) && covers(DomainKind::Cpu);
    if by_events {
        let all = merged(events, files, &masked.0);
        return CounterPlan { all, shut: None };
    }
    // One that is closed beside others is said, and makes totals missing; the others have their figures.
    let shut = (!any_package(&files))
        .then(|| Obstacle { reason: both(&masked.0, &denied.reason), remedy: either(&masked.1, &denied.remedy) });
    let mut all: Vec<PlannedCounter> = files.into_iter().map(|planned| nor_by_events(planned, &denied)).collect();
    let tree_shows = all.iter().any(PlannedCounter::counts);
    let more: Vec<PlannedCounter> = events.into_iter().filter(|event| !tree_shows || is_beyond(&all, event)).collect();
    all.extend(more.into_iter().map(|planned| because(planned, &masked.0)));
    CounterPlan { all, shut }
}

/// What events count and a tree that is open has not: the memory of a package, a package, or the platform.
fn only_by_events(ways: &RaplWays, files: &[PlannedCounter]) -> Vec<PlannedCounter> {
    if !ways.one_machine {
        return Vec::new();
    }
    let wanted = |domain: &PowerDomain| lacks(files, domain);
    let events = perf::plan(&ways.sysfs, &ways.opener, &wanted).unwrap_or_default();
    let masked = format!("{}, which does not show it", ways.powercap.display());
    let platform = !files.iter().any(PlannedCounter::is_platform);
    let beyond = |event: &PlannedCounter| is_beyond(files, event) || (platform && event.is_platform());
    events.into_iter().filter(beyond).map(|event| because(event, &masked)).collect()
}

/// The counters of the platform as a whole; files first, as for packages.
///
/// # Errors
///
/// Why there are none, and what to do.
pub(super) fn platform(ways: &RaplWays) -> Result<Vec<Box<dyn RaplCounter>>, (String, String)> {
    let (files, masked) = match files::plan(&ways.powercap) {
        Ok(files) => (files, (format!("{} has no zone psys", ways.powercap.display()), NO_PLATFORM_REMEDY.to_owned())),
        Err(Obstacle { reason, remedy }) => (Vec::new(), (reason, remedy)),
    };
    let zones: Vec<PlannedCounter> = files.into_iter().filter(PlannedCounter::is_platform).collect();
    let closed = zones.iter().find_map(|planned| match &planned.found.state {
        CounterState::Closed { reason, remedy } => Some((reason.clone(), remedy.clone())),
        _ => None,
    });
    let counters: Vec<_> = zones.into_iter().filter_map(|planned| planned.counter).collect();
    if closed.is_none() && !counters.is_empty() {
        return Ok(counters);
    }
    let masked = closed.unwrap_or(masked);
    match perf::platform(&ways.sysfs, &ways.opener) {
        Ok(counter) => Ok(vec![counter]),
        Err(denied) => Err((both(&masked.0, &denied.reason), either(&masked.1, &denied.remedy))),
    }
}

const NO_PLATFORM_REMEDY: &str = "laptops with Intel's processors since Skylake have it mostly, other machines do not; \
    the meter rapl reads packages and their memory";

fn no_package(ways: &RaplWays, files: &[PlannedCounter]) -> String {
    let tree = ways.powercap.display();
    match files.iter().find(|p| p.is_platform()).map(|p| &p.found.state) {
        None => format!("{tree} has no processor package"),
        Some(CounterState::Closed { reason, .. }) => {
            format!("{tree} has no processor package, only psys, the whole platform, which cannot be read: {reason}")
        }
        Some(_) => {
            format!("{tree} has no processor package, only psys, the whole platform, which `meters = [\"psys\"]` reads")
        }
    }
}

fn nor_by_events(mut planned: PlannedCounter, denied: &Obstacle) -> PlannedCounter {
    let counts = planned.counts();
    if let CounterState::Closed { reason, remedy } = &mut planned.found.state
        && counts
    {
        (*reason, *remedy) = (both(reason, &denied.reason), either(remedy, &denied.remedy));
    }
    planned
}

/// What the platform as a whole contains, as the meter of packages and memory names it.
pub(crate) fn packages(ways: &RaplWays) -> Vec<PowerDomain> {
    let inner = |found: &FoundCounter| found.package().is_some() && (found.is_counted() || found.is_closed());
    survey(ways).into_iter().filter(inner).map(|found| found.domain).collect()
}

/// Every counter of processors and memory that this machine shows. Opens nothing for longer than it looks; takes up to some tens of
/// milliseconds where a counter stands still. Empty where there is neither a powercap tree nor a perf source of energy.
pub(crate) fn survey(ways: &RaplWays) -> Vec<FoundCounter> {
    plan(ways, &|_| false).found()
}
