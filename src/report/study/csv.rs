//! Trials as comma-separated values (RFC 4180, UTF-8, a header line).
//!
//! Columns, in this order: `trial`, `state`; one per parameter in the order of the space, under its name; one per metric
//! in the order of objectives, then by name; energies in joules; then the rest.
//!
//! | column | content |
//! |---|---|
//! | `energy_j`, `energy_<domain>_j` | energy of the `trial` phase, in all and by `gpu`, `cpu`, `dram`, `accelerator`, `platform` |
//! | `energy_<phase>_j`, `energy_<phase>_<domain>_j` | the same for every other phase that was metered |
//! | `energy_method` | `counter`, `power-integral`, `attributed`, `reported` or `estimate`: the weakest behind `energy_j` |
//! | `energy_domains` | the hardware behind `energy_j`, such as `gpu:GPU-5d2c cpu:package-0` |
//! | `energy_note` | what the meters had to say, and what the user left out: `without gpu:1` |
//! | `spent_j`, `spent_method` | energy of all attempts at the trial, start-up and test included, as far as known |
//! | `spent_is` | `total`, or `at-least` where the energy of an attempt is not known, so that `spent_j` is a lower bound |
//! | `seconds` | duration of all attempts whose end is known |
//! | `attempts` | attempts begun |
//! | `feasible` | `true` or `false`, of finished trials: whether every constraint is kept |
//! | `on_front` | `true` or `false` |
//! | `rule` | what proposed the point |
//! | `failure`, `message` | kind and text, of failed and waiting trials |
//!
//! A metric named as energy (`energy.train.gpu`) shares the column of its figure (`energy_train_gpu_j`). What is missing or
//! inactive is empty, never zero. A metric or parameter whose name is another column's gets `metric.` or `param.` before it.
//!
//! Texts are names, messages, notes and values of parameters that are texts. One that begins with `=`, `+`, `-`, `@`
//! (also full-width, and behind blanks), a tab or a carriage return gets an apostrophe before it. Spreadsheets would
//! take it for a formula and run what a program under study has written. What follows a semicolon, a bar, a tab or a
//! line break within a text gets one, too: another spreadsheet would begin a cell there. Numbers stay as they are.

use std::collections::BTreeSet;

use crate::analysis::{Provenance, Spent, Summary};
use crate::energy::units::WindowEnergy;
use crate::optimizer::space::Value;
use crate::record::{EnergyMetric, StudyRecord, TRIAL_PHASE, TrialRecord, samples_name};
use crate::report::words::{lines, method_name, number, text_cell};

/// All trials, by id.
#[must_use]
pub fn trials(record: &StudyRecord) -> String {
    let mut all: Vec<_> = record.trials().iter().collect();
    all.sort_by_key(|t| t.id);
    table(record, &Summary::of(record), &all)
}

/// The trials of the front, best in the first objective first.
#[must_use]
pub fn front(record: &StudyRecord) -> String {
    let summary = Summary::of(record);
    let front: Vec<_> = summary.front.iter().filter_map(|id| record.trial(*id)).collect();
    table(record, &summary, &front)
}

fn table(record: &StudyRecord, summary: &Summary, trials: &[&TrialRecord]) -> String {
    let layout = Layout::of(record);
    let rows = trials.iter().map(|t| layout.row(t, summary, record.is_feasible(t)));
    lines(std::iter::once(layout.header()).chain(rows))
}

const BEFORE: [&str; 2] = ["trial", "state"];
const AFTER: [&str; 13] = [
    "energy_method",
    "energy_domains",
    "energy_note",
    "spent_j",
    "spent_method",
    "spent_is",
    "seconds",
    "attempts",
    "feasible",
    "on_front",
    "rule",
    "failure",
    "message",
];

/// Which columns a study has.
struct Layout {
    parameters: Vec<String>,
    metrics: Vec<String>,
    energies: Vec<EnergyMetric>,
}

impl Layout {
    fn of(record: &StudyRecord) -> Self {
        let parameters = record.problem().space().parameters().iter().map(|p| p.name.clone()).collect();
        let results = || record.trials().iter().filter_map(|t| t.result());
        let objectives = record.problem().objectives().iter().map(|o| o.metric.clone());
        let (mut energies, mut metrics): (Vec<String>, Vec<String>) =
            objectives.partition(|m| EnergyMetric::is_reserved(m));
        for name in results().flat_map(|r| r.metrics.keys()).collect::<BTreeSet<_>>() {
            let list = if EnergyMetric::is_reserved(name) { &mut energies } else { &mut metrics };
            if !list.contains(name) {
                list.push(name.clone());
            }
        }
        let mut columns: Vec<EnergyMetric> = vec![EnergyMetric::TOTAL];
        let windows: BTreeSet<_> = results()
            .flat_map(|r| &r.energy)
            .flat_map(|(phase, window)| {
                let phase = (phase != TRIAL_PHASE).then(|| phase.clone());
                let kinds = window.domains.iter().map(|d| Some(d.domain.kind)).chain([None]);
                // Of a model all energy is net; a column that repeats another helps nobody.
                let nets = if window.domains.iter().any(|d| d.idle.is_some()) { 2 } else { 1 };
                let gross_and_net = move |domain| [false, true].into_iter().take(nets).map(move |net| (domain, net));
                kinds.flat_map(gross_and_net).map(move |(domain, net)| (phase.clone(), domain, net)).collect::<Vec<_>>()
            })
            .collect();
        let of_window = |(phase, domain, net)| EnergyMetric { phase, domain, net, per_thousand: false };
        let metered = windows.into_iter().map(of_window);
        // Where a phase tells its samples, what a thousand of them take.
        let counted = results().flat_map(|r| r.energy.keys().filter(|p| r.metrics.contains_key(&samples_name(p))));
        let counted: BTreeSet<&String> = counted.filter(|phase| *phase != TRIAL_PHASE).collect();
        let counted = counted.into_iter().map(|phase| EnergyMetric {
            phase: Some(phase.clone()),
            per_thousand: true,
            ..EnergyMetric::TOTAL
        });
        for column in metered.chain(counted).chain(energies.iter().filter_map(|name| name.parse().ok())) {
            // A phase of an earlier store may have what is a domain's name now.
            if columns.iter().all(|known| known.to_string() != column.to_string()) {
                columns.push(column);
            }
        }
        // Metrics that begin like energy but are none keep their own column.
        metrics.extend(energies.into_iter().filter(|name| name.parse::<EnergyMetric>().is_err()));
        Self { parameters, metrics, energies: columns }
    }

    fn header(&self) -> Vec<String> {
        let energies: Vec<String> =
            self.energies.iter().map(|e| format!("{}_j", e.to_string().replace('.', "_"))).collect();
        let fixed = |name: &String| BEFORE.iter().chain(&AFTER).any(|f| f == name) || energies.contains(name);
        let parameters =
            self.parameters.iter().map(|p| if fixed(p) { format!("param.{p}") } else { p.clone() }).collect::<Vec<_>>();
        let metrics = self
            .metrics
            .iter()
            .map(|m| if fixed(m) || parameters.contains(m) { format!("metric.{m}") } else { m.clone() });
        let metrics: Vec<_> = metrics.collect();
        let (before, after) = (BEFORE.map(str::to_owned), AFTER.map(str::to_owned));
        [&before[..], &parameters, &metrics, &energies, &after].concat().into_iter().map(text_cell).collect()
    }

    fn row(&self, trial: &TrialRecord, summary: &Summary, feasible: bool) -> Vec<String> {
        let result = trial.result();
        let metric = |name: &str| result.and_then(|r| r.metrics.get(name).copied());
        let mut row = vec![trial.id.to_string(), trial.state.label().to_owned()];
        row.extend(self.parameters.iter().map(|p| trial.point.get(p).map_or_else(String::new, parameter)));
        row.extend(self.metrics.iter().map(|m| number(metric(m))));
        row.extend(self.energies.iter().map(|energy| {
            let metered = result.and_then(|r| energy.read(&r.energy, &r.metrics)).map(|j| j.0);
            number(metric(&energy.to_string()).or(metered))
        }));
        let window = trial.energy();
        let provenance = result.and_then(|r| Provenance::of_metric(r, "energy"));
        let failure = trial.failure();
        let spent = Spent::of(trial);
        row.extend([
            provenance.map_or_else(String::new, |p| method_name(p.method).to_owned()),
            window.map_or_else(String::new, |w| text_cell(domains(w))),
            // Of a trial without a result what its last attempt left to say.
            window
                .or_else(|| trial.spent.last().filter(|_| failure.is_some()))
                .map_or_else(String::new, |w| text_cell(notes(w))),
            number(spent.as_ref().map(|s| s.joules.0)),
            spent.as_ref().map_or("", |s| method_name(s.provenance.method)).to_owned(),
            spent.as_ref().map_or("", |s| if s.is_lower_bound() { "at-least" } else { "total" }).to_owned(),
            number((!trial.spent.is_empty()).then(|| trial.spent.iter().map(|w| w.seconds).sum())),
            trial.attempts.to_string(),
            result.map_or_else(String::new, |_| feasible.to_string()),
            summary.on_front(trial.id).to_string(),
            trial.fit.as_ref().map_or_else(String::new, |f| text_cell(f.rule.clone())),
            failure.map_or("", |f| f.kind.label()).to_owned(),
            failure.map_or_else(String::new, |f| text_cell(f.message.clone())),
        ]);
        row
    }
}

fn parameter(value: &Value) -> String {
    match value {
        Value::Text(own) => text_cell(own.clone()),
        // As JSON, so that texts with commas are told apart.
        Value::List(_) => serde_json::to_string(value).map_or_else(|_| text_cell(value.to_string()), text_cell),
        other => other.to_string(),
    }
}

fn domains(window: &WindowEnergy) -> String {
    window.domains.iter().map(|d| d.domain.to_string()).collect::<Vec<_>>().join(" ")
}

fn notes(window: &WindowEnergy) -> String {
    let notes = window.domains.iter().filter_map(|d| Some(format!("{}: {}", d.domain, d.note.as_ref()?)));
    let left_out = window.left_out.iter().map(|name| format!("without {name}"));
    notes.chain(left_out).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::fixture::{StudyFixture, counters, digits, digits_point, digits_problem, estimate, window};
    use crate::energy::units::{DomainKind, Method};
    use crate::optimizer::history::FailureKind;
    use crate::optimizer::problem::{Problem, maximize, minimize};
    use crate::optimizer::space::{Space, choice, int};
    use crate::record::Event;

    fn parse(text: &str) -> (Vec<String>, Vec<Vec<String>>) {
        let mut reader = ::csv::Reader::from_reader(text.as_bytes());
        let header = reader.headers().unwrap().iter().map(str::to_owned).collect();
        (header, reader.records().map(|r| r.unwrap().iter().map(str::to_owned).collect()).collect())
    }

    fn cell(text: &str, trial: usize, column: &str) -> String {
        let (header, rows) = parse(text);
        let at = header.iter().position(|h| h == column).unwrap_or_else(|| panic!("{column} in {header:?}"));
        rows[trial][at].clone()
    }

    #[test]
    fn columns_come_in_a_fixed_order() {
        insta::assert_snapshot!(parse(&trials(&digits(counters))).0.join("\n"));
    }

    #[test]
    fn rows_of_a_result_and_of_failures() {
        let text = trials(&digits(estimate));
        let lines: Vec<_> = text.lines().collect();
        insta::assert_snapshot!([lines[1], lines[6], lines[14], lines[22]].join("\n"));
    }

    #[test]
    fn what_is_missing_is_empty_and_not_zero() {
        let missing = window(DomainKind::Gpu, "GPU-1", Method::Counter, None);
        let record = StudyFixture::new("holes", digits_problem())
            .finish(digits_point(1e-3, 8, 16, None), [("accuracy", 0.5)], Some(missing))
            .fail(digits_point(1e-3, 9, 16, Some(0.0)), FailureKind::WorkerLost, "gone,\n\"away\"", None)
            .record();
        let text = trials(&record);
        assert_eq!(cell(&text, 0, "energy_j"), "");
        assert_eq!(cell(&text, 0, "energy_gpu_j"), "");
        assert_eq!(cell(&text, 0, "energy_method"), "counter");
        assert_eq!(cell(&text, 0, "spent_j"), "");
        assert_eq!(cell(&text, 0, "momentum"), "");
        assert_eq!(cell(&text, 1, "momentum"), "0.0");
        assert_eq!(cell(&text, 1, "accuracy"), "");
        assert_eq!(cell(&text, 1, "message"), "gone,\n\"away\"");
        assert_eq!(cell(&text, 1, "seconds"), "");
    }

    #[test]
    fn a_sum_that_lacks_an_attempt_is_a_lower_bound() {
        let mut fixture = StudyFixture::new("bound", digits_problem());
        let trial = fixture.start(digits_point(1e-3, 8, 16, None));
        let (kind, message) = (FailureKind::WorkerLost, "gone".to_owned());
        let lost = Event::TrialFailed { trial, kind, message: message.clone(), retry: true, spent: None };
        fixture.push(lost);
        let point = digits_point(1e-3, 8, 16, None);
        fixture.push(Event::TrialStarted { trial, attempt: 2, point, fit: None, propose_seconds: 0.0 });
        fixture.push(Event::TrialFailed { trial, kind, message, retry: false, spent: Some(estimate(3.0)) });
        let text = trials(&fixture.finish(digits_point(1e-3, 9, 16, None), [], Some(counters(4.0))).record());
        let cells = |row| ["spent_j", "spent_method", "spent_is"].map(|column| cell(&text, row, column));
        assert_eq!(cells(0), ["3", "estimate", "at-least"]);
        assert_eq!(cells(1), ["5", "counter", "total"]);
    }

    #[test]
    fn no_text_is_a_formula() {
        let space = Space::new([choice("@kind", ["-x", "x"]), int("n", -5..=0)]).unwrap();
        let point = [("@kind", Value::from("-x")), ("n", Value::from(-3i64))].into_iter().collect();
        let record = StudyFixture::new("formulas", Problem::new(space, [maximize("score")]).unwrap())
            .fail(point, FailureKind::Exit, "=HYPERLINK(\"http://example.org\")", None)
            .record();
        let text = trials(&record);
        assert_eq!(cell(&text, 0, "'@kind"), "'-x");
        assert_eq!(cell(&text, 0, "n"), "-3");
        assert_eq!(cell(&text, 0, "message"), "'=HYPERLINK(\"http://example.org\")");
    }

    #[test]
    fn every_number_reads_back_as_it_was() {
        let record = digits(counters);
        let text = trials(&record);
        let trial = &record.trials()[0];
        let read: f64 = cell(&text, 0, "accuracy").parse().unwrap();
        assert_eq!(read.to_bits(), trial.result().unwrap().metrics["accuracy"].to_bits());
        let rate: f64 = cell(&text, 0, "learning_rate").parse().unwrap();
        assert_eq!(Some(rate), trial.point.number("learning_rate"));
    }

    #[test]
    fn the_front_is_sorted_by_the_first_objective() {
        let (header, rows) = parse(&front(&digits(counters)));
        let at = header.iter().position(|h| h == "accuracy").unwrap();
        let accuracies: Vec<f64> = rows.iter().map(|r| r[at].parse().unwrap()).collect();
        assert!(accuracies.len() > 2 && accuracies.is_sorted_by(|a, b| a >= b), "{accuracies:?}");
        assert!(rows.iter().all(|r| r.contains(&"true".to_owned())));
    }

    #[test]
    fn names_of_other_columns_are_told_apart() {
        let space = Space::new([int("state", 0..=1), int("accuracy", 0..=1)]).unwrap();
        let point = [("state", 1), ("accuracy", 0)].into_iter().collect();
        let record = StudyFixture::new("clash", Problem::new(space, [maximize("accuracy")]).unwrap())
            .finish(point, [("accuracy", 0.5), ("seconds", 3.0)], None)
            .record();
        let header = parse(&trials(&record)).0;
        assert_eq!(header[2..6], ["param.state", "accuracy", "metric.accuracy", "metric.seconds"]);
    }

    #[test]
    fn a_phase_that_has_a_domains_name_by_now_is_one_column() {
        for word in ["platform", "accelerator"] {
            let metric = format!("energy.{word}");
            let space = Space::new([int("n", 0..=1)]).unwrap();
            let mut fixture = StudyFixture::new("old", Problem::new(space, [minimize(&metric)]).unwrap());
            let trial = fixture.start([("n", 1)].into_iter().collect());
            let energy = [("trial".to_owned(), counters(4.0)), (word.to_owned(), counters(3.0))].into();
            let metrics = [(metric.clone(), 3.0)].into();
            let (sd, spent) = (std::collections::BTreeMap::new(), counters(4.0));
            fixture.push(Event::TrialFinished { trial, metrics, sd, energy, spent });
            let record = fixture.record();
            let text = trials(&record);
            let column = format!("energy_{word}_j");
            assert_eq!(parse(&text).0.iter().filter(|name| **name == column).count(), 1, "{text}");
            assert_eq!((cell(&text, 0, &column).as_str(), cell(&text, 0, "energy_j").as_str()), ("3", "4"));
            let found = Provenance::of_metric(record.trials()[0].result().unwrap(), &metric).unwrap();
            assert_eq!(found.method, Method::Counter, "not reported by the program");
        }
    }

    #[test]
    fn a_reported_energy_is_called_reported() {
        let record = StudyFixture::new("told", digits_problem())
            .finish(digits_point(1e-3, 8, 16, None), [("accuracy", 0.5), ("energy", 3.5)], None)
            .record();
        let text = trials(&record);
        assert_eq!(cell(&text, 0, "energy_j"), "3.5");
        assert_eq!(cell(&text, 0, "energy_method"), "reported");
    }
}
