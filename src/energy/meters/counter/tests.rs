use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;

fn second(s: f64) -> Moment {
    Moment::from_monotonic_seconds(s).unwrap()
}

#[test]
fn a_counter_that_starts_anew_ends_the_segment_and_adds_nothing() {
    let mut counter = CounterTotal::new(None, DRAW);
    show(&mut counter, 0.0, 500_000_000).unwrap();
    assert_eq!(show(&mut counter, 1.0, 600_000_000), Ok((100_000_000, 0)));
    let gap = show(&mut counter, 2.0, 3).unwrap_err();
    assert_eq!(gap.to_string(), "the counter started anew: it fell from 600.000 J to 0.000 J");
    assert_eq!(show(&mut counter, 3.0, 1_000_003), Ok((101_000_000, 1)));
}

#[test]
fn a_fall_that_would_be_half_a_megawatt_is_a_reset_and_no_wrap() {
    let mut counter = CounterTotal::new(Some(262_143_328_850), DRAW);
    show(&mut counter, 0.0, 100_000_000).unwrap();
    assert!(matches!(show(&mut counter, 0.5, 0), Err(CounterGap::Fell { .. })));
    assert_eq!(show(&mut counter, 1.0, 7), Ok((7, 1)));
}

#[test]
fn a_jump_that_no_hardware_makes_is_not_energy() {
    let mut counter = CounterTotal::new(None, DRAW);
    show(&mut counter, 0.0, 0).unwrap();
    let gap = show(&mut counter, 0.5, 90_000_000_000).unwrap_err();
    let told = "the counter jumped by 90000 J in 0.500 s: more than the 1000 W that this hardware may draw";
    assert_eq!(gap.to_string(), told);
    assert_eq!(show(&mut counter, 1.0, 90_000_000_001), Ok((1, 1)));
    assert!(show(&mut counter, 1.5, u64::MAX).is_err());
}

#[test]
fn a_counter_left_unread_for_longer_than_its_range_lasts_is_not_guessed_at() {
    let mut counter = CounterTotal::new(Some(65_000_000_000), DRAW);
    show(&mut counter, 0.0, 0).unwrap();
    assert_eq!(show(&mut counter, 64.0, 1_000_000), Ok((1_000_000, 0)));
    let gap = show(&mut counter, 129.5, 2_000_000).unwrap_err();
    let told = "the counter was unread for 65.5 s and may have wrapped around more than once: its range of 65000 J \
                    lasts 65 s at 1000 W";
    assert_eq!(gap.to_string(), told);
    // Nor one that shows the same as before.
    assert!(matches!(show(&mut counter, 195.0, 2_000_000), Err(CounterGap::Unread { .. })));
    assert_eq!(show(&mut counter, 196.0, 3_000_000), Ok((1_000_000 + 1_000_000, 2)));
}

#[test]
fn a_stop_is_unambiguous_if_one_wrap_more_would_be_more_than_hardware_draws_for_long() {
    let draw = Draw { sustained_watts: 800.0, peak_watts: 5000.0, burst_joules: 10.0 };
    let stopped = |seconds: f64, joules: u64| {
        let (range, start) = (65_532_610_987, 60_000_000_000);
        let mut counter = CounterTotal::new(Some(range), draw);
        show(&mut counter, 0.0, start).unwrap();
        show(&mut counter, seconds, (start + joules * 1_000_000) % range)
    };
    // 70 s at 100 W; 100 s at 300 W, for which 80 s at 800 W could have been 65 kJ but 100 s cannot be 95 kJ.
    assert_eq!(stopped(70.0, 7000), Ok((7_000_000_000, 0)));
    assert_eq!(stopped(70.0, 42_000), Ok((42_000_000_000, 0)));
    assert_eq!(stopped(100.0, 30_000), Ok((30_000_000_000, 0)));
    assert!(matches!(stopped(100.0, 10_000), Err(CounterGap::Unread { .. })), "or 75 kJ, at 755 W");
    assert!(matches!(stopped(3600.0, 60_000), Err(CounterGap::Unread { .. })));
}

#[test]
fn what_was_seen_to_draw_more_may_have_done_so_unseen() {
    let draw = Draw { sustained_watts: 800.0, peak_watts: 5000.0, burst_joules: 10.0 };
    let range = 65_532_610_987;
    let mut counter = CounterTotal::new(Some(range), draw);
    show(&mut counter, 0.0, 0).unwrap();
    for half in 1..=20_u64 {
        assert_eq!(show(&mut counter, half as f64 / 2.0, half * 600_000_000), Ok((half * 600_000_000, 0)), "1200 W");
    }
    // 70 s of it are 84 kJ, of which the counter shows 18 kJ.
    assert!(matches!(show(&mut counter, 80.0, 96_000_000_000 % range), Err(CounterGap::Unread { .. })));
}

#[test]
fn a_counter_that_hangs_tells_so_when_it_goes_on_and_one_that_is_a_little_late_does_not() {
    let new = || CounterTotal::new(Some(65_532_610_987), DRAW).hangs_after(Duration::from_millis(250));
    let mut counter = new();
    show(&mut counter, 0.0, 5).unwrap();
    for (at, raw) in [(0.5, 10), (0.7, 10), (0.74, 11), (1.2, 20), (1.25, 20), (5.0, 21)] {
        assert!(show(&mut counter, at, raw).is_ok(), "{at}: nobody saw it stand still for long");
    }
    for at in [5.5, 6.0, 8.2] {
        assert_eq!(show(&mut counter, at, 21), Ok((16, 0)), "what it showed is all that is known");
    }
    let gap = show(&mut counter, 8.7, 4_000_021).unwrap_err();
    assert!(gap.to_string().starts_with("the counter stood still for 3.2 s and went on"), "{gap}");
    assert_eq!(show(&mut counter, 9.2, 4_000_031), Ok((26, 1)));
}

#[test]
fn a_value_beyond_the_stated_range_does_not_underflow() {
    let mut counter = CounterTotal::new(Some(1_000_000), Draw { sustained_watts: 1e9, peak_watts: 1e9, ..DRAW });
    show(&mut counter, 0.0, 5_000_000).unwrap();
    assert!(matches!(show(&mut counter, 1e-9, 4_000_000), Err(CounterGap::Fell { .. })));
}

/// No more than 1000 W, not even for a moment.
const DRAW: Draw = Draw { sustained_watts: 1000.0, peak_watts: 1000.0, burst_joules: 10.0 };

/// Shows a counter one value.
fn show(counter: &mut CounterTotal, at: f64, raw: u64) -> Result<(u64, u64), CounterGap> {
    counter.advance(second(at), raw).map(|reading| (reading.microjoules, reading.segment))
}

const WRAPS: u64 = 100_000;

/// A register of `size` counts goes through 100,000 wraps in random steps, at 940 W, and `counter` is shown it in
/// microjoules. Gives what the counter came to and the counts that went by.
fn through_wraps(counter: &mut CounterTotal, size: u64, microjoules: impl Fn(u64) -> u64) -> (Reading, u64) {
    let mut random = ChaCha8Rng::seed_from_u64(size);
    let (mut at, mut raw) = (second(1000.0), random.random_range(0..size));
    let first = counter.advance(at, microjoules(raw)).unwrap();
    let (mut reading, mut spent, mut wraps) = (first, 0, 0);
    while wraps < WRAPS {
        // 1000 W is a microjoule a nanosecond; at nearly that, the range must last for longer than the step.
        let step = random.random_range(0..=size / 10 * 8);
        at = at.after(Duration::from_nanos(microjoules(step) / 16 * 17 + 1));
        wraps += u64::from(raw + step >= size);
        raw = (raw + step) % size;
        spent += step;
        // Where the range is not known, a wrap is a gap.
        reading = counter.advance(at, microjoules(raw)).unwrap_or(reading);
    }
    (reading, spent)
}

#[test]
fn a_hundred_thousand_wraps_of_any_range_are_exact_to_the_microjoule() {
    // Of an Intel server, of an AMD processor, of 32 bits of microjoules, of nothing that exists, small and large.
    for range in [262_143_328_850, 65_532_610_987, 1 << 32, 1_000_003, 16, 100_000_000_000_007] {
        let mut counter = CounterTotal::new(Some(range), DRAW);
        let (reading, spent) = through_wraps(&mut counter, range, |uj| uj);
        assert_eq!((reading.microjoules, reading.segment), (spent, 0), "{range}");
    }
}

#[test]
fn a_range_of_zero_is_no_range_and_each_fall_is_a_new_segment() {
    for range in [Some(0), None] {
        let mut counter = CounterTotal::new(range, DRAW);
        let (reading, spent) = through_wraps(&mut counter, 65_532_610_987, |uj| uj);
        assert!(reading.segment.abs_diff(WRAPS) <= 1, "the last fall's own segment shows with the next reading");
        assert!(reading.microjoules < spent, "what went by in a fall is not guessed at");
    }
}

#[test]
fn a_register_of_32_bits_as_the_kernel_shows_it_loses_one_count_a_wrap_and_no_more() {
    // `intel_rapl_common` multiplies by whole nanojoules, and tells the largest value in place of the modulus.
    let microjoules = |count: u64| (u128::from(count) * 61_035 / 1000) as u64;
    let mut counter = CounterTotal::new(Some(microjoules(u64::from(u32::MAX))), DRAW);
    let (reading, spent) = through_wraps(&mut counter, 1 << 32, microjoules);
    let lost = microjoules(spent) - reading.microjoules;
    assert_eq!(reading.segment, 0);
    assert!((60 * WRAPS..=62 * WRAPS).contains(&lost), "{lost}");
}

proptest! {
    #[test]
    fn random_wraps_add_up_to_the_microjoule(
        range in 1_000_000_000_u64..300_000_000_000,
        start in any::<u64>(),
        steps in prop::collection::vec((1_u64..1_000_000_000, any::<bool>()), 1..400),
    ) {
        // Below 1000 W by construction: each step takes 1 s for up to 1000 J, and never as long as the range lasts.
        let mut counter = CounterTotal::new(Some(range), DRAW);
        let (mut raw, mut expected, mut time) = (start % range, 0_u64, 0.0);
        prop_assert_eq!(show(&mut counter, time, raw), Ok((0, 0)));
        for (step, small) in steps {
            let step = if small { step % 1000 } else { step.min(range / 2) };
            raw = (raw + step) % range;
            expected += step;
            time += 0.999_f64.min(range as f64 / 1e9 * 0.9);
            // The burst allowance covers the remaining millisecond.
            prop_assert_eq!(show(&mut counter, time, raw), Ok((expected, 0)));
        }
    }

    /// Whatever hardware within its bounds does, and however long nobody looks: energy is exact or said to be unknown.
    #[test]
    fn no_wrap_is_ever_lost_in_silence(
        range in 60_000_000_000_u64..270_000_000_000,
        start in any::<u64>(),
        steps in prop::collection::vec((0.01_f64..400.0, 0.0_f64..799.0), 1..60),
    ) {
        let draw = Draw { sustained_watts: 800.0, peak_watts: 5000.0, burst_joules: 10.0 };
        let mut counter = CounterTotal::new(Some(range), draw);
        let (mut raw, mut time) = (start % range, 0.0);
        let mut last = counter.advance(second(time), raw).unwrap();
        for (seconds, watts) in steps {
            let step = (seconds * watts * 1e6) as u64;
            raw = (raw + step) % range;
            time += seconds;
            match counter.advance(second(time), raw) {
                Ok(reading) => {
                    prop_assert_eq!(reading.segment, last.segment);
                    prop_assert_eq!(reading.microjoules - last.microjoules, step);
                    last = reading;
                }
                Err(gap) => {
                    // The range at 800 W is not over before.
                    prop_assert!(seconds * 800.0 >= range as f64 * 1e-6, "{} at {} s", gap, seconds);
                    last.segment += 1;
                }
            }
        }
    }
}
