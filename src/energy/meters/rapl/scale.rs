//! From counts to microjoules, without a rounding that adds up.

/// Joules per count: `mantissa * 2^-shift`, exactly what the kernel's text says to the precision of a double. The usual one
/// is 2^-32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scale {
    mantissa: u64,
    shift: u32,
}

impl Scale {
    /// `None` unless it is above 1e-12 and at most 1.
    pub(crate) fn from_joules(joules: f64) -> Option<Self> {
        if !(joules > 1e-12 && joules <= 1.0) {
            return None;
        }
        // A normal number, for which this is the definition of a double.
        let bits = joules.to_bits();
        let mantissa = (bits & ((1 << 52) - 1)) | (1 << 52);
        let shift = 1075 - (bits >> 52) as u32;
        let even = mantissa.trailing_zeros().min(shift);
        Some(Self { mantissa: mantissa >> even, shift: shift - even })
    }

    /// So many counts in whole microjoules, rounded down; `None` beyond what 64 bits hold. Of a growing count, so differences
    /// are exact to the microjoule however many there are.
    pub(crate) fn microjoules(self, counts: u64) -> Option<u64> {
        // At most 64 and 53 bits; the rest of the division at most 92, so that a million times it has room.
        let product = u128::from(counts) * u128::from(self.mantissa);
        let (joules, rest) = (product >> self.shift, product & ((1 << self.shift) - 1));
        let microjoules = joules.checked_mul(1_000_000)? + ((rest * 1_000_000) >> self.shift);
        u64::try_from(microjoules).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_kernels_scale_is_a_power_of_two() {
        let scale = Scale::from_joules("2.3283064365386962890625e-10".parse().unwrap()).unwrap();
        assert_eq!(scale, Scale { mantissa: 1, shift: 32 });
        assert_eq!(scale.microjoules(1 << 32), Some(1_000_000));
        assert_eq!(scale.microjoules((1 << 32) / 1_000_000), Some(0), "rounded down");
        assert_eq!(scale.microjoules(u64::MAX), Some(4_294_967_295_999_999));
        assert_eq!(Scale::from_joules(1.0).unwrap().microjoules(u64::MAX), None);
        assert_eq!(Scale::from_joules(0.5).unwrap().microjoules(3), Some(1_500_000));
        for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-13, 1.5, f64::MIN_POSITIVE] {
            assert_eq!(Scale::from_joules(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_million_small_steps_are_no_less_than_one_large_one() {
        // A third of a microjoule a step, which a conversion step by step would lose.
        let scale = Scale::from_joules(0.5_f64.powi(32)).unwrap();
        let step = 1431;
        let shown = |k: u64| scale.microjoules(k * step).unwrap();
        let sum: u64 = (0..1_000_000).map(|k| shown(k + 1) - shown(k)).sum();
        assert_eq!(u128::from(sum), (u128::from(1_000_000 * step) * 1_000_000) >> 32);
    }

    proptest! {
        #[test]
        fn any_scale_is_that_of_the_double(joules in 1.1e-12..1.0_f64, counts in 0_u64..1 << 40) {
            let told = Scale::from_joules(joules).unwrap().microjoules(counts).unwrap() as f64;
            let expected = joules * counts as f64 * 1e6;
            prop_assert!((told - expected).abs() <= 1.0 + expected * 1e-15, "{told} {expected}");
        }
    }
}
