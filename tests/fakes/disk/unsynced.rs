//! What each file held when it was last synced, so that what was written since can be undone.
//!
//! A file is copied before its first change after a sync. Names count as being on the disk at once, so this is the mildest
//! failure of the power: whoever renames a file whose contents were not synced finds it empty.

use std::ffi::{c_char, c_int, c_void};
use std::mem::ManuallyDrop;
use std::os::fd::FromRawFd;
use std::os::unix::fs::MetadataExt;
use std::sync::{Mutex, PoisonError};

use crate::libc::{self, real};
use crate::place::{Place, Text};
use crate::settings::{Fault, settings};

/// A file that was changed.
#[derive(Clone, Copy)]
struct Changed {
    identity: (u64, u64),
    /// A descriptor of our own. It is never closed: that would free the program's locks on the file.
    file: c_int,
    /// A copy of what is on the disk.
    before: c_int,
    /// Whether what the file holds is more than that.
    dirty: bool,
}

const MOST: usize = 1024;

struct Table {
    files: [Changed; MOST],
    length: usize,
}

static TABLE: Mutex<Table> =
    Mutex::new(Table { files: [Changed { identity: (0, 0), file: -1, before: -1, dirty: false }; MOST], length: 0 });

fn is_asked_for() -> bool {
    settings().is_some_and(|settings| settings.lies || matches!(settings.fault, Some(Fault::Cut | Fault::End)))
}

/// Device and number of the file.
fn identity(descriptor: c_int) -> Option<(u64, u64)> {
    // SAFETY: the descriptor is open, and it is not closed here.
    let file = ManuallyDrop::new(unsafe { std::fs::File::from_raw_fd(descriptor) });
    file.metadata().ok().filter(|meta| meta.is_file()).map(|meta| (meta.dev(), meta.ino()))
}

fn with_table<T>(work: impl FnOnce(&mut Table) -> T) -> T {
    let errno = libc::errno();
    let done = work(&mut TABLE.lock().unwrap_or_else(PoisonError::into_inner));
    libc::set_errno(errno);
    done
}

/// To be called before a change of a file's contents.
pub fn before_change(place: Option<&Place>, descriptor: c_int) {
    let watched = settings().is_some_and(|settings| place.is_some_and(|place| place.watched(settings).is_some()));
    if !watched || !is_asked_for() {
        return;
    }
    with_table(|table| {
        let Some(identity) = identity(descriptor) else { return };
        let length = table.length;
        let known = table.files[..length].iter().position(|file| file.identity == identity);
        let index = known.unwrap_or(length);
        if index == MOST {
            complain(b"disk_faults: more files were changed than can be undone\n");
        }
        let file = &mut table.files[index];
        if known.is_none() {
            *file = Changed { identity, file: own(descriptor), before: memory(), dirty: false };
            table.length += 1;
        }
        if !file.dirty {
            copy(file.file, file.before);
            file.dirty = true;
        }
    });
}

/// To be called before a file is opened and emptied.
///
/// # Safety
///
/// `path` must be null or end in a zero.
pub unsafe fn before_truncation(place: Option<&Place>, folder: c_int, path: *const c_char) {
    if !is_asked_for() {
        return;
    }
    let errno = libc::errno();
    let flags = libc::O_RDWR | libc::O_CLOEXEC;
    let descriptor = real!(openat(folder, path, flags, 0): fn(c_int, *const c_char, c_int, u32) -> c_int);
    if descriptor >= 0 {
        before_change(place, descriptor);
    }
    libc::set_errno(errno);
}

/// To be called when a file was synced.
pub fn after_sync(descriptor: c_int) {
    if is_asked_for() {
        with_table(|table| table.change(descriptor, |file| file.dirty = false));
    }
}

/// To be called when a sync was made to fail.
pub fn after_failed_sync(descriptor: c_int) {
    if settings().is_some_and(|settings| settings.lies) {
        with_table(|table| table.change(descriptor, Changed::undo));
    }
}

/// Undoes what was not synced of any file.
pub fn undo_all() {
    with_table(|table| {
        let length = table.length;
        table.files[..length].iter_mut().for_each(Changed::undo);
    });
}

impl Table {
    fn change(&mut self, descriptor: c_int, change: impl Fn(&mut Changed)) {
        let Some(identity) = identity(descriptor) else { return };
        let length = self.length;
        self.files[..length].iter_mut().filter(|file| file.identity == identity).for_each(change);
    }
}

impl Changed {
    fn undo(&mut self) {
        if self.dirty {
            copy(self.before, self.file);
            self.dirty = false;
        }
    }
}

/// Opens the file of a descriptor once more.
fn own(descriptor: c_int) -> c_int {
    let mut path = [0; 32];
    let mut text = Text { bytes: &mut path, length: 0 };
    text.push(b"/proc/self/fd/");
    text.number(u64::from(descriptor.unsigned_abs()));
    let flags = libc::O_RDWR | libc::O_CLOEXEC;
    let file = real!(open(path.as_ptr().cast(), flags, 0): fn(*const c_char, c_int, u32) -> c_int);
    if file < 0 {
        complain(b"disk_faults: a file that is changed cannot be opened once more\n");
    }
    file
}

/// A file in memory.
fn memory() -> c_int {
    // SAFETY: the name ends in a zero. 1 is MFD_CLOEXEC.
    unsafe { libc::memfd_create(c"disk_faults".as_ptr(), 1) }
}

/// Makes one file hold what the other holds.
fn copy(from: c_int, to: c_int) {
    let mut buffer = [0_u8; 8192];
    let mut offset = 0;
    real!(ftruncate(to, 0): fn(c_int, i64) -> c_int);
    loop {
        let room = buffer.as_mut_ptr().cast();
        let count = real!(pread(from, room, buffer.len(), offset): fn(c_int, *mut c_void, usize, i64) -> isize);
        if count <= 0 {
            return;
        }
        let bytes = buffer.as_ptr().cast();
        let size = count.unsigned_abs();
        let written = real!(pwrite(to, bytes, size, offset): fn(c_int, *const c_void, usize, i64) -> isize);
        if written != count {
            complain(b"disk_faults: what is to be undone cannot be copied\n");
        }
        offset += count as i64;
    }
}

/// A test must not take what could not be simulated for a disk that is fine.
fn complain(text: &[u8]) -> ! {
    real!(write(2, text.as_ptr().cast(), text.len()): fn(c_int, *const c_void, usize) -> isize);
    libc::die()
}
