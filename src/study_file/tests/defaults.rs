//! What is settled when a study begins.

use super::*;
use crate::training::Defaults;

#[test]
fn what_a_study_leaves_open_stays_what_it_was_at_its_beginning() {
    let study = |train: &str| {
        let text = "seed = 1\nbudget.trials = 3\n[[objective]]\nmetric = \"accuracy\"\ngoal = \"maximize\"\n[space]\n\
                    learning_rate = { float = [0.1, 1.0] }\n[train]\ndataset = \"rows.csv\"\n";
        parse(&format!("{text}{train}")).unwrap()
    };
    let told = |stored: &serde_json::Value, train: &str| {
        let found = differences(stored, &study(train).identity_beside(stored));
        found.iter().map(|d| d.path.clone()).collect::<Vec<_>>()
    };
    // As older versions stored it: nothing of initialization, and preprocessing at its default of then.
    let mut before = study("").identity();
    let train = before["train"].as_object_mut().unwrap();
    train.remove("initialization").unwrap();
    train.insert("preprocessing".to_owned(), "none".into());
    assert_eq!(stored_defaults(&before), Defaults::BEFORE);
    for same in ["", "preprocessing = \"none\"", "initialization = \"kaiming\""] {
        assert_eq!(told(&before, same), [""; 0], "{same}");
    }
    assert_eq!(told(&before, "preprocessing = \"standardize\""), ["train.preprocessing"]);
    assert_eq!(told(&before, "initialization = \"pytorch\""), ["train.initialization"]);
    let resumed = study("").begun_with(&before);
    let TrialSource::Train(train) = resumed.source() else { panic!("a training") };
    assert_eq!(train.defaults, Some(Defaults::BEFORE));
    // As it is stored now.
    let now = study("").with_defaults_left_open(Defaults::for_samples(false)).identity();
    assert_eq!(now["train"]["preprocessing"], "standardize");
    for same in ["", "preprocessing = \"standardize\"", "initialization = \"pytorch\""] {
        assert_eq!(told(&now, same), [""; 0], "{same}");
    }
    assert_eq!(told(&now, "preprocessing = \"none\""), ["train.preprocessing"]);
    // A later version may have other defaults: this study keeps its own.
    let later = study("").with_defaults_left_open(Defaults::for_samples(true)).begun_with(&now);
    assert_eq!(later.identity(), now);
}
