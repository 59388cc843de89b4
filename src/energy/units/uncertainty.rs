//! How far a figure of energy may be off.

use serde::{Deserialize, Deserializer, Serialize};

use super::Joules;

/// The standard deviations of what makes a figure of energy uncertain, in joules. The parts are independent of each other.
///
/// A normal error stays within 1.96 standard deviations with a probability of 95 %.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Uncertainty {
    /// When exactly the window began and ended, against the ticks of the counter: new in every window.
    pub edge: Joules,
    /// How far readings of this hardware are off in proportion: the same for all windows on the same hardware.
    pub gain: Joules,
    /// The baseline that is subtracted for net energy: the same power for all windows of a session. No part of gross energy.
    pub idle: Joules,
    /// The share of a device that others used too: new in every window.
    pub attribution: Joules,
}

impl Uncertainty {
    /// Whether it is known: all of it is finite.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        [self.edge, self.gain, self.idle, self.attribution].iter().all(|part| part.0.is_finite())
    }

    /// For stores: a part that is no number, which JSON has as `null`, makes all of it unknown.
    pub(super) fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Self>, D::Error> {
        #[derive(Deserialize)]
        #[serde(default)]
        struct Parts {
            edge: Option<Joules>,
            gain: Option<Joules>,
            idle: Option<Joules>,
            attribution: Option<Joules>,
        }

        impl Default for Parts {
            fn default() -> Self {
                let none = Some(Joules(0.0));
                Self { edge: none, gain: none, idle: none, attribution: none }
            }
        }

        let known = |parts: Parts| {
            let Parts { edge, gain, idle, attribution } = parts;
            Some(Self { edge: edge?, gain: gain?, idle: idle?, attribution: attribution? })
        };
        Ok(Option::<Parts>::deserialize(from)?.and_then(known))
    }

    /// What is written of it: nothing of one that is not finite.
    pub(super) fn is_unknown(known: &Option<Self>) -> bool {
        !known.is_some_and(|known| known.is_finite())
    }

    /// Of the figure against the truth, for gross energy.
    #[must_use]
    pub fn absolute(&self) -> Joules {
        hypot([self.edge, self.gain, self.attribution])
    }

    /// Of the figure against the truth, for net energy.
    #[must_use]
    pub fn absolute_net(&self) -> Joules {
        hypot([self.edge, self.gain, self.idle, self.attribution])
    }

    /// Of the figure, gross, against those of other windows on the same hardware: gain is the same in all of them, and cancels.
    #[must_use]
    pub fn relative(&self) -> Joules {
        hypot([self.edge, self.attribution])
    }

    /// For the sum of the figures of different hardware over one window: all parts are independent.
    #[must_use]
    pub fn beside(&self, other: &Self) -> Self {
        Self {
            edge: hypot([self.edge, other.edge]),
            gain: hypot([self.gain, other.gain]),
            idle: hypot([self.idle, other.idle]),
            attribution: hypot([self.attribution, other.attribution]),
        }
    }

    /// For the sum of the figures of one piece of hardware over windows that do not overlap: gain and baseline err alike in
    /// all of them.
    #[must_use]
    pub fn and_then(&self, other: &Self) -> Self {
        Self {
            edge: hypot([self.edge, other.edge]),
            gain: self.gain + other.gain,
            idle: self.idle + other.idle,
            attribution: hypot([self.attribution, other.attribution]),
        }
    }
}

fn hypot<const N: usize>(parts: [Joules; N]) -> Joules {
    Joules(parts.iter().map(|part| part.0 * part.0).sum::<f64>().sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Uncertainty =
        Uncertainty { edge: Joules(3.0), gain: Joules(4.0), idle: Joules(12.0), attribution: Joules(0.0) };

    #[test]
    fn gain_cancels_between_windows_of_one_device_and_baselines_matter_for_net_alone() {
        assert_eq!((ONE.relative(), ONE.absolute(), ONE.absolute_net()), (Joules(3.0), Joules(5.0), Joules(13.0)));
    }

    #[test]
    fn edges_add_up_as_chance_and_gains_as_a_rule() {
        let twice = ONE.and_then(&ONE);
        assert!((twice.edge.0 - 18_f64.sqrt()).abs() < 1e-12);
        assert_eq!((twice.gain, twice.idle), (Joules(8.0), Joules(24.0)));
        assert!((ONE.beside(&ONE).gain.0 - 32_f64.sqrt()).abs() < 1e-12);
    }
}
