//! The tables of the front and of all trials.

use super::details::runs_a_program;
use crate::analysis::{PickReason, Provenance, Quantity, Spent, Summary, broken_in};
use crate::carbon::Carbon;
use crate::record::{StudyRecord, TrialRecord, TrialState};
use crate::report::chart::escape;
use crate::report::markup::{Column, escape_lines, section, table};
use crate::report::study::pick::{Choice, pick};
use crate::report::words::{seconds, short};

fn value_columns(record: &StudyRecord, summary: &Summary) -> Vec<Column> {
    let mut columns: Vec<Column> =
        summary.quantities.iter().chain(&summary.bounded).map(|q| (q.name(), true)).collect();
    if shows_method(summary) {
        columns.push(("energy by".to_owned(), false));
    }
    let parameters = record.problem().space().parameters().iter();
    columns.extend(parameters.map(|p| (p.name.clone(), p.domain.is_ordered())));
    columns
}

fn shows_method(summary: &Summary) -> bool {
    summary.quantities.iter().any(|q| q.is_energy())
}

fn value_cells(record: &StudyRecord, summary: &Summary, trial: &TrialRecord) -> Vec<String> {
    let result = trial.result();
    let value = |metric: &str| result.and_then(|r| r.metrics.get(metric).copied());
    let shown = |q: &Quantity| value(&q.metric).map_or_else(missing, |v| escape(&q.cell(v)));
    let mut cells: Vec<String> = summary.quantities.iter().chain(&summary.bounded).map(shown).collect();
    if shows_method(summary) {
        cells.push(result.map_or_else(missing, |r| methods(summary, r)));
    }
    let parameters = record.problem().space().parameters().iter();
    cells.extend(parameters.map(|p| trial.point.get(&p.name).map_or_else(inactive, |v| escape(&short(v)))));
    cells
}

/// How a trial's energy objectives came about; one text where they agree.
fn methods(summary: &Summary, result: &crate::record::TrialResult) -> String {
    let energies = summary.quantities.iter().filter(|q| q.is_energy());
    let mut found: Vec<_> = energies.filter_map(|q| Provenance::of_metric(result, &q.metric)).collect();
    found.dedup();
    let shown = found.iter().map(|p| {
        let text = escape(&p.to_string());
        if p.is_estimate() || p.doubtful { format!("<strong class=\"estimate\">{text}</strong>") } else { text }
    });
    shown.collect::<Vec<_>>().join("; ")
}

/// Such as `at least 1.23 J` with the method below.
fn spent_cell(spent: &Spent) -> String {
    let bound = if spent.is_lower_bound() { "at least " } else { "" };
    let class = if spent.provenance.is_estimate() || spent.provenance.doubtful { "why estimate" } else { "why" };
    let (joules, provenance) = (spent.joules.to_string(), spent.provenance.to_string());
    format!("{bound}{}<br><span class=\"{class}\">{}</span>", escape(&joules), escape(&provenance))
}

fn missing() -> String {
    "<span class=\"none\" title=\"missing\">–</span>".to_owned()
}

fn inactive() -> String {
    "<span class=\"none\" title=\"not active\">–</span>".to_owned()
}

/// Such as `knee` or `most accurate`.
fn roles(summary: &Summary, trial: u64) -> String {
    let knee = summary.knee.filter(|_| summary.cost.is_some());
    let pick = summary.pick.filter(|_| summary.knee.is_none());
    let roles = [(knee, "knee"), (pick, "pick"), (summary.best, "best"), (summary.cheapest, "cheapest")];
    let held = roles.iter().filter(|(id, _)| *id == Some(trial));
    held.map(|(_, role)| format!("<span class=\"role {role}\">{role}</span>")).collect::<Vec<_>>().join(" ")
}

pub(super) fn front(record: &StudyRecord, summary: &Summary) -> String {
    let mut columns: Vec<Column> = vec![("trial".to_owned(), true), (String::new(), false)];
    columns.extend(value_columns(record, summary));
    let rows: Vec<_> = summary
        .front
        .iter()
        .filter_map(|id| record.trial(*id))
        .map(|trial| {
            let mut cells = vec![trial.id.to_string(), roles(summary, trial.id)];
            cells.extend(value_cells(record, summary, trial));
            let class = if summary.pick == Some(trial.id) { "marked" } else { "" };
            (class.to_owned(), cells)
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let estimated = if summary.front_is_estimated() { " (ESTIMATED energy)" } else { "" };
    let keeping = if record.problem().constraints().is_empty() { "" } else { " that keeps the constraints" };
    let caption = format!(
        "No other trial{keeping} is better than these in one objective without being worse in another{estimated}"
    );
    if summary.cost.is_none() {
        return section(
            "front-table",
            "The best in full",
            &table(&format!("No other trial{keeping} is better"), &columns, &rows),
        );
    }
    section("front-table", "The front in full", &table(&caption, &columns, &rows))
}

pub(super) fn knee(record: &StudyRecord, summary: &Summary, carbon: &Carbon) -> String {
    let Ok(knee) = pick(record, Choice::Knee) else { return String::new() };
    let which = match summary.knee {
        _ if summary.cost.is_none() => "The best trial".to_owned(),
        Some(_) => "The knee of the front".to_owned(),
        None => match (&knee.caveat, summary.standing) {
            (Some(caveat), PickReason::Weighted) => caveat.replacen("the", "The", 1),
            (Some(caveat), PickReason::OnlyPreferred | PickReason::Nearest) => {
                format!("A trial of the front ({caveat})")
            }
            _ => "A trial of the front, which has no knee".to_owned(),
        },
    };
    let place = if runs_a_program(record) { "" } else { "<code>[train]</code> of a study file or into " };
    let body = format!(
        "<p>{}, ready to paste into {place}your own settings. \
         <code>optimize pick</code> prints others.</p>\n<pre tabindex=\"0\"><code>{}</code></pre>\n",
        escape(&which),
        escape_lines(&knee.with_carbon(record, carbon).to_toml()),
    );
    section("knee", if summary.knee.is_some() { "The setting to use" } else { "A setting to use" }, &body)
}

pub(super) fn trials(record: &StudyRecord, summary: &Summary) -> String {
    let mut columns: Vec<Column> = vec![("trial".to_owned(), true), ("state".to_owned(), false)];
    columns.extend(value_columns(record, summary));
    columns.extend([
        ("energy of all attempts".to_owned(), true),
        ("time".to_owned(), true),
        ("attempts".to_owned(), true),
        ("proposed by".to_owned(), false),
    ]);
    let mut all: Vec<_> = record.trials().iter().collect();
    all.sort_by_key(|t| t.id);
    let rows: Vec<_> = all.into_iter().map(|trial| row(record, summary, trial)).collect();
    if rows.is_empty() {
        return String::new();
    }
    section("trials", "All trials", &table(&summary.totals.counts(), &columns, &rows))
}

fn row(record: &StudyRecord, summary: &Summary, trial: &TrialRecord) -> (String, Vec<String>) {
    let state = match &trial.state {
        TrialState::Finished(_) if summary.on_front(trial.id) => "<b>front</b>".to_owned(),
        TrialState::Finished(_) if !record.is_feasible(trial) => {
            let known = || summary.quantities.iter().chain(&summary.bounded);
            let quantity = |metric: &str| {
                known().find(|q| q.metric == metric).cloned().unwrap_or_else(|| Quantity::of(record, metric))
            };
            let broken: Vec<String> =
                broken_in(record, trial, quantity).iter().map(|b| escape(&b.to_string())).collect();
            format!("<b class=\"failure\">infeasible</b><br><span class=\"why\">{}</span>", broken.join("<br>"))
        }
        TrialState::Finished(_) | TrialState::Running => trial.state.label().to_owned(),
        TrialState::Failed(failure) | TrialState::Waiting(failure) => format!(
            "<b class=\"failure\">{}: {}</b><br><span class=\"why\">{}</span>",
            trial.state.label(),
            failure.kind.label(),
            escape(&failure.message)
        ),
    };
    let mut cells = vec![trial.id.to_string(), state];
    cells.extend(value_cells(record, summary, trial));
    let time: f64 = trial.spent.iter().map(|w| w.seconds).sum();
    let rule = trial.fit.as_ref().map_or_else(
        || "you".to_owned(),
        |fit| {
            let fallback = fit.fallback.as_ref().map(|f| format!("<br><span class=\"why\">{}</span>", escape(f)));
            format!("{}{}", escape(&fit.rule), fallback.unwrap_or_default())
        },
    );
    cells.extend([
        Spent::of(trial).map_or_else(missing, |s| spent_cell(&s)),
        if trial.spent.is_empty() { missing() } else { seconds(time) },
        trial.attempts.to_string(),
        rule,
    ]);
    let class = if summary.on_front(trial.id) { "on-front-row" } else { trial.state.label() };
    (class.to_owned(), cells)
}
