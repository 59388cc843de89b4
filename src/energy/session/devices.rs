//! What a session knows of its devices beside their energy.

use std::time::Duration;

use super::{Mark, Session, SessionCore, Usage};
use crate::energy::gpus::uuid::same_uuid;
use crate::energy::meters::meter::EnergySource;
use crate::energy::units::{Consumer, ConsumerName, DeviceState, DomainKind, PowerDomain, Standing};
use crate::energy::windows::cross_check::CrossCheck;

impl Session {
    /// Holds the counters in use against integrated power between two edges: [`CrossCheck::agrees`] says whether the
    /// two figures of a device are as near to each other as they should be. Nothing is said of hardware that has one
    /// figure only. Nor is it of windows of less than about 1.2 seconds, or of less than a dozen readings of power.
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
    pub fn cross_check(&self, open: &Mark, close: &Mark, usage: &Usage) -> Vec<(PowerDomain, CrossCheck)> {
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
    /// back, and is said of every figure from then on ([`DomainEnergy::doubt`](crate::energy::units::DomainEnergy::doubt)).
    #[must_use]
    pub fn doubts(&self, usage: &Usage) -> Vec<(PowerDomain, CrossCheck)> {
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
    pub(super) fn strangers(&self) -> Vec<(PowerDomain, usize)> {
        let strange = |pid: &&u32| self.shared().descendants.has(**pid) == Some(false);
        let states = self.device_states(&Usage::All).into_iter();
        let counts = states.map(|(d, state)| (d, state.processes.unwrap_or_default().iter().filter(strange).count()));
        counts.filter(|(_, count)| *count > 0).collect()
    }

    /// The present state of the devices in use, as far as their meters tell it: [`DeviceState`]. Some milliseconds'
    /// work for each GPU: not for what is metered closely. Nothing is told of a GPU whose driver does not answer within
    /// a second. Nor is it of the devices of a meter that takes more than five seconds for them all.
    #[must_use]
    pub fn device_states(&self, usage: &Usage) -> Vec<(PowerDomain, DeviceState)> {
        let shared = self.shared();
        let (chosen, _) = shared.select(usage);
        let mut states = shared.states(&chosen);
        let told = |index: usize| Some((shared.sources[index].0.domain.clone(), states[index].take()?));
        chosen.into_iter().filter_map(told).collect()
    }
}

impl Session {
    /// Everything here that draws power and that work may use, with or without a figure.
    #[must_use]
    pub fn consumers(&self) -> &[Consumer] {
        &self.shared().inventory.all
    }

    /// What work of this usage may use and has no figure: its totals are missing for that. A study that does not want that
    /// [leaves it out](crate::energy::SessionBuilder::without).
    #[must_use]
    pub fn unreadable<'a>(&'a self, usage: &'a Usage) -> Vec<&'a Consumer> {
        self.shared().unreadable(usage).collect()
    }

    /// The names of what was to be [left out](crate::energy::SessionBuilder::without) and is not there.
    #[must_use]
    pub fn absent(&self) -> &[ConsumerName] {
        &self.shared().inventory.absent
    }
}

impl SessionCore {
    /// The sum of the times between two changes of a source's figure and of that which it is held against.
    fn resolution_of_both(&self, index: usize) -> Option<Duration> {
        Some(self.sources[index].0.resolution + self.counterparts[index].as_ref()?.resolution)
    }

    /// The indices of the sources that count for this usage, and what is in use without a source, with the reasons.
    pub(super) fn select(&self, usage: &Usage) -> (Vec<usize>, Vec<(PowerDomain, String)>) {
        let usage = &*usage.of_boards(&self.instances);
        let of = |wanted: bool| -> Vec<usize> {
            let counts =
                |(source, fallback): &(EnergySource, bool)| *fallback == wanted && usage.covers(&source.domain);
            (0..self.sources.len()).filter(|index| counts(&self.sources[*index])).collect()
        };
        let mut unmetered: Vec<(PowerDomain, String)> = self.unreadable(usage).map(missing).collect();
        if let Usage::Gpus(used) = usage
            && self.missing_gpus_matter
        {
            unmetered.extend(used.iter().filter_map(|uuid| self.unknown_gpu(uuid)));
        }
        let mut chosen = of(false);
        if chosen.is_empty() {
            chosen = of(true);
        }
        // The processor's own figure would count what is in that of the module.
        if chosen.iter().any(|index| self.sources[*index].0.holds_more().is_some()) {
            chosen.retain(|index| self.sources[*index].0.domain.kind == DomainKind::Gpu);
        }
        (chosen, unmetered)
    }

    fn unreadable<'a>(&'a self, usage: &'a Usage) -> impl Iterator<Item = &'a Consumer> {
        let all = self.inventory.all.iter().filter(|consumer| consumer.standing == Standing::Unreadable);
        all.filter(|consumer| may_use(usage, consumer))
    }

    /// By which names the user left out what work of this usage may use.
    pub(super) fn left_out(&self, usage: &Usage) -> Vec<ConsumerName> {
        let usage = &*usage.of_boards(&self.instances);
        let all = self.inventory.all.iter().filter(|consumer| consumer.standing == Standing::LeftOut);
        let out: Vec<&Consumer> = all.filter(|consumer| may_use(usage, consumer)).collect();
        let names = self.inventory.without.iter().filter(|name| out.iter().any(|consumer| consumer.is_called(name)));
        names.cloned().collect()
    }

    /// A GPU in use of which nothing is known, neither that it has a meter nor why it has none.
    fn unknown_gpu(&self, uuid: &str) -> Option<(PowerDomain, String)> {
        let is = |domain: &PowerDomain| domain.kind == DomainKind::Gpu && same_uuid(uuid, &domain.id);
        let known = self.inventory.all.iter().find(|consumer| is(&consumer.domain()));
        let is_settled = known
            .is_some_and(|known| matches!(known.standing, Standing::Unreadable | Standing::LeftOut | Standing::Within));
        if is_settled || self.sources.iter().any(|(source, _)| is(&source.domain)) {
            return None;
        }
        let why = known.and_then(|known| known.reason.as_deref()).map(|reason| format!(": {reason}"));
        let domain = PowerDomain { kind: DomainKind::Gpu, id: uuid.to_owned() };
        Some((domain, format!("no meter reads this GPU{}", why.unwrap_or_default())))
    }
}

/// Whether work of this usage may use it.
fn may_use(usage: &Usage, consumer: &Consumer) -> bool {
    match (usage, consumer.kind) {
        (Usage::All, _) | (_, DomainKind::Cpu | DomainKind::Dram | DomainKind::Platform) => true,
        (Usage::Gpus(used), DomainKind::Gpu) => used.iter().any(|uuid| same_uuid(uuid, &consumer.domain().id)),
        (Usage::Gpus(_), DomainKind::Accelerator) => false,
    }
}

/// Why a consumer has no figure, as what stands in its place.
fn missing(consumer: &Consumer) -> (PowerDomain, String) {
    let reason = consumer.reason.as_deref().unwrap_or("nobody knows why");
    let remedy = consumer.remedy.as_deref().map(|remedy| format!("; {remedy}")).unwrap_or_default();
    let leave = format!("or leave it out by its name, {}", consumer.names());
    (consumer.domain(), format!("it may be in use and has no figure: {reason}{remedy}; {leave}"))
}

#[cfg(test)]
impl Session {
    /// Whether a meter is known to hang.
    pub(super) fn hangs(&self) -> bool {
        self.shared().hangs()
    }
}
