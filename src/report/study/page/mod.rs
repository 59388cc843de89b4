//! The report of a study as one HTML page: no scripts, no other files, readable in light and dark, on paper and on a phone.
//!
//! All text that comes from the study (names, values, messages) is escaped, and the page's content security policy forbids
//! scripts and anything from elsewhere.

mod data;
mod details;
mod epochs;
mod head;
mod tables;

use crate::analysis::{Footprint, Summary, significant};
use crate::carbon::Carbon;
use crate::record::StudyRecord;
use crate::report::chart::{self, escape};
use crate::report::markup::{document, figure, section, utc};

/// The whole page, with grams and costs by `carbon`. Works for any record: without trials, with failures only, still running, with one objective or many.
#[must_use]
pub fn page(record: &StudyRecord, carbon: &Carbon) -> String {
    whole_page(record, carbon, None)
}

/// The page of a study that is running at this time, in seconds since 1970: it says so, and loads itself again every ten seconds.
#[must_use]
pub fn live_page(record: &StudyRecord, carbon: &Carbon, now: f64) -> String {
    whole_page(record, carbon, Some(now))
}

fn whole_page(record: &StudyRecord, carbon: &Carbon, running: Option<f64>) -> String {
    let summary = Summary::of(record);
    let footprint = Footprint::of(record, &summary, carbon);
    let title = escape(&record.header().name);
    let sections = [
        running.map_or_else(String::new, running_note),
        head::head(record, &summary, &footprint),
        front_section(record, &summary),
        tables::front(record, &summary),
        tables::knee(record, &summary, carbon),
        hypervolume_section(record, &summary),
        tables::trials(record, &summary),
        epochs::section(record),
        data::data(record),
        details::energy(record, &summary, footprint.spent.as_ref().map(|_| carbon)),
        details::surroundings(record),
        details::reproduce(record),
    ];
    let page = document(&title, &sections.concat());
    match running {
        Some(_) => page.replacen("<meta name=\"viewport\"", &format!("{REFRESH}<meta name=\"viewport\""), 1),
        None => page,
    }
}

/// For the browser.
const REFRESH: &str = "<meta http-equiv=\"refresh\" content=\"10\">\n";

/// For people.
fn running_note(now: f64) -> String {
    format!(
        "<p class=\"start\" role=\"status\">The study is running: this is as of {}, and the page loads itself again every ten \
         seconds.</p>\n",
        utc(now)
    )
}

fn front_section(record: &StudyRecord, summary: &Summary) -> String {
    let estimated = summary.front_is_estimated();
    let pairs = chart::front_pairs(summary);
    let body = match pairs[..] {
        [] => figure(|c| chart::trace_chart(record, summary, c), 380.0),
        _ => pairs.iter().map(|pair| figure(|c| chart::pair_chart(record, summary, *pair, c), 500.0)).collect(),
    };
    let heading = match (pairs.is_empty(), estimated) {
        (true, false) => "The trials",
        (true, true) => "The trials, by estimated energy",
        (false, false) => "The front",
        (false, true) => "The front, by estimated energy",
    };
    let several = if pairs.len() > 1 {
        "<p>Filled trials are on the front of all objectives together; in the picture of only two of them, some may look \
         dominated.</p>\n"
    } else {
        ""
    };
    section("front", heading, &format!("{several}{body}"))
}

fn hypervolume_section(record: &StudyRecord, summary: &Summary) -> String {
    let Some(hypervolume) = &summary.hypervolume else { return String::new() };
    let values = record.problem().values(&hypervolume.reference);
    let shown: Vec<_> =
        summary.quantities.iter().zip(values).map(|(q, v)| format!("{} {}", q.name(), q.show(v))).collect();
    let basis = if hypervolume.frozen { "fixed" } else { "inferred from the trials so far, not fixed yet" };
    let body = format!(
        "{}<p>The volume between the front and the reference point (larger is better), in the scaled units of the \
         objectives: <b>{}</b>. Reference point: {} ({basis}).</p>\n",
        figure(|c| chart::growth_chart(record, summary, c), 320.0),
        significant(hypervolume.value, 4),
        escape(&shown.join(", ")),
    );
    section("hypervolume", "Hypervolume over the trials", &body)
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(in crate::report) use tests::check_balance;
