//! What draws power here, as a study sees it: before it begins, and in its first lines.

use super::AppError;
use super::run::conduct::{builder_of, unmetered};
use super::trainer::{self, Trainer};
use crate::analysis::{Inventory, changes_of_inventory, left_out_by};
use crate::energy::units::ConsumerName;
use crate::evaluation::DeviceUse;
use crate::record::StudyRecord;
use crate::study::{Asked, StudyError, Unreadable};
use crate::study_file::{StudySpec, TrialSource};

/// What a study would find here.
pub(crate) struct Hardware {
    /// For people, a line each.
    pub(crate) lines: Vec<String>,
    /// Why it would not start.
    pub(crate) refusal: Option<AppError>,
}

impl Hardware {
    /// What keeps the study from starting.
    pub(crate) fn start(self) -> Result<(), AppError> {
        self.refusal.map_or(Ok(()), Err)
    }
}

/// Looks at what draws power here, as the study would: nothing is locked, changed or run.
pub(crate) fn hardware(spec: &StudySpec) -> Result<Hardware, AppError> {
    let devices = match spec.source() {
        TrialSource::Train(_) => trainer::find()?.devices(),
        TrialSource::Command(_) | TrialSource::None => DeviceUse::Unknown,
    };
    let session = match builder_of(spec).share(spec.energy().share).without_polling().open() {
        Ok(session) => session,
        Err(error) => {
            let lines = vec!["what draws power here cannot be told: its meters do not open".to_owned()];
            return Ok(Hardware { lines, refusal: Some(unmetered(&error)) });
        }
    };
    let (consumers, without) = (session.consumers(), &spec.energy().without);
    let inventory = Inventory::of(consumers, without);
    let mut lines: Vec<String> = inventory.rows().into_iter().map(|(word, text)| format!("{word:<15}{text}")).collect();
    lines.extend(absent(&inventory));
    let asked = Asked::by(spec, devices);
    lines.extend(asked.told(consumers));
    let refusal = Unreadable::by(spec, &asked, consumers).map(|unreadable| StudyError::Unreadable(unreadable).into());
    let in_vain = || asked.in_vain(&session).then(|| StudyError::Unmetered.into());
    Ok(Hardware { lines, refusal: refusal.or_else(in_vain) })
}

/// What is said of the hardware as a session begins, a line each.
pub(crate) fn opening_lines(record: &StudyRecord) -> Vec<String> {
    let devices = match record.header().identity.get("train") {
        Some(_) => trainer::find().map_or(DeviceUse::Unknown, Trainer::devices),
        None => DeviceUse::Unknown,
    };
    lines_of(record, devices)
}

fn lines_of(record: &StudyRecord, devices: DeviceUse) -> Vec<String> {
    let Some(session) = record.sessions().last() else { return Vec::new() };
    let without: Vec<ConsumerName> = left_out_by(record);
    let consumers = &session.environment.consumers;
    let inventory = Inventory::of(consumers, &without);
    if inventory.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![format!("energy: {}", inventory.line())];
    lines.extend(absent(&inventory));
    let own = format!("session {}: ", record.sessions().len());
    let changes = changes_of_inventory(record).into_iter();
    lines.extend(changes.filter_map(|c| Some(format!("other hardware than before: {}", c.strip_prefix(&own)?))));
    // What a budget of energy asks for is readable, or the study would not have begun.
    lines.extend(Asked::of(record.problem(), false, devices).told(consumers));
    lines
}

fn absent(inventory: &Inventory<'_>) -> Vec<String> {
    let line = |name: &ConsumerName| format!("note: {name}, which [energy] has in `without`, is not here");
    inventory.absent().into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::fixture::{StudyFixture, fixture_environment};
    use crate::energy::units::{Consumer, DomainKind, Standing};
    use crate::optimizer::problem::{Problem, minimize};
    use crate::optimizer::space::{Space, int};
    use crate::record::{Environment, Event};

    #[test]
    fn a_trainer_for_the_processor_is_not_told_that_totals_miss_a_gpu() {
        let space = Space::new([int("n", 0..=1)]).unwrap();
        let mut fixture = StudyFixture::new("cpu", Problem::new(space, [minimize("energy.cpu")]).unwrap());
        let lost = Consumer::new(DomainKind::Gpu, "1", "NVIDIA GPU 1".to_owned());
        let consumers = vec![lost.because(Standing::Unreadable, "it fell off the bus")];
        fixture.push(Event::SessionStarted { environment: Environment { consumers, ..fixture_environment() } });
        let record = fixture.record();
        let told = |devices| lines_of(&record, devices).iter().any(|line| line.contains("has no figure"));
        assert!(told(DeviceUse::Unknown) && !told(DeviceUse::CpuOnly));
    }
}
