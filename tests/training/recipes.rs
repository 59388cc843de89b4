//! What recipes can ask for.

use super::*;

const PRECISIONS: [&str; 6] = ["float32", "float64", "bfloat16", "float16-input", "mixed-bfloat16", "mixed-float16"];
const INTERNALS: [&str; 5] = ["none", "channels-last", "traced", "pre-quantization", "post-quantization"];

/// Bright upper or lower halves of images of 12 x 12 pixels.
fn halves() -> (Dataset, Split) {
    let shape = Shape { channels: 3, height: 12, width: 12 };
    let labels: Vec<u32> = (0..90).map(|i| i % 2).collect();
    let pixel = |n: usize, label: u32, at: usize| {
        let upper = at % 144 < 72;
        let bright = if upper == (label == 0) { 0.8 } else { 0.2 };
        bright + 0.1 * ((n * 31 + at * 17) % 11) as f32 / 11.0
    };
    let features = labels.iter().enumerate().flat_map(|(n, l)| (0..shape.len()).map(move |at| pixel(n, *l, at)));
    let halves = Dataset::new("halves", shape, features.collect(), labels, 2).unwrap();
    let split = Split::stratified(halves.labels(), Shares::default(), 0).unwrap();
    (halves, split)
}

fn on_halves<const N: usize>(settings: [(&str, Value); N]) -> TrainingResult {
    let (halves, split) = halves();
    let recipe = recipe(settings);
    let _turn = turn();
    trainer().train_on(&halves, &split, &recipe, 1, &mut ()).unwrap_or_else(|error| panic!("{recipe:?}: {error}"))
}

#[test]
fn every_precision_goes_with_every_way_of_carrying_out_and_is_near_32_bits() {
    let run = |precision: &str, internal: &str| {
        on_halves([
            ("model", "cnn".into()),
            ("width", 4.into()),
            ("epochs", 2.into()),
            ("batch_size", 8.into()),
            ("precision", precision.into()),
            ("internal_optimization", internal.into()),
        ])
        .metrics
    };
    let exact = run("float32", "none");
    for precision in PRECISIONS {
        // Rounding of numbers with 24, 11 and 8 bits over a dozen steps.
        let near = match precision {
            "float32" | "float64" => 1e-4,
            "float16-input" | "mixed-float16" => 5e-3,
            _ => 4e-2,
        };
        for internal in INTERNALS {
            let rounds = if internal.ends_with("quantization") { 4e-2 } else { 0.0 };
            let told = run(precision, internal);
            for name in ["loss", "validation_loss"] {
                let off = (told[name] - exact[name]).abs();
                assert!(off <= near + rounds, "{precision} {internal}: {name} {} and {}", told[name], exact[name]);
            }
        }
    }
}

#[test]
fn batch_norm_learns_alike_in_every_precision_and_when_traced() {
    let run = |precision: &str, internal: &str| {
        on_halves([
            ("model", "resnet18".into()),
            ("epochs", 1.into()),
            ("batch_size", 18.into()),
            ("learning_rate", 1e-4.into()),
            ("precision", precision.into()),
            ("internal_optimization", internal.into()),
        ])
        .metrics
    };
    let exact = run("float32", "none");
    for (precision, internal) in [
        ("float32", "traced"),
        ("float32", "channels-last"),
        ("float64", "none"),
        ("mixed-bfloat16", "none"),
        ("float32", "post-quantization"),
    ] {
        let told = run(precision, internal);
        let is_exact = precision.starts_with("float") && internal != "post-quantization";
        let near = if is_exact { 1e-2 } else { 0.1 };
        for name in ["loss", "validation_loss"] {
            let off = (told[name] - exact[name]).abs();
            assert!(off <= near, "{precision} {internal}: {name} {} and {}", told[name], exact[name]);
        }
    }
}

#[test]
fn every_network_learns_and_is_its_seeds() {
    for model in ["mlp", "cnn", "lenet5", "vgg11", "resnet18", "mobilenetv2"] {
        let settings = || [("model", model.into()), ("epochs", 4.into()), ("batch_size", 9.into())];
        let outcome = on_halves(settings());
        assert!(outcome.metrics["loss"] < 0.69, "{model}: {outcome:?}");
        // The largest of them are left at that: batch norm and residuals are in those that remain.
        if model != "vgg11" && model != "mobilenetv2" {
            assert_eq!(outcome.metrics["loss"].to_bits(), on_halves(settings()).metrics["loss"].to_bits(), "{model}");
        }
    }
}

#[test]
fn every_augmentation_schedule_and_preprocessing_learns() {
    let choices = [
        ("augmentation", ["flip-and-crop", "random", "mixup", "cutmix"].as_slice()),
        ("schedule", &["exponential", "polynomial", "cosine", "one-cycle", "warm-up"]),
        ("preprocessing", &["standardize", "robust", "minmax"]),
        ("optimizer", &["sgd", "adamw", "rmsprop"]),
    ];
    let mut losses = std::collections::BTreeSet::new();
    for (name, values) in choices {
        for value in values {
            let run = |epochs: i64| {
                on_halves([
                    ("epochs", epochs.into()),
                    ("batch_size", 9.into()),
                    (name, (*value).into()),
                    ("learning_rate", if value.starts_with('s') { 0.05 } else { 2e-3 }.into()),
                ])
            };
            let outcome = run(10);
            assert!(outcome.metrics["accuracy"] > 0.9, "{name} = {value}: {outcome:?}");
            let early = run(2);
            let told = ["loss", "validation_loss"].map(|name| early.metrics[name].to_bits());
            assert!(losses.insert(told), "{name} = {value} changes nothing: {early:?}");
            assert_eq!(run(2).metrics["loss"].to_bits(), told[0], "{name} = {value} is not its seed's");
        }
    }
}

#[test]
fn smoothing_clipping_and_averaging_change_what_they_should() {
    let loss = |name: &str, value: f64| {
        let settings = [
            ("epochs", 3.into()),
            ("batch_size", 9.into()),
            ("optimizer", "sgd".into()),
            ("learning_rate", 0.1.into()),
            (name, value.into()),
        ];
        on_halves(settings).metrics
    };
    let plain = loss("weight_decay", 0.0);
    assert!(loss("gradient_clip", 1e-3)["loss"] > plain["loss"] + 0.05, "tiny gradients hardly learn");
    assert_eq!(loss("gradient_clip", 1e6)["loss"], plain["loss"], "and long ones are not met");
    assert!(loss("label_smoothing", 0.5)["loss"] > plain["loss"], "the loss told is that of the labels themselves");
    // All of one batch is told by the weights before the only step.
    let untrained = |smoothing: f64| {
        on_halves([("epochs", 1.into()), ("batch_size", 90.into()), ("label_smoothing", smoothing.into())])
    };
    assert_eq!(untrained(0.5).metrics["loss"], untrained(0.0).metrics["loss"], "whatever is learned from");
    let averaged = loss("ema", 0.9);
    assert_eq!(averaged["loss"], plain["loss"], "the average learns nothing itself");
    assert!(averaged["validation_loss"] > plain["validation_loss"], "and is behind");
}

#[test]
fn patience_ends_a_training_and_keeps_the_best_epoch() {
    let (halves, split) = halves();
    // Labels without any sense are learned by heart, and validation gets worse.
    let labels: Vec<u32> = (0..90).map(|i: u32| (i.wrapping_mul(2_654_435_761) >> 16) & 1).collect();
    let noise = Dataset::new("noise", halves.shape(), halves.features().to_vec(), labels, 2).unwrap();
    let recipe = recipe([("epochs", 200.into()), ("patience", 4.into()), ("learning_rate", 0.01.into())]);
    let mut journal = Journal::default();
    let outcome = {
        let _turn = turn();
        trainer().train_on(&noise, &split, &recipe, 1, &mut journal).unwrap()
    };
    let losses: Vec<f64> = journal.epochs.iter().map(|epoch| epoch["validation_loss"]).collect();
    let best = (0..losses.len()).min_by(|a, b| losses[*a].total_cmp(&losses[*b])).unwrap();
    assert!(!outcome.stopped && losses.len() < 200, "{}", losses.len());
    assert_eq!(losses.len(), best + 5);
    assert_eq!(outcome.metrics["epochs"], losses.len() as f64);
    for name in ["accuracy", "validation_loss", "loss"] {
        assert_eq!(outcome.metrics[name], journal.epochs[best][name], "{name}");
    }
}

/// The halves, each with a number that nothing in the image tells.
fn riddles() -> (Dataset, Split) {
    let (halves, split) = halves();
    let values = (0..90).map(|i: u32| ((i.wrapping_mul(2_654_435_761) >> 16) & 255) as f32).collect();
    (Dataset::regression("riddles", halves.shape(), halves.features().to_vec(), values).unwrap(), split)
}

#[test]
fn patience_goes_back_to_the_weights_and_batch_norm_statistics_of_the_best_epoch() {
    let (riddles, split) = riddles();
    let run = |epochs: usize, patience: i64, ema: f64| {
        let recipe = recipe([
            ("model", "resnet18".into()),
            ("batch_size", 18.into()),
            ("epochs", (epochs as i64).into()),
            ("patience", patience.into()),
            ("ema", ema.into()),
        ]);
        let _turn = turn();
        let mut journal = Journal::default();
        let metrics = trainer().train_on(&riddles, &split, &recipe, 1, &mut journal).unwrap().metrics;
        (metrics, journal.epochs)
    };
    for ema in [0.0, 0.5] {
        let (stopped, epochs) = run(30, 3, ema);
        let losses: Vec<f64> = epochs.iter().map(|epoch| epoch["validation_loss"]).collect();
        let best = (0..losses.len()).min_by(|a, b| losses[*a].total_cmp(&losses[*b])).unwrap();
        assert_eq!(losses.len(), best + 4, "{losses:?}");
        // A constant schedule does not know how many epochs there will be, so the same steps were taken up to there.
        let (exactly, _) = run(best + 1, 0, ema);
        for name in ["test_rmse", "test_r2", "rmse", "loss"] {
            assert_eq!(stopped[name].to_bits(), exactly[name].to_bits(), "{name} {ema}: {stopped:?} {exactly:?}");
        }
    }
}

#[test]
fn numbers_are_told_in_their_own_unit() {
    let shape = Shape { channels: 3, height: 1, width: 1 };
    let sample = |n: u32| [f64::from(n % 7), f64::from(n % 11), f64::from(n % 5)];
    let truth = |x: [f64; 3]| 2000.0 + 30.0 * x[0] - 20.0 * x[1] + 10.0 * x[2];
    let features = (0..600).flat_map(sample).map(|x| x as f32).collect();
    let values: Vec<f32> = (0..600).map(|n| truth(sample(n)) as f32).collect();
    let line = Dataset::regression("line", shape, features, values).unwrap();
    let split = Split::of(&line, &"60-20-20".parse().unwrap(), 1).unwrap();
    let settings = [
        ("preprocessing", "standardize".into()),
        ("epochs", 60.into()),
        ("learning_rate", 0.01.into()),
        ("batch_size", 32.into()),
    ];
    let outcome = {
        let _turn = turn();
        trainer().train_on(&line, &split, &recipe(settings), 1, &mut ()).unwrap()
    };
    let metrics = &outcome.metrics;
    assert!(metrics["r2"] > 0.98 && metrics["test_r2"] > 0.98, "{metrics:?}");
    // The numbers spread by about 90.
    assert!(metrics["rmse"] > 0.01 && metrics["rmse"] < 14.0, "{metrics:?}");
    assert!(!metrics.contains_key("accuracy"));
}

#[test]
fn what_the_data_do_not_allow_is_an_error_before_the_trial() {
    let shape = Shape { channels: 4, height: 1, width: 1 };
    let labels = (0..40).map(|n| n % 2).collect();
    let table = Dataset::new("table", shape, vec![0.5; 160], labels, 2).unwrap();
    let split = Split::stratified(table.labels(), Shares::default(), 0).unwrap();
    let _turn = turn();
    let mut journal = Journal::default();
    let cut = recipe([("augmentation", "flip-and-crop".into())]);
    let error = trainer().train_on(&table, &split, &cut, 1, &mut journal).unwrap_err();
    assert!(error.to_string().contains("`table` are no images"), "{error}");
    assert!(journal.lines.is_empty());
}

#[test]
fn a_loss_that_quantization_makes_infinite_is_a_divergence() {
    // Numbers of 64 bits carry the one large row of the validation part through the network; those of 32 bits, into which
    // products of integers are turned, do not.
    let shape = Shape { channels: 1, height: 1, width: 2 };
    let labels: Vec<u32> = (0..40).map(|n| n % 2).collect();
    let split = Split { train: (0..30).collect(), validation: (30..35).collect(), test: (35..40).collect() };
    let row = |(n, label): (usize, &u32)| if n == 32 { [3e38; 2] } else { [*label as f32, n as f32 / 40.0] };
    let features = labels.iter().enumerate().flat_map(row).collect();
    let table = Dataset::new("table", shape, features, labels, 2).unwrap();
    let run = |internal: &str| {
        let recipe = recipe([
            ("precision", "float64".into()),
            ("internal_optimization", internal.into()),
            ("epochs", 2.into()),
            ("preprocessing", "none".into()),
        ]);
        let mut journal = Journal::default();
        let _turn = turn();
        (trainer().train_on(&table, &split, &recipe, 1, &mut journal), journal.lines)
    };
    assert!(run("none").0.unwrap().metrics["validation_loss"] > 1e30);
    let (result, lines) = run("post-quantization");
    assert!(matches!(result, Err(TrainError::Diverged { epoch: 2, .. })), "{result:?}");
    let told = result.unwrap_err().to_string();
    assert!(told.contains("to 3.000e38 in the validation part"), "{told}");
    assert_eq!(lines[lines.len() - 3..], ["begin evaluate", "end evaluate", "end trial"], "no test is made of it");
}

#[test]
fn digits_are_told_with_98_percent() {
    let recipe = recipe([
        ("model", "cnn".into()),
        ("width", 48.into()),
        ("epochs", 30.into()),
        ("batch_size", 32.into()),
        ("learning_rate", 4e-3.into()),
        ("schedule", "one-cycle".into()),
        ("dropout", 0.3.into()),
        ("partition", "80-10-10".into()),
    ]);
    let accuracies: Vec<f64> =
        (0..3).map(|seed| train(&recipe, seed, &mut ()).unwrap().metrics["test_accuracy"]).collect();
    assert!(accuracies.iter().sum::<f64>() / 3.0 >= 0.98, "{accuracies:?}");
}

#[test]
fn bytes_are_trained_on_as_the_numbers_that_they_mean() {
    let (halves, split) = halves();
    let bytes: Vec<u8> = halves.features().to_vec().iter().map(|v| (v * 255.0).round() as u8).collect();
    let floats = bytes.iter().map(|b| f32::from(*b) / 255.0).collect();
    let labels = || halves.labels().to_vec();
    let floats = Dataset::new("floats", halves.shape(), floats, labels(), 2).unwrap();
    let bytes = Dataset::from_bytes("bytes", halves.shape(), bytes, labels(), 2).unwrap();
    for preprocessing in ["none", "standardize", "robust", "minmax"] {
        let recipe = recipe([("preprocessing", preprocessing.into()), ("epochs", 2.into())]);
        let _turn = turn();
        let run = |data: &Dataset| trainer().train_on(data, &split, &recipe, 1, &mut ()).unwrap().metrics;
        let (one, other) = (run(&bytes), run(&floats));
        assert!((one["validation_loss"] - other["validation_loss"]).abs() < 1e-4, "{preprocessing}: {one:?} {other:?}");
    }
}

#[test]
fn a_last_batch_of_one_sample_and_the_first_trace_do_no_harm_to_batch_norm() {
    let (halves, split) = halves();
    let run = |internal: &str| {
        let recipe = recipe([
            ("model", "resnet18".into()),
            ("epochs", 1.into()),
            ("batch_size", (split.train.len() as i64 - 1).into()),
            ("internal_optimization", internal.into()),
        ]);
        let _turn = turn();
        trainer().train_on(&halves, &split, &recipe, 1, &mut ()).unwrap().metrics
    };
    let (plain, traced) = (run("none"), run("traced"));
    for name in ["loss", "validation_loss"] {
        assert!((plain[name] - traced[name]).abs() < 1e-3, "{name}: {} and {}", plain[name], traced[name]);
    }
}
