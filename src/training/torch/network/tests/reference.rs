//! The networks against torchvision's own, by numbers that `tests/reference/networks.py` recorded.

use serde_json::Value;
use tch::{Device, Kind, Tensor};

use super::super::{Architecture, Network, Role};
use crate::data::Shape;

const DOUBLE: (Kind, Device) = (Kind::Double, Device::Cpu);

fn recorded() -> Value {
    serde_json::from_str(include_str!("../../../../../tests/reference/networks.json")).unwrap()
}

fn architecture(case: &Value) -> Architecture {
    match case["name"].as_str().unwrap() {
        "lenet5" => Architecture::LeNet5,
        "vgg11" => Architecture::Vgg { layers: 11, dropout: 0.0 },
        "vgg16" => Architecture::Vgg { layers: 16, dropout: 0.0 },
        "resnet18" => Architecture::ResNet { layers: 18 },
        "resnet34" => Architecture::ResNet { layers: 34 },
        "resnet50" => Architecture::ResNet { layers: 50 },
        "mobilenet_v2" => Architecture::MobileNetV2 { dropout: 0.0 },
        name => panic!("{name}"),
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(numbers).collect(),
        value => vec![value.as_f64().unwrap()],
    }
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

/// Name and size of each weight.
fn layout(case: &Value) -> Vec<(String, Vec<i64>)> {
    let entry = |entry: &Value| {
        let dims = entry[1].as_array().unwrap().iter().map(|dim| dim.as_i64().unwrap());
        (entry[0].as_str().unwrap().to_owned(), dims.collect())
    };
    case["layout"].as_array().unwrap().iter().map(entry).collect()
}

/// The script's numbers, which only depend on their place.
fn fill(dims: &[i64], k: i64) -> Tensor {
    let i = Tensor::arange(dims.iter().product::<i64>(), (Kind::Int64, Device::Cpu));
    let whole = (&i * &i * 31 + i * 17 + k * 1009).remainder(65521);
    (whole.to_kind(Kind::Double) / 65521.0 - 0.5).reshape(dims)
}

fn flat(tensor: &Tensor) -> Vec<f64> {
    Vec::try_from(tensor.flatten(0, -1)).unwrap()
}

/// Within a share of `tolerance` of the largest of `expected`.
fn assert_close(what: &str, values: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(values.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(f64::MIN_POSITIVE, |scale, x| scale.max(x.abs()));
    for (value, expected) in values.iter().zip(expected) {
        assert!((value - expected).abs() <= tolerance * scale, "{what}: {value} instead of {expected}");
    }
}

#[test]
fn logits_gradients_and_statistics_are_those_of_torchvision() {
    for case in recorded()["computed"].as_array().unwrap() {
        let sides = numbers(&case["shape"]).into_iter().map(|side| side as usize).collect::<Vec<_>>();
        let shape = Shape { channels: sides[0], height: sides[1], width: sides[2] };
        let outputs = case["trained"][0].as_array().unwrap().len();
        let network = Network::new(&architecture(case), shape, outputs, DOUBLE.0, DOUBLE.1).unwrap();
        let what = format!("{} {shape:?}", case["name"]);

        let own = network.names().iter().cloned().zip(network.weights().iter().map(Tensor::size)).collect::<Vec<_>>();
        assert_eq!(own, layout(case), "{what}");
        let buffers = network.buffers().iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>();
        assert_eq!(buffers, texts(&case["buffers"]), "{what}");

        tch::no_grad(|| {
            for (k, (weight, role)) in network.weights().iter().zip(network.roles()).enumerate() {
                let fill = fill(&weight.size(), k as i64);
                let value = match role {
                    Role::Kernel => fill * (24.0 / weight.get(0).numel() as f64).sqrt(),
                    Role::Norm if network.names()[k].ends_with(".weight") => fill + 1.0,
                    Role::Norm | Role::Bias => fill,
                };
                weight.shallow_clone().copy_(&value);
            }
            for (k, (name, buffer)) in network.buffers().iter().enumerate() {
                let middle = if name.ends_with("var") { 1.0 } else { 0.0 };
                buffer.shallow_clone().copy_(&(fill(&buffer.size(), k as i64 + 500) * 0.5 + middle));
            }
        });
        let images = fill(&[2, sides[0] as i64, sides[1] as i64, sides[2] as i64], 900) * 2.0;
        let evaluated = tch::no_grad(|| network.forward(network.weights(), &images, false, None).unwrap());
        assert_close(&format!("{what} evaluated"), &flat(&evaluated), &numbers(&case["evaluated"]), 1e-9);
        let trained = network.forward(network.weights(), &images, true, None).unwrap();
        assert_close(&format!("{what} trained"), &flat(&trained), &numbers(&case["trained"]), 1e-9);
        (&trained * fill(&trained.size(), 901)).sum(Kind::Double).backward();
        let norms = |tensors: Vec<Tensor>| tensors.iter().map(|xs| xs.norm().double_value(&[])).collect::<Vec<_>>();
        let gradients = norms(network.weights().iter().map(Tensor::grad).collect());
        assert_close(&format!("{what} gradients"), &gradients, &numbers(&case["gradients"]), 1e-9);
        let statistics = norms(network.buffers().iter().map(|(_, buffer)| buffer.shallow_clone()).collect());
        assert_close(&format!("{what} statistics"), &statistics, &numbers(&case["statistics"]), 1e-9);
    }
}

#[test]
fn layouts_and_work_of_the_large_forms_are_the_published_ones() {
    let photo = Shape { channels: 3, height: 224, width: 224 };
    for case in recorded()["published"].as_array().unwrap() {
        let plan = architecture(case).plan(photo, 1000).unwrap();
        let giga = plan.multiply_adds as f64 / 1e9;
        let published = case["giga_multiply_adds"].as_f64().unwrap();
        assert!((giga - published).abs() <= 0.0005 + 0.0001 * published, "{}: {giga}, {published}", case["name"]);
        let own = plan.weights.into_iter().map(|weight| (weight.name, weight.dims)).collect::<Vec<_>>();
        assert_eq!(own, layout(case), "{}", case["name"]);
    }
}
