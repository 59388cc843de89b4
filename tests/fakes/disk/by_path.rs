//! Calls that name their files by a path.

use std::ffi::{c_char, c_int};

use crate::call::Call;
use crate::libc::{self, AT_FDCWD, real};
use crate::place::Place;
use crate::settings::settings;
use crate::unsynced;

/// The file of a path, where this process is concerned at all.
///
/// # Safety
///
/// `path` must be null or end in a zero.
unsafe fn place_of(folder: c_int, path: *const c_char) -> Option<Place> {
    // SAFETY: as the caller vouches.
    settings().and_then(|_| unsafe { Place::of_path(folder, path) })
}

/// An open that `make` makes.
///
/// # Safety
///
/// As for [`place_of`].
unsafe fn opened(
    function: &'static str,
    folder: c_int,
    path: *const c_char,
    flags: c_int,
    make: impl FnOnce() -> c_int,
) -> c_int {
    let kind = match flags {
        flags if flags & libc::O_CREAT != 0 => "create",
        flags if flags & (libc::O_WRONLY | libc::O_RDWR) != 0 => "open",
        _ => "look",
    };
    // SAFETY: as the caller vouches.
    let place = unsafe { place_of(folder, path) };
    Call::new(kind, function, place.as_ref()).carry_out(|| {
        if flags & libc::O_TRUNC != 0 {
            // SAFETY: as the caller vouches.
            unsafe { unsynced::before_truncation(place.as_ref(), folder, path) };
        }
        make()
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: u32) -> c_int {
    let make = || real!(open(path, flags, mode): fn(*const c_char, c_int, u32) -> c_int);
    // SAFETY: the path is the caller's, as the C library would take it; so it is below.
    unsafe { opened("open", AT_FDCWD, path, flags, make) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn open64(path: *const c_char, flags: c_int, mode: u32) -> c_int {
    let make = || real!(open64(path, flags, mode): fn(*const c_char, c_int, u32) -> c_int);
    // SAFETY: see `open`.
    unsafe { opened("open64", AT_FDCWD, path, flags, make) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn openat(folder: c_int, path: *const c_char, flags: c_int, mode: u32) -> c_int {
    let make = || real!(openat(folder, path, flags, mode): fn(c_int, *const c_char, c_int, u32) -> c_int);
    // SAFETY: see `open`.
    unsafe { opened("openat", folder, path, flags, make) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn openat64(folder: c_int, path: *const c_char, flags: c_int, mode: u32) -> c_int {
    let make = || real!(openat64(folder, path, flags, mode): fn(c_int, *const c_char, c_int, u32) -> c_int);
    // SAFETY: see `open`.
    unsafe { opened("openat64", folder, path, flags, make) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn creat(path: *const c_char, mode: u32) -> c_int {
    let make = || real!(creat(path, mode): fn(*const c_char, u32) -> c_int);
    // SAFETY: see `open`.
    unsafe { opened("creat", AT_FDCWD, path, libc::O_CREAT | libc::O_WRONLY | libc::O_TRUNC, make) }
}

/// A call with one path.
///
/// # Safety
///
/// As for [`place_of`].
unsafe fn named(
    kind: &'static str,
    function: &'static str,
    folder: c_int,
    path: *const c_char,
    make: impl FnOnce() -> c_int,
) -> c_int {
    // SAFETY: as the caller vouches.
    let place = unsafe { place_of(folder, path) };
    Call::new(kind, function, place.as_ref()).carry_out(make)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn unlink(path: *const c_char) -> c_int {
    let make = || real!(unlink(path): fn(*const c_char) -> c_int);
    // SAFETY: see `open`.
    unsafe { named("unlink", "unlink", AT_FDCWD, path, make) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn unlinkat(folder: c_int, path: *const c_char, flags: c_int) -> c_int {
    let make = || real!(unlinkat(folder, path, flags): fn(c_int, *const c_char, c_int) -> c_int);
    // SAFETY: see `open`.
    unsafe { named("unlink", "unlinkat", folder, path, make) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rmdir(path: *const c_char) -> c_int {
    let make = || real!(rmdir(path): fn(*const c_char) -> c_int);
    // SAFETY: see `open`.
    unsafe { named("unlink", "rmdir", AT_FDCWD, path, make) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn mkdir(path: *const c_char, mode: u32) -> c_int {
    let make = || real!(mkdir(path, mode): fn(*const c_char, u32) -> c_int);
    // SAFETY: see `open`.
    unsafe { named("mkdir", "mkdir", AT_FDCWD, path, make) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn mkdirat(folder: c_int, path: *const c_char, mode: u32) -> c_int {
    let make = || real!(mkdirat(folder, path, mode): fn(c_int, *const c_char, u32) -> c_int);
    // SAFETY: see `open`.
    unsafe { named("mkdir", "mkdirat", folder, path, make) }
}

/// A file as openat(2) and its like name it: a folder and a path from there.
type Name = (c_int, *const c_char);

/// A call with two paths.
///
/// # Safety
///
/// As for [`place_of`], for both.
unsafe fn named_anew(
    kind: &'static str,
    function: &'static str,
    from: Name,
    to: Name,
    make: impl FnOnce() -> c_int,
) -> c_int {
    // SAFETY: as the caller vouches.
    let (from, to) = unsafe { (place_of(from.0, from.1), place_of(to.0, to.1)) };
    Call::new(kind, function, from.as_ref()).to(to.as_ref()).carry_out(make)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rename(from: *const c_char, to: *const c_char) -> c_int {
    let make = || real!(rename(from, to): fn(*const c_char, *const c_char) -> c_int);
    // SAFETY: see `open`.
    unsafe { named_anew("rename", "rename", (AT_FDCWD, from), (AT_FDCWD, to), make) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn renameat(old: c_int, from: *const c_char, new: c_int, to: *const c_char) -> c_int {
    let make = || real!(renameat(old, from, new, to): fn(c_int, *const c_char, c_int, *const c_char) -> c_int);
    // SAFETY: see `open`.
    unsafe { named_anew("rename", "renameat", (old, from), (new, to), make) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn renameat2(old: c_int, from: *const c_char, new: c_int, to: *const c_char, flags: u32) -> c_int {
    let make =
        || real!(renameat2(old, from, new, to, flags): fn(c_int, *const c_char, c_int, *const c_char, u32) -> c_int);
    // SAFETY: see `open`.
    unsafe { named_anew("rename", "renameat2", (old, from), (new, to), make) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn link(from: *const c_char, to: *const c_char) -> c_int {
    let make = || real!(link(from, to): fn(*const c_char, *const c_char) -> c_int);
    // SAFETY: see `open`.
    unsafe { named_anew("link", "link", (AT_FDCWD, from), (AT_FDCWD, to), make) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn linkat(old: c_int, from: *const c_char, new: c_int, to: *const c_char, flags: c_int) -> c_int {
    let make =
        || real!(linkat(old, from, new, to, flags): fn(c_int, *const c_char, c_int, *const c_char, c_int) -> c_int);
    // SAFETY: see `open`.
    unsafe { named_anew("link", "linkat", (old, from), (new, to), make) }
}
