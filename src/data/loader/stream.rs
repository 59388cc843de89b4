//! Files that may be compressed, as a stream of what they expand to.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::{FETCH_AGAIN, fault, unreadable};
use crate::data::{DataError, DataPlace};
use crate::guard::file;

/// What any compressed file may expand to, and how often its own size beyond that. Photographs hardly shrink, and text
/// by ten times; only what was made to fill a disk or memory needs more.
const ALWAYS: u64 = 8 << 30;
const RATIO: u64 = 200;

/// The window that a zstd frame may ask for, as `zstd` itself does by default.
const WINDOW: u64 = 128 << 20;

/// A file, expanded while it is read: gzip and zstd are told by their first bytes, all else is taken as it is. Takes the
/// memory of the window alone: at most 128 MiB.
pub(super) struct Stream {
    path: PathBuf,
    inner: Box<dyn Read>,
    read: u64,
    limit: u64,
    zeros: u64,
    ceiling: Ceiling,
}

/// How far a stream may be read for now, and how far it has been: what reads it elsewhere may ask for more than is good.
#[derive(Debug, Clone)]
pub(super) struct Ceiling(Rc<Cell<(u64, u64)>>);

impl Ceiling {
    fn new() -> Self {
        Self(Rc::new(Cell::new((0, u64::MAX))))
    }

    /// Bytes that have been read.
    pub(super) fn position(&self) -> u64 {
        self.0.get().0
    }

    /// Lets no byte beyond this one be read; `u64::MAX` takes the limit away.
    pub(super) fn set(&self, most: u64) {
        self.0.set((self.position(), most));
    }

    /// Notes that so many bytes have been read in all. Returns whether they may be.
    fn reach(&self, position: u64) -> bool {
        let most = self.0.get().1;
        self.0.set((position, most));
        position <= most
    }
}

impl Stream {
    pub(super) fn open(path: &Path) -> Result<Self, DataError> {
        let file = file::open(path).map_err(|e| unreadable(path, &e))?;
        let size = file.metadata().map_err(|e| unreadable(path, &e))?.len();
        Self::of(path, file, ALWAYS.saturating_add(size.saturating_mul(RATIO)))
    }

    fn of(path: &Path, file: File, limit: u64) -> Result<Self, DataError> {
        let mut source = BufReader::with_capacity(1 << 16, file);
        let start = source.fill_buf().map_err(|e| unreadable(path, &e))?;
        let foreign = |name: &str| {
            let advice = "unpack it, or pack it with gzip or zstd";
            Err(fault(path, DataPlace::Whole, format!("is compressed by {name}, which is not supported"), advice))
        };
        let inner: Box<dyn Read> = match start {
            [0x1f, 0x8b, ..] => Box::new(MultiGzDecoder::new(source)),
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Box::new(Frames::new(source)),
            [0xfd, b'7', b'z', b'X', b'Z', ..] => return foreign("xz"),
            [b'B', b'Z', b'h', ..] => return foreign("bzip2"),
            [b'P', b'K', 3, 4, ..] => return foreign("zip"),
            _ => {
                let (inner, limit) = (Box::new(source), u64::MAX);
                return Ok(Self { path: path.to_owned(), inner, read: 0, limit, zeros: 0, ceiling: Ceiling::new() });
            }
        };
        Ok(Self { path: path.to_owned(), inner, read: 0, limit, zeros: 0, ceiling: Ceiling::new() })
    }

    /// What limits it while somebody else reads it.
    pub(super) fn ceiling(&self) -> Ceiling {
        self.ceiling.clone()
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// How many zeros the bytes that were read end in.
    pub(super) fn trailing_zeros(&self) -> u64 {
        self.zeros
    }

    /// All that is left of it, up to `most` bytes.
    pub(super) fn read_up_to(&mut self, most: u64) -> Result<Vec<u8>, DataError> {
        let mut bytes = Vec::new();
        match self.by_ref().take(most).read_to_end(&mut bytes) {
            Ok(_) => Ok(bytes),
            Err(error) => Err(self.broken(&error)),
        }
    }

    /// What an error of reading says of the file.
    pub(super) fn broken(&self, error: &io::Error) -> DataError {
        let advice = if error.kind() == io::ErrorKind::FileTooLarge {
            "it looks made to fill memory; unpack it, and use the folder if it is what you think"
        } else {
            FETCH_AGAIN
        };
        fault(&self.path, DataPlace::Offset(self.read), format!("cannot be read on from here: {error}"), advice)
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read += count as u64;
        if self.read > self.limit {
            let text = format!("it expands to more than {} GiB, {RATIO} times its size", self.limit >> 30);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
        }
        if !self.ceiling.reach(self.read) {
            return Err(io::Error::new(
                io::ErrorKind::QuotaExceeded,
                "this part of it is longer than any that is read",
            ));
        }
        match buffer[..count].iter().rposition(|b| *b != 0) {
            Some(last) => self.zeros = (count - last - 1) as u64,
            None => self.zeros += count as u64,
        }
        Ok(count)
    }
}

/// The frames of a zstd file, one after the other, each against its checksum.
struct Frames {
    source: BufReader<File>,
    decoder: FrameDecoder,
    inside: bool,
}

impl Frames {
    fn new(source: BufReader<File>) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(WINDOW);
        Self { source, decoder, inside: false }
    }

    /// Goes to the next frame with data; false at the end of the file.
    fn begin(&mut self) -> io::Result<bool> {
        while !self.source.fill_buf()?.is_empty() {
            match self.decoder.reset(&mut self.source) {
                Ok(()) => {
                    self.inside = true;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    let skipped = io::copy(&mut self.source.by_ref().take(u64::from(length)), &mut io::sink())?;
                    if skipped < u64::from(length) {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        Ok(false)
    }

    fn end(&mut self) -> io::Result<()> {
        self.inside = false;
        match self.decoder.get_checksum_from_data() {
            Some(expected) if self.decoder.get_calculated_checksum() != Some(expected) => {
                Err(io::Error::new(io::ErrorKind::InvalidData, "the checksum of a frame is another"))
            }
            _ => Ok(()),
        }
    }
}

impl Read for Frames {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.inside && (buffer.is_empty() || !self.begin()?) {
                return Ok(0);
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                let blocks = BlockDecodingStrategy::UptoBlocks(1);
                self.decoder.decode_blocks(&mut self.source, blocks).map_err(io::Error::other)?;
            }
            match self.decoder.read(buffer)? {
                0 if buffer.is_empty() => return Ok(0),
                0 => self.end()?,
                count => return Ok(count),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::testing::{gzip, said, zstd};

    fn read(bytes: &[u8], limit: u64) -> Result<Vec<u8>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, bytes).unwrap();
        let mut stream = Stream::of(&path, File::open(&path).unwrap(), limit).map_err(|e| said(&e))?;
        stream.read_up_to(u64::MAX).map_err(|e| said(&e))
    }

    #[test]
    fn plain_gzip_and_zstd_say_the_same() {
        let text: Vec<u8> = (0..300_000_u32).flat_map(|i| (i / 7).to_le_bytes()).collect();
        let skippable = [&[0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3][..], &zstd(&text)].concat();
        for packed in [text.clone(), gzip(&text), zstd(&text), skippable] {
            assert!(read(&packed, u64::MAX).unwrap() == text);
        }
        let halves = text.split_at(1000);
        assert!(read(&[zstd(halves.0), zstd(halves.1)].concat(), u64::MAX).unwrap() == text);
        assert!(read(&[gzip(halves.0), gzip(halves.1)].concat(), u64::MAX).unwrap() == text);
        assert!(read(&[], u64::MAX).unwrap().is_empty());
    }

    #[test]
    fn what_is_cut_or_damaged_is_told() {
        let text: Vec<u8> = (0..100_000_u32).flat_map(|i| i.wrapping_mul(i).to_le_bytes()).collect();
        for packed in [gzip(&text), zstd(&text)] {
            for length in [packed.len() - 1, packed.len() / 2, 20, 7] {
                let error = read(&packed[..length], u64::MAX).unwrap_err();
                assert!(error.contains("cannot be read on from here") && error.contains("fetch it again"), "{error}");
            }
            let mut damaged = packed.clone();
            let last = damaged.len() - 2;
            damaged[last] ^= 0x10;
            assert!(read(&damaged, u64::MAX).is_err());
        }
    }

    #[test]
    fn what_expands_without_end_is_stopped() {
        for packed in [gzip(&[0; 1 << 20]), zstd(&[0; 1 << 20])] {
            assert!(read(&packed, 1 << 20).is_ok());
            let error = read(&packed, (1 << 20) - 1).unwrap_err();
            assert!(error.contains("expands to more than") && error.contains("unpack it"), "{error}");
        }
    }

    #[test]
    fn other_compressions_are_named() {
        for (start, name) in [(&b"\xfd7zXZ\0"[..], "xz"), (b"BZh9", "bzip2"), (b"PK\x03\x04", "zip")] {
            assert!(read(start, u64::MAX).unwrap_err().contains(&format!("compressed by {name}")));
        }
    }
}
