//! From values to pixels.

use super::ticks::{linear_ticks, log_ticks, tick_labels};
use crate::analysis::{Quantity, QuantityKind};
use crate::energy::units::JouleUnit;
use crate::optimizer::space::Scale;

/// One axis: a range of values, shown in a unit, along a range of pixels.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    log: bool,
    whole: bool,
    start: f64,
    end: f64,
    factor: f64,
    unit: &'static str,
}

impl Axis {
    /// An axis over these values with a margin on both sides. `start` and `end` are the pixels of its low and high end;
    /// `None` if no value can be shown.
    pub(super) fn over(
        values: impl IntoIterator<Item = f64>,
        quantity: &Quantity,
        scale: Scale,
        (start, end): (f64, f64),
    ) -> Option<Self> {
        let log = scale == Scale::Log;
        let usable = values.into_iter().filter(|v| v.is_finite() && (!log || *v > 0.0));
        let bounds =
            usable.fold(None, |b: Option<(f64, f64)>, v| Some(b.map_or((v, v), |(l, h)| (l.min(v), h.max(v)))));
        let (low, high) = bounds?;
        let (low, high) = if log { widen_log(low, high) } else { widen(low, high, quantity.kind) };
        let (factor, unit) = unit(quantity.kind, low, high, log);
        Some(Self { low, high, log, whole: false, start, end, factor, unit })
    }

    /// An axis from `low` to `high` without margins or unit.
    pub(super) fn plain(low: f64, high: f64, (start, end): (f64, f64)) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        Self { low, high, log: false, whole: false, start, end, factor: 1.0, unit: "" }
    }

    /// An axis from `low`, without a margin there, to a little beyond `high`.
    pub(super) fn reaching(low: f64, high: f64, quantity: &Quantity, (start, end): (f64, f64)) -> Self {
        let high = if high > low { high + 0.03 * (high - low) } else { low + 1.0 };
        let (factor, unit) = unit(quantity.kind, low, high, false);
        Self { low, high, log: false, whole: false, start, end, factor, unit }
    }

    /// With ticks at whole numbers only.
    pub(super) fn whole(self) -> Self {
        Self { whole: true, ..self }
    }

    /// The pixel of a value, held inside the axis.
    pub(super) fn place(&self, value: f64) -> f64 {
        let (low, high, value) = if self.log {
            (self.low.ln(), self.high.ln(), value.max(self.low).ln())
        } else {
            (self.low, self.high, value)
        };
        let share = (value - low) / (high - low);
        // Ranges beyond the largest float have no shares.
        let share = if share.is_nan() { 0.5 } else { share.clamp(0.0, 1.0) };
        self.start + share * (self.end - self.start)
    }

    /// Whether a value lies on the axis.
    pub(super) fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// Pixels and labels of at most `most` ticks.
    pub(super) fn ticks(&self, most: usize) -> Vec<(f64, String)> {
        let (low, high) = (self.low * self.factor, self.high * self.factor);
        let mut ticks = if self.log { log_ticks(low, high, most) } else { linear_ticks(low, high, most) };
        if self.whole {
            ticks.retain(|t| (t - t.round()).abs() < 1e-6);
        }
        let labels = tick_labels(&ticks, self.log);
        ticks.into_iter().map(|t| self.place(t / self.factor)).zip(labels).collect()
    }

    /// A metric's name with its unit and scale, such as `energy (J, log scale)`.
    pub(super) fn title(&self, name: &str) -> String {
        let scale = if self.log { "log scale" } else { "" };
        let inside: Vec<_> = [self.unit, scale].into_iter().filter(|t| !t.is_empty()).collect();
        if inside.is_empty() { name.to_owned() } else { format!("{name} ({})", inside.join(", ")) }
    }
}

fn widen(low: f64, high: f64, kind: QuantityKind) -> (f64, f64) {
    let range = high - low;
    let room = match kind {
        _ if range > low.abs().max(high.abs()) * 1e-9 => 0.06 * range,
        QuantityKind::Fraction => 0.01,
        QuantityKind::Energy | QuantityKind::Plain if low == 0.0 => 1.0,
        QuantityKind::Energy | QuantityKind::Plain => 0.1 * low.abs(),
    };
    match kind {
        QuantityKind::Fraction => ((low - room).max(0.0), (high + room).min(1.0 + 0.02 * range.max(0.05))),
        QuantityKind::Energy if low > 0.0 => ((low - room).max(0.0), high + room),
        QuantityKind::Energy | QuantityKind::Plain => (low - room, high + room),
    }
}

fn widen_log(low: f64, high: f64) -> (f64, f64) {
    let room = (0.06 * (high / low).ln()).max(0.05).exp();
    ((low / room).max(f64::MIN_POSITIVE), (high * room).min(f64::MAX))
}

/// What raw values are multiplied by, and the unit they are then in.
fn unit(kind: QuantityKind, low: f64, high: f64, log: bool) -> (f64, &'static str) {
    match kind {
        QuantityKind::Plain => (1.0, ""),
        QuantityKind::Fraction => (100.0, "%"),
        QuantityKind::Energy => {
            let typical = if log { low.sqrt() * high.sqrt() } else { high.abs().max(low.abs()) };
            let unit = JouleUnit::of(typical);
            (unit.from_joules(1.0), unit.name())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quantity(metric: &str) -> Quantity {
        Quantity::from_values(metric, [0.5])
    }

    #[test]
    fn energies_take_the_unit_of_their_size() {
        let title = |values: [f64; 2], scale| {
            Axis::over(values, &quantity("energy"), scale, (0.0, 100.0)).unwrap().title("energy")
        };
        assert_eq!(title([1.0, 900.0], Scale::Log), "energy (J, log scale)");
        assert_eq!(title([5000.0, 90_000.0], Scale::Linear), "energy (Wh)");
        assert_eq!(title([5e6, 9e7], Scale::Log), "energy (kWh, log scale)");
        assert_eq!(title([1e-3, 5e-2], Scale::Linear), "energy (mJ)");
    }

    #[test]
    fn nothing_to_show_is_no_axis() {
        assert!(Axis::over([f64::NAN], &quantity("loss"), Scale::Linear, (0.0, 1.0)).is_none());
        assert!(Axis::over([0.0, -1.0], &quantity("energy"), Scale::Log, (0.0, 1.0)).is_none());
    }

    proptest! {
        #[test]
        fn every_value_has_its_place(
            values in proptest::collection::vec(1e-9..1e9f64, 1..8),
            log in any::<bool>(),
            metric in prop_oneof![Just("energy"), Just("loss")],
        ) {
            let scale = if log { Scale::Log } else { Scale::Linear };
            let axis = Axis::over(values.clone(), &quantity(metric), scale, (400.0, 20.0)).unwrap();
            let mut sorted = values;
            sorted.sort_by(f64::total_cmp);
            let places: Vec<f64> = sorted.iter().map(|v| axis.place(*v)).collect();
            prop_assert!(sorted.iter().all(|v| axis.holds(*v)));
            prop_assert!(places.is_sorted_by(|a, b| a >= b));
            prop_assert!(places.iter().all(|p| (20.0..=400.0).contains(p)));
            prop_assert!(!axis.ticks(6).is_empty());
        }
    }
}
