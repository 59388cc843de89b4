//! The surrogate and the acquisition against values from independent implementations: see the scripts in `tests/reference/`.

use serde::Deserialize;
use wattfront::optimizer::acquisition::{Criterion, Posterior};
use wattfront::optimizer::space::{Encoding, Space, choice, float};
use wattfront::optimizer::surrogate::{GaussianProcess, Hyperparameters, Kernel, Noise, Observations};

#[derive(Deserialize)]
struct SurrogateCase {
    x: Vec<Vec<f64>>,
    y: Vec<f64>,
    known: Vec<f64>,
    inferred: Vec<bool>,
    unordered: Vec<bool>,
    lengthscales: Vec<f64>,
    outputscale: f64,
    noise: f64,
    bends: Vec<f64>,
    query: Vec<Vec<f64>>,
    mean: Vec<f64>,
    variance: Vec<f64>,
    log_likelihood: f64,
}

fn kernel(unordered: &[bool]) -> Option<Kernel> {
    let parameter = |(k, unordered): (usize, &bool)| {
        if *unordered { choice(format!("x{k}"), ["a", "b"]) } else { float(format!("x{k}"), 0.0..=1.0) }
    };
    let space = Space::new(unordered.iter().enumerate().map(parameter)).ok()?;
    Some(Kernel::new(&Encoding::new(&space)))
}

#[test]
fn predictions_and_likelihoods_agree_with_scipy() {
    let cases: Vec<SurrogateCase> = serde_json::from_str(include_str!("../reference/surrogate.json")).unwrap();
    for case in cases {
        let mut observations = Observations::default();
        for i in 0..case.y.len() {
            let noise = Noise { known: case.known[i], inferred: case.inferred[i] };
            observations.push(case.x[i].clone(), case.y[i], noise);
        }
        let hyperparameters = Hyperparameters {
            lengthscales: case.lengthscales,
            outputscale: case.outputscale,
            noise: case.noise,
            bends: case.bends,
        };
        let gp = GaussianProcess::new(kernel(&case.unordered).unwrap(), hyperparameters, observations).unwrap();
        let close = |a: f64, b: f64| (a - b).abs() < 1e-6 * b.abs().max(1.0);
        assert!(close(gp.log_likelihood(), case.log_likelihood), "{} {}", gp.log_likelihood(), case.log_likelihood);
        for (q, (mean, variance)) in case.query.iter().zip(case.mean.iter().zip(&case.variance)) {
            let p = gp.predict(q);
            assert!(close(p.mean, *mean) && close(p.variance, *variance), "{p:?} {mean} {variance}");
        }
    }
}

#[derive(Deserialize)]
struct ImprovementCase {
    front: Vec<Vec<f64>>,
    reference: Vec<f64>,
    mean: Vec<f64>,
    sd: Vec<f64>,
    log_ehvi: f64,
    by_mean: Vec<f64>,
    by_sd: Vec<f64>,
    best: f64,
    log_ei: f64,
}

/// In two, three and four objectives, also where the improvement itself underflows: the worst relative error of the
/// improvement is far below any that could change a decision.
#[test]
fn log_improvements_agree_with_400_digit_arithmetic() {
    let cases: Vec<ImprovementCase> = serde_json::from_str(include_str!("../reference/ehvi.json")).unwrap();
    for m in 2..=4 {
        let underflows = cases.iter().filter(|c| c.reference.len() == m && c.log_ehvi < -745.0).count();
        assert!(underflows > 20, "the cases should reach where linear EHVI is zero: {m} objectives, {underflows}");
    }
    for case in &cases {
        let losses: Vec<Posterior> =
            case.mean.iter().zip(&case.sd).map(|(mean, sd)| Posterior { mean: *mean, sd: *sd }).collect();
        // A logarithm of a million cannot be held better than its own rounding.
        let close = |a: f64, b: f64| (a - b).abs() < 1e-10 * b.abs().max(1.0);
        let value = Criterion::new(&case.front, &case.reference).unwrap().evaluate(&losses);
        assert!(close(value.log, case.log_ehvi), "{} {} {:?} {:?}", value.log, case.log_ehvi, case.mean, case.sd);
        let ei = Criterion::Best { best: case.best }.evaluate(&losses[..1]).log;
        assert!(close(ei, case.log_ei), "{ei} {}", case.log_ei);
        for (j, sd) in case.sd.iter().enumerate() {
            // Slopes weigh boxes by the differences of their logarithms.
            let close = |a: f64, b: f64| (a - b).abs() < 1e-10 * case.log_ehvi.abs().max(1.0) * b.abs().max(1.0 / sd);
            let (by_mean, by_sd) = (value.by_mean[j], value.by_sd[j]);
            assert!(close(by_mean, case.by_mean[j]), "{by_mean} {} {:?} {:?}", case.by_mean[j], case.mean, case.sd);
            assert!(close(by_sd, case.by_sd[j]), "{by_sd} {} {:?} {:?}", case.by_sd[j], case.mean, case.sd);
        }
    }
}
