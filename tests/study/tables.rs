//! The built-in trainer on people's own tables: what it takes them for, what it does to their columns, and studies that began
//! before it did.

use wattfront::record::DataSeen;

use crate::bench::Bench;
use crate::train::DIGITS;

/// A study of a table with columns in units of their own.
fn birds() -> Bench {
    let bench = Bench::new();
    let kind = |i: u32| ["finch", "owl", "wren"][i as usize % 3];
    let row = |i: u32| {
        let mass = 3500.0 + 900.0 * f64::from(i % 3) + f64::from(i * 7 % 23);
        format!("{},{mass},{},{}\n", 40.0 + f64::from(i % 11) / 3.0, ["isle", "coast"][i as usize % 2], kind(i))
    };
    bench.write("birds.csv", &format!("bill,mass,place,kind\n{}", (0..120).map(row).collect::<String>()));
    bench.write("study.toml", &DIGITS.replace("dataset = \"digits\"", "dataset = \"./birds.csv\"\nlabel = \"kind\""));
    bench.edit("kind = \"gp\"\ninitial = 3", "kind = \"random\"");
    bench.edit("epochs        = { int = [2, 4] }", "epochs        = { int = [300, 320] }");
    bench.edit("trials = 4", "trials = 1");
    bench
}

fn seen(bench: &Bench) -> DataSeen {
    bench.record().sessions().last().unwrap().environment.data.clone().unwrap()
}

/// Rewrites the identity of a study as an older version stored it.
fn as_before(bench: &Bench) {
    bench.rewrite(|body| {
        let mut event: serde_json::Value = serde_json::from_str(&body).unwrap();
        if let Some(identity) = event.get_mut("identity").and_then(serde_json::Value::as_object_mut) {
            identity.remove("defaults").unwrap();
            let train = identity["train"].as_object_mut().unwrap();
            train.remove("initialization").unwrap();
            train.insert("preprocessing".to_owned(), "none".into());
        }
        Some(event.to_string())
    });
}

#[test]
fn what_a_table_is_taken_for_is_told_kept_and_reported() {
    let bench = birds();
    let lines = [
        "./birds.csv: 120 samples of 3 columns, 4 numbers",
        "label     `kind`: `label` in [train] names it",
        "classes   3: finch 40, owl 40, wren 40",
        "parts     60-20-20: 72 to train, 24 to validate, 24 to test",
        "numbers   2: `bill`, `mass`",
        "texts     1: `place` (2 texts)",
    ];
    let check = bench.optimize(&["check", "study.toml"]).code(0);
    let run = bench.optimize(&["study.toml"]).code(0);
    for line in lines {
        assert!(check.out().contains(line), "{line:?} is not in:\n{}", check.out());
        assert!(run.out().contains(line), "{line:?} is not in:\n{}", run.out());
    }
    assert!(check.out().contains("preprocessing standardize"), "{}", check.out());
    let data = seen(&bench);
    assert_eq!((data.samples, data.classes_in_all, data.columns_in_all), (120, 3, 3));
    let json = bench.optimize(&["export", "study.toml", "--format", "json"]).code(0);
    let json: serde_json::Value = serde_json::from_str(&json.out()).unwrap();
    assert_eq!(json["sessions"][0]["environment"]["data"]["label"]["column"], "kind");
    assert_eq!(json["study"]["identity"]["train"]["preprocessing"], "standardize");
    let page = std::fs::read_to_string(bench.results().join("report.html")).unwrap();
    assert!(page.contains("What the data were taken for") && page.contains("finch 40, owl 40, wren 40"));
    // Nothing of it is told to who asks for quiet.
    let quiet = bench.optimize(&["study.toml", "--quiet", "--fresh"]).code(0);
    assert!(!quiet.out().contains("samples of 3 columns"), "{}", quiet.out());
}

#[test]
fn columns_in_thousands_are_learned_without_a_word() {
    let bench = birds();
    bench.edit(
        "learning_rate = { float = [1e-3, 1e-2], scale = \"log\" }",
        "learning_rate = { choice = [1.27e-4, 1e-2] }",
    );
    bench.edit("trials = 1", "trials = 4");
    bench.optimize(&["study.toml"]).code(0);
    assert_eq!(bench.finished().len(), 4);
    let best = bench.finished().into_iter().map(|(_, _, m)| m["accuracy"]).fold(0.0, f64::max);
    assert!(best > 0.9, "{best}");
}

#[test]
fn a_study_goes_on_with_the_defaults_that_it_began_with() {
    let bench = birds();
    bench.edit("[train]", "[train]\nkeep = \"all\"");
    // One that bears columns in thousands.
    bench.edit("choice = [\"sgd\", \"adam\"]", "choice = [\"adam\"]");
    bench.edit("momentum      = { float = [0.5, 0.95], when = { optimizer = \"sgd\" } }\n", "");
    bench.optimize(&["study.toml"]).code(0);
    as_before(&bench);
    let again = bench.optimize(&["study.toml", "--trials", "2"]).code(0);
    let again = again.says("began with an earlier version").says("`preprocessing` = none (today standardize)");
    again.says("`initialization` = kaiming (today pytorch)");
    let recipe = |trial: u64| {
        let path = bench.results().join(format!("checkpoints/trial-{trial}.json"));
        let recipe: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        (recipe["recipe"]["preprocessing"].clone(), recipe["recipe"]["initialization"].clone())
    };
    assert_eq!(recipe(0), ("standardize".into(), "pytorch".into()));
    assert_eq!(recipe(1), ("none".into(), "kaiming".into()));
    // What the file says now is another study, and anew it begins as today.
    bench.edit("[train]", "[train]\npreprocessing = \"standardize\"");
    bench.optimize(&["study.toml", "--trials", "3"]).says("`train.preprocessing` was \"none\" there");
    bench.edit("preprocessing = \"standardize\"\n", "");
    let anew = bench.optimize(&["study.toml", "--fresh"]).code(0);
    assert!(!anew.out().contains("earlier version"), "{}", anew.out());
    assert_eq!(recipe(0), ("standardize".into(), "pytorch".into()));
}

#[test]
fn a_study_whose_data_were_read_otherwise_does_not_go_on() {
    let bench = birds();
    // One class in two spellings, which were one number.
    let row = |i: u32| format!("{i}.5,{}\n", ["1", "1.0", "2"][i as usize % 3]);
    bench.write("codes.csv", &format!("bill,kind\n{}", (0..120).map(row).collect::<String>()));
    bench.edit("./birds.csv", "./codes.csv");
    let spelt = "`1` and `1.0` of `kind` are one number in two spellings, and two classes";
    bench.optimize(&["study.toml"]).code(0).says(spelt);
    as_before(&bench);
    let refused = bench.optimize(&["study.toml", "--trials", "2"]);
    refused.says("read its data otherwise").says("they were one before").says("--fresh");
    assert_eq!(bench.record().trials().len(), 1);
}

#[test]
fn an_odd_cell_and_a_missing_one_are_told_with_their_place() {
    let bench = birds();
    for (cell, reason) in
        [("None", "looks like a sign for a missing one"), ("\"3,5\"", "a decimal comma"), ("$12", "currency")]
    {
        let row = |i: u32| {
            format!("{},{}\n", if i == 30 { cell.to_owned() } else { format!("{i}.5") }, ["a", "b"][i as usize % 2])
        };
        bench.write("birds.csv", &format!("bill,kind\n{}", (0..60).map(row).collect::<String>()));
        for arguments in [&["check", "study.toml"][..], &["study.toml"]] {
            bench.optimize(arguments).code(2).says("birds.csv, line 32, column `bill`").says(reason);
        }
    }
    assert!(!bench.results().exists(), "nothing has begun");
}

#[test]
fn tables_of_parts_are_trained_validated_and_tested_on() {
    let bench = birds();
    let rows = |from: u32, to: u32| -> String {
        let row =
            |i: u32| format!("{},{}\n", f64::from(i % 3) + f64::from(i % 7) / 10.0, ["a", "b", "c"][i as usize % 3]);
        format!("size,kind\n{}", (from..to).map(row).collect::<String>())
    };
    std::fs::create_dir(bench.path().join("parts")).unwrap();
    for (name, from, to) in [("train.csv", 0, 90), ("val.csv", 90, 111), ("test.csv", 111, 141)] {
        bench.write(&format!("parts/{name}"), &rows(from, to));
    }
    bench.edit("./birds.csv", "./parts");
    bench.optimize(&["study.toml"]).code(0).says("given: 90 to train, 21 to validate, 30 to test");
    bench.edit("./parts", "./parts/train.csv");
    bench.optimize(&["check", "study.toml"]).code(0).says("`test.csv` and `val.csv` beside it");
}
