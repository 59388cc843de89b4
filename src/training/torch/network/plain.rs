//! Networks without a paper: layers of one width.

use super::Initialization;
use super::init::Rule;
use super::plan::{Builder, Convolution};

/// The largest side of the fields over which a cnn averages before its last layer.
const FIELDS: i64 = 4;

/// How the hidden layers begin, and how the last one does.
fn rules(initialization: Initialization) -> (Rule, Rule) {
    match initialization {
        Initialization::PyTorch => (Rule::PyTorch, Rule::PyTorch),
        Initialization::Kaiming => (Rule::Uniform { gain: 6.0 }, Rule::Uniform { gain: 3.0 }),
        Initialization::Xavier => (Rule::Xavier, Rule::Xavier),
    }
}

pub(super) fn mlp(
    net: &mut Builder,
    width: i64,
    depth: usize,
    dropout: f64,
    initialization: Initialization,
    outputs: i64,
) {
    let (hidden, last) = rules(initialization);
    net.flatten();
    for i in 0..depth {
        net.linear(&format!("hidden.{i}"), width, hidden);
        net.relu();
        net.dropout(dropout);
    }
    net.linear("output", outputs, last);
}

pub(super) fn cnn(
    net: &mut Builder,
    width: i64,
    depth: usize,
    dropout: f64,
    initialization: Initialization,
    outputs: i64,
) {
    let (hidden, last) = rules(initialization);
    for i in 0..depth {
        net.convolution(&format!("hidden.{i}"), Convolution { bias: true, ..Convolution::same(width, 3) }, hidden);
        // The larger of two numbers is the same before and after ReLU, which then has a quarter of the work.
        if net.size().iter().all(|side| *side >= 4) {
            net.halve();
        }
        net.relu();
    }
    net.average(net.size().map(|side| side.min(FIELDS)));
    net.flatten();
    net.dropout(dropout);
    net.linear("output", outputs, last);
}
