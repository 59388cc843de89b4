//! What a session knows of its devices beside their energy.

use std::time::Duration;

use super::super::cross_check::CrossCheck;
use super::super::meter::Source;
use super::super::units::{DeviceState, Domain, DomainKind};
use super::{Mark, Session, Shared, Usage, same_uuid};

impl Session {
    /// Holds the counters in use against integrated power between two edges: [`CrossCheck::agrees`] says whether the two
    /// figures of a device are as near to each other as they should be. Nothing is said of hardware that has one figure
    /// only, nor of windows of less than about 1.2 seconds, or of less than a dozen readings of power.
    ///
    /// The second figure is read by the background thread (or by [`poll`](Self::poll)), never at an edge: ten times a second
    /// while the session is young, and then twice.
    /// For about the last half hour each reading is kept, and of older ones every second, every fourth and so on: the
    /// longer ago a window was, the longer it must be.
    ///
    /// ```
    /// # use wattfront::energy::{Meters, Session, Usage};
    /// # let session = Session::builder().meters(Meters::estimate()).open()?;
    /// let (open, close) = (session.mark(), session.mark());
    /// for (device, check) in session.cross_check(&open, &close, &Usage::All) {
    ///     if !check.agrees() {
    ///         println!("{device}: {check}");
    ///     }
    /// }
    /// # Ok::<(), wattfront::energy::EnergyError>(())
    /// ```
    #[must_use]
    pub fn cross_check(&self, open: &Mark, close: &Mark, usage: &Usage) -> Vec<(Domain, CrossCheck)> {
        let shared = self.shared();
        if open.session != shared.id || close.session != shared.id {
            return Vec::new();
        }
        let (chosen, _) = shared.select(usage);
        let mut state = shared.lock();
        let check = |index: usize| {
            let resolution = shared.resolution_of_both(index)?;
            let found = state.pairs[index].check(open.moment, close.moment, resolution)?;
            Some((shared.sources[index].0.domain.clone(), found))
        };
        chosen.into_iter().filter_map(check).collect()
    }

    /// What speaks against the counters in use, by all that was read since the session began. What was found once is not taken
    /// back, and is said of every figure from then on ([`DomainEnergy::doubt`](super::super::units::DomainEnergy::doubt)).
    #[must_use]
    pub fn doubts(&self, usage: &Usage) -> Vec<(Domain, CrossCheck)> {
        let shared = self.shared();
        let (chosen, _) = shared.select(usage);
        let mut state = shared.lock();
        let doubt = |index: usize| {
            let found = state.pairs[index].doubt(shared.resolution_of_both(index)?)?;
            Some((shared.sources[index].0.domain.clone(), found))
        };
        chosen.into_iter().filter_map(doubt).collect()
    }

    /// Devices on which processes compute now that neither are the one that this session belongs to nor descend from it, and
    /// how many. Processes that this system does not show, as those of other containers, cannot be told from its own.
    pub(in super::super) fn strangers(&self) -> Vec<(Domain, usize)> {
        let strange = |pid: &&u32| self.shared().family.has(**pid) == Some(false);
        let states = self.device_states(&Usage::All).into_iter();
        let counts = states.map(|(d, state)| (d, state.processes.unwrap_or_default().iter().filter(strange).count()));
        counts.filter(|(_, count)| *count > 0).collect()
    }

    /// The present state of the devices in use, as far as their meters tell it: [`DeviceState`]. Some milliseconds' work
    /// for each GPU, which holds up readings meanwhile: not for what is metered closely.
    #[must_use]
    pub fn device_states(&self, usage: &Usage) -> Vec<(Domain, DeviceState)> {
        let shared = self.shared();
        let (chosen, _) = shared.select(usage);
        let mut state = shared.lock();
        let mut states = Vec::new();
        for meter in &mut state.meters {
            let mut found = meter.states();
            found.resize(meter.sources().len(), None);
            states.append(&mut found);
        }
        let told = |index: usize| Some((shared.sources[index].0.domain.clone(), states[index].take()?));
        chosen.into_iter().filter_map(told).collect()
    }
}

impl Shared {
    /// The sum of the times between two changes of a source's figure and of that which it is held against.
    fn resolution_of_both(&self, index: usize) -> Option<Duration> {
        Some(self.sources[index].0.resolution + self.counterparts[index].as_ref()?.resolution)
    }

    /// The indices of the sources that count for this usage, and the GPUs in use that have no source.
    pub(super) fn select(&self, usage: &Usage) -> (Vec<usize>, Vec<Domain>) {
        let usage = &*usage.of_boards(&self.instances);
        let of = |wanted: bool| -> Vec<usize> {
            let counts = |(source, fallback): &(Source, bool)| *fallback == wanted && usage.covers(&source.domain);
            (0..self.sources.len()).filter(|index| counts(&self.sources[*index])).collect()
        };
        let metered = |uuid: &str| {
            let is = |domain: &Domain| domain.kind == DomainKind::Gpu && same_uuid(uuid, &domain.id);
            self.sources.iter().any(|(source, _)| is(&source.domain))
        };
        let unmetered: Vec<Domain> = match usage {
            Usage::Gpus(used) if self.missing_gpus_matter => used
                .iter()
                .filter(|uuid| !metered(uuid))
                .map(|uuid| Domain { kind: DomainKind::Gpu, id: uuid.clone() })
                .collect(),
            _ => Vec::new(),
        };
        let mut chosen = of(false);
        if chosen.is_empty() && unmetered.is_empty() {
            chosen = of(true);
        }
        // The processor's own figure would count what is in that of the module.
        if chosen.iter().any(|index| self.sources[*index].0.holds_more().is_some()) {
            chosen.retain(|index| self.sources[*index].0.domain.kind == DomainKind::Gpu);
        }
        (chosen, unmetered)
    }
}
