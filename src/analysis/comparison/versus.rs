//! One sampler against the baseline, seed by seed.

use super::super::statistics::{
    Bootstrap, Interval, SignedRank, Spread, bootstrap_interval, cliffs_delta, holm, smallest_p_value, vargha_delaney,
    wilcoxon_signed_rank,
};
use super::{ComparedSampler, Course};

/// A p-value below this shows a difference.
pub const LEVEL: f64 = 0.05;

/// What can be said of a sampler against the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It ends with larger hypervolumes.
    Better,
    /// It ends with smaller hypervolumes.
    Worse,
    /// No difference is shown, which does not show that there is none.
    NotShown,
    /// There are too few seeds to show a difference of any size.
    TooFewSeeds,
    /// Energy decides over fronts and came about in different ways, so hypervolumes are not compared.
    NotComparable,
}

impl Verdict {
    /// In words: `better`, `worse`, `no difference shown`, `too few seeds`, `not comparable`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::NotShown => "no difference shown",
            Self::TooFewSeeds => "too few seeds",
            Self::NotComparable => "not comparable",
        }
    }
}

/// A sampler against the baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct Versus {
    /// Seeds with which it ends with the larger hypervolume.
    pub wins: usize,
    /// Seeds with which both end with the same.
    pub ties: usize,
    /// Seeds with which it ends with the smaller.
    pub losses: usize,
    /// The signed-rank test of the final hypervolumes.
    pub test: SignedRank,
    /// Its p-value after Holm's adjustment for all samplers that are compared with the baseline.
    pub p_holm: f64,
    /// What they allow to say.
    pub verdict: Verdict,
    /// The Vargha-Delaney measure: how probably a run of the sampler ends above one of the baseline, in \[0, 1\].
    pub vargha_delaney: f64,
    /// Its interval, over draws of seeds.
    pub vargha_delaney_interval: Option<Interval>,
    /// Cliff's delta, in \[-1, 1\].
    pub cliffs_delta: f64,
    /// Its interval, over the same draws.
    pub cliffs_delta_interval: Option<Interval>,
    /// How many times fewer trials it needs to get where the baseline ends with the same seed, in at least half of the seeds
    /// (`upper`: a quarter, `lower`: three quarters); zero where so many never get there. `None` where the baseline ends with nothing in some seed.
    pub trials_speedup: Option<Spread>,
    /// How many times fewer joules, as for trials; `None` too where joules cannot be compared.
    pub joules_speedup: Option<Spread>,
    /// With how many seeds it gets where the baseline ends.
    pub reached: usize,
}

/// Compares every compared with the baseline.
pub(super) fn compare(
    samplers: &mut [ComparedSampler],
    courses: &[Course],
    baseline: &str,
    joules: bool,
    bootstrap: &Bootstrap,
) {
    let of = |sampler: &str| courses.iter().filter(|c| c.sampler == sampler).collect::<Vec<_>>();
    let base = of(baseline);
    let others = samplers.iter_mut().filter(|e| e.sampler != baseline);
    let mut found: Vec<(&mut ComparedSampler, Versus)> = others
        .filter_map(|compared| {
            let versus = Versus::of(&of(&compared.sampler), &base, joules, bootstrap)?;
            Some((compared, versus))
        })
        .collect();
    let adjusted = holm(&found.iter().map(|(_, v)| v.test.p_value).collect::<Vec<_>>());
    let smallest = smallest_p(base.len(), found.len());
    for ((compared, mut versus), p_holm) in found.drain(..).zip(adjusted) {
        versus.p_holm = p_holm;
        versus.verdict = match versus.test {
            _ if smallest >= LEVEL => Verdict::TooFewSeeds,
            _ if p_holm >= LEVEL => Verdict::NotShown,
            test if test.positive > test.negative => Verdict::Better,
            _ => Verdict::Worse,
        };
        compared.versus = Some(versus);
    }
}

/// The smallest p-value that so many seeds and comparisons could give: with every seed on one side, before the others.
pub(super) fn smallest_p(seeds: usize, comparisons: usize) -> f64 {
    let comparisons = comparisons.max(1) as f64;
    (smallest_p_value(seeds) * comparisons).min(1.0)
}

impl Versus {
    /// Both are in the same order of seeds. The adjusted p-value and the verdict are to come.
    fn of(own: &[&Course], base: &[&Course], joules: bool, bootstrap: &Bootstrap) -> Option<Self> {
        let finals = |courses: &[&Course]| courses.iter().map(|c| c.hypervolume()).collect::<Vec<f64>>();
        let (ours, theirs) = (finals(own), finals(base));
        let differences: Vec<f64> = ours.iter().zip(&theirs).map(|(a, b)| a - b).collect();
        let test = wilcoxon_signed_rank(&differences)?;
        let measure = |drawn: &[usize]| {
            let pick = |values: &[f64]| drawn.iter().filter_map(|i| values.get(*i).copied()).collect::<Vec<f64>>();
            vargha_delaney(&pick(&ours), &pick(&theirs))
        };
        let interval = bootstrap_interval(ours.len(), measure, bootstrap);
        // Cliff's delta is 2 A - 1, in every draw.
        let scaled = |i: Interval| Interval { low: 2.0 * i.low - 1.0, high: 2.0 * i.high - 1.0, ..i };
        let pairs: Vec<(&Course, &Course)> = own.iter().copied().zip(base.iter().copied()).collect();
        Some(Self {
            wins: differences.iter().filter(|d| **d > 0.0).count(),
            ties: differences.iter().filter(|d| **d == 0.0).count(),
            losses: differences.iter().filter(|d| **d < 0.0).count(),
            test,
            p_holm: test.p_value,
            verdict: Verdict::NotShown,
            vargha_delaney: vargha_delaney(&ours, &theirs)?,
            vargha_delaney_interval: interval,
            cliffs_delta: cliffs_delta(&ours, &theirs)?,
            cliffs_delta_interval: interval.map(scaled),
            trials_speedup: speedup(&pairs, |course, target| Some(course.trials_to(target))),
            joules_speedup: speedup(&pairs, Course::joules_to).filter(|_| joules),
            reached: pairs.iter().filter(|(own, base)| own.trials_to(base.hypervolume()).is_finite()).count(),
        })
    }
}

/// What the baseline took over what the sampler took to where the baseline ends: by how much at least a quarter, half and three
/// quarters of the seeds are sooner. Found by the inverse, in which what is not reached is infinite.
fn speedup(pairs: &[(&Course, &Course)], cost: impl Fn(&Course, f64) -> Option<f64>) -> Option<Spread> {
    let ratio = |(own, base): &(&Course, &Course)| {
        let target = base.hypervolume();
        let (ours, theirs) = (cost(own, target)?, cost(base, target)?);
        (target > 0.0 && theirs > 0.0 && theirs.is_finite() && ours > 0.0).then(|| ours / theirs)
    };
    let ratios: Option<Vec<f64>> = pairs.iter().map(ratio).collect();
    Spread::of_events(&ratios?).map(Spread::reciprocal)
}
