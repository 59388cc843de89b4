//! A counter held against integrated power: two figures of the same energy that should agree.
//!
//! An idle GPU's counter once told 187 J of five seconds for which its power readings told 327 J
//! (<https://github.com/ml-energy/zeus/issues/181>). Which of the two is right cannot be said from within; that they differ
//! can.

use std::collections::VecDeque;
use std::time::Duration;

use crate::energy::meters::meter::{Grain, Reading};
use crate::energy::system::clock::Moment;
use crate::energy::units::{Doubt, Joules};

/// Figures that are further apart than this share of the larger one, beyond what their resolution explains, do not agree.
pub const AGREEMENT: f64 = 0.05;

/// Stretches of less are not judged: a load nearly in step with its sensor is out of step with it after some time only.
const SHORTEST: f64 = 1.2;

/// And none of fewer readings of power after the first: so many do not all fall on the same side of a load that alternates.
const FEWEST: u64 = 11;

/// A counter that gains nothing for so many of the times between two changes stands still.
const STILL: f64 = 3.5;

/// So many standard deviations of what readings of power tell by chance are allowed for. They are many, as the two
/// figures are held against each other again and again.
const CHANCE: f64 = 4.0;

/// Power, and chance, are told over stretches of so many seconds: a tick more or less is little in them.
const BLOCK: f64 = 0.4;

/// Bounds the memory of a long session: about half an hour of readings; older ones are thinned out.
const MOST_PAIRS: usize = 4096;

/// Beside all of a session, its last seconds are judged: so many.
const OF_LATE: Duration = Duration::from_secs(30);

/// Two figures of the energy of one piece of hardware over the same stretch of time.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct CrossCheck {
    /// By the counter.
    pub counter: Joules,
    /// By integrated power.
    pub integrated: Joules,
    /// For how long both were known, in seconds: a little less than the window.
    pub seconds: f64,
    /// How far they may be apart: [`AGREEMENT`], and what their resolution explains.
    pub tolerance: Joules,
    /// Whether they are further apart, but not where stretches are left out in which the counter stood still.
    pub stood_still: bool,
}

impl CrossCheck {
    /// Whether they are no further apart than they may be.
    #[must_use]
    pub fn agrees(&self) -> bool {
        (self.counter - self.integrated).0.abs() <= self.tolerance.0
    }
}

impl From<CrossCheck> for Doubt {
    fn from(check: CrossCheck) -> Self {
        let CrossCheck { counter, integrated, seconds, tolerance: _, stood_still } = check;
        Self { counter, integrated, seconds, stood_still }
    }
}

/// For people: `the counter tells 187 J and integrated power 327 J of the same 5.0 s`.
impl std::fmt::Display for CrossCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Doubt::from(*self).fmt(f)
    }
}

/// Both figures at about the same moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FigurePair {
    pub(crate) counter: Reading,
    pub(crate) integrated: Reading,
    pub(crate) grain: Grain,
}

/// The pairs of one source.
#[derive(Debug, Default)]
pub(crate) struct FigurePairs {
    all: VecDeque<FigurePair>,
    /// The two figures where they contradicted each other first. That is not taken back.
    doubt: Option<CrossCheck>,
    /// The last pair by which the session was judged.
    judged: Option<Moment>,
}

impl FigurePairs {
    /// Adds what was read last. A figure that could not be read leaves a gap, and one that was read before is no new pair.
    pub(crate) fn record(&mut self, counter: Reading, integrated: Reading, grain: Option<Grain>) {
        let last = self.all.back();
        let is_new = |last: &FigurePair| last.counter.at < counter.at && last.integrated.at < integrated.at;
        if last.is_none_or(is_new) {
            let one_more = || Grain { readings: last.map_or(1, |last| last.grain.readings + 1), ..Grain::default() };
            let grain = grain.unwrap_or_else(one_more);
            self.all.push_back(FigurePair { counter, integrated, grain });
        }
        if self.all.len() > MOST_PAIRS {
            // The figures are cumulative: nothing is lost but where exactly an old window began.
            let mut place = 0;
            self.all.retain(|_| {
                place += 1;
                place > MOST_PAIRS / 2 || place % 2 == 1
            });
        }
    }

    /// See [`cross_check`].
    pub(crate) fn check(&mut self, open: Moment, close: Moment, resolution: Duration) -> Option<CrossCheck> {
        cross_check(self.all.make_contiguous(), open, close, resolution)
    }

    /// What speaks against the counter so far, by all that was read since the session began and by what was read of late. Where it
    /// is known to have stood still does not count: its figures are missing there, or flagged of their own, and once it goes on
    /// it is as good as any.
    pub(crate) fn doubt(&mut self, resolution: Duration) -> Option<CrossCheck> {
        let (first, last) = (self.all.front()?.counter.at, self.all.back()?.counter.at);
        if self.doubt.is_none() && self.judged != Some(last) {
            self.judged = Some(last);
            let of_late = last.before(OF_LATE).max(first);
            let pairs = self.all.make_contiguous();
            let check = |from| judge(between(pairs, from, last), resolution, Stretches::Moving);
            let mut checks = [first, of_late].map(check).into_iter().flatten();
            self.doubt = checks.find(|check| !check.agrees());
        }
        self.doubt
    }
}

/// What both figures gained from one pair to a later one.
#[derive(Debug, Clone, Copy, Default)]
struct PairStep {
    counter: f64,
    integrated: f64,
    seconds: f64,
    unrest: f64,
    variance: f64,
    readings: u64,
    /// The figures began anew before it.
    is_first: bool,
}

impl PairStep {
    fn between(pair: &[FigurePair], is_first: bool) -> Self {
        let gained = |from: Reading, to: Reading| to.microjoules.saturating_sub(from.microjoules) as f64 * 1e-6;
        let (from, to) = (&pair[0], &pair[1]);
        Self {
            counter: gained(from.counter, to.counter),
            integrated: gained(from.integrated, to.integrated),
            seconds: to.counter.at.since(from.counter.at).as_secs_f64(),
            unrest: (to.grain.unrest - from.grain.unrest).max(0.0),
            variance: (to.grain.variance - from.grain.variance).max(0.0),
            readings: to.grain.readings.saturating_sub(from.grain.readings),
            is_first,
        }
    }

    fn and(self, next: &Self) -> Self {
        Self {
            counter: self.counter + next.counter,
            integrated: self.integrated + next.integrated,
            seconds: self.seconds + next.seconds,
            unrest: self.unrest + next.unrest,
            variance: self.variance + next.variance,
            readings: self.readings + next.readings,
            is_first: self.is_first,
        }
    }

    fn watts(&self) -> f64 {
        self.counter.max(self.integrated) / self.seconds
    }
}

/// The two figures between `open` and `close`, from pairs in order of time. `resolution` is that of both together: the sum
/// of the times between two changes of each. `None` if too little of the window is covered to tell.
///
/// A stretch counts from one pair to the next if neither figure began anew. They may be apart by four things:
///
/// * [`AGREEMENT`];
/// * at either end of an unbroken row each figure lags by its resolution at most, at the power of then. The highest
///   power of the window is taken for it. Each lags, too, by what more or less the driver takes to hand over samples;
/// * power that changes between two of its readings was told too high or too low: every time, if the load is in step with them
///   ([`Grain::unrest`]), or by chance ([`Grain::variance`]);
/// * what a reading does not see at all differs by chance from stretch to stretch, and the sum by as much as the root
///   of their number. The bound is that which chance keeps to 99.9 % of the time, by Student's distribution, as there
///   may be few. A tick more or less in a stretch is not chance, for the next one has it less or more; nor is a counter
///   that stands still.
pub(crate) fn cross_check(
    pairs: &[FigurePair],
    open: Moment,
    close: Moment,
    resolution: Duration,
) -> Option<CrossCheck> {
    let pairs = between(pairs, open, close);
    let check = judge(pairs, resolution, Stretches::All)?;
    let agrees_moving = || judge(pairs, resolution, Stretches::Moving).is_none_or(|check| check.agrees());
    Some(CrossCheck { stood_still: !check.agrees() && agrees_moving(), ..check })
}

fn between(pairs: &[FigurePair], open: Moment, close: Moment) -> &[FigurePair] {
    let first = pairs.partition_point(|pair| pair.counter.at < open);
    let end = pairs.partition_point(|pair| pair.counter.at <= close);
    pairs.get(first..end).unwrap_or_default()
}

/// Which stretches are judged.
#[derive(Clone, Copy, PartialEq)]
enum Stretches {
    All,
    /// Those in which the counter did not stand still.
    Moving,
}

/// For each step between pairs, whether the counter stood still in it, or just before or after: it stopped and went on, or caught
/// up, somewhere within these. At the end of all a shorter standstill counts, as it may go on.
fn still(pairs: &[FigurePair], resolution: Duration) -> Vec<bool> {
    let mut still = vec![false; pairs.len().saturating_sub(1)];
    let reading = |place: usize| (pairs[place].counter.microjoules, pairs[place].counter.segment);
    let mut begin = 0;
    while begin < still.len() {
        let steps = (begin..still.len()).take_while(|step| reading(step + 1) == reading(begin)).count();
        let end = begin + steps;
        let stood = pairs[end].counter.at.since(pairs[begin].counter.at);
        let limit = if end == still.len() { resolution } else { resolution.mul_f64(STILL) };
        if steps > 0 && stood >= limit {
            let last = (end + 1).min(still.len());
            still[begin.saturating_sub(1)..last].fill(true);
        }
        begin = end + 1;
    }
    still
}

fn judge(pairs: &[FigurePair], resolution: Duration, stretches: Stretches) -> Option<CrossCheck> {
    let still = still(pairs, resolution);
    let mut breaks = true;
    let (mut steps, mut moving) = (Vec::with_capacity(pairs.len()), Vec::with_capacity(pairs.len()));
    for (pair, is_still) in pairs.windows(2).zip(still) {
        let whole = pair[0].counter.segment == pair[1].counter.segment
            && pair[0].integrated.segment == pair[1].integrated.segment
            && (stretches == Stretches::All || !is_still);
        if whole {
            let step = PairStep::between(pair, breaks);
            steps.push(step);
            moving.extend((!is_still).then_some(step));
        }
        breaks = !whole;
    }
    let sum = steps.iter().fold(PairStep::default(), |sum, step| sum.and(step));
    if sum.seconds < SHORTEST || sum.readings < FEWEST {
        return None;
    }
    // Neither a standstill nor catching up is chance, or power.
    let drawn = blocks(&steps).iter().map(|block| block.integrated / block.seconds).fold(0.0, f64::max);
    let blocks = blocks(&moving);
    let peak = blocks.iter().map(PairStep::watts).fold(drawn, f64::max);
    let lags = || pairs.iter().map(|pair| pair.grain.lag);
    let handed_over = lags().max()?.saturating_sub(lags().min()?).saturating_sub(resolution);
    let end = peak * (resolution + handed_over).as_secs_f64();
    let edges = steps.iter().filter(|step| step.is_first).count() as f64 * end;
    let chance = chance(&blocks, end);
    let larger = sum.counter.max(sum.integrated);
    let unseen = sum.unrest.max(CHANCE * sum.variance.sqrt());
    let tolerance = Joules(AGREEMENT * larger + edges + unseen + chance);
    let (counter, integrated) = (Joules(sum.counter), Joules(sum.integrated));
    Some(CrossCheck { counter, integrated, seconds: sum.seconds, tolerance, stood_still: false })
}

/// How far the sums of both figures may be apart by chance: by what differs from block to block by more than what is
/// read at an `end`.
fn chance(blocks: &[PairStep], end: f64) -> f64 {
    if blocks.len() < 2 {
        return 0.0;
    }
    let count = blocks.len() as f64;
    let sum = blocks.iter().fold(PairStep::default(), |sum, block| sum.and(block));
    let per_second = (sum.counter - sum.integrated) / sum.seconds;
    let off = |block: &PairStep| (block.counter - block.integrated - per_second * block.seconds).abs() - end;
    let off = blocks.iter().map(|block| off(block).max(0.0).powi(2)).sum::<f64>();
    student(blocks.len() - 1) * (off * count / (count - 1.0)).sqrt()
}

/// Neighbouring steps together, until they are long enough to tell power. What is left of a row is told with what was before
/// it.
fn blocks(steps: &[PairStep]) -> Vec<PairStep> {
    let mut blocks: Vec<PairStep> = Vec::new();
    for step in steps {
        match blocks.last_mut() {
            Some(last) if last.seconds < BLOCK => *last = last.and(step),
            _ => blocks.push(*step),
        }
    }
    if blocks.len() > 1
        && let Some(rest) = blocks.pop_if(|last| last.seconds < BLOCK)
        && let Some(last) = blocks.last_mut()
    {
        *last = last.and(&rest);
    }
    blocks
}

/// What a variable of Student's distribution with so many degrees of freedom exceeds as rarely as a normal one does three
/// standard deviations.
fn student(freedom: usize) -> f64 {
    match freedom {
        0 | 1 => 235.8,
        2 => 19.21,
        3 => 9.22,
        4 => 6.62,
        5 => 5.51,
        6 => 4.90,
        7 => 4.53,
        8 => 4.28,
        9 => 4.09,
        10..15 => 3.96,
        15..20 => 3.59,
        20..30 => 3.42,
        30..60 => 3.27,
        60..200 => 3.13,
        _ => 3.0,
    }
}

#[cfg(test)]
mod tests;
