//! Which part of the data is for what.

use std::fmt;
use std::str::FromStr;

use super::{DataError, Dataset};

/// A percent, in the unit that shares are counted in: the fourth decimal.
const PERCENT: u32 = 10_000;
const WHOLE: u32 = 100 * PERCENT;

/// How much of each class is for training, validation and the final test: three shares above 0 that are 100 % together.
/// They are kept as whole ten-thousandths of a percent, so that what is said of them holds exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shares {
    train: u32,
    validation: u32,
    test: u32,
}

impl Shares {
    /// Shares in percent, each with at most four decimals.
    ///
    /// # Errors
    /// [`DataError::Partition`] if one is not above 0, or they are not 100 together.
    pub fn percent(train: f64, validation: f64, test: f64) -> Result<Self, DataError> {
        format!("{train}-{validation}-{test}").parse()
    }

    /// The share that weights are fitted to, in percent.
    #[must_use]
    pub fn train(&self) -> f64 {
        f64::from(self.train) / f64::from(PERCENT)
    }

    /// The share that configurations are compared by, in percent.
    #[must_use]
    pub fn validation(&self) -> f64 {
        f64::from(self.validation) / f64::from(PERCENT)
    }

    /// The share that is looked at once, when everything is decided, in percent.
    #[must_use]
    pub fn test(&self) -> f64 {
        f64::from(self.test) / f64::from(PERCENT)
    }

    /// How many of a class of so many are for validation and for the test: the nearest whole numbers. A half is rounded
    /// up for validation and down for the test. So the validation of one partition and the test of another have room
    /// side by side in every class whenever their shares have.
    pub(super) fn of(&self, members: usize) -> (usize, usize) {
        (round_half_up(self.validation, members), round_half_down(self.test, members))
    }
}

/// A tenth of what the publisher did not keep for the test.
pub(super) fn validation_beside_given(members: usize) -> usize {
    round_half_up(WHOLE / 10, members)
}

fn round_half_up(share: u32, of: usize) -> usize {
    ((2 * u128::from(share) * of as u128 + u128::from(WHOLE)) / (2 * u128::from(WHOLE))) as usize
}

fn round_half_down(share: u32, of: usize) -> usize {
    ((2 * u128::from(share) * of as u128 + u128::from(WHOLE) - 1) / (2 * u128::from(WHOLE))) as usize
}

/// 60-20-20.
impl Default for Shares {
    fn default() -> Self {
        Self { train: 60 * PERCENT, validation: 20 * PERCENT, test: 20 * PERCENT }
    }
}

impl fmt::Display for Shares {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.train(), self.validation(), self.test())
    }
}

impl FromStr for Shares {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        let wrong = |reason: String| DataError::Partition { text: text.to_owned(), reason };
        let parts: Vec<&str> = text.split('-').collect();
        let [train, validation, test] = parts[..] else {
            return Err(wrong("it is not three numbers with `-` between them".to_owned()));
        };
        let share = |number: &str| {
            share_of(number)
                .ok_or_else(|| wrong(format!("`{number}` is not a percentage above 0 with at most 4 decimals")))
        };
        let shares = Self { train: share(train)?, validation: share(validation)?, test: share(test)? };
        let sum = shares.train + shares.validation + shares.test;
        if sum != WHOLE {
            return Err(wrong(format!("the shares are {} % together", f64::from(sum) / f64::from(PERCENT))));
        }
        Ok(shares)
    }
}

/// A percentage above 0 and up to 100 as ten-thousandths of a percent.
fn share_of(number: &str) -> Option<u32> {
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str, most: usize| (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole, 3) || !digits(decimals, 4) {
        return None;
    }
    let share = whole.parse::<u32>().ok()? * PERCENT + format!("{decimals:0<4}").parse::<u32>().ok()?;
    (1..=WHOLE).contains(&share).then_some(share)
}

/// How a dataset is divided into samples for training, for validation and for the final test. As text, `given` or shares
/// in percent such as `60-20-20`: training, validation, test.
///
/// ```
/// use wattfront::data::{self, Partition, Split};
///
/// let digits = data::load("digits")?;
/// let partition: Partition = "70-15-15".parse()?;
/// let split = Split::of(&digits, &partition, 0)?;
/// assert_eq!((split.train.len(), split.validation.len(), split.test.len()), (1259, 269, 269));
/// # Ok::<(), wattfront::data::DataError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Partition {
    /// The publisher's own test part is the test part. So is the publisher's validation part, if there is one; or else a tenth of
    /// each class of the rest is for validation.
    Given,
    /// Shares of all samples. A publisher's test part is pooled with the rest first.
    Shares(Shares),
}

impl Partition {
    /// Partitions that are worth comparing.
    pub const NAMED: [&'static str; 4] = ["60-20-20", "70-15-15", "80-10-10", "90-5-5"];

    /// What a dataset is divided by if nobody says: as given where there is a test part, or else 60-20-20.
    #[must_use]
    pub fn default_for(dataset: &Dataset) -> Self {
        if dataset.test_from().is_some() { Self::Given } else { Self::Shares(Shares::default()) }
    }

    /// Whether one study may search among these partitions: no sample that configurations are compared by in one may be
    /// a sample of the final test in another. That holds for shares whenever the validation share of each and the test
    /// share of each are at most 100 % together; see [`Split`](super::Split). `given` goes with no other.
    ///
    /// # Errors
    /// [`DataError::Partition`] with the pair that does not go together.
    pub fn together(partitions: &[Self]) -> Result<(), DataError> {
        for one in partitions {
            for other in partitions {
                let reason = match (one, other) {
                    (Self::Given, Self::Given) => continue,
                    (Self::Shares(a), Self::Shares(b)) if a.validation + b.test <= WHOLE => continue,
                    (Self::Shares(_), Self::Shares(_)) => "this validation part would hold samples of that test part",
                    _ => "shares pool the given test part with the rest, and would validate on it",
                };
                let reason = format!("one study cannot search it together with `{other}`: {reason}");
                return Err(DataError::Partition { text: one.to_string(), reason });
            }
        }
        Ok(())
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given => f.write_str("given"),
            Self::Shares(shares) => shares.fmt(f),
        }
    }
}

impl FromStr for Partition {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        if text == "given" { Ok(Self::Given) } else { text.parse().map(Self::Shares) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::data::testing::said;

    #[test]
    fn texts_are_read_and_written_back() {
        for text in Partition::NAMED.into_iter().chain(["given", "33.4-33.3-33.3", "99.9998-0.0001-0.0001"]) {
            assert_eq!(text.parse::<Partition>().unwrap().to_string(), text);
        }
        assert_eq!("060.0-20.00-20".parse::<Partition>().unwrap(), Partition::Shares(Shares::default()));
        assert_eq!(Shares::percent(60.0, 20.0, 20.0).unwrap(), Shares::default());
    }

    #[test]
    fn wrong_texts_are_answered() {
        let error = |text: &str| said(&text.parse::<Partition>().unwrap_err());
        assert!(error("60-20-10").contains("90 % together"));
        assert!(error("100-0-0").contains("`0` is not a percentage"));
        assert!(error("60-20").contains("three numbers"));
        for text in
            ["", "Given", "60--20-60", "60-20-20-0", "6e1-20-20", "60.-20-20", "33.33334-33-33.66666", "NaN-1-1"]
        {
            assert!(error(text).contains("for example `60-20-20`"), "{text}");
        }
        assert!(Shares::percent(f64::NAN, 20.0, 20.0).is_err() && Shares::percent(-60.0, 80.0, 80.0).is_err());
    }

    #[test]
    fn some_partitions_do_not_go_together() {
        let all = |texts: &[&str]| texts.iter().map(|t| t.parse().unwrap()).collect::<Vec<Partition>>();
        Partition::together(&all(&Partition::NAMED)).unwrap();
        Partition::together(&all(&["given", "given"])).unwrap();
        let error = Partition::together(&all(&["60-20-20", "given"])).unwrap_err().to_string();
        assert!(error.contains("`60-20-20`") && error.contains("together with `given`"), "{error}");
        let error = Partition::together(&all(&["10-10-80", "10-80-10"])).unwrap_err().to_string();
        assert!(error.contains("`10-80-10`") && error.contains("together with `10-10-80`"), "{error}");
    }

    proptest! {
        #[test]
        fn halves_leave_room_for_each_other(share in 1..WHOLE, members in 0..100_000_usize) {
            prop_assert_eq!(round_half_up(share, members) + round_half_down(WHOLE - share, members), members);
            let exact = f64::from(share) / f64::from(WHOLE) * members as f64;
            prop_assert!((round_half_up(share, members) as f64 - exact).abs() <= 0.5 + 1e-6);
        }
    }
}
