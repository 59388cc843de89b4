//! What is whole in a damaged store: events found page by page, whatever has become of the tree that they hung in.
//!
//! Pages are read as [SQLite's file format](https://www.sqlite.org/fileformat2.html) has them, from the database and from the frames
//! of its log. Every cell of a leaf that looks like an event is tried, also those of pages that are no longer in use: an event
//! with the right checksum is that event, wherever it was found.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::format::checksum;
use super::sqlite::log_of;
use super::undelivered::Kept;
use crate::guard;
use crate::record::{Event, StoredEvent};

/// Bytes of the header of a log, and of that of each of its frames.
const LOG_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// First byte of a page that is a leaf of a table.
const LEAF: u8 = 0x0d;
/// No event is longer; a damaged length is mostly much larger.
const LONGEST: usize = 1 << 28;

/// What was found.
#[derive(Debug, Default)]
pub struct Salvage {
    /// The events that are whole, in order, with gaps where others were.
    pub entries: Vec<StoredEvent>,
    /// How many of them have no checksum, having been stored by an early version, so that nobody can know whether they are as they
    /// were.
    pub unchecked: usize,
    /// Places at which something like an event was found that is not what was stored there.
    pub damaged: Vec<u64>,
    /// Place of the last event that the store says it had, if that could be read.
    pub last: Option<u64>,
}

impl Salvage {
    /// Looks through a database and its log.
    ///
    /// # Errors
    /// Those of reading. A part that cannot be read is passed over where the rest can be.
    pub fn of(path: &Path) -> std::io::Result<Self> {
        let database = read(path)?;
        let log = read(&log_of(path))?;
        let pages = Pages::of(&database, &log);
        let mut found: BTreeMap<u64, Found> = BTreeMap::new();
        let mut salvage = Self::default();
        for page in pages.all() {
            for cell in page.cells() {
                if let Some(seq) = pages.payload(&cell).as_deref().and_then(head) {
                    salvage.last = salvage.last.max(Some(seq));
                }
                for payload in pages.payloads(&cell) {
                    let Some(this) = event(cell.rowid, &payload) else { continue };
                    let better = found.get(&cell.rowid).is_none_or(|known| this.rank() >= known.rank());
                    if better {
                        found.insert(cell.rowid, this);
                    }
                }
            }
        }
        // How a trial ended while the store was locked; what cannot be read of it is not missed, for it was never stored.
        let kept = super::undelivered::read(path).ok().flatten().filter(|kept| is_of(&found, kept));
        for row in kept.into_iter().flat_map(|kept| kept.rows) {
            let sum = checksum(row.entry.seq, row.entry.time, &row.body);
            found.entry(row.entry.seq).or_insert(Found::Whole(Box::new(row.entry), sum));
        }
        for (seq, found) in found {
            match found {
                Found::Whole(entry, _) => salvage.entries.push(*entry),
                Found::Unchecked(entry, _) => {
                    salvage.unchecked += 1;
                    salvage.entries.push(*entry);
                }
                Found::Damaged => salvage.damaged.push(seq),
            }
        }
        Ok(salvage)
    }
}

/// Whether kept events are this store's: by what of both events that they name is still there.
fn is_of(found: &BTreeMap<u64, Found>, kept: &Kept) -> bool {
    let before = kept.rows.first().map_or(0, |row| row.entry.seq.saturating_sub(1));
    let same = |seq: u64, named: Option<u64>| match found.get(&seq) {
        Some(Found::Whole(_, sum) | Found::Unchecked(_, sum)) => Some(Some(*sum) == named),
        Some(Found::Damaged) | None => None,
    };
    let known = [same(1, kept.bond.study), same(before, kept.bond.before)];
    known.contains(&Some(true)) && !known.contains(&Some(false))
}

/// Place of the last event by the pages of the file alone, without its log; `None` if they do not tell.
pub(super) fn last_in_file(path: &Path) -> Option<u64> {
    let database = read(path).ok()?;
    let pages = Pages::of(&database, &[]);
    let cells = pages.all().flat_map(|page| page.cells());
    cells.filter_map(|cell| head(&pages.payload(&cell)?)).max()
}

/// All that can be read of a file; nothing if it is not there. Blocks that the disk does not give are zeros.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::os::unix::fs::FileExt;
    const BLOCK: usize = 4096;
    let file = match guard::file::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        opened => opened?,
    };
    let size = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    let mut bytes = vec![0; size];
    let mut last = None;
    let mut any = size == 0;
    for (i, block) in bytes.chunks_mut(BLOCK).enumerate() {
        match file.read_exact_at(block, (i * BLOCK) as u64) {
            Ok(()) => any = true,
            Err(error) => {
                block.fill(0);
                last = Some(error);
            }
        }
    }
    match last {
        Some(error) if !any => Err(error),
        _ => Ok(bytes),
    }
}

enum Found {
    /// With the checksum of what was found.
    Whole(Box<StoredEvent>, u64),
    Unchecked(Box<StoredEvent>, u64),
    Damaged,
}

impl Found {
    fn rank(&self) -> u8 {
        match self {
            Self::Whole(..) => 2,
            Self::Unchecked(..) => 1,
            Self::Damaged => 0,
        }
    }
}

/// The pages of a database and the versions of them in its log.
struct Pages<'a> {
    database: Vec<&'a [u8]>,
    frames: Vec<(u32, &'a [u8])>,
    newest: HashMap<u32, &'a [u8]>,
}

/// One page; the first of a database begins with 100 bytes of header.
struct Page<'a> {
    bytes: &'a [u8],
    begin: usize,
}

/// A row of a table: what of it is on its page, and where it goes on.
struct Cell<'a> {
    rowid: u64,
    size: usize,
    local: &'a [u8],
    overflow: Option<u32>,
}

impl<'a> Pages<'a> {
    fn of(database: &'a [u8], log: &'a [u8]) -> Self {
        let of_database = database.get(16..18).map(|b| usize::from(u16::from_be_bytes([b[0], b[1]])));
        let of_log = number(log, 8).map(|size| size as usize);
        // 65,536 does not fit into two bytes and is written as 1.
        let valid = |size: usize| match size {
            1 => Some(65_536),
            size => (size.is_power_of_two() && (512..=65_536).contains(&size)).then_some(size),
        };
        let size = of_database.and_then(valid).or(of_log.and_then(valid)).unwrap_or(4096);
        let database = database.chunks_exact(size).collect();
        let frames: Vec<_> = log
            .get(LOG_HEADER..)
            .unwrap_or_default()
            .chunks_exact(FRAME_HEADER + size)
            .filter_map(|frame| Some((number(frame, 0)?, frame.get(FRAME_HEADER..)?)))
            .collect();
        let newest = frames.iter().copied().collect();
        Self { database, frames, newest }
    }

    fn all(&self) -> impl Iterator<Item = Page<'a>> {
        let database = self.database.iter().enumerate().map(|(i, bytes)| Page::new(bytes, i == 0));
        database.chain(self.frames.iter().map(|(number, bytes)| Page::new(bytes, *number == 1)))
    }

    /// The row as the newest pages have it, and as the database alone has it, where that is another.
    fn payloads(&self, cell: &Cell<'a>) -> Vec<Vec<u8>> {
        let mut payloads: Vec<_> = self.payload(cell).into_iter().collect();
        if cell.overflow.is_some() {
            let old = self.joined(cell, |number| self.database.get(number as usize - 1).copied());
            payloads.extend(old);
        }
        payloads
    }

    fn payload(&self, cell: &Cell<'a>) -> Option<Vec<u8>> {
        let newest = |number: u32| self.newest.get(&number).or(self.database.get(number as usize - 1)).copied();
        self.joined(cell, newest)
    }

    fn joined(&self, cell: &Cell<'a>, page: impl Fn(u32) -> Option<&'a [u8]>) -> Option<Vec<u8>> {
        let mut payload = cell.local.to_vec();
        let mut next = cell.overflow;
        while let Some(number) = next.filter(|number| *number > 0) {
            let bytes = page(number)?;
            let missing = cell.size.checked_sub(payload.len()).filter(|missing| *missing > 0)?;
            let part = bytes.get(4..)?;
            payload.extend_from_slice(&part[..part.len().min(missing)]);
            next = self::number(bytes, 0);
        }
        (payload.len() == cell.size).then_some(payload)
    }
}

impl<'a> Page<'a> {
    fn new(bytes: &'a [u8], first: bool) -> Self {
        Self { bytes, begin: if first { 100 } else { 0 } }
    }

    fn cells(&self) -> Vec<Cell<'a>> {
        if self.bytes.get(self.begin) != Some(&LEAF) {
            return Vec::new();
        }
        let short = |at: usize| self.bytes.get(at..at + 2).map(|b| usize::from(u16::from_be_bytes([b[0], b[1]])));
        let count = short(self.begin + 3).unwrap_or_default();
        let pointers = (0..count).map_while(|i| short(self.begin + 8 + 2 * i));
        pointers.filter_map(|at| self.cell(at)).collect()
    }

    fn cell(&self, at: usize) -> Option<Cell<'a>> {
        let mut rest = self.bytes.get(at..)?;
        let size = usize::try_from(varint(&mut rest)?).ok().filter(|size| *size <= LONGEST)?;
        let rowid = varint(&mut rest)?;
        // How much of a long row is on the leaf itself: "B-tree Cell Format" of the file format.
        let usable = self.bytes.len();
        let most = usable.checked_sub(35)?;
        if size <= most {
            return Some(Cell { rowid, size, local: rest.get(..size)?, overflow: None });
        }
        let least = (usable - 12) * 32 / 255 - 23;
        let fitting = least + (size - least) % (usable - 4);
        let here = if fitting <= most { fitting } else { least };
        Some(Cell { rowid, size, local: rest.get(..here)?, overflow: number(rest, here) })
    }
}

/// Four bytes, big endian.
fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]))
}

/// A number of one to nine bytes.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for i in 0..9 {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        if i == 8 {
            return Some(value << 8 | u64::from(byte));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// A value of a row.
enum Value<'a> {
    Null,
    Int(i64),
    Real(f64),
    Text(&'a [u8]),
}

/// The values of a row: "Record Format" of the file format.
fn values(payload: &[u8]) -> Option<Vec<Value<'_>>> {
    let mut rest = payload;
    let size = usize::try_from(varint(&mut rest)?).ok()?;
    let mut types = payload.get(payload.len() - rest.len()..size)?;
    let mut content = payload.get(size..)?;
    let mut values = Vec::new();
    while !types.is_empty() {
        let kind = varint(&mut types)?;
        let length = match kind {
            0 | 8 | 9 => 0,
            1..=4 => kind,
            5 => 6,
            6 | 7 => 8,
            12.. => (kind - 12) / 2,
            _ => return None,
        };
        let (bytes, after) = content.split_at_checked(usize::try_from(length).ok()?)?;
        content = after;
        values.push(match kind {
            0 => Value::Null,
            7 => Value::Real(f64::from_be_bytes(bytes.try_into().ok()?)),
            8 => Value::Int(0),
            9 => Value::Int(1),
            1..=6 => {
                let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
                let begin = if negative { -1 } else { 0 };
                Value::Int(bytes.iter().fold(begin, |value, byte| value << 8 | i64::from(*byte)))
            }
            _ if kind % 2 == 1 => Value::Text(bytes),
            _ => return None,
        });
    }
    Some(values)
}

/// The event in a row of the table of events.
fn event(seq: u64, payload: &[u8]) -> Option<Found> {
    let values = values(payload)?;
    let (time, body, sum) = match values.as_slice() {
        [Value::Null, time, Value::Text(body), rest @ ..] if rest.len() <= 1 => (time, body, rest.first()),
        _ => return None,
    };
    let time = match time {
        Value::Real(time) => *time,
        // Whole numbers are stored as such.
        Value::Int(time) => *time as f64,
        _ => return None,
    };
    let sum = match sum {
        None => None,
        // Whoever changed the event has taken its checksum out.
        Some(Value::Null) => return Some(Found::Damaged),
        Some(Value::Int(sum)) => Some(sum.cast_unsigned()),
        Some(_) => return None,
    };
    let Ok(body) = std::str::from_utf8(body) else { return Some(Found::Damaged) };
    let Ok(event) = serde_json::from_str::<Event>(body) else { return Some(Found::Damaged) };
    let (entry, found) = (Box::new(StoredEvent { seq, time, event }), checksum(seq, time, body));
    Some(match sum {
        Some(sum) if sum == found => Found::Whole(entry, found),
        Some(_) => Found::Damaged,
        None => Found::Unchecked(entry, found),
    })
}

/// The place of the last event, in the one row of its table.
fn head(payload: &[u8]) -> Option<u64> {
    match values(payload)?.as_slice() {
        [Value::Null, Value::Int(seq)] => u64::try_from(*seq).ok(),
        _ => None,
    }
}
