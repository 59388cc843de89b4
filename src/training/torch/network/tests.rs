mod reference;

use tch::{Device, Kind, Tensor};

use super::*;

const MLP: Architecture =
    Architecture::Mlp { width: 16, depth: 2, dropout: 0.0, initialization: Initialization::PyTorch };
const CNN: Architecture =
    Architecture::Cnn { width: 8, depth: 2, dropout: 0.0, initialization: Initialization::PyTorch };
const VGG11: Architecture = Architecture::Vgg { layers: 11, dropout: 0.0 };
const RESNET18: Architecture = Architecture::ResNet { layers: 18 };
const MOBILENET: Architecture = Architecture::MobileNetV2 { dropout: 0.0 };
const ALL: [Architecture; 6] = [MLP, CNN, Architecture::LeNet5, VGG11, RESNET18, MOBILENET];

fn shape(channels: usize, height: usize, width: usize) -> Shape {
    Shape { channels, height, width }
}

fn network(architecture: Architecture, shape: Shape) -> Network {
    Network::new(&architecture, shape, 10, Kind::Float, Device::Cpu).unwrap()
}

fn images(count: i64, shape: Shape) -> Tensor {
    let dims = [count, shape.channels as i64, shape.height as i64, shape.width as i64];
    Tensor::randn(dims, (Kind::Float, Device::Cpu))
}

fn forward(network: &Network, images: &Tensor, train: bool) -> Tensor {
    network.forward(network.weights(), images, train, None).unwrap()
}

/// The root of the mean squared difference, as a share of that of the values.
fn difference(xs: &Tensor, ys: &Tensor) -> f64 {
    let ys = ys.to_kind(Kind::Double);
    ((xs.to_kind(Kind::Double) - &ys).norm() / ys.norm()).double_value(&[])
}

fn finite(tensor: &Tensor) -> bool {
    tensor.isfinite().all().int64_value(&[]) == 1
}

#[test]
fn parameters_and_work_are_counted_as_by_hand() {
    let digits = shape(1, 8, 8);
    let mlp = network(
        Architecture::Mlp { width: 64, depth: 2, dropout: 0.0, initialization: Initialization::PyTorch },
        digits,
    );
    assert_eq!(mlp.parameter_count(), 64 * 65 + 64 * 65 + 10 * 65);
    assert_eq!(mlp.multiply_adds(), 64 * 64 + 64 * 64 + 10 * 64);
    // One block leaves 4 x 4 fields, two blocks 2 x 2.
    let cnn = network(
        Architecture::Cnn { width: 8, depth: 1, dropout: 0.0, initialization: Initialization::PyTorch },
        digits,
    );
    assert_eq!(cnn.parameter_count(), 8 * 10 + 10 * (8 * 16 + 1));
    let cnn = network(CNN, digits);
    assert_eq!(cnn.parameter_count(), 8 * 10 + 8 * 73 + 10 * (8 * 4 + 1));
    assert_eq!(cnn.multiply_adds(), 64 * 8 * 9 + 16 * 8 * 8 * 9 + 10 * 8 * 4);
}

#[test]
fn images_of_any_size_pass() {
    for shape in [shape(1, 1, 1), shape(2, 3, 17), shape(1, 8, 8), shape(1, 28, 28), shape(3, 32, 32), shape(4, 1, 65)]
    {
        for architecture in ALL {
            if architecture == VGG11 && shape.width > 64 {
                continue; // 100 million weights; its layout is tested without them
            }
            let network = network(architecture, shape);
            for (count, train) in [(3, true), (1, true), (1, false)] {
                let logits = forward(&network, &images(count, shape), train);
                assert_eq!(logits.size(), [count, 10], "{architecture:?} {shape:?}");
                assert!(finite(&logits), "{architecture:?} {shape:?}");
            }
            for (name, buffer) in network.buffers() {
                assert!(finite(buffer), "{architecture:?} {shape:?} {name}");
            }
        }
    }
    for layers in [34, 50] {
        let logits =
            forward(&network(Architecture::ResNet { layers }, shape(1, 9, 9)), &images(2, shape(1, 9, 9)), true);
        assert_eq!(logits.size(), [2, 10]);
    }
}

#[test]
fn depths_and_widths_of_plain_networks_are_free() {
    for shape in [shape(1, 8, 8), shape(3, 32, 32), shape(1, 1, 1), shape(2, 3, 17)] {
        for depth in [0, 1, 3, 6] {
            for width in [1, 4] {
                for dropout in [0.0, 0.5] {
                    let mlp = network(
                        Architecture::Mlp { width, depth, dropout, initialization: Initialization::PyTorch },
                        shape,
                    );
                    let cnn = network(
                        Architecture::Cnn { width, depth, dropout, initialization: Initialization::PyTorch },
                        shape,
                    );
                    for network in [mlp, cnn] {
                        assert_eq!(forward(&network, &images(5, shape), true).size(), [5, 10], "{depth} {shape:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_vgg_for_large_images_ends_in_three_linear_layers() {
    let plan = Architecture::Vgg { layers: 16, dropout: 0.5 }.plan(shape(3, 100, 80), 10).unwrap();
    let last = plan.layers.iter().rev().take(9).rev().map(|layer| format!("{layer:?}")).collect::<Vec<_>>();
    let words = last.iter().map(|layer| layer.split([' ', '(']).next().unwrap()).collect::<Vec<_>>();
    let expected = ["Average", "Flatten", "Linear", "Relu", "Dropout", "Linear", "Relu", "Dropout", "Linear"];
    assert_eq!(words, expected);
}

#[test]
fn gradients_reach_every_weight() {
    for architecture in ALL {
        let shape = shape(3, 32, 32);
        let network = network(architecture, shape);
        for train in [false, true] {
            let logits = forward(&network, &images(8, shape), train);
            logits.cross_entropy_for_logits(&Tensor::arange(8, (Kind::Int64, Device::Cpu))).backward();
            for (name, weight) in network.names().iter().zip(network.weights()) {
                let mut gradient = weight.grad();
                assert!(gradient.defined() && finite(&gradient), "{architecture:?} {name} {train}");
                // Batch norm takes a bias away again while it trains.
                let reached = gradient.abs().max().double_value(&[]) > 0.0;
                assert!(train || reached, "{architecture:?} {name}");
                let _ = gradient.zero_();
            }
        }
    }
}

#[test]
fn evaluation_depends_on_the_image_alone() {
    for architecture in ALL {
        let shape = shape(3, 16, 16);
        let network = network(architecture, shape);
        let images = images(6, shape);
        tch::no_grad(|| {
            let _ = forward(&network, &images, true);
            let before = images.copy();
            let logits = forward(&network, &images, false);
            assert!(forward(&network, &images, false).equal(&logits), "{architecture:?}");
            assert!(images.equal(&before), "{architecture:?} changes its input");
            let alone = forward(&network, &images.narrow(0, 2, 1), false);
            assert!(difference(&alone, &logits.narrow(0, 2, 1)) < 1e-3, "{architecture:?}");
        });
    }
}

#[test]
fn dropout_acts_in_training_alone() {
    let shape = shape(3, 16, 16);
    for architecture in [
        Architecture::Mlp { width: 64, depth: 1, dropout: 0.5, initialization: Initialization::PyTorch },
        Architecture::Cnn { width: 64, depth: 1, dropout: 0.5, initialization: Initialization::PyTorch },
        Architecture::Vgg { layers: 11, dropout: 0.5 },
        Architecture::MobileNetV2 { dropout: 0.5 },
    ] {
        let (network, images) = (network(architecture, shape), images(4, shape));
        assert!(!forward(&network, &images, true).equal(&forward(&network, &images, true)), "{architecture:?}");
        assert!(forward(&network, &images, false).equal(&forward(&network, &images, false)), "{architecture:?}");
    }
}

#[test]
fn statistics_move_in_training_alone() {
    for architecture in [VGG11, RESNET18, MOBILENET] {
        let shape = shape(3, 16, 16);
        let network = network(architecture, shape);
        let copies = || network.buffers().iter().map(|(_, buffer)| buffer.copy()).collect::<Vec<_>>();
        let before = copies();
        let _ = forward(&network, &images(4, shape), false);
        assert!(copies().iter().zip(&before).all(|(now, before)| now.equal(before)), "{architecture:?}");
        let _ = forward(&network, &images(4, shape), true);
        for ((name, buffer), before) in network.buffers().iter().zip(&before) {
            assert!(!buffer.equal(before), "{architecture:?} {name}");
        }
    }
}

#[test]
fn one_image_of_one_pixel_has_no_variance() {
    let shape = shape(1, 1, 1);
    for architecture in [VGG11, RESNET18, MOBILENET] {
        let network = network(architecture, shape);
        let logits = forward(&network, &images(1, shape), true);
        assert!(finite(&logits));
        for (name, buffer) in network.buffers() {
            let expected = if name.ends_with("var") { 1.0 } else { 0.0 };
            assert_eq!(buffer.min().double_value(&[]), expected, "{architecture:?} {name}");
            assert_eq!(buffer.max().double_value(&[]), expected, "{architecture:?} {name}");
        }
    }
}

/// Batches that are normalised by themselves spread the errors of rounding, the more so the more layers there are.
#[test]
fn it_runs_with_weights_of_sixteen_bits() {
    // Processors without arithmetic of 16 bits take long for it.
    let shape = shape(3, 12, 12);
    let half = [MLP, CNN, Architecture::LeNet5].map(|architecture| (architecture, Kind::Half, 0.01, 0.03));
    let brain = [MLP, CNN, RESNET18].map(|architecture| (architecture, Kind::BFloat16, 0.05, 0.1));
    for (architecture, kind, evaluated, trained) in half.into_iter().chain(brain) {
        let network = network(architecture, shape);
        let images = images(4, shape);
        let cast = |(weight, role): (&Tensor, &Role)| match role {
            Role::Norm => weight.shallow_clone(),
            Role::Kernel | Role::Bias => weight.to_kind(kind),
        };
        let narrow = network.weights().iter().zip(network.roles()).map(cast).collect::<Vec<_>>();
        for (train, tolerance) in [(false, evaluated), (true, trained)] {
            let wide = forward(&network, &images, train);
            let logits = network.forward(&narrow, &images.to_kind(kind), train, None).unwrap();
            assert_eq!(logits.kind(), kind);
            let difference = difference(&logits, &wide);
            assert!(difference < tolerance, "{architecture:?} {kind:?} {train}: {difference}");
        }
        let logits = network.forward(&narrow, &images.to_kind(kind), true, None).unwrap();
        logits.to_kind(Kind::Float).square().mean(Kind::Float).backward();
        for (name, weight) in network.names().iter().zip(network.weights()) {
            assert!(weight.grad().defined() && weight.grad().kind() == Kind::Float, "{architecture:?} {name}");
        }
    }
}

#[test]
fn norms_keep_thirty_two_bits() {
    let network = Network::new(&RESNET18, shape(1, 8, 8), 10, Kind::BFloat16, Device::Cpu).unwrap();
    for (weight, role) in network.weights().iter().zip(network.roles()) {
        assert_eq!(weight.kind(), if *role == Role::Norm { Kind::Float } else { Kind::BFloat16 });
    }
    assert!(network.buffers().iter().all(|(_, buffer)| buffer.kind() == Kind::Float));
    let logits = forward(&network, &images(2, shape(1, 8, 8)).to_kind(Kind::BFloat16), true);
    assert_eq!(logits.kind(), Kind::BFloat16);
}

#[test]
fn the_weights_given_decide() {
    let (shape, architecture) = (shape(1, 8, 8), CNN);
    let (network, other) = (network(architecture, shape), network(architecture, shape));
    let images = images(3, shape);
    let crossed = network.forward(other.weights(), &images, false, None).unwrap();
    assert!(crossed.equal(&forward(&other, &images, false)));
    assert!(!crossed.equal(&forward(&network, &images, false)));
    let error = network.forward(&other.weights()[1..], &images, false, None).unwrap_err();
    assert!(error.to_string().contains("5 weights for a network that has 6"), "{error}");
    assert!(network.forward(other.weights(), &images.narrow(3, 0, 3), false, None).is_err());
}

#[test]
fn it_can_be_traced_with_its_weights_as_inputs() {
    let shape = shape(3, 8, 8);
    let (first, second) = (network(RESNET18, shape), network(RESNET18, shape));
    let images = images(2, shape);
    let inputs = |network: &Network| {
        let weights = network.weights().iter().map(Tensor::detach);
        std::iter::once(images.shallow_clone()).chain(weights).collect::<Vec<_>>()
    };
    let mut closure = |inputs: &[Tensor]| vec![first.forward(&inputs[1..], &inputs[0], false, None).unwrap()];
    let traced = tch::CModule::create_by_tracing("network", "forward", &inputs(&first), &mut closure).unwrap();
    let logits: Tensor = traced.method_ts("forward", &inputs(&second)).unwrap();
    assert!(difference(&logits, &forward(&second, &images, false)) < 1e-4);
}

#[test]
fn pixels_may_lie_channels_last() {
    let shape = shape(3, 16, 16);
    let last = |xs: &Tensor| xs.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2]);
    for architecture in [CNN, RESNET18, MOBILENET] {
        let (network, images) = (network(architecture, shape), images(4, shape));
        let turn = |weight: &Tensor| if weight.dim() == 4 { last(weight) } else { weight.shallow_clone() };
        let turned = network.weights().iter().map(turn).collect::<Vec<_>>();
        let logits = network.forward(&turned, &last(&images), false, None).unwrap();
        assert!(difference(&logits, &forward(&network, &images, false)) < 1e-3, "{architecture:?}");
    }
}

#[test]
fn lenet_sees_28_pixels_as_32_with_a_frame() {
    let small = network(Architecture::LeNet5, shape(1, 28, 28));
    let large = network(Architecture::LeNet5, shape(1, 32, 32));
    let images = images(3, shape(1, 28, 28));
    let framed = images.constant_pad_nd([2, 2, 2, 2]);
    let logits = large.forward(small.weights(), &framed, false, None).unwrap();
    assert!(difference(&logits, &forward(&small, &images, false)) < 1e-5);
}

#[test]
fn kernels_are_found() {
    for architecture in ALL {
        let network = network(architecture, shape(3, 16, 16));
        let kernels = network.kernels().collect::<Vec<_>>();
        let roles = network.roles().iter().enumerate().filter(|(_, role)| **role == Role::Kernel);
        assert!(kernels.iter().map(|(index, _)| *index).eq(roles.map(|(index, _)| index)), "{architecture:?}");
        for (index, kind) in kernels {
            let dims = if kind == KernelKind::Linear { 2 } else { 4 };
            assert_eq!(network.weights()[index].dim(), dims, "{architecture:?}");
        }
    }
    let resnet = network(RESNET18, shape(3, 16, 16));
    let linear = resnet.kernels().filter(|(_, kind)| *kind == KernelKind::Linear).map(|(index, _)| index);
    assert!(linear.map(|index| resnet.names()[index].as_str()).eq(["fc.weight"]));
}
