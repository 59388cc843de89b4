//! One sampler over all its runs.

use super::super::statistics::{Spread, attainment_surface, median_level};
use super::{Course, Versus};
use crate::optimizer::problem::Problem;

/// How many steps of joules the curves have.
const JOULE_STEPS: u32 = 200;

/// Median and quartiles of the runs' hypervolumes at one place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BandPoint {
    /// Trials or joules spent.
    pub at: f64,
    /// The hypervolumes.
    pub hypervolume: Spread,
}

/// Attainment surfaces of the runs of one sampler in two objectives, as corners in losses, the best first objective first.
#[derive(Debug, Clone, PartialEq)]
pub struct Surfaces {
    /// Attained by at least one run: the front of all runs together.
    pub best: Vec<[f64; 2]>,
    /// Attained by a quarter of the runs.
    pub quarter: Vec<[f64; 2]>,
    /// Attained by half of the runs: the median attainment surface.
    pub median: Vec<[f64; 2]>,
    /// Attained by three quarters of the runs.
    pub three_quarters: Vec<[f64; 2]>,
    /// Attained by every run.
    pub worst: Vec<[f64; 2]>,
}

/// One sampler in a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparedSampler {
    /// Its name.
    pub sampler: String,
    /// The hypervolumes that its runs end with.
    pub hypervolume: Spread,
    /// Trials until a quarter, half and three quarters of its runs have got to the [target](super::Comparison::target);
    /// infinity where so many never do. `None` without a target.
    pub trials_to_target: Option<Spread>,
    /// Joules until the target, as for trials; `None` too where joules cannot be compared.
    pub joules_to_target: Option<Spread>,
    /// How many of its runs reach the target.
    pub reached: usize,
    /// Trials that failed, over all runs.
    pub failures: usize,
    /// Trials that counted, over all runs.
    pub trials: usize,
    /// Joules of whole runs; `None` where they cannot be compared.
    pub joules: Option<Spread>,
    /// Seconds of all proposals of a run.
    pub propose_seconds: Option<Spread>,
    /// The hypervolume after 0, 1, 2, ... trials, until half of the runs have ended.
    pub over_trials: Vec<BandPoint>,
    /// The hypervolume over joules spent in even steps from zero, until half of the runs have ended; the same joules for all
    /// samplers. `None` where joules cannot be compared.
    pub over_joules: Option<Vec<BandPoint>>,
    /// `None` unless there are two objectives.
    pub surfaces: Option<Surfaces>,
    /// Against the baseline; `None` for the baseline itself, and where hypervolumes
    /// [cannot be compared](super::Comparison::fronts_are_mixed).
    pub versus: Option<Versus>,
}

impl ComparedSampler {
    /// `furthest` is where the curves over joules end; `None` where joules cannot be compared.
    pub(super) fn of(
        sampler: &str,
        courses: &[Course],
        problem: &Problem,
        target: Option<f64>,
        furthest: Option<f64>,
    ) -> Self {
        let own: Vec<&Course> = courses.iter().filter(|c| c.sampler == sampler).collect();
        let spread = |values: Vec<f64>| Spread::of(&values);
        let events = |times: Vec<f64>| Spread::of_events(&times);
        let joules_to = |target: f64| own.iter().map(|c| c.joules_to(target)).collect::<Option<Vec<f64>>>();
        let nothing = Spread { lower: 0.0, median: 0.0, upper: 0.0 };
        Self {
            sampler: sampler.to_owned(),
            hypervolume: spread(own.iter().map(|c| c.hypervolume()).collect()).unwrap_or(nothing),
            trials_to_target: target.and_then(|t| events(own.iter().map(|c| c.trials_to(t)).collect())),
            joules_to_target: furthest.and(target).and_then(joules_to).and_then(events),
            reached: target.map_or(0, |t| own.iter().filter(|c| c.trials_to(t).is_finite()).count()),
            failures: own.iter().map(|c| c.failures()).sum(),
            trials: own.iter().map(|c| c.steps.len()).sum(),
            joules: furthest.and_then(|_| own.iter().map(|c| c.joules()).collect()).and_then(spread),
            propose_seconds: spread(own.iter().map(|c| c.propose_seconds).collect()),
            over_trials: over_trials(&own),
            over_joules: furthest.map(|end| over_joules(&own, end)),
            surfaces: (problem.objectives().len() == 2).then(|| Surfaces::of(&own)),
            versus: None,
        }
    }
}

impl Surfaces {
    fn of(courses: &[&Course]) -> Self {
        let pair = |loss: &Vec<f64>| Some([*loss.first()?, *loss.get(1)?]);
        let fronts: Vec<Vec<[f64; 2]>> = courses.iter().map(|c| c.front.iter().filter_map(pair).collect()).collect();
        let runs = fronts.len();
        Self {
            best: attainment_surface(&fronts, 1),
            quarter: attainment_surface(&fronts, runs.div_ceil(4)),
            median: attainment_surface(&fronts, median_level(runs)),
            three_quarters: attainment_surface(&fronts, (3 * runs).div_ceil(4)),
            worst: attainment_surface(&fronts, runs),
        }
    }
}

fn over_trials(courses: &[&Course]) -> Vec<BandPoint> {
    let mut lengths: Vec<usize> = courses.iter().map(|c| c.steps.len()).collect();
    lengths.sort_unstable();
    let end = lengths.get(lengths.len() / 2).copied().unwrap_or(0);
    let point = |trials: usize| {
        let values: Vec<f64> = courses.iter().map(|c| c.after_trials(trials)).collect();
        Some(BandPoint { at: trials as f64, hypervolume: Spread::of(&values)? })
    };
    (0..=end).filter_map(point).collect()
}

fn over_joules(courses: &[&Course], furthest: f64) -> Vec<BandPoint> {
    let end = median_joules(courses).unwrap_or(0.0);
    let point = |joules: f64| {
        let values: Vec<f64> = courses.iter().map(|c| c.after_joules(joules)).collect();
        Some(BandPoint { at: joules, hypervolume: Spread::of(&values)? })
    };
    let steps = (0..=JOULE_STEPS).map(|i| furthest * f64::from(i) / f64::from(JOULE_STEPS));
    // The last point is where the curve ends, between two steps.
    steps.take_while(|j| *j < end).chain([end]).filter_map(point).collect()
}

/// The largest of the samplers' median joules of a whole run; `None` if some are not known.
pub(super) fn furthest_joules(samplers: &[String], courses: &[Course]) -> Option<f64> {
    let median =
        |sampler: &String| median_joules(&courses.iter().filter(|c| c.sampler == *sampler).collect::<Vec<_>>());
    let medians: Option<Vec<f64>> = samplers.iter().map(median).collect();
    Some(medians?.into_iter().fold(0.0, f64::max))
}

fn median_joules(courses: &[&Course]) -> Option<f64> {
    let joules: Option<Vec<f64>> = courses.iter().map(|c| c.joules()).collect();
    Spread::of(&joules?).map(|s| s.median)
}
