//! Flags that stand in an argument of their own before their value, such as `--momentum` before `{momentum}`.

use super::{CommandLine, Form, Placeholder, Template};

impl CommandLine {
    /// The flag that stands alone directly before the value at this place of `argv`. It is left out with the value
    /// where that is inactive, or there is none.
    ///
    /// A flag begins with `-`, has no placeholder and no `=`, and is neither the program nor `-` or `--` alone. A value has a
    /// placeholder, does not begin with `-`, and has no `=`, for `name=value` is often an argument in its own right.
    #[must_use]
    pub fn flag_of(argv: &[Template], value: usize) -> Option<usize> {
        let flag = value.checked_sub(1).filter(|flag| *flag > 0)?;
        (is_value(argv.get(value)?) && is_flag(argv.get(flag)?)).then_some(flag)
    }
}

/// Whether an argument is a flag and nothing else.
pub(crate) fn is_flag(argument: &Template) -> bool {
    let text = argument.source();
    text.starts_with('-')
        && !text.contains('=')
        && !text.trim_start_matches('-').is_empty()
        && argument.placeholders().next().is_none()
}

fn is_value(argument: &Template) -> bool {
    let text = argument.source();
    let is_flag = |own: &Placeholder| matches!(own.form, Form::Flag { .. });
    argument.placeholders().next().is_some_and(|first| !is_flag(first)) && !text.starts_with('-') && !text.contains('=')
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::Secrets;
    use super::*;
    use crate::evaluation::TrialTask;
    use crate::optimizer::space::Point;

    fn arguments(argv: &[&str], point: &[(&str, f64)]) -> String {
        let argv = argv.iter().map(|s| Template::parse(s).expect("a template")).collect();
        let line = CommandLine { argv, cwd: None, env: BTreeMap::new(), secrets: vec!["TOKEN".to_owned()] };
        let secrets = Secrets::of(&line, |_| Some("hush".into())).expect("a secret");
        let point: Point = point.iter().map(|(name, value)| (*name, *value)).collect();
        line.arguments(TrialTask { trial: 3, attempt: 1, point: &point, seed: 9 }, &secrets).join(" ")
    }

    #[test]
    fn a_flag_goes_with_the_value_that_is_left_out() {
        let argv = ["train", "--lr", "{lr}", "-m", "{m}", "--seed", "{seed}", "data.csv"];
        assert_eq!(arguments(&argv, &[("lr", 0.5), ("m", 0.25)]), "train --lr 0.5 -m 0.25 --seed 9 data.csv");
        assert_eq!(arguments(&argv, &[("lr", 0.5)]), "train --lr 0.5 --seed 9 data.csv");
        assert_eq!(arguments(&argv, &[]), "train --seed 9 data.csv");
        assert_eq!(arguments(&["train", "--pair", "{a}:{b}", "-v"], &[("a", 1.5)]), "train -v");
        assert_eq!(arguments(&["train", "--betas", "{a}", "{b}"], &[]), "train");
        assert_eq!(arguments(&["train", "--betas", "{b}", "{a}"], &[("b", 0.5)]), "train --betas 0.5");
    }

    #[test]
    fn what_is_no_flag_of_a_value_stays() {
        assert_eq!(arguments(&["-m", "{m}", "x"], &[]), "-m x", "the program");
        assert_eq!(arguments(&["train", "--", "{m}"], &[]), "train --");
        assert_eq!(arguments(&["train", "-", "{m}"], &[]), "train -");
        assert_eq!(arguments(&["train", "--set", "m={m}"], &[]), "train --set");
        assert_eq!(arguments(&["train", "--v=2", "{m}"], &[]), "train --v=2");
        assert_eq!(arguments(&["train", "--v", "--m={m}"], &[]), "train --v");
        assert_eq!(arguments(&["train", "--token", "{TOKEN}", "{trial}"], &[]), "train --token hush 3");
    }
}
