//! The figures for programs: a summary as JSON, the course of the power as CSV.

use std::ffi::OsString;
use std::io::{BufWriter, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use serde_json::{Value, json};

use super::total::Total;

use crate::energy::Summary;
use crate::energy::units::{DomainEnergy, Joules, Uncertainty, WindowEnergy};
use crate::guard::{file, secret};
use crate::report::csv::text;

/// What the command came to.
pub(super) struct Outcome<'a> {
    /// The command with its arguments.
    pub(super) command: &'a [OsString],
    /// How it ended.
    pub(super) status: ExitStatus,
    /// What it took.
    pub(super) summary: Summary,
    /// For how long of that it was stopped.
    pub(super) stopped: Duration,
}

impl Outcome<'_> {
    fn json(&self) -> Value {
        let words: Vec<_> = self.command.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        let (words, _) = secret::masked(&words);
        let total = Total::of(&self.summary);
        let mut energy = json!(self.summary);
        energy["joules"] = json!(total.joules());
        energy["method"] = json!(total.method());
        energy["covers"] = json!(total.covers());
        json!({
            "command": words,
            "exit_code": self.status.code(),
            "signal": self.status.signal(),
            "stopped_s": self.stopped.as_secs_f64(),
            "energy": energy,
        })
    }
}

/// The file of the outcome, as JSON. `-` is standard output.
pub(super) struct Summed {
    path: PathBuf,
    file: Box<dyn Write>,
}

impl Summed {
    /// Made before the command runs: after ten hours is too late to learn of a misspelt folder.
    pub(super) fn create(path: &Path) -> Result<Self, String> {
        let file = destination(path).map_err(|e| format!("{} could not be written: {e}", path.display()))?;
        Ok(Self { path: path.to_owned(), file })
    }

    pub(super) fn write(mut self, outcome: &Outcome<'_>) -> Result<(), String> {
        let written = writeln!(self.file, "{:#}", outcome.json()).and_then(|()| self.file.flush());
        written.map_err(|e| format!("{} could not be written: {e}", self.path.display()))
    }
}

fn destination(path: &Path) -> std::io::Result<Box<dyn Write>> {
    Ok(if path == Path::new("-") { Box::new(std::io::stdout()) } else { Box::new(file::create(path)?) })
}

/// The last of them are standard deviations, empty where nobody knows them.
const COLUMNS: [&str; 12] = [
    "seconds",
    "interval_s",
    "domain",
    "watts",
    "joules",
    "method",
    "note",
    "idle_j",
    "edge_sd_j",
    "gain_sd_j",
    "idle_sd_j",
    "attribution_sd_j",
];

/// The power over time: one line per interval and domain. `-` is standard output.
pub(super) struct Series {
    path: PathBuf,
    writer: csv::Writer<BufWriter<Box<dyn Write>>>,
    trouble: Option<csv::Error>,
}

impl Series {
    pub(super) fn create(path: &Path) -> Result<Self, String> {
        let unwritable = |e: &dyn std::fmt::Display| format!("{} could not be written: {e}", path.display());
        let mut writer = csv::Writer::from_writer(BufWriter::new(destination(path).map_err(|e| unwritable(&e))?));
        writer.write_record(COLUMNS).map_err(|e| unwritable(&e))?;
        Ok(Self { path: path.to_owned(), writer, trouble: None })
    }

    /// Adds an interval that ended so many seconds after the beginning.
    pub(super) fn add(&mut self, seconds: f64, interval: &WindowEnergy) {
        let mut write = |part: &DomainEnergy| -> csv::Result<()> {
            let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
            let joules = |value: Option<Joules>| number(value.map(|j| j.0));
            let deviation = |of: fn(&Uncertainty) -> Joules| joules(part.uncertainty.as_ref().map(of));
            self.writer.write_record([
                &format!("{seconds:.3}"),
                &format!("{:.3}", interval.seconds),
                &part.domain.to_string(),
                &number(part.joules.and_then(|j| j.over(interval.seconds)).map(|w| w.0)),
                &joules(part.joules),
                part.method.label(),
                &text(part.note.clone().unwrap_or_default()),
                &joules(part.idle),
                &deviation(|u| u.edge),
                &deviation(|u| u.gain),
                &deviation(|u| u.idle),
                &deviation(|u| u.attribution),
            ])
        };
        let written = interval.domains.iter().try_for_each(&mut write);
        // A reader of a running command sees whole lines.
        let written = written.and_then(|()| Ok(self.writer.flush()?));
        self.trouble = self.trouble.take().or(written.err());
    }

    /// Says whether all of it was written.
    pub(super) fn finish(mut self) -> Result<(), String> {
        let flushed = self.writer.flush().map_err(csv::Error::from);
        match self.trouble.take().or(flushed.err()) {
            None => Ok(()),
            Some(e) => Err(format!("{} is not complete: {e}", self.path.display())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;
    use crate::energy::DomainSummary;
    use crate::energy::units::{Domain, DomainKind, Method};

    fn part(kind: DomainKind, id: &str, method: Method, joules: f64) -> DomainEnergy {
        DomainEnergy::new(Domain { kind, id: id.to_owned() }, method, Some(Joules(joules)), None)
    }

    #[test]
    fn the_parts_of_the_uncertainty_are_in_both_files() {
        let uncertainty =
            Uncertainty { edge: Joules(1.0), gain: Joules(2.0), idle: Joules(3.0), attribution: Joules(4.0) };
        let gpu = DomainEnergy {
            idle: Some(Joules(70.0)),
            uncertainty: Some(uncertainty),
            ..part(DomainKind::Gpu, "GPU-1", Method::Counter, 300.0)
        };
        let cpu = part(DomainKind::Cpu, "processes", Method::Estimate, 4.0);

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("power.csv");
        let mut series = Series::create(&path).unwrap();
        series.add(1.0, &WindowEnergy { seconds: 1.0, domains: vec![gpu.clone(), cpu.clone()] });
        series.finish().unwrap();
        let lines: Vec<_> = std::fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect();
        assert_eq!(lines[1], "1.000,1.000,gpu:GPU-1,300,300,counter,,70,1,2,3,4");
        assert_eq!(lines[2], "1.000,1.000,cpu:processes,4,4,ESTIMATED,,,,,,");

        let domains = [gpu, cpu].map(|energy| DomainSummary { energy, average_watts: None, peak_watts: None });
        let outcome = Outcome {
            command: &["true".into()],
            status: ExitStatus::from_raw(0),
            summary: Summary { seconds: 1.0, joules: Some(Joules(304.0)), method: None, domains: domains.to_vec() },
            stopped: Duration::from_millis(500),
        };
        let told = outcome.json();
        let energy = &told["energy"];
        assert_eq!((&energy["joules"], &energy["method"]), (&json!(300.0), &json!("counter")));
        assert_eq!((&energy["covers"], &told["stopped_s"]), (&json!(["gpu"]), &json!(0.5)));
        assert_eq!(energy["domains"][0]["uncertainty"], json!(uncertainty));
        assert_eq!(energy["domains"][0]["idle"], json!(70.0));
        assert_eq!(energy["domains"][1]["joules"], json!(4.0));
    }
}
