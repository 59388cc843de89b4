//! What is asked for by the environment.

use std::ffi::{c_int, c_void};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;

use crate::call::Call;
use crate::libc::{self, real};
use crate::unsynced;
use crate::{KINDS, USUAL};

/// What befalls the call that is concerned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Error(&'static str, c_int),
    Short,
    Torn,
    Before,
    After,
    Cut,
    End,
}

impl Fault {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "short" => Self::Short,
            "torn" => Self::Torn,
            "before" => Self::Before,
            "after" => Self::After,
            "cut" => Self::Cut,
            "end" => Self::End,
            _ => libc::ERRORS.iter().find(|(name, _)| *name == text).map(|(name, code)| Self::Error(name, *code))?,
        })
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Error(name, _) => name,
            Self::Short => "short",
            Self::Torn => "torn",
            Self::Before => "before",
            Self::After => "after",
            Self::Cut => "cut",
            Self::End => "end",
        }
    }
}

pub struct Settings {
    pub folder: Vec<u8>,
    pub kinds: Vec<&'static str>,
    pub hits: Vec<&'static str>,
    pub files: Vec<Vec<u8>>,
    pub at: u64,
    pub fault: Option<Fault>,
    pub stay: bool,
    pub lies: bool,
    /// Descriptor of the log; -1 for none.
    pub log: c_int,
    /// How many calls there were.
    pub count: &'static AtomicU64,
}

static SETTINGS: OnceLock<Option<Settings>> = OnceLock::new();

/// What is asked for; `None` where this process is not concerned, and before the library has begun.
pub fn settings() -> Option<&'static Settings> {
    SETTINGS.get()?.as_ref()
}

/// Run by the loader before the program.
#[used]
#[unsafe(link_section = ".init_array")]
static BEGIN: extern "C" fn() = begin;

extern "C" fn begin() {
    // Something that is asked for and not understood must not pass for a disk that works.
    let settings = read().unwrap_or_else(|reason| {
        let text = format!("disk_faults: {reason}\n");
        real!(write(2, text.as_ptr().cast(), text.len()): fn(c_int, *const c_void, usize) -> isize);
        libc::die()
    });
    let _ = SETTINGS.set(settings);
}

/// Run by the loader after the program.
#[used]
#[unsafe(link_section = ".fini_array")]
static END: extern "C" fn() = end;

extern "C" fn end() {
    if let Some(settings) = settings().filter(|settings| settings.fault == Some(Fault::End)) {
        unsynced::undo_all();
        Call::new("end", "exit", None).note(settings, 0, b".", None, Some(Fault::End));
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(format!("DISK_FAULTS_{name}")).ok().filter(|value| !value.is_empty())
}

fn read() -> Result<Option<Settings>, String> {
    let Some(folder) = std::env::var_os("DISK_FAULTS_FOLDER") else { return Ok(None) };
    let program = variable("PROGRAM").unwrap_or_else(|| "optimize".to_owned());
    let own = std::fs::read_link("/proc/self/exe").map_err(|error| format!("/proc/self/exe: {error}"))?;
    if own.file_name().is_none_or(|name| name.as_bytes() != program.as_bytes()) {
        return Ok(None);
    }
    let kinds = kinds_of("KINDS")?.unwrap_or_else(|| KINDS[..USUAL].to_vec());
    let hits = kinds_of("HITS")?.unwrap_or_else(|| kinds.clone());
    let files = variable("FILES").map(|text| text.split(',').map(|part| part.as_bytes().to_vec()).collect());
    let at = variable("AT").map(|text| text.parse().map_err(|error| format!("AT={text}: {error}"))).transpose()?;
    let fault = variable("DO")
        .map(|text| Fault::parse(&text).ok_or_else(|| format!("nothing is known of DO={text}")))
        .transpose()?;
    Ok(Some(Settings {
        folder: folder.into_vec(),
        kinds,
        hits,
        files: files.unwrap_or_default(),
        at: at.unwrap_or(0),
        fault,
        stay: variable("STAY").is_some(),
        lies: variable("LIES").is_some(),
        log: match variable("LOG") {
            None => -1,
            Some(path) => open(&path, libc::O_WRONLY | libc::O_APPEND)?,
        },
        count: count()?,
    }))
}

/// The kinds that a variable names.
fn kinds_of(name: &str) -> Result<Option<Vec<&'static str>>, String> {
    let known = |kind: &str| KINDS.into_iter().find(|known| *known == kind);
    let known = |kind: &str| known(kind).ok_or_else(|| format!("there is no kind {kind}"));
    variable(name).map(|text| text.split(',').map(known).collect()).transpose()
}

fn open(path: &str, flags: c_int) -> Result<c_int, String> {
    let name = std::ffi::CString::new(path).map_err(|error| error.to_string())?;
    let flags = flags | libc::O_CREAT | libc::O_CLOEXEC;
    let opened = real!(open(name.as_ptr(), flags, 0o644): fn(*const std::ffi::c_char, c_int, u32) -> c_int);
    match opened {
        -1 => Err(format!("{}: {}", Path::new(path).display(), std::io::Error::last_os_error())),
        descriptor => Ok(descriptor),
    }
}

/// The counter: in the file that is named, or else in this process alone.
fn count() -> Result<&'static AtomicU64, String> {
    static OWN: AtomicU64 = AtomicU64::new(0);
    let Some(path) = variable("COUNT") else { return Ok(&OWN) };
    let descriptor = open(&path, libc::O_RDWR)?;
    if real!(ftruncate(descriptor, 8): fn(c_int, i64) -> c_int) != 0 {
        return Err(format!("{path}: {}", std::io::Error::last_os_error()));
    }
    let (access, shared) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED);
    let address = real!(mmap(std::ptr::null_mut(), 8, access, shared, descriptor, 0):
        fn(*mut c_void, usize, c_int, c_int, c_int, i64) -> *mut c_void);
    if address == libc::MAP_FAILED {
        return Err(format!("{path}: {}", std::io::Error::last_os_error()));
    }
    // SAFETY: the mapping has eight bytes, begins at a page, and is never undone.
    Ok(unsafe { &*address.cast::<AtomicU64>() })
}
