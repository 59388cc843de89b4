//! Meters for tests, which show what they are told to.

pub(crate) mod board;

use super::meter::{EnergySource, Meter, Reading};
use crate::energy::error::EnergyError;
use crate::energy::system::clock::Clock;
use crate::energy::units::{DomainKind, Method, PowerDomain};

/// A meter of one GPU that shows what it is told to.
#[derive(Debug)]
pub(crate) struct ScriptedMeter {
    sources: Vec<EnergySource>,
    pub(crate) next: std::sync::Arc<std::sync::Mutex<Result<(u64, u64), EnergyError>>>,
}

impl ScriptedMeter {
    pub(crate) fn new(id: &str) -> Self {
        let domain = PowerDomain { kind: DomainKind::Gpu, id: id.to_owned() };
        let resolution = std::time::Duration::from_millis(100);
        let sources =
            vec![EnergySource { domain, method: Method::Counter, sampling: "scripted".to_owned(), resolution }];
        Self { sources, next: std::sync::Arc::new(std::sync::Mutex::new(Ok((0, 0)))) }
    }

    pub(crate) fn with_method(mut self, method: Method) -> Self {
        self.sources[0].method = method;
        self
    }

    pub(crate) fn with_resolution(mut self, resolution: std::time::Duration) -> Self {
        self.sources[0].resolution = resolution;
        self
    }
}

impl Meter for ScriptedMeter {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn sources(&self) -> &[EnergySource] {
        &self.sources
    }

    fn read(&mut self, clock: &dyn Clock) -> Vec<Result<Reading, EnergyError>> {
        let next = self.next.lock().unwrap().clone();
        vec![next.map(|(microjoules, segment)| Reading { at: clock.now(), microjoules, segment })]
    }
}
