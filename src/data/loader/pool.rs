//! Images decoded by several threads, with a result that does not depend on how many.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use super::decode::{Decoded, decode};
use super::fault;
use super::images::Reading;
use crate::data::{DataError, DataPlace};

/// A file to be decoded.
struct Job {
    index: usize,
    path: String,
    bytes: Vec<u8>,
    first: Arc<First>,
}

/// The first image, whose size all others must have.
struct First {
    path: String,
    height: u32,
    width: u32,
}

type Done = (usize, Result<Decoded, DataError>);

/// Takes files, and hands their images out in the order of the files.
pub(super) struct Decoders<'a> {
    origin: &'a Path,
    reading: Reading,
    jobs: SyncSender<Job>,
    done: Receiver<Done>,
    results: BTreeMap<usize, Result<Decoded, DataError>>,
    is_colour: &'a AtomicBool,
    first: Option<Arc<First>>,
    count: usize,
}

impl Decoders<'_> {
    /// Calls `feed`, which adds files, and gives the images of all files in this order. If something is wrong with
    /// several files, it is the first of them that is named, however many threads there are; and if `feed` itself fails,
    /// what is wrong with a file before that.
    pub(super) fn run(
        origin: &Path,
        reading: Reading,
        feed: impl FnOnce(&mut Decoders<'_>) -> Result<(), DataError>,
    ) -> Result<Vec<Decoded>, DataError> {
        let threads = reading.threads.max(1);
        let (jobs, queue) = sync_channel::<Job>(2 * threads);
        let (finished, done) = channel();
        let (queue, is_colour) = (Mutex::new(queue), AtomicBool::new(false));
        std::thread::scope(|scope| {
            for _ in 0..threads {
                let (queue, is_colour, finished) = (&queue, &is_colour, finished.clone());
                scope.spawn(move || work(origin, reading, queue, is_colour, &finished));
            }
            drop(finished);
            let (results, is_colour) = (BTreeMap::new(), &is_colour);
            let mut decoders = Decoders { origin, reading, jobs, done, results, is_colour, first: None, count: 0 };
            let fed = feed(&mut decoders);
            let Decoders { jobs, done, mut results, .. } = decoders;
            drop(jobs);
            results.extend(done);
            // All files before a failed one were added, so the first failure is the same at any number of threads.
            let images = results.into_values().collect::<Result<Vec<_>, _>>()?;
            fed.map(|()| images)
        })
    }

    /// Adds a file; breaks if no more is wanted, because of a failure that [`run`](Self::run) will tell.
    pub(super) fn add(&mut self, path: &str, bytes: Vec<u8>) -> Result<ControlFlow<()>, DataError> {
        let index = self.count;
        self.count += 1;
        let Some(first) = &self.first else {
            let image = decode_file(self.origin, path, &bytes, self.reading.side)?;
            self.first = Some(Arc::new(First { path: path.to_owned(), height: image.height, width: image.width }));
            self.is_colour.fetch_or(image.channels > 1, Ordering::Relaxed);
            self.results.insert(index, Ok(image));
            return Ok(ControlFlow::Continue(()));
        };
        let channels = if self.is_colour.load(Ordering::Relaxed) { 3 } else { 1 };
        let pixels = channels * u64::from(first.height) * u64::from(first.width);
        if (self.count as u64).saturating_mul(pixels) > self.reading.memory {
            return Err(too_large(self.origin, self.reading.memory));
        }
        let job = Job { index, path: path.to_owned(), bytes, first: Arc::clone(first) };
        let mut failed = self.jobs.send(job).is_err();
        while let Ok((index, result)) = self.done.try_recv() {
            failed |= result.is_err();
            self.results.insert(index, result);
        }
        Ok(if failed { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }
}

/// What one thread does until there are no more jobs.
fn work(origin: &Path, reading: Reading, queue: &Mutex<Receiver<Job>>, is_colour: &AtomicBool, done: &Sender<Done>) {
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { index, path, bytes, first }) = job else { return };
        let image = decode_file(origin, &path, &bytes, reading.side).and_then(|image| {
            if (image.height, image.width) == (first.height, first.width) {
                is_colour.fetch_or(image.channels > 1, Ordering::Relaxed);
                return Ok(image);
            }
            let First { path: other, height, width } = &*first;
            let problem = format!("is {} x {} pixels, but `{other}` is {width} x {height}", image.width, image.height);
            let advice = "say an image size that all are brought to, such as `image_size = 32`";
            Err(fault(origin, DataPlace::Entry(path), problem, advice))
        });
        if done.send((index, image)).is_err() {
            return;
        }
    }
}

fn decode_file(origin: &Path, path: &str, bytes: &[u8], side: Option<u32>) -> Result<Decoded, DataError> {
    decode(bytes, side).map_err(|reason| {
        let problem = format!("cannot be decoded: {reason}");
        fault(origin, DataPlace::Entry(path.to_owned()), problem, "mend it, or remove it from the data")
    })
}

pub(super) fn too_large(origin: &Path, memory: u64) -> DataError {
    let limit = if memory >> 30 > 0 { format!("{} GiB", memory >> 30) } else { format!("{memory} bytes") };
    let problem = format!("the images need more than {limit} of memory once they are decoded");
    fault(origin, DataPlace::Whole, problem, "say a smaller `image_size`, or use a part of them")
}
