//! Every task in every precision with every optimizer, carried out in every way: it trains, or the check says beforehand that it
//! cannot. There is no third way.

use std::collections::BTreeMap;

use super::*;
use wattfront::data::{Partition, Shape};
use wattfront::training::{check_networks, check_on, check_settings};

const PRECISIONS: [&str; 6] = ["float32", "float64", "bfloat16", "float16-input", "mixed-bfloat16", "mixed-float16"];
const OPTIMIZERS: [&str; 5] = ["sgd", "nesterov", "adam", "adamw", "rmsprop"];
const INTERNALS: [&str; 5] = ["none", "channels-last", "traced", "pre-quantization", "post-quantization"];

/// Samples of so many classes, or of numbers for none, as rows of a table or as images of 6 x 6.
fn samples(classes: u32, images: bool) -> Dataset {
    let n = 60_u32;
    let shape = if images { Shape { channels: 1, height: 6, width: 6 } } else { Shape::of_columns(5) };
    let value = |i: u32, at: u32| ((i * 7 + at * (i % 3 + 1)) % 11) as f32 / 5.0;
    let features = (0..n).flat_map(|i| (0..shape.len() as u32).map(move |at| value(i, at))).collect();
    let made = match classes {
        0 => Dataset::regression("cells", shape, features, (0..n).map(|i| 3.0 + value(i, 1) * 2.0).collect()),
        _ => Dataset::new("cells", shape, features, (0..n).map(|i| i % classes).collect(), classes as usize),
    };
    made.unwrap()
}

/// Whether the check lets these settings pass, and then what the training says.
fn told(dataset: &Dataset, settings: &[(&str, Value)]) -> Option<Result<TrainingResult, TrainError>> {
    let name = Value::from("cells");
    let fixed: BTreeMap<String, Value> = settings.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect();
    let with_name: BTreeMap<String, Value> = fixed.clone().into_iter().chain([("dataset".to_owned(), name)]).collect();
    let checked = check_settings(&with_name, &[])
        .and_then(|()| check_on(&with_name, &[], dataset))
        .and_then(|()| check_networks(&with_name, &[], dataset));
    if checked.is_err() {
        return None;
    }
    let recipe = Recipe::from_settings(with_name.iter().map(|(k, v)| (k.as_str(), v))).unwrap();
    let split = Split::of(dataset, &Partition::default_for(dataset), 3).unwrap();
    Some(trainer().train_on(dataset, &split, &recipe, 1, &mut ()))
}

/// Trains what may be trained, and counts it.
fn all_of(model: &str, images: bool, extra: &[(&str, Value)]) -> usize {
    let _turn = turn();
    let mut trained = 0;
    for classes in [0, 2, 5] {
        let dataset = samples(classes, images);
        for precision in PRECISIONS {
            for optimizer in OPTIMIZERS {
                for internal in INTERNALS {
                    let mut settings = vec![
                        ("model", Value::from(model)),
                        ("width", 4.into()),
                        ("depth", 1.into()),
                        ("epochs", 1.into()),
                        ("batch_size", 16.into()),
                        ("precision", precision.into()),
                        ("optimizer", optimizer.into()),
                        ("internal_optimization", internal.into()),
                    ];
                    settings.extend(extra.iter().cloned());
                    match told(&dataset, &settings) {
                        None => {}
                        Some(Ok(outcome)) => {
                            trained += 1;
                            let metric = if classes == 0 { "rmse" } else { "accuracy" };
                            assert!(outcome.metrics[metric].is_finite(), "{classes} {settings:?}: {outcome:?}");
                        }
                        Some(Err(error)) => panic!("{classes} classes, {settings:?}: {error}"),
                    }
                }
            }
        }
    }
    trained
}

#[test]
fn every_cell_of_a_table_trains_or_is_refused_beforehand() {
    assert_eq!(all_of("mlp", false, &[]), 3 * 6 * 5 * 5, "none of these is refused");
}

#[test]
fn every_cell_of_images_trains_or_is_refused_beforehand() {
    assert_eq!(all_of("cnn", true, &[]), 3 * 6 * 5 * 5, "none of these is refused");
}

#[test]
fn every_cell_trains_with_what_else_touches_numbers() {
    // Blends, averages, short gradients and early ends, each in numbers of its own.
    let extra = [
        ("augmentation", Value::from("mixup")),
        ("ema", 0.9.into()),
        ("gradient_clip", 1.0.into()),
        ("patience", 1.into()),
        ("schedule", "cosine".into()),
        ("weight_decay", 0.01.into()),
    ];
    assert_eq!(all_of("mlp", false, &extra), 3 * 6 * 5 * 5, "none of these is refused");
    // Labels are smoothed where there are any: numbers are refused.
    assert_eq!(all_of("mlp", false, &[("label_smoothing", 0.1.into())]), 2 * 6 * 5 * 5);
}
