//! The front again, with several seeds.

use super::origin::Origin;
use super::repeating::{Confirmed, Kind, Repeat, RepeatObserver, Wish};
use crate::analysis::Summary;
use crate::app::AppError;
use crate::app::run::conduct::{Places, evaluator_of};

/// Runs these trials again, or the front if none are named.
pub(crate) fn confirm(
    wish: &Wish<'_>,
    named: &[u64],
    observer: &mut dyn RepeatObserver,
) -> Result<Confirmed, AppError> {
    let origin = Origin::of(wish.file, wish.results, wish.seeds, observer)?;
    let trials = if named.is_empty() { Summary::of(&origin.record).front } else { chosen(&origin, named)? };
    if trials.is_empty() {
        return Err(AppError::nothing("the study has no front yet, so there is nothing to confirm"));
    }
    let folder = origin.results.join("confirm");
    let repeat = Repeat { trials: &trials, folder, kind: Kind::Confirm, wish, origin: &origin };
    let evaluator = |places: Places<'_>| evaluator_of(&origin.spec, Places { file: wish.file, ..places });
    repeat.run(&evaluator, observer)
}

/// The trials that were named, each once.
fn chosen(origin: &Origin, named: &[u64]) -> Result<Vec<u64>, AppError> {
    let mut trials = Vec::new();
    for id in named {
        let trial = origin.trial(*id)?.id;
        if !trials.contains(&trial) {
            trials.push(trial);
        }
    }
    Ok(trials)
}
