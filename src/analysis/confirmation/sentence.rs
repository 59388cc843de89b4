//! What came of it, in one sentence.

use super::super::statistics::Interval;
use super::super::{Quantity, QuantityKind, significant};
use super::{Confirmation, Difference, Member, Standing};

impl Confirmation {
    /// What holds, in one sentence, such as `over 5 seeds, trial 38 against trial 29, the most accurate of the search: estimated
    /// energy -65 % [-70, -60], accuracy -2.0 points [-3.5, -0.5]`. What is in brackets are 95 % intervals. No full stop at
    /// the end.
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
        let broken =
            |(trial, standing): &(u64, Standing)| *trial == member.trial && matches!(standing, Standing::Broken(_));
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
        Some(match member.differences.get(objective)? {
            Difference::Ratio(mean) => {
                let percent = |log: f64| 100.0 * log.exp_m1();
                with_unit(percent(mean.mean), mean.interval.map(|i| (percent(i.low), percent(i.high))), " %")
            }
            Difference::Difference(mean) => {
                let (factor, unit) =
                    if quantity.kind == QuantityKind::Fraction { (100.0, " points") } else { (1.0, "") };
                with_unit(factor * mean.mean, mean.interval.map(|i| (factor * i.low, factor * i.high)), unit)
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

fn seeds(count: usize) -> String {
    match count {
        1 => "with 1 seed".to_owned(),
        n => format!("over {n} seeds"),
    }
}

/// A value with its interval, such as `54.1 % [53.0, 55.2]`, with the unit once where all three have the same. Of fractions no
/// more than 0 to 1 is shown.
#[must_use]
pub fn shown(quantity: &Quantity, value: f64, interval: Option<Interval>) -> String {
    let mean = quantity.show(value);
    let Some(Interval { low, high, .. }) = interval else { return mean };
    let unit = |text: &str| text.split_once(' ').map(|(_, unit)| unit.to_owned());
    // Nobody is right more often than always.
    let within = |end: f64| if quantity.kind == QuantityKind::Fraction { end.clamp(0.0, 1.0) } else { end };
    let ends = [low, high].map(|end| quantity.show(within(end)));
    let alike = ends.iter().all(|end| unit(end) == unit(&mean));
    let ends = ends.map(|end| if alike { end.split(' ').next().unwrap_or_default().to_owned() } else { end });
    format!("{mean} [{}, {}]", ends[0], ends[1])
}

/// Signed numbers with as many digits as the width of the interval has a meaning for.
fn with_unit(value: f64, interval: Option<(f64, f64)>, unit: &str) -> String {
    let width = interval.map_or(value.abs(), |(low, high)| high - low);
    let decimals = if width < 0.2 {
        2
    } else if width < 10.0 {
        1
    } else {
        0
    };
    let number = |v: f64| match v {
        v if v.abs() >= 1e5 => format!("{}{}", if v > 0.0 { "+" } else { "" }, significant(v, 3)),
        // Not -0.0.
        v if format!("{:.decimals$}", v.abs()).parse() == Ok(0.0) => format!("{:.decimals$}", 0.0),
        v => format!("{v:+.decimals$}"),
    };
    let ends = interval.map_or_else(String::new, |(low, high)| format!(" [{}, {}]", number(low), number(high)));
    format!("{}{unit}{ends}", number(value))
}

/// Such as `a, b and c`.
fn enumerated(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
