//! A comparison as comma-separated values (RFC 4180, UTF-8, a header line).
//!
//! | table | a row for each |
//! |---|---|
//! | [`samplers`] | sampler: what it ends with, what it needs, and what the tests say; `energy_by` says what was left out and what is DOUBTFUL |
//! | [`runs`] | trial that counts: `sampler`, `seed`, `trial`, `hypervolume`, `spent_j`, `spent_method`, `spent_is`, `failed`, `infeasible`, `energy_by` |
//! | [`curves`] | place on the curves: `sampler`, `trials` or `spent_j` with `spent_method`, `hypervolume_lower`, `_median`, `_upper` |
//! | [`attainment`] | corner of an attainment surface: `sampler`, `level`, a column per objective and an `_method` after energies; two objectives only |
//!
//! `_lower` and `_upper` are quartiles; `_low` and `_high` the ends of 95 % intervals. Energies are joules in columns that end
//! in `_j`; `spent_is` is `total`, or `at-least` where the joules of an attempt are not known. What is missing, and what most
//! runs never reach, is empty, never zero: `runs_reaching` and `seeds_reaching` tell the two apart.

use crate::analysis::Quantity;
use crate::analysis::comparison::{BandPoint, ComparedSampler, Comparison, Surfaces};
use crate::analysis::statistics::{Interval, Spread};
use crate::report::words::{energy_by, lines, method_name, number, text_cell};

/// One row per sampler.
#[must_use]
pub fn samplers(comparison: &Comparison) -> String {
    let method = comparison.energy.provenance().map_or("", |p| method_name(p.method));
    let mut columns = vec!["sampler".to_owned(), "baseline".to_owned(), "seeds".to_owned(), "trials".to_owned()];
    columns.push("failures".to_owned());
    let spreads = ["hypervolume", "trials_to_target", "energy_to_target", "spent"];
    for name in spreads {
        let unit = if ["energy_to_target", "spent"].contains(&name) { "_j" } else { "" };
        columns.extend(["lower", "median", "upper"].map(|part| format!("{name}_{part}{unit}")));
    }
    columns.extend(["spent_method", "runs_reaching"].map(str::to_owned));
    columns.extend(["ahead", "equal", "behind", "p", "p_is", "p_holm", "verdict"].map(str::to_owned));
    for name in ["vargha_delaney", "cliffs_delta"] {
        columns.extend(["", "_low", "_high"].map(|part| format!("{name}{part}")));
    }
    for name in ["trials_speedup", "energy_speedup"] {
        columns.extend(["lower", "median", "upper"].map(|part| format!("{name}_{part}")));
    }
    columns.push("seeds_reaching".to_owned());
    columns.push("energy_by".to_owned());
    let rows = comparison.samplers.iter().map(|compared| {
        let mut row = vec![text_cell(compared.sampler.clone()), (compared.sampler == comparison.baseline).to_string()];
        row.extend([comparison.seeds.len(), compared.trials, compared.failures].map(|n| n.to_string()));
        let found = [Some(compared.hypervolume), compared.trials_to_target, compared.joules_to_target, compared.joules];
        row.extend(found.into_iter().flat_map(spread));
        row.extend([method.to_owned(), comparison.target.map_or_else(String::new, |_| compared.reached.to_string())]);
        row.extend(versus(comparison, compared));
        row.push(energy_by(comparison.energy.provenance(), !comparison.doubts.is_empty()));
        row
    });
    table(columns, rows.collect())
}

fn versus(comparison: &Comparison, compared: &ComparedSampler) -> Vec<String> {
    let Some(versus) = &compared.versus else {
        let mut row = vec![String::new(); 20];
        row[6] = comparison.verdict_of(compared).map_or_else(String::new, |v| v.label().to_owned());
        return row;
    };
    let mut row: Vec<String> = [versus.wins, versus.ties, versus.losses].map(|n| n.to_string()).to_vec();
    let exact = if versus.test.exact { "exact" } else { "approximate" };
    row.extend([number(Some(versus.test.p_value)), exact.to_owned(), number(Some(versus.p_holm))]);
    row.push(versus.verdict.label().to_owned());
    let ends = |value, interval: Option<Interval>| {
        [Some(value), interval.map(|i| i.low), interval.map(|i| i.high)].map(number)
    };
    row.extend(ends(versus.vargha_delaney, versus.vargha_delaney_interval));
    row.extend(ends(versus.cliffs_delta, versus.cliffs_delta_interval));
    row.extend([versus.trials_speedup, versus.joules_speedup].into_iter().flat_map(|s| {
        // A speed-up of zero stands for what is never reached.
        spread(s.map(|s| Spread { lower: s.lower, median: s.median, upper: s.upper }))
            .map(|cell| if cell == "0" { String::new() } else { cell })
    }));
    row.push(versus.trials_speedup.map_or_else(String::new, |_| versus.reached.to_string()));
    row
}

/// One row per trial that counts, over all runs.
#[must_use]
pub fn runs(comparison: &Comparison) -> String {
    let columns = [
        "sampler",
        "seed",
        "trial",
        "hypervolume",
        "spent_j",
        "spent_method",
        "spent_is",
        "failed",
        "infeasible",
        "energy_by",
    ];
    let mut rows = Vec::new();
    for course in &comparison.courses {
        let spent = course.spent.as_ref();
        let method = spent.map_or("", |s| method_name(s.provenance.method));
        let bound = spent.map_or("", |s| if s.is_lower_bound() { "at-least" } else { "total" });
        rows.extend(course.steps.iter().map(|step| {
            vec![
                text_cell(course.sampler.clone()),
                course.seed.to_string(),
                step.trial.to_string(),
                number(Some(step.hypervolume)),
                number(step.spent_j),
                method.to_owned(),
                bound.to_owned(),
                step.failed.to_string(),
                step.infeasible.to_string(),
                energy_by(spent.map(|s| &s.provenance), !comparison.doubts.is_empty()),
            ]
        }));
    }
    table(columns.map(str::to_owned).to_vec(), rows)
}

/// The medians and quartiles over trials, then over joules where these can be compared.
#[must_use]
pub fn curves(comparison: &Comparison) -> String {
    let columns = [
        "sampler",
        "trials",
        "spent_j",
        "spent_method",
        "hypervolume_lower",
        "hypervolume_median",
        "hypervolume_upper",
    ];
    let method = comparison.energy.provenance().map_or("", |p| method_name(p.method));
    let mut rows = Vec::new();
    for compared in &comparison.samplers {
        let row = |point: &BandPoint, place: [String; 3]| {
            let mut row = vec![text_cell(compared.sampler.clone())];
            row.extend(place);
            row.extend(spread(Some(point.hypervolume)));
            row
        };
        let nothing = String::new;
        rows.extend(compared.over_trials.iter().map(|p| row(p, [number(Some(p.at)), nothing(), nothing()])));
        let over_joules = compared.over_joules.iter().flatten();
        rows.extend(over_joules.map(|p| row(p, [nothing(), number(Some(p.at)), method.to_owned()])));
    }
    table(columns.map(str::to_owned).to_vec(), rows)
}

/// The corners of the attainment surfaces in the metrics' own units; `level` is `best` (one run), `quarter`, `median`,
/// `three-quarters` or `worst` (all runs). Only a header unless there are two objectives.
#[must_use]
pub fn attainment(comparison: &Comparison) -> String {
    let mut columns = vec!["sampler".to_owned(), "level".to_owned()];
    let column = |q: &Quantity| {
        let name = if q.is_energy() { format!("{}_j", q.metric.replace('.', "_")) } else { q.metric.clone() };
        if columns.contains(&name) { text_cell(format!("metric.{name}")) } else { text_cell(name) }
    };
    let metrics = comparison.quantities.iter().flat_map(|q| {
        let method = q.is_energy().then(|| text_cell(format!("{}_method", q.metric.replace('.', "_"))));
        std::iter::once(column(q)).chain(method)
    });
    let metrics: Vec<String> = metrics.collect();
    columns.extend(metrics);
    // Where figures are of different origin, no method is that of a corner.
    let method = |metric: &str| match comparison.front_energy.iter().find(|(name, _)| name == metric) {
        Some((_, ways)) if ways.len() == 1 => method_name(ways[0].method),
        _ => "",
    };
    let mut rows = Vec::new();
    for compared in &comparison.samplers {
        for (level, corners) in compared.surfaces.iter().flat_map(levels) {
            rows.extend(corners.iter().map(|corner| {
                let shown = comparison.objectives.iter().zip(&comparison.quantities).zip(corner);
                let values = shown.flat_map(|((o, q), loss)| {
                    let method = q.is_energy().then(|| method(&q.metric).to_owned());
                    std::iter::once(number(Some(o.value(*loss)))).chain(method)
                });
                [text_cell(compared.sampler.clone()), level.to_owned()].into_iter().chain(values).collect()
            }));
        }
    }
    table(columns, rows)
}

/// The surfaces with their names.
pub(super) fn levels(surfaces: &Surfaces) -> [(&'static str, &Vec<[f64; 2]>); 5] {
    [
        ("best", &surfaces.best),
        ("quarter", &surfaces.quarter),
        ("median", &surfaces.median),
        ("three-quarters", &surfaces.three_quarters),
        ("worst", &surfaces.worst),
    ]
}

fn spread(spread: Option<Spread>) -> [String; 3] {
    let finite = |value: f64| number(Some(value).filter(|v| v.is_finite()));
    spread.map_or_else(Default::default, |s| [s.lower, s.median, s.upper].map(finite))
}

fn table(columns: Vec<String>, rows: Vec<Vec<String>>) -> String {
    lines(std::iter::once(columns).chain(rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::comparison::tests::{sample, three_objectives};
    use crate::analysis::fixture::{counters, estimate};

    #[test]
    fn a_row_for_every_sampler() {
        insta::assert_snapshot!(samplers(&sample(estimate)));
    }

    #[test]
    fn every_table_has_rows_of_one_length_and_a_method_for_joules() {
        let comparison = sample(counters);
        for table in [samplers(&comparison), runs(&comparison), curves(&comparison), attainment(&comparison)] {
            let mut reader = ::csv::Reader::from_reader(table.as_bytes());
            let header = reader.headers().unwrap().clone();
            let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
            assert!(!rows.is_empty());
            let at = |name: &str| header.iter().position(|h| h == name);
            let Some((joules, method)) = at("spent_j").zip(at("spent_method")) else { continue };
            assert!(rows.iter().all(|row| row[joules].is_empty() || &row[method] == "counter"));
        }
    }

    #[test]
    fn surfaces_are_in_raw_units() {
        let table = attainment(&sample(counters));
        assert!(table.starts_with("sampler,level,accuracy,energy_j,energy_method\n"), "{table}");
        let worst = table.lines().find(|l| l.starts_with("random,worst")).unwrap();
        assert!(worst.ends_with(",counter"), "{worst}");
        let accuracy: f64 = worst.split(',').nth(2).unwrap().parse().unwrap();
        assert!((0.0..=1.0).contains(&accuracy));
        assert_eq!(attainment(&three_objectives()), "sampler,level,accuracy,energy_j,energy_method,parameters\n");
    }
}
