//! What happened in a study, as plain data: versioned events, and the record that they fold into.
//!
//! A study *is* its events, in order. [`StudyRecord`] is their fold, so a resumed study is a replayed one, and a report
//! needs nothing but the record. No files, clocks or meters in here.

mod data;
mod doubt;
mod earlier;
mod energy_metric;
mod environment;
mod event;
mod measured;
mod study;
mod trial;

pub use data::{ClassSeen, ColumnSeen, DataSeen, LabelSeen, PartsSeen, ValuesSeen};
pub use earlier::EarlierStudy;
pub(crate) use energy_metric::samples_name;
pub use energy_metric::{EnergyMetric, EnergyMetricError};
pub use environment::{Environment, Gpu};
pub use event::{Event, Phases, SCHEMA_VERSION, SeenDevice, StoredEvent, TRIAL_PHASE};
pub use study::{Header, RecordError, StudyRecord, StudySession};
pub use trial::{EpochRow, TrialFailure, TrialRecord, TrialResult, TrialState};
