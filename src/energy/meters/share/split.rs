//! Who of those that used a device has spent how much of its energy.
//!
//! ```text
//! above rest:   (E - P t) u / U        by the time that each process kept the multiprocessors busy
//! at rest:      P t / H                evenly among the processes that hold the device
//! ```
//!
//! for energy `E` over a time `t` and the power at rest `P`. `u` is the utilisation of one process, `U` the sum of all,
//! and `H` the number of holders. Rest is split evenly because a process keeps a device awake by holding it, however
//! little it computes; split by utilisation alone, whoever computes least would have it for nothing. While nobody
//! computes all of `E` is rest, which mostly is higher for a device that is held than for one that is not. Where `P` is
//! not known yet and somebody computes, all of `E` counts as above rest. What a device draws that nobody holds is
//! nobody's: to give it to whoever asks would give it to two who ask. So the parts of all and nobody's are the whole.

use crate::energy::units::Method;

/// The standard deviation of the logarithm of the ratio between what two processes draw for the same utilisation.
///
/// Utilisation is the part of the time in which a kernel of the process ran at all. Whether it ran on one
/// multiprocessor or on all of them is not told. So what a board draws above rest at 100 % lies anywhere between about
/// a fifth of its limit and all of it: if the logarithm is uniform over a factor of five, its standard deviation is ln
/// 5 / sqrt(12) = 0.46, and that of the ratio of two processes 0.66. Those who share a board run alike kernels more
/// often than not, hence somewhat less. An assumption, not a measurement.
pub(crate) const POWER_RATIO: f64 = 0.5;

/// The variance of a utilisation that is told in whole percents.
const ROUNDING: f64 = 1.0 / 12.0;

/// The use of a device over one stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct ProcessUse {
    /// Utilisation in percent, of our processes and of all.
    pub(crate) ours: f64,
    pub(crate) all: f64,
    /// How many processes computed, ours and all.
    pub(crate) our_users: usize,
    pub(crate) users: usize,
    /// How many processes held the device, those that computed included, ours and all.
    pub(crate) our_holders: usize,
    pub(crate) holders: usize,
}

/// Our part of the energy of one stretch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct OurPart {
    /// In the unit of the energy that was split.
    pub(crate) energy: f64,
    /// The standard deviation of that because utilisation is no power: the same way for as long as the same processes run.
    pub(crate) sd: f64,
    /// The standard deviation for whole percents: by chance in every stretch.
    pub(crate) chance: f64,
}

impl ProcessUse {
    /// Our share of what is above rest; `None` if nobody computed.
    pub(crate) fn share(&self) -> Option<f64> {
        (self.all > 0.0).then(|| self.ours / self.all)
    }

    /// Our part of `energy`, of which `rest` is what the device would have drawn at rest.
    pub(crate) fn part(&self, energy: f64, rest: f64) -> OurPart {
        let rest = if self.all > 0.0 { rest.min(energy) } else { energy };
        let held = match self.holders {
            0 => 0.0,
            all => rest * (self.our_holders as f64 / all as f64),
        };
        let Some(share) = self.share() else { return OurPart { energy: held, sd: 0.0, chance: 0.0 } };
        let above = energy - rest;
        let others = self.users - self.our_users;
        // Of u / U, where each utilisation errs by itself; and of s = a u / (a u + b v), where a / b is not known.
        let variance = (1.0 - share).powi(2) * self.our_users as f64 + share.powi(2) * others as f64;
        let chance = above * (ROUNDING * variance).sqrt() / self.all;
        OurPart { energy: held + above * share, sd: above * share * (1.0 - share) * POWER_RATIO, chance }
    }
}

/// What sampling adds to the uncertainty of a stretch, as a variance: the share and the power of the stretch before were
/// others, and nobody saw when they changed. A step at any time, all alike likely, moves the energy by the step over
/// `sqrt(12)`.
pub(crate) fn unseen_step(part: &OurPart, share: f64, before: Option<f64>, method: Method, steps: (f64, f64)) -> f64 {
    let (above, power_step) = steps;
    let by_share = before.map_or(0.0, |before| (share - before) * above);
    let by_power = if method == Method::PowerIntegral { power_step * share } else { 0.0 };
    part.chance.powi(2) + (by_share.powi(2) + by_power.powi(2)) / 12.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rest_is_split_by_heads_and_the_remainder_by_utilisation() {
        let busy = ProcessUse { ours: 90.0, all: 100.0, our_users: 1, users: 2, our_holders: 1, holders: 2 };
        assert!((busy.part(300.0, 100.0).energy - 230.0).abs() < 1e-9);
        assert!((busy.part(300.0, 0.0).energy - 270.0).abs() < 1e-9, "where rest is not known");
        assert!((busy.part(80.0, 100.0).energy - 40.0).abs() < 1e-9, "less than at rest is all rest");
    }

    #[test]
    fn who_computes_alone_is_sure_and_who_shares_is_not() {
        let alone = ProcessUse { ours: 7.0, all: 7.0, our_users: 1, users: 1, our_holders: 1, holders: 1 };
        assert_eq!(alone.part(300.0, 100.0), OurPart { energy: 300.0, sd: 0.0, chance: 0.0 });
        let twin = ProcessUse { ours: 50.0, all: 100.0, our_users: 1, users: 2, our_holders: 1, holders: 2 };
        let part = twin.part(300.0, 100.0);
        assert_eq!((part.energy, part.sd), (150.0, 25.0), "a factor of e^0.5 between them moves a half by an eighth");
        // Two percents that each err by 0.29 move the half of 100 by 0.2 percents.
        assert!((part.chance - 200.0 * 0.5 * (1.0_f64 / 6.0).sqrt() / 100.0).abs() < 1e-9, "{}", part.chance);
    }

    #[test]
    fn nobody_has_what_a_device_draws_that_nobody_holds() {
        let resting = ProcessUse { holders: 2, our_holders: 1, ..ProcessUse::default() };
        assert_eq!(resting.part(300.0, 100.0).energy, 150.0, "all that is drawn while nobody computes is rest");
        assert_eq!(ProcessUse::default().part(300.0, 100.0).energy, 0.0);
    }

    proptest! {
        /// Any processes, dealt out to three parties: what the parties have, and what nobody has, is the whole.
        #[test]
        fn the_parts_of_all_are_the_whole(
            processes in prop::collection::vec((0_usize..3, 0_u32..=100, any::<bool>()), 0..12),
            energy in 0.0_f64..1e9,
            rest in 0.0_f64..1e9,
        ) {
            let party = |wanted: Option<usize>| {
                let members = || processes.iter().filter(move |(party, ..)| wanted.is_none_or(|wanted| wanted == *party));
                let percents = members().map(|(_, percent, _)| f64::from(*percent)).sum::<f64>();
                let users = members().filter(|(_, percent, _)| *percent > 0).count();
                (percents, users, members().filter(|(_, percent, holds)| *percent > 0 || *holds).count())
            };
            let (all, users, holders) = party(None);
            let parts: Vec<OurPart> = (0..3).map(|number| {
                let (ours, our_users, our_holders) = party(Some(number));
                ProcessUse { ours, all, our_users, users, our_holders, holders }.part(energy, rest)
            }).collect();
            let sum: f64 = parts.iter().map(|part| part.energy).sum();
            let nobodys = if holders > 0 { 0.0 } else { energy };
            prop_assert!((sum + nobodys - energy).abs() <= 1e-9 * energy, "{sum} and {nobodys} of {energy}");
            prop_assert!(parts.iter().all(|part| part.energy >= 0.0 && part.sd >= 0.0 && part.chance >= 0.0));
        }
    }
}
