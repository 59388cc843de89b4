//! The contract of [`Meter`] as assertions.

use std::collections::BTreeSet;

use super::ManualClock;
use crate::energy::error::EnergyError;
use crate::energy::meters::meter::{EnergySource, Meter, Reading};
use crate::energy::system::clock::Clock;

/// A meter with hardware under it that a test can run, break and mend.
pub trait MeterBench {
    /// The meter.
    fn meter(&mut self) -> &mut dyn Meter;

    /// The clock that it is read by.
    fn clock(&self) -> ManualClock;

    /// Lets a second pass, for the clock and for the hardware, broken or not.
    fn run(&mut self);

    /// What each source should show for that second, in microjoules, exactly.
    fn microjoules_per_second(&self) -> Vec<u64>;

    /// From now on no reading succeeds.
    fn spoil(&mut self);

    /// From now on readings succeed again.
    fn mend(&mut self);
}

/// Holds a meter to its contract by hardware whose energy is known. Figures arrive exactly and in order, and second
/// figures agree with the first by half. Failed readings are errors after which nothing is lost or counted twice.
///
/// # Panics
///
/// With what is wrong, if the meter does not keep it.
pub fn assert_meter_contract(bench: &mut dyn MeterBench) {
    let sources = bench.meter().sources().to_vec();
    assert!(!sources.is_empty(), "a meter on a bench has a source");

    // Energy arrives in the order of the sources, and the stamps are those of the clock.
    let mut last = read_well(bench);
    assert_eq!(last.len(), sources.len(), "one entry per source");
    for _ in 0..5 {
        bench.run();
        let now = read_well(bench);
        let gained: Vec<_> =
            now.iter().zip(&last).map(|(now, last)| now.microjoules.checked_sub(last.microjoules)).collect();
        let expected: Vec<_> = bench.microjoules_per_second().into_iter().map(Some).collect();
        assert_eq!(gained, expected, "microjoules of one second");
        assert!(now.iter().zip(&last).all(|(now, last)| now.segment == last.segment), "one segment: {now:?}");
        assert!(now.iter().all(|reading| reading.at == bench.clock().now()), "stamps of the clock: {now:?}");
        last = now;
    }
    let again = read_well(bench);
    assert_eq!(again, last, "reading twice at one moment adds nothing");

    assert_second_figures(bench);
    last = read_well(bench);

    // A failed reading is an error for as long as it lasts, and the next good one has not lost its place.
    bench.spoil();
    for _ in 0..2 {
        bench.run();
        let failed = read(bench);
        assert_eq!(failed.len(), sources.len(), "one entry per source, also of a failed reading");
        assert!(failed.iter().all(Result::is_err), "what cannot be read is an error: {failed:?}");
    }
    bench.mend();
    let mended = read_well(bench);
    for ((now, last), rate) in mended.iter().zip(&last).zip(bench.microjoules_per_second()) {
        assert!(now.segment >= last.segment, "segments never fall: {now:?} after {last:?}");
        assert!(now.microjoules >= last.microjoules, "energy never falls: {now:?} after {last:?}");
        if now.segment == last.segment {
            assert_eq!(now.microjoules - last.microjoules, 2 * rate, "nothing is lost within a segment");
        }
    }
    let clock = bench.clock();
    assert_meter_answers(bench.meter(), &clock);
    assert_eq!(bench.meter().sources(), sources, "the sources never change");
}

/// The second figures stand where there is a counterpart, and tell the same energy.
fn assert_second_figures(bench: &mut dyn MeterBench) {
    let counterparts = bench.meter().counterparts();
    let clock = bench.clock();
    let check = |bench: &mut dyn MeterBench| {
        let second = bench.meter().cross_check(&clock);
        assert_eq!(second.len(), counterparts.len(), "one second entry per source");
        second.into_iter().map(|second| second.map(well)).collect::<Vec<_>>()
    };
    let before = check(bench);
    assert_eq!(check(bench), before, "checking twice at one moment adds nothing");
    bench.run();
    read_well(bench);
    for ((now, before), rate) in check(bench).iter().zip(&before).zip(bench.microjoules_per_second()) {
        if let (Some(now), Some(before)) = (now, before) {
            let gained = now.microjoules.checked_sub(before.microjoules).expect("second figures never fall") as f64;
            assert!((gained / rate as f64 - 1.0).abs() < 0.5, "the second figure gained {gained} of {rate}");
            assert!(now.segment == before.segment && now.at == bench.clock().now(), "{now:?} after {before:?}");
        }
    }
}

/// Asks a meter whatever a session asks, twice, and holds the answers to what the contract says of their number and order. For
/// hardware that a test cannot play: readings may fail, and what they show is not known beforehand.
///
/// # Panics
///
/// With what is wrong, if the meter does not keep it.
pub fn assert_meter_answers(meter: &mut dyn Meter, clock: &dyn Clock) {
    let sources: Vec<EnergySource> = meter.sources().to_vec();
    let domains: BTreeSet<_> = sources.iter().map(|source| source.domain.clone()).collect();
    assert_eq!(domains.len(), sources.len(), "no two sources are of one domain");
    assert!(!meter.name().is_empty(), "a meter has a name");
    let counterparts = meter.counterparts();
    assert_eq!(counterparts.len(), sources.len(), "one counterpart, or none, per source");

    let mut last: Vec<Option<Reading>> = vec![None; sources.len()];
    for _ in 0..2 {
        let begun = clock.now();
        let now = meter.read(clock);
        assert_eq!(now.len(), sources.len(), "one entry per source");
        for (now, last) in now.into_iter().zip(&mut last) {
            let Ok(now) = now else { continue };
            assert!(now.at <= clock.now(), "no reading is of the future: {now:?} at {begun:?}");
            if let Some(last) = last.filter(|last| last.segment == now.segment) {
                assert!(now.at >= last.at && now.microjoules >= last.microjoules, "{now:?} after {last:?}");
            }
            assert!(last.is_none_or(|last| last.segment <= now.segment), "segments never fall: {now:?} after {last:?}");
            *last = Some(now);
        }
        assert_eq!(meter.shares().len(), sources.len(), "shares of each source");
        let second = meter.cross_check(clock);
        assert_eq!(second.len(), sources.len(), "one second entry, or none, per source");
        let in_place = second.iter().zip(&counterparts).all(|(second, source)| second.is_some() == source.is_some());
        assert!(in_place, "second figures where there is a counterpart, and nowhere else");
        assert_eq!(meter.grains().len(), sources.len(), "one grain, or none, per source");
        assert_eq!(meter.states().len(), sources.len(), "one state, or none, per source");
    }
    assert_eq!(meter.counterparts(), counterparts, "the counterparts never change");
    assert_eq!(meter.sources(), sources, "the sources never change");
}

fn read(bench: &mut dyn MeterBench) -> Vec<Result<Reading, EnergyError>> {
    let clock = bench.clock();
    bench.meter().read(&clock)
}

fn read_well(bench: &mut dyn MeterBench) -> Vec<Reading> {
    read(bench).into_iter().map(well).collect()
}

fn well(reading: Result<Reading, EnergyError>) -> Reading {
    reading.unwrap_or_else(|error| panic!("a reading of sound hardware succeeds: {error}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::energy::units::{DomainKind, Method, PowerDomain};

    /// A meter with one fault.
    struct FaultyMeter {
        sources: Vec<EnergySource>,
        fault: &'static str,
        count: u64,
        seconds: u64,
        broken: bool,
        clock: ManualClock,
    }

    impl FaultyMeter {
        fn new(fault: &'static str) -> Self {
            let source = |id: &str| {
                let domain = PowerDomain::new(DomainKind::Accelerator, id);
                EnergySource::new(domain, Method::Counter, "made up", Duration::from_millis(1))
            };
            let second = if fault == "one domain twice" { "a" } else { "b" };
            let sources = vec![source("a"), source(second)];
            Self { sources, fault, count: 0, seconds: 0, broken: false, clock: ManualClock::at(5.0) }
        }
    }

    impl Meter for FaultyMeter {
        fn name(&self) -> &'static str {
            "faulty"
        }

        fn sources(&self) -> &[EnergySource] {
            &self.sources
        }

        fn read(&mut self, clock: &dyn Clock) -> Vec<Result<Reading, EnergyError>> {
            self.count += 1;
            let seconds = match self.fault {
                "counts readings" => self.count,
                "falls" => 1000 - self.seconds,
                _ => self.seconds,
            };
            let segment = if self.fault == "segments at will" { self.count } else { 0 };
            let reading = |of: u64| Reading::new(clock.now(), seconds * 1_000_000 * of, segment);
            if self.broken && self.fault != "old figure for an error" {
                return self.sources.iter().map(|s| Err(EnergyError::unread(&s.domain, "broken"))).collect();
            }
            let all = vec![Ok(reading(1)), Ok(reading(2))];
            match self.fault {
                "lacks a source" => all.into_iter().take(1).collect(),
                "the wrong order" => all.into_iter().rev().collect(),
                _ => all,
            }
        }
    }

    impl MeterBench for FaultyMeter {
        fn meter(&mut self) -> &mut dyn Meter {
            self
        }
        fn clock(&self) -> ManualClock {
            self.clock.clone()
        }
        fn run(&mut self) {
            self.seconds += 1;
            self.clock.advance(1.0);
        }
        fn microjoules_per_second(&self) -> Vec<u64> {
            vec![1_000_000, 2_000_000]
        }
        fn spoil(&mut self) {
            self.broken = true;
        }
        fn mend(&mut self) {
            self.broken = false;
        }
    }

    #[test]
    fn a_meter_without_a_fault_passes_and_each_fault_is_found() {
        assert_meter_contract(&mut FaultyMeter::new("none"));
        for fault in [
            "one domain twice",
            "counts readings",
            "falls",
            "segments at will",
            "old figure for an error",
            "lacks a source",
            "the wrong order",
        ] {
            let found = std::panic::catch_unwind(|| assert_meter_contract(&mut FaultyMeter::new(fault)));
            assert!(found.is_err(), "{fault}");
        }
    }
}
