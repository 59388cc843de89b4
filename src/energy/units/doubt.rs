//! What speaks against a figure.

use serde::{Deserialize, Serialize};

use super::{Joules, Uncertainty};

/// Standard deviations within which a normal error stays with a probability of 95 %.
const NORMAL_95: f64 = 1.96;

/// Two figures of one energy that contradict each other by more than their resolution explains: one of them is wrong, and from
/// within nobody knows which.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Doubt {
    /// By the counter.
    pub counter: Joules,
    /// By integrated power.
    pub integrated: Joules,
    /// For how long both were known, in seconds.
    pub seconds: f64,
}

impl Doubt {
    /// What the word stands for, and what can be done: the end of a sentence.
    pub const REMEDY: &'static str = "one of the two is wrong, and nothing here tells which: the interval holds both; a newer driver, or \
                                      a meter at the wall, may tell";

    /// How much integrated power tells for each joule of the counter.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.integrated.0 / self.counter.0.max(f64::MIN_POSITIVE)
    }

    /// That of the two which was told over the longer time.
    #[must_use]
    pub fn weightier(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (Some(one), Some(other)) => Some(if other.seconds > one.seconds { other } else { one }),
            (one, other) => one.or(other),
        }
    }

    /// The uncertainty of a figure by the counter that is to hold the other one, too.
    #[must_use]
    pub fn widened(&self, joules: Joules, known: Uncertainty) -> Uncertainty {
        let apart = Joules((1.0 - self.ratio()).abs() * joules.0 / NORMAL_95);
        Uncertainty { gain: Joules(known.gain.0.max(apart.0)), ..known }
    }
}

/// For people: `the counter tells 187 J and integrated power 327 J of the same 5.0 s`.
impl std::fmt::Display for Doubt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { counter, integrated, seconds } = self;
        write!(f, "the counter tells {counter} and integrated power {integrated} of the same {seconds:.1} s")
    }
}
