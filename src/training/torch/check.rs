//! Which networks can be made. Nothing of it asks libtorch: whoever checks a study need not load it.

use std::collections::BTreeMap;

use super::network::Architecture;
use super::{Model, Recipe, RecipeError, Setting, possible};
use crate::data::Dataset;
use crate::optimizer::space::{Parameter, Value};

/// Whether every network that may be searched can be made for these data: each model, at the ends of its widths and depths.
///
/// # Errors
/// [`RecipeError::Impossible`] with the first that cannot.
pub fn check_networks(
    fixed: &BTreeMap<String, Value>,
    searched: &[Parameter],
    dataset: &Dataset,
) -> Result<(), RecipeError> {
    let or_default = |name: &str| {
        let found = possible::values(name, fixed, searched);
        let default = Setting::find(name).ok().and_then(|setting| setting.default.value());
        if found.is_empty() { default.into_iter().collect() } else { found }
    };
    let name = Value::from(dataset.name());
    for model in or_default("model") {
        let is_plain = model.as_str().is_some_and(|model| ["mlp", "cnn"].contains(&model));
        let (widths, depths) = if is_plain { (or_default("width"), or_default("depth")) } else { Default::default() };
        for width in some(&widths) {
            for depth in some(&depths) {
                let sizes = width.map(|w| ("width", w)).into_iter().chain(depth.map(|d| ("depth", d)));
                let recipe = Recipe::from_settings([("dataset", &name), ("model", &model)].into_iter().chain(sizes))?;
                let check = architecture_of(&recipe).check(dataset.shape());
                check.map_err(|reason| recipe.no_network(reason))?;
            }
        }
    }
    Ok(())
}

/// Each, or once nothing.
fn some(values: &[Value]) -> Vec<Option<&Value>> {
    if values.is_empty() { vec![None] } else { values.iter().map(Some).collect() }
}

/// The form of the network.
pub(super) fn architecture_of(recipe: &Recipe) -> Architecture {
    let (width, depth, dropout) = (recipe.width(), recipe.depth(), recipe.dropout());
    let initialization = recipe.initialization();
    match recipe.model() {
        Model::Mlp => Architecture::Mlp { width, depth, dropout, initialization },
        Model::Cnn => Architecture::Cnn { width, depth, dropout, initialization },
        Model::LeNet5 => Architecture::LeNet5,
        Model::Vgg11 => Architecture::Vgg { layers: 11, dropout },
        Model::Vgg16 => Architecture::Vgg { layers: 16, dropout },
        Model::ResNet18 => Architecture::ResNet { layers: 18 },
        Model::ResNet34 => Architecture::ResNet { layers: 34 },
        Model::ResNet50 => Architecture::ResNet { layers: 50 },
        Model::MobileNetV2 => Architecture::MobileNetV2 { dropout },
    }
}
