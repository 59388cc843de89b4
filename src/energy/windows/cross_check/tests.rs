//! Two figures that agree, and two that do not.

use super::*;
use crate::energy::system::testing::moment;

const RESOLUTION: Duration = Duration::from_millis(120);

/// Pairs twice a second of two figures of watts at each moment.
fn pairs(seconds: f64, watts: impl Fn(f64) -> (f64, f64)) -> FigurePairs {
    let (mut pairs, mut counter, mut integrated) = (FigurePairs::default(), 0.0, 0.0);
    for half in 0..=(seconds * 2.0) as u32 {
        let at = f64::from(half) * 0.5;
        let reading = |joules: f64| Reading { at: moment(at), microjoules: (joules * 1e6) as u64, segment: 0 };
        pairs.record(reading(counter), reading(integrated), None);
        let watts = watts(at);
        counter += watts.0 * 0.5;
        integrated += watts.1 * 0.5;
    }
    pairs
}

fn check(mut pairs: FigurePairs, seconds: f64) -> CrossCheck {
    pairs.check(moment(0.0), moment(seconds), RESOLUTION).unwrap()
}

#[test]
fn a_counter_of_187_j_against_327_j_of_power_is_flagged() {
    let all = || pairs(6.0, |_| (187.0 / 6.0, 327.0 / 6.0));
    let found = check(all(), 6.0);
    assert!(!found.agrees(), "{found:?}");
    assert_eq!(found.to_string(), "the counter tells 187 J and integrated power 327 J of the same 6.0 s");
    // Even if power is only asked for twice a second.
    assert!(!all().check(moment(0.0), moment(6.0), Duration::from_millis(600)).unwrap().agrees());
}

#[test]
fn one_per_cent_passes_and_ten_do_not_in_a_long_window() {
    for (gain, agrees) in [(1.0, true), (0.99, true), (1.01, true), (0.9, false), (1.1, false)] {
        let found = check(pairs(30.0, |_| (300.0, 300.0 * gain)), 30.0);
        assert_eq!(found.agrees(), agrees, "{found:?}");
    }
}

#[test]
fn power_that_is_told_too_rarely_for_its_load_is_chance_and_no_disagreement() {
    // The load alternates quickly; a reading sees the one or the other.
    let coin = |at: f64| if (at * 2.0) as u64 * 2_654_435_761 % 97 < 48 { 100.0 } else { 500.0 };
    let found = check(pairs(20.0, |at| (300.0, coin(at))), 20.0);
    assert!(found.agrees(), "{found:?}");
}

#[test]
fn too_little_is_not_judged() {
    let mut short = pairs(10.0, |_| (100.0, 200.0));
    // Of twelve readings of power twice a second.
    assert_eq!(short.check(moment(2.0), moment(7.4), RESOLUTION), None);
    assert!(short.check(moment(2.0), moment(7.6), RESOLUTION).is_some());
    assert_eq!(short.check(moment(50.0), moment(60.0), RESOLUTION), None);
    assert_eq!(short.check(moment(6.0), moment(2.0), RESOLUTION), None);
    assert_eq!(FigurePairs::default().check(moment(0.0), moment(9.0), RESOLUTION), None);
}

#[test]
fn where_a_figure_began_anew_neither_counts() {
    let mut pairs = pairs(20.0, |_| (100.0, 100.0));
    for pair in pairs.all.iter_mut().filter(|pair| pair.counter.at > moment(10.0)) {
        pair.counter.segment = 1;
        pair.counter.microjoules += 400_000_000;
    }
    let found = check(pairs, 20.0);
    assert_eq!((found.counter, found.integrated, found.seconds), (Joules(1950.0), Joules(1950.0), 19.5));
}

#[test]
fn what_was_found_once_is_not_taken_back() {
    let mut pairs = pairs(600.0, |at| (if at < 20.0 { 150.0 } else { 300.0 }, 300.0));
    let late = pairs.all.split_off(30);
    let found = pairs.doubt(RESOLUTION).unwrap();
    assert!(found.seconds < 15.0 && !found.agrees());
    pairs.all.extend(late);
    assert_eq!(pairs.doubt(RESOLUTION), Some(found));
    assert!(pairs.check(moment(0.0), moment(600.0), RESOLUTION).unwrap().agrees());
}

/// Pairs twenty times a second of 300 W and a counter of so much of it, which stands still and then catches up or not.
fn stalled(seconds: f64, gain: f64, stall: (f64, f64), catches_up: bool) -> FigurePairs {
    let mut pairs = FigurePairs::default();
    for tick in 0..(seconds * 20.0) as u32 {
        let at = f64::from(tick) * 0.05;
        let missed = match at {
            at if at < stall.0 => 0.0,
            at if at < stall.1 => at - stall.0,
            _ if catches_up => 0.0,
            _ => stall.1 - stall.0,
        };
        let reading = |joules: f64| Reading { at: moment(at), microjoules: (joules * 1e6) as u64, segment: 0 };
        pairs.record(reading(300.0 * gain * (at - missed)), reading(300.0 * at), None);
        let found = pairs.doubt(RESOLUTION);
        assert!(gain < 1.0 || found.is_none(), "{at}: {found:?}");
    }
    pairs
}

#[test]
fn a_counter_that_stood_still_and_went_on_is_not_doubted_for_ever() {
    for stall in [(0.0, 1.5), (0.0, 4.0), (2.02, 3.53), (5.0, 6.2), (7.0, 10.0)] {
        for catches_up in [true, false] {
            let mut pairs = stalled(10.0, 1.0, stall, catches_up);
            assert_eq!(pairs.doubt(RESOLUTION), None, "{stall:?} {catches_up}");
            // What is missing in a window is said of the window.
            let found = pairs.check(moment(0.0), moment(10.0), RESOLUTION).unwrap();
            assert_eq!(found.agrees(), catches_up && stall.1 < 10.0, "{stall:?} {catches_up}: {found:?}");
            assert_eq!(found.stood_still, !found.agrees(), "{found:?}");
        }
    }
    let mut never = stalled(10.0, 0.0, (0.0, 10.0), false);
    assert_eq!(never.doubt(RESOLUTION), None);
    let found = never.check(moment(0.0), moment(10.0), RESOLUTION).unwrap();
    assert!(!found.agrees() && found.stood_still && found.counter == Joules(0.0));
}

#[test]
fn a_counter_that_is_wrong_while_it_moves_is_found_though_it_stood_still_before() {
    for stall in [(0.0, 1.5), (2.0, 3.5)] {
        let found = stalled(10.0, 0.57, stall, false).doubt(RESOLUTION).unwrap();
        let ratio = found.counter.0 / found.integrated.0;
        assert!(!found.stood_still && (ratio - 0.57).abs() < 0.01, "{stall:?}: {found:?}");
    }
}

#[test]
fn a_counter_that_goes_wrong_late_is_found_by_what_was_read_of_late() {
    let mut pairs = pairs(3600.0, |at| (if at < 3560.0 { 300.0 } else { 171.0 }, 300.0));
    assert!(pairs.check(moment(0.0), moment(3600.0), RESOLUTION).unwrap().agrees());
    let found = pairs.doubt(RESOLUTION).unwrap();
    assert!((found.seconds - 30.0).abs() < 1.0, "{found:?}");
}

#[test]
fn a_day_is_kept_in_little_memory_and_nothing_of_its_energy_is_lost() {
    let mut pairs = pairs(86_400.0, |_| (300.0, 300.0));
    assert!(pairs.all.len() <= MOST_PAIRS);
    let found = pairs.check(moment(0.0), moment(86_400.0), RESOLUTION).unwrap();
    assert_eq!(found.counter, Joules(300.0 * 86_400.0));
    assert!(found.agrees());
}

#[test]
fn a_reading_that_was_there_before_is_no_new_pair() {
    let mut pairs = FigurePairs::default();
    let reading = |at: f64| Reading { at: moment(at), microjoules: 0, segment: 0 };
    pairs.record(reading(1.0), reading(1.0), None);
    pairs.record(reading(1.1), reading(1.0), None);
    assert_eq!(pairs.all.len(), 1);
}
