//! The figures for people.

use std::ffi::OsString;
use std::fmt::Write;

use super::files::Outcome;
use super::total::Total;
use crate::analysis::significant;
use crate::energy::DomainSummary;
use crate::energy::units::{DomainKind, Doubt, Joules};
use crate::guard::{secret, text};

/// So much of a command is shown.
const LONGEST: usize = 60;
/// Standard deviations within which a normal error stays with a probability of 95 %.
const NORMAL_95: f64 = 1.96;

const COLUMNS: usize = 6;

/// A table with one line per domain.
pub(crate) fn render(outcome: &Outcome<'_>) -> String {
    let summary = &outcome.summary;
    let total = Total::of(summary);
    let mut rows = vec![["domain", "energy", "", "average", "peak", "method"].map(str::to_owned)];
    rows.extend(summary.domains.iter().map(|domain| row(domain, outcome.coverage.has_meter(domain))));
    if total.parts() > 1 || total.leaves_estimates_out {
        rows.push(total_row(&total, summary.seconds));
    }
    let mut text = format!("\nenergy of `{}` in {} s\n\n", shown(outcome.command), thousandths(summary.seconds));
    lay_out(&rows, &mut text);
    if summary.domains.is_empty() {
        text.push_str("  nothing could be metered; `optimize devices` says why\n");
    }
    for domain in &summary.domains {
        if let Some(note) = &domain.energy.note {
            let _ = writeln!(text, "  {}: {note}", domain.energy.domain);
        }
    }
    if total.doubt().is_some() {
        let _ = writeln!(text, "  DOUBTFUL: {}", Doubt::REMEDY);
    }
    if rows.iter().any(|row| row[2].starts_with('±')) {
        text.push_str("  ±: the truth lies within it with a probability of 95 %\n");
    }
    if total.leaves_estimates_out {
        let covers = total.covers().join("+");
        let _ = writeln!(text, "  the total is {covers} alone: what is ESTIMATED is not added to what is measured");
    }
    if !outcome.stopped.is_zero() {
        let stopped = outcome.stopped.as_secs_f64();
        let _ = writeln!(
            text,
            "  the command was stopped for {} s; they count in its length and its average",
            thousandths(stopped)
        );
    }
    let has = |kind| summary.domains.iter().any(|d| d.energy.domain.kind == kind);
    if has(DomainKind::Gpu) {
        text.push_str("  a GPU counts with all that anybody used of it\n");
    }
    if has(DomainKind::Platform) {
        text.push_str("  psys is the platform as its maker wired it: the processors, and nobody tells what else\n");
    }
    let is_of_module = |d: &DomainSummary| d.energy.note.as_ref().is_some_and(|note| note.contains("whole module"));
    let has_processor = has(DomainKind::Cpu) || has(DomainKind::Platform);
    if !summary.domains.is_empty() && !has_processor && !summary.domains.iter().any(is_of_module) {
        text.push_str("  the processor is not in this; `optimize devices` says why\n");
    }
    for line in outcome.coverage.lines() {
        let _ = writeln!(text, "  {line}");
    }
    if summary.domains.iter().any(|d| d.energy.method.is_estimate()) {
        text.push_str("  ESTIMATED: CPU time times watts per core, not measured; see `optimize devices`\n");
    }
    text
}

/// Columns that are empty in all rows are left out.
fn lay_out(rows: &[[String; COLUMNS]], text: &mut String) {
    let width = |k: usize| rows.iter().map(|row| row[k].chars().count()).max().unwrap_or(0);
    let widths: [usize; COLUMNS] = std::array::from_fn(width);
    for row in rows {
        let mut line = String::new();
        for (k, cell) in row.iter().enumerate().filter(|(k, _)| widths[*k] > 0) {
            let width = widths[k];
            let _ = match k {
                0 | 5 => write!(line, "  {cell:<width$}"),
                _ => write!(line, "  {cell:>width$}"),
            };
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
}

/// What has no meter has no method either.
fn row(domain: &DomainSummary, has_meter: bool) -> [String; COLUMNS] {
    let or = |shown: Option<String>| shown.unwrap_or_else(|| "?".to_owned());
    let energy = &domain.energy;
    [
        energy.domain.to_string(),
        figure(energy.joules, energy.doubt.is_some()),
        uncertain(energy.joules, energy.uncertainty.map(|u| u.absolute())),
        or(domain.average_watts.map(|w| w.to_string())),
        or(domain.peak_watts.map(|w| w.to_string())),
        if has_meter { energy.method.label() } else { "" }.to_owned(),
    ]
}

fn total_row(total: &Total, seconds: f64) -> [String; COLUMNS] {
    let joules = total.joules();
    let label = match total.leaves_estimates_out {
        true => format!("total ({})", total.covers().join("+")),
        false => "total".to_owned(),
    };
    [
        label,
        figure(joules, total.doubt().is_some()),
        uncertain(joules, total.uncertain_by()),
        joules.and_then(|j| j.over(seconds)).map_or_else(String::new, |w| w.to_string()),
        String::new(),
        total.method().map_or("", |m| m.label()).to_owned(),
    ]
}

/// A figure; one that another contradicts does not stand alone.
fn figure(joules: Option<Joules>, doubtful: bool) -> String {
    match (joules, doubtful) {
        (Some(joules), true) => format!("DOUBTFUL {joules}"),
        (Some(joules), false) => joules.to_string(),
        (None, _) => "?".to_owned(),
    }
}

/// Seconds in three decimals, or in two digits of what is less.
fn thousandths(seconds: f64) -> String {
    if seconds > 0.0 && seconds < 0.000_95 { significant(seconds, 2) } else { format!("{seconds:.3}") }
}

/// `± 5.6 %`; nothing where nobody knows.
fn uncertain(joules: Option<Joules>, deviation: Option<Joules>) -> String {
    match (joules, deviation) {
        (Some(joules), Some(deviation)) if joules.0 > 0.0 => {
            let percent = 100.0 * NORMAL_95 * deviation.0 / joules.0;
            let digits = usize::from(percent < 9.95);
            match percent > 0.0 && percent < 0.095 {
                true => format!("± {} %", significant(percent, 2)),
                false => format!("± {percent:.digits$} %"),
            }
        }
        _ => String::new(),
    }
}

/// The command as one would type it, its end left out where it is long.
fn shown(command: &[OsString]) -> String {
    let words: Vec<_> = command.iter().map(|word| word.to_string_lossy()).collect();
    let words: Vec<_> = words.into_iter().map(std::borrow::Cow::into_owned).collect();
    let whole = secret::masked(&words).0.join(" ");
    let whole = text::line(&whole);
    if whole.chars().count() <= LONGEST {
        return whole.into_owned();
    }
    whole.chars().take(LONGEST - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;
    use std::time::Duration;

    use super::super::coverage::Coverage;
    use super::*;
    use crate::energy::ProfileSummary;
    use crate::energy::units::{DomainEnergy, Method, PowerDomain, Uncertainty, Watts};

    fn domain(kind: DomainKind, id: &str, method: Method, joules: Option<f64>, note: Option<&str>) -> DomainSummary {
        DomainSummary {
            energy: DomainEnergy::new(
                PowerDomain { kind, id: id.to_owned() },
                method,
                joules.map(Joules),
                note.map(str::to_owned),
            ),
            average_watts: joules.map(|j| Watts(j / 12.5)),
            peak_watts: joules.map(|j| Watts(j / 5.0)),
        }
    }

    fn uncertain(mut domain: DomainSummary, edge: f64, gain: f64) -> DomainSummary {
        let uncertainty = Uncertainty { edge: Joules(edge), gain: Joules(gain), ..Uncertainty::default() };
        domain.energy.uncertainty = Some(uncertainty);
        domain
    }

    fn render_stopped(domains: Vec<DomainSummary>, stopped: f64) -> String {
        let joules = domains.iter().map(|d| d.energy.joules).sum();
        let method = domains.iter().map(|d| d.energy.method).max();
        let command = ["python3", "train.py", "--lr", "0.1"].map(OsString::from);
        let outcome = Outcome {
            command: &command,
            status: ExitStatus::from_raw(0),
            summary: ProfileSummary { seconds: 12.5, joules, method, domains },
            stopped: Duration::from_secs_f64(stopped),
            coverage: Coverage { consumers: &[], absent: &[], asked_by: "" },
        };
        render(&outcome)
    }

    fn render_of(domains: Vec<DomainSummary>) -> String {
        render_stopped(domains, 0.0)
    }

    #[test]
    fn the_table_says_what_is_known_and_what_is_not() {
        let gpu = "GPU-8f3b6c1e-1b0a-4a55-9a43-0a1b2c3d4e5f";
        let all = render_of(vec![
            domain(DomainKind::Gpu, gpu, Method::Counter, Some(4321.0), None),
            domain(DomainKind::Cpu, "package-0", Method::Counter, Some(812.5), None),
            domain(DomainKind::Dram, "dram-0", Method::Counter, Some(40.0), None),
        ]);
        let partly = render_of(vec![
            domain(DomainKind::Gpu, gpu, Method::PowerIntegral, None, Some("the GPU is gone")),
            domain(DomainKind::Cpu, "processes", Method::Estimate, Some(0.012), None),
        ]);
        insta::assert_snapshot!([all, partly, render_of(Vec::new())].concat());
    }

    #[test]
    fn uncertainty_stands_beside_the_figures_that_have_one() {
        let gpu = || domain(DomainKind::Gpu, "GPU-1", Method::Counter, Some(4000.0), None);
        let package = domain(DomainKind::Cpu, "package-0", Method::Counter, Some(800.0), None);
        let known = render_of(vec![uncertain(gpu(), 3.0, 160.0), uncertain(package.clone(), 4.0, 0.0)]);
        // Of a sum nothing is known if nothing is known of a part.
        let partly = render_of(vec![uncertain(gpu(), 3.0, 1000.0), package]);
        insta::assert_snapshot!([known, partly].concat());
    }

    #[test]
    fn a_figure_that_another_contradicts_is_marked_and_so_is_the_total() {
        let doubt = Doubt { counter: Joules(291.0), integrated: Joules(510.0), seconds: 1.7, stood_still: false };
        let mut gpu = uncertain(domain(DomainKind::Gpu, "GPU-1", Method::Counter, Some(513.0), None), 3.0, 197.0);
        gpu.energy.note = Some(format!("DOUBTFUL: {doubt}"));
        gpu.energy.doubt = Some(doubt);
        let package = uncertain(domain(DomainKind::Cpu, "package-0", Method::Counter, Some(80.0), None), 1.0, 3.0);
        insta::assert_snapshot!(render_of(vec![gpu, package]));
    }

    #[test]
    fn what_is_estimated_is_not_added_to_what_is_measured_and_a_stop_is_told() {
        let text = render_stopped(
            vec![
                uncertain(domain(DomainKind::Gpu, "GPU-1", Method::Counter, Some(4000.0), None), 3.0, 160.0),
                domain(DomainKind::Cpu, "processes", Method::Estimate, Some(50.0), None),
            ],
            3.25,
        );
        insta::assert_snapshot!(text);
    }
}
