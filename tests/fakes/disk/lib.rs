//! A library that makes the disk fail, for tests: preloaded (`LD_PRELOAD`) into a program, it counts the calls by which that
//! program changes files of one folder, and lets one of them, or all from one on, fail, fall short, or be the last thing
//! that the program does.
//!
//! It sees what goes through the C library, as the standard library and SQLite do. System calls that are made without it
//! (those of the crate `rustix`) pass unseen.
//!
//! Environment variables, of which the first is needed:
//!
//! ```text
//! DISK_FAULTS_FOLDER   only files in this folder count, and the folder itself; canonical. Without it nothing is done
//! DISK_FAULTS_PROGRAM  only in a process whose executable has this file name; default: optimize
//! DISK_FAULTS_LOG      every counted call appends a line to this file: number, kind, function, path within the folder,
//!                      then `-> PATH` where there are two, bytes where they are known, and `FAULT` with what was done
//! DISK_FAULTS_COUNT    the count is kept in this file, so that all processes that name it count together
//! DISK_FAULTS_KINDS    what counts: some of KINDS, below, with commas; default: all up to `map`
//! DISK_FAULTS_FILES    only paths that contain one of these texts, with commas, count; default: all
//! DISK_FAULTS_AT       the number of the call that is concerned, from 1; default: none
//! DISK_FAULTS_HITS     only calls of these kinds are concerned, though others count too; default: all that count
//! DISK_FAULTS_DO       what is done there: an error by its name (ENOSPC, EIO, EINTR, EDQUOT, EROFS, EMFILE, ENOLCK);
//!                      `short`: half of a write, which says so; `torn`: half of a write, then the process is killed;
//!                      `before`, `after`: it is killed before or after the call (kill -9); `cut`: it is killed before the
//!                      call, and what was written since the last sync of each file is undone, as if the power had failed;
//!                      `end`: this is undone when the process has ended, however often it was called
//! DISK_FAULTS_STAY     if set, errors do not end: all later calls fail as well
//! DISK_FAULTS_LIES     if set, what a failed sync did not bring to the disk is gone from the file, as on Linux after a
//!                      writeback error whose pages are dropped
//! ```

mod by_descriptor;
mod by_path;
mod call;
mod libc;
mod place;
mod settings;
mod unsynced;

/// Kinds of calls. `create` is an open that may make a file, `open` one for writing, `look` one for reading alone; `map` is a
/// shared and writable mapping, `lock` the taking of a lock.
const KINDS: [&str; 14] = [
    "create", "open", "look", "write", "sync", "truncate", "rename", "link", "unlink", "mkdir", "map", "close", "lock",
    "read",
];

/// The kinds that count where nothing else is said.
const USUAL: usize = 11;
