//! What lies in a tar archive, in the order in which it was packed. Nothing of it is ever written to the disk.

use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::Path;

use super::stream::Stream;
use super::{fault, unreadable};
use crate::data::{DataError, DataPlace};

/// What may stand between two files of an archive: a name of any length, and notes of whoever packed it. They are read into
/// memory.
const NOTES: u64 = 1 << 20;
/// The longest path, as on Linux.
const PATH: usize = 4096;
/// Files and folders in an archive, and the bytes of their names, which are kept in memory.
pub(super) const ENTRIES: u64 = 4_000_000;
const NAMES: usize = 256 << 20;
/// What is expanded and not used: 2 GiB.
const PASSED_OVER: u64 = 2 << 30;

/// What an entry of an archive is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Folder,
    Link,
}

/// One entry of an archive.
pub(super) struct Entry<'a> {
    /// Its path, without `.` and with `/` between folders.
    pub(super) path: String,
    pub(super) kind: Kind,
    archive: &'a Path,
    contents: &'a mut dyn Read,
}

impl Entry<'_> {
    /// What the file holds, up to `most` bytes.
    pub(super) fn read_up_to(&mut self, most: u64) -> Result<Vec<u8>, DataError> {
        let mut bytes = Vec::new();
        match (&mut *self.contents).take(most).read_to_end(&mut bytes) {
            Ok(_) => Ok(bytes),
            Err(error) => Err(broken(self.archive, DataPlace::Entry(self.path.clone()), &error)),
        }
    }
}

/// Whether a file name is one of an archive that can be read.
pub(super) fn is_archive(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".tar", ".tar.gz", ".tgz", ".tar.zst", ".tzst"].iter().any(|end| name.ends_with(end))
}

/// Visits entry after entry until the visitor breaks or the archive ends. An archive that was visited to its end is
/// known to be whole: its end marker was there, and the checksums of its compression fit.
pub(super) fn visit(
    path: &Path,
    mut visitor: impl FnMut(Entry<'_>) -> Result<ControlFlow<()>, DataError>,
) -> Result<(), DataError> {
    let stream = Stream::open(path)?;
    let ceiling = stream.ceiling();
    let mut archive = tar::Archive::new(stream);
    let (mut last, mut seen) = (None, Seen::default());
    let place = |last: &Option<String>| match last {
        Some(entry) => DataPlace::Entry(entry.clone()),
        None => DataPlace::Whole,
    };
    ceiling.set(NOTES);
    for entry in archive.entries().map_err(|e| unreadable(path, &e))? {
        let mut entry = entry.map_err(|e| broken(path, place(&last), &e))?;
        ceiling.set(u64::MAX);
        let kind = entry.header().entry_type();
        let start = entry.raw_file_position();
        // What is between entries is read by the archive's reader: contents that are passed over, and names of any length.
        let stored = if kind.is_gnu_sparse() { entry.header().entry_size().unwrap_or(0) } else { entry.size() };
        let end = start.saturating_add(stored);
        let kind = match kind {
            _ if kind.is_dir() => Kind::Folder,
            _ if kind.is_symlink() || kind.is_hard_link() => Kind::Link,
            _ if kind.is_file() || kind.is_contiguous() || kind.is_gnu_sparse() => Kind::File,
            // Headers that hold for all that follows, pipes and devices.
            _ => {
                seen.count(path, 0, stored)?;
                ceiling.set(end.saturating_add(NOTES));
                continue;
            }
        };
        let name = checked_name(path, &entry.path_bytes())?;
        // The folder itself, of an archive that was packed from within it.
        if name.is_empty() {
            seen.count(path, 0, stored)?;
            ceiling.set(end.saturating_add(NOTES));
            continue;
        }
        last = Some(name.clone());
        let length = name.len();
        if visitor(Entry { path: name, kind, archive: path, contents: &mut entry })?.is_break() {
            return Ok(());
        }
        seen.count(path, length, end.saturating_sub(ceiling.position().max(start)))?;
        ceiling.set(end.saturating_add(NOTES));
    }
    let mut stream = archive.into_inner();
    ceiling.set(ceiling.position().saturating_add(PASSED_OVER));
    io::copy(&mut stream, &mut io::sink()).map_err(|e| broken(path, place(&last), &e))?;
    if stream.trailing_zeros() < 512 {
        let problem = "the archive ends here, without its end marker";
        return Err(fault(stream.path(), place(&last), problem, CUT_SHORT));
    }
    Ok(())
}

/// What has been seen of an archive, so that none is read for ever, or fills memory with its names.
#[derive(Default)]
struct Seen {
    entries: u64,
    names: usize,
    passed_over: u64,
}

impl Seen {
    fn count(&mut self, archive: &Path, name: usize, passed_over: u64) -> Result<(), DataError> {
        self.entries += 1;
        self.names = self.names.saturating_add(name);
        self.passed_over = self.passed_over.saturating_add(passed_over);
        let problem = match () {
            () if self.entries > ENTRIES => format!("holds more than {ENTRIES} files and folders"),
            () if self.names > NAMES => format!("holds names of more than {} MiB", NAMES >> 20),
            () if self.passed_over > PASSED_OVER => {
                format!("holds more than {} GiB that are no data of this kind", PASSED_OVER >> 30)
            }
            () => return Ok(()),
        };
        Err(fault(archive, DataPlace::Whole, problem, "pack what is wanted alone, or unpack it and use the folder"))
    }
}

const CUT_SHORT: &str = "it is damaged or was cut short: fetch or pack it again";

fn broken(path: &Path, place: DataPlace, error: &io::Error) -> DataError {
    let advice = match error.kind() {
        io::ErrorKind::FileTooLarge | io::ErrorKind::QuotaExceeded => {
            "it looks made to fill memory; unpack it, and use the folder if it is what you think"
        }
        _ => CUT_SHORT,
    };
    fault(path, place, format!("the archive cannot be read on from here: {error}"), advice)
}

/// A path without `.` and empty parts. One that leads out of the archive, or that nobody could name, is refused: it does
/// no harm here, but whoever made it meant harm or made a mistake.
fn checked_name(archive: &Path, bytes: &[u8]) -> Result<String, DataError> {
    let advice = "pack the archive again, from within its folder and with plain names";
    let Ok(name) = std::str::from_utf8(bytes) else {
        let lossy = String::from_utf8_lossy(bytes).into_owned();
        return Err(fault(archive, DataPlace::Entry(lossy), "the name is not UTF-8", advice));
    };
    if name.len() > PATH {
        let start: String = name.chars().take(100).collect();
        let problem = format!("the name has more than {PATH} bytes");
        return Err(fault(archive, DataPlace::Entry(format!("{start}...")), problem, advice));
    }
    if name.starts_with('/') || name.split(['/', '\\']).any(|part| part == "..") || name.contains('\0') {
        return Err(fault(archive, DataPlace::Entry(name.to_owned()), "the path leads out of the archive", advice));
    }
    Ok(name.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::testing::Tar;
    use crate::data::testing::said;

    fn names(bytes: &[u8]) -> Result<Vec<String>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tar");
        std::fs::write(&path, bytes).unwrap();
        let mut names = Vec::new();
        let visited = visit(&path, |mut entry| {
            let length = if entry.kind == Kind::File { entry.read_up_to(u64::MAX)?.len() } else { 0 };
            names.push(format!("{:?} {} {length}", entry.kind, entry.path));
            Ok(ControlFlow::Continue(()))
        });
        visited.map(|()| names).map_err(|e| said(&e))
    }

    #[test]
    fn entries_come_in_their_order() {
        let long = format!("{}/x.txt", "folder".repeat(40));
        let tar = Tar::new().folder("./b/").file("./b/two.txt", b"22").file(&long, b"3").link("b/l", "two.txt");
        let expected = ["Folder b 0", "File b/two.txt 2", &format!("File {long} 1"), "Link b/l 0"];
        assert_eq!(names(&tar.bytes()).unwrap(), expected);
    }

    #[test]
    fn ways_out_are_refused() {
        for name in ["../x.png", "a/../../x.png", "/etc/passwd", "a\\..\\x"] {
            let error = names(&Tar::new().raw(name.as_bytes(), b"1").bytes()).unwrap_err();
            assert!(error.contains("leads out of the archive"), "{name}: {error}");
        }
        let error = names(&Tar::new().raw(b"\xff\xfe.png", b"1").bytes()).unwrap_err();
        assert!(error.contains("not UTF-8"), "{error}");
    }

    #[test]
    fn an_archive_cut_anywhere_is_told() {
        let bytes = Tar::new().file("a/1.txt", &[7; 700]).file("a/2.txt", &[7; 512]).bytes();
        for length in [0, 100, 512, 600, 1535, 1536, 1600, 2048, 2500, 2560] {
            let error = names(&bytes[..length]).unwrap_err();
            assert!(error.contains("cut short"), "{length}: {error}");
        }
        assert_eq!(names(&bytes).unwrap().len(), 2);
    }

    #[test]
    fn names_and_notes_do_not_fill_memory() {
        let long = vec![b'a'; NOTES as usize + 600];
        let pax = [format!("{} comment=", long.len() + 16).into_bytes(), long.clone(), b"\n".to_vec()].concat();
        for (kind, contents) in [
            (tar::EntryType::GNULongName, &long),
            (tar::EntryType::GNULongLink, &long),
            (tar::EntryType::XHeader, &pax),
        ] {
            let tar = Tar::new().file("a/1.txt", b"1").special(kind, contents).file("a/2.txt", b"2");
            let error = names(&tar.bytes()).unwrap_err();
            assert!(error.contains("made to fill memory"), "{error}");
        }
        let name = vec![b'a'; PATH + 1];
        let tar = Tar::new().special(tar::EntryType::GNULongName, &name).file("a/2.txt", b"2");
        assert!(names(&tar.bytes()).unwrap_err().contains("more than 4096 bytes"));
        // Contents may be as long as they like, read or not.
        let tar = Tar::new().file("a/1.txt", &long).file("a/2.txt", b"2").special(tar::EntryType::XGlobalHeader, b"");
        assert_eq!(names(&tar.bytes()).unwrap().len(), 2);
    }

    #[test]
    fn nothing_is_passed_over_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tar");
        let bytes = Tar::new().file("a/1.txt", b"1").bytes();
        std::fs::write(&path, &bytes).unwrap();
        // A file with a hole of a terabyte.
        std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(1 << 40).unwrap();
        let error = said(&visit(&path, |_| Ok(ControlFlow::Continue(()))).unwrap_err());
        assert!(error.contains("longer than any that is read"), "{error}");
        let mut seen = Seen::default();
        assert!(seen.count(&path, 10, PASSED_OVER).is_ok());
        assert!(said(&seen.count(&path, 10, 1).unwrap_err()).contains("no data of this kind"));
        let mut seen = Seen { entries: ENTRIES - 1, ..Seen::default() };
        assert!(seen.count(&path, 10, 0).is_ok() && seen.count(&path, 10, 0).is_err());
        let mut seen = Seen { names: NAMES - 10, ..Seen::default() };
        assert!(seen.count(&path, 10, 0).is_ok() && seen.count(&path, 10, 0).is_err());
    }

    #[test]
    fn noise_is_no_archive() {
        let noise: Vec<u8> = (0..5000_u32).map(|i| (i * i % 251) as u8).collect();
        assert!(names(&noise).unwrap_err().contains("cannot be read on from here"));
    }
}
