//! What came of it, in one sentence.

use super::super::number::ROUNDING;
use super::super::statistics::{Interval, Mean};
use super::super::{Digits, Quantity};
use super::{Confirmation, ConstraintStanding, Difference, Member};

impl Confirmation {
    /// What holds, in one sentence, such as `over 5 seeds, trial 38 against trial 29, the most accurate of the search:
    /// estimated energy -65 % [-70, -60], accuracy -2.0 points [-3.5, -0.5]`. What is in brackets are 95 % intervals.
    /// No full stop at the end.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Some(base) = self.base.and_then(|base| self.member(base)) else {
            return match self.members.iter().map(|member| member.runs.len()).sum::<usize>() {
                0 => "nothing has been run again yet".to_owned(),
                _ if self.members.iter().any(|member| member.has_means() && !self.breaks(member)) => {
                    "every trial that keeps the constraints by its means failed with some seed".to_owned()
                }
                _ if self.members.iter().any(Member::has_means) => {
                    "no trial keeps the constraints by its means".to_owned()
                }
                _ => "no trial has finished with any new seed".to_owned(),
            };
        };
        let Some(pick) = self.pick.and_then(|pick| self.member(pick)) else {
            return self.alone(base);
        };
        let lead = self.quantities[self.lead].name();
        let (own, other) = (pick.trial, base.trial);
        let Some(pairs) = pick.differences.first().map(|difference| difference.mean().count) else {
            return format!("trials {own} and {other} cannot be compared, for no seed has finished with both");
        };
        let which = match self.chosen.contains(&other) {
            true => format!("which has the best mean {lead}"),
            false => format!("the best {lead} of the search"),
        };
        let order = self.cost.into_iter().chain((0..self.objectives.len()).filter(|k| Some(*k) != self.cost));
        let parts =
            order.filter_map(|k| Some(format!("{} {}", self.named(&self.quantities[k]), self.change(pick, k)?)));
        let unsure = pick.differences.iter().zip(&self.quantities).filter(|(difference, _)| !difference.is_shown());
        let unsure: Vec<String> = unsure.map(|(_, quantity)| quantity.name()).collect();
        let doubt = match unsure[..] {
            [] => String::new(),
            _ => format!("; no difference in {} is shown", enumerated(&unsure)),
        };
        let flattered = match self.chosen[..] {
            [] => String::new(),
            [one] => format!("; trial {one} was chosen by these means, which flatter it"),
            _ => "; both were chosen by these means, which flatter them".to_owned(),
        };
        let parts = parts.collect::<Vec<_>>().join(", ");
        format!("{}, trial {own} against trial {other}, {which}: {parts}{doubt}{flattered}", seeds(pairs))
    }

    fn breaks(&self, member: &Member) -> bool {
        let broken = |(trial, standing): &(u64, ConstraintStanding)| {
            *trial == member.trial && matches!(standing, ConstraintStanding::Broken(_))
        };
        self.constraints.iter().any(broken)
    }

    /// The objectives of a trial that there is nothing to compare with.
    fn alone(&self, member: &Member) -> String {
        let told = self.quantities.iter().take(self.objectives.len()).filter_map(|quantity| {
            let mean = member.figure(&quantity.metric)?.mean?;
            Some(format!("{} {}", self.named(quantity), shown(quantity, mean.mean, mean.interval)))
        });
        let with = match self.changes[..] {
            [] => String::new(),
            _ => format!(" with {}", enumerated(&self.changes)),
        };
        let finished = member.runs.len() - member.failures();
        format!("{}, trial {}{with} has {}", seeds(finished), member.trial, enumerated(&told.collect::<Vec<_>>()))
    }

    /// How an objective of a member differs from the base, such as `-65 % [-70, -60]` or `-2.0 points [-3.5, -0.5]`; `None`
    /// where that is not known.
    #[must_use]
    pub fn change(&self, member: &Member, objective: usize) -> Option<String> {
        let quantity = self.quantities.get(objective)?;
        let found = member.differences.get(objective)?;
        // All that stand in one column, and are of one kind with this.
        let alike =
            |other: &&Difference| matches!(other, Difference::Ratio(_)) == matches!(found, Difference::Ratio(_));
        let column = || self.members.iter().filter_map(|m| m.differences.get(objective)).filter(alike);
        let in_percent = |log: f64| 100.0 * log.exp_m1();
        Some(match found {
            Difference::Ratio(mean) => {
                let all: Vec<Mean> = column().map(|other| other.mean().mapped(in_percent)).collect();
                Scale { digits: digits_of(&all, 1.0), factor: 1.0, unit: " %".to_owned() }
                    .show(&mean.mapped(in_percent))
            }
            Difference::Difference(mean) => {
                let all: Vec<Mean> = column().map(|other| *other.mean()).collect();
                let (factor, unit) = quantity.difference_in(all.iter().map(|mean| mean.mean));
                let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
                Scale { digits: digits_of(&all, factor), factor, unit }.show(mean)
            }
        })
    }

    /// The name of a quantity, with `estimated` before an estimate of energy.
    #[must_use]
    pub fn named(&self, quantity: &Quantity) -> String {
        let estimated = quantity.is_energy() && self.is_estimated();
        if estimated { format!("estimated {}", quantity.name()) } else { quantity.name() }
    }
}

/// The digits of a column of means, each times a factor.
fn digits_of(means: &[Mean], factor: f64) -> Digits {
    let widths = means.iter().filter_map(|mean| mean.interval.filter(|i| !has_no_width(mean.mean, *i)));
    let widths = widths.map(|i| factor * (i.high - i.low));
    let values = || means.iter().map(|mean| factor * mean.mean);
    Digits::resolving_differences(values(), widths).unwrap_or_else(|| Digits::of(values(), 2))
}

fn seeds(count: usize) -> String {
    match count {
        1 => "with 1 seed".to_owned(),
        n => format!("over {n} seeds"),
    }
}

/// What stands for an interval without any width.
const ALIKE: &str = "[all the same]";

/// A value with its interval, such as `54.1 % [53.0, 55.2]`, in the digits of the quantity. Those of a [`Confirmation`]
/// have them from all of their intervals. `54.1 % [all the same]` where it has no width.
#[must_use]
pub fn shown(quantity: &Quantity, value: f64, interval: Option<Interval>) -> String {
    match interval {
        None => quantity.cell(value),
        Some(interval) if has_no_width(value, interval) => format!("{} {ALIKE}", quantity.cell(value)),
        Some(Interval { low, high, .. }) => quantity.show_between(value, low, high),
    }
}

/// Whether an interval is no wider than rounding.
fn has_no_width(value: f64, Interval { low, high, .. }: Interval) -> bool {
    high - low <= ROUNDING * value.abs()
}

/// What differences of one objective are told in.
struct Scale {
    digits: Digits,
    factor: f64,
    unit: String,
}

impl Scale {
    /// Signed numbers in the digits that the narrowest interval of the column has a meaning for.
    fn show(&self, mean: &Mean) -> String {
        let number = |v: f64| self.digits.signed(v * self.factor);
        let ends = match mean.interval {
            None => String::new(),
            Some(interval) if has_no_width(mean.mean, interval) => format!(" {ALIKE}"),
            Some(Interval { low, high, .. }) => format!(" [{}, {}]", number(low), number(high)),
        };
        format!("{}{}{ends}", number(mean.mean), self.unit)
    }
}

/// Such as `a, b and c`.
fn enumerated(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
