//! What the surrogates learn from: this study's trials, and those of earlier studies.

use std::collections::BTreeMap;

use super::super::super::history::{History, Outcome, Trial};
use super::super::super::problem::Metrics;
use super::super::super::space::Encoding;
use super::super::super::surrogate::{Compression, Kernel, Noise, Observations, Standardization, Starts, evenly, fit};
use super::selection;

/// How strongly an earlier study's scale is believed to be this one's, in trials.
const SHRINKAGE: f64 = 2.0;
/// Predictions that vary by less, in standardized units, tell nothing of a scale.
const LEAST_SPREAD: f64 = 0.3;
/// Most trials of an earlier study from which this one's scale is predicted.
const PREDICTORS: usize = 200;
/// Places that earlier studies have among the observations, at least.
const LEAST_EARLIER: usize = selection::MOST / 4;
/// Largest known variance of an observation, in standardized units; such a one tells nothing.
const LARGEST_NOISE: f64 = 1e6;

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
pub(super) struct ModelledMetric<'a> {
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
            let study = several.then_some(study as f64);
            x.into_iter().chain(study).collect::<Vec<f64>>()
        };
        let inputs = finished.iter().map(|(t, _)| input(encoding.encode(&t.point), 0)).collect();
        let room = (selection::MOST.saturating_sub(finished.len())).max(LEAST_EARLIER);
        let total: usize = history.earlier().iter().map(|e| e.trials.len()).sum();
        let earlier = history.earlier().iter().enumerate().map(|(k, earlier)| {
            let share = earlier.trials.len() * room.min(total) / total.max(1);
            let kept: Vec<_> = evenly(earlier.trials.len(), share).map(|i| &earlier.trials[i]).collect();
            EarlierInputs {
                inputs: kept.iter().map(|(point, _)| input(encoding.encode(point), k + 1)).collect(),
                metrics: kept.iter().map(|(_, metrics)| metrics).collect(),
            }
        });
        Self { kernel, suffix, inputs, earlier: earlier.collect(), finished }
    }

    /// A point of this study as the surrogates' input.
    pub fn input(&self, x: &[f64]) -> Vec<f64> {
        x.iter().chain(&self.suffix).copied().collect()
    }

    /// The observations of one quantity. `compress` chooses the compression from this study's values.
    pub fn prepare(&self, quantity: &ModelledMetric<'_>, compress: impl Fn(&[f64]) -> Compression) -> Prepared {
        let own: Vec<(usize, f64, Option<f64>)> =
            (0..self.finished.len()).filter_map(|i| self.own(i, quantity)).collect();
        let values: Vec<f64> = own.iter().map(|(_, v, _)| *v).collect();
        let compression = compress(&values);
        let compressed: Vec<f64> = values.iter().map(|v| compression.forward(*v)).collect();
        let before: Vec<(Vec<(usize, f64)>, Standardization)> =
            self.earlier.iter().map(|e| e.standardized(quantity)).collect();
        let scaling = self.scaling(&own, &compressed, &before);
        let mut observations = Observations::default();
        for ((i, value, sd), y) in own.iter().zip(&compressed) {
            let known = scaling.variance(sd.unwrap_or(0.0) * compression.slope(*value));
            // `min` takes the bound for NaN, too.
            let noise = Noise { known: known.min(LARGEST_NOISE), inferred: *sd != Some(0.0) };
            observations.push(self.inputs[*i].clone(), scaling.forward(*y), noise);
        }
        for (earlier, (values, _)) in self.earlier.iter().zip(before) {
            for (i, y) in values {
                observations.push(earlier.inputs[i].clone(), y, Noise { known: 0.0, inferred: true });
            }
        }
        Prepared { observations, compression, scaling }
    }

    /// The `i`-th trial's value, and its known standard deviation in the value's own units.
    fn own(&self, i: usize, quantity: &ModelledMetric<'_>) -> Option<(usize, f64, Option<f64>)> {
        let Outcome::Finished { metrics, sd } = &self.finished[i].0.outcome else { return None };
        let raw = *metrics.get(quantity.metric)?;
        let value = (quantity.value)(raw)?;
        let sd = sd.get(quantity.metric).map(|sd| if *sd > 0.0 { (quantity.sd)(raw, *sd) } else { 0.0 });
        Some((i, value, sd))
    }

    /// How this study's values are scaled: to mean 0 and variance 1. Where there are earlier studies, it is so that
    /// they agree best with what the largest of those would predict: a few trials alone tell little of mean and
    /// variance.
    fn scaling(
        &self,
        own: &[(usize, f64, Option<f64>)],
        compressed: &[f64],
        before: &[(Vec<(usize, f64)>, Standardization)],
    ) -> Standardization {
        let alone = Standardization::new(compressed);
        let Some(k) = (0..before.len()).max_by_key(|&k| before[k].0.len()) else { return alone };
        let (values, scaling) = &before[k];
        let mut observations = Observations::default();
        for (i, y) in evenly(values.len(), PREDICTORS).map(|v| &values[v]) {
            observations.push(self.earlier[k].inputs[*i].clone(), *y, Noise { known: 0.0, inferred: true });
        }
        let Ok((process, _)) = fit(&self.kernel, observations, &Starts::COLD) else { return alone };
        if own.is_empty() {
            return *scaling;
        }
        let predicted = own.iter().map(|(i, _, _)| {
            let mut x = self.inputs[*i].clone();
            if let Some(study) = x.last_mut() {
                let which = (k + 1) as f64;
                *study = which;
            }
            process.predict(&x).mean
        });
        calibrate(&predicted.collect::<Vec<_>>(), compressed, scaling.scale, alone)
    }
}

impl EarlierInputs<'_> {
    /// The trials' values, standardized among themselves, by index.
    fn standardized(&self, quantity: &ModelledMetric<'_>) -> (Vec<(usize, f64)>, Standardization) {
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

/// The scaling under which `values` have the mean of what was `predicted` for them. Its scale is drawn from the earlier
/// study's to the ratio of the spreads as values come in. The values' own standard deviation stays between a half and
/// two: where the studies have nothing in common, the values must still look as every surrogate's do.
fn calibrate(predicted: &[f64], values: &[f64], scale: f64, alone: Standardization) -> Standardization {
    let n = values.len() as f64;
    let mean = |all: &[f64]| all.iter().sum::<f64>() / n;
    let (p, v) = (mean(predicted), mean(values));
    let spread = (predicted.iter().map(|a| (a - p) * (a - p)).sum::<f64>() / n).sqrt();
    let own = alone.scale / spread.max(LEAST_SPREAD);
    let trust = (n - 1.0) / (n - 1.0 + SHRINKAGE);
    let drawn = (scale.ln() * (1.0 - trust) + own.ln() * trust).exp();
    let scale = if n > 2.0 { drawn.clamp(0.5 * alone.scale, 2.0 * alone.scale) } else { drawn };
    let scale = if scale.is_finite() && scale > 0.0 { scale } else { alone.scale };
    Standardization { shift: v - scale * p, scale }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calibration_finds_the_affine_map_and_trusts_the_earlier_scale_at_first() {
        let predicted: Vec<f64> = (0..50).map(|i| f64::from(i) / 15.0 - 1.6).collect();
        let values: Vec<f64> = predicted.iter().map(|p| 7.0 + 3.0 * p).collect();
        let found = calibrate(&predicted, &values, 2.0, Standardization::new(&values));
        assert!((found.scale - 3.0).abs() < 0.1 && (found.shift - 7.0).abs() < 0.1, "{found:?}");
        let first = calibrate(&predicted[..1], &values[..1], 2.0, Standardization::new(&values[..1]));
        assert_eq!(first.scale, 2.0);
        assert!((first.forward(values[0]) - predicted[0]).abs() < 1e-12);
    }

    #[test]
    fn values_of_an_unrelated_or_reversed_study_keep_their_own_scale() {
        let predicted: Vec<f64> = (0..20).map(|i| f64::from(i) / 6.0 - 1.6).collect();
        let reversed: Vec<f64> = predicted.iter().map(|p| -p).collect();
        let unrelated: Vec<f64> = (0..20).map(|i| (1e3 * f64::from(i)).sin()).collect();
        for values in [reversed, unrelated] {
            for earlier in [1e-3, 1.0, 1e3] {
                let alone = Standardization::new(&values);
                let sd = alone.scale / calibrate(&predicted, &values, earlier, alone).scale;
                assert!((0.49..=2.01).contains(&sd), "{sd}");
            }
        }
    }
}
