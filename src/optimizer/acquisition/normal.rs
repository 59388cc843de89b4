//! Integrals of the normal distribution function, without logarithms and without loss of precision in the tails.
//!
//! | symbol | meaning |
//! |---|---|
//! | `phi`, `Phi` | density and distribution function of the standard normal |
//! | `R(t)` | Mills' ratio, `Phi(-t) / phi(t)` |
//! | `K(t)` | `1 / R(t) - t`, positive and about `1 / t` for large `t` |
//! | `h(z)` | `phi(z) + z Phi(z)`, the integral of `Phi` up to `z` |
//! | `A(a, b)` | `h(b) - h(a)`, the integral of `Phi` from `a` to `b` |
//!
//! Everything follows from `K` without a difference of nearly equal numbers: for `t >= 0`, `Phi(-t) = phi(t) R` and
//! `h(-t) = phi(t) K R` with `R = 1 / (t + K)`. What would underflow is held as a number times the exponential of another.

/// `1 / sqrt(2 pi)`.
const DENSITY_AT_ZERO: f64 = 0.398_942_280_401_432_7;
/// Standardized bounds are cut here, so that nothing overflows when squared.
const FARTHEST: f64 = 1e50;
/// Segments narrower than this against `1 / (1 + |z|)` are summed as a series, where `h(b) - h(a)` would cancel.
const NARROW: f64 = 1.0 / 16.0;
/// Terms of that series: the first that is left out is below `NARROW^9 / 10!`.
const TERMS: usize = 8;

/// Where the polynomial of [`remainder`] has its middle.
const MIDDLE: f64 = 3.25;
/// Coefficients of `(t + MIDDLE) K(t)` in `(t - MIDDLE) / (t + MIDDLE)`: its Chebyshev series, cut after degree 26 and ordered by
/// powers. Those left out sum to 8e-17.
const COEFFICIENTS: [f64; 27] = [
    1.731_568_439_046_874_2,
    -0.940_719_026_984_684_3,
    0.113_091_785_649_846_43,
    0.177_930_663_066_500_2,
    -0.066_660_356_049_788_34,
    -0.043_406_503_629_019_565,
    0.024_953_881_948_176_385,
    0.012_868_440_174_223_688,
    -0.008_416_607_160_264_511,
    -0.004_430_062_065_970_704,
    0.002_593_509_129_375_812,
    0.001_637_575_114_671_974_7,
    -0.000_695_759_397_763_304_6,
    -0.000_597_144_530_314_242_8,
    0.000_143_395_163_805_808_94,
    0.000_200_201_565_439_376_56,
    -1.278_098_220_066_055_1e-5,
    -5.807_216_751_937_355e-5,
    -5.711_735_635_286_768e-6,
    1.362_950_532_218_765_6e-5,
    3.443_830_188_436_624_5e-6,
    -2.351_949_353_191_236e-6,
    -9.714_132_930_374_064e-7,
    2.516_010_057_189_970_3e-7,
    1.540_475_939_768_287e-7,
    -1.100_495_784_416_369_9e-8,
    -1.077_225_956_990_414_4e-8,
];

/// `K(t)` for `t >= 0`, to a few units of the last place. It is by the device of Shepherd and Laframboise, "Chebyshev
/// approximation of (1 + 2x) exp(x^2) erfc(x)", Math. Comp. 36, 1981: the half line is mapped to \[-1,1\].
pub(super) fn remainder(t: f64) -> f64 {
    let inverse = 1.0 / (t + MIDDLE);
    let s = (t - MIDDLE) * inverse;
    let square = s * s;
    // Even and odd powers side by side.
    let (mut even, mut odd) = (COEFFICIENTS[26], COEFFICIENTS[25]);
    for pair in (0..12).rev() {
        odd = odd * square + COEFFICIENTS[2 * pair + 1];
        even = even * square + COEFFICIENTS[2 * pair + 2];
    }
    ((even * square + COEFFICIENTS[0]) + s * odd) * inverse
}

/// The exponential of a number below zero. Most that are asked for vanish, which the library's own finds out late.
pub(super) fn exp(x: f64) -> f64 {
    if x < -750.0 { 0.0 } else { x.exp() }
}

/// A positive number, `value * exp(scale)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scaled {
    pub value: f64,
    pub scale: f64,
}

impl Scaled {
    /// The logarithm.
    pub(super) fn ln(self) -> f64 {
        self.scale + self.value.ln()
    }

    /// The same number with a `value` of which several can be multiplied.
    pub(super) fn moderate(self) -> Self {
        if (1e-20..1e20).contains(&self.value) { self } else { Self { value: 1.0, scale: self.ln() } }
    }
}

/// What a normal variable does below a bound at `z` standard deviations from its mean. All but `z`, `scale`, and what lies
/// above, in units of `exp(scale)`.
#[derive(Debug, Clone, Copy)]
pub(super) struct NormalEdge {
    z: f64,
    /// `-z^2 / 2` below the mean, 0 above it.
    scale: f64,
    /// `phi(z)`.
    density: f64,
    /// `Phi(z)`.
    below: f64,
    /// `h(z)`.
    shortfall: f64,
    /// `Phi(-z)`, for bounds above the mean.
    above: f64,
    /// `h(-z)`, for bounds above the mean.
    surplus: f64,
}

impl NormalEdge {
    pub(super) fn new(z: f64) -> Self {
        let z = z.clamp(-FARTHEST, FARTHEST);
        let t = z.abs();
        let k = remainder(t);
        let ratio = 1.0 / (t + k);
        let scale = -0.5 * z * z;
        if z < 0.0 {
            let below = DENSITY_AT_ZERO * ratio;
            return Self { z, scale, density: DENSITY_AT_ZERO, below, shortfall: below * k, above: 0.0, surplus: 0.0 };
        }
        let density = DENSITY_AT_ZERO * exp(scale);
        let above = density * ratio;
        let surplus = above * k;
        Self { z, scale: 0.0, density, below: 1.0 - above, shortfall: z + surplus, above, surplus }
    }

    /// `h(z)`: the expected shortfall of the variable below the bound, per standard deviation.
    pub(super) fn shortfall(&self) -> Scaled {
        Scaled { value: self.shortfall, scale: self.scale }
    }

    /// The slopes of the logarithm of `sd h(z)`.
    pub(super) fn slopes(&self) -> Slopes {
        Slopes { by_mean: -self.below / self.shortfall, by_log_sd: self.density / self.shortfall }
    }
}

/// Derivatives of the logarithm of an integral, of which the integrand's unit is the standard deviation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Slopes {
    /// By the mean, times the standard deviation.
    pub by_mean: f64,
    /// By the logarithm of the standard deviation.
    pub by_log_sd: f64,
}

/// The range between two edges.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment<'a> {
    pub lower: &'a NormalEdge,
    pub upper: &'a NormalEdge,
    /// The distance between them in standard deviations: told, for it is known better than as a difference of two `z`.
    pub width: f64,
}

impl Segment<'_> {
    fn is_narrow(&self) -> bool {
        self.width * (1.0 + self.lower.z.abs().max(self.upper.z.abs())) < NARROW
    }

    /// What a number in the lower edge's unit is worth in the upper edge's.
    fn exchange(&self) -> f64 {
        exp(if self.upper.z < 0.0 { 0.5 * self.width * (self.lower.z + self.upper.z) } else { self.lower.scale })
    }

    /// `A(a, b)`.
    pub(super) fn integral(&self) -> Scaled {
        let Self { lower, upper, width } = self;
        let value = if self.is_narrow() {
            width * upper.below - upper.density * hermite_series(upper.z, *width, 1)
        } else if lower.z < 0.0 {
            upper.shortfall - self.exchange() * lower.shortfall
        } else {
            // h(z) = z + h(-z).
            width - (lower.surplus - upper.surplus)
        };
        Scaled { value, scale: upper.scale }
    }

    /// The slopes of the logarithm of `sd A(a, b)`.
    pub(super) fn slopes(&self) -> Slopes {
        let Self { lower, upper, width } = self;
        let (below, density) = if self.is_narrow() {
            // phi(b - w) = phi(b) exp(w b - w^2 / 2).
            let density = -upper.density * (width * (upper.z - 0.5 * width)).exp_m1();
            (upper.density * hermite_series(upper.z, *width, 0), density)
        } else if lower.z < 0.0 {
            let exchange = self.exchange();
            (upper.below - exchange * lower.below, upper.density - exchange * lower.density)
        } else {
            (lower.above - upper.above, upper.density - lower.density)
        };
        let integral = self.integral().value;
        Slopes { by_mean: -below / integral, by_log_sd: density / integral }
    }
}

/// The sum over `k` of `He_k(z) w^(k+1+order) / (k+1+order)!`. `phi` has the derivatives `(-1)^k He_k phi`. So Taylor's
/// theorem makes `Phi(z) - Phi(z - w)` of it for order 0 and `w Phi(z) - A(z - w, z)` for order 1. Both are per
/// `phi(z)`.
fn hermite_series(z: f64, w: f64, order: usize) -> f64 {
    let inverse = |k: usize| INVERSES[k + order];
    let (along, across) = (z * w, w * w);
    let mut before = if order == 0 { w } else { 0.5 * across };
    let mut term = before * along * inverse(2);
    let mut sum = before + term;
    for k in 2..=TERMS {
        // He_k = z He_(k-1) - (k-1) He_(k-2).
        let next = inverse(k + 1) * (along * term - (k - 1) as f64 * across * inverse(k) * before);
        (before, term) = (term, next);
        sum += next;
    }
    sum
}

/// `1 / k`.
const INVERSES: [f64; TERMS + 3] = {
    let mut inverses = [0.0; TERMS + 3];
    let mut k = 1;
    while k < inverses.len() {
        inverses[k] = 1.0 / k as f64;
        k += 1;
    }
    inverses
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn integral(a: f64, b: f64) -> Scaled {
        Segment { lower: &NormalEdge::new(a), upper: &NormalEdge::new(b), width: b - a }.integral()
    }

    /// Values of `sqrt(2/pi) exp(-t^2/2) / erfc(t/sqrt(2)) - t`, to 50 digits.
    #[test]
    fn remainders_agree_with_50_digit_arithmetic() {
        let known = [
            (0.0, 0.797_884_560_802_865_4),
            (0.5, 0.641_077_770_368_064_5),
            (1.0, 0.525_135_276_160_981_2),
            (3.0, 0.283_098_654_930_436_5),
            (8.0, 0.121_368_112_236_112_68),
            (25.0, 0.039_873_012_057_562_583),
            (100.0, 0.009_998_000_999_260_705),
        ];
        for (t, k) in known {
            assert!((remainder(t) / k - 1.0).abs() < 1e-15, "{t}");
        }
        assert!((remainder(1e30) * 1e30 - 1.0).abs() < 1e-15);
    }

    proptest! {
        /// Whichever formula each part falls to.
        #[test]
        fn adjacent_segments_add_up(a in -30.0..6.0f64, widths in [-9.0..1.0f64, -9.0..1.0f64]) {
            let (b, c) = (a + widths[0].exp(), a + widths[0].exp() + widths[1].exp());
            let whole = integral(a, c).ln();
            let parts = (integral(a, b).ln() - whole).exp() + (integral(b, c).ln() - whole).exp();
            // The ends of a narrow segment are only known to the rounding of their difference.
            prop_assert!((parts - 1.0).abs() < 1e-10, "{parts}");
        }

        #[test]
        fn segments_down_to_far_below_are_shortfalls(b in -20.0..20.0f64) {
            prop_assert!((integral(-60.0, b).ln() - NormalEdge::new(b).shortfall().ln()).abs() < 1e-13 * b.abs().max(1.0).powi(2));
        }
    }
}
