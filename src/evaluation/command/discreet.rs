//! What a program tells, without the secrets that it was told.

use super::Secrets;
use crate::evaluation::{Control, DeviceUse, EvaluationFailure, Scope, Stamp};
use crate::optimizer::problem::Metrics;

/// Passes all on, with secrets taken out of names.
pub(super) struct Discreet<'a> {
    pub(super) scope: &'a mut dyn Scope,
    pub(super) secrets: &'a Secrets,
}

impl Discreet<'_> {
    /// Metrics with secrets taken out of their names.
    pub(super) fn named(&self, metrics: Metrics) -> Metrics {
        metrics.into_iter().map(|(name, value)| (self.secrets.redact(&name), value)).collect()
    }
}

impl Scope for Discreet<'_> {
    fn begin(&mut self, phase: &str, at: Stamp) {
        self.scope.begin(&self.secrets.redact(phase), at);
    }

    fn end(&mut self, phase: &str, at: Stamp) {
        self.scope.end(&self.secrets.redact(phase), at);
    }

    fn report(&mut self, step: u64, metrics: Metrics, at: Stamp) -> Control {
        let metrics = self.named(metrics);
        self.scope.report(step, metrics, at)
    }

    fn uses(&mut self, devices: DeviceUse) {
        let devices = match devices {
            DeviceUse::Gpus(uuids) => DeviceUse::Gpus(uuids.iter().map(|uuid| self.secrets.redact(uuid)).collect()),
            other => other,
        };
        self.scope.uses(devices);
    }

    fn rests(&mut self) {
        self.scope.rests();
    }

    fn must_end(&mut self) -> Option<EvaluationFailure> {
        self.scope.must_end()
    }

    fn deadline(&self) -> Option<Stamp> {
        self.scope.deadline()
    }

    fn doubt(&mut self, what: String) {
        self.scope.doubt(self.secrets.redact(&what));
    }

    fn unheard(&mut self, metric: &str, how: String) {
        self.scope.unheard(&self.secrets.redact(metric), self.secrets.redact(&how));
    }
}
