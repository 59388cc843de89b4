//! Why a command cannot be started, and what to do about it.

use std::ffi::OsStr;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::app::AppError;
use crate::guard::file;

/// What it is to the user.
pub(super) fn refusal(program: &OsStr, error: &io::Error) -> AppError {
    let (is_there, reason) = advice(program, error);
    AppError::NotStarted { program: program.to_string_lossy().into_owned(), reason, is_there }
}

fn advice(program: &OsStr, error: &io::Error) -> (bool, String) {
    match (error.kind(), located(program)) {
        (ErrorKind::NotFound, None) => (false, "was not found; give its path, or install it".to_owned()),
        // The kernel says the same of a program that is there and of what the program itself needs.
        (ErrorKind::NotFound, Some(path)) => (true, unmet(&path)),
        (ErrorKind::PermissionDenied, Some(path)) if path.is_dir() => (true, "is a folder".to_owned()),
        (ErrorKind::PermissionDenied, _) => (true, "may not be executed; `chmod +x` it?".to_owned()),
        _ if error.raw_os_error() == Some(libc::ENOEXEC) => (
            true,
            "is no program of this machine and has no first line such as `#!/bin/sh`; give its interpreter too, such as \
             `sh FILE`"
                .to_owned(),
        ),
        _ => (true, format!("could not be started: {error}")),
    }
}

/// The file that would be run.
fn located(program: &OsStr) -> Option<PathBuf> {
    if program.as_encoded_bytes().contains(&b'/') {
        return Some(PathBuf::from(program)).filter(|path| path.exists());
    }
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| path.is_file())
}

fn unmet(path: &Path) -> String {
    let Some(interpreter) = interpreter(path) else {
        return "is there, but the loader that it needs is not: it was built for another system".to_owned();
    };
    match interpreter.strip_suffix('\r') {
        Some(bare) => format!(
            "names `{bare}` and a carriage return as its interpreter: its lines end as on Windows; convert them, as \
             `sed -i 's/\\r$//'` does"
        ),
        None => format!(
            "names the interpreter `{interpreter}` in its first line, which is not there; correct that line, or give the \
             interpreter with the command"
        ),
    }
}

/// What the first line of a script names, a carriage return at its end included.
fn interpreter(path: &Path) -> Option<String> {
    let mut start = Vec::new();
    // The kernel reads no further.
    file::open(path).ok()?.take(256).read_to_end(&mut start).ok()?;
    let line = start.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let line = String::from_utf8_lossy(line);
    line.trim_matches([' ', '\t']).split([' ', '\t']).next().filter(|word| !word.is_empty()).map(str::to_owned)
}
