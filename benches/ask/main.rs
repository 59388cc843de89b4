//! How long one ask takes: fit and proposal, by the number of finished trials.
//!
//! ```sh
//! cargo bench --bench ask                # all
//! cargo bench --bench ask -- exact       # those whose name holds `exact`
//! ```
//!
//! ZDT1 in ten dimensions, two objectives. Histories are Sobol points with the fit of one proposal among them, as a study
//! of that length has; so the fit measured is the usual one, which begins at the last. The fits that also begin at the
//! priors' mode, one in ever more, are `restarted`. `kinds` are mixed, constrained, failing and four-objective studies.

mod kinds;

use wattfront::optimizer::history::{History, Outcome, Trial};
use wattfront::optimizer::problem::{Metrics, Problem, minimize};
use wattfront::optimizer::sampler::{GpSampler, ProposalRequest, Sampler, SobolSampler};
use wattfront::optimizer::space::{Point, Space, float};
use wattfront::optimizer::{Seed, sampler};

const DIMENSIONS: usize = 10;
const LENGTHS: [usize; 6] = [30, 100, 300, 1000, 2000, 4000];

fn main() {
    divan::main();
}

/// Zitzler, Deb and Thiele, "Comparison of multiobjective evolutionary algorithms", Evol. Comput. 8(2), 2000.
fn zdt1(point: &Point) -> [f64; 2] {
    let x = |i: usize| point.number(&format!("x{i}")).unwrap_or_default();
    let g = 1.0 + (1..DIMENSIONS).map(x).sum::<f64>();
    [x(0), g * (1.0 - (x(0) / g).sqrt())]
}

fn problem() -> Problem {
    let space = Space::new((0..DIMENSIONS).map(|i| float(format!("x{i}"), 0.0..=1.0))).expect("a space");
    let objectives = [minimize("y0").reference(1.1), minimize("y1").reference(1.1)];
    Problem::new(space, objectives).expect("a problem")
}

/// What a trial comes to; without a standard deviation the noise is to be inferred.
fn outcome(point: &Point, id: u64, exact: bool) -> Outcome {
    // Noise without a generator: the fractional parts of multiples of an irrational number.
    let noise = if exact { 0.0 } else { 0.1 * ((id as f64 * 0.618_034).fract() - 0.5) };
    let [a, b] = zdt1(point);
    let metrics = Metrics::from([("y0".to_owned(), a + noise), ("y1".to_owned(), b - noise)]);
    let sd = if exact { metrics.keys().map(|k| (k.clone(), 0.0)).collect() } else { Metrics::new() };
    Outcome::Finished { metrics, sd }
}

/// A study of `n` finished trials and some pending ones.
fn history(n: usize, pending: usize, exact: bool) -> History {
    let problem = problem();
    let mut history = History::new();
    let points = SobolSampler.propose(&ProposalRequest::new(&problem, &history, n - 1, Seed(1))).expect("points");
    for (id, proposal) in (0..).zip(points) {
        let outcome = outcome(&proposal.point, id, exact);
        history.record(Trial { id: id.into(), point: proposal.point, fit: Some(proposal.fit), outcome });
    }
    for k in 0..=pending {
        let id = history.next_id();
        let proposal = propose(&problem, &history);
        let outcome = if k == 0 { outcome(&proposal.point, id.0, exact) } else { Outcome::Pending };
        history.record(Trial { id, point: proposal.point, fit: Some(proposal.fit), outcome });
    }
    history
}

fn propose(problem: &Problem, history: &History) -> sampler::Proposal {
    GpSampler::default().propose(&ProposalRequest::new(problem, history, 1, Seed(1))).expect("a proposal").remove(0)
}

#[divan::bench(args = LENGTHS, sample_size = 1)]
fn exact(bencher: divan::Bencher<'_, '_>, n: usize) {
    let (problem, history) = (problem(), history(n, 0, true));
    bencher.bench(|| propose(&problem, &history));
}

#[divan::bench(args = LENGTHS, sample_size = 1)]
fn noisy(bencher: divan::Bencher<'_, '_>, n: usize) {
    let (problem, history) = (problem(), history(n, 0, false));
    bencher.bench(|| propose(&problem, &history));
}

#[divan::bench(args = [30, 100, 300], sample_size = 1)]
fn exact_with_ten_pending(bencher: divan::Bencher<'_, '_>, n: usize) {
    let (problem, history) = (problem(), history(n, 10, true));
    bencher.bench(|| propose(&problem, &history));
}

#[divan::bench(args = [30, 100, 300], sample_size = 1)]
fn noisy_with_ten_pending(bencher: divan::Bencher<'_, '_>, n: usize) {
    let (problem, history) = (problem(), history(n, 10, false));
    bencher.bench(|| propose(&problem, &history));
}

/// Without a fit in the history, as for the fits that begin at the priors' mode.
#[divan::bench(args = LENGTHS, sample_size = 1)]
fn restarted(bencher: divan::Bencher<'_, '_>, n: usize) {
    let (problem, mut known) = (problem(), History::new());
    for trial in history(n, 0, true).trials() {
        known.record(Trial { fit: None, ..trial.clone() });
    }
    bencher.bench(|| propose(&problem, &known));
}
