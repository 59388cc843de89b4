//! The acquisition optimizer: a multi-start search for the best point of a landscape, over continuous and discrete coordinates
//! together.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::super::descent;
use super::super::parallel;
use super::super::space::{CoordinateKind, Encoding};
use super::landscape::Landscape;

/// How hard to search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SearchEffort {
    /// Points from which the search climbs.
    pub climbs: usize,
    /// Most gradient evaluations in one climb along the continuous coordinates.
    pub evaluations: usize,
    /// Most rounds of continuous and discrete search in one climb.
    pub rounds: usize,
    /// Over how many draws the acquisition is averaged at most.
    pub draws: usize,
}

impl Default for SearchEffort {
    fn default() -> Self {
        Self { climbs: 10, evaluations: 60, rounds: 4, draws: usize::MAX }
    }
}

/// A point with its acquisition value.
#[derive(Debug, Clone, PartialEq)]
pub struct Maximum {
    /// Canonical vector.
    pub x: Vec<f64>,
    /// Acquisition.
    pub value: f64,
}

/// A level is searched exhaustively up to this number of levels, else in steps that double.
const EXHAUSTIVE: u64 = 16;
/// A smaller improvement ends a climb.
const TOLERANCE: f64 = 1e-6;
/// Nearer to a bound than this, in encoded units, the bound itself is meant.
const NEAR: f64 = 1e-3;
/// What the acquisition, a logarithm, may lose by going there.
const TRIFLE: f64 = 1e-3;
/// All climbs begin with this share of their evaluations, one in so many.
const SHORTER: usize = 4;
/// Of the climbs so begun, so many go on.
const FINALISTS: usize = 3;
/// Draws that choose among the starts.
const COARSE: usize = 2;
/// How many starts they choose.
const REFINED: usize = 96;
/// Temperature of the Boltzmann picks: weights are `exp(2 z)` for standardized acquisition values `z`.
const BOLTZMANN: f64 = 2.0;

/// The best points found, best first, none of them excluded by `tried`. Empty only if every start and all that was found
/// from it is excluded.
///
/// `starts` are canonical vectors, some hundreds; the best of them and a random selection that favours good ones are
/// improved. Gradient ascent along the continuous coordinates alternates with a coordinate search along the discrete
/// ones. Coordinates of the very best that end next to a bound are put onto it, where that makes no difference.
pub fn maximize(
    landscape: &Landscape<'_>,
    encoding: &Encoding<'_>,
    starts: Vec<Vec<f64>>,
    tried: &(dyn Fn(&[f64]) -> bool + Sync),
    effort: SearchEffort,
    rng: &mut ChaCha8Rng,
) -> Vec<Maximum> {
    let starts: Vec<Vec<f64>> = starts.into_iter().filter(|x| !tried(x)).collect();
    let pool = screen(landscape, starts);
    let picks = pick(&pool, effort.climbs, rng);
    let short = SearchEffort { evaluations: effort.evaluations / SHORTER, draws: COARSE.min(effort.draws), ..effort };
    let begun: Vec<Vec<f64>> = parallel::map(&picks, |&i| climb(landscape, encoding, pool[i].clone(), tried, short).x);
    let mut found = evaluate(landscape, begun, effort.draws);
    found.dedup_by(|a, b| a.x == b.x);
    let rest = found.split_off(found.len().min(FINALISTS));
    let mut found = parallel::map(&found, |c| climb(landscape, encoding, c.clone(), tried, effort));
    found.extend(rest);
    found.extend(pool);
    found.sort_by(|a, b| b.value.total_cmp(&a.value));
    if let Some(best) = found.first_mut() {
        settle(landscape, encoding, best, tried);
    }
    found
}

/// Points with their values, best first, those without one left out.
fn evaluate(landscape: &Landscape<'_>, points: Vec<Vec<f64>>, draws: usize) -> Vec<Maximum> {
    let values = landscape.values(&points, draws);
    let all = points.into_iter().zip(values).map(|(x, value)| Maximum { x, value });
    let mut sorted: Vec<Maximum> = all.filter(|c| !c.value.is_nan()).collect();
    sorted.sort_by(|a, b| b.value.total_cmp(&a.value));
    sorted
}

/// The starts with their values, best first. Where the acquisition is averaged over many draws, a few of them choose the
/// starts that are worth the others.
fn screen(landscape: &Landscape<'_>, mut starts: Vec<Vec<f64>>) -> Vec<Maximum> {
    if landscape.draws() > COARSE {
        starts = evaluate(landscape, starts, COARSE).into_iter().take(REFINED).map(|c| c.x).collect();
    }
    evaluate(landscape, starts, usize::MAX)
}

/// Puts continuous coordinates that ended next to a bound onto it, where that costs no more than a trifle: the ascent
/// comes near to a bound but seldom quite there, and people mean 0 rather than 1e-11.
fn settle(
    landscape: &Landscape<'_>,
    encoding: &Encoding<'_>,
    at: &mut Maximum,
    tried: &(dyn Fn(&[f64]) -> bool + Sync),
) {
    let least = at.value - TRIFLE;
    for i in 0..at.x.len() {
        let bound = at.x[i].round();
        if encoding.kind(i) != CoordinateKind::Continuous || at.x[i] == bound || (at.x[i] - bound).abs() > NEAR {
            continue;
        }
        let mut x = at.x.clone();
        x[i] = bound;
        encoding.snap(&mut x);
        let value = landscape.value(&x, usize::MAX);
        if value >= least && !tried(&x) {
            *at = Maximum { x, value };
        }
    }
}

/// The best of a sorted pool and `count - 1` others, drawn without replacement.
fn pick(pool: &[Maximum], count: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    if pool.len() <= count {
        return (0..pool.len()).collect();
    }
    let finite: Vec<f64> = pool.iter().map(|c| c.value).filter(|v| v.is_finite()).collect();
    let n = finite.len().max(1) as f64;
    let mean = finite.iter().sum::<f64>() / n;
    let sd = (finite.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt().max(1e-12);
    // Gumbel noise on log weights draws without replacement with those weights.
    let mut keys: Vec<(f64, usize)> = pool
        .iter()
        .enumerate()
        .skip(1)
        .map(|(i, c)| {
            let gumbel = -(-rng.random::<f64>().max(1e-300).ln()).ln();
            (BOLTZMANN * (c.value - mean) / sd + gumbel, i)
        })
        .collect();
    keys.sort_by(|a, b| b.0.total_cmp(&a.0));
    std::iter::once(0).chain(keys.into_iter().take(count - 1).map(|(_, i)| i)).collect()
}

/// Climbs from one point. What is found was not tried.
fn climb(
    landscape: &Landscape<'_>,
    encoding: &Encoding<'_>,
    mut at: Maximum,
    tried: &(dyn Fn(&[f64]) -> bool + Sync),
    effort: SearchEffort,
) -> Maximum {
    if effort.draws < landscape.draws() {
        at.value = landscape.value(&at.x, effort.draws);
    }
    let discrete = (0..encoding.len()).any(|i| encoding.kind(i) != CoordinateKind::Continuous);
    for round in 0..effort.rounds {
        let before = at.value;
        ascend(landscape, encoding, &mut at, tried, effort);
        if !discrete {
            break;
        }
        let moved = search_levels(landscape, encoding, &mut at, tried, effort.draws);
        if at.value - before < TOLERANCE || (!moved && round > 0) {
            break;
        }
    }
    at
}

/// Gradient ascent along the active continuous coordinates.
fn ascend(
    landscape: &Landscape<'_>,
    encoding: &Encoding<'_>,
    at: &mut Maximum,
    tried: &(dyn Fn(&[f64]) -> bool + Sync),
    effort: SearchEffort,
) {
    let mut snapped = at.x.clone();
    let active = encoding.snap(&mut snapped);
    let free: Vec<usize> =
        (0..encoding.len()).filter(|&i| active[i] && encoding.kind(i) == CoordinateKind::Continuous).collect();
    if free.is_empty() {
        return;
    }
    let mut full = at.x.clone();
    let loss = |x: &[f64], gradient: &mut [f64]| {
        for (&i, v) in free.iter().zip(x) {
            full[i] = *v;
        }
        // Neither what was tried nor what is forbidden is of use, so the ascent turns back before it.
        if tried(&full) {
            return f64::NAN;
        }
        let (value, slope) = landscape.value_with_gradient(&full, effort.draws);
        for (g, &i) in gradient.iter_mut().zip(&free) {
            *g = -slope[i];
        }
        -value
    };
    let start: Vec<f64> = free.iter().map(|&i| at.x[i]).collect();
    let budget = descent::DescentEffort { evaluations: effort.evaluations, tolerance: TOLERANCE };
    if let Some((x, _)) = descent::minimize(loss, &start, &vec![(0.0, 1.0); free.len()], budget) {
        let mut moved = at.x.clone();
        for (&i, v) in free.iter().zip(&x) {
            moved[i] = *v;
        }
        // A continuous parent may switch others on or off.
        encoding.snap(&mut moved);
        accept(landscape, at, moved, tried, effort.draws);
    }
}

/// Moves one discrete coordinate after another to its best level, until none moves. Returns whether any did.
fn search_levels(
    landscape: &Landscape<'_>,
    encoding: &Encoding<'_>,
    at: &mut Maximum,
    tried: &(dyn Fn(&[f64]) -> bool + Sync),
    draws: usize,
) -> bool {
    let mut moved_at_all = false;
    for _ in 0..encoding.len() {
        let mut moved = false;
        for i in 0..encoding.len() {
            let mut snapped = at.x.clone();
            if !encoding.snap(&mut snapped)[i] {
                continue;
            }
            let here = encoding.level(i, at.x[i]);
            let place = |level| {
                let mut next = at.x.clone();
                next[i] = encoding.centre(i, level);
                encoding.snap(&mut next);
                next
            };
            let others: Vec<Vec<f64>> = levels(encoding.kind(i), here).into_iter().map(place).collect();
            let others = others.into_iter().filter(|x| !tried(x)).collect();
            if let Some(best) = evaluate(landscape, others, draws).into_iter().next()
                && best.value > at.value
            {
                *at = best;
                moved = true;
            }
        }
        moved_at_all |= moved;
        if !moved {
            break;
        }
    }
    moved_at_all
}

/// The levels to try from `here`: all others if they are few or have no order, else those at distances 1, 2, 4, ...
fn levels(kind: CoordinateKind, here: u64) -> Vec<u64> {
    match kind {
        CoordinateKind::Continuous => Vec::new(),
        CoordinateKind::Ordered(n) if n > EXHAUSTIVE => {
            let steps = || (0..64).map(|k| 1u64 << k).take_while(|step| *step < n);
            let below = steps().filter_map(|s| here.checked_sub(s));
            let above = steps().map(|s| here.saturating_add(s)).filter(|k| *k < n);
            below.chain(above).collect()
        }
        CoordinateKind::Ordered(n) | CoordinateKind::Unordered(n) => (0..n).filter(|k| *k != here).collect(),
    }
}

fn accept(
    landscape: &Landscape<'_>,
    at: &mut Maximum,
    x: Vec<f64>,
    tried: &(dyn Fn(&[f64]) -> bool + Sync),
    draws: usize,
) -> bool {
    if tried(&x) {
        return false;
    }
    let value = landscape.value(&x, draws);
    let better = value > at.value;
    if better {
        *at = Maximum { x, value };
    }
    better
}

/// `count` vectors around each other: `centres` in turn, moved by normal steps whose size is log-uniform from 1e-3 to
/// 1e-1; each discrete coordinate keeps its level with probability 0.8. Canonical.
pub(crate) fn perturb(
    encoding: &Encoding<'_>,
    centres: &[Vec<f64>],
    count: usize,
    rng: &mut ChaCha8Rng,
) -> Vec<Vec<f64>> {
    let mut step = |x: &[f64]| {
        let size = 10f64.powf(rng.random_range(-3.0..-1.0));
        let mut moved: Vec<f64> = (0..x.len())
            .map(|i| {
                let normal: f64 = StandardNormal.sample(rng);
                match encoding.kind(i) {
                    CoordinateKind::Continuous => x[i] + size * normal,
                    _ if rng.random_bool(0.8) => x[i],
                    CoordinateKind::Ordered(n) if n > EXHAUSTIVE => x[i] + size * normal,
                    _ => rng.random(),
                }
            })
            .collect();
        encoding.snap(&mut moved);
        moved
    };
    centres.iter().cycle().take(if centres.is_empty() { 0 } else { count }).map(|x| step(x)).collect()
}
