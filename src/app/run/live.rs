//! The page and the tables of a study while it runs.

use std::time::{Duration, Instant};

use crate::app::outputs::write_live;
use crate::app::{Notice, Observer};
use crate::carbon::Carbon;
use crate::guard::told::{chain, joined};
use crate::record::StudyRecord;
use crate::study::ResultsFolder;

/// Before the first writing, and between two, there are at least so many seconds.
const LEAST: Duration = Duration::from_secs(10);

/// And so many times what a writing takes, so that it never becomes what the machine does.
const SHARE: u32 = 50;

/// Writes them anew as trials end: between trials, so outside of all that is metered.
pub(crate) struct Live<'a> {
    folder: &'a ResultsFolder,
    carbon: &'a Carbon,
    next: Instant,
    /// Whether it was said that the last writing failed.
    told: bool,
}

impl<'a> Live<'a> {
    /// Of the study in this folder, which begins now. One that is over sooner writes its page but once, at its end.
    pub(crate) fn new(folder: &'a ResultsFolder, carbon: &'a Carbon) -> Self {
        Self { folder, carbon, next: Instant::now() + LEAST, told: false }
    }

    pub(crate) fn write(&mut self, record: &StudyRecord, observer: &mut dyn Observer) {
        let began = Instant::now();
        if began < self.next {
            return;
        }
        match write_live(self.folder, record, self.carbon) {
            Ok(()) => self.told = false,
            // The trials are what matters; it is tried again in its turn, and at the end, when it counts.
            Err(error) if !self.told => {
                self.told = true;
                observer.notice(&Notice::Warning(format!(
                    "warning: the report is not written now, and tried again while the study runs: {}",
                    joined(chain(&error), error.help_in(&observer.words()).as_deref())
                )));
            }
            Err(_) => {}
        }
        let took = began.elapsed();
        self.next = Instant::now() + LEAST.max(took * SHARE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::fixture;

    #[test]
    fn what_could_not_be_written_is_tried_again_in_its_turn() {
        let home = tempfile::tempdir().unwrap();
        let folder = ResultsFolder::open(home.path()).unwrap();
        let (carbon, record) = (Carbon::default(), fixture::digits(fixture::counters));
        let mut live = Live::new(&folder, &carbon);
        let page = home.path().join("report.html");
        std::fs::create_dir_all(page.join("in the way")).unwrap();
        live.next = Instant::now();
        live.write(&record, &mut ());
        assert!(live.told && page.is_dir());
        std::fs::remove_dir_all(&page).unwrap();
        live.write(&record, &mut ());
        assert!(!page.exists(), "not before its turn");
        live.next = Instant::now();
        live.write(&record, &mut ());
        assert!(page.is_file() && !live.told);
    }
}
