//! Whether what a study runs is there, before trials fail for want of it.

use std::path::{Path, PathBuf};

use crate::app::{AppError, trainer};
use crate::evaluation::Secrets;
use crate::study_file::{StudySpec, TrialSource};

/// Whether this build can run what the study asks for.
pub(crate) fn check_source(spec: &StudySpec) -> Result<(), AppError> {
    match spec.source() {
        TrialSource::Train(_) if !cfg!(feature = "torch") => Err(AppError::wrong(
            "this build of optimize has no trainer, which [train] needs",
        )
        .advised("build it with `make build`, which finds or installs libtorch, or with `cargo build --release --features torch`")
        .advised("or let [command] run your own program")),
        TrialSource::Train(_) => trainer::find().map(drop),
        TrialSource::None => Err(AppError::wrong("the study says what to search but not what to run")
            .advised("add [command] for your own program, or [train] for the built-in trainer")
            .advised("or drive it from a program with `optimize ask-tell`")),
        TrialSource::Command(_) => Ok(()),
    }
}

/// Whether the program of the study is there, before trials fail for want of it.
pub(crate) fn check_program(spec: &StudySpec, path: &Path) -> Result<(), AppError> {
    let TrialSource::Command(command) = spec.source() else { return Ok(()) };
    Secrets::of(command, |name| std::env::var_os(name)).map_err(AppError::wrong)?;
    let folder = command.cwd.as_ref().map(|cwd| path.parent().unwrap_or(Path::new("")).join(cwd));
    if let Some(folder) = folder.as_ref().filter(|folder| !folder.is_dir()) {
        return Err(AppError::wrong(format!("the folder {} does not exist", folder.display()))
            .advised("correct `cwd` in [command]"));
    }
    let Some(program) = command.argv.first().filter(|p| p.placeholders().next().is_none()) else { return Ok(()) };
    let name = Path::new(program.source());
    // With a slash it is a path from where the program runs, else a name to look up.
    let candidates: Vec<_> = match name.components().count() {
        1 => std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).map(|dir| dir.join(name)).collect(),
        _ => vec![folder.unwrap_or_default().join(name)],
    };
    let executable = |path: &PathBuf| path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok();
    if candidates.iter().any(executable) {
        return Ok(());
    }
    let (reason, help) = match candidates.iter().find(|path| path.exists()) {
        Some(path) if path.is_file() => ("is not executable", "`chmod +x` makes it so, or name its interpreter first"),
        Some(path) if path.is_dir() => ("is a folder, and no program", "name the program in it"),
        _ => ("was not found", "give its path, or install it"),
    };
    Err(AppError::wrong(format!("the program `{}` of [command] {reason}", program.source())).advised(help))
}
