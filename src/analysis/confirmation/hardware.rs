//! What energies were metered on.

use std::collections::BTreeSet;

use crate::energy::units::Method;
use crate::record::{StudyRecord, TRIAL_PHASE};

/// What metered the finished trials, in words; `None` without energies. Of an estimate it is the processor, too: the same
/// program takes another time on another one.
pub(super) fn hardware(record: &StudyRecord) -> Option<String> {
    let windows = record.trials().iter().filter_map(|trial| trial.result()?.energy.get(TRIAL_PHASE));
    let metered = windows.flat_map(|window| &window.domains).filter(|domain| domain.joules.is_some());
    let mut found: BTreeSet<String> = BTreeSet::new();
    for domain in metered {
        let words = format!("{} ({})", domain.domain, domain.method.label());
        if domain.method == Method::Estimate {
            let processors = record.sessions().iter().map(|session| session.environment.cpu.as_str());
            let processors: BTreeSet<&str> = processors.filter(|cpu| !cpu.is_empty()).collect();
            let on = processors.into_iter().map(|cpu| format!(" on {cpu}")).collect::<Vec<_>>().join(" and");
            found.insert(words + &on);
        } else {
            found.insert(words);
        }
    }
    (!found.is_empty()).then(|| found.into_iter().collect::<Vec<_>>().join(", "))
}
