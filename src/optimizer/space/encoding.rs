//! Points as vectors in the unit cube, one coordinate per parameter.

use std::cmp::Ordering;

use super::range::{LogRange, Range, log_ratio};
use super::{Domain, Parameter, Point, Scale, Space, Value};

/// The coordinate of an inactive parameter that is ordered: the middle of the range, so that it is near to no end (of a
/// scale that the surrogate does not bend).
const INACTIVE_ORDERED: f64 = 0.5;
/// The coordinate of an inactive parameter without order: a category of its own, as no centre of a level is 0.
const INACTIVE_UNORDERED: f64 = 0.0;

/// Standard deviations of priors in the cube: a narrower one is a point there, and a wider one says nothing.
const NARROWEST: f64 = 1e-6;
const WIDEST: f64 = 1e3;

/// What kind of coordinate a parameter becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CoordinateKind {
    /// Any number in \[0,1\].
    Continuous,
    /// The centres of this many levels, in ascending order of the values.
    Ordered(u64),
    /// The centres of this many levels whose distances mean nothing: two levels are equal or different.
    Unordered(u64),
}

/// How one parameter maps to its coordinate.
#[derive(Debug, Clone)]
enum Coordinate {
    Continuous(Range),
    /// Equal bins of width `1/n`.
    Bins {
        n: u64,
    },
    /// Whole numbers on a log scale; the bins reach half a step beyond the bounds.
    LogInt {
        n: u64,
        low: f64,
        step: f64,
        edges: LogRange,
    },
    /// Equal bins by rank: `by_rank[rank]` is the index in the list of values.
    Rank {
        by_rank: Vec<usize>,
    },
    Unordered {
        n: u64,
    },
}

/// A clause of a condition on coordinates: the parent is active and at one of these levels or values.
#[derive(Debug, Clone)]
struct Gate {
    parent: usize,
    levels: Vec<u64>,
    values: Vec<f64>,
}

/// The map between the points of a [`Space`] and vectors in `[0,1]^d`, with `d = space.len()`.
///
/// Floats map linearly, or linearly in their logarithm. Integers and stepped floats own bins that reach half a step to
/// both sides, so that every value has its share of the cube. They map to the bins' centres (on a log scale to the
/// value's own logarithm). Choices among numbers map by rank, choices among names by index. Inactive parameters map to
/// one fixed coordinate, so that they never make a difference.
///
/// A vector is *canonical* if it is what [`encode`](Self::encode) makes of some point; [`snap`](Self::snap) turns any
/// vector into the canonical one of the point that it [decodes](Self::decode) to.
#[derive(Debug, Clone)]
pub struct Encoding<'a> {
    space: &'a Space,
    coordinates: Vec<Coordinate>,
    gates: Vec<Vec<Gate>>,
}

impl<'a> Encoding<'a> {
    /// The encoding of a space.
    #[must_use]
    pub fn new(space: &'a Space) -> Self {
        let coordinate = |p: &Parameter| Coordinate::new(&p.domain, named(space, &p.name));
        let coordinates: Vec<_> = space.parameters().iter().map(coordinate).collect();
        let gates = space.parameters().iter().map(|p| gates(space, &coordinates, p)).collect();
        Self { space, coordinates, gates }
    }

    /// The space.
    #[must_use]
    pub fn space(&self) -> &'a Space {
        self.space
    }

    /// Dimension `d` of the cube.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a space is never empty")]
    pub fn len(&self) -> usize {
        self.coordinates.len()
    }

    /// What kind of coordinate the `i`-th parameter is.
    #[must_use]
    pub fn kind(&self, i: usize) -> CoordinateKind {
        match &self.coordinates[i] {
            Coordinate::Continuous(_) => CoordinateKind::Continuous,
            Coordinate::Bins { n } | Coordinate::LogInt { n, .. } => CoordinateKind::Ordered(*n),
            Coordinate::Rank { by_rank } => CoordinateKind::Ordered(by_rank.len() as u64),
            Coordinate::Unordered { n } => CoordinateKind::Unordered(*n),
        }
    }

    /// The level of the `i`-th parameter in whose bin `u` lies; 0 for a continuous one.
    #[must_use]
    pub fn level(&self, i: usize, u: f64) -> u64 {
        self.coordinates[i].level(u)
    }

    /// The centre of the `k`-th level's bin of the `i`-th parameter; the last one's for `k` beyond.
    #[must_use]
    pub fn centre(&self, i: usize, k: u64) -> f64 {
        self.coordinates[i].centre(k)
    }

    /// Mean and standard deviation, in encoded units, of a normal distribution around a value of the `i`-th parameter whose
    /// standard deviation is `spread`: a difference on a linear scale, a factor on a log scale. `None` for choices, and for
    /// numbers that make no distribution there.
    #[must_use]
    pub fn normal(&self, i: usize, value: f64, spread: f64) -> Option<(f64, f64)> {
        let (low, high, scale) = match &self.space.parameters()[i].domain {
            Domain::Float { low, high, scale, .. } => (*low, *high, *scale),
            Domain::Int { low, high, scale, .. } => (*low as f64, *high as f64, *scale),
            Domain::Choice { .. } => return None,
        };
        // Levels own bins that reach beyond the bounds, so the ends are not at 0 and 1.
        let end = |v: f64, level: u64| match self.kind(i) {
            CoordinateKind::Continuous => {
                if v == low {
                    0.0
                } else {
                    1.0
                }
            }
            _ => self.centre(i, level),
        };
        let (first, last) = (end(low, 0), end(high, u64::MAX));
        let position = |v: f64| match scale {
            Scale::Linear => (v - low) / (high - low),
            Scale::Log => log_ratio(low, v) / log_ratio(low, high),
        };
        let width = match scale {
            Scale::Linear => spread / (high - low),
            Scale::Log => spread.ln() / log_ratio(low, high),
        };
        let (mean, sd) = (first + (last - first) * position(value), (last - first) * width);
        (mean.is_finite() && sd > 0.0).then_some((mean, sd.clamp(NARROWEST, WIDEST)))
    }

    /// Values that are given in the order in which a choice lists its own, in the order of its levels. `None` if the
    /// `i`-th parameter is no choice of so many.
    #[must_use]
    pub fn by_level(&self, i: usize, listed: &[f64]) -> Option<Vec<f64>> {
        match (&self.coordinates[i], &self.space.parameters()[i].domain) {
            (Coordinate::Rank { by_rank }, _) if by_rank.len() == listed.len() => {
                Some(by_rank.iter().map(|&k| listed[k]).collect())
            }
            (Coordinate::Unordered { n }, _) if *n == listed.len() as u64 => Some(listed.to_vec()),
            _ => None,
        }
    }

    /// The canonical vector of a point, of length `d`.
    ///
    /// Total: a value that the space does not have is taken for the nearest one (for a missing parameter), a missing
    /// one for inactive.
    #[must_use]
    pub fn encode(&self, point: &Point) -> Vec<f64> {
        let mut x: Vec<f64> = self
            .space
            .parameters()
            .iter()
            .zip(&self.coordinates)
            .map(|(p, c)| point.get(&p.name).and_then(|v| c.encode(&p.domain, v)).unwrap_or_else(|| c.inactive()))
            .collect();
        self.silence(&mut x);
        x
    }

    /// The point in whose bins `x` lies. Coordinates are clamped to \[0,1\]; NaN counts as the middle.
    #[must_use]
    pub fn decode(&self, x: &[f64]) -> Point {
        let mut snapped = x.to_vec();
        let active = self.snap(&mut snapped);
        let parameters = self.space.parameters().iter().zip(&self.coordinates);
        let pairs = parameters.zip(snapped).zip(active).filter(|(_, active)| *active);
        pairs.map(|(((p, c), u), _)| (p.name.clone(), c.decode(&p.domain, u))).collect()
    }

    /// Replaces `x` by the canonical vector of the point that it decodes to. Returns which parameters are active there.
    pub fn snap(&self, x: &mut [f64]) -> Vec<bool> {
        for (u, c) in x.iter_mut().zip(&self.coordinates) {
            *u = if u.is_nan() { 0.5 } else { u.clamp(0.0, 1.0) };
            if !matches!(c, Coordinate::Continuous(_)) {
                *u = c.centre(c.level(*u));
            }
        }
        self.silence(x)
    }

    /// A key that is equal for equal points: continuous coordinates to nine decimals, the others by level.
    #[must_use]
    pub fn key(&self, canonical: &[f64]) -> Vec<u64> {
        let key = |(c, u): (&Coordinate, &f64)| match c {
            // By the number that it stands for: in a narrow range, several coordinates may be one number.
            Coordinate::Continuous(range) => (range.coordinate(range.number(*u)) * 1e9).round() as u64,
            Coordinate::Unordered { .. } if *u == INACTIVE_UNORDERED => u64::MAX,
            _ => c.level(*u),
        };
        self.coordinates.iter().zip(canonical).map(key).collect()
    }

    /// Puts inactive parameters at their fixed coordinate. Returns which are active.
    fn silence(&self, x: &mut [f64]) -> Vec<bool> {
        let mut active = vec![true; x.len()];
        for &i in self.space.dependency_order() {
            active[i] = self.gates[i].iter().all(|gate| active[gate.parent] && self.opens(gate, x[gate.parent]));
            if !active[i] {
                x[i] = self.coordinates[i].inactive();
            }
        }
        active
    }

    fn opens(&self, gate: &Gate, u: f64) -> bool {
        match &self.coordinates[gate.parent] {
            Coordinate::Continuous(range) => gate.values.contains(&range.number(u)),
            c => gate.levels.contains(&c.level(u)),
        }
    }
}

/// The numbers that conditions want of a parameter.
fn named(space: &Space, parameter: &str) -> Vec<f64> {
    let clauses = space.parameters().iter().flat_map(|p| &p.condition).filter(|c| c.parameter == parameter);
    clauses.flat_map(|c| &c.values).filter_map(Value::as_f64).collect()
}

fn gates(space: &Space, coordinates: &[Coordinate], parameter: &Parameter) -> Vec<Gate> {
    let gate = |clause: &super::Clause| {
        let parent = space.parameters().iter().position(|p| p.name == clause.parameter)?;
        let (domain, coordinate) = (&space.parameters()[parent].domain, &coordinates[parent]);
        let encoded = clause.values.iter().filter_map(|v| coordinate.encode(domain, v));
        let levels = encoded.map(|u| coordinate.level(u)).collect();
        let values = clause.values.iter().filter_map(Value::as_f64).collect();
        Some(Gate { parent, levels, values })
    };
    parameter.condition.iter().filter_map(gate).collect()
}

impl Coordinate {
    fn new(domain: &Domain, named: Vec<f64>) -> Self {
        let n = domain.cardinality();
        match (domain, n) {
            (Domain::Float { low, high, scale, .. }, None) => Self::Continuous(Range::new(*low, *high, *scale, named)),
            (Domain::Int { low, high, scale: Scale::Log, step }, Some(n)) if n > 1 => {
                let (low, high, step) = (*low as f64, *high as f64, *step as f64);
                // Half a step below must stay above zero.
                let edge = if low > step / 2.0 { low - step / 2.0 } else { low / 2.0 };
                Self::LogInt { n, low, step, edges: LogRange::new(edge, high + step / 2.0) }
            }
            (Domain::Choice { values }, _) if domain.is_ordered() => {
                let mut by_rank: Vec<usize> = (0..values.len()).collect();
                by_rank.sort_by(|a, b| values[*a].number_order(&values[*b]).unwrap_or(Ordering::Equal));
                Self::Rank { by_rank }
            }
            (Domain::Choice { values }, _) => Self::Unordered { n: values.len() as u64 },
            (_, n) => Self::Bins { n: n.unwrap_or(1) },
        }
    }

    fn inactive(&self) -> f64 {
        if matches!(self, Self::Unordered { .. }) { INACTIVE_UNORDERED } else { INACTIVE_ORDERED }
    }

    fn levels(&self) -> u64 {
        match self {
            Self::Continuous(_) => 1,
            Self::Bins { n } | Self::LogInt { n, .. } | Self::Unordered { n } => *n,
            Self::Rank { by_rank } => by_rank.len() as u64,
        }
    }

    fn level(&self, u: f64) -> u64 {
        let last = self.levels() - 1;
        match self {
            Self::Continuous(_) => 0,
            Self::LogInt { low, step, edges, .. } => {
                (((edges.beyond(u) - (low - edges.low)) / step).round().max(0.0) as u64).min(last)
            }
            _ => ((u * (last + 1) as f64).floor().max(0.0) as u64).min(last),
        }
    }

    fn centre(&self, k: u64) -> f64 {
        let k = k.min(self.levels() - 1) as f64;
        match self {
            Self::Continuous(_) => INACTIVE_ORDERED,
            Self::LogInt { low, step, edges, .. } => edges.coordinate(low + k * step),
            _ => (k + 0.5) / self.levels() as f64,
        }
    }

    fn encode(&self, domain: &Domain, value: &Value) -> Option<f64> {
        match (self, domain) {
            (Self::Continuous(range), _) => Some(range.coordinate(value.as_f64()?)),
            (Self::Rank { by_rank }, Domain::Choice { values }) => {
                let rank = by_rank.iter().position(|&i| values[i] == *value)?;
                Some(self.centre(rank as u64))
            }
            (Self::Unordered { .. }, Domain::Choice { values }) => {
                Some(self.centre(values.iter().position(|v| v == value)? as u64))
            }
            (_, Domain::Int { low, step, .. }) => {
                let offset = i128::from(value.as_i64()?) - i128::from(*low);
                Some(self.centre(u64::try_from(offset / i128::from(*step)).unwrap_or(0)))
            }
            (_, Domain::Float { .. }) => {
                let number = value.as_f64()?;
                Some(self.centre(domain.stepped().map_or(0, |stepped| stepped.nearest(number))))
            }
            (_, Domain::Choice { .. }) => None,
        }
    }

    fn decode(&self, domain: &Domain, u: f64) -> Value {
        let level = self.level(u);
        let value = match (self, domain) {
            (Self::Continuous(range), _) => Some(Value::Float(range.number(u))),
            (Self::Rank { by_rank }, Domain::Choice { values }) => {
                by_rank.get(level as usize).and_then(|&i| values.get(i)).cloned()
            }
            _ => domain.nth(level),
        };
        value.expect("a level below the cardinality has a value")
    }
}

#[cfg(test)]
mod tests;
