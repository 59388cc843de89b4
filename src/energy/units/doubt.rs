//! What speaks against a figure.

use serde::{Deserialize, Serialize};

use super::{Joules, Uncertainty};

/// A counter that tells less than this part of the other figure, or the other one of it, is not off in proportion.
const OUT_OF_PROPORTION: f64 = 0.1;

/// Standard deviations within which a normal error stays with a probability of 95 %.
const NORMAL_95: f64 = 1.96;

/// Two figures of one energy that contradict each other by more than their resolution explains: a failed consistency
/// check. One of them is wrong, and from within nobody knows which.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Doubt {
    /// By the counter.
    pub counter: Joules,
    /// By integrated power.
    pub integrated: Joules,
    /// For how long both were known, in seconds.
    pub seconds: f64,
    /// Whether they agree but for stretches in which the counter stood still: that speaks against this figure alone, and not
    /// against the counter for ever.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stood_still: bool,
}

impl Doubt {
    /// What the word stands for, and what can be done: the end of a sentence.
    pub const REMEDY: &'static str = "one of the two is wrong, and nothing here tells which: the interval holds both; a newer driver, or \
                                      a meter at the wall, may tell";

    /// Whether it speaks against all figures by the counter: one that only stood still at times, or told nothing at all, may go on
    /// and be right.
    #[must_use]
    pub fn is_lasting(&self) -> bool {
        !self.stood_still && self.counter.0 > 0.0
    }

    /// One that lasts, or else that of the two which was told over the longer time.
    #[must_use]
    pub fn weightier(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        let weight = |doubt: &Self| (doubt.is_lasting(), doubt.seconds);
        match (one, other) {
            (Some(one), Some(other)) => Some(if weight(&other) > weight(&one) { other } else { one }),
            (one, other) => one.or(other),
        }
    }

    /// The uncertainty of a figure by the counter over so many seconds that is to hold the other one, too: what is apart in
    /// proportion, or where the counter told next to nothing, at the same power.
    #[must_use]
    pub fn widened(&self, joules: Joules, seconds: f64, known: Uncertainty) -> Uncertainty {
        let (counter, integrated) = (self.counter.0, self.integrated.0);
        let in_proportion = counter > integrated * OUT_OF_PROPORTION && integrated > counter * OUT_OF_PROPORTION;
        let share = match self.is_lasting() && in_proportion && joules.0 > 0.0 {
            true => joules.0 / counter,
            false => seconds / self.seconds,
        };
        let apart = (integrated - counter).abs() * share / NORMAL_95;
        let gain = if apart.is_finite() { known.gain.0.max(apart) } else { known.gain.0 };
        Uncertainty { gain: Joules(gain), ..known }
    }
}

/// For people: `the counter tells 187 J and integrated power 327 J of the same 5.0 s`.
impl std::fmt::Display for Doubt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { counter, integrated, seconds, stood_still } = self;
        write!(f, "the counter tells {counter} and integrated power {integrated} of the same {seconds:.1} s")?;
        if *stood_still {
            f.write_str(", and stood still for a part of them")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doubt(counter: f64, integrated: f64, stood_still: bool) -> Doubt {
        Doubt { counter: Joules(counter), integrated: Joules(integrated), seconds: 1.5, stood_still }
    }

    fn gain(doubt: Doubt, joules: f64, seconds: f64) -> f64 {
        let known = Uncertainty { gain: Joules(1.0), ..Uncertainty::default() };
        NORMAL_95 * doubt.widened(Joules(joules), seconds, known).gain.0
    }

    #[test]
    fn the_interval_holds_the_other_figure_and_is_finite_whatever_the_two_are() {
        // In proportion: 57 W and 100 W, or so much more of both.
        assert!((gain(doubt(57.0, 100.0, false), 570.0, 15.0) - 430.0).abs() < 1e-9);
        assert!((gain(doubt(57.0, 100.0, false), 5700.0, 15.0) - 4300.0).abs() < 1e-9);
        // Of a counter that stood still, power is what is missing.
        for told in [doubt(0.0, 450.0, false), doubt(0.0, 450.0, true), doubt(1e-3, 450.001, false)] {
            assert!((gain(told, 900.0, 3.0) - 900.0).abs() < 1e-9, "{told:?}");
            assert!((gain(told, 0.0, 3.0) - 900.0).abs() < 1e-9, "{told:?}");
        }
        let ends = [0.0, f64::MIN_POSITIVE, 1.0, f64::MAX, f64::INFINITY, f64::NAN];
        for (counter, integrated, joules) in
            ends.iter().flat_map(|a| ends.iter().flat_map(move |b| ends.map(|c| (*a, *b, c))))
        {
            let told = Doubt { seconds: 0.0, ..doubt(counter, integrated, false) };
            for told in [told, Doubt { seconds: 1.5, ..told }] {
                assert!(gain(told, joules, 3.0).is_finite(), "{told:?} {joules}");
            }
        }
    }

    #[test]
    fn what_lasts_weighs_more_and_stores_from_before_are_read() {
        let (still, lasting) = (Doubt { seconds: 9.0, ..doubt(1.0, 2.0, true) }, doubt(1.0, 2.0, false));
        for (one, other) in [(still, lasting), (lasting, still)] {
            assert_eq!(Doubt::weightier(Some(one), Some(other)), Some(lasting));
        }
        assert!(still.to_string().ends_with("of the same 9.0 s, and stood still for a part of them"), "{still}");
        let before = r#"{"counter":0.0,"integrated":450.0,"seconds":1.5}"#;
        let told: Doubt = serde_json::from_str(before).unwrap();
        assert!(!told.is_lasting());
        assert_eq!(serde_json::to_string(&told).unwrap(), before);
        let back: Doubt = serde_json::from_str(&serde_json::to_string(&still).unwrap()).unwrap();
        assert_eq!(back, still);
    }
}
