//! A whole study in a program of your own: proposed, metered, stored, and gone on with where it was stopped.
//!
//!     cargo run --release --example embed_study
//!
//! Trials are runs of a program, `sh` here; nothing else is needed. `run_with` evaluates a function of this process instead.

use wattfront::Study;
use wattfront::app::{Notice, Observer};
use wattfront::record::StudyRecord;
use wattfront::study::RunObserver;

struct Printer;

impl RunObserver for Printer {
    fn trial_ended(&mut self, record: &StudyRecord, trial: u64) {
        println!("{} trials are done; the last was {trial}", record.counted_trials());
    }
}

impl Observer for Printer {
    fn notice(&mut self, notice: &Notice) {
        println!("{notice}");
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/embed_study.toml");
    let results = std::env::temp_dir().join("wattfront-embed-study");
    let study = Study::open(file)?.results(&results).fresh();
    // Another thread, or a handler of Ctrl-C, may call `raise` on this.
    let _stop = study.interrupt();
    let finished = study.run(&mut Printer)?;
    for trial in finished.front() {
        println!("trial {}: {}", trial.id, trial.point);
    }
    let best = finished.recommended().expect("a trial has finished");
    println!("recommended: {}; the report is in {}", best.id, finished.results_folder().display());
    Ok(())
}
