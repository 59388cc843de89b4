//! One configuration again, for more epochs or seeds, and its weights.

use std::collections::BTreeMap;

use super::changes;
use super::origin::Origin;
use super::repeating::{Confirmed, Kind, Repeat, RepeatObserver, Wish};
use crate::analysis::Summary;
use crate::app::data::settings_of;
use crate::app::run::conduct::Places;
use crate::app::{AppError, trainer};
use crate::evaluation::{Evaluator, TrainerEvaluator};
use crate::optimizer::space::Value;
use crate::study_file::TrialSource;

/// What is trained.
pub(crate) struct TrainWish {
    /// The configuration of this trial; `None` for the one that is recommended.
    pub(crate) trial: Option<u64>,
    /// Settings that are otherwise than in the study.
    pub(crate) changes: BTreeMap<String, Value>,
}

/// Trains it, and keeps its weights.
pub(crate) fn train(
    wish: &Wish<'_>,
    what: TrainWish,
    observer: &mut dyn RepeatObserver,
) -> Result<Confirmed, AppError> {
    let origin = Origin::of(wish.file, wish.results, wish.seeds, observer)?;
    let TrialSource::Train(train) = origin.spec.source() else { return Err(AppError::NoTraining) };
    let id = match what.trial {
        Some(id) => id,
        None => Summary::of(&origin.record)
            .pick
            .ok_or_else(|| AppError::nothing("the study has no front yet, so there is nothing to train"))?,
    };
    let trial = origin.trial(id)?;
    let apart: Vec<String> = origin.spec.energy().limit_parameters().map(str::to_owned).collect();
    let mut settings = settings_of(train, wish.file);
    let searched = trial.point.iter().filter(|(name, _)| !apart.contains(&(*name).to_owned()));
    settings.extend(searched.map(|(name, value): (&str, &Value)| (name.to_owned(), value.clone())));
    // What is asked for as it is anyway is no change.
    let mut changes = changes::typed(what.changes);
    changes.retain(|name, value| settings.get(name) != Some(value));
    let settings = changes::applied(&settings, &changes)?;
    let name = match changes.is_empty() {
        true => format!("trial-{id}"),
        false => format!("trial-{id}-{}", changes::name(&changes)),
    };
    let repeat = Repeat {
        trials: &[id],
        folder: origin.results.join("train").join(name),
        kind: Kind::Train { settings: settings.clone(), changes },
        wish,
        origin: &origin,
    };
    let seed = origin.spec.seed().0;
    let evaluator = |places: Places<'_>| -> Result<Box<dyn Evaluator>, AppError> {
        let trainer = trainer::find()?;
        let evaluator = TrainerEvaluator::new(trainer.command(), settings.clone(), seed).on(trainer.devices());
        let evaluator = evaluator.apart_from(trial.point.iter().map(|(name, _)| name.to_owned()));
        let evaluator = evaluator.with_defaults(train.defaults);
        Ok(Box::new(evaluator.keep_in(places.results).at_home(places.home)))
    };
    repeat.run(&evaluator, observer)
}
