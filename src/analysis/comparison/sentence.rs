//! What a comparison of samplers came to, in one sentence.

use super::super::significant;
use super::super::statistics::Spread;
use super::energy::is_mixed;
use super::versus::{LEVEL, smallest_p};
use super::{ComparedSampler, Comparison, Verdict, Versus};

impl Comparison {
    /// What the comparison says in one sentence, such as `over 10 seeds, gp ends with a larger hypervolume than random
    /// (in 9 of 10, p = 0.004) and gets where random ends 2.4 times sooner by trials and 2.1 times sooner by energy`.
    /// Also where no difference is shown, and where there are too few seeds to show one. No full stop at the end.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self.environments.len() {
            0 | 1 => self.finding(),
            n => format!("{}; the runs come from {n} different machines, GPUs or versions", self.finding()),
        }
    }

    fn finding(&self) -> String {
        let n = self.seeds.len();
        let rivals = || self.samplers.iter().filter_map(|e| Some((e, e.versus.as_ref()?)));
        let of = |verdict| rivals().filter(move |(_, v)| v.verdict == verdict);
        let seeds = if n == 1 { "1 seed".to_owned() } else { format!("{n} seeds") };
        let basis = if self.fronts_are_estimated { " and by estimated energy" } else { "" };
        if self.fronts_are_mixed() {
            let what = if self.energy.is_comparable() {
                "the hypervolumes of the runs cannot"
            } else {
                "neither the hypervolumes nor the joules of the runs can"
            };
            return format!("energy was metered in different ways, so {what} be compared");
        }
        if self.courses.iter().all(|c| c.front.is_empty()) {
            return format!("over {seeds}, no trial of any run keeps all constraints, so there is nothing to compare");
        }
        if self.courses.iter().all(|c| c.hypervolume() <= 0.0) {
            let point = self.values_in_words(&self.reference);
            return format!(
                "over {seeds}, no run has found anything within the reference point ({point}), so there is nothing to compare"
            );
        }
        if rivals().any(|(_, v)| v.verdict == Verdict::TooFewSeeds) {
            let counts: Vec<_> = rivals().map(|(e, v)| format!("{} is ahead in {}", e.sampler, v.wins)).collect();
            let after = if rivals().count() > 1 { " after adjustment" } else { "" };
            return format!(
                "with {seeds}{basis} no difference from {} can be shown, for no p-value could fall below {}{after}; {}, and \
                 it takes at least {} seeds",
                self.baseline,
                significant(self.smallest_p, 3),
                enumerate(&counts),
                least_seeds(rivals().count()),
            );
        }
        let mut parts: Vec<String> = Vec::new();
        parts.extend(of(Verdict::Better).map(|(e, v)| self.better(e, v)));
        parts.extend(of(Verdict::Worse).map(|(e, v)| {
            let counted = format!("in {} of {n}, {}", v.losses, p_of(v));
            format!("{} ends with a smaller hypervolume than {} ({counted})", e.sampler, self.baseline)
        }));
        let unshown: Vec<_> = of(Verdict::NotShown)
            .map(|(e, v)| format!("{} (ahead in {}, behind in {}, {})", e.sampler, v.wins, v.losses, p_of(v)))
            .collect();
        if !unshown.is_empty() {
            parts.push(format!("no difference from {} is shown for {}", self.baseline, enumerate(&unshown)));
        }
        format!("over {seeds}{basis}, {}", parts.join("; "))
    }

    /// Whether an energy that is an objective or has a constraint came about in more than one way, so that hypervolumes cannot
    /// be compared.
    #[must_use]
    pub fn fronts_are_mixed(&self) -> bool {
        is_mixed(&self.front_energy)
    }

    fn better(&self, compared: &ComparedSampler, versus: &Versus) -> String {
        let (name, base) = (&compared.sampler, &self.baseline);
        let ends = format!(
            "{name} ends with a larger hypervolume than {base} (in {} of {}, {})",
            versus.wins,
            self.seeds.len(),
            p_of(versus)
        );
        let energy = if self.energy.is_estimated() { "estimated energy" } else { "energy" };
        let by = |spread: &Option<Spread>, what: &str| {
            let speedup = spread.as_ref().map(|s| s.median).filter(|m| *m > 0.0)?;
            Some(match significant(speedup.max(speedup.recip()), 2) {
                factor if factor == "1" => format!("as soon by {what}"),
                factor if speedup < 1.0 => format!("{factor} times later by {what}"),
                factor => format!("{factor} times sooner by {what}"),
            })
        };
        let sooner: Vec<_> =
            [by(&versus.trials_speedup, "trials"), by(&versus.joules_speedup, energy)].into_iter().flatten().collect();
        if sooner.is_empty() { ends } else { format!("{ends} and gets where {base} ends {}", sooner.join(" and ")) }
    }
}

fn p_of(versus: &Versus) -> String {
    match p_value(versus.p_holm) {
        p if p.starts_with('<') => format!("p {p}"),
        p => format!("p = {p}"),
    }
}

/// A p-value for people: two significant digits, or `< 0.001`. Of one close to [`LEVEL`] so many that it is seen on which side it is.
#[must_use]
pub(crate) fn p_value(p: f64) -> String {
    if p < 0.001 {
        return "< 0.001".to_owned();
    }
    let level = significant(LEVEL, 2);
    let shown = (2..15).map(|digits| significant(p, digits)).find(|shown| *shown != level);
    shown.filter(|_| p != LEVEL).unwrap_or(level)
}

/// The fewest seeds with which so many comparisons could show anything.
fn least_seeds(comparisons: usize) -> usize {
    (1..).find(|n| smallest_p(*n, comparisons) < LEVEL).unwrap_or(usize::MAX)
}

fn enumerate(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
