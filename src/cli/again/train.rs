//! `optimize train`: one configuration again, for more epochs or seeds, and its weights.

use super::super::args::{AnswerFormat, TrainArgs};
use super::super::failure::Failure;
use super::super::print::say;
use super::super::trainer;
use super::super::training::settings_of;
use super::{Again, Command, Origin, changes};
use crate::analysis::Summary;
use crate::evaluation::TrainObjective;
use crate::optimizer::space::Value;
use crate::study_file::Source;

pub(in crate::cli) fn train(args: &TrainArgs) -> Result<(), Failure> {
    let changes = changes::read(args)?;
    let origin = Origin::of(&args.study, args.results.as_deref(), args.seeds)?;
    let Source::Train(train) = origin.spec.source() else {
        return Err(Failure::usage(
            "`optimize train` is for studies with [train]; `optimize confirm --trial N` runs your own program again",
        ));
    };
    let id = match args.trial {
        Some(id) => id,
        None => Summary::of(&origin.record)
            .pick
            .ok_or_else(|| Failure::nothing("the study has no front yet, so there is nothing to train"))?,
    };
    let trial = origin.trial(id)?;
    let apart: Vec<String> = origin.spec.energy().limit_parameters().map(str::to_owned).collect();
    let mut settings = settings_of(train, &args.study);
    let searched = trial.point.iter().filter(|(name, _)| !apart.contains(&(*name).to_owned()));
    settings.extend(searched.map(|(name, value): (&str, &Value)| (name.to_owned(), value.clone())));
    // What is asked for as it is anyway is no change.
    let mut changes = changes::typed(changes);
    changes.retain(|name, value| settings.get(name) != Some(value));
    let settings = changes::applied(&settings, &changes)?;
    let name = match changes.is_empty() {
        true => format!("trial-{id}"),
        false => format!("trial-{id}-{}", changes::name(&changes)),
    };
    let again = Again {
        trials: &[id],
        seeds: args.seeds,
        folder: origin.results.join("train").join(name),
        command: Command::Train { settings: settings.clone(), changes },
        fresh: args.fresh,
        quiet: args.quiet,
        json: AnswerFormat::is_json(args.json, args.format),
        origin: &origin,
    };
    let seed = origin.spec.seed().0;
    let all_of_the_point = trial.point.iter().map(|(name, _)| name.to_owned());
    let folder = again.folder.clone();
    let defaults = train.defaults;
    again.run(|folder, home| {
        let trainer = trainer::find()?;
        let objective = TrainObjective::new(trainer.command(), settings, seed).on(trainer.devices());
        let objective = objective.apart_from(all_of_the_point);
        let objective = objective.with_defaults(defaults);
        Ok(Box::new(objective.keep_in(folder.path()).at_home(home)))
    })?;
    if !(args.quiet || AnswerFormat::is_json(args.json, args.format)) {
        say(&format!("weights     {}", folder.display()));
    }
    Ok(())
}
