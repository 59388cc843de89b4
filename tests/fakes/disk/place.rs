//! Which file a call is about. Nothing here allocates: a call may come from anywhere.

use std::ffi::{CStr, c_char, c_int};

use crate::libc;
use crate::settings::Settings;

const LONGEST: usize = 4096;

/// An absolute path without `.`, `..` and doubled slashes. Symbolic links are left as they are.
pub struct Place {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Place {
    const fn empty() -> Self {
        Self { bytes: [0; LONGEST], length: 0 }
    }

    /// The file behind a descriptor; `None` if it is none that has a name, such as a pipe.
    pub fn of_descriptor(descriptor: c_int) -> Option<Self> {
        let mut link = [0; 32];
        let mut text = Text { bytes: &mut link, length: 0 };
        text.push(b"/proc/self/fd/");
        text.number(u64::try_from(descriptor).ok()?);
        let mut place = Self::empty();
        let errno = libc::errno();
        // SAFETY: `link` ends in a zero, and `bytes` has room for so many bytes.
        let length = unsafe { libc::readlink(link.as_ptr().cast(), place.bytes.as_mut_ptr().cast(), LONGEST) };
        libc::set_errno(errno);
        place.length = usize::try_from(length).ok()?;
        if let Some(rest) = place.get().strip_suffix(b" (deleted)") {
            place.length = rest.len();
        }
        (place.get().first() == Some(&b'/')).then_some(place)
    }

    /// The file of a name, as openat(2) and its like look it up.
    ///
    /// # Safety
    ///
    /// `path` must be null or end in a zero.
    pub unsafe fn of_path(folder: c_int, path: *const c_char) -> Option<Self> {
        if path.is_null() {
            return None;
        }
        // SAFETY: as the caller vouches.
        let path = unsafe { CStr::from_ptr(path) }.to_bytes();
        let mut place = match path.first() {
            Some(b'/') => Self::empty(),
            _ if folder == libc::AT_FDCWD => Self::working_folder()?,
            _ => Self::of_descriptor(folder)?,
        };
        for name in path.split(|byte| *byte == b'/') {
            place.enter(name)?;
        }
        Some(place)
    }

    fn working_folder() -> Option<Self> {
        let mut place = Self::empty();
        let errno = libc::errno();
        // SAFETY: there is room for so many bytes.
        let found = unsafe { libc::getcwd(place.bytes.as_mut_ptr().cast(), LONGEST) };
        libc::set_errno(errno);
        if found.is_null() {
            return None;
        }
        place.length = place.bytes.iter().position(|byte| *byte == 0)?;
        Some(place)
    }

    fn enter(&mut self, name: &[u8]) -> Option<()> {
        match name {
            b"" | b"." => {}
            b".." => self.length = self.get().iter().rposition(|byte| *byte == b'/').unwrap_or(0),
            _ => {
                let end = self.length + 1 + name.len();
                let room = self.bytes.get_mut(self.length..end)?;
                room[0] = b'/';
                room[1..].copy_from_slice(name);
                self.length = end;
            }
        }
        Some(())
    }

    pub fn get(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// The path within the watched folder, `.` for the folder itself; `None` if it is not watched.
    pub fn watched<'a>(&'a self, settings: &Settings) -> Option<&'a [u8]> {
        let within = match self.get().strip_prefix(&*settings.folder)? {
            b"" => b".",
            rest => rest.strip_prefix(b"/")?,
        };
        let contains = |part: &Vec<u8>| within.windows(part.len()).any(|window| window == part);
        (settings.files.is_empty() || settings.files.iter().any(contains)).then_some(within)
    }
}

/// A text in a fixed place; what does not fit is left out.
pub struct Text<'a> {
    pub bytes: &'a mut [u8],
    pub length: usize,
}

impl Text<'_> {
    pub fn push(&mut self, part: &[u8]) {
        let room = self.bytes.len() - self.length;
        let part = &part[..part.len().min(room)];
        self.bytes[self.length..self.length + part.len()].copy_from_slice(part);
        self.length += part.len();
    }

    pub fn number(&mut self, mut number: u64) {
        let mut digits = [0; 20];
        let mut first = digits.len();
        loop {
            first -= 1;
            digits[first] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        self.push(&digits[first..]);
    }
}
