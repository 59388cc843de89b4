//! Decimals as people write them: a whole number times a power of ten.

/// The largest power of ten that an `i128` holds.
const MOST_TENS: u32 = 38;
/// From so many digits on, a float may have been computed instead of written: any decimal of fewer is a float's own shortest one.
const COMPUTED: usize = 16;

/// Powers of ten that a float is exactly.
const TENS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// A finite number as the shortest decimal that reads back as it: 0.3 is 3 times 10^-1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decimal {
    mantissa: i128,
    exponent: i32,
}

impl Decimal {
    /// The decimal of a number; `None` for NaN and infinities.
    pub(super) fn of(v: f64) -> Option<Self> {
        if !v.is_finite() {
            return None;
        }
        Self::short(v).map_or_else(|| Self::written(v), Some)
    }

    /// The same for numbers of a few places, as most are, at once.
    fn short(v: f64) -> Option<Self> {
        TENS[..16].iter().zip(0..).find_map(|(tens, places): (&f64, i32)| {
            let whole = (v * tens).round();
            // A quotient of exact numbers is the float nearest to that decimal.
            let is_it = whole.abs() < 1e15 && whole / tens == v;
            is_it.then_some(Self { mantissa: whole as i128, exponent: -places })
        })
    }

    fn written(v: f64) -> Option<Self> {
        let text = format!("{v:e}");
        let (digits, exponent) = text.split_once('e')?;
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let mantissa: i128 = format!("{whole}{part}").parse().ok()?;
        Some(Self { mantissa, exponent: exponent.parse::<i32>().ok()? - i32::try_from(part.len()).ok()? })
    }

    /// Whether it has so many digits that it may be the rounded result of a computation, such as 1/3.
    pub(super) fn may_be_computed(self) -> bool {
        self.mantissa.unsigned_abs().to_string().len() >= COMPUTED
    }

    /// The same number in units of a power of ten that is no larger than its own; `None` if it does not fit.
    fn in_units_of(self, exponent: i32) -> Option<i128> {
        let tens = u32::try_from(self.exponent.checked_sub(exponent)?).ok()?;
        if self.mantissa == 0 {
            return Some(0);
        }
        (tens <= MOST_TENS).then(|| 10i128.checked_pow(tens))?.and_then(|factor| self.mantissa.checked_mul(factor))
    }

    /// `self + step k`, exactly, and then the float nearest to it; `None` where that has more digits than can be counted.
    pub(super) fn plus(self, step: Self, k: u64) -> Option<f64> {
        let exponent = self.exponent.min(step.exponent);
        let sum = step.in_units_of(exponent)?.checked_mul(k.into())?.checked_add(self.in_units_of(exponent)?)?;
        let tens = usize::try_from(exponent.unsigned_abs()).ok().and_then(|power| TENS.get(power));
        match tens {
            // One operation on exact numbers rounds as reading does.
            Some(tens) if sum.unsigned_abs() <= 1 << 53 => {
                Some(if exponent < 0 { sum as f64 / tens } else { sum as f64 * tens })
            }
            _ => format!("{sum}e{exponent}").parse().ok().filter(|v: &f64| v.is_finite()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_the_decimals_that_people_write() {
        for (v, mantissa, exponent) in [
            (0.3, 3, -1),
            (-2.5e-5, -25, -6),
            (0.0, 0, 0),
            (1e300, 1, 300),
            (120.0, 120, 0),
            (1e15, 1, 15),
            (5e-324, 5, -324),
            (0.1 + 0.2, 30_000_000_000_000_004, -17),
        ] {
            assert_eq!(Decimal::of(v), Some(Decimal { mantissa, exponent }), "{v:?}");
        }
        assert_eq!((Decimal::of(f64::NAN), Decimal::of(f64::NEG_INFINITY)), (None, None));
    }

    proptest! {
        #[test]
        fn what_is_read_at_once_is_what_is_written(
            digits in -9_999_999i64..9_999_999, places in 0i32..18, other in proptest::num::f64::NORMAL, k in 0u64..1 << 40,
        ) {
            let decimal: f64 = format!("{digits}e-{places}").parse().unwrap();
            for v in [decimal, other, decimal.next_up()] {
                let (of, written) = (Decimal::of(v).unwrap(), Decimal::written(v).unwrap());
                prop_assert!(of.exponent <= written.exponent);
                prop_assert_eq!(written.in_units_of(of.exponent), Some(of.mantissa), "{:?}", v);
                let sum = written.plus(of, k);
                let slow = written.in_units_of(of.exponent).and_then(|low| low.checked_add(of.mantissa.checked_mul(k.into())?));
                let slow: Option<f64> = slow.map(|sum| format!("{sum}e{}", of.exponent).parse().unwrap());
                prop_assert_eq!(sum, slow.filter(|v| v.is_finite()));
            }
        }
    }

    #[test]
    fn sums_are_exact_or_not_there() {
        let plus = |a: f64, b: f64, k| Decimal::of(a).unwrap().plus(Decimal::of(b).unwrap(), k);
        assert_eq!(plus(0.0, 0.1, 3), Some(0.3));
        assert_eq!(plus(-0.3, 0.1, 3), Some(0.0));
        assert_eq!(plus(0.05, 0.1, 7), Some(0.75));
        assert_eq!(plus(1e10, 1e-300, 1), None);
        assert_eq!(plus(f64::MAX, f64::MAX, u64::MAX), None);
        assert_eq!(plus(-1e300, 1e290, 20_000_000_000), Some(1e300));
    }
}
