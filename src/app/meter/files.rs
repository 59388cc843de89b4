//! The figures for programs: a summary as JSON, the course of the power as CSV.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use serde_json::{Value, json};

use super::coverage::Coverage;
use super::in_place::InPlace;
use super::place::Place;
use super::stream::{Patience, Stream, is_of_reader};
use super::total::Total;

use crate::disk::WholeFile;
use crate::energy::ProfileSummary;
use crate::energy::units::{DomainEnergy, Doubt, Joules, Uncertainty, WindowEnergy};
use crate::guard::secret;
use crate::report::text_cell;

/// What the command came to.
pub(crate) struct Outcome<'a> {
    /// The command with its arguments.
    pub(crate) command: &'a [OsString],
    /// How it ended.
    pub(crate) status: ExitStatus,
    /// What it took.
    pub(crate) summary: ProfileSummary,
    /// For how long of that it was stopped.
    pub(crate) stopped: Duration,
    /// What the figures cover.
    pub(crate) coverage: Coverage<'a>,
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
        self.coverage.add_to(&mut energy, &self.summary);
        if let Some((domain, doubt)) = total.doubt() {
            energy["doubtful"] = json!(true);
            energy["doubt"] = json!(format!("{domain}: {doubt}; {}", Doubt::REMEDY));
        }
        for (index, part) in self.summary.domains.iter().enumerate().filter(|(_, part)| part.energy.doubt.is_some()) {
            energy["domains"][index]["doubtful"] = json!(part.energy.joules.is_some());
        }
        json!({
            "command": words,
            "exit_code": self.status.code(),
            "signal": self.status.signal(),
            "stopped_s": self.stopped.as_secs_f64(),
            "energy": energy,
        })
    }
}

/// Why figures did not get where they were to go.
pub(crate) struct Trouble {
    pub(crate) text: String,
    /// Nobody was there any more to take them: no fault of what was metered, nor of the machine.
    pub(crate) is_of_reader: bool,
}

impl Trouble {
    fn new(path: &Path, what: &str, error: &io::Error) -> Self {
        Self { text: format!("{} {what}: {error}", path.display()), is_of_reader: is_of_reader(error) }
    }
}

/// The file of the outcome, as JSON: there as a whole once it is written. `-` is standard output.
pub(crate) struct Summed {
    path: PathBuf,
    target: Target,
}

/// Where the outcome goes.
enum Target {
    /// A file that takes its place when it is finished.
    Whole(WholeFile, PathBuf),
    /// One that is written over at the end.
    InPlace(InPlace),
    /// What has no place to take, such as a pipe.
    Stream(Stream),
}

impl Target {
    fn of(path: &Path) -> io::Result<Self> {
        match Place::of(path)? {
            Place::File(path) => Self::file(path),
            Place::Pipe(path) => Ok(Self::Stream(Stream::named(path))),
            Place::Device(file) => Stream::own(file).map(Self::Stream),
            Place::Given(fd) => Ok(Self::Stream(Stream::given(fd))),
        }
    }

    fn file(path: PathBuf) -> io::Result<Self> {
        // Its other names are to show the outcome too.
        if fs::metadata(&path).is_ok_and(|meta| meta.nlink() > 1) {
            return InPlace::open(&path).map(Self::InPlace);
        }
        match WholeFile::create(&path) {
            Ok(file) => Ok(Self::Whole(file, path)),
            // The file may be written where nothing can be laid beside it.
            Err(error) => InPlace::open(&path).map(Self::InPlace).map_err(|_| error),
        }
    }

    fn write(self, text: &str, patience: &mut Patience) -> io::Result<()> {
        match self {
            Self::Whole(mut file, path) => match file.write_all(text.as_bytes()).and_then(|()| file.finish()) {
                // Nothing can take the place of what another file system is mounted on, or of another user's file in `/tmp`.
                Err(error) if matches!(error.kind(), ErrorKind::ResourceBusy | ErrorKind::PermissionDenied) => {
                    InPlace::open(&path).and_then(|there| there.write(text.as_bytes())).map_err(|_| error)
                }
                done => done,
            },
            Self::InPlace(file) => file.write(text.as_bytes()),
            Self::Stream(mut stream) => stream.push(text.as_bytes()).and_then(|()| stream.finish(patience)),
        }
    }
}

impl Summed {
    /// Found out before the command runs: after ten hours is too late to learn of a misspelt folder. What is there stays as it
    /// is until there is an outcome.
    pub(crate) fn create(path: &Path) -> Result<Self, String> {
        let target = Target::of(path).map_err(|e| format!("{} could not be written: {e}", path.display()))?;
        Ok(Self { path: path.to_owned(), target })
    }

    pub(crate) fn write(self, outcome: &Outcome<'_>, patience: &mut Patience) -> Result<(), Trouble> {
        let written = self.target.write(&format!("{:#}\n", outcome.json()), patience);
        written.map_err(|e| Trouble::new(&self.path, "could not be written", &e))
    }
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
pub(crate) struct Series {
    path: PathBuf,
    sink: Sink,
    /// The first line, until it is written with the next ones.
    heading: Vec<u8>,
    trouble: Option<io::Error>,
}

/// Where the lines go.
enum Sink {
    /// A file that is as it was until there are lines.
    Untouched(InPlace),
    /// A file that grows.
    File {
        file: File,
        /// So many bytes of it are whole lines.
        whole: u64,
    },
    /// What keeps what it has, such as a pipe.
    Stream(Stream),
    /// A file that could not be emptied.
    Lost,
}

impl Sink {
    fn of(path: &Path) -> io::Result<Self> {
        Ok(match Place::of(path)? {
            Place::File(path) => Self::Untouched(InPlace::open(&path)?),
            Place::Pipe(path) => Self::Stream(Stream::named(path)),
            Place::Device(file) => Self::Stream(Stream::own(file)?),
            Place::Given(fd) => Self::Stream(Stream::given(fd)),
        })
    }

    /// Writes lines at once, so that a reader of a running command sees whole ones; half a line is taken back.
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Self::Untouched(_) = self
            && let Self::Untouched(there) = std::mem::replace(self, Self::Lost)
        {
            *self = Self::File { file: there.emptied(bytes.len())?, whole: 0 };
        }
        match self {
            Self::File { file, whole } => {
                let written = file.write_all(bytes);
                match written {
                    Ok(()) => *whole += bytes.len() as u64,
                    Err(_) => drop(file.set_len(*whole)),
                }
                written
            }
            Self::Stream(stream) => stream.push(bytes),
            Self::Untouched(_) | Self::Lost => Ok(()),
        }
    }
}

impl Series {
    /// Found out before the command runs. What is there stays as it is until the first lines are.
    pub(crate) fn create(path: &Path) -> Result<Self, String> {
        let sink = Sink::of(path).map_err(|e| format!("{} could not be written: {e}", path.display()))?;
        let heading = lines(|writer| writer.write_record(COLUMNS));
        let heading = heading.map_err(|e| format!("{} could not be written: {e}", path.display()))?;
        Ok(Self { path: path.to_owned(), sink, heading, trouble: None })
    }

    /// Adds an interval that ended so many seconds after the beginning. After a first line that could not be written there
    /// are no more, for nobody would see that one is missing between them.
    pub(crate) fn add(&mut self, seconds: f64, interval: &WindowEnergy) {
        if self.trouble.is_some() {
            return;
        }
        let rows = lines(|writer| interval.domains.iter().try_for_each(|part| row(writer, seconds, interval, part)));
        self.trouble = rows.and_then(|bytes| self.put(&bytes)).err();
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut all = std::mem::take(&mut self.heading);
        all.extend_from_slice(bytes);
        self.sink.put(&all)
    }

    /// Says whether all of it was written, and is on the disk.
    pub(crate) fn finish(mut self, patience: &mut Patience) -> Result<(), Trouble> {
        let done = match self.trouble.take() {
            Some(error) => Err(error),
            None => self.put(&[]).and_then(|()| match &mut self.sink {
                Sink::File { file, .. } => file.sync_all(),
                Sink::Stream(stream) => stream.finish(patience),
                Sink::Untouched(_) | Sink::Lost => Ok(()),
            }),
        };
        done.map_err(|error| Trouble::new(&self.path, "is not complete", &error))
    }
}

/// What a table's writer makes of some rows.
fn lines(write: impl FnOnce(&mut csv::Writer<Vec<u8>>) -> csv::Result<()>) -> io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    write(&mut writer)?;
    writer.into_inner().map_err(|error| error.into_error())
}

fn row(
    writer: &mut csv::Writer<Vec<u8>>,
    seconds: f64,
    interval: &WindowEnergy,
    part: &DomainEnergy,
) -> csv::Result<()> {
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    let joules = |value: Option<Joules>| number(value.map(|j| j.0));
    let deviation = |of: fn(&Uncertainty) -> Joules| joules(part.uncertainty.as_ref().map(of));
    writer.write_record([
        &format!("{seconds:.3}"),
        &format!("{:.3}", interval.seconds),
        &part.domain.to_string(),
        &number(part.joules.and_then(|j| j.over(interval.seconds)).map(|w| w.0)),
        &joules(part.joules),
        part.method.label(),
        &text_cell(part.note.clone().unwrap_or_default()),
        &joules(part.idle),
        &deviation(|u| u.edge),
        &deviation(|u| u.gain),
        &deviation(|u| u.idle),
        &deviation(|u| u.attribution),
    ])
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;
    use crate::energy::DomainSummary;
    use crate::energy::units::{DomainKind, Method, PowerDomain};

    fn part(kind: DomainKind, id: &str, method: Method, joules: f64) -> DomainEnergy {
        DomainEnergy::new(PowerDomain { kind, id: id.to_owned() }, method, Some(Joules(joules)), None)
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
        series.add(
            1.0,
            &WindowEnergy { seconds: 1.0, domains: vec![gpu.clone(), cpu.clone()], ..WindowEnergy::default() },
        );
        series.finish(&mut Patience::begin()).map_err(|trouble| trouble.text).unwrap();
        let lines: Vec<_> = std::fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect();
        assert_eq!(lines[1], "1.000,1.000,gpu:GPU-1,300,300,counter,,70,1,2,3,4");
        assert_eq!(lines[2], "1.000,1.000,cpu:processes,4,4,ESTIMATED,,,,,,");

        let domains = [gpu, cpu].map(|energy| DomainSummary { energy, average_watts: None, peak_watts: None });
        let outcome = Outcome {
            command: &["true".into()],
            status: ExitStatus::from_raw(0),
            summary: ProfileSummary {
                seconds: 1.0,
                joules: Some(Joules(304.0)),
                method: None,
                domains: domains.to_vec(),
            },
            stopped: Duration::from_millis(500),
            coverage: Coverage { consumers: &[], absent: &[], asked_by: "" },
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
