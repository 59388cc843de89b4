//! The counters of the powercap tree.

use std::io;
use std::time::Duration;

use super::super::counter::{CounterGap, CounterTotal};
use super::super::meter::Reading;
use super::counter::{BURST_JOULES, RESOLUTION, RaplCounter, draw};
use super::pace;
use super::tree::{Zone, number};
use crate::energy::system::clock::Clock;
use crate::energy::units::PowerDomain;

/// Where a counter starts again from zero, in microjoules, or why nobody knows.
pub(super) type Range = Result<u64, String>;

/// By the kernel's word; not of a counter that shows more than that.
pub(super) fn range(zone: &Zone, shown: u64) -> Range {
    let path = zone.path.join("max_energy_range_uj");
    match number(&path) {
        Ok(0) => Err(format!("{} says 0", path.display())),
        Ok(range) if range < shown => Err(format!("{} says {range}, and the counter shows more", path.display())),
        Ok(range) => Ok(range),
        Err(error) => {
            let opens = match error.kind() {
                io::ErrorKind::PermissionDenied => format!(" (`sudo chmod a+r {}` opens it)", path.display()),
                _ => String::new(),
            };
            Err(format!("{}: {error}{opens}", path.display()))
        }
    }
}

/// The most that the zone may be told to draw, in watts, where it says so.
fn highest_limit(zone: &Zone) -> f64 {
    let limit = |k: u32| number(&zone.path.join(format!("constraint_{k}_max_power_uw"))).unwrap_or(0);
    (0..4).map(limit).max().unwrap_or(0) as f64 * 1e-6
}

/// A zone, its wraps added up.
#[derive(Debug)]
pub(super) struct ZoneCounter {
    zone: Zone,
    unknown_range: Option<String>,
    total: CounterTotal,
}

impl ZoneCounter {
    pub(super) fn new(zone: Zone, range: Range) -> Self {
        let total = CounterTotal::new(range.as_ref().ok().copied(), draw(highest_limit(&zone)))
            .hangs_after(pace::hangs_after(RESOLUTION));
        Self { zone, unknown_range: range.err(), total }
    }

    /// What to know about its figures.
    pub(super) fn note(&self) -> Option<String> {
        let why = self.unknown_range.as_ref()?;
        Some(format!(
            "where the counter wraps around is not known: {why}; a window in which it does has no figure, all others do"
        ))
    }

    fn read(&mut self, clock: &dyn Clock) -> Result<Reading, String> {
        let path = self.zone.counter();
        let raw = self.zone.read().map_err(|error| format!("{}: {error}", path.display()))?;
        self.total.advance(clock.now(), raw).map_err(|gap| match (&gap, &self.unknown_range) {
            (CounterGap::Fell { from_joules, to_joules }, Some(why)) => format!(
                "{}: the counter fell from {from_joules:.3} J to {to_joules:.3} J: it wrapped around, or started anew; where it \
                 wraps around is not known: {why}",
                path.display()
            ),
            _ => format!("{}: {gap}", path.display()),
        })
    }
}

/// One counter; or one that several zones show, which is read once for as long as they agree.
#[derive(Debug)]
pub(super) struct Group {
    domain: PowerDomain,
    zones: Vec<ZoneCounter>,
    pace: Duration,
    last: Option<Reading>,
    /// The readings from which on the zones are compared.
    compared: Option<Vec<Reading>>,
    /// The readings from which on each zone counts for itself, if they were found to differ.
    apart: Option<Vec<Reading>>,
}

/// For so long a reader may be held up between two files.
const HELD_UP: Duration = Duration::from_millis(250);

impl Group {
    pub(super) fn new(domain: PowerDomain, zones: Vec<ZoneCounter>) -> Self {
        Self { domain, zones, pace: RESOLUTION, last: None, compared: None, apart: None }
    }

    /// Whether what the zones gained can no longer be that of one counter, read one after the other.
    fn differ(&mut self, readings: Vec<Reading>) -> bool {
        let go_on = |(now, then): (&Reading, &Reading)| now.segment == then.segment;
        let Some(since) = self.compared.as_ref().filter(|since| readings.iter().zip(*since).all(go_on)) else {
            self.compared = Some(readings);
            return false;
        };
        let gain = |k: usize| readings[k].microjoules.saturating_sub(since[k].microjoules);
        let watts = self.last.filter(|last| last.segment == readings[0].segment).map_or(0.0, |last| {
            let seconds = readings[0].at.since(last.at).as_secs_f64().max(1e-3);
            readings[0].microjoules.saturating_sub(last.microjoules) as f64 * 1e-6 / seconds
        });
        let held_up = watts * HELD_UP.as_secs_f64() + BURST_JOULES;
        (1..readings.len()).any(|k| gain(0).abs_diff(gain(k)) as f64 * 1e-6 > held_up)
    }

    /// The sum of the zones.
    fn sum(apart: &[Reading], readings: &[Reading]) -> Reading {
        let mut sum = Reading { segment: apart[0].segment + 1, ..apart[0] };
        for (now, then) in readings.iter().zip(apart) {
            sum.at = sum.at.max(now.at);
            sum.microjoules += now.microjoules - then.microjoules;
            sum.segment += now.segment - then.segment;
        }
        sum
    }
}

impl RaplCounter for Group {
    fn domain(&self) -> &PowerDomain {
        &self.domain
    }

    fn rename(&mut self, domain: &PowerDomain) {
        self.domain = domain.clone();
    }

    fn sampling(&self) -> String {
        format!("powercap counter, {}", pace::often(self.pace))
    }

    fn read(&mut self, clock: &dyn Clock) -> Result<Reading, String> {
        if let [only] = &mut self.zones[..] {
            return only.read(clock);
        }
        let results: Vec<_> = self.zones.iter_mut().map(|zone| zone.read(clock)).collect();
        let readings: Result<Vec<Reading>, String> = results.iter().cloned().collect();
        if let Some(apart) = &self.apart {
            return readings.map(|readings| Self::sum(apart, &readings));
        }
        match readings {
            Ok(readings) if self.differ(readings.clone()) => {
                self.apart = Some(readings);
                let names: Vec<_> = self.zones.iter().map(|zone| zone.zone.name()).collect();
                return Err(format!(
                    "{} were taken for one counter and differ by now: each counts for itself from here on",
                    names.join(" and ")
                ));
            }
            Ok(_) => {}
            Err(_) => self.compared = None,
        }
        let reading = results.into_iter().next().unwrap_or_else(|| Err("it has no zone".to_owned()))?;
        self.last = Some(reading);
        Ok(reading)
    }

    fn shows(&mut self) -> Option<u64> {
        self.zones.first()?.zone.read().ok()
    }

    fn pace(&self) -> Duration {
        self.pace
    }

    fn set_pace(&mut self, pace: Duration) {
        self.pace = pace;
        for zone in &mut self.zones {
            zone.total.set_hangs_after(pace::hangs_after(pace));
        }
    }
}
