//! The user's own program as an objective.

mod discreet;
mod line;
mod lone;
mod secrets;

pub use line::{CommandLine, Template};
pub(crate) use lone::is_flag;
pub use secrets::{SecretError, Secrets};

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use self::discreet::Discreet;
use super::listen::{Until, listen};
use super::process::Process;
use super::{Failure, Objective, Scope, Task};
use crate::optimizer::history::FailureKind;
use crate::optimizer::problem::Metrics;

/// How long a program that was asked to end may take before it is killed.
const GRACE: Duration = Duration::from_secs(5);

/// Starts the user's program for each trial and listens to it.
///
/// The program gets the point in its arguments and as environment variables `WATTFRONT_<PARAMETER>` (upper case), beside
/// `WATTFRONT_TRIAL`, `WATTFRONT_ATTEMPT` and `WATTFRONT_SEED`. It answers with the lines of the protocol in
/// [`Message`](super::Message). When it ends, or must end, its whole process group is ended, and so is
/// what has left the group, as far as it can be found (see [`Process::spawn`]).
#[derive(Debug)]
pub struct CommandObjective {
    line: CommandLine,
    folder: Option<PathBuf>,
    home: String,
}

impl CommandObjective {
    /// Runs `line`; its `cwd` is relative to `base`, the folder of the study file.
    #[must_use]
    pub fn new(line: CommandLine, base: &Path) -> Self {
        let folder = line.cwd.as_ref().map(|cwd| base.join(cwd));
        Self { line, folder, home: String::new() }
    }

    /// Runs it for the study of this home: see [`Process::spawn_for`].
    #[must_use]
    pub fn at_home(mut self, home: impl Into<String>) -> Self {
        self.home = home.into();
        self
    }

    fn command(&self, task: Task<'_>, secrets: &Secrets) -> Command {
        let arguments = self.line.arguments(task, secrets);
        let program = arguments.first().map_or("", String::as_str);
        let mut command = Command::new(program);
        command.args(arguments.get(1..).unwrap_or_default()).stdin(Stdio::null());
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        // A study started from within a trial must not see that trial's values.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("WATTFRONT_") {
                command.env_remove(name);
            }
        }
        command.envs(self.line.environment(task));
        command
    }
}

impl Objective for CommandObjective {
    fn evaluate(&mut self, task: Task<'_>, scope: &mut dyn Scope) -> Result<Metrics, Failure> {
        let secrets = Secrets::of(&self.line, |name| std::env::var_os(name))
            .map_err(|error| Failure::new(FailureKind::WorkerLost, error.to_string()))?;
        // What the program says when it fails may repeat what it was told.
        self.run(task, scope, &secrets)
            .map_err(|Failure { kind, message }| Failure::new(kind, secrets.redact(&message)))
    }
}

impl CommandObjective {
    fn run(&self, task: Task<'_>, scope: &mut dyn Scope, secrets: &Secrets) -> Result<Metrics, Failure> {
        let mut command = self.command(task, secrets);
        let program = command.get_program().to_string_lossy().into_owned();
        let mut process = Process::spawn_for(&self.home, &mut command).map_err(|error| {
            let place = self.folder.as_ref().map_or_else(String::new, |f| format!(" in {}", f.display()));
            // No configuration can mend that, so the study must not take it for the configuration's fault.
            Failure::new(FailureKind::WorkerLost, format!("cannot start `{program}`{place}: {error}"))
        })?;
        let mut scope = Discreet { scope, secrets };
        let heard = listen(&mut process, &mut scope, Until::Exit);
        heard.doubts.iter().for_each(|doubt| scope.doubt(doubt.clone()));
        if heard.failure.is_some() || heard.stopped {
            process.end(GRACE);
        }
        if let Some(failure) = heard.failure {
            return Err(failure);
        }
        let verdict = process.verdict();
        match heard.metrics {
            // A program that was told to stop early may well be ended by the signal.
            Some(metrics) if heard.stopped => Ok(scope.named(metrics)),
            Some(metrics) => verdict.map(|()| scope.named(metrics)),
            None => {
                verdict?;
                let mut message =
                    "the program ended well but printed no line of metrics such as {\"accuracy\": 0.93}".to_owned();
                if let Some(line) = heard.misspoken {
                    message += &format!("; `{line}` is no JSON object with numbers on one line");
                }
                Err(Failure::new(FailureKind::BadMetrics, message))
            }
        }
    }
}
