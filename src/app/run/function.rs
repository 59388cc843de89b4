//! A function of this program that evaluates trials.

use crate::evaluation::{Control, DeviceUse, EvaluationFailure, Scope, Stamp, TrialTask};
use crate::optimizer::problem::Metrics;
use crate::optimizer::space::Point;

/// A trial under way, as the function sees it that evaluates it.
pub struct RunningTrial<'a> {
    task: TrialTask<'a>,
    scope: &'a mut dyn Scope,
}

impl RunningTrial<'_> {
    /// Its number.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.task.trial
    }

    /// The configuration.
    #[must_use]
    pub fn point(&self) -> &Point {
        self.task.point
    }

    /// The seed of the trial: the same in every attempt at it.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.task.seed
    }

    /// Reports a step, usually an epoch. Whether to go on; if not, the metrics reached so far are to be returned.
    pub fn report(&mut self, step: u64, metrics: Metrics) -> bool {
        self.scope.report(step, metrics, Stamp::now()) == Control::Continue
    }

    /// Runs `work` as a phase, whose energy is told apart: `energy.NAME`.
    pub fn phase<T>(&mut self, name: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        self.scope.begin(name, Stamp::now());
        let result = work(self);
        self.scope.end(name, Stamp::now());
        result
    }

    /// Says which hardware it computes on, beside the processor. Where nothing is said, every metered GPU counts.
    pub fn uses(&mut self, devices: DeviceUse) {
        self.scope.uses(devices);
    }

    /// Why the evaluation must end now, if it must: it was stopped, or takes too long. It is to be returned.
    pub fn must_end(&mut self) -> Option<EvaluationFailure> {
        self.scope.must_end()
    }
}

/// The function, as what is evaluated.
pub(in crate::app) fn evaluator_of(
    mut evaluate: impl FnMut(&mut RunningTrial<'_>) -> Result<Metrics, EvaluationFailure>,
) -> impl FnMut(TrialTask<'_>, &mut dyn Scope) -> Result<Metrics, EvaluationFailure> {
    move |task: TrialTask<'_>, scope: &mut dyn Scope| evaluate(&mut RunningTrial { task, scope })
}
