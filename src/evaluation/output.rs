//! What a program prints, kept in files: the begin as it comes, and of much more the end.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::Secrets;
use crate::guard::redact::Redactor;

/// So many bytes of the begin and of the end of each stream are kept.
const HEAD: usize = 64 << 10;
const TAIL: usize = 64 << 10;
/// All files of a study together have hardly more bytes: the oldest make room.
const MOST: u64 = 256 << 20;
/// An ended program's last words may take so long to be read.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Of which trials the output is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeepOutput {
    /// Of all (the default).
    #[default]
    All,
    /// Of those that fail.
    Failed,
    /// Of none.
    None,
}

/// The folder in which outputs are.
#[derive(Debug)]
pub(super) struct OutputFolder {
    path: PathBuf,
    /// The folder above, by whose number the path goes.
    _held: Option<File>,
    keep: KeepOutput,
    /// Bytes in it.
    total: u64,
}

/// The outputs of one attempt at a trial.
#[derive(Debug, Clone)]
pub(super) struct Outputs {
    pub(super) out: Arc<Mutex<Kept>>,
    pub(super) err: Arc<Mutex<Kept>>,
}

impl OutputFolder {
    /// The folder at `path`, made when something is to be kept, in a folder that is there.
    pub(super) fn new(path: PathBuf, keep: KeepOutput) -> Self {
        // The results may be moved, and another folder be put in their place, which is nobody's to write to.
        let held = path.parent().and_then(|above| File::open(above).ok());
        let by_number = held.as_ref().map(|held| PathBuf::from(format!("/proc/self/fd/{}", held.as_raw_fd())));
        let by_number =
            by_number.filter(|above| above.is_dir()).zip(path.file_name()).map(|(above, name)| above.join(name));
        let path = by_number.unwrap_or(path);
        let total = files_in(&path).map(|(_, _, size)| size).sum();
        Self { path, _held: held, keep, total }
    }

    /// Begins to keep what an attempt prints; `None` if nothing is to be kept. It does little, for the attempt is metered already.
    pub(super) fn begin(&self, trial: u64, attempt: u32, secrets: &Secrets) -> Option<Outputs> {
        if self.keep == KeepOutput::None {
            return None;
        }
        let attempt = if attempt > 1 { format!(".{attempt}") } else { String::new() };
        let kept = |stream: &str| {
            let path = self.path.join(format!("trial-{trial:04}{attempt}.{stream}"));
            // Of an earlier run that was killed before it stored the trial.
            let _ = fs::remove_file(&path);
            Arc::new(Mutex::new(Kept::new(path, secrets.redactor())))
        };
        Some(Outputs { out: kept("out"), err: kept("err") })
    }

    /// The attempt is over, and its output may be kept no longer. Returns a note if older outputs had to make room.
    pub(super) fn end(&mut self, outputs: &Outputs, failed: bool) -> Option<String> {
        let files: Vec<PathBuf> = outputs.files();
        if self.keep == KeepOutput::Failed && !failed {
            files.iter().for_each(|file| drop(fs::remove_file(file)));
        } else {
            self.total += files.iter().map(|file| size_of(file)).sum::<u64>();
        }
        self.make_room()
    }

    fn make_room(&mut self) -> Option<String> {
        if self.total <= MOST {
            return None;
        }
        let mut files: Vec<_> = files_in(&self.path).collect();
        files.sort();
        for (_, path, size) in files {
            // With some to spare, so that not every trial has to.
            if self.total <= MOST / 10 * 9 {
                break;
            }
            if fs::remove_file(path).is_ok() {
                self.total = self.total.saturating_sub(size);
            }
        }
        let most = MOST >> 20;
        Some(format!("the oldest outputs of trials were removed, for all together had more than {most} MiB"))
    }
}

/// Age, path and size of what trials have left in a folder; nothing else in it is anybody's here.
fn files_in(folder: &Path) -> impl Iterator<Item = (std::time::SystemTime, PathBuf, u64)> {
    fs::read_dir(folder).into_iter().flatten().flatten().filter_map(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        let own = name.starts_with("trial-") && (name.ends_with(".out") || name.ends_with(".err"));
        let meta = entry.metadata().ok().filter(|meta| own && meta.is_file())?;
        Some((meta.modified().ok()?, entry.path(), meta.len()))
    })
}

fn size_of(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |meta| meta.len())
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Outputs {
    /// Writes what is left, once both streams are closed or soon after. Returns why something could not be kept.
    pub(super) fn finish(&self) -> Option<String> {
        let step = Duration::from_millis(5);
        let mut waited = Duration::ZERO;
        while waited < LAST_WORDS && !(lock(&self.out).closed && lock(&self.err).closed) {
            thread::sleep(step);
            waited += step;
        }
        let failed = [&self.out, &self.err].map(|kept| lock(kept).finish());
        failed.into_iter().flatten().next().map(|reason| format!("its output could not be kept: {reason}"))
    }

    /// Those that were written, the one with errors first.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        let written = [&self.err, &self.out].map(|kept| {
            let kept = lock(kept);
            kept.file.is_some().then(|| kept.path.clone())
        });
        written.into_iter().flatten().collect()
    }
}

/// One stream.
#[derive(Debug)]
pub(super) struct Kept {
    path: PathBuf,
    /// Holds back what may be the begin of a secret.
    redactor: Redactor,
    file: Option<File>,
    written: usize,
    tail: VecDeque<u8>,
    left_out: u64,
    closed: bool,
    finished: bool,
    failed: Option<String>,
}

impl Kept {
    fn new(path: PathBuf, redactor: Redactor) -> Self {
        let (file, written, tail, left_out, failed) = (None, 0, VecDeque::new(), 0, None);
        Self { path, redactor, file, written, tail, left_out, closed: false, finished: false, failed }
    }

    fn take(&mut self, bytes: &[u8]) {
        if self.finished || self.failed.is_some() {
            return;
        }
        let shown = self.redactor.take(bytes);
        self.keep(&shown);
    }

    fn keep(&mut self, bytes: &[u8]) {
        let head = bytes.len().min(HEAD - self.written);
        if head > 0 {
            match self.write(&bytes[..head]) {
                Ok(()) => self.written += head,
                Err(error) => self.failed = Some(error.to_string()),
            }
        }
        self.tail.extend(&bytes[head..]);
        let over = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..over);
        self.left_out += over as u64;
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                match self.path.parent().map(fs::create_dir) {
                    Some(Err(error)) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                    _ => {}
                }
                // Never into what somebody has put there meanwhile.
                self.file.insert(File::create_new(&self.path)?)
            }
        };
        file.write_all(bytes)
    }

    fn finish(&mut self) -> Option<String> {
        if !self.finished && self.failed.is_none() {
            let rest = self.redactor.finish();
            self.keep(&rest);
            let mut end = Vec::new();
            if self.left_out > 0 {
                end = format!("\n[... {} bytes are left out here ...]\n", self.left_out).into_bytes();
            }
            end.extend(std::mem::take(&mut self.tail));
            if !end.is_empty()
                && let Err(error) = self.write(&end)
            {
                self.failed = Some(error.to_string());
            }
        }
        self.finished = true;
        self.failed.clone()
    }
}

/// A stream of which what is read is kept, too. That waits until more is asked for, or nothing more: a disk may be slow, and what was read
/// has its moment from whoever reads.
pub(super) struct Tee<R> {
    stream: R,
    kept: Option<Arc<Mutex<Kept>>>,
    /// Was read, and is not kept yet.
    read: Vec<u8>,
}

impl<R> Tee<R> {
    pub(super) fn new(stream: R, kept: Option<Arc<Mutex<Kept>>>) -> Self {
        Self { stream, kept, read: Vec::new() }
    }

    fn keep(&mut self) {
        if let Some(kept) = &self.kept
            && !self.read.is_empty()
        {
            lock(kept).take(&self.read);
            self.read.clear();
        }
    }
}

impl<R: Read> Read for Tee<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.keep();
        let read = self.stream.read(buffer);
        match (&self.kept, &read) {
            (Some(kept), Ok(0)) => lock(kept).closed = true,
            (Some(_), Ok(count)) => self.read.extend_from_slice(&buffer[..*count]),
            _ => {}
        }
        read
    }
}

impl<R> Drop for Tee<R> {
    fn drop(&mut self) {
        self.keep();
        // Nobody will read any more.
        self.kept.iter().for_each(|kept| lock(kept).closed = true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(chunks: &[&[u8]], secrets: Secrets) -> String {
        let folder = tempfile::tempdir().unwrap();
        let mut all = OutputFolder::new(folder.path().join("output"), KeepOutput::All);
        let outputs = all.begin(7, 2, &secrets).unwrap();
        for chunk in chunks {
            lock(&outputs.out).take(chunk);
        }
        for stream in [&outputs.out, &outputs.err] {
            lock(stream).closed = true;
        }
        assert_eq!(outputs.finish(), None);
        assert_eq!(all.end(&outputs, false), None);
        let path = folder.path().join("output/trial-0007.2.out");
        let names: Vec<_> = outputs.files().iter().filter_map(|file| file.file_name().map(ToOwned::to_owned)).collect();
        assert_eq!(names, ["trial-0007.2.out"], "what says nothing has no file");
        String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()
    }

    #[test]
    fn the_begin_and_the_end_of_much_are_kept() {
        let text: Vec<u8> = (0..40_000).flat_map(|i| format!("{i:05}\n").into_bytes()).collect();
        let found = kept(&text.chunks(1000).collect::<Vec<_>>(), Secrets::default());
        let gone = text.len() - HEAD - TAIL;
        let (head, tail) = found.split_once(&format!("\n[... {gone} bytes are left out here ...]\n")).unwrap();
        assert_eq!((head.as_bytes(), tail.as_bytes()), (&text[..HEAD], &text[text.len() - TAIL..]));
        let all: Vec<u8> = text[..HEAD + TAIL].to_vec();
        assert_eq!(kept(&[&all], Secrets::default()).as_bytes(), all, "what fits is whole");
    }

    #[test]
    fn secrets_are_in_no_file_however_they_come() {
        let secrets = Secrets::of_values(["s3cr3t-w0rd"]);
        let text = "é s3cr3t-w0rd, s3cr3t-w0rds3cr3t-w0rd and s3cr3t";
        for size in 1..text.len() {
            let chunks: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
            let found = kept(&chunks, secrets.clone());
            assert!(!found.contains("s3cr3t-w0rd") && found.matches("(not shown)").count() == 3, "{size}: {found}");
            assert!(found.ends_with(" and s3cr3t"), "{found}");
        }
    }

    #[test]
    fn the_rest_of_a_secret_that_begins_with_another_is_not_left() {
        let secrets = Secrets::of_values(["hunter22", "hunter22SECRETTAIL99"]);
        let text = "key hunter22SECRETTAIL99, hunter22, \u{e9}hunter22SECRETTAIL9";
        for size in 1..text.len() {
            let chunks: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
            let shown = "key (not shown), (not shown), \u{e9}(not shown)SECRETTAIL9";
            assert_eq!(kept(&chunks, secrets.clone()), shown, "{size}");
        }
    }

    #[test]
    fn what_is_read_is_kept_once_its_reader_is_done_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let all = OutputFolder::new(folder.path().join("output"), KeepOutput::All);
        let path = folder.path().join("output/trial-0000.out");
        for ends in [true, false] {
            let outputs = all.begin(0, 1, &Secrets::default()).unwrap();
            let mut tee = Tee::new(&b"first, second"[..], Some(Arc::clone(&outputs.out)));
            let mut buffer = [0; 7];
            assert_eq!(tee.read(&mut buffer).unwrap(), 7);
            assert!(!path.exists(), "the reader comes first");
            assert_eq!(tee.read(&mut buffer).unwrap(), 6);
            assert_eq!(fs::read(&path).unwrap(), b"first, ");
            if ends {
                assert_eq!(tee.read(&mut buffer).unwrap(), 0);
            } else {
                drop(tee);
            }
            assert_eq!(fs::read(&path).unwrap(), b"first, second", "{ends}");
            assert!(lock(&outputs.out).closed);
        }
    }

    #[test]
    fn the_oldest_make_room() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("notes.out"), "mine").unwrap();
        for trial in 0..3 {
            let file = File::create(folder.path().join(format!("trial-{trial:04}.out"))).unwrap();
            file.set_len(MOST / 2).unwrap();
            file.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(trial)).unwrap();
        }
        let mut outputs = OutputFolder::new(folder.path().to_owned(), KeepOutput::All);
        let begun = outputs.begin(3, 1, &Secrets::default()).unwrap();
        assert_eq!(files_in(folder.path()).count(), 3, "room is made when the attempt is over");
        lock(&begun.out).take(b"words");
        for stream in [&begun.out, &begun.err] {
            lock(stream).closed = true;
        }
        assert_eq!(begun.finish(), None);
        assert!(outputs.end(&begun, false).unwrap().contains("256 MiB"));
        let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["notes.out", "trial-0002.out", "trial-0003.out"]);
    }

    #[test]
    fn a_disk_that_takes_nothing_is_told() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("output"), "a file").unwrap();
        let outputs = OutputFolder::new(folder.path().join("output"), KeepOutput::All);
        let outputs = outputs.begin(0, 1, &Secrets::default()).unwrap();
        lock(&outputs.err).take(b"words");
        assert!(outputs.finish().unwrap().starts_with("its output could not be kept: "));
        assert!(outputs.files().is_empty());
    }
}
