//! Preferences that are given with a question, such as `accuracy=0.93`.

use crate::optimizer::problem::{Bound, Goal, Objective, Preference, Problem};
use crate::report::ReportError;

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
    let mut preferences = Vec::new();
    for (flag, texts) in [("--at-least", at_least), ("--at-most", at_most), ("--weights", weights)] {
        for text in texts.iter().flat_map(|t| t.split(',')).filter(|t| !t.trim().is_empty()) {
            let refused = |reason: String| ReportError::Preference { text: format!("{flag} {}", text.trim()), reason };
            let (objective, value) = read(problem, text).map_err(refused)?;
            let metric = objective.metric.clone();
            let (wanted, bound) = match objective.goal {
                Goal::Maximize => ("--at-least", Bound::AtLeast(value)),
                Goal::Minimize => ("--at-most", Bound::AtMost(value)),
            };
            let known = |p: &Preference| p.metric == metric && p.within.is_none() == (flag == "--weights");
            if preferences.iter().any(known) {
                return Err(refused(format!("`{metric}` has got one already; give {flag} once for each metric")));
            }
            preferences.push(match flag {
                "--weights" if value > 0.0 => Preference::weight(metric, value),
                "--weights" => return Err(refused("a weight is above zero".to_owned())),
                _ if flag == wanted => Preference::within(metric, bound),
                _ => {
                    let goal = if objective.goal == Goal::Maximize { "maximized" } else { "minimized" };
                    return Err(refused(format!("`{metric}` is {goal}, so write {wanted} {metric}={value}")));
                }
            });
        }
    }
    Ok(preferences)
}

fn read<'a>(problem: &'a Problem, text: &str) -> Result<(&'a Objective, f64), String> {
    let Some((metric, number)) = text.split_once('=') else {
        return Err("it is written METRIC=NUMBER, such as accuracy=0.93".to_owned());
    };
    let metric = metric.trim();
    let objective = problem.objectives().iter().find(|o| o.metric == metric).ok_or_else(|| {
        let names: Vec<_> = problem.objectives().iter().map(|o| o.metric.as_str()).collect();
        format!("`{metric}` is no objective of this study; those are: {}", names.join(", "))
    })?;
    let (number, unit) = match number.trim().strip_suffix('%') {
        Some(number) => (number.trim_end(), 0.01),
        None => (number.trim(), 1.0),
    };
    let value = number.parse::<f64>().ok().map(|v| v * unit).filter(|v| v.is_finite());
    value.map(|value| (objective, value)).ok_or_else(|| format!("`{number}` is no number"))
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
            (&["loss=1"], &[], &[], "those are: accuracy, energy"),
            (&["accuracy=high"], &[], &[], "`high` is no number"),
            (&["accuracy=inf"], &[], &[], "no number"),
            (&["energy=5"], &[], &[], "write --at-most energy=5"),
            (&[], &["accuracy=0.9"], &[], "write --at-least accuracy=0.9"),
            (&[], &[], &["accuracy=0"], "above zero"),
            (&["accuracy=0.9", "accuracy=0.5"], &[], &[], "`accuracy` has got one already"),
            (&[], &[], &["energy=2,energy=3"], "`energy` has got one already"),
        ] {
            let error = read(least, most, weights).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
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
