//! Why a command cannot be started, and what to do about it.

use std::ffi::OsStr;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::super::failure::Failure;
use crate::guard::file;

const NOT_FOUND: u8 = 127;
const NOT_EXECUTABLE: u8 = 126;

/// With the codes of the shell.
pub(super) fn refusal(program: &OsStr, error: &io::Error) -> Failure {
    let (code, advice) = advice(program, error);
    Failure::with_code(code, format!("the program `{}` {advice}", program.to_string_lossy()))
}

fn advice(program: &OsStr, error: &io::Error) -> (u8, String) {
    match (error.kind(), located(program)) {
        (ErrorKind::NotFound, None) => (NOT_FOUND, "was not found; give its path, or install it".to_owned()),
        // The kernel says the same of a program that is there and of what the program itself needs.
        (ErrorKind::NotFound, Some(path)) => (NOT_EXECUTABLE, unmet(&path)),
        (ErrorKind::PermissionDenied, Some(path)) if path.is_dir() => (NOT_EXECUTABLE, "is a folder".to_owned()),
        (ErrorKind::PermissionDenied, _) => (NOT_EXECUTABLE, "may not be executed; `chmod +x` it?".to_owned()),
        _ if error.raw_os_error() == Some(libc::ENOEXEC) => (
            NOT_EXECUTABLE,
            "is no program of this machine and has no first line such as `#!/bin/sh`; give its interpreter too, such as \
             `sh FILE`"
                .to_owned(),
        ),
        _ => (NOT_EXECUTABLE, format!("could not be started: {error}")),
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
