//! Points as vectors in the unit cube, one coordinate per parameter.

use super::{Domain, Parameter, Point, Scale, Space, Value};

/// The coordinate of an inactive parameter that is ordered: the middle of the range, so that it is near to no end (of a
/// scale that the surrogate does not bend).
const INACTIVE_ORDERED: f64 = 0.5;
/// The coordinate of an inactive parameter without order: a category of its own, as no centre of a level is 0.
const INACTIVE_UNORDERED: f64 = 0.0;

/// What kind of coordinate a parameter becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    Continuous {
        low: f64,
        high: f64,
        scale: Scale,
    },
    /// Equal bins of width `1/n`.
    Bins {
        n: u64,
    },
    /// Whole numbers on a log scale; the bins reach half a step beyond the bounds.
    LogInt {
        n: u64,
        low: f64,
        step: f64,
        ln_low: f64,
        ln_high: f64,
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
/// both sides, and map to the bins' centres, so that every value has its share of the cube (on a log scale the centre is
/// the value's own logarithm). Choices among numbers map by rank, choices among names by index. Inactive parameters map to
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
        let coordinates: Vec<_> = space.parameters().iter().map(|p| Coordinate::new(&p.domain)).collect();
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
            Coordinate::Continuous { .. } => CoordinateKind::Continuous,
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
            #[expect(clippy::cast_precision_loss, reason = "bounds are far below 2^53")]
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
            Scale::Log => (v / low).ln() / (high / low).ln(),
        };
        let width = match scale {
            Scale::Linear => spread / (high - low),
            Scale::Log => spread.ln() / (high / low).ln(),
        };
        let (mean, sd) = (first + (last - first) * position(value), (last - first) * width);
        (mean.is_finite() && sd.is_finite() && sd > 0.0).then_some((mean, sd))
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
            if !matches!(c, Coordinate::Continuous { .. }) {
                *u = c.centre(c.level(*u));
            }
        }
        self.silence(x)
    }

    /// A key that is equal for equal points: continuous coordinates to nine decimals, the others by level.
    #[must_use]
    pub fn key(&self, canonical: &[f64]) -> Vec<u64> {
        let key = |(c, u): (&Coordinate, &f64)| match c {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "u is in [0,1]")]
            Coordinate::Continuous { .. } => (u * 1e9).round() as u64,
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
            c @ Coordinate::Continuous { .. } => gate.values.contains(&c.number(u)),
            c => gate.levels.contains(&c.level(u)),
        }
    }
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

#[expect(clippy::cast_precision_loss, reason = "levels are far below 2^53")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the levels there are")]
impl Coordinate {
    fn new(domain: &Domain) -> Self {
        let n = domain.cardinality();
        match (domain, n) {
            (Domain::Float { low, high, scale, .. }, None) => {
                Self::Continuous { low: *low, high: *high, scale: *scale }
            }
            (Domain::Int { low, high, scale: Scale::Log, step }, Some(n)) if n > 1 => {
                let (low, high, step) = (*low as f64, *high as f64, *step as f64);
                // Half a step below must stay above zero.
                let edge = if low > step / 2.0 { low - step / 2.0 } else { low / 2.0 };
                Self::LogInt { n, low, step, ln_low: edge.ln(), ln_high: (high + step / 2.0).ln() }
            }
            (Domain::Choice { values }, _) if domain.is_ordered() => {
                let mut by_rank: Vec<usize> = (0..values.len()).collect();
                let number = |i: &usize| values[*i].as_f64().unwrap_or(0.0);
                by_rank.sort_by(|a, b| number(a).total_cmp(&number(b)));
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
            Self::Continuous { .. } => 1,
            Self::Bins { n } | Self::LogInt { n, .. } | Self::Unordered { n } => *n,
            Self::Rank { by_rank } => by_rank.len() as u64,
        }
    }

    fn level(&self, u: f64) -> u64 {
        let last = self.levels() - 1;
        match self {
            Self::Continuous { .. } => 0,
            Self::LogInt { low, step, ln_low, ln_high, .. } => {
                let value = (ln_low + u * (ln_high - ln_low)).exp();
                (((value - low) / step).round().max(0.0) as u64).min(last)
            }
            _ => ((u * (last + 1) as f64).floor().max(0.0) as u64).min(last),
        }
    }

    fn centre(&self, k: u64) -> f64 {
        let k = k.min(self.levels() - 1) as f64;
        match self {
            Self::Continuous { .. } => INACTIVE_ORDERED,
            Self::LogInt { low, step, ln_low, ln_high, .. } => {
                (((low + k * step).ln() - ln_low) / (ln_high - ln_low)).clamp(0.0, 1.0)
            }
            _ => (k + 0.5) / self.levels() as f64,
        }
    }

    fn encode(&self, domain: &Domain, value: &Value) -> Option<f64> {
        let step_index = |v: f64, low: f64, step: f64| ((v - low) / step).round().max(0.0) as u64;
        match (self, domain) {
            (Self::Continuous { low, high, scale }, _) => {
                let v = value.as_f64()?.clamp(*low, *high);
                let u = match scale {
                    Scale::Linear => (v - low) / (high - low),
                    Scale::Log => (v.ln() - low.ln()) / (high.ln() - low.ln()),
                };
                Some(u.clamp(0.0, 1.0))
            }
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
            (_, Domain::Float { low, step, .. }) => {
                Some(self.centre(step_index(value.as_f64()?, *low, step.unwrap_or(1.0))))
            }
            (_, Domain::Choice { .. }) => None,
        }
    }

    /// The number of a continuous coordinate.
    fn number(&self, u: f64) -> f64 {
        match self {
            Self::Continuous { low, high, scale: Scale::Linear } => (low + u * (high - low)).clamp(*low, *high),
            // The ends are taken exactly: exp(ln(v)) may miss v by a rounding.
            Self::Continuous { low, .. } if u <= 0.0 => *low,
            Self::Continuous { high, .. } if u >= 1.0 => *high,
            Self::Continuous { low, high, .. } => (low.ln() + u * (high.ln() - low.ln())).exp().clamp(*low, *high),
            _ => u,
        }
    }

    fn decode(&self, domain: &Domain, u: f64) -> Value {
        let level = self.level(u);
        let value = match (self, domain) {
            (Self::Continuous { .. }, _) => Some(Value::Float(self.number(u))),
            (Self::Rank { by_rank }, Domain::Choice { values }) => {
                by_rank.get(level as usize).and_then(|&i| values.get(i)).cloned()
            }
            _ => domain.nth(level),
        };
        value.expect("a level below the cardinality has a value")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::optimizer::space::{Clause, SpaceBuilder};

    fn domain() -> impl Strategy<Value = Domain> {
        let scale = prop_oneof![Just(Scale::Linear), Just(Scale::Log)];
        prop_oneof![
            (1e-6..1e3f64, 0.0..1e3f64, scale.clone()).prop_map(|(low, width, scale)| Domain::Float {
                low,
                high: low + width,
                scale,
                step: None
            }),
            (-10.0..10.0f64, 0.01..1.0f64, 2u32..40).prop_map(|(low, step, n)| Domain::Float {
                low,
                high: low + step * f64::from(n),
                scale: Scale::Linear,
                step: Some(step)
            }),
            (1i64..100, 0i64..2000, scale, 1i64..7).prop_map(|(low, width, scale, step)| Domain::Int {
                low,
                high: low + width,
                scale,
                step
            }),
            proptest::sample::subsequence(vec![1, 3, 16, 2, 64, 8], 1..6)
                .prop_shuffle()
                .prop_map(|v| Domain::Choice { values: v.into_iter().map(Value::from).collect() }),
            (1usize..6).prop_map(|n| Domain::Choice { values: (0..n).map(|i| format!("v{i}").into()).collect() }),
        ]
    }

    /// Random spaces in which each parameter may depend on the discrete one before it.
    pub(crate) fn spaces() -> impl Strategy<Value = Space> {
        proptest::collection::vec((domain(), any::<bool>(), 0u64..3), 1..7).prop_map(|parts| {
            let mut parameters: Vec<Parameter> = Vec::new();
            for (i, (domain, conditional, k)) in parts.into_iter().enumerate() {
                let clause = parameters.last().filter(|_| conditional).and_then(|p: &Parameter| {
                    Some(Clause { parameter: p.name.clone(), values: vec![p.domain.nth(0)?, p.domain.nth(k)?] })
                });
                let condition = clause.into_iter().collect();
                parameters.push(Parameter { name: format!("p{i}"), domain, condition });
            }
            Space::new(parameters).unwrap()
        })
    }

    fn cube() -> impl Strategy<Value = Vec<f64>> {
        proptest::collection::vec(prop_oneof![Just(0.0), Just(1.0), 0.0..1.0f64], 7)
    }

    proptest! {
        #[test]
        fn every_vector_decodes_to_a_point_of_the_space((space, x) in (spaces(), cube())) {
            let encoding = Encoding::new(&space);
            let point = encoding.decode(&x[..space.len()]);
            prop_assert_eq!(space.check(&point), Ok(()));
        }

        #[test]
        fn points_survive_the_round_trip((space, x) in (spaces(), cube())) {
            let encoding = Encoding::new(&space);
            let point = encoding.decode(&x[..space.len()]);
            let u = encoding.encode(&point);
            let again = encoding.decode(&u);
            prop_assert_eq!(encoding.key(&u), encoding.key(&encoding.encode(&again)));
            for (name, value) in point.iter() {
                match (value, again.get(name)) {
                    (Value::Float(a), Some(Value::Float(b))) => prop_assert!((a - b).abs() <= 1e-12 * a.abs().max(1.0)),
                    (a, b) => prop_assert_eq!(Some(a), b),
                }
            }
            prop_assert_eq!(point.len(), again.len());
        }

        #[test]
        fn snapping_agrees_with_decoding_and_changes_nothing_twice((space, x) in (spaces(), cube())) {
            let encoding = Encoding::new(&space);
            let mut u = x[..space.len()].to_vec();
            let point = encoding.decode(&u);
            let active = encoding.snap(&mut u);
            prop_assert_eq!(active.iter().filter(|a| **a).count(), point.len());
            let mut twice = u.clone();
            encoding.snap(&mut twice);
            prop_assert_eq!(&u, &twice);
            for (a, b) in encoding.encode(&point).iter().zip(&u) {
                prop_assert!((a - b).abs() < 1e-9);
            }
        }

        #[test]
        fn inactive_parameters_make_no_difference((space, x, y) in (spaces(), cube(), cube())) {
            let encoding = Encoding::new(&space);
            let mut a = x[..space.len()].to_vec();
            let mut b = a.clone();
            let active = encoding.snap(&mut a);
            for i in (0..space.len()).filter(|&i| !active[i]) {
                b[i] = y[i];
            }
            encoding.snap(&mut b);
            prop_assert_eq!(a, b);
        }
    }

    proptest! {
        #[test]
        fn a_part_of_a_point_is_completed_to_a_point((space, x, keep) in (spaces(), cube(), any::<u8>())) {
            let nothing = space.complete(&Point::new());
            prop_assert!(nothing.is_ok(), "{:?}", nothing);
            let point = Encoding::new(&space).decode(&x[..space.len()]);
            let part: Point = point
                .iter()
                .enumerate()
                .filter(|(i, _)| keep >> i & 1 == 1)
                .map(|(_, (name, value))| (name, value.clone()))
                .collect();
            if let Ok(whole) = space.complete(&part) {
                prop_assert_eq!(space.check(&whole), Ok(()));
                prop_assert!(part.iter().all(|(name, value)| whole.get(name) == Some(value)));
            }
            prop_assert_eq!(space.complete(&point), Ok(point));
        }
    }

    #[test]
    fn middles_lie_half_way_on_the_scale() {
        let space = SpaceBuilder::default()
            .float("rate", 1e-4..=1e-2)
            .log()
            .int("width", 4..=64)
            .log()
            .int("layers", 1..=4)
            .float("dropout", 0.0..=0.5)
            .choice("optimizer", ["sgd", "adam"])
            .float("momentum", 0.0..=0.8)
            .when("optimizer", ["sgd"])
            .build()
            .unwrap();
        let point = |text: &str| serde_json::from_str::<Point>(text).unwrap();
        let whole = space.complete(&point(r#"{"rate": 1e-3}"#)).unwrap();
        let middle =
            r#"{"rate": 1e-3, "width": 16, "layers": 2, "dropout": 0.25, "optimizer": "sgd", "momentum": 0.4}"#;
        assert_eq!(whole, point(middle));
        let adam = space.complete(&point(r#"{"optimizer": "adam", "dropout": 0, "width": 32.0}"#)).unwrap();
        assert_eq!((adam.get("momentum"), adam.number("rate").unwrap().log10().round()), (None, -3.0));
        assert_eq!((adam.get("dropout"), adam.get("width")), (Some(&Value::Float(0.0)), Some(&Value::Int(32))));
        for wrong in [r#"{"optimizer": "adam", "momentum": 0.5}"#, r#"{"width": 3}"#, r#"{"wdith": 8}"#] {
            assert!(space.complete(&point(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn bins_have_equal_shares_and_ranks_follow_size() {
        let space = SpaceBuilder::default()
            .int("layers", 1..=4)
            .choice("batch", [64, 16, 32])
            .int("width", 1..=100)
            .log()
            .build()
            .unwrap();
        let encoding = Encoding::new(&space);
        for (u, layers) in [(0.0, 1), (0.24, 1), (0.26, 2), (0.74, 3), (1.0, 4)] {
            assert_eq!(encoding.decode(&[u, 0.0, 0.0]).get("layers"), Some(&Value::Int(layers)));
        }
        let point = |batch: i64| Point::from_iter([("layers", 1), ("batch", batch), ("width", 10)]);
        let rank = |batch| encoding.encode(&point(batch))[1];
        assert!(rank(16) < rank(32) && rank(32) < rank(64));
        let middle = encoding.encode(&point(16))[2];
        assert!((middle - (10.0f64 / 0.5).ln() / (100.5f64 / 0.5).ln()).abs() < 1e-12);
    }

    #[test]
    fn names_of_inactive_parameters_are_a_category_of_their_own() {
        let space = SpaceBuilder::default()
            .choice("optimizer", ["sgd", "adam"])
            .choice("schedule", ["cosine", "step"])
            .when("optimizer", ["sgd"])
            .build()
            .unwrap();
        let encoding = Encoding::new(&space);
        let inactive = encoding.encode(&encoding.decode(&[0.9, 0.3]))[1];
        assert!((0..2).all(|k| encoding.centre(1, k) != inactive));
    }
}
