//! What the trainer's data were taken for.

use crate::record::StudyRecord;
use crate::report::chart::escape;
use crate::report::markup::section;
use crate::report::study::data::{classes, columns, headline};

/// So many classes and columns are named.
const NAMED: usize = 50;

/// The data of the last session that had any; nothing where a program brings its own.
pub(super) fn data(record: &StudyRecord) -> String {
    let seen = record.sessions().iter().rev().find_map(|session| session.environment.data.as_ref());
    let Some(seen) = seen else { return String::new() };
    let mut rows = vec![("data", headline(seen))];
    match &seen.label {
        Some(label) => {
            rows.push(("label", format!("{}: {}", label.column, label.because)));
            rows.push(("task", format!("{}: {}", seen.task, label.task_because)));
        }
        None => rows.push(("task", seen.task.clone())),
    }
    rows.extend(classes(seen, NAMED).map(|text| ("classes", text)));
    rows.extend(seen.values.map(|v| ("values", format!("from {} to {}, {} on average", v.low, v.high, v.mean))));
    rows.extend(seen.parts.iter().map(|parts| {
        let (train, validation, test) = (parts.train, parts.validation, parts.test);
        ("parts", format!("{}: {train} to train, {validation} to validate, {test} to test", parts.partition))
    }));
    rows.extend(columns(seen, NAMED));
    rows.extend(seen.notes.iter().map(|note| ("note", note.clone())));
    let rows: String = rows
        .iter()
        .map(|(name, text)| format!("<tr><th scope=\"row\">{name}</th><td>{}</td></tr>\n", escape(text)))
        .collect();
    let body = format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"The data\"><table>\n\
         <caption><span>What the data were taken for</span></caption>\n<tbody>\n{rows}</tbody></table></div>\n"
    );
    section("data", "The data", &body)
}
