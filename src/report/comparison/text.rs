//! What the console says at the end of a comparison, as plain text of 80 columns.

use crate::analysis::comparison::{ComparedSampler, Comparison, Course, Versus, p_value};
use crate::analysis::statistics::{Interval, Spread};
use crate::analysis::{Digits, Quantity, doubts_in_words, significant};
use crate::report::words::{CELL, Closing, capitalized, cut, seconds, wrap};

/// The tables of what the samplers end with and what the tests say, the sentence, and what the figures rest on. Ends with a
/// line break. Tables are up to 80 characters wide, longer with long names; the rest is wrapped to the width.
#[must_use]
pub fn closing(comparison: &Comparison, closing: &Closing) -> String {
    let width = closing.width.clamp(40, 80);
    let mut text = wrap(&heading(comparison), width) + "\n";
    text += &ends(comparison);
    text.push('\n');
    text += &tests(comparison);
    text.push('\n');
    text += &wrap(&capitalized(&format!("{}.", comparison.sentence())), width);
    if comparison.is_estimated() {
        text += &wrap(
            "Energy is ESTIMATED from CPU time, not measured: compare samplers by it, but quote no joules.",
            width,
        );
    }
    for words in doubts_in_words(&comparison.doubts) {
        text += &wrap(&words, width);
    }
    text.push('\n');
    for (name, value) in remarks(comparison, closing) {
        let lines = wrap(&value, width - 12);
        for (i, line) in lines.lines().enumerate() {
            text += &format!("{:<11} {line}\n", if i == 0 { name } else { "" });
        }
    }
    text
}

fn heading(comparison: &Comparison) -> String {
    let seeds = comparison.seeds.len();
    let names: Vec<_> = comparison.samplers.iter().map(|e| e.sampler.as_str()).collect();
    let plural = if seeds == 1 { "" } else { "s" };
    format!("{}: {} on {seeds} seed{plural}, against {}", comparison.name, names.join(", "), comparison.baseline)
}

/// What the samplers end with, and what they need to get where the baseline ends.
fn ends(comparison: &Comparison) -> String {
    let where_to = format!("to {}'s median", comparison.baseline);
    let mut rows = vec![
        ["", "hypervolume", "", &where_to, "", "", "sooner by", ""].map(str::to_owned).to_vec(),
        ["sampler", "median", "quartiles", "runs", "trials", "energy", "trials", "energy"].map(str::to_owned).to_vec(),
    ];
    let n = comparison.seeds.len();
    let (volumes, joules) = (hypervolume_digits(comparison), joules_of(comparison, |e| e.joules_to_target));
    rows.extend(comparison.samplers.iter().map(|e| {
        let Spread { lower, median, upper } = e.hypervolume;
        let sooner =
            |spread: fn(&Versus) -> Option<Spread>| e.versus.as_ref().map_or_else(String::new, |v| times(spread(v)));
        vec![
            e.sampler.clone(),
            volumes.show(median),
            format!("{} to {}", volumes.show(lower), volumes.show(upper)),
            comparison.target.map_or_else(|| "-".to_owned(), |_| format!("{}/{n}", e.reached)),
            reached(e.trials_to_target, |v| significant(v, 3)),
            reached(e.joules_to_target, |v| joules.cell(v)),
            sooner(|v| v.trials_speedup),
            sooner(|v| v.joules_speedup),
        ]
    }));
    grid(&rows, 1)
}

/// What the tests say of each sampler against the baseline.
fn tests(comparison: &Comparison) -> String {
    if comparison.fronts_are_mixed() {
        return format!("against {}: not comparable\n", comparison.baseline);
    }
    let mut rows = vec![
        vec![format!("against {}", comparison.baseline)],
        ["sampler", "ahead", "p (Holm)", &with_interval("A", comparison), &with_interval("delta", comparison)]
            .map(str::to_owned)
            .to_vec(),
    ];
    rows[0].resize(5, String::new());
    let n = comparison.seeds.len();
    let rivals = comparison.samplers.iter().filter_map(|e| Some((e, e.versus.as_ref()?)));
    rows.extend(rivals.map(|(e, v)| {
        vec![
            e.sampler.clone(),
            format!("{}/{n}", v.wins),
            p_value(v.p_holm),
            effect(v.vargha_delaney, v.vargha_delaney_interval),
            effect(v.cliffs_delta, v.cliffs_delta_interval),
        ]
    }));
    grid(&rows, 1)
}

fn remarks(comparison: &Comparison, closing: &Closing) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    let above = format!("how probably a run ends above one of {}; delta is 2 A - 1", comparison.baseline);
    rows.push(("A", above));
    let origin = if comparison.reference_is_given { "given" } else { "inferred from all runs" };
    rows.push(("reference", format!("{} ({origin})", comparison.values_in_words(&comparison.reference))));
    let failures: usize = comparison.samplers.iter().map(|e| e.failures).sum();
    let trials: usize = comparison.samplers.iter().map(|e| e.trials).sum();
    let failed = if failures > 0 { format!(", {failures} of them failed") } else { String::new() };
    rows.push(("runs", format!("{} of {trials} trials in all{failed}", comparison.courses.len())));
    if let Some(spent) = comparison.spent() {
        rows.push(("energy", format!("{spent} for all runs")));
    }
    if !comparison.energy.is_comparable() {
        rows.push(("", format!("energy not compared: {}", comparison.energy)));
    }
    rows.extend(comparison.why_no_target().map(|why| ("no target", why)));
    let infeasible: usize = comparison.courses.iter().map(Course::infeasible).sum();
    if infeasible > 0 {
        rows.push(("infeasible", format!("{infeasible} trials break a constraint and add nothing")));
    }
    if comparison.environments.len() > 1 {
        rows.push(("run on", comparison.environments.join("; ")));
    }
    rows.push(("optimizers", optimizers(&comparison.samplers)));
    if comparison.objectives.len() != 2 {
        rows.push(("fronts", "not drawn: attainment surfaces are of two objectives".to_owned()));
    }
    if !comparison.left_out.is_empty() {
        rows.push(("left out", left_out(comparison)));
    }
    rows.extend(closing.report.as_ref().map(|place| ("report", place.clone())));
    rows
}

fn optimizers(samplers: &[ComparedSampler]) -> String {
    let known = samplers.iter().filter_map(|e| Some((e, e.propose_seconds?)));
    let parts: Vec<_> = known.map(|(e, s)| format!("{} {}", e.sampler, seconds(s.median))).collect();
    format!("{} for the proposals of a run (median)", parts.join(", "))
}

/// Such as `2 runs with seeds that not all samplers have completed: gp 9, random 9`.
pub(in crate::report) fn left_out(comparison: &Comparison) -> String {
    let named: Vec<_> = comparison.left_out.iter().map(|(sampler, seed)| format!("{sampler} {seed}")).collect();
    let runs = if named.len() == 1 { "1 run".to_owned() } else { format!("{} runs", named.len()) };
    format!("{runs} with seeds that not all samplers have completed: {}", named.join(", "))
}

/// The heading of figures that have an interval; with one seed none has.
pub(in crate::report) fn with_interval(name: &str, comparison: &Comparison) -> String {
    if comparison.seeds.len() > 1 { format!("{name} [95 %]") } else { name.to_owned() }
}

/// The digits of the samplers' hypervolumes.
pub(in crate::report) fn hypervolume_digits(comparison: &Comparison) -> Digits {
    Digits::of(
        comparison.samplers.iter().flat_map(|e| [e.hypervolume.lower, e.hypervolume.median, e.hypervolume.upper]),
        4,
    )
}

/// How the samplers' joules are shown, in one unit: to the target, or of whole runs.
pub(in crate::report) fn joules_of(comparison: &Comparison, which: fn(&ComparedSampler) -> Option<Spread>) -> Quantity {
    let all = comparison.samplers.iter().filter_map(which).flat_map(|s| [s.lower, s.median, s.upper]);
    Quantity::from_values("energy", all.filter(|joules| joules.is_finite()))
}

/// `never` for what most runs do not reach, `-` for what is not known.
pub(in crate::report) fn reached(spread: Option<Spread>, show: impl Fn(f64) -> String) -> String {
    match spread.map(|s| s.median) {
        None => "-".to_owned(),
        Some(median) if median.is_infinite() => "never".to_owned(),
        Some(median) => show(median),
    }
}

/// Such as `2.4 x`.
pub(in crate::report) fn times(speedup: Option<Spread>) -> String {
    match speedup.map(|s| s.median) {
        None => "-".to_owned(),
        Some(median) if median <= 0.0 => "never".to_owned(),
        Some(median) => format!("{} x", significant(median, 2)),
    }
}

/// Such as `0.85 [0.70, 0.97]`. What is near an end of the range, or near zero, does not look as if it were there.
pub(in crate::report) fn effect(value: f64, interval: Option<Interval>) -> String {
    let all = || [Some(value), interval.map(|i| i.low), interval.map(|i| i.high)].into_iter().flatten();
    let differs = |v: f64, decimals: usize| {
        let rounded: f64 = format!("{v:.decimals$}").parse().unwrap_or(v);
        [-1.0, 0.0, 1.0].iter().all(|mark| (v - mark).abs() < 1e-12 || rounded != *mark)
    };
    let decimals = (2..8).find(|decimals| all().all(|v| differs(v, *decimals))).unwrap_or(8);
    let digits = Digits::Decimals(decimals);
    let interval =
        interval.map_or_else(String::new, |i| format!(" [{}, {}]", digits.rounded(i.low), digits.rounded(i.high)));
    format!("{}{interval}", digits.rounded(value))
}

/// Columns two spaces apart, the first `left` flush left and the others flush right. The first row are headings of several
/// columns: each reaches over the empty ones after it, which are made wider where need be.
fn grid(rows: &[Vec<String>], left: usize) -> String {
    let cells = |row: &Vec<String>| row.iter().map(|cell| cut(cell, CELL)).collect();
    let rows: &[Vec<String>] = &rows.iter().map(cells).collect::<Vec<_>>();
    let length = |text: &str| text.chars().count();
    let columns = rows.get(1).map_or(0, Vec::len);
    let widest = |c: usize| rows[1..].iter().filter_map(|r| r.get(c)).map(|t| length(t)).max().unwrap_or(0);
    let mut widths: Vec<usize> = (0..columns).map(widest).collect();
    let spans: Vec<(usize, usize)> = (0..columns)
        .filter(|&c| c == 0 || !rows[0][c].is_empty())
        .map(|c| (c, (c + 1..columns).find(|&d| !rows[0][d].is_empty()).unwrap_or(columns)))
        .collect();
    let reach =
        |widths: &[usize], (from, to): (usize, usize)| widths[from..to].iter().sum::<usize>() + 2 * (to - from - 1);
    for &(from, to) in &spans {
        let missing = length(&rows[0][from]).saturating_sub(reach(&widths, (from, to)));
        widths[to - 1] += missing;
    }
    let mut text = String::new();
    let heads: Vec<String> = spans
        .iter()
        .map(|&(from, to)| {
            let width = reach(&widths, (from, to));
            if from < left { format!("{:<width$}", rows[0][from]) } else { format!("{:>width$}", rows[0][from]) }
        })
        .collect();
    text += heads.join("  ").trim_end();
    for row in &rows[1..] {
        let cells = row.iter().zip(&widths).enumerate();
        let cells = cells.map(|(c, (t, w))| if c < left { format!("{t:<w$}") } else { format!("{t:>w$}") });
        text.push('\n');
        text += cells.collect::<Vec<_>>().join("  ").trim_end();
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::comparison::tests::{sample, single_seed, three_objectives};
    use crate::analysis::fixture::{counters, estimate};

    fn at(width: usize) -> Closing {
        Closing { width, report: Some("results/comparison-compare/comparison.html".to_owned()) }
    }

    #[test]
    fn closing_words() {
        let all = [sample(estimate), sample(counters), three_objectives(), single_seed()];
        let texts: Vec<_> = all.iter().map(|comparison| closing(comparison, &at(80))).collect();
        assert!(
            texts.iter().flat_map(|t| t.lines()).all(|line| line.chars().count() <= 80),
            "{}",
            texts.join("----\n")
        );
        insta::assert_snapshot!(texts.join("----\n"));
    }

    #[test]
    fn measured_energy_is_not_called_estimated() {
        assert!(!closing(&sample(counters), &at(80)).to_lowercase().contains("estimated"));
    }
}
