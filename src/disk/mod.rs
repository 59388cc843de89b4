//! Files that are there whole or not at all, and on the disk once that is said.
//!
//! A file is written beside its place under another name, synced, and renamed over what was there; then its folder is
//! synced, for the name is the folder's. Whoever reads the file sees the old one or the new one, after a crash, too.

#[cfg(feature = "study")]
mod kind;
mod whole;

#[cfg(feature = "study")]
pub(crate) use kind::{Place, Whereabouts, free_bytes, network_file_system};
pub(crate) use whole::WholeFile;

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

/// Writes a file whole or not at all, in place of the one that is there.
///
/// # Errors
/// Those of the file system; what was there is then untouched.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = WholeFile::create(path)?;
    file.write_all(bytes)?;
    file.finish()
}

/// Makes a folder with those above it, where they are missing, and their names durable.
///
/// # Errors
/// Those of the file system.
pub(crate) fn create_folders(path: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = path.ancestors().take_while(|p| !p.as_os_str().is_empty() && !p.exists()).collect();
    fs::create_dir_all(path)?;
    // The name of a folder is kept by the one above it.
    missing.iter().rev().try_for_each(|made| sync_folder_of(made))
}

/// Puts a finished and synced file in its place.
///
/// # Errors
/// Those of the file system.
pub(crate) fn put_in_place(part: &Path, path: &Path) -> io::Result<()> {
    fs::rename(part, path)?;
    sync_folder_of(path)
}

/// Makes the names in the folder of `path` durable.
///
/// # Errors
/// Those of the disk. Folders that cannot be opened, and file systems that cannot sync one, are passed over.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let opened = match File::open(folder) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => return Ok(()),
        opened => opened?,
    };
    match opened.sync_all() {
        Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => Ok(()),
        synced => synced,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_stays_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write_whole(&path, b"old and long").unwrap();
        write_whole(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, ["a.txt"]);
    }

    #[test]
    fn what_is_given_up_leaves_the_old_file_and_no_rest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write_whole(&path, b"old").unwrap();
        let mut file = WholeFile::create(&path).unwrap();
        file.write_all(b"half").unwrap();
        drop(file);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn the_rest_of_a_killed_process_is_in_nobodys_way_even_if_it_is_a_pipe() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        let made = std::process::Command::new("mkfifo").arg(folder.path().join(".a.txt.part")).status();
        if !made.is_ok_and(|status| status.success()) {
            fs::write(folder.path().join(".a.txt.part"), "rest").unwrap();
        }
        write_whole(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }

    #[test]
    fn several_make_one_file_at_the_same_time_and_each_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        let mut first = WholeFile::create(&path).unwrap();
        let mut second = WholeFile::create(&path).unwrap();
        first.write_all(b"first").unwrap();
        second.write_all(b"second").unwrap();
        second.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        drop(WholeFile::create(&path).unwrap());
        first.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"first");
        let texts: Vec<String> = (0..4).map(|k| k.to_string().repeat(9999)).collect();
        std::thread::scope(|scope| {
            for text in &texts {
                scope.spawn(|| (0..50).for_each(|_| write_whole(&path, text.as_bytes()).unwrap()));
            }
            for _ in 0..200 {
                let found = fs::read_to_string(&path).unwrap();
                assert!(found == "first" || texts.contains(&found), "{} bytes", found.len());
            }
        });
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_several_killed_processes_left_is_removed_and_what_is_being_made_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        let mut made = WholeFile::create(&path).unwrap();
        for name in [".a.txt.1.part", ".a.txt.2.part"] {
            fs::write(folder.path().join(name), "rest").unwrap();
        }
        write_whole(&path, b"new").unwrap();
        let count = || fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(count(), 2, "the file, and the one in the making");
        made.write_all(b"newer").unwrap();
        made.finish().unwrap();
        assert_eq!((count(), fs::read(&path).unwrap()), (1, b"newer".to_vec()));
        fs::create_dir(folder.path().join(".a.txt.part")).unwrap();
        write_whole(&path, b"beside a folder").unwrap();
    }

    #[test]
    fn folders_are_made_with_those_above_them() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b/c");
        create_folders(&deep).unwrap();
        create_folders(&deep).unwrap();
        assert!(deep.is_dir());
        fs::write(folder.path().join("file"), "").unwrap();
        assert!(create_folders(&folder.path().join("file/x")).is_err());
    }
}
