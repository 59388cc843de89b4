//! Whole studies in a program of one's own, without the binary: its results are those that the binary goes on with.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use wattfront::Study;
use wattfront::app::{AppError, ErrorKind, Notice, Observer};
use wattfront::optimizer::problem::Metrics;
use wattfront::record::StudyRecord;
use wattfront::study::{EndReason, Interrupt, RunObserver};

use crate::bench::Bench;

const HEAD: &str = "name = \"embedded\"\n[budget]\ntrials = 5\n[[objective]]\nmetric = \"loss\"\ngoal = \"minimize\"\n\
                    [[objective]]\nmetric = \"energy\"\ngoal = \"minimize\"\n[energy]\nmeters = [\"estimate\"]\n\
                    [space]\nx = { float = [0.0, 1.0] }\n";

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self, text: &str) -> PathBuf {
        let path = self.folder.path().join("study.toml");
        fs::write(&path, text).unwrap();
        path
    }

    fn study(&self, text: &str) -> Study {
        Study::open(self.file(text)).unwrap().results(self.folder.path().join("results"))
    }
}

/// Stops a study once so many trials have ended, and hears what is said.
#[derive(Default)]
struct Listener {
    stop_after: Option<(u64, Interrupt)>,
    said: Vec<String>,
}

impl RunObserver for Listener {
    fn trial_ended(&mut self, record: &StudyRecord, _: u64) {
        if let Some((_, interrupt)) = self.stop_after.as_ref().filter(|(after, _)| record.counted_trials() >= *after) {
            interrupt.raise();
        }
    }
}

impl Observer for Listener {
    fn notice(&mut self, notice: &Notice) {
        self.said.push(notice.to_string());
    }
}

#[test]
fn a_function_is_evaluated_metered_and_gone_on_with() {
    let place = Place::new();
    let study = place.study(HEAD);
    assert!(study.record().unwrap().is_none() && study.front().unwrap().is_empty(), "it has not begun");
    let mut calls = 0;
    let mut evaluate = |study: &Study, observer: &mut dyn Observer| {
        let run = study.run_with(
            |trial| {
                calls += 1;
                let x = trial.point().number("x").unwrap();
                // Long enough for a clock of processor time that ticks a hundred times a second.
                let begun = std::time::Instant::now();
                while begun.elapsed() < Duration::from_millis(60) {
                    std::hint::black_box(x.sqrt());
                }
                trial.report(0, Metrics::from([("loss".to_owned(), x)]));
                Ok(Metrics::from([("loss".to_owned(), x)]))
            },
            observer,
        );
        (run, calls)
    };
    let mut listener = Listener { stop_after: Some((2, study.interrupt())), ..Listener::default() };
    let (stopped, _) = evaluate(&study, &mut listener);
    assert_eq!(stopped.unwrap().end(), EndReason::Interrupted);
    assert!(listener.said.iter().any(|line| line.contains("of the initial design")), "{:?}", listener.said);
    let again = place.study(HEAD);
    let (finished, calls) = evaluate(&again, &mut ());
    let finished = finished.unwrap();
    assert_eq!((finished.end(), calls), (EndReason::Trials, 5), "no trial is run twice");
    let record = finished.record();
    assert!(record.trials().iter().all(|trial| trial.result().unwrap().metrics["energy"] > 0.0));
    assert!(!finished.front().is_empty() && finished.recommended().is_some());
    assert!(finished.results_folder().join("report.html").is_file());
    let mut stored = again.record().unwrap().unwrap();
    assert_eq!(stored.counted_trials(), 5);
    assert_eq!(again.front().unwrap().len(), finished.front().len());
    // More trials extend it, as they do on the command line.
    let (longer, calls) = evaluate(&again.clone().trials(6), &mut ());
    assert_eq!((longer.unwrap().record().counted_trials(), calls), (6, 6));
    let learned = Place::new();
    let (taught, _) = evaluate(&learned.study(HEAD).warm_start(again.results_folder()), &mut ());
    stored = taught.unwrap().record().clone();
    assert_eq!(stored.earlier()[0].study.trials.len(), 6);
}

#[test]
fn what_the_binary_refuses_is_refused_with_its_kind() {
    let place = Place::new();
    let kind = |result: Result<(), AppError>| result.unwrap_err().kind();
    let missing = Study::open(place.folder.path().join("none.toml")).map(drop);
    assert_eq!(kind(missing), ErrorKind::Usage);
    let wrong = Study::open(place.file("name = 1")).map(drop).unwrap_err();
    assert!(matches!(wrong, AppError::File(_)) && wrong.to_string().contains("study.toml"), "{wrong}");
    let nothing = place.study(HEAD);
    assert_eq!(kind(nothing.run(&mut ()).map(drop)), ErrorKind::Usage, "there is nothing to run");
    assert_eq!(kind(nothing.clone().trials(0).run(&mut ()).map(drop)), ErrorKind::Usage);
    let command = place.study(&format!("{HEAD}[command]\nargv = [\"no-such-program\"]\n"));
    let error = command.run(&mut ()).map(drop).unwrap_err();
    assert!(error.to_string().contains("no-such-program"), "{error}");
    let own = command.run_with(|_| Ok(Metrics::new()), &mut ()).map(drop).unwrap_err();
    assert!(own.to_string().contains("[command]") && own.help().is_some(), "{own}");
    assert!(!place.folder.path().join("results").exists(), "nothing is made by what is refused");
}

#[test]
fn the_binary_goes_on_with_what_a_program_began() {
    let bench = Bench::new();
    let file = bench.path().join("study.toml");
    let study = || Study::open(&file).unwrap().results(bench.results());
    let begun = study().trials(3).run(&mut ()).unwrap();
    assert_eq!(begun.record().counted_trials(), 3);
    bench.edit("trials = 12", "trials = 5");
    bench.optimize(&["study.toml"]).code(0);
    let after = study().record().unwrap().unwrap();
    assert_eq!(after.counted_trials(), 5);
    assert_eq!(after.trials()[..3], begun.record().trials()[..3]);
    // Another study in the same place is a conflict, and it is said in what it differs.
    bench.edit("x = { float = [0.0, 1.0] }", "x = { float = [0.0, 2.0] }");
    let error = study().run(&mut ()).unwrap_err();
    assert!(matches!(&error, AppError::OtherSettings { differences, lesson: Some(_), .. } if differences.len() == 1));
    assert_eq!(error.kind(), ErrorKind::Conflict);
    for text in [error.to_string(), error.help().unwrap()] {
        assert!(!text.contains("--"), "a program has no flags: {text}");
    }
}
