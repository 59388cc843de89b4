//! What makes a study, fit to be shown to others.

use serde_json::Value;

use crate::guard::secret::{HIDDEN, masked};

/// The identity without the values of the program's environment variables, which may be tokens or passwords, and of
/// arguments that are by their names: reports are made to be passed on.
pub(super) fn without_secrets(identity: &Value) -> Value {
    let mut shown = identity.clone();
    if let Some(variables) = shown.pointer_mut("/command/env").and_then(Value::as_object_mut) {
        variables.values_mut().for_each(|value| *value = HIDDEN.into());
    }
    if let Some(argv) = shown.pointer_mut("/command/argv").and_then(Value::as_array_mut) {
        let words: Vec<String> = argv.iter().map(|word| word.as_str().unwrap_or_default().to_owned()).collect();
        for (word, masked) in argv.iter_mut().zip(masked(&words).0).filter(|(word, _)| word.is_string()) {
            *word = masked.into();
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::analysis::fixture::digits_problem;
    use crate::carbon::Carbon;
    use crate::optimizer::Seed;
    use crate::record::{Event, StoredEvent, StudyRecord};
    use crate::report::study::{self, json as export};

    #[test]
    fn outputs_name_variables_without_their_values() {
        let identity = json!({"command": {
            "argv": ["./train", "--api-key", "s3cr3t-key", "--password=s3cr3t"],
            "env": {"API_TOKEN": "s3cr3t-value"},
        }});
        let event = Event::StudyCreated {
            name: "secret".to_owned(),
            seed: Seed(1),
            problem: digits_problem(),
            sampler: "gp".to_owned(),
            identity,
        };
        let record = StudyRecord::from_entries([StoredEvent { seq: 1, time: 0.0, event }]).unwrap();
        for text in [study::page(&record, &Carbon::default()), export::study_text(&record, &Carbon::default())] {
            assert!(text.contains("API_TOKEN") && text.contains(HIDDEN) && text.contains("./train"));
            assert!(!text.contains("s3cr3t"));
        }
    }
}
