//! The volume that a front dominates.

use super::non_dominated;

/// The exact volume of the region that is dominated by `losses` and bounded by `reference`. Points that do not beat the
/// reference in every objective count nothing.
///
/// One objective: the largest improvement; two: a sweep in `O(n log n)`; more: the WFG algorithm (While, Bradstreet and
/// Barone, "A fast way of calculating exact hypervolumes", IEEE Trans. Evol. Comput. 16(1), 2012), whose cost grows
/// quickly with the number of objectives.
///
/// ```
/// use wattfront::optimizer::pareto::hypervolume;
///
/// assert_eq!(hypervolume(&[[1.0, 2.0], [2.0, 1.0]], &[3.0, 3.0]), 3.0);
/// ```
#[must_use]
pub fn hypervolume<V: AsRef<[f64]>>(losses: &[V], reference: &[f64]) -> f64 {
    let inside = |v: &&V| v.as_ref().iter().zip(reference).all(|(x, r)| x < r);
    let mut points: Vec<Vec<f64>> = losses.iter().filter(inside).map(|v| v.as_ref().to_vec()).collect();
    if points.is_empty() || reference.is_empty() {
        return 0.0;
    }
    // Ascending in the last objective, so that limited sets shrink quickly.
    points.sort_by(|a, b| {
        a.iter()
            .rev()
            .zip(b.iter().rev())
            .map(|(x, y)| x.total_cmp(y))
            .find(|o| o.is_ne())
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    points.dedup();
    match reference.len() {
        1 => points.iter().map(|p| reference[0] - p[0]).fold(0.0, f64::max),
        2 => sweep(points, reference),
        _ => {
            let front = non_dominated(&points);
            let points: Vec<Vec<f64>> = front.into_iter().map(|i| points[i].clone()).collect();
            wfg(&points, reference)
        }
    }
}

fn sweep(mut points: Vec<Vec<f64>>, reference: &[f64]) -> f64 {
    points.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    let (mut volume, mut ceiling) = (0.0, reference[1]);
    for point in points {
        if point[1] < ceiling {
            volume += (reference[0] - point[0]) * (ceiling - point[1]);
            ceiling = point[1];
        }
    }
    volume
}

/// Sum of the volumes that each point adds to those after it.
fn wfg(points: &[Vec<f64>], reference: &[f64]) -> f64 {
    let box_of = |p: &[f64]| p.iter().zip(reference).map(|(x, r)| r - x).product::<f64>();
    let mut volume = 0.0;
    for (i, point) in points.iter().enumerate() {
        let limited: Vec<Vec<f64>> =
            points[i + 1..].iter().map(|q| q.iter().zip(point).map(|(a, b)| a.max(*b)).collect()).collect();
        let keep = non_dominated(&limited);
        let mut limited: Vec<Vec<f64>> = keep.into_iter().map(|i| limited[i].clone()).collect();
        limited.dedup();
        volume += box_of(point) - if limited.is_empty() { 0.0 } else { wfg(&limited, reference) };
    }
    volume
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition: volumes of all intersections with alternating signs.
    fn by_inclusion_exclusion(points: &[Vec<f64>], reference: &[f64]) -> f64 {
        (1u32..1 << points.len())
            .map(|set| {
                let members: Vec<_> = (0..points.len()).filter(|i| set >> i & 1 == 1).collect();
                let side = |m: usize| {
                    let corner = members.iter().map(|&i| points[i][m]).fold(f64::NEG_INFINITY, f64::max);
                    (reference[m] - corner).max(0.0)
                };
                let volume: f64 = (0..reference.len()).map(side).product();
                if members.len() % 2 == 1 { volume } else { -volume }
            })
            .sum()
    }

    fn fronts() -> impl Strategy<Value = (Vec<Vec<f64>>, Vec<f64>)> {
        (1usize..5).prop_flat_map(|m| {
            let coordinate = prop_oneof![-1.0..1.2f64, (0..4i32).prop_map(|v| f64::from(v) * 0.25)];
            (proptest::collection::vec(proptest::collection::vec(coordinate, m), 0..9), Just(vec![1.0; m]))
        })
    }

    proptest! {
        #[test]
        fn agrees_with_inclusion_exclusion((points, reference) in fronts()) {
            let expected = by_inclusion_exclusion(&points, &reference);
            prop_assert!((hypervolume(&points, &reference) - expected).abs() < 1e-9 * expected.max(1.0));
        }

        #[test]
        fn order_of_points_and_objectives_does_not_matter((points, reference) in fronts(), turn in 0usize..9) {
            let volume = hypervolume(&points, &reference);
            let mut turned: Vec<Vec<f64>> =
                points.iter().map(|p| p.iter().rev().copied().collect()).collect();
            if !turned.is_empty() {
                let n = turned.len();
                turned.rotate_left(turn % n);
            }
            prop_assert!((hypervolume(&turned, &reference) - volume).abs() < 1e-9 * volume.max(1.0));
        }

        #[test]
        fn scales_and_shifts_with_the_objectives((points, reference) in fronts(), scale in 0.1..10.0f64, shift in -5.0..5.0f64) {
            let map = |v: &Vec<f64>| v.iter().enumerate().map(|(m, x)| if m == 0 { x * scale + shift } else { *x }).collect::<Vec<_>>();
            let volume = hypervolume(&points, &reference);
            let mapped: Vec<_> = points.iter().map(map).collect();
            let again = hypervolume(&mapped, &map(&reference));
            prop_assert!((again - scale * volume).abs() < 1e-9 * again.max(1.0));
        }

        #[test]
        fn never_shrinks_and_grows_only_by_non_dominated_points((points, reference) in fronts(), seed in 0usize..9) {
            if let Some(extra) = points.get(seed).cloned() {
                let rest: Vec<_> = points.iter().filter(|p| **p != extra).cloned().collect();
                let (before, after) = (hypervolume(&rest, &reference), hypervolume(&points, &reference));
                prop_assert!(after >= before - 1e-12);
                let beaten = rest.iter().any(|p| crate::optimizer::pareto::dominates(p, &extra));
                if beaten {
                    prop_assert!((after - before).abs() < 1e-12);
                }
            }
        }
    }

    #[test]
    fn four_objectives_of_a_known_front() {
        let points = [vec![0.0, 1.0, 1.0, 1.0], vec![1.0, 0.0, 1.0, 1.0], vec![1.0, 1.0, 0.0, 1.0]];
        assert!((hypervolume(&points, &[2.0; 4]) - 4.0).abs() < 1e-12);
    }

    /// The points are all those of `m` multiples of `1/parts` that add up to one. They leave free just the grid's cells
    /// whose lower corners add up to less: `(parts + m - 1)` choose `m` of them.
    #[test]
    fn grids_on_the_simplex_have_their_exact_volume() {
        for (m, parts) in [(2, 30), (3, 12), (4, 6)] {
            let mut points = vec![vec![]];
            for _ in 1..m {
                points = points
                    .iter()
                    .flat_map(|p: &Vec<u32>| (0..=parts - p.iter().sum::<u32>()).map(|x| [p.as_slice(), &[x]].concat()))
                    .collect();
            }
            let whole = f64::from(parts);
            let point = |p: &Vec<u32>| {
                p.iter().copied().chain([parts - p.iter().sum::<u32>()]).map(|x| f64::from(x) / whole).collect()
            };
            let front: Vec<Vec<f64>> = points.iter().map(point).collect();
            let free: f64 = (0..m).map(|k| f64::from(parts + m - 1 - k) / f64::from(k + 1)).product();
            let expected = 1.0 - free / whole.powi(m as i32);
            assert!((hypervolume(&front, &vec![1.0; m as usize]) - expected).abs() < 1e-12, "{m}");
        }
    }

    /// DTLZ2's front, an eighth of the unit sphere, dominates `1.1^3 - pi / 6` up to 1.1. Points on it dominate less, by
    /// an amount that halves with their distance.
    #[test]
    fn points_on_a_sphere_approach_its_volume() {
        let gap = |parts: u32| {
            let angle = |i: u32| std::f64::consts::FRAC_PI_2 * f64::from(i) / f64::from(parts);
            let point = |i, j| {
                let (a, b) = (angle(i), angle(j));
                vec![a.cos() * b.cos(), a.cos() * b.sin(), a.sin()]
            };
            let points: Vec<_> = (0..=parts).flat_map(|i| (0..=parts).map(move |j| point(i, j))).collect();
            0.807_401 - hypervolume(&points, &[1.1; 3])
        };
        let (coarse, fine) = (gap(6), gap(12));
        assert!(0.0 < fine && fine < coarse && (coarse - 2.0 * fine).abs() < 0.01, "{coarse} {fine}");
    }
}
