//! Preferences that are given with a question, such as `accuracy=0.93`.

use crate::optimizer::problem::{Bound, Goal, Objective, Preference, Problem};
use crate::report::{PreferenceFault, PreferenceKind, ReportError};

/// The preferences that these texts say, each `METRIC=NUMBER` or several of them with commas between: lower bounds, upper
/// bounds, and weights. A number with `%` is a hundredth. Metrics are objectives' and bounds are on their bad sides, as in a
/// study file.
///
/// # Errors
/// [`ReportError::Preference`] that says what is wrong with which text.
pub fn preferences_of(
    problem: &Problem,
    at_least: &[String],
    at_most: &[String],
    weights: &[String],
) -> Result<Vec<Preference>, ReportError> {
    use PreferenceKind::{AtLeast, AtMost, Weight};
    let mut preferences = Vec::new();
    for (kind, texts) in [(AtLeast, at_least), (AtMost, at_most), (Weight, weights)] {
        for text in texts.iter().flat_map(|t| t.split(',')).filter(|t| !t.trim().is_empty()) {
            let refused =
                |fault: PreferenceFault| ReportError::Preference { kind, text: text.trim().to_owned(), fault };
            let (objective, value) = read(problem, text).map_err(refused)?;
            let metric = objective.metric.clone();
            let (wanted, bound) = match objective.goal {
                Goal::Maximize => (AtLeast, Bound::AtLeast(value)),
                Goal::Minimize => (AtMost, Bound::AtMost(value)),
            };
            let known = |p: &Preference| p.metric == metric && p.within.is_none() == (kind == Weight);
            if preferences.iter().any(known) {
                return Err(refused(PreferenceFault::Twice { metric }));
            }
            preferences.push(match kind {
                Weight if value > 0.0 => Preference::weight(metric, value),
                Weight => return Err(refused(PreferenceFault::NoWeight)),
                _ if kind == wanted => Preference::within(metric, bound),
                _ => return Err(refused(PreferenceFault::WrongSide { metric, value, wanted })),
            });
        }
    }
    Ok(preferences)
}

fn read<'a>(problem: &'a Problem, text: &str) -> Result<(&'a Objective, f64), PreferenceFault> {
    let (metric, number) = text.split_once('=').ok_or(PreferenceFault::Form)?;
    let metric = metric.trim();
    let objective = problem.objectives().iter().find(|o| o.metric == metric).ok_or_else(|| {
        let objectives = problem.objectives().iter().map(|o| o.metric.clone()).collect();
        PreferenceFault::NoObjective { metric: metric.to_owned(), objectives }
    })?;
    let (number, unit) = match number.trim().strip_suffix('%') {
        Some(number) => (number.trim_end(), 0.01),
        None => (number.trim(), 1.0),
    };
    let value = number.parse::<f64>().ok().map(|v| v * unit).filter(|v| v.is_finite());
    let value = value.ok_or_else(|| PreferenceFault::NoNumber { number: number.to_owned() })?;
    Ok((objective, value))
}

/// The preferences of a study with others in front: bounds replace bounds, weights replace weights.
pub(super) fn replaced(own: &[Preference], given: Vec<Preference>) -> Vec<Preference> {
    let bounds = given.iter().any(|p| p.within.is_some());
    let weights = given.iter().any(|p| p.within.is_none());
    let mut all: Vec<Preference> = own.to_vec();
    for preference in &mut all {
        if bounds {
            preference.within = None;
        }
        if weights {
            preference.weight = 1.0;
        }
    }
    // A bound must not bring a weight of 1 with it, nor a weight take a bound away.
    for new in given {
        match all.iter_mut().find(|p| p.metric == new.metric) {
            Some(known) if new.within.is_some() => known.within = new.within,
            Some(known) => known.weight = new.weight,
            None => all.push(new),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::fixture::digits_problem;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|t| (*t).to_owned()).collect()
    }

    #[test]
    fn texts_are_read_or_refused_with_a_reason() {
        let problem = digits_problem();
        let read = |least: &[&str], most: &[&str], weights: &[&str]| {
            preferences_of(&problem, &texts(least), &texts(most), &texts(weights))
        };
        let all = read(&["accuracy = 93%"], &["energy=2e3"], &["accuracy=2, energy=1"]).unwrap();
        assert_eq!(all[0], Preference::within("accuracy", Bound::AtLeast(0.93)));
        assert_eq!(all[1], Preference::within("energy", Bound::AtMost(2000.0)));
        assert_eq!(all[2..], [Preference::weight("accuracy", 2.0), Preference::weight("energy", 1.0)]);
        for (least, most, weights, reason) in [
            (&["accuracy"][..], &[][..], &[][..], "METRIC=NUMBER"),
            (&["loss=1"], &[], &[], "the objectives are: accuracy, energy"),
            (&["accuracy=high"], &[], &[], "`high` is no number"),
            (&["accuracy=inf"], &[], &[], "no number"),
            (&["energy=5"], &[], &[], "give it as the upper bound energy=5"),
            (&[], &["accuracy=0.9"], &[], "give it as the lower bound accuracy=0.9"),
            (&[], &[], &["accuracy=0"], "above zero"),
            (&["accuracy=0.9", "accuracy=0.5"], &[], &[], "`accuracy` has got one already"),
            (&[], &[], &["energy=2,energy=3"], "`energy` has got one already"),
        ] {
            let error = read(least, most, weights).unwrap_err();
            let text = format!("{error}; {}", error.help().unwrap_or_default());
            assert!(text.contains(reason), "{text}");
        }
    }

    #[test]
    fn given_bounds_replace_bounds_and_weights_weights() {
        let own = [Preference { weight: 3.0, ..Preference::within("accuracy", Bound::AtLeast(0.9)) }];
        let bound = replaced(&own, vec![Preference::within("energy", Bound::AtMost(5.0))]);
        assert_eq!(bound, [Preference::weight("accuracy", 3.0), Preference::within("energy", Bound::AtMost(5.0))]);
        let weight = replaced(&own, vec![Preference::weight("energy", 2.0)]);
        assert_eq!(weight[0], Preference::within("accuracy", Bound::AtLeast(0.9)));
        assert_eq!(weight[1].weight, 2.0);
        assert_eq!(replaced(&own, Vec::new()), own);
    }
}
