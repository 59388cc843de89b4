//! `optimize confirm`: the front again, with several seeds.

use super::super::args::{AnswerFormat, ConfirmArgs};
use super::super::conduct::{Places, objective_of};
use super::super::failure::Failure;
use super::{Again, Command, Origin};
use crate::analysis::Summary;

pub(in crate::cli) fn confirm(args: &ConfirmArgs) -> Result<(), Failure> {
    let origin = Origin::of(&args.study, args.results.as_deref(), args.seeds)?;
    let trials = if args.trial.is_empty() { Summary::of(&origin.record).front } else { chosen(&origin, &args.trial)? };
    if trials.is_empty() {
        return Err(Failure::nothing("the study has no front yet, so there is nothing to confirm"));
    }
    let again = Again {
        trials: &trials,
        seeds: args.seeds,
        folder: origin.results.join("confirm"),
        command: Command::Confirm,
        fresh: args.fresh,
        quiet: args.quiet,
        json: AnswerFormat::is_json(args.json, args.format),
        origin: &origin,
    };
    again.run(|folder, home| {
        objective_of(&origin.spec, Places { file: &args.study, kept: None, results: folder.path(), home, data: None })
    })
}

/// The trials that were named, each once.
fn chosen(origin: &Origin, named: &[u64]) -> Result<Vec<u64>, Failure> {
    let mut trials = Vec::new();
    for id in named {
        let trial = origin.trial(*id)?.id;
        if !trials.contains(&trial) {
            trials.push(trial);
        }
    }
    Ok(trials)
}
