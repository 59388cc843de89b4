use super::*;
use crate::optimizer::space::{Space, choice, float, int};

fn fixed<const N: usize>(settings: [(&str, Value); N]) -> BTreeMap<String, Value> {
    settings.into_iter().map(|(k, v)| (k.to_owned(), v)).chain([("dataset".to_owned(), "digits".into())]).collect()
}

fn message(settings: &BTreeMap<String, Value>, space: &Space) -> String {
    let error = check_settings(settings, space.parameters()).unwrap_err();
    error.help().map_or_else(|| error.to_string(), |help| format!("{error}; {help}"))
}

#[test]
fn every_default_is_in_its_range_and_every_condition_names_a_setting() {
    for setting in SETTINGS {
        if let Some(value) = setting.default.value() {
            setting.check_value(&value).unwrap();
        }
        if let Some(condition) = setting.condition {
            let on = Setting::find(condition.on).unwrap();
            condition.values.iter().for_each(|v| on.check_value(&Value::from(*v)).unwrap());
        }
    }
}

#[test]
fn the_documented_study_is_accepted() {
    let space = Space::new([
        float("learning_rate", 1e-5..=1e-1).log(),
        int("width", 8..=128).log(),
        choice("batch_size", [16, 32, 64, 128, 256]),
        choice("optimizer", ["sgd", "adam", "adamw", "rmsprop"]),
        float("momentum", 0.0..=0.99).when("optimizer", ["sgd", "rmsprop"]),
    ])
    .unwrap();
    check_settings(&fixed([("model", "cnn".into()), ("epochs", 10.into())]), space.parameters()).unwrap();
}

#[test]
fn a_domain_beyond_the_range_is_refused_with_the_value_that_goes_too_far() {
    let space = |low: f64| Space::new([float("dropout", low..=0.99)]).unwrap();
    assert_eq!(
        message(&fixed([]), &space(0.0)),
        "the training setting `dropout` cannot be 0.99: it must be a number from 0.0 to 0.95"
    );
    assert!(message(&fixed([]), &space(-0.5)).contains("cannot be -0.5"));
    let floats = Space::new([float("width", 8.0..=64.0)]).unwrap();
    assert!(message(&fixed([]), &floats).contains("cannot be 8.0: it must be a whole number"));
    let names = Space::new([choice("model", ["mlp", "rnn"])]).unwrap();
    assert!(message(&fixed([]), &names).contains("cannot be rnn: it must be mlp or cnn"));
    let whole = Space::new([int("dropout", 0..=0)]).unwrap();
    check_settings(&fixed([]), whole.parameters()).unwrap();
}

#[test]
fn settings_fixed_and_searched_missing_or_unknown_are_refused() {
    let space = Space::new([int("width", 8..=64)]).unwrap();
    assert!(message(&fixed([("width", 8.into())]), &space).contains("given twice"));
    assert!(
        message(&BTreeMap::new(), &space)
            .contains("`dataset` is missing: it must be the name of a data set, such as digits")
    );
    assert!(message(&fixed([("widht", 8.into())]), &space).contains("there is no training setting `widht`"));
    let data = Space::new([choice("dataset", ["digits"])]).unwrap();
    assert!(message(&BTreeMap::new(), &data).contains("must be fixed"));
}

#[test]
fn a_momentum_without_meaning_is_refused_with_help() {
    let momentum = || float("momentum", 0.0..=0.9);
    let all = Space::new([momentum(), choice("optimizer", ["sgd", "adam"])]).unwrap();
    assert!(
        message(&fixed([]), &all)
            .ends_with("add `when = { optimizer = [\"sgd\", \"nesterov\", \"rmsprop\"] }` to the parameter")
    );
    let some = Space::new([momentum(), choice("optimizer", ["sgd", "rmsprop"])]).unwrap();
    check_settings(&fixed([]), some.parameters()).unwrap();
    let loose = Space::new([momentum().when("optimizer", ["adam"]), choice("optimizer", ["sgd", "adam"])]).unwrap();
    assert!(
        message(&fixed([]), &loose)
            .contains("has no meaning with `optimizer` = adam, only where it is sgd or nesterov or rmsprop")
    );
    // Neither fixed nor searched: the default, adam, has no momentum.
    let alone = Space::new([momentum()]).unwrap();
    assert!(message(&fixed([]), &alone).ends_with("remove it"));
    check_settings(&fixed([("optimizer", "sgd".into())]), alone.parameters()).unwrap();
    let searched = Space::new([choice("optimizer", ["sgd", "adam"])]).unwrap();
    assert!(message(&fixed([("momentum", 0.9.into())]), &searched).contains("move it to the space"));
}

#[test]
fn a_conditional_optimizer_counts_with_its_default() {
    let space = Space::new([
        choice("model", ["mlp", "cnn"]),
        choice("optimizer", ["sgd", "rmsprop"]).when("model", ["cnn"]),
        float("momentum", 0.0..=0.9),
    ])
    .unwrap();
    assert!(message(&fixed([]), &space).contains("`optimizer` = adam"));
}

#[test]
fn inference_that_some_point_only_simulates_is_refused() {
    let space = |models: &[&'static str]| {
        let inference = choice("internal_optimization", ["none", "post-quantization"]);
        Space::new([choice("model", models.to_vec()), inference]).unwrap()
    };
    let infers = fixed([("inference_seconds", 2.into())]);
    assert!(message(&infers, &space(&["mlp", "lenet5"])).contains("simulates convolutions"));
    check_settings(&infers, space(&["mlp"]).parameters()).unwrap();
    check_settings(&fixed([]), space(&["mlp", "lenet5"]).parameters()).unwrap();
    let apart = Space::new([
        choice("model", ["mlp", "lenet5"]),
        choice("internal_optimization", ["none", "post-quantization"]),
        choice("inference_seconds", [2]).when("internal_optimization", ["none"]),
    ])
    .unwrap();
    check_settings(&fixed([]), apart.parameters()).unwrap();
    let simulated = Space::new([choice("internal_optimization", ["none", "pre-quantization"])]).unwrap();
    assert!(message(&infers, &simulated).contains("pre-quantization"));
}
