//! What lies in a tar archive, in the order in which it was packed. Nothing of it is ever written to the disk.

use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::Path;

use super::stream::Stream;
use super::{fault, unreadable};
use crate::data::{DataError, Place};

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
            Err(error) => Err(broken(self.archive, Place::Entry(self.path.clone()), &error)),
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
    let mut archive = tar::Archive::new(Stream::open(path)?);
    let mut last = None;
    let place = |last: &Option<String>| match last {
        Some(entry) => Place::Entry(entry.clone()),
        None => Place::Whole,
    };
    for entry in archive.entries().map_err(|e| unreadable(path, &e))? {
        let mut entry = entry.map_err(|e| broken(path, place(&last), &e))?;
        let kind = entry.header().entry_type();
        let kind = match kind {
            _ if kind.is_dir() => Kind::Folder,
            _ if kind.is_symlink() || kind.is_hard_link() => Kind::Link,
            _ if kind.is_file() || kind.is_contiguous() || kind.is_gnu_sparse() => Kind::File,
            // Headers that hold for all that follows, pipes and devices.
            _ => continue,
        };
        let name = checked_name(path, &entry.path_bytes())?;
        last = Some(name.clone());
        if visitor(Entry { path: name, kind, archive: path, contents: &mut entry })?.is_break() {
            return Ok(());
        }
    }
    let mut stream = archive.into_inner();
    io::copy(&mut stream, &mut io::sink()).map_err(|e| broken(path, place(&last), &e))?;
    if stream.trailing_zeros() < 512 {
        let problem = "the archive ends here, without its end marker";
        return Err(fault(stream.path(), place(&last), problem, CUT_SHORT));
    }
    Ok(())
}

const CUT_SHORT: &str = "it is damaged or was cut short: fetch or pack it again";

fn broken(path: &Path, place: Place, error: &io::Error) -> DataError {
    let advice = if error.kind() == io::ErrorKind::FileTooLarge {
        "it looks made to fill memory; unpack it, and use the folder if it is what you think"
    } else {
        CUT_SHORT
    };
    fault(path, place, format!("the archive cannot be read on from here: {error}"), advice)
}

/// A path without `.` and empty parts. One that leads out of the archive, or that nobody could name, is refused: it does
/// no harm here, but whoever made it meant harm or made a mistake.
fn checked_name(archive: &Path, bytes: &[u8]) -> Result<String, DataError> {
    let advice = "pack the archive again, from within its folder and with plain names";
    let Ok(name) = std::str::from_utf8(bytes) else {
        let lossy = String::from_utf8_lossy(bytes).into_owned();
        return Err(fault(archive, Place::Entry(lossy), "the name is not UTF-8", advice));
    };
    if name.starts_with('/') || name.split(['/', '\\']).any(|part| part == "..") || name.contains('\0') {
        return Err(fault(archive, Place::Entry(name.to_owned()), "the path leads out of the archive", advice));
    }
    Ok(name.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::testing::Tar;

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
        visited.map(|()| names).map_err(|e| e.to_string())
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
    fn noise_is_no_archive() {
        let noise: Vec<u8> = (0..5000_u32).map(|i| (i * i % 251) as u8).collect();
        assert!(names(&noise).unwrap_err().contains("cannot be read on from here"));
    }
}
