//! Calls that name their file by a descriptor.

use std::ffi::{c_int, c_long, c_short, c_void};

use crate::call::{Call, Fate};
use crate::libc::{self, real};
use crate::place::Place;
use crate::settings::settings;
use crate::unsynced;

/// The file of a descriptor, where this process is concerned at all.
fn place_of(descriptor: c_int) -> Option<Place> {
    settings().and_then(|_| Place::of_descriptor(descriptor))
}

/// A write of `size` bytes, of which `make` makes so many as it is told.
fn written(function: &'static str, descriptor: c_int, size: usize, make: impl FnOnce(usize) -> isize) -> isize {
    let place = place_of(descriptor);
    let fate = Call::new("write", function, place.as_ref()).size(size as u64).fate();
    if let Fate::Fails(code) = fate {
        libc::set_errno(code);
        return -1;
    }
    unsynced::before_change(place.as_ref(), descriptor);
    match fate {
        Fate::Half { dies: false } => make(size / 2),
        Fate::Half { dies: true } => {
            make(size / 2);
            libc::die()
        }
        Fate::Last => {
            make(size);
            libc::die()
        }
        _ => make(size),
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn write(descriptor: c_int, from: *const c_void, size: usize) -> isize {
    written(
        "write",
        descriptor,
        size,
        |size| real!(write(descriptor, from, size): fn(c_int, *const c_void, usize) -> isize),
    )
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pwrite(descriptor: c_int, from: *const c_void, size: usize, offset: i64) -> isize {
    written(
        "pwrite",
        descriptor,
        size,
        |size| real!(pwrite(descriptor, from, size, offset): fn(c_int, *const c_void, usize, i64) -> isize),
    )
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pwrite64(descriptor: c_int, from: *const c_void, size: usize, offset: i64) -> isize {
    written(
        "pwrite64",
        descriptor,
        size,
        |size| real!(pwrite64(descriptor, from, size, offset): fn(c_int, *const c_void, usize, i64) -> isize),
    )
}

/// A piece of what is written in one call.
#[repr(C)]
#[derive(Clone, Copy)]
struct Piece {
    from: *const c_void,
    size: usize,
}

/// The first `size` bytes of so many pieces.
fn cut(pieces: &[Piece], size: usize) -> ([Piece; 64], c_int) {
    let mut kept = [Piece { from: std::ptr::null(), size: 0 }; 64];
    let (mut count, mut left) = (0, size);
    for piece in pieces.iter().take(64) {
        kept[count] = Piece { size: piece.size.min(left), ..*piece };
        left -= kept[count].size;
        count += 1;
        if left == 0 {
            break;
        }
    }
    (kept, count as c_int)
}

/// A write of several pieces, made by `make`.
///
/// # Safety
///
/// `pieces` must be valid for so many as `count` says.
unsafe fn written_in_pieces(
    function: &'static str,
    descriptor: c_int,
    pieces: *const Piece,
    count: c_int,
    make: impl FnOnce(*const Piece, c_int) -> isize,
) -> isize {
    let Ok(length @ 1..) = usize::try_from(count) else { return make(pieces, count) };
    // SAFETY: as the caller vouches.
    let all = unsafe { std::slice::from_raw_parts(pieces, length) };
    let whole = all.iter().map(|piece| piece.size).sum();
    written(function, descriptor, whole, |size| {
        if size == whole {
            return make(pieces, count);
        }
        let (kept, count) = cut(all, size);
        make(kept.as_ptr(), count)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn writev(descriptor: c_int, pieces: *const Piece, count: c_int) -> isize {
    let make = |pieces, count| real!(writev(descriptor, pieces, count): fn(c_int, *const Piece, c_int) -> isize);
    // SAFETY: the pieces are those of the caller, as the C library would take them.
    unsafe { written_in_pieces("writev", descriptor, pieces, count, make) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pwritev(descriptor: c_int, pieces: *const Piece, count: c_int, offset: i64) -> isize {
    let make =
        |pieces, count| real!(pwritev(descriptor, pieces, count, offset): fn(c_int, *const Piece, c_int, i64) -> isize);
    // SAFETY: as in `writev`.
    unsafe { written_in_pieces("pwritev", descriptor, pieces, count, make) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pwritev64(descriptor: c_int, pieces: *const Piece, count: c_int, offset: i64) -> isize {
    let make = |pieces, count| real!(pwritev64(descriptor, pieces, count, offset): fn(c_int, *const Piece, c_int, i64) -> isize);
    // SAFETY: as in `writev`.
    unsafe { written_in_pieces("pwritev64", descriptor, pieces, count, make) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn copy_file_range(
    from: c_int,
    from_offset: *mut i64,
    to: c_int,
    to_offset: *mut i64,
    size: usize,
    flags: u32,
) -> isize {
    written("copy_file_range", to, size, |size| {
        real!(copy_file_range(from, from_offset, to, to_offset, size, flags):
            fn(c_int, *mut i64, c_int, *mut i64, usize, u32) -> isize)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn sendfile(to: c_int, from: c_int, offset: *mut i64, size: usize) -> isize {
    written(
        "sendfile",
        to,
        size,
        |size| real!(sendfile(to, from, offset, size): fn(c_int, c_int, *mut i64, usize) -> isize),
    )
}

#[unsafe(no_mangle)]
unsafe extern "C" fn sendfile64(to: c_int, from: c_int, offset: *mut i64, size: usize) -> isize {
    written(
        "sendfile64",
        to,
        size,
        |size| real!(sendfile64(to, from, offset, size): fn(c_int, c_int, *mut i64, usize) -> isize),
    )
}

/// A sync that `make` makes. One that fails may lose what it should have brought to the disk.
fn synced(function: &'static str, descriptor: c_int, make: impl FnOnce() -> c_int) -> c_int {
    let place = place_of(descriptor);
    match Call::new("sync", function, place.as_ref()).fate() {
        Fate::Fails(code) => {
            unsynced::after_failed_sync(descriptor);
            libc::set_errno(code);
            -1
        }
        fate => {
            let done = make();
            if matches!(fate, Fate::Last) {
                libc::die();
            }
            if done == 0 {
                unsynced::after_sync(descriptor);
            }
            done
        }
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn fsync(descriptor: c_int) -> c_int {
    synced("fsync", descriptor, || real!(fsync(descriptor): fn(c_int) -> c_int))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn fdatasync(descriptor: c_int) -> c_int {
    synced("fdatasync", descriptor, || real!(fdatasync(descriptor): fn(c_int) -> c_int))
}

/// It does not wait for the disk's own memory, and so makes nothing safe.
#[unsafe(no_mangle)]
unsafe extern "C" fn sync_file_range(descriptor: c_int, offset: i64, size: i64, flags: u32) -> c_int {
    let place = place_of(descriptor);
    Call::new("sync", "sync_file_range", place.as_ref())
        .carry_out(|| real!(sync_file_range(descriptor, offset, size, flags): fn(c_int, i64, i64, u32) -> c_int))
}

/// A change of a file's length, or of the room that it has.
fn resized(function: &'static str, descriptor: c_int, size: i64, make: impl FnOnce() -> c_int) -> c_int {
    let place = place_of(descriptor);
    Call::new("truncate", function, place.as_ref()).size(size.unsigned_abs()).carry_out(|| {
        unsynced::before_change(place.as_ref(), descriptor);
        make()
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn ftruncate(descriptor: c_int, size: i64) -> c_int {
    resized("ftruncate", descriptor, size, || real!(ftruncate(descriptor, size): fn(c_int, i64) -> c_int))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn ftruncate64(descriptor: c_int, size: i64) -> c_int {
    resized("ftruncate64", descriptor, size, || real!(ftruncate64(descriptor, size): fn(c_int, i64) -> c_int))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn fallocate(descriptor: c_int, mode: c_int, offset: i64, size: i64) -> c_int {
    resized(
        "fallocate",
        descriptor,
        size,
        || real!(fallocate(descriptor, mode, offset, size): fn(c_int, c_int, i64, i64) -> c_int),
    )
}

#[unsafe(no_mangle)]
unsafe extern "C" fn fallocate64(descriptor: c_int, mode: c_int, offset: i64, size: i64) -> c_int {
    resized(
        "fallocate64",
        descriptor,
        size,
        || real!(fallocate64(descriptor, mode, offset, size): fn(c_int, c_int, i64, i64) -> c_int),
    )
}

/// Returns its error instead of setting `errno`.
fn reserved(function: &'static str, descriptor: c_int, size: i64, make: impl FnOnce() -> c_int) -> c_int {
    let mut answer = 0;
    let failed = resized(function, descriptor, size, || {
        answer = make();
        0
    });
    if failed == 0 { answer } else { libc::errno() }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn posix_fallocate(descriptor: c_int, offset: i64, size: i64) -> c_int {
    reserved(
        "posix_fallocate",
        descriptor,
        size,
        || real!(posix_fallocate(descriptor, offset, size): fn(c_int, i64, i64) -> c_int),
    )
}

#[unsafe(no_mangle)]
unsafe extern "C" fn posix_fallocate64(descriptor: c_int, offset: i64, size: i64) -> c_int {
    reserved(
        "posix_fallocate64",
        descriptor,
        size,
        || real!(posix_fallocate64(descriptor, offset, size): fn(c_int, i64, i64) -> c_int),
    )
}

/// A close that fails has closed all the same.
#[unsafe(no_mangle)]
unsafe extern "C" fn close(descriptor: c_int) -> c_int {
    let place = place_of(descriptor);
    let fate = Call::new("close", "close", place.as_ref()).fate();
    let closed = real!(close(descriptor): fn(c_int) -> c_int);
    match fate {
        Fate::Fails(code) => {
            libc::set_errno(code);
            -1
        }
        Fate::Last => libc::die(),
        _ => closed,
    }
}

fn mapped(
    function: &'static str,
    access: c_int,
    flags: c_int,
    descriptor: c_int,
    size: usize,
    make: impl FnOnce() -> *mut c_void,
) -> *mut c_void {
    // The threads of a program begin with mappings of memory, which are nobody's files.
    if descriptor < 0 || flags & libc::MAP_SHARED == 0 || access & libc::PROT_WRITE == 0 {
        return make();
    }
    let place = place_of(descriptor);
    Call::new("map", function, place.as_ref()).size(size as u64).carry_out(make)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn mmap(
    at: *mut c_void,
    size: usize,
    access: c_int,
    flags: c_int,
    descriptor: c_int,
    offset: i64,
) -> *mut c_void {
    mapped("mmap", access, flags, descriptor, size, || {
        real!(mmap(at, size, access, flags, descriptor, offset):
            fn(*mut c_void, usize, c_int, c_int, c_int, i64) -> *mut c_void)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn mmap64(
    at: *mut c_void,
    size: usize,
    access: c_int,
    flags: c_int,
    descriptor: c_int,
    offset: i64,
) -> *mut c_void {
    mapped("mmap64", access, flags, descriptor, size, || {
        real!(mmap64(at, size, access, flags, descriptor, offset):
            fn(*mut c_void, usize, c_int, c_int, c_int, i64) -> *mut c_void)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn flock(descriptor: c_int, operation: c_int) -> c_int {
    if operation & libc::LOCK_UN != 0 {
        return real!(flock(descriptor, operation): fn(c_int, c_int) -> c_int);
    }
    let place = place_of(descriptor);
    Call::new("lock", "flock", place.as_ref())
        .carry_out(|| real!(flock(descriptor, operation): fn(c_int, c_int) -> c_int))
}

/// Locks that are taken count; no disk refuses to give one back.
///
/// # Safety
///
/// `value` must be what fcntl(2) takes with this command.
unsafe fn controlled(
    function: &'static str,
    descriptor: c_int,
    command: c_int,
    value: c_long,
    make: impl FnOnce() -> c_int,
) -> c_int {
    let locks = [libc::F_SETLK, libc::F_SETLKW, libc::F_OFD_SETLK, libc::F_OFD_SETLKW];
    // SAFETY: with these commands the argument points to a `struct flock`, which begins with what is done.
    if !locks.contains(&command) || unsafe { *(value as *const c_short) } == libc::F_UNLCK {
        return make();
    }
    let place = place_of(descriptor);
    Call::new("lock", function, place.as_ref()).carry_out(make)
}

/// Its third argument is of the size of a register, or there is none.
#[unsafe(no_mangle)]
unsafe extern "C" fn fcntl(descriptor: c_int, command: c_int, value: c_long) -> c_int {
    let make = || real!(fcntl(descriptor, command, value): fn(c_int, c_int, c_long) -> c_int);
    // SAFETY: the argument is the caller's, as the C library would take it.
    unsafe { controlled("fcntl", descriptor, command, value, make) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn fcntl64(descriptor: c_int, command: c_int, value: c_long) -> c_int {
    let make = || real!(fcntl64(descriptor, command, value): fn(c_int, c_int, c_long) -> c_int);
    // SAFETY: see `fcntl`.
    unsafe { controlled("fcntl64", descriptor, command, value, make) }
}

fn was_read(function: &'static str, descriptor: c_int, size: usize, make: impl FnOnce() -> isize) -> isize {
    // Most of what is read is no file of the folder; do not look at each.
    if settings().is_none_or(|settings| !settings.kinds.contains(&"read")) {
        return make();
    }
    let place = place_of(descriptor);
    Call::new("read", function, place.as_ref()).size(size as u64).carry_out(make)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn read(descriptor: c_int, to: *mut c_void, size: usize) -> isize {
    was_read("read", descriptor, size, || real!(read(descriptor, to, size): fn(c_int, *mut c_void, usize) -> isize))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pread(descriptor: c_int, to: *mut c_void, size: usize, offset: i64) -> isize {
    was_read(
        "pread",
        descriptor,
        size,
        || real!(pread(descriptor, to, size, offset): fn(c_int, *mut c_void, usize, i64) -> isize),
    )
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pread64(descriptor: c_int, to: *mut c_void, size: usize, offset: i64) -> isize {
    was_read(
        "pread64",
        descriptor,
        size,
        || real!(pread64(descriptor, to, size, offset): fn(c_int, *mut c_void, usize, i64) -> isize),
    )
}
