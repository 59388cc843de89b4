use serde_json::json;

use super::*;
use crate::analysis::fixture::{StudyFixture, counters, digits, digits_point, digits_problem, estimate};
use crate::optimizer::history::FailureKind;
use crate::optimizer::problem::{Bound, at_least, maximize, minimize};
use crate::optimizer::space::{Value, choice, float};

#[test]
fn the_knee_as_toml() {
    insta::assert_snapshot!(pick(&digits(estimate), Choice::Knee).unwrap().to_toml());
}

#[test]
fn the_knee_as_json() {
    let picked = pick(&digits(counters), Choice::default()).unwrap().to_json();
    insta::assert_snapshot!(serde_json::to_string_pretty(&picked).unwrap());
}

#[test]
fn a_pick_with_carbon_says_what_a_run_emits() {
    let carbon = Carbon::default().with_intensity(350.0, "ENTSO-E, Germany", Some("2026-10")).unwrap();
    let carbon = carbon.with_pue(1.2).unwrap().with_price(0.32, "EUR").unwrap();
    let record = digits(estimate);
    let picked = pick(&record, Choice::Knee).unwrap().with_carbon(&record, &carbon);
    let line = picked.to_toml().lines().find(|l| l.starts_with("# each run")).unwrap().to_owned();
    insta::assert_snapshot!(line, @"# each run: 1.35 mg CO2e and less than 0.0001 EUR (ESTIMATED), 7.76 mg less than trial 27; at 350 g/kWh (ENTSO-E, Germany, 2026-10), PUE 1.2, 0.32 EUR/kWh");
    insta::assert_snapshot!("carbon_of_a_pick", serde_json::to_string_pretty(&picked.to_json()["carbon"]).unwrap());
    let best = pick(&record, Choice::Within(Tolerance::Units(0.0))).unwrap().with_carbon(&record, &carbon);
    assert_eq!(best.to_json()["carbon"]["run"]["saved"], serde_json::Value::Null);
    let unmetered = StudyFixture::new("unmetered", digits_problem())
        .finish(digits_point(1e-3, 8, 32, None), [("accuracy", 0.9), ("energy", 5.0)], None)
        .record();
    let told = pick(&unmetered, Choice::Knee).unwrap().with_carbon(&unmetered, &carbon);
    assert!(told.to_toml().contains("# each run: 583 µg CO2e and less than 0.0001 EUR; at 350 g/kWh"));
}

#[test]
fn a_front_without_a_bend_says_what_was_picked_instead() {
    let point = |i| digits_point(1e-3, i, 32, None);
    let record = StudyFixture::new("straight", digits_problem())
        .finish(point(8), [("accuracy", 0.964)], Some(counters(100.0)))
        .finish(point(9), [("accuracy", 0.963)], Some(counters(10.0)))
        .record();
    let picked = pick(&record, Choice::Knee).unwrap();
    assert_eq!((picked.trial, picked.is_knee), (1, false));
    let toml = picked.to_toml();
    assert!(toml.contains("# the front has no bend, so no trial is the knee; this one saves the largest"), "{toml}");
    assert_eq!(pick(&record, Choice::Trial(1)).unwrap().caveat, None, "it was asked for by its id");
}

#[test]
fn every_energy_comes_with_its_method() {
    let best = pick(&study(), Choice::Trial(0)).unwrap().to_json();
    assert_eq!(best["against_best"], serde_json::Value::Null);
    let domains = ["gpu:GPU-5d2c1a", "cpu:package-0"];
    let expected = json!({"total_j": 100.0, "method": "counter", "estimated": false, "domains": domains});
    assert_eq!(best["energy"], json!({"energy": expected}));

    let problem =
        crate::optimizer::problem::Problem::new(digits_problem().space().clone(), [maximize("accuracy")]).unwrap();
    let beside = StudyFixture::new("beside", problem)
        .finish(digits_point(1e-3, 8, 32, None), [("accuracy", 0.9), ("energy.train.gpu", 2.0)], Some(estimate(9.0)))
        .record();
    let energy = &pick(&beside, Choice::Knee).unwrap().to_json()["energy"];
    assert_eq!(energy["energy"]["method"], "estimate");
    assert_eq!(energy["energy"]["estimated"], true);
    assert_eq!(
        energy["energy.train.gpu"],
        json!({
            "total_j": 2.0, "method": "reported", "estimated": false, "domains": []
        })
    );
}

fn study() -> StudyRecord {
    let point = |i| digits_point(1e-3, i, 32, None);
    StudyFixture::new("picking", digits_problem())
        .finish(point(8), [("accuracy", 0.96)], Some(counters(100.0)))
        .finish(point(9), [("accuracy", 0.95)], Some(counters(40.0)))
        .finish(point(10), [("accuracy", 0.90)], Some(counters(5.0)))
        .finish(point(11), [("accuracy", 0.80)], Some(counters(50.0)))
        .fail(point(12), FailureKind::Diverged, "NaN", None)
        .record()
}

#[test]
fn one_percent_of_a_fraction_is_one_point() {
    let trial = |share| pick(&study(), Choice::Within(Tolerance::Units(share))).unwrap().trial;
    assert_eq!(trial(0.0), 0);
    assert_eq!(trial(0.009), 0);
    assert_eq!(trial(0.01), 1);
    assert_eq!(trial(0.06), 2);
    let percent = |percent| pick(&study(), Choice::Within(Tolerance::Percent(percent))).unwrap();
    assert_eq!([0.9, 1.0, 6.0, 100.0].map(|p| percent(p).trial), [0, 1, 2, 2]);
    let words = percent(1.0).to_toml();
    assert!(words.contains("# within 1 point of the best accuracy, 96.0 % of trial 0: at least 95.0 %\n"), "{words}");
    for wide in [0.2, 1.0, 5.0] {
        let refused = pick(&study(), Choice::Within(Tolerance::Units(wide))).unwrap_err();
        assert!(matches!(refused, ReportError::WideTolerance { .. }), "{refused}");
    }
}

#[test]
fn a_percent_is_a_point_of_accuracies_in_percent_too() {
    let point = |i| digits_point(1e-3, i, 32, None);
    let record = StudyFixture::new("percent", digits_problem())
        .finish(point(8), [("accuracy", 96.0)], Some(counters(100.0)))
        .finish(point(9), [("accuracy", 95.02)], Some(counters(40.0)))
        .finish(point(10), [("accuracy", 94.9)], Some(counters(5.0)))
        .record();
    let within = |text: &str| pick(&record, Choice::within(text).unwrap()).unwrap();
    assert_eq!(["0.9%", "1%", "1.2%", "1", "0.01"].map(|text| within(text).trial), [0, 1, 2, 1, 0]);
    let words = within("1").within.unwrap();
    assert_eq!(words, "within 1 point of the best accuracy, 96 of trial 0: at least 95");
}

#[test]
fn one_percent_of_another_metric_is_relative() {
    let point = |i| digits_point(1e-3, i, 32, None);
    let study = |name: &str| {
        let objectives = [minimize("loss"), minimize("energy")];
        let problem = crate::optimizer::problem::Problem::new(digits_problem().space().clone(), objectives).unwrap();
        StudyFixture::new(name, problem)
            .finish(point(8), [("loss", 2.0)], Some(counters(100.0)))
            .finish(point(9), [("loss", 2.02)], Some(counters(40.0)))
            .record()
    };
    let within = |text: &str| pick(&study("loss"), Choice::within(text).unwrap()).unwrap();
    assert_eq!(["0.9%", "1%", "0.01", "0.02", "5"].map(|text| within(text).trial), [0, 1, 0, 1, 1]);
    assert_eq!(within("1%").within.unwrap(), "within 1 % of the best loss, 2 of trial 0: at most 2.02");
    assert!(within("150%").within.unwrap().ends_with("which is wider than the front and lets in all 2 of it"));
}

#[test]
fn what_cannot_be_picked_is_refused() {
    let empty = StudyFixture::new("empty", digits_problem()).record();
    let said = |error: ReportError| match error.help() {
        Some(help) => format!("{error}; {help}"),
        None => error.to_string(),
    };
    let error = |record: &StudyRecord, choice| said(pick(record, choice).expect_err("refused"));
    insta::assert_snapshot!(
        [
            error(&empty, Choice::Knee),
            error(&study(), Choice::Trial(77)),
            error(&study(), Choice::Trial(4)),
            error(&study(), Choice::Within(Tolerance::Units(-0.1))),
            said(Choice::within("1 %%").expect_err("refused")),
            said(Choice::within("-1%").expect_err("refused")),
        ]
        .join("\n"),
        @r"
    the study `empty` has no finished trial to pick from (0 failed); run it first
    the study has no trial 77; there are 0 to 4
    trial 4 is failed (diverged), so it has no result to compare; pick a finished trial, such as 1
    `-0.1` is no tolerance; give a number at or above zero, such as `1%`, or `0.01` in the units of the metric
    `1 %%` is no tolerance; give a number at or above zero, such as `1%`, or `0.01` in the units of the metric
    `-1%` is no tolerance; give a number at or above zero, such as `1%`, or `0.01` in the units of the metric
    "
    );
}

#[test]
fn tolerances_are_shares_or_percent() {
    assert_eq!(Choice::within("1%"), Ok(Choice::Within(Tolerance::Percent(1.0))));
    assert_eq!(Choice::within(" 0.5 % "), Ok(Choice::Within(Tolerance::Percent(0.5))));
    assert_eq!(Choice::within("0.02"), Ok(Choice::Within(Tolerance::Units(0.02))));
}

#[test]
fn a_dominated_trial_says_so() {
    assert!(pick(&study(), Choice::Trial(3)).unwrap().to_toml().contains("which is not on the front"));
}

#[test]
fn names_and_texts_are_quoted() {
    let space = Space::new([choice("a b", ["x\"\\\n\u{7}"]), float("lr", 1e-9..=1.0)]).unwrap();
    let point: Point = [("a b", Value::from("x\"\\\n\u{7}")), ("lr", Value::from(1e-5))].into_iter().collect();
    assert_eq!(point_toml(&space, &point), "\"a b\" = \"x\\\"\\\\\\n\\u0007\"\nlr = 1e-5\n");
}

#[test]
fn preferences_choose_among_what_has_them() {
    let point = |i| digits_point(1e-3, i, 32, None);
    let record = [(0.964, 100.0), (0.96, 29.0), (0.94, 20.0), (0.5, 9.0), (0.3, 8.0)]
        .into_iter()
        .enumerate()
        .fold(StudyFixture::new("wishes", digits_problem()), |fixture, (i, (accuracy, joules))| {
            fixture.finish(point(8 + i as i64), [("accuracy", accuracy)], Some(counters(joules)))
        })
        .record();
    let picked = |choice, preferences: &[Preference]| pick_preferring(&record, choice, preferences.to_vec());
    let frugal = Preference::within("energy", Bound::AtMost(25.0));
    assert_eq!(picked(Choice::Knee, &[]).unwrap().trial, 2);
    let few = picked(Choice::Knee, std::slice::from_ref(&frugal)).unwrap();
    assert!(few.trial >= 2, "{}", few.trial);
    assert_eq!(picked(Choice::Within(Tolerance::Units(0.05)), std::slice::from_ref(&frugal)).unwrap().trial, 2);
    assert_eq!(picked(Choice::Within(Tolerance::Units(0.05)), &[]).unwrap().trial, 2);
    assert_eq!(
        picked(Choice::Within(Tolerance::Units(0.001)), std::slice::from_ref(&frugal)).unwrap().trial,
        2,
        "of what is left"
    );
    let weighted = picked(Choice::Knee, &[Preference::weight("accuracy", 500.0)]).unwrap();
    assert_eq!((weighted.trial, weighted.caveat.as_deref()), (0, Some("the best trade by your weights")));
    // The study's own preferences choose as those of the question do.
    let own = record.clone().preferring(vec![frugal.clone()]);
    for choice in [Choice::Knee, Choice::Within(Tolerance::Units(0.001)), Choice::Within(Tolerance::Units(0.05))] {
        let asked = picked(choice, std::slice::from_ref(&frugal)).unwrap().trial;
        assert_eq!(pick(&own, choice).unwrap().trial, asked, "{choice:?}");
    }
    let all = own.clone().preferring(vec![Preference::within("accuracy", Bound::AtLeast(0.99))]);
    for choice in [Choice::Knee, Choice::Within(Tolerance::Units(0.05))] {
        let refused = pick(&all, choice).unwrap_err();
        assert!(matches!(refused, ReportError::NonePreferred { nearest: 0, .. }), "{refused}");
    }
    assert_eq!(pick(&all, Choice::Trial(4)).unwrap().trial, 4);
    let none = picked(Choice::Knee, &[Preference::within("accuracy", Bound::AtLeast(0.99))]).unwrap_err();
    assert!(none.to_string().contains("has accuracy at least 99.0 %; nearest is trial 0: accuracy 96.4 %"), "{none}");
}

#[test]
fn what_breaks_a_constraint_is_picked_only_by_its_number() {
    let problem = digits_problem().subject_to([at_least("accuracy", 0.9)]).unwrap();
    let record = StudyFixture::new("bounded", problem)
        .finish(digits_point(1e-3, 8, 32, None), [("accuracy", 0.5)], Some(counters(10.0)))
        .record();
    for choice in [Choice::Knee, Choice::Within(Tolerance::Units(0.01))] {
        let error = pick(&record, choice).unwrap_err().to_string();
        assert!(error.contains("nearest is trial 0: accuracy 50.0 %, not at least 90.0 %"), "{error}");
    }
    let toml = pick(&record, Choice::Trial(0)).unwrap().to_toml();
    assert!(toml.contains("# it breaks a constraint: accuracy 50.0 %, not at least 90.0 %\n"), "{toml}");
}
