//! The trainer: the program beside this one that trains, and the only one that loads libtorch.
//!
//! It is looked for once, asked who it is, and kept open: what is started later is that very file, even if another has taken
//! its place meanwhile.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::AppError;
use super::explained::Explained;
use crate::evaluation::DeviceUse;
use crate::guard::{file, text};

/// Its name, in the folder of `optimize`.
pub(crate) const NAME: &str = "optimize-trainer";
/// Asks it who it is.
const HELLO: &str = "hello";
/// Asks it whether it finds a GPU.
const GPU: &str = "gpu";
/// Of what sources this program is made: requests and answers of others may mean something else.
const SOURCES: &str = env!("WATTFRONT_SOURCES");

const ADVICE: &str = "`make build` makes both of them, and so does `cargo build --release --features torch`; `optimize` is moved or \
                      installed together with `optimize-trainer`";

/// Who a trainer says it is.
#[derive(Debug, Serialize, Deserialize)]
struct Hello {
    /// The version of the package.
    trainer: String,
    /// The sum of its sources.
    sources: String,
    /// The version of its libtorch, if that can be found out.
    libtorch: Option<String>,
}

/// The trainer that was there when it was first asked for.
#[derive(Debug)]
pub(crate) struct Trainer {
    file: File,
    hello: Hello,
}

impl Trainer {
    /// Starts it. The file is named by its descriptor in this process, which it has until the program has begun.
    pub(crate) fn command(&self) -> Vec<String> {
        vec![by_descriptor(&self.file)]
    }

    /// The version of its libtorch.
    pub(crate) fn libtorch(&self) -> Option<&str> {
        self.hello.libtorch.as_deref()
    }

    /// What is known of the devices that it may train on: none but the processor where its libtorch is built for that alone. One
    /// that could use a GPU and finds none now may find it in a trial.
    pub(crate) fn devices(&self) -> DeviceUse {
        match self.libtorch() {
            Some(version) if version.ends_with("+cpu") => DeviceUse::CpuOnly,
            _ => DeviceUse::Unknown,
        }
    }
}

fn by_descriptor(file: &File) -> String {
    format!("/proc/self/fd/{}", file.as_raw_fd())
}

/// The trainer of this program.
pub(crate) fn find() -> Result<&'static Trainer, AppError> {
    static FOUND: OnceLock<Result<Trainer, Refusal>> = OnceLock::new();
    FOUND.get_or_init(look).as_ref().map_err(AppError::wrong)
}

/// Whether the trainer finds a GPU to train on; `None` where it cannot be asked.
pub(crate) fn finds_gpu() -> Option<bool> {
    let said = ask(&find().ok()?.file, GPU).ok()?;
    serde_json::from_str(said.trim()).ok()
}

/// Why there is no trainer, and what to do about it.
#[derive(Debug)]
struct Refusal {
    what: String,
    help: Option<&'static str>,
}

impl Explained for Refusal {
    fn what(&self) -> String {
        self.what.clone()
    }

    fn advice(&self) -> Option<String> {
        self.help.map(str::to_owned)
    }
}

impl From<String> for Refusal {
    fn from(what: String) -> Self {
        Self { what, help: None }
    }
}

fn advised(what: String) -> Refusal {
    Refusal { what, help: Some(ADVICE) }
}

fn look() -> Result<Trainer, Refusal> {
    let own = std::env::current_exe().map_err(|error| format!("the folder of this program is not known: {error}"))?;
    open(&own.with_file_name(NAME))
}

fn open(path: &Path) -> Result<Trainer, Refusal> {
    let shown = text::line(&path.display().to_string()).into_owned();
    let file = file::open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            advised(format!("the trainer is not there, which [train] needs: there is no {shown}"))
        }
        _ => format!("the trainer {shown} cannot be read: {error}").into(),
    })?;
    let said = ask(&file, HELLO).map_err(|Refusal { what, help }| Refusal {
        what: format!("the trainer {shown} cannot be used: {what}"),
        help,
    })?;
    let hello: Hello = serde_json::from_str(said.trim())
        .map_err(|_| advised(format!("{shown} does not answer as a trainer of optimize does")))?;
    if hello.sources != SOURCES {
        return Err(advised(format!(
            "the trainer {shown} (version {}, sources {}) is not of the same build as this optimize (version {}, sources \
             {SOURCES}), and they may not understand each other",
            hello.trainer,
            hello.sources,
            env!("CARGO_PKG_VERSION")
        )));
    }
    Ok(Trainer { file, hello })
}

/// What it answers to one word. Where the current folder is gone, which its libraries do not survive, it is asked elsewhere.
fn ask(file: &File, word: &str) -> Result<String, Refusal> {
    let mut command = Command::new(by_descriptor(file));
    command.arg(word).stdin(Stdio::null());
    if std::env::current_dir().is_err() {
        command.current_dir("/");
    }
    let output = command.output().map_err(|error| format!("it cannot be started: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it says nothing");
    let lost = last.contains("libtorch") || last.contains("libc10");
    let place = if lost { "; its libtorch is no longer where it was" } else { "" };
    let help = "build it again, with `make build`, or set LD_LIBRARY_PATH to the `lib` of libtorch";
    Err(Refusal { what: format!("{}: {}{place}", output.status, text::line(last)), help: lost.then_some(help) })
}

/// What the trainer of this process does with the words that it was started with: says who it is, or answers requests on
/// standard input, on standard output.
///
/// # Errors
/// [`AppError::Wrong`] for other words, and what the operating system says of its input and output.
#[cfg(feature = "torch")]
pub(crate) fn serve(words: &[&str]) -> Result<Option<String>, AppError> {
    match words {
        [HELLO] => {
            let hello = Hello {
                trainer: env!("CARGO_PKG_VERSION").to_owned(),
                sources: SOURCES.to_owned(),
                libtorch: crate::study::libtorch_version(),
            };
            Ok(Some(serde_json::to_string(&hello).unwrap_or_default()))
        }
        [GPU] => Ok(Some(crate::training::finds_gpu().to_string())),
        [] => {
            let served = crate::evaluation::serve(std::io::stdin().lock(), &mut std::io::stdout().lock());
            served.map(|()| None).map_err(AppError::failed)
        }
        _ => {
            Err(AppError::wrong("this is the trainer of `optimize`, which starts it").advised("run `optimize` instead"))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use super::*;

    /// A program that says this, whatever it is asked.
    fn saying(folder: &Path, script: &str) -> PathBuf {
        let path = folder.join(NAME);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn a_libtorch_for_processors_uses_no_gpu_and_any_other_may() {
        let devices = |libtorch: Option<&str>| {
            let file = File::open("/dev/null").unwrap();
            let (trainer, sources) = (String::new(), String::new());
            Trainer { file, hello: Hello { trainer, sources, libtorch: libtorch.map(str::to_owned) } }.devices()
        };
        assert_eq!(devices(Some("2.9.0+cpu")), DeviceUse::CpuOnly);
        assert_eq!(devices(Some("2.9.0+cu128")), DeviceUse::Unknown);
        assert_eq!(devices(Some("2.9.0")), DeviceUse::Unknown);
        assert_eq!(devices(None), DeviceUse::Unknown);
    }

    #[test]
    fn a_trainer_that_is_not_there_or_is_another_one_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |path: &Path| open(path).unwrap_err().in_full();
        assert!(refused(&folder.path().join(NAME)).contains("make build"));
        assert!(refused(folder.path()).contains("a folder"));
        // Scripts cannot be started by a descriptor that ends with the start, so a copy of a program stands in.
        let path = folder.path().join(NAME);
        std::fs::copy("/bin/echo", &path).unwrap();
        let error = refused(&path);
        assert!(error.contains("does not answer as a trainer"), "{error}");
        let path = saying(folder.path(), "exit 3");
        assert!(refused(&path).contains("cannot be used"));
    }
}
