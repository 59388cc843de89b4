//! Grams and money as JSON.

use serde_json::{Value, json};

use crate::analysis::{Emission, Footprint, RunFootprint};
use crate::carbon::Carbon;

/// What joules were turned into grams and money by.
pub(in crate::report) fn at(carbon: &Carbon) -> Value {
    json!({
        "intensity_g_per_kwh": carbon.intensity().grams_per_kwh,
        "source": carbon.intensity().source,
        "date": carbon.intensity().date,
        "world_average": carbon.is_world_average(),
        "pue": carbon.pue(),
        "price_per_kwh": carbon.price().map(|p| p.per_kwh),
        "currency": carbon.price().map(|p| &p.currency),
    })
}

/// What a study emitted and its pick emits, and at what.
pub(in crate::report) fn study_carbon(footprint: &Footprint, carbon: &Carbon) -> Value {
    json!({
        "at": at(carbon),
        "spent": footprint.spent.as_ref().map(emission),
        "pick": footprint.pick.as_ref().map(run),
    })
}

/// What a run of a trial emits, and how much less than another.
pub(in crate::report) fn run(run: &RunFootprint) -> Value {
    let saved = run.saving.as_ref().map(|saving| {
        let cost = saving.cost.as_ref().map(|c| c.amount);
        json!({"against": saving.against, "co2e_g": saving.grams.0, "cost": cost})
    });
    let mut value = emission(&run.each);
    value["trial"] = run.trial.into();
    value["saved"] = saved.into();
    value
}

fn emission(emission: &Emission) -> Value {
    json!({
        "co2e_g": emission.grams.0,
        "cost": emission.cost.as_ref().map(|c| c.amount),
        "estimated": emission.estimated,
        "at_least": emission.at_least,
    })
}
