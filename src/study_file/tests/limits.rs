//! Power limits and clocks, fixed and searched.

use super::*;

/// A study with these lines in [energy] and in [space].
fn limited(energy: &str, space: &str) -> String {
    format!("{BUDGET}{OBJECTIVE}[energy]\n{energy}\n{SPACE}{space}\n")
}

const WATTS: &str = "watts = { int = [200, 400], step = 50 }\nmhz = { choice = [600, 1200] }";

#[test]
fn limits_are_numbers_or_parameters_and_make_a_study_where_they_are_given() {
    let read = |energy: &str| accepted(&limited(energy, WATTS));
    let (bare, fixed) = (read(""), read("power_limit = 250\nsm_clock = 1_200"));
    let searched = read("power_limit = \"watts\"\nsm_clock = \"mhz\"");
    assert_eq!((&bare.energy().power_limit, &bare.energy().sm_clock), (&None, &None));
    assert_eq!(fixed.energy().power_limit, Some(Setpoint::Fixed(250.0)));
    assert_eq!(fixed.energy().sm_clock, Some(Setpoint::Fixed(1200.0)));
    assert_eq!(searched.energy().limit_parameters().collect::<Vec<_>>(), ["watts", "mhz"]);
    assert_eq!(fixed.identity(), read("power_limit = 250.0\nsm_clock = 1200").identity());
    let differ = |one: &StudySpec, other: &StudySpec| {
        let found = differences(&one.identity(), &other.identity());
        found.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        differ(&bare, &searched),
        [
            "`energy.power_limit` was not given there and is \"watts\" here",
            "`energy.sm_clock` was not given there and is \"mhz\" here"
        ]
    );
    assert_eq!(differ(&fixed, &read("power_limit = 300\nsm_clock = 1200")).len(), 1);
    assert!(!bare.summary().contains("\nlimits "), "{}", bare.summary());
    let summary = fixed.summary();
    let lines = "limits      power limit of the GPUs: 250 W in each trial\n            \
                 SM clock of the GPUs: 1200 MHz in each trial\n";
    assert!(summary.contains(lines), "{summary}");
    let summary = searched.summary();
    assert!(summary.contains("power limit of the GPUs: by the parameter watts, in W\n"), "{summary}");
}

#[test]
fn every_kind_of_numbers_can_be_a_limit() {
    for watts in ["float = [150.5, 400]", "float = [100, 400], scale = \"log\"", "choice = [250.5, 300]"] {
        accepted(&limited("power_limit = \"w\"", &format!("w = {{ {watts} }}")));
    }
    accepted(&limited("sm_clock = \"f\"", "f = { int = [300, 1500], scale = \"log\", when = { lr = 0.1 } }"));
    accepted(&limited("meters = [\"rapl\", \"nvml\"]\nsm_clock = 900", ""));
}

#[test]
fn with_the_trainer_a_limit_is_no_setting() {
    let study =
        |energy: &str, space: &str| format!("energy = {{ {energy} }}\n{}", train("dataset = \"digits\"", space));
    let learning = "learning_rate = { float = [1e-3, 1e-1] }\nwatts = { int = [200, 400] }";
    let spec = accepted(&study("power_limit = \"watts\"", learning));
    let TrialSource::Train(settings) = spec.source() else { panic!("{:?}", spec.source()) };
    assert!(!settings.complete(spec.problem().space()).contains_key("watts"));
    assert!(spec.identity()["train"].get("watts").is_none());
    assert!(spec.identity()["space"].get("watts").is_some());
    // Nothing but the limit need be searched.
    accepted(&study("power_limit = \"watts\"", "watts = { int = [200, 400] }"));
    // What is no limit is still a setting that does not exist.
    let errors = parse(&study("power_limit = 250", learning)).unwrap_err();
    assert!(errors.to_string().contains("the trainer has no setting `watts`"), "{errors}");
    // Settings without a meaning are still found beside one.
    let errors = parse(&study("power_limit = \"watts\"", &format!("{learning}\nmomentum = {{ float = [0, 0.9] }}")));
    assert!(errors.unwrap_err().to_string().contains("`momentum` has no meaning"));
}

#[test]
fn refused_limits() {
    let told = refusals(&[
        ("a misspelt parameter", limited("power_limit = \"wats\"", WATTS)),
        ("no parameter", limited("sm_clock = \"frequency\"", WATTS)),
        (
            "names and a number with a point",
            limited("power_limit = \"kind\"\nsm_clock = 1200.5", "kind = { choice = [\"a\", \"b\"] }"),
        ),
        ("truth values", limited("power_limit = \"on\"", "on = { choice = [true, false] }")),
        ("clocks with a point", limited("sm_clock = \"mhz\"", "mhz = { float = [600, 1200] }")),
        ("some clocks with a point", limited("sm_clock = \"mhz\"", "mhz = { choice = [600, 1200.5] }")),
        ("nothing and less", limited("power_limit = 0\nsm_clock = -5", "")),
        (
            "values of nothing",
            limited("power_limit = \"w\"\nsm_clock = \"f\"", "w = { float = [0, 400] }\nf = { choice = [600, -600] }"),
        ),
        ("milliwatts", limited("power_limit = 250_000", "")),
        ("infinity and a table", limited("power_limit = inf\nsm_clock = { mhz = 3 }", "")),
        ("without GPUs", limited("meters = [\"rapl\"]\npower_limit = \"watts\"\nsm_clock = 600", WATTS)),
        ("one parameter for both", limited("power_limit = \"watts\"\nsm_clock = \"watts\"", WATTS)),
        (
            "a setting of the trainer",
            format!("energy.power_limit = \"epochs\"\n{}", train("dataset = \"digits\"", "epochs = { int = [2, 9] }")),
        ),
        ("a parameter that is wrong in itself", limited("power_limit = \"w\"", "w = { float = [400, 200] }")),
        ("no space", format!("energy.power_limit = \"w\"\n{BUDGET}{OBJECTIVE}")),
    ]);
    insta::assert_snapshot!(told);
}
