//! What is needed of the C library: its own functions under those that this library puts before them, and its numbers.

use std::ffi::{c_char, c_int, c_short, c_void};
use std::sync::atomic::{AtomicPtr, Ordering};

pub const O_WRONLY: c_int = 0o1;
pub const O_RDWR: c_int = 0o2;
pub const O_CREAT: c_int = 0o100;
pub const O_TRUNC: c_int = 0o1000;
pub const O_APPEND: c_int = 0o2000;
pub const O_CLOEXEC: c_int = 0o2_000_000;
pub const AT_FDCWD: c_int = -100;
pub const F_SETLK: c_int = 6;
pub const F_SETLKW: c_int = 7;
pub const F_OFD_SETLK: c_int = 37;
pub const F_OFD_SETLKW: c_int = 38;
pub const F_UNLCK: c_short = 2;
pub const LOCK_UN: c_int = 8;
pub const MAP_SHARED: c_int = 1;
pub const PROT_READ: c_int = 1;
pub const PROT_WRITE: c_int = 2;
pub const SIGKILL: c_int = 9;
pub const MAP_FAILED: *mut c_void = -1_isize as *mut c_void;
const RTLD_NEXT: *mut c_void = -1_isize as *mut c_void;

/// The errors that can be asked for, by their numbers on Linux.
pub const ERRORS: [(&str, c_int); 8] = [
    ("EINTR", 4),
    ("EIO", 5),
    ("EACCES", 13),
    ("EMFILE", 24),
    ("ENOSPC", 28),
    ("EROFS", 30),
    ("ENOLCK", 37),
    ("EDQUOT", 122),
];

unsafe extern "C" {
    pub fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
    pub fn __errno_location() -> *mut c_int;
    pub fn getpid() -> c_int;
    pub fn kill(process: c_int, signal: c_int) -> c_int;
    pub fn readlink(path: *const c_char, to: *mut c_char, size: usize) -> isize;
    pub fn getcwd(to: *mut c_char, size: usize) -> *mut c_char;
    pub fn memfd_create(name: *const c_char, flags: u32) -> c_int;
    pub fn pause() -> c_int;
}

pub fn errno() -> c_int {
    // SAFETY: the C library returns a pointer to the calling thread's own number.
    unsafe { *__errno_location() }
}

pub fn set_errno(code: c_int) {
    // SAFETY: as in `errno`.
    unsafe { *__errno_location() = code }
}

/// Ends this process as `kill -9` does.
pub fn die() -> ! {
    // SAFETY: no pointers are involved; the signal cannot be caught.
    unsafe { kill(getpid(), SIGKILL) };
    loop {
        // SAFETY: it only waits.
        unsafe { pause() };
    }
}

/// A function of the C library, looked up once.
pub struct Real(AtomicPtr<c_void>, &'static std::ffi::CStr);

impl Real {
    pub const fn new(name: &'static std::ffi::CStr) -> Self {
        Self(AtomicPtr::new(std::ptr::null_mut()), name)
    }

    /// Its address; null where the C library lacks it.
    pub fn address(&self) -> *mut c_void {
        let known = self.0.load(Ordering::Relaxed);
        if !known.is_null() {
            return known;
        }
        // SAFETY: the name ends in a zero.
        let found = unsafe { dlsym(RTLD_NEXT, self.1.as_ptr()) };
        self.0.store(found, Ordering::Relaxed);
        found
    }
}

/// Calls the C library's own function of this name and type.
macro_rules! real {
    ($name:ident($($value:expr),* $(,)?): fn($($kind:ty),*) -> $result:ty) => {{
        static REAL: $crate::libc::Real = {
            const NAME: &std::ffi::CStr = match std::ffi::CStr::from_bytes_with_nul(
                concat!(stringify!($name), "\0").as_bytes(),
            ) {
                Ok(name) => name,
                Err(_) => panic!("a name has no zero in it"),
            };
            $crate::libc::Real::new(NAME)
        };
        let address = REAL.address();
        if address.is_null() {
            // The program was linked against a function that the C library does not have: it cannot have started.
            $crate::libc::die();
        }
        // SAFETY: the type is that of the function of this name in the C library.
        unsafe {
            let function: unsafe extern "C" fn($($kind),*) -> $result = std::mem::transmute(address);
            function($($value),*)
        }
    }};
}
pub(crate) use real;
