//! How the numbers of a metric are shown to people.

use super::number::{Digits, are_close, needed, significant};
use crate::energy::units::{JouleUnit, Joules};
use crate::record::{EnergyMetric, StudyRecord};

/// What kind of number a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum QuantityKind {
    /// Joules.
    Energy,
    /// A share of one, such as an accuracy: shown in percent, its differences in points.
    Fraction,
    /// Any other number.
    Plain,
}

/// A metric and the way its numbers are shown: all of a study in one unit and with as many digits as its values need (see
/// [`Digits`]).
///
/// A metric is energy by its reserved name. It is a fraction if one word of its name says so (`accuracy`, `f1`, `auc`,
/// `precision`, `recall`, ...) and none makes it a loss (`dice_loss`, `auc_error`). Also, no finished trial of the
/// study may have a value of it outside \[0, 1\]: an accuracy that a program reports in percent is a plain number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quantity {
    /// The metric's name.
    pub metric: String,
    /// What kind of number it is.
    pub kind: QuantityKind,
    /// Whether it is a share by its name, and told in percent by its values.
    percent: bool,
    /// `None` of what no values are known of: then each number has the unit and the digits of its own size.
    form: Option<Form>,
}

/// How the numbers of a column are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Form {
    /// What energies are in.
    unit: JouleUnit,
    digits: Digits,
    /// Whether the values are too close to each other to be told apart by the digits of their own sizes.
    close: bool,
}

/// Digits of a typical number that is no share.
const TYPICAL: usize = 4;
/// Digits of a typical energy.
const TYPICAL_ENERGY: usize = 3;

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
        let values: Vec<f64> = values.into_iter().collect();
        let kind = if EnergyMetric::is_reserved(metric) {
            QuantityKind::Energy
        } else if is_fraction_name(metric) && values.iter().all(|v| (0.0..=1.0).contains(v)) {
            QuantityKind::Fraction
        } else {
            QuantityKind::Plain
        };
        let in_percent = || values.iter().any(|v| *v > 1.0) && values.iter().all(|v| (0.0..=100.0).contains(v));
        let percent = kind == QuantityKind::Plain && is_fraction_name(metric) && in_percent();
        Self { metric: metric.to_owned(), kind, percent, form: None }.written_for(&values)
    }

    /// The same quantity, written with what a column of these values needs instead of the study's.
    #[must_use]
    pub fn written_for(self, values: &[f64]) -> Self {
        let unit = self.unit_of(values);
        let digits = match self.kind {
            QuantityKind::Energy => Digits::of(values.iter().map(|v| unit.from_joules(*v)), TYPICAL_ENERGY),
            QuantityKind::Fraction => fraction_digits(values),
            QuantityKind::Plain => match Digits::of(values.iter().copied(), TYPICAL) {
                Digits::Decimals(most) => Digits::Decimals(needed(values.iter().copied(), most)),
                other => other,
            },
        };
        let own = if self.is_energy() { TYPICAL_ENERGY } else { TYPICAL };
        let close = self.kind == QuantityKind::Fraction || are_close(values.iter().copied(), own);
        let form = values.iter().any(|v| v.is_finite()).then_some(Form { unit, digits, close });
        Self { form, ..self }
    }

    /// The same quantity, written with what a column of these values needs that have intervals of these widths.
    #[must_use]
    pub fn resolving(self, values: &[f64], widths: &[f64]) -> Self {
        let unit = self.unit_of(values);
        let [scaled, wide] = [values, widths].map(|all| all.iter().map(|v| self.in_unit(unit, *v)).collect::<Vec<_>>());
        let Some(digits) = Digits::resolving(scaled, wide) else { return self.written_for(values) };
        let digits = digits.at_least(usize::from(self.kind == QuantityKind::Fraction));
        let form = values.iter().any(|v| v.is_finite()).then_some(Form { unit, digits, close: true });
        Self { form, ..self }
    }

    /// The unit of the median.
    fn unit_of(&self, values: &[f64]) -> JouleUnit {
        let mut sizes: Vec<f64> = values.iter().map(|v| v.abs()).filter(|v| v.is_finite() && *v > 0.0).collect();
        sizes.sort_by(f64::total_cmp);
        JouleUnit::of(sizes.get(sizes.len() / 2).copied().unwrap_or(0.0))
    }

    fn in_unit(&self, unit: JouleUnit, value: f64) -> f64 {
        match self.kind {
            QuantityKind::Energy => unit.from_joules(value),
            QuantityKind::Fraction => value * 100.0,
            QuantityKind::Plain => value,
        }
    }

    /// Whether this is energy.
    #[must_use]
    pub fn is_energy(&self) -> bool {
        self.kind == QuantityKind::Energy
    }

    /// Whether this is a share that is told in percent, such as an accuracy of 96.4: its name is that of a fraction, and its values lie
    /// in \[0, 100\], some of them above 1.
    #[must_use]
    pub fn is_percent(&self) -> bool {
        self.percent
    }

    /// A value with its unit in a sentence, such as `96.4 %`, `3.21 J` or `0.1234`: in the digits and the unit of its
    /// own size. Where the study's values are too close to each other for that, in those of the study.
    #[must_use]
    pub fn show(&self, value: f64) -> String {
        match (self.kind, self.form.filter(|form| form.close)) {
            _ if !value.is_finite() => value.to_string(),
            (_, Some(_)) => self.cell(value),
            (QuantityKind::Energy, None) => Joules(value).to_string(),
            (QuantityKind::Fraction, None) => format!("{} %", fraction_digits(&[value]).show(value * 100.0)),
            (QuantityKind::Plain, None) => significant(value, TYPICAL),
        }
    }

    /// A value with its unit in a column: all of a study in one unit and in as many decimals.
    #[must_use]
    pub fn cell(&self, value: f64) -> String {
        match self.form {
            Some(form) if value.is_finite() => self.unit(form.digits.show(self.in_unit(form.unit, value))),
            _ => self.show(value),
        }
    }

    /// A value with an interval, such as `54.1 % [53.0, 55.2]`, in the digits of the column: what is less than the last of them is
    /// as good as zero. Of fractions no more than 0 to 1 is shown.
    #[must_use]
    pub fn show_between(&self, value: f64, low: f64, high: f64) -> String {
        let own = self.form.is_none().then(|| self.clone().resolving(&[value], &[high - low]));
        let quantity = own.as_ref().unwrap_or(self);
        let Some(form) = quantity.form.filter(|_| value.is_finite()) else { return self.show(value) };
        // Nobody is right more often than always.
        let within = |end: f64| if self.kind == QuantityKind::Fraction { end.clamp(0.0, 1.0) } else { end };
        let [value, low, high] =
            [value, within(low), within(high)].map(|v| form.digits.rounded(quantity.in_unit(form.unit, v)));
        format!("{} [{low}, {high}]", quantity.unit(value))
    }

    /// A number with the unit behind it.
    fn unit(&self, number: String) -> String {
        match self.kind {
            QuantityKind::Energy => {
                format!("{number} {}", self.form.map_or(JouleUnit::Joule, |form| form.unit).name())
            }
            QuantityKind::Fraction => format!("{number} %"),
            QuantityKind::Plain => number,
        }
    }

    /// What a column of differences is multiplied by, and the unit they are then in: `points` of fractions, none of plain numbers.
    #[must_use]
    pub fn difference_in(&self, differences: impl IntoIterator<Item = f64>) -> (f64, &'static str) {
        match self.kind {
            QuantityKind::Energy => {
                let unit = self.unit_of(&differences.into_iter().collect::<Vec<_>>());
                (unit.from_joules(1.0), unit.name())
            }
            QuantityKind::Fraction => (100.0, "points"),
            QuantityKind::Plain => (1.0, ""),
        }
    }

    /// The size of a fraction's difference in percentage points, such as `0.4 points`.
    #[must_use]
    pub fn points(&self, difference: f64) -> String {
        match difference.abs() * 100.0 {
            p if p < 0.095 => format!("{} points", significant(p, 2)),
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

/// One decimal of percents, or more where the values or what they lack of all need it.
fn fraction_digits(values: &[f64]) -> Digits {
    let percents = || values.iter().map(|v| v * 100.0).filter(|p| p.is_finite());
    let digits = match Digits::of(percents(), 1) {
        Digits::Decimals(decimals) => decimals,
        // Of what is extremely small.
        other => return other,
    };
    let lacking = percents().map(|p| 100.0 - p).filter(|rest| *rest > 1e-9).fold(100.0, f64::min);
    let nearest = (0..9).find(|d| lacking >= 0.95 * 10f64.powi(-d)).unwrap_or(9);
    let most = digits.max(usize::try_from(nearest).unwrap_or(1)).clamp(1, 9);
    let all: Vec<f64> = percents().collect();
    Digits::Decimals(needed(all.into_iter(), most).max(1))
}

/// Names are split at everything that is no letter or digit; what stands for a loss or an error is no fraction.
fn is_fraction_name(metric: &str) -> bool {
    let lower = metric.to_lowercase();
    let words = || lower.split(|c: char| !c.is_alphanumeric());
    words().any(|word| FRACTION_WORDS.contains(&word)) && !words().any(|word| OTHER_WORDS.contains(&word))
}

#[cfg(test)]
mod tests {
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
        assert_eq!(accuracy.points(0.000_04), "0.004 points");
        assert_eq!(accuracy.points(1e-9), "1e-7 points");
        assert_eq!(accuracy.show(f64::NAN), "NaN");
        assert_eq!(Quantity::from_values("energy", []).show(7200.0), "2.00 Wh");
        assert_eq!(Quantity::from_values("loss", []).show(0.123_456), "0.1235");
    }

    #[test]
    fn a_column_has_one_unit_and_as_many_digits_as_it_needs() {
        let shown = |metric: &str, values: &[f64]| {
            let quantity = Quantity::from_values(metric, values.iter().copied());
            values.iter().map(|v| quantity.cell(*v)).collect::<Vec<_>>()
        };
        assert_eq!(shown("energy", &[0.5, 40.0, 5000.0]), ["0.500 J", "40.000 J", "5000.000 J"]);
        assert_eq!(shown("energy", &[4e-6, 5e-6]), ["4.00 µJ", "5.00 µJ"]);
        assert_eq!(shown("energy.net", &[-40.0, 0.0, 30.0]), ["-40.0 J", "0.0 J", "30.0 J"]);
        assert_eq!(shown("accuracy", &[0.5, 0.9]), ["50.0 %", "90.0 %"]);
        assert_eq!(shown("accuracy", &[0.963_91, 0.963_97]), ["96.391 %", "96.397 %"]);
        assert_eq!(shown("accuracy", &[0.999_97]), ["99.997 %"]);
        assert_eq!(shown("accuracy", &[0.000_4, 1.0]), ["0.04 %", "100.00 %"]);
        assert_eq!(shown("f1", &[1e-12]), ["1.0e-10 %"]);
        assert_eq!(shown("loss", &[0.001_269, 0.001_27]), ["0.001269", "0.001270"]);
        assert_eq!(shown("parameters", &[25_557.0, 431.0]), ["25557", "431"]);
        assert_eq!(shown("loss", &[f64::NAN, 2.0]), ["NaN", "2"]);
    }

    #[test]
    fn what_is_far_from_the_column_is_not_nothing() {
        let energy = Quantity::from_values("energy", [100.0, 200.0, 300.0]);
        assert_eq!([energy.cell(1e-6), energy.show(1e-6)], ["1e-6 J", "1.00 µJ"]);
        assert_eq!(Quantity::from_values("loss", [100.0, 200.0]).cell(0.03), "0.03");
    }

    #[test]
    fn in_sentences_a_number_has_the_digits_of_its_own_size_unless_others_are_close() {
        let energy = Quantity::from_values("energy", [100.0, 1.0, 0.5]);
        assert_eq!([energy.show(100.0), energy.show(0.5), energy.cell(0.5)], ["100 J", "500 mJ", "0.500 J"]);
        let loss = Quantity::from_values("loss", [1234.561, 1234.572]);
        assert_eq!([loss.show(1234.561), loss.show(1234.572)], ["1234.561", "1234.572"]);
    }

    #[test]
    fn intervals_decide_over_digits() {
        let loss = Quantity::from_values("mse", []);
        assert_eq!(loss.show_between(-0.001_269, -0.001_272, -0.001_266), "-0.0012690 [-0.0012720, -0.0012660]");
        let column = loss.resolving(&[-0.001_269, -0.003_852], &[6e-6, 2e-4]);
        assert_eq!(column.show_between(-0.003_852, -0.003_95, -0.003_75), "-0.0038520 [-0.0039500, -0.0037500]");
        let accuracy = Quantity::from_values("accuracy", []);
        assert_eq!(accuracy.show_between(0.95, 0.2, 1.7), "95.0 % [20.0, 100.0]");
        let energy = Quantity::from_values("energy", []);
        assert_eq!(energy.show_between(10.0, 9.75, 10.26), "10.00 J [9.75, 10.26]");
    }
}
