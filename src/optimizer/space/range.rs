//! Ranges of floats as the interval from 0 to 1, exact enough from the smallest number to the largest.

use super::Scale;

/// A range of floats on its scale.
#[derive(Debug, Clone)]
pub(super) struct Range {
    low: f64,
    high: f64,
    /// On a log scale.
    log: Option<LogRange>,
    /// Numbers that are met exactly, with their coordinates: coded and decoded, 0.001 may come back as
    /// 0.0009999999999999998.
    named: Vec<(f64, f64)>,
}

impl Range {
    /// A range with `low < high`, both above zero on a log scale. What is `named` comes back as it is.
    pub(super) fn new(low: f64, high: f64, scale: Scale, named: Vec<f64>) -> Self {
        let log = (scale == Scale::Log).then(|| LogRange::new(low, high));
        let mut range = Self { low, high, log, named: Vec::new() };
        range.named = named.into_iter().map(|v| (range.coordinate(v), v)).collect();
        range
    }

    /// Where a number lies, from 0 to 1.
    pub(super) fn coordinate(&self, v: f64) -> f64 {
        let v = v.clamp(self.low, self.high);
        match &self.log {
            None => ((v - self.low) / (self.high - self.low)).clamp(0.0, 1.0),
            Some(log) => log.coordinate(v),
        }
    }

    /// The number at a coordinate.
    pub(super) fn number(&self, u: f64) -> f64 {
        if let Some((_, v)) = self.named.iter().find(|(at, _)| *at == u) {
            return *v;
        }
        match &self.log {
            None => (self.low + u * (self.high - self.low)).clamp(self.low, self.high),
            // The ends are taken exactly: exp(ln(v)) may miss v by a rounding.
            Some(_) if u <= 0.0 => self.low,
            Some(_) if u >= 1.0 => self.high,
            Some(log) => log.number(u).clamp(self.low, self.high),
        }
    }
}

/// A range above zero by ratios.
#[derive(Debug, Clone, Copy)]
pub(super) struct LogRange {
    pub(super) low: f64,
    /// Logarithms of both ends, of a range that at least doubles. Of a narrower one they are nearly the same number, and
    /// the logarithm of the ratio is taken instead.
    ends: Option<(f64, f64)>,
    ratio: f64,
}

impl LogRange {
    pub(super) fn new(low: f64, high: f64) -> Self {
        let ends = (high / low >= 2.0).then(|| (low.ln(), high.ln()));
        Self { low, ends, ratio: log_ratio(low, high) }
    }

    /// Where a number lies, from 0 to 1.
    pub(super) fn coordinate(&self, v: f64) -> f64 {
        let u = match self.ends {
            Some((low, high)) => (v.ln() - low) / (high - low),
            None => ((v - self.low) / self.low).ln_1p() / self.ratio,
        };
        u.clamp(0.0, 1.0)
    }

    /// The number at a coordinate, but for rounding.
    pub(super) fn number(&self, u: f64) -> f64 {
        match self.ends {
            Some((low, high)) => (low + u * (high - low)).exp(),
            None => self.low + self.low * (u * self.ratio).exp_m1(),
        }
    }

    /// How far the number at a coordinate is beyond the lower end.
    pub(super) fn beyond(&self, u: f64) -> f64 {
        match self.ends {
            Some(_) => self.number(u) - self.low,
            None => self.low * (u * self.ratio).exp_m1(),
        }
    }
}

/// The logarithm of `b / a`, both above zero, also where the ratio is next to 1 or larger than any number.
pub(super) fn log_ratio(a: f64, b: f64) -> f64 {
    let ratio = b / a;
    if !ratio.is_finite() || ratio == 0.0 {
        b.ln() - a.ln()
    } else if (0.5..2.0).contains(&ratio) {
        ((b - a) / a).ln_1p()
    } else {
        ratio.ln()
    }
}
