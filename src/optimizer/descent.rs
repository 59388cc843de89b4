//! Minimization of a smooth function over a box.
//!
//! argmin's L-BFGS with a Moré-Thuente line search. It knows no bounds, so each coordinate is `x = low + (high - low)
//! sin^2 u`, which reaches a bound at a finite `u`. The best point that was evaluated is returned whatever the line search
//! makes of it, so an abort never loses anything.

use std::cell::RefCell;

use argmin::core::{CostFunction, Error, Executor, Gradient};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;

/// Where a start on a bound is moved to, as a share of the box: on the bound itself the substitution has no slope.
const INSET: f64 = 1e-3;
/// The longest first step in `u`; longer ones would wrap around.
const FIRST_STEP: f64 = 0.3;
/// Pairs that L-BFGS remembers.
const MEMORY: usize = 10;
/// Stands in for values that are not finite.
const HUGE: f64 = 1e10;

/// How hard to try.
#[derive(Debug, Clone, Copy)]
pub(super) struct DescentEffort {
    /// Most evaluations.
    pub evaluations: usize,
    /// A smaller improvement in one iteration ends the search.
    pub tolerance: f64,
}

struct Recorder<F> {
    function: F,
    bounds: Vec<(f64, f64)>,
    scale: f64,
    left: usize,
    last: Option<(Vec<f64>, f64, Vec<f64>)>,
    best: Option<(Vec<f64>, f64)>,
}

impl<F: FnMut(&[f64], &mut [f64]) -> f64> Recorder<F> {
    /// Scaled value and gradient at `u`; `None` once the evaluations are used up.
    fn at(&mut self, u: &[f64]) -> Option<(f64, Vec<f64>)> {
        if let Some((known, value, gradient)) = &self.last
            && known == u
        {
            return Some((*value, gradient.clone()));
        }
        self.left = self.left.checked_sub(1)?;
        let x: Vec<f64> =
            u.iter().zip(&self.bounds).map(|(u, (low, high))| low + (high - low) * u.sin().powi(2)).collect();
        let mut gradient = vec![0.0; u.len()];
        let mut value = (self.function)(&x, &mut gradient);
        if value.is_finite() && gradient.iter().all(|g| g.is_finite()) {
            if self.best.as_ref().is_none_or(|(_, best)| value < *best) {
                self.best = Some((x, value));
            }
        } else {
            value = HUGE;
            gradient.fill(0.0);
        }
        for ((g, u), (low, high)) in gradient.iter_mut().zip(u).zip(&self.bounds) {
            *g *= self.scale * (high - low) * (2.0 * u).sin();
        }
        value *= self.scale;
        self.last = Some((u.to_vec(), value, gradient.clone()));
        Some((value, gradient))
    }
}

struct Shared<'r, F>(&'r RefCell<Recorder<F>>);

impl<F: FnMut(&[f64], &mut [f64]) -> f64> CostFunction for Shared<'_, F> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, u: &Vec<f64>) -> Result<f64, Error> {
        self.0.borrow_mut().at(u).map(|(value, _)| value).ok_or_else(|| Error::msg("evaluations used up"))
    }
}

impl<F: FnMut(&[f64], &mut [f64]) -> f64> Gradient for Shared<'_, F> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, u: &Vec<f64>) -> Result<Vec<f64>, Error> {
        self.0.borrow_mut().at(u).map(|(_, gradient)| gradient).ok_or_else(|| Error::msg("evaluations used up"))
    }
}

/// Searches for a minimum of `function` in the box `bounds` from `start`. The function returns its value and writes its
/// gradient. Returns the best point evaluated and its value, or `None` if no value was finite.
pub(super) fn minimize<F>(
    function: F,
    start: &[f64],
    bounds: &[(f64, f64)],
    effort: DescentEffort,
) -> Option<(Vec<f64>, f64)>
where
    F: FnMut(&[f64], &mut [f64]) -> f64,
{
    let angle = |(x, (low, high)): (&f64, &(f64, f64))| {
        let share = if high > low { (x - low) / (high - low) } else { 0.5 };
        share.clamp(INSET, 1.0 - INSET).sqrt().asin()
    };
    let u: Vec<f64> = start.iter().zip(bounds).map(angle).collect();
    let recorder = RefCell::new(Recorder {
        function,
        bounds: bounds.to_vec(),
        scale: 1.0,
        left: effort.evaluations,
        last: None,
        best: None,
    });
    if u.is_empty() {
        recorder.borrow_mut().at(&u);
        return recorder.into_inner().best;
    }
    let (value, gradient) = recorder.borrow_mut().at(&u)?;
    let slope = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
    let scale = if slope > FIRST_STEP { FIRST_STEP / slope } else { 1.0 };
    {
        let mut recorder = recorder.borrow_mut();
        recorder.scale = scale;
        recorder.last = Some((u.clone(), value * scale, gradient.iter().map(|g| g * scale).collect()));
    }
    let solver = LBFGS::new(MoreThuenteLineSearch::new(), MEMORY)
        .with_tolerance_cost(effort.tolerance * scale)
        .and_then(|s| s.with_tolerance_grad(1e-9 * scale));
    if let Ok(solver) = solver {
        // An error only means that the search ended early: the recorder has the best point.
        let _ = Executor::new(Shared(&recorder), solver)
            .configure(|state| state.param(u).max_iters(effort.evaluations as u64))
            .timer(false)
            .run();
    }
    recorder.into_inner().best
}

#[cfg(test)]
mod tests {
    use super::*;

    const EFFORT: DescentEffort = DescentEffort { evaluations: 200, tolerance: 1e-12 };

    fn rosenbrock(x: &[f64], g: &mut [f64]) -> f64 {
        let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
        g[0] = -2.0 * a - 400.0 * b * x[0];
        g[1] = 200.0 * b;
        a * a + 100.0 * b * b
    }

    #[test]
    fn finds_a_minimum_inside_and_on_the_bound() {
        let (x, value) = minimize(rosenbrock, &[-1.0, 1.5], &[(-2.0, 2.0), (-2.0, 2.0)], EFFORT).unwrap();
        assert!(value < 1e-8 && (x[0] - 1.0).abs() < 1e-3, "{x:?} {value}");
        let (x, _) = minimize(rosenbrock, &[-0.5, 0.2], &[(-2.0, 0.5), (-2.0, 2.0)], EFFORT).unwrap();
        assert!((x[0] - 0.5).abs() < 1e-6 && (x[1] - 0.25).abs() < 1e-4, "{x:?}");
    }

    #[test]
    fn keeps_to_its_budget_and_survives_nonsense() {
        let mut calls = 0;
        let mut counted = |x: &[f64], g: &mut [f64]| {
            calls += 1;
            rosenbrock(x, g)
        };
        let effort = DescentEffort { evaluations: 7, tolerance: 0.0 };
        assert!(minimize(&mut counted, &[0.0, 0.0], &[(-2.0, 2.0); 2], effort).is_some());
        assert!(calls <= 7);
        let nan = |_: &[f64], g: &mut [f64]| {
            g.fill(f64::NAN);
            f64::NAN
        };
        assert_eq!(minimize(nan, &[0.5], &[(0.0, 1.0)], EFFORT), None);
        let cliff = |x: &[f64], g: &mut [f64]| {
            g[0] = -1.0;
            if x[0] > 0.6 { f64::INFINITY } else { -x[0] }
        };
        let (x, _) = minimize(cliff, &[0.3], &[(0.0, 1.0)], EFFORT).unwrap();
        assert!(x[0] >= 0.299 && x[0] <= 0.6);
    }
}
