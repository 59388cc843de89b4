//! The figures for people.

use std::ffi::OsString;
use std::fmt::Write;

use crate::energy::units::DomainKind;
use crate::energy::{DomainSummary, Summary};

/// So much of a command is shown.
const LONGEST: usize = 60;
/// Seconds between two ticks of a GPU's counter: an interval may hold one more or fewer than it should.
const TICK: f64 = 0.1;

/// A table with one line per domain.
pub(super) fn render(command: &[OsString], summary: &Summary, interval: f64) -> String {
    let mut rows = vec![["domain", "energy", "average", "peak", "method"].map(str::to_owned)];
    rows.extend(summary.domains.iter().map(row));
    if summary.domains.len() > 1 {
        let total = summary.joules.map_or_else(|| "?".to_owned(), |j| j.to_string());
        let average = summary.joules.and_then(|j| j.over(summary.seconds)).map_or_else(String::new, |w| w.to_string());
        let method = summary.method.map_or("", |m| m.label());
        rows.push(["total".to_owned(), total, average, String::new(), method.to_owned()]);
    }
    let width = |k: usize| rows.iter().map(|row| row[k].chars().count()).max().unwrap_or(0);
    let widths: [usize; 5] = std::array::from_fn(width);
    let mut text = format!("\nenergy of `{}` in {:.3} s\n\n", shown(command), summary.seconds);
    for [domain, energy, average, peak, method] in &rows {
        let [d, e, a, p, _] = widths;
        let line = format!("  {domain:<d$}  {energy:>e$}  {average:>a$}  {peak:>p$}  {method}");
        let _ = writeln!(text, "{}", line.trim_end());
    }
    if summary.domains.is_empty() {
        text.push_str("  nothing could be metered; `optimize devices` says why\n");
    }
    for domain in &summary.domains {
        if let Some(note) = &domain.energy.note {
            let _ = writeln!(text, "  {}: {note}", domain.energy.domain);
        }
    }
    let has = |kind| summary.domains.iter().any(|d| d.energy.domain.kind == kind);
    if has(DomainKind::Gpu) {
        let share = 100.0 * TICK / interval;
        let _ =
            writeln!(text, "  a GPU counts with all that anybody used of it; its peak is known to some {share:.0} %");
    }
    if !summary.domains.is_empty() && !has(DomainKind::Cpu) {
        text.push_str("  the processor is not in this; `optimize devices` says why\n");
    }
    if summary.domains.iter().any(|d| d.energy.method.is_estimate()) {
        text.push_str("  ESTIMATED: CPU time times watts per core, not measured; see `optimize devices`\n");
    }
    text
}

fn row(domain: &DomainSummary) -> [String; 5] {
    let or = |shown: Option<String>| shown.unwrap_or_else(|| "?".to_owned());
    [
        domain.energy.domain.to_string(),
        or(domain.energy.joules.map(|j| j.to_string())),
        or(domain.average_watts.map(|w| w.to_string())),
        or(domain.peak_watts.map(|w| w.to_string())),
        domain.energy.method.label().to_owned(),
    ]
}

/// The command as one would type it, its end left out where it is long.
fn shown(command: &[OsString]) -> String {
    let words: Vec<_> = command.iter().map(|word| word.to_string_lossy()).collect();
    let whole = words.join(" ").replace(char::is_control, " ");
    if whole.chars().count() <= LONGEST {
        return whole;
    }
    whole.chars().take(LONGEST - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::energy::units::{Domain, DomainEnergy, Joules, Method, Watts};

    fn domain(kind: DomainKind, id: &str, method: Method, joules: Option<f64>, note: Option<&str>) -> DomainSummary {
        DomainSummary {
            energy: DomainEnergy::new(
                Domain { kind, id: id.to_owned() },
                method,
                joules.map(Joules),
                note.map(str::to_owned),
            ),
            average_watts: joules.map(|j| Watts(j / 12.5)),
            peak_watts: joules.map(|j| Watts(j / 5.0)),
        }
    }

    fn render_of(domains: Vec<DomainSummary>) -> String {
        let joules = domains.iter().map(|d| d.energy.joules).sum();
        let method = domains.iter().map(|d| d.energy.method).max();
        let command = ["python3", "train.py", "--lr", "0.1"].map(OsString::from);
        render(&command, &Summary { seconds: 12.5, joules, method, domains }, 1.0)
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
}
