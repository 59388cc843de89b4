//! Commands that run trials: nothing that was finished is lost, and who goes on comes to the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use wattfront::optimizer::problem::Metrics;
use wattfront::optimizer::space::Point;
use wattfront::record::StudyRecord;
use wattfront::study::store::{SqliteStore, Store};

use super::findings::Wrong;
use super::library::Fault;
use super::positions::{Done, Flow};
use super::scene::{End, bench, files, outputs_of, runs};
use crate::bench::Bench;

/// A command that runs trials.
pub struct Runs {
    pub name: &'static str,
    /// What was done before, all of it without faults.
    pub before: &'static [&'static [&'static str]],
    pub command: &'static [&'static str],
    /// What goes on when it has failed.
    pub again: fn(&Bench) -> &'static [&'static str],
    /// What writes the outputs again from what is stored.
    pub remake: &'static [&'static str],
    /// See [`Flow::thinned`].
    pub thinned: usize,
    /// Files of the results that are there when it has ended well.
    pub outputs: &'static [&'static str],
}

/// Number, point, metrics and reported steps of a finished trial.
type Trial = (u64, Point, Metrics, usize);

/// What a store holds.
struct Stored {
    trials: Vec<Trial>,
    /// Which runs of the program they were.
    runs: BTreeSet<u64>,
}

fn read(path: &Path) -> Result<Option<Stored>, String> {
    let store = SqliteStore::open_to_read(path).map_err(|error| error.to_string())?;
    let entries = store.load().map_err(|error| error.to_string())?;
    if entries.is_empty() {
        return Ok(None);
    }
    let record = StudyRecord::from_entries(entries).map_err(|error| error.to_string())?;
    let mut stored = Stored { trials: Vec::new(), runs: BTreeSet::new() };
    for trial in record.trials() {
        let Some(result) = trial.result() else { continue };
        let mut metrics = result.metrics.clone();
        let run = metrics.remove("run").ok_or("a trial without `run`")?;
        if !stored.runs.insert(run as u64) {
            return Err(format!("run {run} of the program is stored twice"));
        }
        stored.trials.push((trial.id, trial.point.clone(), metrics, trial.epochs.len()));
    }
    Ok(Some(stored))
}

/// All stores of a bench by their paths, and what is wrong with others. One that was not begun yet holds nothing.
fn stores(bench: &Bench) -> (BTreeMap<PathBuf, Stored>, Vec<String>) {
    let (mut stores, mut unreadable) = (BTreeMap::new(), Vec::new());
    for path in files(bench, |name| name == "study.db") {
        match read(&bench.path().join("results").join(&path)) {
            Ok(Some(stored)) => {
                stores.insert(path, stored);
            }
            Ok(None) => {}
            Err(reason) => unreadable.push(format!("{}: {reason}", path.display())),
        }
    }
    (stores, unreadable)
}

impl Flow for Runs {
    fn name(&self) -> &'static str {
        self.name
    }

    fn thinned(&self) -> usize {
        self.thinned
    }

    fn prepared(&self) -> Bench {
        let bench = bench();
        self.before.iter().for_each(|arguments| drop(bench.optimize(arguments).code(0)));
        bench
    }

    fn act(&self, bench: &Bench, arm: &dyn Fn(&mut Command)) -> Done {
        let runs_before = runs(bench);
        let mut command = bench.command(self.command);
        arm(&mut command);
        Done { end: End::of(bench, command), talk: Vec::new(), runs_before }
    }

    fn judge(&self, bench: &Bench, whole: &Bench, done: &Done, _: Option<&Fault>) -> Vec<(Wrong, String)> {
        let mut wrongs = Vec::new();
        let went_well = done.end.code() == Some(0);
        let started = runs(bench);
        // The next trial begins when this one is on the disk.
        let kept = if went_well { started } else { started.saturating_sub(1).max(done.runs_before) };
        let (after, mut unreadable) = stores(bench);
        let known: BTreeSet<u64> = after.values().flat_map(|stored| &stored.runs).copied().collect();
        let lost: Vec<u64> = (1..=kept).filter(|run| !known.contains(run)).collect();
        if !lost.is_empty() && unreadable.is_empty() {
            wrongs.push((Wrong::Lost, format!("runs {lost:?} of the program, of {started}, are not stored")));
        }
        if went_well && unreadable.is_empty() {
            wrongs.extend(outputs_of(bench, self.outputs, self.remake));
        }
        let again = End::of(bench, bench.command((self.again)(bench)));
        if again.code() != Some(0) {
            unreadable.push(format!("run again: {:?} {}", again.status, again.err));
        } else if lost.is_empty() {
            // A store that was not yet begun may be no store.
            unreadable.clear();
        }
        if !unreadable.is_empty() {
            wrongs.push((Wrong::Unreadable, unreadable.join("\n")));
            return wrongs;
        }
        wrongs.extend(differences(bench, whole, &known));
        if !went_well {
            wrongs.extend(outputs_of(bench, self.outputs, self.remake));
        }
        wrongs
    }
}

/// How the stores differ from those of a bench that knew no fault, now that the study was gone on with.
fn differences(bench: &Bench, whole: &Bench, known: &BTreeSet<u64>) -> Vec<(Wrong, String)> {
    let mut wrongs = Vec::new();
    let ((now, unreadable), (expected, _)) = (stores(bench), stores(whole));
    if !unreadable.is_empty() {
        wrongs.push((Wrong::Unreadable, format!("after another run: {}", unreadable.join("\n"))));
    }
    let runs_now: BTreeSet<u64> = now.values().flat_map(|stored| &stored.runs).copied().collect();
    if !known.is_subset(&runs_now) {
        wrongs.push((Wrong::Lost, format!("runs {known:?} were stored, and after another run {runs_now:?}")));
    }
    for (path, stored) in &expected {
        match now.get(path) {
            None => wrongs.push((Wrong::Different, format!("{} is not there", path.display()))),
            Some(found) if found.trials != stored.trials => {
                let text = format!("{}:\n{:?}\ninstead of\n{:?}", path.display(), found.trials, stored.trials);
                wrongs.push((Wrong::Different, text));
            }
            Some(_) => {}
        }
    }
    let more: Vec<_> = now.keys().filter(|path| !expected.contains_key(*path)).collect();
    if !more.is_empty() {
        wrongs.push((Wrong::Different, format!("{more:?} should not be there")));
    }
    wrongs
}
