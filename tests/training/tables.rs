//! Tables whose columns have units of their own.

use super::*;
use wattfront::data::Partition;
use wattfront::training::{DivergenceCause, Preprocessing};

/// Two columns of a size of 1, one in thousands that tells the class, and one in millionths; as people measure them.
fn birds(classes: u32) -> (Dataset, Split) {
    let n = 240_u32;
    let wobble = |i: u32, by: u32| f64::from((i * by) % 23) / 23.0 - 0.5;
    let row = |i: u32| {
        let class = f64::from(i % 3);
        [
            40.0 + 4.0 * wobble(i, 7),
            17.0 + wobble(i, 11),
            3500.0 + 900.0 * class + 500.0 * wobble(i, 5),
            2e-6 * (1.0 + wobble(i, 13)),
        ]
    };
    let features = (0..n).flat_map(row).map(|x| x as f32).collect();
    let shape = Shape::of_columns(4);
    let made = match classes {
        0 => Dataset::regression("birds", shape, features, (0..n).map(|i| 100.0 + row(i)[2] as f32 / 9.0).collect()),
        _ => Dataset::new("birds", shape, features, (0..n).map(|i| i % classes).collect(), classes as usize),
    };
    let birds = made.unwrap();
    let split = Split::of(&birds, &Partition::default_for(&birds), 5).unwrap();
    (birds, split)
}

fn on_birds(
    classes: u32,
    settings: &[(&str, Value)],
    observer: &mut dyn TrainingObserver,
) -> Result<TrainingResult, TrainError> {
    let (birds, split) = birds(classes);
    let dataset = Value::from("birds");
    let recipe = Recipe::from_settings(settings.iter().map(|(k, v)| (*k, v)).chain([("dataset", &dataset)])).unwrap();
    let _turn = turn();
    trainer().train_on(&birds, &split, &recipe, 1, observer)
}

#[test]
fn a_table_is_standardized_unless_somebody_says_otherwise() {
    let settings = [("epochs", 40.into()), ("batch_size", 16.into())];
    let with = |preprocessing: &str| {
        let mut settings = settings.to_vec();
        settings.push(("preprocessing", preprocessing.into()));
        on_birds(3, &settings, &mut ()).unwrap().metrics["loss"].to_bits()
    };
    let open = on_birds(3, &settings, &mut ()).unwrap();
    assert_eq!(open.metrics["loss"].to_bits(), with("standardize"));
    assert_ne!(open.metrics["loss"].to_bits(), with("none"));
    assert!(open.metrics["accuracy"] > 0.9, "{open:?}");
    let dataset = Value::from("birds");
    let recipe = Recipe::from_settings([("dataset", &dataset)]).unwrap();
    assert_eq!(
        (recipe.preprocessing(), recipe.on(&birds(3).0).preprocessing()),
        (None, Some(Preprocessing::Standardize))
    );
}

#[test]
fn columns_in_thousands_are_no_divergence_while_the_loss_falls() {
    for classes in [0, 3] {
        for rate in [1e-6, 1.27e-4, 1e-3] {
            for initialization in ["pytorch", "kaiming", "xavier"] {
                let mut journal = Journal::default();
                let settings = [
                    ("preprocessing", Value::from("none")),
                    ("learning_rate", rate.into()),
                    ("epochs", 12.into()),
                    ("batch_size", 16.into()),
                    ("initialization", initialization.into()),
                ];
                let outcome = on_birds(classes, &settings, &mut journal);
                let losses: Vec<f64> = journal.epochs.iter().map(|metrics| metrics["loss"]).collect();
                let outcome = outcome.unwrap_or_else(|e| panic!("{classes} {rate} {initialization}: {e}: {losses:?}"));
                assert_eq!(outcome.metrics["epochs"], 12.0);
                assert!(losses[11] < losses[0], "{classes} {rate} {initialization}: {losses:?}");
            }
        }
    }
}

#[test]
fn a_divergence_names_its_cause() {
    let settings = |preprocessing: &str| {
        [
            ("preprocessing", Value::from(preprocessing)),
            ("optimizer", "sgd".into()),
            ("learning_rate", 30.0.into()),
            ("epochs", 6.into()),
            ("momentum", 0.9.into()),
        ]
    };
    let error = on_birds(0, &settings("none"), &mut ()).unwrap_err();
    let TrainError::Diverged { cause: DivergenceCause::Unscaled { low, high, .. }, .. } = &error else {
        panic!("{error}")
    };
    assert!((3000.0..4000.0).contains(low) && (5000.0..6000.0).contains(high), "{error}");
    let help = error.help().unwrap_or_default();
    assert!(
        error.to_string().contains("feature 2 goes from") && help.contains("`preprocessing` = standardize"),
        "{error}; {help}"
    );
    // Where the columns are in order, the step is to blame.
    let error = on_birds(0, &settings("standardize"), &mut ()).unwrap_err();
    assert!(
        matches!(error, TrainError::Diverged { cause: DivergenceCause::LearningRate(rate), .. } if rate == 30.0),
        "{error}"
    );
    let help = error.help().unwrap_or_default();
    assert!(help.contains("a smaller learning rate than 30 may help"), "{error}; {help}");
}
