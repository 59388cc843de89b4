//! What a failing trial costs, against what it may gain: cost-aware expected improvement under crash (hidden) constraints.

/// How much the least improvement may count below the stake, in all: so many units of the logarithm.
const REMAINDER: f64 = 0.2;
/// How far below the stake half of that is lost.
const HALF: f64 = 20.0;

/// `ln` of a chance of success, four in five, that is good enough.
const LIKELY: f64 = -0.223;
/// How sharply restraint begins there.
const SHARPNESS: f64 = 30.0;

/// What a trial that fails costs, in the units of the expected improvement.
///
/// A trial succeeds with probability `p`, and is worth `p EI - (1 - p) c` if a failure costs `c`. That is
/// `p (EI + c) - c`, so the best trial is the best of `ln p + ln(EI + c)`. Without a cost the logarithm of the expected
/// improvement has no floor. Where nothing is left to gain among points that are sure to succeed, any chance of a gain
/// in a region that fails outweighs any number of failures. With it, an edge is worth a trial only as long as what may
/// lie there is.
///
/// Below the stake, improvements still count a little, so that among points equally sure the best is chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stake {
    log: f64,
    restraint: f64,
}

impl Stake {
    /// With this cost, above zero, and this restraint, 0 for none.
    #[must_use]
    pub fn new(cost: f64, restraint: f64) -> Self {
        Self { log: cost.ln(), restraint }
    }

    /// What a chance of success `ln p` counts, and its derivative: itself without restraint; the more of that, the less it counts
    /// where success is likely, and the more below.
    #[must_use]
    pub fn chance(self, log: f64) -> (f64, f64) {
        let below = SHARPNESS * (LIKELY - log);
        let tail = (-below.abs()).exp().ln_1p();
        let share = if below >= 0.0 { 1.0 / (1.0 + (-below).exp()) } else { below.exp() / (1.0 + below.exp()) };
        let plain = 1.0 / (1.0 + self.restraint);
        (plain * log - self.restraint * (below.max(0.0) + tail) / SHARPNESS, plain + self.restraint * share)
    }

    /// `ln(EI + c)` for `ln EI`, and a little more, and its derivative.
    #[must_use]
    pub fn worth(self, log_improvement: f64) -> (f64, f64) {
        let above = log_improvement - self.log;
        // ln(1 + e^u) and ln(1 + e^-u), without overflow.
        let tail = (-above.abs()).exp().ln_1p();
        let (gain, below) = (above.max(0.0) + tail, (-above).max(0.0) + tail);
        let share = if above >= 0.0 { 1.0 / (1.0 + (-above).exp()) } else { above.exp() / (1.0 + above.exp()) };
        let little = REMAINDER * (1.0 - HALF / (below + HALF));
        let slope = REMAINDER * HALF / ((below + HALF) * (below + HALF));
        (self.log + gain - little, share + slope * (1.0 - share))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn slopes_agree_with_finite_differences(log in -60.0..5.0f64, cost in 1e-6..1.0f64, restraint in 0.0..20.0f64) {
            let stake = Stake::new(cost, restraint);
            let close = |f: &dyn Fn(f64) -> (f64, f64), at: f64| {
                let difference = (f(at + 1e-6).0 - f(at - 1e-6).0) / 2e-6;
                (difference - f(at).1).abs() < 1e-5 * difference.abs().max(1.0)
            };
            prop_assert!(close(&|l| stake.worth(l), log));
            prop_assert!(close(&|l| stake.chance(l), log.min(-1e-3)));
        }

        /// More is always worth more, and likelier always better, so nothing is turned round.
        #[test]
        fn both_rise(log in -1e5..20.0f64, by in 1e-3..10.0f64, restraint in 0.0..20.0f64) {
            let stake = Stake::new(1e-3, restraint);
            prop_assert!(stake.worth(log + by).0 > stake.worth(log).0);
            prop_assert!(stake.chance(-by).0 < stake.chance(0.0).0);
            prop_assert!(stake.worth(log).1 > 0.0 && stake.chance(log.min(0.0)).1 > 0.0);
        }
    }

    #[test]
    fn what_is_worth_more_than_the_stake_counts_in_full_and_less_hardly() {
        let stake = Stake::new(1e-3, 0.0);
        assert!((stake.worth(0.5f64.ln()).0 - 0.501f64.ln()).abs() < 0.01);
        let hopeless = stake.worth(-1e6).0;
        assert!(hopeless < 1e-3f64.ln() && hopeless > 1e-3f64.ln() - REMAINDER - 1e-9);
        assert!(stake.worth(f64::NEG_INFINITY).0.is_finite());
    }

    #[test]
    fn without_restraint_a_chance_counts_as_it_is_and_with_it_a_bad_one_less() {
        assert_eq!(Stake::new(1e-3, 0.0).chance(-2.0), (-2.0, 1.0));
        let held = Stake::new(1e-3, 5.0);
        assert!(held.chance(0.1f64.ln()).0 < 3.0 * 0.1f64.ln());
        assert!(held.chance(0.95f64.ln()).0 > 0.95f64.ln());
    }
}
