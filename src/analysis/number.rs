//! Numbers for people: in how many digits they are written.

/// How the numbers of one column are written, all alike, so that they can be compared by eye.
///
/// What a column needs is decided by its own values. A typical one is told in so many digits, and half of them are told
/// apart. The smallest that is not zero is not made nothing. No number is written in more digits than its size has a
/// meaning for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digits {
    /// So many decimals.
    Decimals(usize),
    /// So many digits and an exponent: of what is very large or very small.
    Exponent(usize),
    /// So many significant digits, each number by its own size: where there is no column to decide.
    Significant(usize),
}

/// Digits of a typical number that are written at most, however close to each other the numbers are.
const MOST: i32 = 7;
/// Digits of the largest number that are written at most, so that small ones are seen beside it.
const MOST_OF_LARGEST: i32 = 9;
/// From so large a number on there are exponents.
const LARGE: f64 = 1e7;
/// Typical numbers below this have exponents.
const SMALL: f64 = 1e-5;
/// Differences of so small a share of the numbers are rounding.
pub(crate) const ROUNDING: f64 = 1e-9;

impl Digits {
    /// For a column of these values, of which a typical one is to have `typical` digits (1 to 7). What is not finite has no say.
    ///
    /// ```
    /// use wattfront::analysis::Digits;
    ///
    /// let column = Digits::of([-0.001_269_4, -0.003_852_1, -0.0013], 4);
    /// assert_eq!([column.show(-0.001_269_4), column.show(-0.0013)], ["-0.001269", "-0.001300"]);
    /// ```
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = f64>, typical: usize) -> Self {
        Column::of(values).map_or(Self::Significant(typical), |column| column.digits(typical))
    }

    /// For a column of values with intervals of these widths: two digits of the narrowest one that is wider than rounding, and of the
    /// smallest value. `None` without such a width.
    #[must_use]
    pub fn resolving(values: impl IntoIterator<Item = f64>, widths: impl IntoIterator<Item = f64>) -> Option<Self> {
        let column = Column::of(values)?;
        Some(column.digits_beside(column.narrowest(widths)?, true))
    }

    /// The same for a column of differences, of which one that is small beside its interval is as good as none.
    #[must_use]
    pub fn resolving_differences(
        values: impl IntoIterator<Item = f64>,
        widths: impl IntoIterator<Item = f64>,
    ) -> Option<Self> {
        let column = Column::of(values)?;
        Some(column.digits_beside(column.narrowest(widths)?, false))
    }

    /// The same with at least so many decimals.
    #[must_use]
    pub fn at_least(self, decimals: usize) -> Self {
        match self {
            Self::Decimals(own) => Self::Decimals(own.max(decimals)),
            other => other,
        }
    }

    /// A number of the column. One that would look like zero and is not is written in two digits of its own.
    #[must_use]
    pub fn show(self, value: f64) -> String {
        match self {
            Self::Decimals(decimals) if value != 0.0 && value.abs() < 0.95 * power(-places(decimals)) => {
                significant(value, 2)
            }
            _ => self.rounded(value),
        }
    }

    /// A number of the column where what is less than its last digit is as good as zero: beside the interval that decided.
    #[must_use]
    pub fn rounded(self, value: f64) -> String {
        match self {
            _ if !value.is_finite() => value.to_string(),
            Self::Decimals(_) if value.abs() >= 1e15 => significant(value, 4),
            Self::Decimals(decimals) => positive_zero(format!("{value:.decimals$}")),
            Self::Exponent(_) if value == 0.0 => "0".to_owned(),
            Self::Exponent(digits) => format!("{value:.*e}", digits.saturating_sub(1)),
            Self::Significant(digits) => significant(value, digits),
        }
    }

    /// The same with its sign, also above zero.
    #[must_use]
    pub fn signed(self, value: f64) -> String {
        let shown = self.rounded(value);
        let is_zero = shown.parse().is_ok_and(|read: f64| read == 0.0);
        if value > 0.0 && !is_zero { format!("+{shown}") } else { shown }
    }
}

/// Whether so many significant digits do not tell half of the values apart.
pub(super) fn are_close(values: impl IntoIterator<Item = f64>, digits: usize) -> bool {
    let needs_more = |column: Column| {
        let spread = column.spread();
        spread > 0.0 && magnitude(spread) - 1 < magnitude(column.typical) + 1 - places(digits)
    };
    Column::of(values).is_some_and(needs_more)
}

/// What decides over a column.
struct Column {
    /// The finite values, ascending.
    sorted: Vec<f64>,
    /// The size of the smallest that is not zero.
    smallest: f64,
    /// The median size of those that are not zero.
    typical: f64,
    /// The size of the largest.
    largest: f64,
}

impl Column {
    /// `None` without a finite value, or where all are zero and so have no size.
    fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = values.into_iter().filter(|v| v.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let mut sizes: Vec<f64> = sorted.iter().map(|v| v.abs()).filter(|v| *v > 0.0).collect();
        sizes.sort_by(f64::total_cmp);
        let (smallest, largest) = (*sizes.first()?, *sizes.last()?);
        Some(Self { smallest, typical: sizes[sizes.len() / 2], largest, sorted })
    }

    fn narrowest(&self, widths: impl IntoIterator<Item = f64>) -> Option<f64> {
        let least = ROUNDING * self.largest;
        widths.into_iter().filter(|width| width.is_finite() && *width > least).min_by(f64::total_cmp)
    }

    /// The range of the middle half, or of all where that is nothing; zero where it is rounding.
    fn spread(&self) -> f64 {
        let at = |quarter: usize| self.sorted[(self.sorted.len() - 1) * quarter / 4];
        let (middle, all) = (at(3) - at(1), at(4) - at(0));
        let spread = if self.sorted.len() >= 8 && middle > ROUNDING * self.typical { middle } else { all };
        if spread > ROUNDING * self.typical { spread } else { 0.0 }
    }

    /// A typical number in so many digits, half of the numbers told apart in two, and the smallest not made nothing.
    fn digits(&self, typical: usize) -> Digits {
        let size = magnitude(self.typical);
        let mut last = size + 1 - places(typical);
        if self.spread() > 0.0 {
            last = last.min((magnitude(self.spread()) - 1).max(size + 1 - MOST));
        }
        self.written(last.min(self.last_of_smallest(typical)), typical)
    }

    /// Two digits of the narrowest interval; of the smallest number too, unless what is less than its interval is as good as zero.
    fn digits_beside(&self, narrowest: f64, sizes_matter: bool) -> Digits {
        let last = (magnitude(narrowest) - 1).max(magnitude(self.largest) + 1 - MOST);
        self.written(if sizes_matter { last.min(self.last_of_smallest(2)) } else { last }, 2)
    }

    /// The place of the last digit of the smallest number, as far as the largest leaves room for it: a third one sooner than a
    /// second.
    fn last_of_smallest(&self, digits: usize) -> i32 {
        let (smallest, largest) = (magnitude(self.smallest), magnitude(self.largest));
        let third = if digits > 2 { (smallest - 2).max(largest + 1 - MOST) } else { i32::MAX };
        third.min((smallest - 1).max(largest + 1 - MOST_OF_LARGEST))
    }

    fn written(&self, last: i32, typical: usize) -> Digits {
        if self.largest >= LARGE || self.typical < SMALL {
            let digits = (magnitude(self.typical) + 1 - last).clamp(places(typical).max(2), MOST);
            return Digits::Exponent(usize::try_from(digits).unwrap_or(typical));
        }
        Digits::Decimals(usize::try_from(-last).unwrap_or(0))
    }
}

/// The decimals with which these values are written whole, if they are fewer than so many.
pub(super) fn needed(values: impl Iterator<Item = f64> + Clone, most: usize) -> usize {
    let whole = |decimals: &usize| {
        let unit = power(places(*decimals));
        values
            .clone()
            .filter(|v| v.is_finite())
            .all(|v| ((v * unit).round() - v * unit).abs() <= ROUNDING * (v * unit).abs())
    };
    (0..most).find(whole).unwrap_or(most)
}

fn places(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn power(exponent: i32) -> f64 {
    10f64.powi(exponent)
}

/// The power of ten of the first digit of a number above zero; 0.0999999 is a tenth that was computed.
fn magnitude(size: f64) -> i32 {
    (size.log10() + 1e-7).floor() as i32
}

/// Not -0.0.
fn positive_zero(number: String) -> String {
    match number.strip_prefix('-') {
        Some(rest) if rest.chars().all(|c| matches!(c, '0' | '.')) => rest.to_owned(),
        _ => number,
    }
}

/// A number in at most `digits` significant digits (1 to 15), trailing zeros cut; exponents below `1e-3` and from
/// `1e6` on.
///
/// ```
/// use wattfront::analysis::significant;
///
/// assert_eq!(significant(0.25, 4), "0.25");
/// assert_eq!(significant(0.000_123_456, 3), "1.23e-4");
/// assert_eq!(significant(123_456.0, 3), "123456");
/// ```
#[must_use]
pub fn significant(value: f64, digits: usize) -> String {
    if value == 0.0 || !value.is_finite() {
        return if value == 0.0 { "0".to_owned() } else { value.to_string() };
    }
    let digits = digits.clamp(1, 15);
    let scientific = format!("{:.*e}", digits - 1, value);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-3..6).contains(&exponent) {
        return format!("{}e{exponent}", trim_zeros(mantissa));
    }
    let decimals = usize::try_from(i32::try_from(digits).unwrap_or(15) - 1 - exponent).unwrap_or(0);
    trim_zeros(&format!("{value:.decimals$}")).to_owned()
}

fn trim_zeros(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

/// The size of a share as percent: whole from ten on, with one decimal below ten and above 99. It has two digits of
/// what is less than a tenth, and is never 100 for less than all.
///
/// ```
/// use wattfront::analysis::percent;
///
/// assert_eq!([percent(0.71), percent(0.004), percent(0.000_08)], ["71 %", "0.4 %", "0.008 %"]);
/// ```
#[must_use]
pub fn percent(share: f64) -> String {
    let value = share * 100.0;
    match value {
        v if v != 0.0 && v.abs() < 0.095 => format!("{} %", significant(v, 2)),
        v if (99.945..100.0).contains(&v) => "more than 99.9 %".to_owned(),
        v if v < 9.95 || (v > 99.0 && v < 100.0) => format!("{v:.1} %"),
        v => format!("{v:.0} %"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn column(values: &[f64]) -> Vec<String> {
        let digits = Digits::of(values.iter().copied(), 4);
        values.iter().map(|v| digits.show(*v)).collect()
    }

    #[test]
    fn a_column_has_the_digits_that_its_values_need() {
        assert_eq!(column(&[-0.001_269, -0.003_852]), ["-0.001269", "-0.003852"]);
        assert_eq!(column(&[1_234.567_81, 1_234.567_92]), ["1234.568", "1234.568"], "seven digits at most");
        assert_eq!(column(&[0.5, 0.25, 12.0]), ["0.5000", "0.2500", "12.0000"]);
        assert_eq!(column(&[1e-12, 3.25e-12]), ["1.000e-12", "3.250e-12"]);
        assert_eq!(column(&[1e12, 1.5e12]), ["1.000e12", "1.500e12"]);
        assert_eq!(column(&[0.0, 0.0]), ["0", "0"]);
        assert_eq!(column(&[f64::NAN, f64::INFINITY, 2.0]), ["NaN", "inf", "2.000"]);
        assert_eq!(column(&[-0.0, 3.0]), ["0.000", "3.000"]);
        assert_eq!(column(&[1e-300, -1e300]), ["1.000000e-300", "-1.000000e300"]);
        assert_eq!(column(&[5.0, 1e-4, 2.0]), ["5.000000", "0.000100", "2.000000"]);
    }

    #[test]
    fn beside_an_interval_what_is_below_its_last_digit_is_zero() {
        let digits = Digits::resolving([-0.001_269, -0.003_852], [6e-6, 2e-4]).unwrap();
        assert_eq!([digits.rounded(-0.001_269), digits.rounded(-0.001_272)], ["-0.0012690", "-0.0012720"]);
        let digits = Digits::resolving_differences([-0.003, 40.0], [10.0]).unwrap();
        assert_eq!([digits.signed(-0.003), digits.signed(40.0), digits.signed(0.2)], ["0", "+40", "0"]);
        let energies = Digits::resolving([0.5], [200.0]).unwrap();
        assert_eq!([energies.rounded(0.5), energies.rounded(200.0)], ["0.50", "200.00"]);
        assert_eq!(Digits::resolving([0.95, 0.95], [1e-17]), None);
        assert_eq!(Digits::resolving([0.0], [1.0]), None, "zeros have no size");
    }

    #[test]
    fn percents_never_become_nothing() {
        let shown = [0.0, 3e-7, 0.000_4, 0.001, 0.0312, 0.5, 0.995, 0.999_9, 1.0, 4.2].map(percent);
        assert_eq!(
            shown,
            ["0.0 %", "3e-5 %", "0.04 %", "0.1 %", "3.1 %", "50 %", "99.5 %", "more than 99.9 %", "100 %", "420 %"]
        );
    }

    #[test]
    fn significant_digits() {
        let shown: Vec<_> =
            [0.0, 1.0, 0.001, 0.000_999_96, 12345.678, 1e6, -2.5, 1e-300].map(|v| significant(v, 4)).into();
        assert_eq!(shown, ["0", "1", "0.001", "0.001", "12346", "1e6", "-2.5", "1e-300"]);
    }

    #[test]
    fn whole_numbers_need_no_decimals() {
        assert_eq!(needed([3.0, -8.0, 1e5].into_iter(), 4), 0);
        assert_eq!(needed([0.25, 0.5].into_iter(), 4), 2);
        assert_eq!(needed([0.3, 1.0 / 3.0].into_iter(), 4), 4);
    }

    proptest! {
        #[test]
        fn significant_reads_back_close(value in -1e12..1e12f64, digits in 1usize..10) {
            let read: f64 = significant(value, digits).parse().unwrap();
            let tolerance = value.abs() * 0.501 * 10f64.powi(1 - digits as i32);
            prop_assert!((read - value).abs() <= tolerance + f64::MIN_POSITIVE);
        }

        #[test]
        fn nothing_that_is_not_zero_is_shown_as_zero(
            mantissas in proptest::collection::vec((-9.99..9.99f64, -20..20i32), 1..30),
            typical in 1usize..5,
        ) {
            let values: Vec<f64> = mantissas.iter().map(|(m, e)| m * 10f64.powi(*e)).collect();
            let digits = Digits::of(values.iter().copied(), typical);
            for value in values {
                let read: f64 = digits.show(value).parse().unwrap();
                prop_assert!(value == 0.0 || (read / value - 1.0).abs() < 0.51, "{value} as {read} by {digits:?}");
                prop_assert!(value == 0.0 || read.is_sign_negative() == value.is_sign_negative());
            }
        }
    }
}
