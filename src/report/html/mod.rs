//! The report of a study as one HTML page: no scripts, no other files, readable in light and dark, on paper and on a phone.
//!
//! All text that comes from the study (names, values, messages) is escaped, and the page's content security policy forbids
//! scripts and anything from elsewhere.

mod confirmation;
mod contest;
mod data;
mod details;
mod epochs;
mod head;
mod tables;

pub use confirmation::confirmation_page;
pub use contest::contest_page;
pub use details::utc;

use crate::analysis::{Footprint, Summary, doubts_in_words, significant};
use crate::carbon::Carbon;
use crate::energy::units::{Doubt, PowerDomain};
use crate::record::StudyRecord;
use crate::report::svg::{self, CHART_CSS, Chart, DARK, LIGHT, Theme, escape};

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

/// A page around its content; both are escaped already.
fn document(title: &str, content: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title} · Wattfront</title>\n\
         <style>\n{}</style>\n</head>\n<body>\n<main>\n{content}</main>\n</body>\n</html>\n",
        style(),
    )
}

fn style() -> String {
    let properties =
        |colours: &[(&str, &str)]| -> String { colours.iter().map(|(k, v)| format!("{k}: {v}; ")).collect() };
    format!(
        ":root {{ {}--wash: #f4f6f8; --alarm: #8a1c00; --alarm-wash: #fff1e8; }}\n\
         @media screen and (prefers-color-scheme: dark) {{ :root {{ {}--wash: #1a2129; --alarm: #ffb38a; --alarm-wash: #3a1d0f; }} }}\n\
         {CHART_CSS}{}",
        properties(&LIGHT),
        properties(&DARK),
        include_str!("style.css"),
    )
}

/// Nobody may take estimates for measurements.
fn estimate_banner(compared: &str) -> String {
    format!(
        "<div class=\"banner\" role=\"note\"><strong>Energy is ESTIMATED, not measured.</strong> The joules below come \
         from a model of the processor, not from a meter. They serve to compare {compared} with each other; do not quote \
         them as measurements.</div>\n"
    )
}

/// Nor figures of a counter that power contradicts for sure ones.
fn doubt_banner(doubts: &[(PowerDomain, Doubt)]) -> String {
    let banner = |words: String| format!("<div class=\"banner\" role=\"note\">{}</div>\n", escape(&words));
    doubts_in_words(doubts).into_iter().map(banner).collect()
}

/// A section with a heading; nothing for an empty body.
fn section(id: &str, heading: &str, body: &str) -> String {
    if body.is_empty() {
        return String::new();
    }
    format!(
        "<section id=\"{id}\" aria-labelledby=\"{id}-h\">\n<h2 id=\"{id}-h\">{}</h2>\n{body}</section>\n",
        escape(heading)
    )
}

/// A chart in two sizes, of which the style sheet shows the one that suits the screen.
fn chart(draw: impl Fn(&Chart) -> String, height: f64) -> String {
    let wide = draw(&Chart { width: 960.0, height, theme: Theme::Page });
    let narrow = draw(&Chart { width: 380.0, height: height.min(400.0), theme: Theme::Page });
    format!("<figure class=\"wide\">\n{wide}</figure>\n<figure class=\"narrow\">\n{narrow}</figure>\n")
}

fn front_section(record: &StudyRecord, summary: &Summary) -> String {
    let estimated = summary.front_is_estimated();
    let pairs = svg::front_pairs(summary);
    let body = match pairs[..] {
        [] => chart(|c| svg::trace_chart(record, summary, c), 380.0),
        _ => pairs.iter().map(|pair| chart(|c| svg::pair_chart(record, summary, *pair, c), 500.0)).collect(),
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
        chart(|c| svg::growth_chart(record, summary, c), 320.0),
        significant(hypervolume.value, 4),
        escape(&shown.join(", ")),
    );
    section("hypervolume", "Hypervolume over the trials", &body)
}

#[cfg(test)]
mod tests;
