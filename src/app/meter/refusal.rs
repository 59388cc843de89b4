//! Why a command cannot be started, and what to do about it.

use std::ffi::OsStr;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::app::AppError;
use crate::guard::file;

/// What it is to the user.
pub(super) fn refusal(program: &OsStr, error: &io::Error) -> AppError {
    let (is_there, (reason, help)) = explained(program, error);
    AppError::NotStarted { program: program.to_string_lossy().into_owned(), reason, help, is_there }
}

/// Why something cannot be started, and what to do about it.
type Why = (String, &'static str);

/// Whether it is there, and why it cannot be started.
fn explained(program: &OsStr, error: &io::Error) -> (bool, Why) {
    match (error.kind(), located(program)) {
        (ErrorKind::NotFound, None) => (false, ("was not found".to_owned(), "give its path, or install it")),
        // The kernel says the same of a program that is there and of what the program itself needs.
        (ErrorKind::NotFound, Some(path)) => (true, unmet(&path)),
        (ErrorKind::PermissionDenied, path) if path.as_deref().unwrap_or(Path::new(program)).is_dir() => {
            (true, ("is a folder, and no program".to_owned(), "name the program in it"))
        }
        (ErrorKind::PermissionDenied, _) => {
            (true, ("may not be executed".to_owned(), "`chmod +x` makes it so, or name its interpreter first"))
        }
        _ if error.raw_os_error() == Some(libc::ENOEXEC) => (
            true,
            (
                "is no program of this machine and has no first line such as `#!/bin/sh`".to_owned(),
                "give its interpreter too, such as `sh FILE`",
            ),
        ),
        _ => (true, (format!("could not be started: {error}"), "")),
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

fn unmet(path: &Path) -> Why {
    let Some(interpreter) = interpreter(path) else {
        let reason = "is there, but the loader that it needs is not: it was built for another system";
        return (reason.to_owned(), "");
    };
    match interpreter.strip_suffix('\r') {
        Some(bare) => (
            format!("names `{bare}` and a carriage return as its interpreter: its lines end as on Windows"),
            "convert them, as `sed -i 's/\\r$//'` does",
        ),
        None => (
            format!("names the interpreter `{interpreter}` in its first line, which is not there"),
            "correct that line, or give the interpreter with the command",
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
