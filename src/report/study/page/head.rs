//! The top of the page: title, sentence, banner, key numbers.

use crate::analysis::{Footprint, Proposals, Provenance, Summary, constraints_in_words, percent, preferences_in_words};
use crate::record::StudyRecord;
use crate::report::chart::escape;
use crate::report::markup::doubt_banner;
use crate::report::words::seconds;

pub(super) fn head(record: &StudyRecord, summary: &Summary, footprint: &Footprint) -> String {
    let header = record.header();
    let mut sentence = summary.sentence(record);
    if let Some(first) = sentence.get(..1) {
        let upper = first.to_uppercase();
        sentence.replace_range(..1, &upper);
    }
    let start = summary
        .start_sentence(record)
        .map_or_else(String::new, |s| format!("<p class=\"start\">Against your own setting: {}.</p>\n", escape(&s)));
    let wishes: String = [("Constraints", constraints_in_words(record)), ("Preferred", preferences_in_words(record))]
        .iter()
        .filter(|(_, words)| !words.is_empty())
        .map(|(name, words)| format!("<p class=\"start\">{name}: {}.</p>\n", escape(words)))
        .collect();
    format!(
        "<header>\n<p class=\"kind\">Wattfront study</p>\n<h1>{}</h1>\n<p class=\"sentence\">{}.</p>\n{start}{wishes}{}{}</header>\n",
        escape(&header.name),
        escape(&sentence),
        banner(summary) + &doubt_banner(&summary.basis.doubts),
        numbers(record, summary, footprint),
    )
}

/// Nobody may take estimates for measurements.
fn banner(summary: &Summary) -> String {
    let basis = &summary.basis;
    if !basis.is_estimated() {
        return String::new();
    }
    let mixed = if basis.is_mixed() {
        " Other figures of this study <b>were</b> measured: the two kinds cannot be compared."
    } else {
        ""
    };
    let of: Vec<_> = basis.provenances.iter().filter(|p| p.is_estimate()).map(Provenance::to_string).collect();
    let of = if of.is_empty() { String::new() } else { format!(" ({})", escape(&of.join("; "))) };
    format!(
        "<div class=\"banner\" role=\"note\"><strong>Energy is ESTIMATED, not measured{of}.</strong> The joules below come \
         from a model of the processor, not from a meter. They serve to compare the trials of this study with each other; do \
         not quote them as measurements.{mixed}</div>\n"
    )
}

fn numbers(record: &StudyRecord, summary: &Summary, footprint: &Footprint) -> String {
    let totals = &summary.totals;
    let failures = if totals.failed.is_empty() {
        "none failed".to_owned()
    } else {
        let kinds: Vec<_> = totals.failed.iter().map(|(kind, n)| format!("{n} {}", kind.label())).collect();
        format!("{} failed: {}", totals.failures(), kinds.join(", "))
    };
    let open = if totals.open > 0 { format!("; {} not ended", totals.open) } else { String::new() };
    let broken = match totals.infeasible {
        0 => String::new(),
        1 => "1 breaks a constraint; ".to_owned(),
        n => format!("{n} break a constraint; "),
    };
    let sampler = &record.header().sampler;
    let proposed = Proposals::of(record).map_or_else(String::new, |found| format!("\n{}", found.in_words(sampler)));
    let note = format!("{broken}{failures}{open}{proposed}");
    let mut tiles = vec![("Trials finished", totals.finished.to_string(), note)];
    tiles.push(("On the front", summary.front.len().to_string(), String::new()));
    tiles.push(match &totals.spent {
        Some(spent) => {
            let bound = if spent.unknown > 0 { "at least " } else { "" };
            let unknown = match spent.unknown {
                0 => String::new(),
                1 => "; unknown for 1 attempt".to_owned(),
                n => format!("; unknown for {n} attempts"),
            };
            let emitted = footprint.spent.as_ref().map_or_else(String::new, |emitted| format!("\n{emitted}"));
            let note = format!("{}{unknown}{emitted}", spent.provenance);
            ("Energy of the whole search", format!("{bound}{}", spent.joules), note)
        }
        None => ("Energy of the whole search", "not known".to_owned(), String::new()),
    });
    if let Some(share) = totals.optimizer_share() {
        let note =
            format!("{} of proposals, {} of trials", seconds(totals.propose_seconds), seconds(totals.trial_seconds));
        tiles.push(("Optimizer's share of time", percent(share), note));
    }
    let tile = |(name, value, note): &(&str, String, String)| {
        let note: String = note.lines().map(|line| format!("<span>{}</span>", escape(line))).collect();
        format!("<div><dt>{name}</dt><dd>{}{note}</dd></div>\n", escape(value))
    };
    format!("<dl class=\"tiles\">\n{}</dl>\n", tiles.iter().map(tile).collect::<String>())
}
