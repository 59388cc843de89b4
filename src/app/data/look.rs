//! What a look at the data of a study has found.

use std::path::Path;

use crate::app::{AppError, Notice};
use crate::record::{DataSeen, StudyRecord};
use crate::report::study::data_lines;
use crate::study_file::{StudySpec, TrialSource, began_before_defaults, stored_defaults};
use crate::training::{Defaults, SETTINGS};

/// What a look at the data of a study has found; nothing for one that does not train here.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Look {
    /// The name of published data that can be had, and are not there.
    pub(crate) to_fetch: Option<String>,
    /// What settings are that a study on them leaves open.
    pub(crate) defaults: Option<Defaults>,
    /// What they were taken for.
    pub(crate) data: Option<DataSeen>,
    /// In what an earlier version read them otherwise, a sentence each.
    pub(crate) otherwise: Vec<String>,
    /// What else somebody should know who uses them.
    pub(crate) notes: Vec<String>,
}

impl Look {
    /// The study with what it leaves open as the data have it.
    pub(crate) fn settle(&self, spec: StudySpec) -> StudySpec {
        match self.defaults {
            Some(defaults) => spec.with_defaults_left_open(defaults),
            None => spec,
        }
    }

    /// What is told of them before anything begins, a line each.
    pub(crate) fn lines(&self) -> Vec<String> {
        let lines = self.data.as_ref().map(data_lines).unwrap_or_default();
        lines.into_iter().chain(self.notes.iter().cloned()).collect()
    }

    /// Refuses to go on with a study whose trials were trained on the same files, but otherwise read.
    pub(crate) fn refuse_if_read_otherwise(&self, record: &StudyRecord, results: &Path) -> Result<(), AppError> {
        let began_before = began_before_defaults(&record.header().identity);
        if !began_before || record.trials().is_empty() || self.otherwise.is_empty() {
            return Ok(());
        }
        Err(AppError::ReadOtherwise { results: results.to_owned(), otherwise: self.otherwise.clone() })
    }

    /// What is told of a study that goes on with the defaults of an earlier version; `spec` is settled as one that begins today.
    pub(crate) fn told_of_older(&self, spec: &StudySpec, record: &StudyRecord) -> Option<Notice> {
        let TrialSource::Train(train) = spec.source() else { return None };
        let identity = &record.header().identity;
        let (now, then) = (self.defaults?, stored_defaults(identity));
        let used = train.complete(spec.problem().space());
        let open = SETTINGS.iter().filter(|s| used.contains_key(s.name) && !train.settings.contains_key(s.name));
        let changed: Vec<String> = open
            .filter_map(|s| {
                let (then, now) = (then.value(s.name)?, now.value(s.name)?);
                (then != now).then(|| format!("`{}` = {then} (today {now})", s.name))
            })
            .collect();
        let is_told = began_before_defaults(identity) && !changed.is_empty();
        is_told.then(|| Notice::OlderDefaults { settings: changed.join(", ") })
    }
}
