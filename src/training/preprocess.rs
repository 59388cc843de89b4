//! What is done to the data first: each channel is shifted and scaled, by figures of the training part alone.

use super::Preprocessing;
use crate::data::{Dataset, Features};

/// A channel without any spread beside the size of its numbers is only shifted.
const LEAST_SPREAD: f64 = 1e-12;

/// One channel of images, or one column of a table, becomes `(x - center) / spread`. Bytes count as 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scaling {
    /// What is subtracted.
    pub center: f64,
    /// What is divided by; above 0.
    pub spread: f64,
}

impl Scaling {
    const NONE: Self = Self { center: 0.0, spread: 1.0 };

    fn new(center: f64, spread: f64) -> Self {
        // Its inverse is to be a number of 32 bits.
        let least = (LEAST_SPREAD * center.abs()).max(f64::from(f32::MIN_POSITIVE));
        Self { center, spread: if spread > least { spread } else { 1.0 } }
    }

    /// The scaling of each channel, or of each column where samples are no images, by these samples of a data set and no others: indices into it, in any order. `None` if
    /// nothing is to be done.
    ///
    /// Quartiles and medians are interpolated between the two values next to them (Hyndman and Fan, 1996, definition 7).
    #[must_use]
    pub fn fit(how: Preprocessing, dataset: &Dataset, samples: &[usize]) -> Option<Vec<Self>> {
        let shape = dataset.shape();
        let (channels, pixels) = match shape.is_image() {
            true => (shape.channels, shape.height * shape.width),
            false => (shape.len(), 1),
        };
        let channel = |channel: usize| match dataset.features() {
            Features::Bytes(bytes) => {
                let mut counts = [0_u64; 256];
                for value in pieces(bytes, samples, shape.len(), channel * pixels, pixels).flatten() {
                    counts[usize::from(*value)] += 1;
                }
                of_counts(how, &counts)
            }
            Features::Floats(floats) => {
                let values = pieces(floats, samples, shape.len(), channel * pixels, pixels).flatten();
                of_values(how, values.map(|value| f64::from(*value)))
            }
        };
        (how != Preprocessing::None).then(|| (0..channels).map(channel).collect())
    }
}

fn pieces<'a, T>(
    all: &'a [T],
    samples: &'a [usize],
    size: usize,
    from: usize,
    length: usize,
) -> impl Iterator<Item = &'a [T]> + Clone {
    samples.iter().filter_map(move |sample| all.get(sample * size + from..sample * size + from + length))
}

fn of_counts(how: Preprocessing, counts: &[u64; 256]) -> Scaling {
    let total: u64 = counts.iter().sum();
    let values = || counts.iter().enumerate().map(|(value, count)| (value as f64 / 255.0, *count as f64));
    let at = |rank: u64| {
        let mut below = 0;
        let found = counts.iter().position(|count| {
            below += count;
            below > rank
        });
        found.unwrap_or(255) as f64 / 255.0
    };
    let quantile = |q: f64| {
        let place = q * total.saturating_sub(1) as f64;
        let (low, share) = (place.floor(), place.fract());
        at(low as u64) * (1.0 - share) + at(place.ceil() as u64) * share
    };
    match how {
        _ if total == 0 => Scaling::NONE,
        Preprocessing::None => Scaling::NONE,
        Preprocessing::Standardize => {
            let mean = values().map(|(value, count)| value * count).sum::<f64>() / total as f64;
            let square = values().map(|(value, count)| (value - mean).powi(2) * count).sum::<f64>() / total as f64;
            Scaling::new(mean, square.sqrt())
        }
        Preprocessing::Robust => Scaling::new(quantile(0.5), quantile(0.75) - quantile(0.25)),
        Preprocessing::MinMax => Scaling::new(at(0), at(total - 1) - at(0)),
    }
}

fn of_values(how: Preprocessing, values: impl Iterator<Item = f64> + Clone) -> Scaling {
    let count = values.clone().count() as f64;
    match how {
        _ if count == 0.0 => Scaling::NONE,
        Preprocessing::None => Scaling::NONE,
        Preprocessing::Standardize => {
            let mean = values.clone().sum::<f64>() / count;
            let square = values.map(|value| (value - mean).powi(2)).sum::<f64>() / count;
            Scaling::new(mean, square.sqrt())
        }
        Preprocessing::Robust => {
            let mut sorted: Vec<f64> = values.collect();
            let mut quantile = |q: f64| {
                let place = q * (count - 1.0);
                let (_, low, above) = sorted.select_nth_unstable_by(place.floor() as usize, f64::total_cmp);
                let low = *low;
                let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
                low + (high - low) * place.fract()
            };
            Scaling::new(quantile(0.5), quantile(0.75) - quantile(0.25))
        }
        Preprocessing::MinMax => {
            let least = values.clone().fold(f64::INFINITY, f64::min);
            Scaling::new(least, values.fold(f64::NEG_INFINITY, f64::max) - least)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::data::Shape;

    const HOWS: [Preprocessing; 3] = [Preprocessing::Standardize, Preprocessing::Robust, Preprocessing::MinMax];

    /// Two channels of two by two pixels, of which the lower ones are like the upper ones.
    const PAIR: Shape = Shape { channels: 2, height: 2, width: 2 };

    fn floats(features: &[f32]) -> Dataset {
        let features: Vec<f32> = features.chunks(2).flat_map(|row| [row, row].concat()).collect();
        let samples = features.len() / PAIR.len();
        let labels = (0..samples as u32).map(|sample| sample % 2).collect();
        Dataset::new("pairs", PAIR, features, labels, 2).unwrap()
    }

    #[test]
    fn each_channel_has_its_own_figures_by_the_training_part_alone() {
        let kept = [0.0, 2.0, 10.0, 10.0, 4.0, 6.0, 30.0, 50.0];
        let other = [1e6, -1e6, f32::MAX, f32::MIN];
        let data = floats(&[kept.as_slice(), &other].concat());
        let fit = |how| Scaling::fit(how, &data, &[0, 1]).unwrap();
        let standard = fit(Preprocessing::Standardize);
        assert_eq!((standard[0].center, standard[1].center), (3.0, 25.0));
        assert!((standard[0].spread - 5_f64.sqrt()).abs() < 1e-12, "{standard:?}");
        assert_eq!(fit(Preprocessing::MinMax), [Scaling::new(0.0, 6.0), Scaling::new(10.0, 40.0)]);
        // Quartiles of 0, 0, 2, 2, 4, 4, 6, 6 and of 10, 10, 10, 10, 30, 30, 50, 50.
        assert_eq!(fit(Preprocessing::Robust), [Scaling::new(3.0, 3.0), Scaling::new(20.0, 25.0)]);
        assert_eq!(Scaling::fit(Preprocessing::None, &data, &[0, 1]), None);
    }

    #[test]
    fn a_table_is_scaled_column_by_column() {
        let columns = vec![0.0, 5.0, 10.0, 5.0];
        let table = Dataset::new("table", Shape::of_columns(2), columns, vec![0, 1], 2).unwrap();
        let told = Scaling::fit(Preprocessing::MinMax, &table, &[0, 1]).unwrap();
        assert_eq!(told, [Scaling::new(0.0, 10.0), Scaling { center: 5.0, spread: 1.0 }]);
    }

    #[test]
    fn columns_of_any_unit_are_brought_to_one_size() {
        for unit in [1e-30_f32, 1e-14, 1.0, 1e12] {
            let columns = [1.0_f32, 2.0, 3.0, 4.0].map(|x| x * unit).to_vec();
            let table = Dataset::new("table", Shape::of_columns(1), columns, vec![0, 1, 0, 1], 2).unwrap();
            for how in HOWS {
                let Scaling { center, spread } = Scaling::fit(how, &table, &[0, 1, 2, 3]).unwrap()[0];
                assert!((0.5..5.0).contains(&((4.0 * f64::from(unit) - center) / spread)), "{unit} {how:?}");
            }
        }
    }

    #[test]
    fn a_channel_that_never_changes_is_only_shifted() {
        let data = floats(&[7.0; 8]);
        for how in HOWS {
            assert_eq!(Scaling::fit(how, &data, &[0, 1]).unwrap(), [Scaling { center: 7.0, spread: 1.0 }; 2]);
        }
    }

    proptest! {
        #[test]
        fn bytes_are_scaled_as_the_same_numbers_are(bytes in prop::collection::vec(any::<u8>(), 8..80)) {
            let bytes = &bytes[..bytes.len() / 4 * 4];
            let counted = |channel: usize| {
                let mut counts = [0; 256];
                bytes.chunks(4).flat_map(|sample| &sample[2 * channel..][..2]).for_each(|b| counts[usize::from(*b)] += 1);
                counts
            };
            for how in HOWS {
                for channel in 0..2 {
                    let values = bytes.chunks(4).flat_map(|sample| &sample[2 * channel..][..2]);
                    let expected = of_values(how, values.map(|b| f64::from(*b) / 255.0));
                    let told = of_counts(how, &counted(channel));
                    prop_assert!((told.center - expected.center).abs() < 1e-9, "{how:?} {told:?} {expected:?}");
                    prop_assert!((told.spread - expected.spread).abs() < 1e-9, "{how:?} {told:?} {expected:?}");
                }
            }
        }
    }
}
