//! The user's own program as an evaluator.

mod discreet;
mod line;
mod lone;
mod secrets;
mod template;

pub use line::CommandLine;
pub(crate) use lone::is_flag;
pub use secrets::{SecretError, Secrets};
pub use template::{Form, Placeholder, Template};

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use self::discreet::Discreet;
use super::listen::{Until, listen};
use super::output::{OutputFolder, Outputs};
use super::process::Process;
use super::{Afterwards, EvaluationFailure, Evaluator, KeepOutput, Scope, TrialTask};
use crate::guard::told::with_help;
use crate::optimizer::history::FailureKind;
use crate::optimizer::problem::Metrics;

/// How long a program that was asked to end may take before it is killed.
const GRACE: Duration = Duration::from_secs(5);

/// Starts the user's program for each trial and listens to it.
///
/// The program gets the point in its arguments and as environment variables `WATTFRONT_<PARAMETER>` (upper case),
/// beside `WATTFRONT_TRIAL`, `WATTFRONT_ATTEMPT` and `WATTFRONT_SEED`. It answers with the lines of the protocol in
/// [`Message`](super::Message). When it ends, or must end, its whole process group is ended. So is what has left the
/// group, as far as it can be found (see [`Process::spawn`]).
#[derive(Debug)]
pub struct CommandEvaluator {
    line: CommandLine,
    folder: Option<PathBuf>,
    home: String,
    output: Option<OutputFolder>,
    /// Of the last trial.
    outputs: Option<Outputs>,
}

impl CommandEvaluator {
    /// Runs `line`; its `cwd` is relative to `base`, the folder of the study file.
    #[must_use]
    pub fn new(line: CommandLine, base: &Path) -> Self {
        let folder = line.cwd.as_ref().map(|cwd| base.join(cwd));
        Self { line, folder, home: String::new(), output: None, outputs: None }
    }

    /// Runs it for the study of this home: see [`Process::spawn_for`].
    #[must_use]
    pub fn at_home(mut self, home: impl Into<String>) -> Self {
        self.home = home.into();
        self
    }

    /// Keeps what the program prints in files of this folder: `trial-0007.out` and `trial-0007.err`, of a second attempt
    /// `trial-0007.2.out`. Of more than 128 KiB of a stream the middle is left out, and secrets are.
    #[must_use]
    pub fn keep_output_in(mut self, folder: PathBuf, keep: KeepOutput) -> Self {
        self.output = Some(OutputFolder::new(folder, keep));
        self
    }

    fn command(&self, task: TrialTask<'_>, secrets: &Secrets) -> Command {
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

impl Evaluator for CommandEvaluator {
    fn evaluate(&mut self, task: TrialTask<'_>, scope: &mut dyn Scope) -> Result<Metrics, EvaluationFailure> {
        let secrets = Secrets::of(&self.line, |name| std::env::var_os(name))
            .map_err(|error| EvaluationFailure::new(FailureKind::WorkerLost, with_help(&error, error.help())))?;
        self.outputs = self.output.as_ref().and_then(|output| output.begin(task.trial, task.attempt, &secrets));
        // What the program says when it fails may repeat what it was told.
        self.run(task, scope, &secrets, self.outputs.as_ref())
            .map_err(|EvaluationFailure { kind, message }| EvaluationFailure::new(kind, secrets.redact(&message)))
    }

    fn ended(&mut self, failed: bool) -> Afterwards {
        let Some((outputs, folder)) = self.outputs.take().zip(self.output.as_mut()) else {
            return Afterwards::default();
        };
        let doubts = [outputs.finish(), folder.end(&outputs, failed)].into_iter().flatten().collect();
        let name = |file: PathBuf| Some(format!("output/{}", file.file_name()?.to_string_lossy()));
        let names: Vec<String> = outputs.files().into_iter().filter_map(name).collect();
        Afterwards { printed: (!names.is_empty()).then(|| names.join(" and ")), doubts }
    }
}

impl Drop for CommandEvaluator {
    /// Where the study ended with its last trial under way, what that has printed is still kept.
    fn drop(&mut self) {
        self.outputs.iter().for_each(|outputs| drop(outputs.finish()));
    }
}

impl CommandEvaluator {
    fn run(
        &self,
        task: TrialTask<'_>,
        scope: &mut dyn Scope,
        secrets: &Secrets,
        outputs: Option<&Outputs>,
    ) -> Result<Metrics, EvaluationFailure> {
        let mut command = self.command(task, secrets);
        let program = command.get_program().to_string_lossy().into_owned();
        let mut process = Process::spawn_kept(&self.home, &mut command, outputs, secrets).map_err(|error| {
            let place = self.folder.as_ref().map_or_else(String::new, |f| format!(" in {}", f.display()));
            // No configuration can mend that, so the study must not take it for the configuration's fault.
            EvaluationFailure::new(FailureKind::WorkerLost, format!("cannot start `{program}`{place}: {error}"))
        })?;
        let mut scope = Discreet { scope, secrets };
        let heard = listen(&mut process, &mut scope, Until::Exit, secrets);
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
                if let Some(how) = heard.misspoken {
                    message += &format!("; {how}");
                } else if let Some(how) = heard.prefixed {
                    message += &format!("; {how}");
                }
                Err(EvaluationFailure::new(FailureKind::BadMetrics, message))
            }
        }
    }
}
