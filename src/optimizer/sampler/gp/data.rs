//! What the surrogates learn from: this study's trials, and those of earlier studies.

use std::collections::BTreeMap;

use super::super::super::history::{History, Outcome, Trial};
use super::super::super::problem::Metrics;
use super::super::super::space::Encoding;
use super::super::super::surrogate::{Compression, Kernel, Noise, Observations, Standardization, Starts, fit};

/// How strongly an earlier study's scale is believed to be this one's, in trials.
const SHRINKAGE: f64 = 2.0;

/// Trials in the form in which surrogates take them.
pub(super) struct Data<'h> {
    /// The kernel, with a coordinate for the study where there are several.
    pub kernel: Kernel,
    /// What follows a point's own coordinates: nothing, or this study's.
    pub suffix: Vec<f64>,
    /// This study's finished trials.
    pub finished: Vec<(&'h Trial, Vec<f64>)>,
    /// Their inputs.
    pub inputs: Vec<Vec<f64>>,
    earlier: Vec<EarlierInputs<'h>>,
}

struct EarlierInputs<'h> {
    inputs: Vec<Vec<f64>>,
    metrics: Vec<&'h Metrics>,
}

/// A quantity to be modelled: an objective's loss, or a constraint's metric.
pub(super) struct Quantity<'a> {
    pub metric: &'a str,
    /// The value to model, from the metric's.
    pub value: &'a dyn Fn(f64) -> Option<f64>,
    /// Its standard deviation, from the metric's value and standard deviation.
    pub sd: &'a dyn Fn(f64, f64) -> f64,
}

/// Observations in standardized units, and how to get there.
pub(super) struct Prepared {
    pub observations: Observations,
    pub compression: Compression,
    pub scaling: Standardization,
}

impl Prepared {
    /// A value of the quantity in the surrogate's units.
    pub fn forward(&self, value: f64) -> f64 {
        self.scaling.forward(self.compression.forward(value))
    }
}

impl<'h> Data<'h> {
    /// From the trials that are to be learned from.
    pub fn new(history: &'h History, finished: Vec<(&'h Trial, Vec<f64>)>, encoding: &Encoding<'_>) -> Self {
        let several = !history.earlier().is_empty();
        let mut kernel = Kernel::new(encoding);
        if several {
            kernel = kernel.with_unordered();
        }
        // Only equal or different counts.
        let suffix = if several { vec![0.0] } else { Vec::new() };
        let input = |x: Vec<f64>, study: usize| {
            #[expect(clippy::cast_precision_loss, reason = "a count of studies")]
            let study = several.then_some(study as f64);
            x.into_iter().chain(study).collect::<Vec<f64>>()
        };
        let inputs = finished.iter().map(|(t, _)| input(encoding.encode(&t.point), 0)).collect();
        let earlier = history.earlier().iter().enumerate().map(|(k, earlier)| EarlierInputs {
            inputs: earlier.trials.iter().map(|(point, _)| input(encoding.encode(point), k + 1)).collect(),
            metrics: earlier.trials.iter().map(|(_, metrics)| metrics).collect(),
        });
        Self { kernel, suffix, inputs, earlier: earlier.collect(), finished }
    }

    /// A point of this study as the surrogates' input.
    pub fn input(&self, x: &[f64]) -> Vec<f64> {
        x.iter().chain(&self.suffix).copied().collect()
    }

    /// The observations of one quantity. `compress` chooses the compression from this study's values.
    pub fn prepare(&self, quantity: &Quantity<'_>, compress: impl Fn(&[f64]) -> Compression) -> Prepared {
        let own: Vec<(usize, f64, Noise)> = (0..self.finished.len()).filter_map(|i| self.own(i, quantity)).collect();
        let values: Vec<f64> = own.iter().map(|(_, v, _)| *v).collect();
        let compression = compress(&values);
        let compressed: Vec<f64> = values.iter().map(|v| compression.forward(*v)).collect();
        let before: Vec<(Vec<(usize, f64)>, Standardization)> =
            self.earlier.iter().map(|e| e.standardized(quantity)).collect();
        let scaling = self.scaling(&own, &compressed, &before);
        let mut observations = Observations::default();
        for ((i, value, noise), y) in own.iter().zip(&compressed) {
            let known = scaling.variance(noise.known.sqrt() * compression.slope(*value));
            observations.push(self.inputs[*i].clone(), scaling.forward(*y), Noise { known, ..*noise });
        }
        for (earlier, (values, _)) in self.earlier.iter().zip(before) {
            for (i, y) in values {
                observations.push(earlier.inputs[i].clone(), y, Noise { known: 0.0, inferred: true });
            }
        }
        Prepared { observations, compression, scaling }
    }

    /// The `i`-th trial's value, and its noise in the value's own units.
    fn own(&self, i: usize, quantity: &Quantity<'_>) -> Option<(usize, f64, Noise)> {
        let Outcome::Finished { metrics, sd } = &self.finished[i].0.outcome else { return None };
        let raw = *metrics.get(quantity.metric)?;
        let value = (quantity.value)(raw)?;
        let noise = match sd.get(quantity.metric) {
            Some(&sd) if sd > 0.0 => {
                let sd = (quantity.sd)(raw, sd);
                Noise { known: sd * sd, inferred: true }
            }
            Some(_) => Noise::EXACT,
            None => Noise { known: 0.0, inferred: true },
        };
        Some((i, value, noise))
    }

    /// How this study's values are scaled: to mean 0 and variance 1; where there are earlier studies, so that they agree
    /// best with what the largest of those would predict, for a few trials alone tell little of mean and variance.
    fn scaling(
        &self,
        own: &[(usize, f64, Noise)],
        compressed: &[f64],
        before: &[(Vec<(usize, f64)>, Standardization)],
    ) -> Standardization {
        let alone = Standardization::new(compressed);
        let Some(k) = (0..before.len()).max_by_key(|&k| before[k].0.len()) else { return alone };
        let (values, scaling) = &before[k];
        let mut observations = Observations::default();
        for (i, y) in values {
            observations.push(self.earlier[k].inputs[*i].clone(), *y, Noise { known: 0.0, inferred: true });
        }
        let Ok((process, _)) = fit(&self.kernel, observations, &Starts::COLD) else { return alone };
        if own.is_empty() {
            return *scaling;
        }
        let predicted = own.iter().map(|(i, _, _)| {
            let mut x = self.inputs[*i].clone();
            if let Some(study) = x.last_mut() {
                #[expect(clippy::cast_precision_loss, reason = "a count of studies")]
                let which = (k + 1) as f64;
                *study = which;
            }
            process.predict(&x).mean
        });
        calibrate(&predicted.collect::<Vec<_>>(), compressed, scaling.scale)
    }
}

impl EarlierInputs<'_> {
    /// The trials' values, standardized among themselves, by index.
    fn standardized(&self, quantity: &Quantity<'_>) -> (Vec<(usize, f64)>, Standardization) {
        let value = |(i, metrics): (usize, &&Metrics)| {
            let raw: &BTreeMap<String, f64> = metrics;
            Some((i, (quantity.value)(*raw.get(quantity.metric)?)?))
        };
        let values: Vec<(usize, f64)> = self.metrics.iter().enumerate().filter_map(value).collect();
        let all: Vec<f64> = values.iter().map(|(_, v)| *v).collect();
        let compression = Compression::of_outliers(f64::NEG_INFINITY, &all);
        let all: Vec<f64> = all.iter().map(|v| compression.forward(*v)).collect();
        let scaling = Standardization::new(&all);
        (values.iter().zip(all).map(|((i, _), y)| (*i, scaling.forward(y))).collect(), scaling)
    }
}

/// The scaling under which `values` come nearest to `predicted`, in least squares; its scale is drawn to `scale`.
fn calibrate(predicted: &[f64], values: &[f64], scale: f64) -> Standardization {
    #[expect(clippy::cast_precision_loss, reason = "a count of trials")]
    let n = values.len() as f64;
    let (p, v) = (predicted.iter().sum::<f64>() / n, values.iter().sum::<f64>() / n);
    let covariance: f64 = predicted.iter().zip(values).map(|(a, b)| (a - p) * (b - v)).sum();
    let variance: f64 = predicted.iter().map(|a| (a - p) * (a - p)).sum();
    let slope = (covariance + SHRINKAGE * scale) / (variance + SHRINKAGE);
    let slope = if slope.is_finite() { slope.clamp(0.1 * scale, 10.0 * scale) } else { scale };
    Standardization { shift: v - slope * p, scale: slope }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calibration_finds_the_affine_map_and_trusts_the_earlier_scale_at_first() {
        let predicted: Vec<f64> = (0..50).map(|i| f64::from(i) / 10.0 - 2.0).collect();
        let values: Vec<f64> = predicted.iter().map(|p| 7.0 + 3.0 * p).collect();
        let found = calibrate(&predicted, &values, 2.0);
        assert!((found.scale - 3.0).abs() < 0.05 && (found.shift - 7.0).abs() < 0.05, "{found:?}");
        let first = calibrate(&predicted[..1], &values[..1], 2.0);
        assert_eq!(first.scale, 2.0);
        assert!((first.forward(values[0]) - predicted[0]).abs() < 1e-12);
    }
}
