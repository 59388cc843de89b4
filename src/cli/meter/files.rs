//! The figures for programs: a summary as JSON, the course of the power as CSV.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use serde_json::json;

use crate::energy::Summary;
use crate::energy::units::{DomainEnergy, WindowEnergy};

/// What the command came to. `-` is standard output.
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

    pub(super) fn write(mut self, command: &[OsString], status: ExitStatus, summary: &Summary) -> Result<(), String> {
        let words: Vec<_> = command.iter().map(|word| word.to_string_lossy()).collect();
        let text = json!({
            "command": words,
            "exit_code": status.code(),
            "signal": status.signal(),
            "energy": summary,
        });
        let written = writeln!(self.file, "{text:#}").and_then(|()| self.file.flush());
        written.map_err(|e| format!("{} could not be written: {e}", self.path.display()))
    }
}

fn destination(path: &Path) -> std::io::Result<Box<dyn Write>> {
    Ok(if path == Path::new("-") { Box::new(std::io::stdout()) } else { Box::new(File::create(path)?) })
}

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
        writer
            .write_record(["seconds", "interval_s", "domain", "watts", "joules", "method", "note"])
            .map_err(|e| unwritable(&e))?;
        Ok(Self { path: path.to_owned(), writer, trouble: None })
    }

    /// Adds an interval that ended so many seconds after the beginning.
    pub(super) fn add(&mut self, seconds: f64, interval: &WindowEnergy) {
        let mut write = |part: &DomainEnergy| -> csv::Result<()> {
            let joules = part.joules.map_or_else(String::new, |j| j.0.to_string());
            let watts =
                part.joules.and_then(|j| j.over(interval.seconds)).map_or_else(String::new, |w| w.0.to_string());
            let (seconds, length) = (format!("{seconds:.3}"), format!("{:.3}", interval.seconds));
            let domain = part.domain.to_string();
            let note = part.note.as_deref().unwrap_or_default();
            self.writer.write_record([&seconds, &length, &domain, &watts, &joules, part.method.label(), note])
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
