//! Words that several outputs share.

use crate::analysis::significant;
use crate::record::EpochRow;

/// Seconds for people: `48 s`, `3 min 05 s`, `2 h 10 min`.
pub(crate) fn duration(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

/// What a step reported, as far as there is room.
pub(crate) fn step_in_words(row: &EpochRow) -> String {
    let metrics = row.metrics.iter().filter(|(name, _)| name.as_str() != "seconds").take(4);
    let metrics: Vec<_> = metrics.map(|(name, value)| format!("{name} {}", significant(*value, 4))).collect();
    format!("step {}: {}", row.step, metrics.join(" "))
}
