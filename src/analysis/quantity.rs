//! How the numbers of a metric are shown to people.

use crate::energy::units::Joules;
use crate::record::{EnergyMetric, StudyRecord};

/// What kind of number a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuantityKind {
    /// Joules.
    Energy,
    /// A share of one, such as an accuracy: shown in percent, its differences in points.
    Fraction,
    /// Any other number.
    Plain,
}

/// A metric and the way its numbers are shown.
///
/// A metric is energy by its reserved name. It is a fraction if one word of its name says so (`accuracy`, `f1`, `auc`,
/// `precision`, `recall`, ...), none makes it a loss (`dice_loss`, `auc_error`), and no finished trial of the study has a value of it outside \[0, 1\]; so an accuracy that
/// a program reports in percent is a plain number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quantity {
    /// The metric's name.
    pub metric: String,
    /// What kind of number it is.
    pub kind: QuantityKind,
}

const FRACTION_WORDS: [&str; 14] = [
    "acc",
    "accuracy",
    "top1",
    "top5",
    "f1",
    "auc",
    "auroc",
    "auprc",
    "precision",
    "recall",
    "specificity",
    "iou",
    "dice",
    "map",
];

/// Words of what is no share, whatever it is computed from.
const OTHER_WORDS: [&str; 8] = ["loss", "losses", "error", "errors", "err", "distance", "divergence", "entropy"];

impl Quantity {
    /// The quantity that a metric is in this study.
    #[must_use]
    pub fn of(record: &StudyRecord, metric: &str) -> Self {
        let results = record.trials().iter().filter_map(|t| t.result());
        let values = results.filter_map(|r| r.metrics.get(metric).copied());
        Self::from_values(metric, values)
    }

    /// The quantity that a metric with these values is.
    #[must_use]
    pub fn from_values(metric: &str, values: impl IntoIterator<Item = f64>) -> Self {
        let kind = if EnergyMetric::is_reserved(metric) {
            QuantityKind::Energy
        } else if is_fraction_name(metric) && values.into_iter().all(|v| (0.0..=1.0).contains(&v)) {
            QuantityKind::Fraction
        } else {
            QuantityKind::Plain
        };
        Self { metric: metric.to_owned(), kind }
    }

    /// Whether this is energy.
    #[must_use]
    pub fn is_energy(&self) -> bool {
        self.kind == QuantityKind::Energy
    }

    /// A value with its unit, such as `96.4 %`, `3.21 J` or `0.1234`.
    #[must_use]
    pub fn show(&self, value: f64) -> String {
        match self.kind {
            QuantityKind::Energy if value.is_finite() => Joules(value).to_string(),
            QuantityKind::Fraction if value.is_finite() => format!("{:.1} %", value * 100.0),
            _ => significant(value, 4),
        }
    }

    /// The size of a fraction's difference in percentage points, such as `0.4 points`.
    #[must_use]
    pub fn points(&self, difference: f64) -> String {
        match difference.abs() * 100.0 {
            p if p < 0.005 => "less than 0.01 points".to_owned(),
            p if p < 0.095 => format!("{p:.2} points"),
            p => format!("{p:.1} points"),
        }
    }

    /// The metric in words: `energy.train.gpu.net` is `net GPU energy of train`, `energy.infer.per_1000`
    /// is `energy of infer per 1,000 samples`; other names stay as they are.
    #[must_use]
    pub fn name(&self) -> String {
        let Ok(EnergyMetric { phase, domain, net, per_thousand }) = self.metric.parse() else {
            return self.metric.clone();
        };
        let domain = domain.map_or_else(String::new, |d| format!("{} ", d.name().to_uppercase()));
        let phase = phase.map_or_else(String::new, |p| format!(" of {p}"));
        let net = if net { "net " } else { "" };
        let samples = if per_thousand { " per 1,000 samples" } else { "" };
        format!("{net}{domain}energy{phase}{samples}")
    }
}

/// Names are split at everything that is no letter or digit; what stands for a loss or an error is no fraction.
fn is_fraction_name(metric: &str) -> bool {
    let lower = metric.to_lowercase();
    let words = || lower.split(|c: char| !c.is_alphanumeric());
    words().any(|word| FRACTION_WORDS.contains(&word)) && !words().any(|word| OTHER_WORDS.contains(&word))
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fractions_are_known_by_name_and_values() {
        let kind = |name: &str, values: &[f64]| Quantity::from_values(name, values.iter().copied()).kind;
        assert_eq!(kind("accuracy", &[0.1, 1.0]), QuantityKind::Fraction);
        assert_eq!(kind("test_accuracy", &[]), QuantityKind::Fraction);
        assert_eq!(kind("macro-F1", &[0.5]), QuantityKind::Fraction);
        assert_eq!(kind("accuracy", &[0.9, 96.4]), QuantityKind::Plain);
        assert_eq!(kind("loss", &[0.5]), QuantityKind::Plain);
        for loss in ["dice_loss", "iou-loss", "AUC error", "f1_err"] {
            assert_eq!(kind(loss, &[0.5]), QuantityKind::Plain, "{loss}");
        }
        assert_eq!(kind("remapped", &[0.5]), QuantityKind::Plain);
        assert_eq!(kind("energy.train.gpu", &[0.5]), QuantityKind::Energy);
    }

    #[test]
    fn values_and_differences_carry_units() {
        let accuracy = Quantity::from_values("accuracy", [0.9]);
        assert_eq!(accuracy.show(0.9639), "96.4 %");
        assert_eq!(accuracy.points(-0.0041), "0.4 points");
        assert_eq!(accuracy.points(0.0003), "0.03 points");
        assert_eq!(accuracy.points(1e-9), "less than 0.01 points");
        assert_eq!(accuracy.show(f64::NAN), "NaN");
        assert_eq!(Quantity::from_values("energy", []).show(7200.0), "2.00 Wh");
        assert_eq!(Quantity::from_values("loss", []).show(0.123_456), "0.1235");
    }

    #[test]
    fn significant_digits() {
        let shown: Vec<_> =
            [0.0, 1.0, 0.001, 0.000_999_96, 12345.678, 1e6, -2.5, 1e-300].map(|v| significant(v, 4)).into();
        assert_eq!(shown, ["0", "1", "0.001", "0.001", "12346", "1e6", "-2.5", "1e-300"]);
    }

    proptest! {
        #[test]
        fn significant_reads_back_close(value in -1e12..1e12f64, digits in 1usize..10) {
            let read: f64 = significant(value, digits).parse().unwrap();
            #[expect(clippy::cast_possible_wrap, clippy::cast_possible_truncation, reason = "below ten")]
            let tolerance = value.abs() * 0.501 * 10f64.powi(1 - digits as i32);
            prop_assert!((read - value).abs() <= tolerance + f64::MIN_POSITIVE);
        }
    }
}
