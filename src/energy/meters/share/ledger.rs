//! Our part of one device, stretch by stretch.

use std::collections::VecDeque;
use std::time::Duration;

use super::super::meter::{EnergySource, Reading, Shares};
use super::kin::Kin;
use super::split::{ProcessUse, unseen_step};
use super::users::UtilizationSample;
use crate::energy::error::EnergyError;
use crate::energy::units::{Method, PowerDomain};

/// The driver samples utilisation every 1/6 s to 1 s by NVIDIA's documentation of `nvmlUtilization_t`. Without a sample for
/// longer, nobody computes: not before that time, for what is computed now is told by a sample yet to come.
const PATIENCE: Duration = Duration::from_millis(1200);

/// A counter that has not moved for so long hangs; for less it may be between two ticks.
const HANGS: Duration = Duration::from_millis(350);

/// A stretch that lasted longer is not shared out: who computed when is anybody's guess.
const LONGEST: Duration = Duration::from_secs(5);

/// Power at rest is told from so much time at least: against it the ticks of a counter, 0.1 s, are little.
const REST: Duration = Duration::from_secs(3);

/// Utilisations above this are known to be told of processes that have ended, and mean nothing (nvtop's issue 110).
const MOST_PERCENT: u32 = 100;

/// Energy since the last sample of utilisation waits for the next one, which tells whose it was: that ends a stretch. Where none
/// comes, a stretch ends with the last reading that is so long ago that nobody can have computed before.
#[derive(Debug)]
pub(crate) struct Ledger {
    domain: PowerDomain,
    /// That of the whole device.
    method: Method,
    /// The whole device's energy where the stretch began.
    begun: Option<Reading>,
    /// What it showed since.
    since: VecDeque<Reading>,
    /// Our part at the readings of stretches that are over, to be told one after the other, and the last that was told.
    ready: VecDeque<Reading>,
    last: Option<Reading>,
    /// The utilisation of the stretch so far, and up to which sample that is.
    busy: Vec<UtilizationSample>,
    seen_us: u64,
    holders: Vec<u32>,
    /// The least power while nobody computed, in watts, and since when nobody does.
    rest: Option<f64>,
    resting: Option<Reading>,
    /// Of the stretch before: our share, and the power in watts.
    before: Option<(f64, f64)>,
    total_uj: f64,
    segment: u64,
    shares: Shares,
    /// The newest of all samples, where it is older than what was seen: see [`Self::was_set_back`].
    suspect_us: Option<u64>,
}

impl Ledger {
    pub(crate) fn new(source: &EnergySource) -> Self {
        Self {
            domain: source.domain.clone(),
            method: source.method,
            begun: None,
            since: VecDeque::new(),
            ready: VecDeque::new(),
            last: None,
            busy: Vec::new(),
            seen_us: 0,
            holders: Vec::new(),
            rest: None,
            resting: None,
            before: None,
            total_uj: 0.0,
            segment: 0,
            shares: Shares::default(),
            suspect_us: None,
        }
    }

    /// These processes hold the device.
    pub(crate) fn held_by(&mut self, processes: Vec<u32>) {
        self.holders = processes;
    }

    pub(crate) fn shares(&self) -> Shares {
        self.shares
    }

    /// The whole device shows `whole`. Answers with our part up to a reading in a stretch that is over.
    pub(crate) fn advance(
        &mut self,
        whole: Reading,
        ask: impl Fn(u64) -> Result<Vec<UtilizationSample>, EnergyError>,
        kin: &mut Kin,
    ) -> Result<Reading, EnergyError> {
        let samples = ask(self.seen_us)?;
        let Some(begun) = self.begun else {
            self.take(&samples);
            return Ok(self.begin(whole));
        };
        let passed = whole.at.since(begun.at);
        if whole.segment != begun.segment || passed > LONGEST {
            self.take(&samples);
            return Ok(self.begin_anew(whole));
        }
        let fresh = self.take(&samples);
        self.busy.extend(fresh);
        if passed.is_zero() {
            return Ok(self.next().unwrap_or(self.reading(begun)));
        }
        if whole.microjoules == begun.microjoules && self.method == Method::Counter && passed < HANGS {
            return Ok(self.next().unwrap_or(self.reading(begun)));
        }
        if whole.microjoules == begun.microjoules && self.method == Method::Counter {
            let reason = "the counter did not move: it hangs".to_owned();
            return Err(EnergyError::Read { domain: self.domain.clone(), reason });
        }
        self.since.push_back(whole);
        let end = match self.busy.is_empty() {
            false => Some(whole),
            true => self.since.iter().rfind(|reading| whole.at.since(reading.at) >= PATIENCE).copied(),
        };
        if let Some(end) = end {
            if self.busy.is_empty() && self.was_set_back(&ask)? {
                return Ok(self.begin_anew(whole));
            }
            self.share_out(begun, end, kin);
        }
        Ok(self.next().unwrap_or(self.reading(begun)))
    }

    /// The next reading that is ready, or the last one again; `None` if there was none yet.
    pub(crate) fn next(&mut self) -> Option<Reading> {
        self.last = self.ready.pop_front().or(self.last);
        self.last
    }

    /// Those of the samples that are new and sound.
    fn take(&mut self, samples: &[UtilizationSample]) -> Vec<UtilizationSample> {
        let seen_us = self.seen_us;
        self.seen_us = samples.iter().map(|sample| sample.at_us).fold(seen_us, u64::max);
        let sound =
            |sample: &&UtilizationSample| sample.at_us > seen_us && (1..=MOST_PERCENT).contains(&sample.percent);
        samples.iter().filter(sound).copied().collect()
    }

    /// Whether somebody has set the wall clock back, which dates the samples: there are some that look old, and by the next
    /// time still newer ones, though none newer than what was seen. From now on they are new. For as long as the driver keeps
    /// samples of before, whose dates are those of the future, this happens again.
    fn was_set_back(
        &mut self,
        ask: &impl Fn(u64) -> Result<Vec<UtilizationSample>, EnergyError>,
    ) -> Result<bool, EnergyError> {
        let all = ask(0)?;
        let newest_us = all.iter().map(|sample| sample.at_us).max().filter(|newest_us| *newest_us < self.seen_us);
        let back = newest_us.zip(self.suspect_us).filter(|(newest_us, suspect_us)| newest_us > suspect_us);
        self.suspect_us = newest_us;
        if let Some((newest_us, _)) = back {
            (self.seen_us, self.suspect_us) = (newest_us, None);
        }
        Ok(back.is_some())
    }

    /// What was since the last stretch is not known.
    fn begin_anew(&mut self, whole: Reading) -> Reading {
        self.segment += 1;
        (self.before, self.resting) = (None, None);
        self.begin(whole)
    }

    fn begin(&mut self, whole: Reading) -> Reading {
        self.begun = Some(whole);
        self.since.clear();
        self.busy.clear();
        let reading = self.reading(whole);
        self.ready.push_back(reading);
        self.next().unwrap_or(reading)
    }

    fn reading(&self, whole: Reading) -> Reading {
        Reading { at: whole.at, microjoules: self.total_uj as u64, segment: self.segment }
    }

    /// Ends the stretch. Who computed is known of all of it alike, and its energy reading by reading.
    fn share_out(&mut self, begun: Reading, end: Reading, kin: &mut Kin) {
        let (used, unseen) = self.used(kin, end);
        self.rest_until(used.share().is_none().then_some(end), begun);
        let mut from = begun;
        while let Some(to) = self.since.front().copied().filter(|reading| reading.at <= end.at) {
            self.since.pop_front();
            let (microjoules, rest) = self.step(from, to);
            self.total_uj += used.part(microjoules, rest).energy;
            let reading = self.reading(to);
            self.ready.push_back(reading);
            from = to;
        }
        let (microjoules, rest) = self.step(begun, end);
        let part = used.part(microjoules, rest);
        let share = used.share().unwrap_or(0.0);
        let seconds = end.at.since(begun.at).as_secs_f64();
        let watts = microjoules * 1e-6 / seconds;
        let (before, last_watts) = self.before.unzip();
        let steps = ((microjoules - rest).max(0.0), (watts - last_watts.unwrap_or(watts)) * seconds * 1e6);
        self.shares.sd += part.sd * 1e-6;
        self.shares.variance += unseen_step(&part, share, before, self.method, steps) * 1e-12;
        self.shares.unseen += u64::from(unseen);
        self.before = Some((share, watts));
        self.begun = Some(end);
        self.busy.clear();
    }

    /// The energy between two readings, and that of the device at rest meanwhile, both in microjoules.
    fn step(&self, from: Reading, to: Reading) -> (f64, f64) {
        let microjoules = to.microjoules.saturating_sub(from.microjoules) as f64;
        (microjoules, self.rest.map_or(0.0, |watts| watts * to.at.since(from.at).as_secs_f64() * 1e6))
    }

    /// Learns the power at rest from the time in which nobody computes, which lasts until now or is over.
    fn rest_until(&mut self, now: Option<Reading>, begun: Reading) {
        let Some(now) = now else {
            self.resting = None;
            return;
        };
        let from = *self.resting.get_or_insert(begun);
        let seconds = now.at.since(from.at).as_secs_f64();
        if seconds >= REST.as_secs_f64() {
            let watts = now.microjoules.saturating_sub(from.microjoules) as f64 * 1e-6 / seconds;
            self.rest = Some(self.rest.map_or(watts, |rest| rest.min(watts)));
            self.resting = Some(now);
        }
    }

    /// Who used the device in the stretch, and whether processes did that this system does not show.
    fn used(&self, kin: &mut Kin, end: Reading) -> (ProcessUse, bool) {
        let mut used = ProcessUse::default();
        let mut unseen = false;
        let mut pids: Vec<u32> = self.busy.iter().map(|busy| busy.pid).chain(self.holders.iter().copied()).collect();
        pids.sort_unstable();
        pids.dedup();
        for pid in pids {
            let percents: Vec<u32> = self.busy.iter().filter(|busy| busy.pid == pid).map(|busy| busy.percent).collect();
            let percent: f64 = percents.iter().copied().map(f64::from).sum();
            let whose = kin.has(pid, end.at);
            let (ours, computes) = (usize::from(whose == Some(true)), usize::from(!percents.is_empty()));
            unseen |= whose.is_none() && computes > 0;
            used.all += percent;
            used.ours += percent * ours as f64;
            used.users += computes;
            used.our_users += computes * ours;
            used.holders += 1;
            used.our_holders += ours;
        }
        (used, unseen)
    }
}
