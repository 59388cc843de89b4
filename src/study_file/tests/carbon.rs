//! What joules stand for.

use super::*;
use crate::carbon::Carbon;

const FULL: &str = r#"[carbon]
intensity = 350
source = "ENTSO-E, Germany"
date = "2026-10"
pue = 1.2
price = 0.32
currency = "EUR"
"#;

/// A study with these lines at its end.
fn carbon(lines: &str) -> String {
    format!("{BUDGET}{OBJECTIVE}{SPACE}{lines}\n")
}

#[test]
fn carbon_is_read_as_written_and_is_no_part_of_what_a_study_is() {
    let bare = accepted(&carbon(""));
    assert_eq!(*bare.carbon(), Carbon::default());
    assert!(!bare.summary().contains("CO2e"), "{}", bare.summary());
    let full = accepted(&carbon(FULL));
    let expected = Carbon::default().with_intensity(350.0, "ENTSO-E, Germany", Some("2026-10")).unwrap();
    assert_eq!(*full.carbon(), expected.with_pue(1.2).unwrap().with_price(0.32, "EUR").unwrap());
    let summary = full.summary();
    let line =
        "carbon      joules are shown as CO2e, too, at 350 g/kWh (ENTSO-E, Germany, 2026-10), PUE 1.2, 0.32 EUR/kWh\n";
    assert!(summary.contains(line), "{summary}");
    assert_eq!(full.identity(), bare.identity());
    for line in ["carbon = {}", "carbon.pue = 2", "carbon = { intensity = 0, source = \"a wind turbine of my own\" }"] {
        assert_eq!(accepted(&format!("{line}\n{}", carbon(""))).identity(), bare.identity(), "{line}");
    }
}

#[test]
fn refused_carbon() {
    let source = "source = \"somebody\"";
    let told = refusals(&[
        ("a misspelt section", carbon("[carbn]\npue = 1.2")),
        ("misspelt keys", carbon("[carbon]\nintensty = 350\nsource = \"me\"\npeu = 1.2\ncurency = \"EUR\"\nprice = 1")),
        ("a key in another section", carbon("[energy]\nprice = 0.3")),
        ("a key of another section", carbon("[carbon]\nwatts_per_core = 4")),
        ("no source", carbon("[carbon]\nintensity = 350")),
        ("a source of nothing", carbon("[carbon]\nsource = \"somebody\"\ndate = \"2026\"")),
        ("kilograms", carbon(&format!("[carbon]\nintensity = 0.35\n{source}"))),
        ("grams per MWh", carbon(&format!("[carbon]\nintensity = 475_000\n{source}"))),
        (
            "less than nothing",
            carbon(&format!("[carbon]\nintensity = -1\n{source}\npue = -1\nprice = -0.3\ncurrency = \"EUR\"")),
        ),
        ("no finite numbers", carbon(&format!("[carbon]\nintensity = inf\n{source}\npue = nan"))),
        ("units", carbon(&format!("[carbon]\nintensity = \"350 g/kWh\"\n{source}"))),
        ("types", carbon("[carbon]\nintensity = 350\nsource = 5\ndate = 2026-10-01\npue = \"1.2\"")),
        ("only the overhead", carbon("[carbon]\npue = 0.58")),
        ("percent", carbon("[carbon]\npue = 158")),
        ("a price in nothing", carbon("[carbon]\nprice = 0.32")),
        ("a currency without a price", carbon("[carbon]\ncurrency = \"EUR\"")),
        (
            "texts that are none",
            carbon(
                "[carbon]\nintensity = 350\nsource = \" \"\ndate = \"a\\nb\"\nprice = 1\ncurrency = \"dollars of 2026\"",
            ),
        ),
        ("no section", carbon("").replace("budget", "carbon = 350\nbudget")),
    ]);
    insta::assert_snapshot!(told);
}

proptest! {
    #[test]
    fn what_a_file_says_is_what_outputs_say(
        intensity in prop_oneof![Just(0.0), 2.0..=5000f64],
        source in "[a-zA-Z0-9\"\\\\ ,.äß]{0,40}[a-z]",
        date in proptest::option::of("[0-9]{4}(-[0-9]{2})?"),
        pue in 1.0..=10f64,
        price in proptest::option::of(0.0..1e4f64),
    ) {
        let quoted = |text: &str| toml_edit::Value::from(text).to_string();
        let mut lines = format!("[carbon]\nintensity = {intensity:?}\nsource = {}\npue = {pue:?}\n", quoted(&source));
        date.iter().for_each(|date| lines += &format!("date = {}\n", quoted(date)));
        price.iter().for_each(|price| lines += &format!("price = {price:?}\ncurrency = \"EUR\"\n"));
        let read = accepted(&carbon(&lines)).carbon().clone();
        prop_assert_eq!(read.intensity().grams_per_kwh, intensity);
        prop_assert_eq!(&read.intensity().source, source.trim());
        prop_assert_eq!(&read.intensity().date, &date);
        prop_assert_eq!(read.pue(), pue);
        prop_assert_eq!(read.price().map(|p| p.per_kwh), price);
    }
}
