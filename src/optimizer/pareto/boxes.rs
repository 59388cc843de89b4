//! The partition of what a front leaves free.

use std::cmp::Ordering;

/// The side of a box along one objective, as indices into [`Boxes::edges`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Side {
    /// Index of the lower end, which belongs to the box; 0 is negative infinity.
    pub lower: usize,
    /// Index of the upper end, which does not.
    pub upper: usize,
}

/// The losses below a reference point that no point of a front dominates or equals, as disjoint boxes without bound below.
///
/// Boxes share most of their sides, so these are kept once: a box is, for each objective, the number of one of that
/// objective's sides, and a side is a pair of that objective's edges.
///
/// There is one box per local upper bound of the front, or fewer where coordinates tie: `n + 1` for `n` points and two
/// objectives, at most `2 n + 1` for three.
///
/// ```
/// use wattfront::optimizer::pareto::Boxes;
///
/// let boxes = Boxes::new(&[[1.0, 2.0], [2.0, 1.0]], &[3.0, 3.0]);
/// let first = boxes.bounds().next().unwrap();
/// assert_eq!((boxes.len(), first), (3, vec![[f64::NEG_INFINITY, 1.0], [f64::NEG_INFINITY, 3.0]]));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Boxes {
    /// Per objective, ascending; first negative infinity.
    edges: Vec<Vec<f64>>,
    /// Per objective, ascending.
    sides: Vec<Vec<Side>>,
    /// For each box in turn the indices of its sides, one per objective.
    cells: Vec<u32>,
}

impl Boxes {
    /// The partition for a front of losses. Points that are dominated, not a number, of another length than `reference`, or
    /// not below it in every objective change nothing; nor does the order of the points.
    ///
    /// With `z^k` the point that bounds the local upper bound `u` in objective `k`, its box reaches from
    /// `max(z^k_j for k > j)` to `u_j` in each objective `j`. That is the decomposition of Lacour, Klamroth and Fonseca ("A
    /// box decomposition algorithm to compute the hypervolume indicator", Comput. Oper. Res. 79, 2017, section 3),
    /// mirrored so that it fills what the front leaves free instead of what it dominates. The first objective's side is the
    /// range over which a sweep along that objective would see the rest of the box unchanged.
    #[must_use]
    pub fn new<V: AsRef<[f64]>>(losses: &[V], reference: &[f64]) -> Self {
        let m = reference.len();
        let inside = |v: &&[f64]| v.len() == m && v.iter().zip(reference).all(|(x, r)| x < r);
        let mut points: Vec<&[f64]> = losses.iter().map(AsRef::as_ref).filter(inside).collect();
        // Whoever dominates comes first, so bounds are never made for the dominated.
        points.sort_by(|a, b| {
            a.iter().zip(*b).map(|(x, y)| x.total_cmp(y)).find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
        });
        points.dedup();
        let ranks = ranks(&points, m);
        let bounds = local_upper_bounds(&ranks, m);
        let value = |j: usize, point: usize| if point < points.len() { points[point][j] } else { f64::NEG_INFINITY };
        let mut all: Vec<Vec<[f64; 2]>> = Vec::with_capacity(bounds.len());
        for bound in &bounds {
            let upper = |j: usize| if bound.by[j] < points.len() { points[bound.by[j]][j] } else { reference[j] };
            let lower = |j: usize| {
                let others = bound.by[j + 1..].iter().map(|&k| value(j, k));
                others.fold(f64::NEG_INFINITY, f64::max)
            };
            let sides: Vec<[f64; 2]> = (0..m).map(|j| [lower(j), upper(j)]).collect();
            // Empty where points tie in a coordinate.
            if sides.iter().all(|[low, high]| low < high) {
                all.push(sides);
            }
        }
        Self::index(&all, m)
    }

    /// Names every edge and every side once.
    fn index(all: &[Vec<[f64; 2]>], m: usize) -> Self {
        let (mut edges, mut sides) = (Vec::with_capacity(m), Vec::with_capacity(m));
        let mut cells = vec![vec![0; m]; all.len()];
        for j in 0..m {
            let mut values: Vec<f64> = all.iter().flat_map(|b| b[j]).collect();
            values.push(f64::NEG_INFINITY);
            values.sort_by(f64::total_cmp);
            values.dedup();
            let position = |x: f64| values.partition_point(|v| *v < x);
            let of_boxes: Vec<Side> =
                all.iter().map(|b| Side { lower: position(b[j][0]), upper: position(b[j][1]) }).collect();
            let mut distinct = of_boxes.clone();
            distinct.sort_unstable();
            distinct.dedup();
            for (cell, side) in cells.iter_mut().zip(&of_boxes) {
                cell[j] = distinct.partition_point(|s| s < side) as u32;
            }
            edges.push(values);
            sides.push(distinct);
        }
        cells.sort_unstable();
        Self { edges, sides, cells: cells.concat() }
    }

    /// The number of objectives.
    #[must_use]
    pub fn objectives(&self) -> usize {
        self.edges.len()
    }

    /// The number of boxes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cells.len() / self.objectives().max(1)
    }

    /// Whether nothing is left free. That is so only if there are no objectives, or a coordinate of the reference point
    /// is not a number or negative infinity. Or a point without bound below dominates everything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// The distinct edges of the boxes along an objective, ascending: negative infinity, then coordinates of the front, then
    /// the reference point's.
    #[must_use]
    pub fn edges(&self, objective: usize) -> &[f64] {
        &self.edges[objective]
    }

    /// The distinct sides of the boxes along an objective, ascending.
    #[must_use]
    pub fn sides(&self, objective: usize) -> &[Side] {
        &self.sides[objective]
    }

    /// For each box in turn, from left to right in the first objective, the indices of its [sides](Self::sides), one per
    /// objective: `len x objectives` numbers.
    #[must_use]
    pub fn cells(&self) -> &[u32] {
        &self.cells
    }

    /// For each box in turn its lower and upper end, one pair per objective.
    pub fn bounds(&self) -> impl Iterator<Item = Vec<[f64; 2]>> {
        self.cells.chunks_exact(self.objectives().max(1)).map(|cell| {
            let ends = |(j, &s): (usize, &u32)| {
                let side = self.sides[j][s as usize];
                [self.edges[j][side.lower], self.edges[j][side.upper]]
            };
            cell.iter().enumerate().map(ends).collect()
        })
    }
}

/// A maximal corner of the region left free.
struct LocalBound {
    /// Its ranks, one per objective.
    corner: Vec<u32>,
    /// For each objective the point that bounds it there; the number of points for the reference point.
    by: Vec<usize>,
}

/// The rank of each point in each objective, from 1, `n x m`. Ties are broken by the order of the points, as an infinitesimal
/// shift would: the boxes between tied points come out empty.
fn ranks(points: &[&[f64]], m: usize) -> Vec<Vec<u32>> {
    let mut ranks = vec![vec![0; m]; points.len()];
    let mut order: Vec<usize> = Vec::with_capacity(points.len());
    for j in 0..m {
        order.clear();
        order.extend(0..points.len());
        order.sort_by(|&a, &b| points[a][j].total_cmp(&points[b][j]));
        for (rank, &i) in (1..).zip(&order) {
            ranks[i][j] = rank;
        }
    }
    ranks
}

/// All local upper bounds of points in general position, one point after the other. A bound above a new point gives way
/// to its projections onto the point (Klamroth, Lacour and Vanderpooten, "On the representation of the search region in
/// multi-objective optimization", Eur. J. Oper. Res. 245(3), 2015, algorithm 3).
fn local_upper_bounds(ranks: &[Vec<u32>], m: usize) -> Vec<LocalBound> {
    let reference = ranks.len();
    let mut bounds = vec![LocalBound { corner: vec![u32::MAX; m], by: vec![reference; m] }];
    let mut above = Vec::new();
    for (i, point) in ranks.iter().enumerate() {
        above.extend(bounds.extract_if(.., |b| point.iter().zip(&b.corner).all(|(x, u)| x < u)));
        for bound in above.drain(..) {
            for j in 0..m {
                // Nothing bounds the corner of the reference point but below: it counts as rank 0 elsewhere.
                let rank = |&k: &usize| if k < reference { ranks[k][j] } else { 0 };
                let others = bound.by.iter().enumerate().filter(|(k, _)| *k != j);
                if others.map(|(_, k)| rank(k)).all(|r| r < point[j]) {
                    let (mut corner, mut by) = (bound.corner.clone(), bound.by.clone());
                    (corner[j], by[j]) = (point[j], i);
                    bounds.push(LocalBound { corner, by });
                }
            }
        }
    }
    bounds
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::optimizer::pareto::{hypervolume, non_dominated};

    /// Up to five objectives; coordinates that often tie, and lie beyond the reference point at 1 now and then.
    fn fronts() -> impl Strategy<Value = (Vec<Vec<f64>>, Vec<f64>)> {
        (1usize..6).prop_flat_map(|m| {
            let coordinate = prop_oneof![0.0..1.2f64, (0..5i32).prop_map(|v| f64::from(v) * 0.25)];
            (proptest::collection::vec(proptest::collection::vec(coordinate, m), 0..14), Just(vec![1.0; m]))
        })
    }

    fn contains(bounds: &[[f64; 2]], y: &[f64]) -> bool {
        bounds.iter().zip(y).all(|([low, high], y)| low <= y && y < high)
    }

    #[test]
    fn no_point_leaves_one_box() {
        let none: [[f64; 3]; 0] = [];
        let boxes = Boxes::new(&none, &[1.0, 2.0, 3.0]);
        assert_eq!(boxes.bounds().collect::<Vec<_>>(), [[1.0, 2.0, 3.0].map(|r| [f64::NEG_INFINITY, r])]);
        assert_eq!(Boxes::new(&none, &[]).len(), 0);
    }

    #[test]
    fn two_objectives_give_strips_from_left_to_right() {
        let boxes = Boxes::new(&[[2.0, 1.0], [0.0, 3.0], [2.5, 2.0], [1.0, 2.0], [1.0, 2.5], [9.0, 0.0]], &[4.0, 4.0]);
        let lowest = f64::NEG_INFINITY;
        let expected = [(lowest, 0.0, 4.0), (0.0, 1.0, 3.0), (1.0, 2.0, 2.0), (2.0, 4.0, 1.0)];
        let expected = expected.map(|(left, right, top)| vec![[left, right], [lowest, top]]);
        assert_eq!(boxes.bounds().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_is_no_point_below_the_reference_changes_nothing() {
        let odd = [
            vec![f64::NAN, 0.0],
            vec![0.5],
            vec![1.0, 0.0],
            vec![0.0, f64::INFINITY],
            vec![-0.0, 0.0],
            vec![0.0, -0.0],
        ];
        let with: Vec<_> = Boxes::new(&odd, &[1.0, 1.0]).bounds().collect();
        assert_eq!(with, Boxes::new(&[[0.0, 0.0]], &[1.0, 1.0]).bounds().collect::<Vec<_>>());
        assert!(Boxes::new(&[[f64::NEG_INFINITY; 2]], &[1.0, 1.0]).is_empty());
        assert!(Boxes::new(&[[0.0, 0.0]], &[f64::NAN, 1.0]).is_empty());
    }

    proptest! {
        /// Above any floor, the boxes and the dominated region fill the box up to the reference point.
        #[test]
        fn boxes_and_hypervolume_fill_the_box((points, reference) in fronts(), floor in -1.0..0.0f64) {
            let volume = |b: Vec<[f64; 2]>| b.iter().map(|[low, high]| high - low.max(floor)).product::<f64>();
            let free: f64 = Boxes::new(&points, &reference).bounds().map(volume).sum();
            let whole = (1.0 - floor).powi(reference.len() as i32);
            prop_assert!((free + hypervolume(&points, &reference) - whole).abs() < 1e-12 * whole);
        }

        /// A free point lies in exactly one box, any other in none. Also right on the coordinates of the front.
        #[test]
        fn every_free_point_is_in_exactly_one_box(
            (points, reference) in fronts(),
            raw in proptest::collection::vec((-0.5..1.2f64, any::<proptest::sample::Index>(), any::<bool>()), 5),
        ) {
            let coordinate = |(j, (x, pick, tie)): (usize, &(f64, proptest::sample::Index, bool))| {
                if *tie && !points.is_empty() { pick.get(&points)[j] } else { *x }
            };
            let y: Vec<f64> = raw.iter().take(reference.len()).enumerate().map(coordinate).collect();
            let free = y.iter().zip(&reference).all(|(y, r)| y < r)
                && !points.iter().any(|p| p.iter().zip(&y).all(|(p, y)| p <= y));
            let boxes = Boxes::new(&points, &reference);
            prop_assert_eq!(boxes.bounds().filter(|b| contains(b, &y)).count(), usize::from(free));
        }

        #[test]
        fn boxes_do_not_overlap((points, reference) in fronts()) {
            let all: Vec<_> = Boxes::new(&points, &reference).bounds().collect();
            for (i, a) in all.iter().enumerate() {
                for b in &all[..i] {
                    prop_assert!(a.iter().zip(b).any(|(a, b)| a[1] <= b[0] || b[1] <= a[0]), "{a:?} {b:?}");
                }
            }
        }

        #[test]
        fn only_the_front_counts_and_in_any_order((points, reference) in fronts(), turn in 0usize..14) {
            let boxes = Boxes::new(&points, &reference);
            let front = non_dominated(&points);
            let mut turned: Vec<_> = front.iter().map(|&i| points[i].clone()).collect();
            let n = turned.len().max(1);
            turned.rotate_left(turn % n);
            prop_assert_eq!(&Boxes::new(&turned, &reference), &boxes);
            let inside = front.iter().filter(|&&i| points[i].iter().all(|x| *x < 1.0)).count();
            match reference.len() {
                1 => prop_assert_eq!(boxes.len(), 1),
                2 => prop_assert!(boxes.len() <= inside + 1),
                3 => prop_assert!(boxes.len() <= 2 * inside + 1),
                _ => {}
            }
        }
    }
}
