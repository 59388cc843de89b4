//! What several runs attain of two objectives.

/// The corners of the attainment surface, which at least `level` of the runs attain, in two losses (smaller is better).
/// From the best first loss to the worst. A run attains every point that one of its own is not worse than. The surface
/// is the empirical attainment function at `level / runs`: Grunert da Fonseca, Fonseca and Hall, "Inferential
/// performance assessment of stochastic optimisers and the attainment function", EMO 2001; López-Ibáñez, Paquete and
/// Stützle, "Exploratory analysis of stochastic local search algorithms in biobjective optimization", 2010.
///
/// `level` 1 is the front of all runs together; [`median_level`] gives the median surface. Runs may hold any points, dominated
/// ones too; those with NaN are left out. Empty where fewer than `level` runs have a point, or for `level` 0.
///
/// ```
/// use wattfront::analysis::statistics::attainment_surface;
///
/// let runs = [vec![[1.0, 3.0]], vec![[2.0, 2.0]], vec![[3.0, 1.0]]];
/// assert_eq!(attainment_surface(&runs, 1), [[1.0, 3.0], [2.0, 2.0], [3.0, 1.0]]);
/// assert_eq!(attainment_surface(&runs, 2), [[2.0, 3.0], [3.0, 2.0]]);
/// assert_eq!(attainment_surface(&runs, 3), [[3.0, 3.0]]);
/// ```
#[must_use]
pub fn attainment_surface(runs: &[Vec<[f64; 2]>], level: usize) -> Vec<[f64; 2]> {
    if level == 0 || level > runs.len() {
        return Vec::new();
    }
    let mut points: Vec<(usize, [f64; 2])> = runs
        .iter()
        .enumerate()
        .flat_map(|(run, points)| points.iter().map(move |p| (run, *p)))
        .filter(|(_, p)| !p[0].is_nan() && !p[1].is_nan())
        .collect();
    points.sort_by(|a, b| a.1[0].total_cmp(&b.1[0]));
    // The least second loss of each run among the points so far; `None` before its first.
    let mut least: Vec<Option<f64>> = vec![None; runs.len()];
    let mut corners: Vec<[f64; 2]> = Vec::new();
    for column in points.chunk_by(|a, b| a.1[0] == b.1[0]) {
        for (run, point) in column {
            let best = least[*run].map_or(point[1], |l| l.min(point[1]));
            least[*run] = Some(best);
        }
        let mut reached: Vec<f64> = least.iter().copied().flatten().collect();
        if reached.len() < level {
            continue;
        }
        let (_, height, _) = reached.select_nth_unstable_by(level - 1, f64::total_cmp);
        if corners.last().is_none_or(|corner| *height < corner[1]) {
            corners.push([column[0].1[0], *height]);
        }
    }
    corners
}

/// The level of the median attainment surface of so many runs: half of them, rounded up.
#[must_use]
pub fn median_level(runs: usize) -> usize {
    runs.div_ceil(2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::optimizer::pareto::non_dominated;

    fn runs() -> impl Strategy<Value = Vec<Vec<[f64; 2]>>> {
        let point = [0..7i32, 0..7].prop_map(|p| p.map(f64::from));
        proptest::collection::vec(proptest::collection::vec(point, 0..6), 1..7)
    }

    fn attains(run: &[[f64; 2]], at: [f64; 2]) -> bool {
        run.iter().any(|p| p[0] <= at[0] && p[1] <= at[1])
    }

    proptest! {
        #[test]
        fn separates_what_enough_runs_attain_from_the_rest(runs in runs(), level in 1usize..7, x in 0..8i32, y in 0..8i32) {
            let at = [f64::from(x), f64::from(y)];
            let enough = runs.iter().filter(|run| attains(run, at)).count() >= level;
            prop_assert_eq!(attains(&attainment_surface(&runs, level), at), enough);
        }

        #[test]
        fn has_no_needless_corner(runs in runs(), level in 1usize..7) {
            let surface = attainment_surface(&runs, level);
            prop_assert_eq!(non_dominated(&surface).len(), surface.len());
            prop_assert!(surface.windows(2).all(|w| w[0][0] < w[1][0] && w[0][1] > w[1][1]));
        }

        #[test]
        fn the_first_level_is_the_front_of_all(runs in runs()) {
            let all: Vec<[f64; 2]> = runs.concat();
            let mut front: Vec<[f64; 2]> = non_dominated(&all).into_iter().map(|i| all[i]).collect();
            front.sort_by(|a, b| a[0].total_cmp(&b[0]));
            front.dedup();
            prop_assert_eq!(attainment_surface(&runs, 1), front);
        }
    }

    #[test]
    fn the_median_is_attained_by_half_of_the_runs_or_more() {
        assert_eq!([1, 2, 3, 10, 11].map(median_level), [1, 1, 2, 5, 6]);
        assert!(attainment_surface(&[vec![[1.0, 1.0]], vec![]], 2).is_empty());
        assert!(attainment_surface(&[vec![[f64::NAN, 1.0]]], 1).is_empty());
        assert!(attainment_surface(&[], 1).is_empty());
        assert!(attainment_surface(&[vec![[1.0, 1.0]]], 0).is_empty());
    }
}
