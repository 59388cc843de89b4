use std::collections::BTreeMap;

use tch::{Device, Kind, Tensor};

use super::*;
use crate::data;
use crate::optimizer::problem::Metrics;
use crate::optimizer::space::Value;
use crate::training::torch::carrier::{Carrier, Pass, kind_of};
use crate::training::torch::check::architecture_of;
use crate::training::torch::checkpoint::Checkpoint;
use crate::training::torch::network::Network;
use crate::training::torch::part::Goal;
use crate::training::torch::stepper::Stepper;
use crate::training::{Recipe, TrainingResult};

const DECAY: f64 = 0.27;

/// The decays of the first three steps: `(1 + t) / (10 + t)`, and the recipe's from where that is larger.
const DECAYS: [f64; 3] = [2.0 / 11.0, 3.0 / 12.0, DECAY];

fn recipe(internal: &str) -> Recipe {
    let settings: [(&str, Value); 6] = [
        ("dataset", "digits".into()),
        ("model", "resnet18".into()),
        ("ema", DECAY.into()),
        ("optimizer", "sgd".into()),
        ("learning_rate", 0.05.into()),
        ("internal_optimization", internal.into()),
    ];
    Recipe::from_settings(settings.iter().map(|(name, value)| (*name, value))).unwrap()
}

fn network(recipe: &Recipe) -> Network {
    let shape = data::load("digits").unwrap().shape();
    Network::new(&architecture_of(recipe), shape, 10, kind_of(recipe), Device::Cpu).unwrap()
}

fn wide<'a>(tensors: impl IntoIterator<Item = &'a Tensor>) -> Vec<Tensor> {
    tensors.into_iter().map(|tensor| copied(tensor).unwrap().to_kind(Kind::Double)).collect()
}

fn moving(carrier: &Carrier) -> Vec<Tensor> {
    wide(carrier.weights().iter().chain(carrier.network().buffers().iter().map(|(_, buffer)| buffer)))
}

fn furthest<'a>(some: impl IntoIterator<Item = &'a Tensor>, others: &[Tensor]) -> f64 {
    let some = wide(some);
    assert_eq!(some.len(), others.len());
    some.iter().zip(others).map(|(a, b)| (a - b).abs().max().double_value(&[])).fold(0.0, f64::max)
}

/// A network after three steps, and the average of its weights and buffers computed beside it.
fn trained(recipe: &Recipe) -> (Carrier, Stepper, Vec<Tensor>) {
    let carrier = Carrier::new(network(recipe), recipe).unwrap();
    let mut stepper = Stepper::new(recipe, &carrier).unwrap();
    let mut expected = moving(&carrier);
    for decay in DECAYS {
        let samples = Tensor::randn([8, 1, 8, 8], (Kind::Float, Device::Cpu)) + 0.5;
        let loss = carrier.forward(carrier.weights(), &samples, Pass::Train).unwrap().square().mean(Kind::Float);
        stepper.step(&loss).unwrap();
        // Judged in between, as after an epoch: whoever traces does so now, and nothing of it may stay behind.
        let judged = stepper.judged().unwrap();
        drop(carrier.forward(&judged, &samples, Pass::Judge(None)).unwrap());
        let now = moving(&carrier);
        expected = expected.iter().zip(&now).map(|(old, new)| old * decay + new * (1.0 - decay)).collect();
    }
    (carrier, stepper, expected)
}

#[test]
fn weights_and_statistics_are_averaged_alike_and_the_network_is_judged_by_both() {
    for internal in ["none", "channels-last", "traced"] {
        let recipe = recipe(internal);
        let (carrier, stepper, expected) = trained(&recipe);
        let judged = stepper.judged().unwrap();
        let (weights, buffers) = expected.split_at(judged.len());
        assert!(furthest(&judged, weights) < 1e-5, "{internal}");
        assert!(furthest(carrier.buffers().iter().map(|(_, buffer)| buffer), buffers) < 1e-4, "{internal}");
        let raw = carrier.network().buffers();
        assert!(furthest(raw.iter().map(|(_, buffer)| buffer), buffers) > 1e-2, "{internal}: they have moved");
        let samples = Tensor::randn([5, 1, 8, 8], (Kind::Float, Device::Cpu));
        let told = carrier.forward(&judged, &samples, Pass::Judge(None)).unwrap();
        // Another network with these statistics for its own.
        let other = network(&recipe);
        for ((_, own), average) in other.buffers().iter().zip(buffers) {
            own.shallow_clone().f_copy_(average).unwrap();
        }
        let by_hand = other.forward(&judged, &samples, false, None).unwrap();
        let by_raw = carrier.network().forward(&judged, &samples, false, None).unwrap();
        let apart = |outputs: &Tensor| (outputs - &told).abs().max().double_value(&[]);
        assert!(apart(&by_hand) < 1e-3, "{internal}: {}", apart(&by_hand));
        assert!(apart(&by_raw) > 1e-2, "{internal}: {}", apart(&by_raw));
    }
}

#[test]
fn averaged_statistics_are_kept_with_the_averaged_weights() {
    let recipe = recipe("none");
    let (carrier, stepper, expected) = trained(&recipe);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    let weights = stepper.judged().unwrap();
    let checkpoint = Checkpoint {
        recipe: &recipe,
        seed: 1,
        split_seed: 0,
        dataset: &data::load("digits").unwrap(),
        goal: Goal::Classes(10),
        carrier: &carrier,
        weights: &weights,
        scaling: None,
        outcome: &TrainingResult { metrics: Metrics::new(), stopped: false, not_kept: None },
    };
    checkpoint.write(&path).unwrap();
    let kept: BTreeMap<String, Tensor> = Tensor::read_safetensors(&path).unwrap().into_iter().collect();
    let buffers = carrier.network().buffers().iter().map(|(name, _)| name);
    let names: Vec<&String> = carrier.network().names().iter().chain(buffers).collect();
    assert_eq!(kept.len(), names.len());
    assert!(furthest(names.into_iter().map(|name| &kept[name]), &expected) < 1e-4);
}
