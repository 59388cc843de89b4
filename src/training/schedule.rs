//! The size of a step from step to step.

use std::f64::consts::PI;

use super::{Recipe, Schedule};

/// Where the exponential decay ends, of the learning rate.
const EXPONENTIAL_END: f64 = 0.01;

/// The power of the polynomial decay (Chen et al., 2018, "DeepLab", section 4.1.2).
const POWER: f64 = 0.9;

/// One cycle rises over this share of the steps, from this part of the learning rate, and ends at that part of where it began.
const RISE: f64 = 0.3;
const CYCLE_START: f64 = 1.0 / 25.0;
const CYCLE_END: f64 = 1e-4;

/// Of the schedule that only warms up.
const WARM_UP: f64 = 0.1;

impl Schedule {
    /// The size of a step at the share `p` of all steps, from 0 to 1, as a part of the learning rate.
    #[must_use]
    pub fn factor(self, p: f64) -> f64 {
        let p = p.clamp(0.0, 1.0);
        let cosine = |from: f64, to: f64, share: f64| to + (from - to) * (1.0 + (PI * share).cos()) / 2.0;
        match self {
            Self::Constant | Self::WarmUp => 1.0,
            Self::Exponential => EXPONENTIAL_END.powf(p),
            Self::Polynomial => (1.0 - p).powf(POWER),
            Self::Cosine => cosine(1.0, 0.0, p),
            Self::OneCycle if p < RISE => cosine(CYCLE_START, 1.0, p / RISE),
            Self::OneCycle => cosine(1.0, CYCLE_START * CYCLE_END, (p - RISE) / (1.0 - RISE)),
        }
    }
}

/// The sizes of the steps of one training.
#[derive(Debug, Clone, Copy)]
pub struct StepSizes {
    schedule: Schedule,
    rate: f64,
    steps: usize,
    warmup: usize,
}

impl StepSizes {
    /// Of `steps` steps in all.
    #[must_use]
    pub fn new(recipe: &Recipe, steps: usize) -> Self {
        let share = if recipe.schedule() == Schedule::WarmUp { WARM_UP } else { recipe.warmup() };
        let warmup = (share * steps as f64).round() as usize;
        Self { schedule: recipe.schedule(), rate: recipe.learning_rate(), steps, warmup }
    }

    /// The size of this step, counted from 0. The schedule begins when the steps are warm. One cycle ends with the last step,
    /// the others with the one that would follow, as PyTorch has both.
    #[must_use]
    pub fn at(&self, step: usize) -> f64 {
        if step < self.warmup {
            return self.rate * (step + 1) as f64 / (self.warmup + 1) as f64;
        }
        let last = if self.schedule == Schedule::OneCycle { self.steps.saturating_sub(1) } else { self.steps };
        let share = (step - self.warmup) as f64 / last.saturating_sub(self.warmup).max(1) as f64;
        self.rate * self.schedule.factor(share)
    }

    /// Whether all steps are of one size.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        self.warmup == 0 && matches!(self.schedule, Schedule::Constant | Schedule::WarmUp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::space::Value;

    const ALL: [Schedule; 6] = [
        Schedule::Constant,
        Schedule::Exponential,
        Schedule::Polynomial,
        Schedule::Cosine,
        Schedule::OneCycle,
        Schedule::WarmUp,
    ];

    #[test]
    fn factors_are_the_documented_ones() {
        let at = |schedule: Schedule, p: f64| schedule.factor(p);
        assert_eq!((at(Schedule::Constant, 0.0), at(Schedule::Constant, 1.0)), (1.0, 1.0));
        assert!((at(Schedule::Exponential, 0.5) - 0.1).abs() < 1e-12);
        assert!((at(Schedule::Polynomial, 0.5) - 0.5_f64.powf(0.9)).abs() < 1e-12);
        assert!((at(Schedule::Cosine, 0.5) - 0.5).abs() < 1e-12 && at(Schedule::Cosine, 1.0).abs() < 1e-12);
        // As PyTorch's OneCycleLR tells with its defaults.
        assert!((at(Schedule::OneCycle, 0.0) - 0.04).abs() < 1e-12);
        assert!((at(Schedule::OneCycle, 0.15) - 0.52).abs() < 1e-12);
        assert!((at(Schedule::OneCycle, 0.3) - 1.0).abs() < 1e-12);
        assert!((at(Schedule::OneCycle, 1.0) - 4e-6).abs() < 1e-12);
    }

    #[test]
    fn no_step_is_larger_than_the_learning_rate_or_backwards() {
        for schedule in ALL {
            for step in 0..=1000 {
                let factor = schedule.factor(f64::from(step) / 1000.0);
                assert!((0.0..=1.0 + 1e-12).contains(&factor), "{schedule:?} {step}: {factor}");
            }
        }
    }

    fn sizes(settings: &[(&str, Value)], steps: usize) -> StepSizes {
        let dataset = Value::from("digits");
        let all = settings.iter().map(|(name, value)| (*name, value)).chain([("dataset", &dataset)]);
        StepSizes::new(&Recipe::from_settings(all).unwrap(), steps)
    }

    #[test]
    fn steps_warm_up_over_their_share() {
        let warm = sizes(&[("learning_rate", 1.0.into()), ("warmup", 0.2.into())], 20);
        let told: Vec<f64> = (0..6).map(|step| warm.at(step)).collect();
        assert_eq!(told, [0.2, 0.4, 0.6, 0.8, 1.0, 1.0]);
        let named = sizes(&[("learning_rate", 1.0.into()), ("schedule", "warm-up".into())], 30);
        assert_eq!((named.at(0), named.at(2), named.at(3), named.at(29)), (0.25, 0.75, 1.0, 1.0));
        let decaying =
            sizes(&[("learning_rate", 1.0.into()), ("schedule", "cosine".into()), ("warmup", 0.5.into())], 40);
        assert_eq!((decaying.at(20), decaying.at(30)), (1.0, 0.5), "it decays from the learning rate once it is warm");
        let cycle = sizes(&[("learning_rate", 1.0.into()), ("schedule", "one-cycle".into())], 11);
        assert!((cycle.at(3) - 1.0).abs() < 1e-12 && (cycle.at(10) - 4e-6).abs() < 1e-12, "{}", cycle.at(10));
        assert!(sizes(&[], 10).is_constant() && !warm.is_constant() && !named.is_constant());
    }
}
