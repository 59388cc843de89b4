//! The rows of one table, in their order.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::columns::number;
use super::fault;
use super::stream::Stream;
use crate::data::{DataError, DataPlace};

/// One row may have so many bytes: 64 MiB.
const ROW: u64 = 64 << 20;

/// Whether a file name is one of a table that can be read.
pub(super) fn is_table(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".csv", ".tsv"].iter().any(|end| name.strip_suffix(".gz").unwrap_or(&name).ends_with(end))
}

/// A table that is read row by row.
pub(super) struct Table<'a> {
    pub(super) path: &'a Path,
    separator: u8,
}

/// Tabs in a .tsv, or else commas, or what is there instead of them.
fn separator(path: &Path) -> Result<u8, DataError> {
    let start = Stream::open(path)?.read_up_to(1 << 16)?;
    let line = start.split(|b| *b == b'\n').next().unwrap_or_default();
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    if name.strip_suffix(".gz").unwrap_or(&name).ends_with(".tsv") {
        return Ok(b'\t');
    }
    Ok([b',', b';', b'\t'].into_iter().find(|separator| line.contains(separator)).unwrap_or(b','))
}

impl<'a> Table<'a> {
    pub(super) fn of(path: &'a Path) -> Result<Self, DataError> {
        Ok(Self { path, separator: separator(path)? })
    }

    fn reader(&self) -> Result<csv::Reader<Stream>, DataError> {
        let mut builder = csv::ReaderBuilder::new();
        builder.delimiter(self.separator).flexible(true).trim(csv::Trim::All);
        Ok(builder.from_reader(Stream::open(self.path)?))
    }

    /// The names of the columns.
    pub(super) fn header(&self) -> Result<Vec<String>, DataError> {
        let mut reader = self.reader()?;
        reader.get_ref().ceiling().set(ROW);
        let header: Vec<String> = reader.headers().map_err(|e| self.broken(&e))?.iter().map(str::to_owned).collect();
        let wrong = |problem: String, advice: &str| Err(fault(self.path, DataPlace::Line(1, None), problem, advice));
        if header.len() < 2 {
            return wrong("is no header of several columns".to_owned(), "separate values by commas, or tabs in a .tsv");
        }
        if header.iter().all(|name| number(name).is_some()) {
            return wrong(
                "is no header, but numbers".to_owned(),
                "put a line with the columns' names before the first row",
            );
        }
        let mut seen = BTreeSet::new();
        for (column, name) in (1..).zip(&header) {
            if name.is_empty() {
                return wrong(
                    format!("column {column} has no name"),
                    "name it; or remove it, if it only counts the rows",
                );
            }
            if !seen.insert(name) {
                return wrong(format!("there are two columns `{name}`"), "rename one of them");
            }
        }
        Ok(header)
    }

    /// The line of the row at this byte. It is looked for only where it must be told: the reader's own count of lines
    /// goes wrong at blank ones.
    pub(super) fn place(&self, at: u64, column: Option<&str>) -> DataPlace {
        let Ok(stream) = Stream::open(self.path) else { return DataPlace::Offset(at) };
        let mut line = 1;
        for (offset, byte) in (0..).zip(BufReader::new(stream).bytes()) {
            match byte {
                Ok(b'\n') => line += 1,
                Ok(byte) if offset < at || byte == b'\r' => {}
                _ => break,
            }
        }
        DataPlace::Line(line, column.map(str::to_owned))
    }

    pub(super) fn each_row(
        &self,
        header: &[String],
        mut visit: impl FnMut(u64, &csv::StringRecord) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        let (mut reader, mut row) = (self.reader()?, csv::StringRecord::new());
        let ceiling = reader.get_ref().ceiling();
        loop {
            ceiling.set(ceiling.position().saturating_add(ROW));
            if !reader.read_record(&mut row).map_err(|e| self.broken(&e))? {
                return Ok(());
            }
            let at = row.position().map_or(0, csv::Position::byte);
            if row.len() != header.len() {
                let problem = format!("{} values for {} columns", row.len(), header.len());
                let advice = "give each column a value, and put values with separators into quotes";
                return Err(fault(self.path, self.place(at, None), problem, advice));
            }
            visit(at, &row)?;
        }
    }

    /// The line of the first byte that is not UTF-8: the reader tells that its block is not.
    fn first_not_utf8(&self) -> Option<DataPlace> {
        let mut input = BufReader::new(Stream::open(self.path).ok()?);
        let mut text = Vec::new();
        for line in 1.. {
            text.clear();
            // A line of the table may be no longer than a row.
            let length = input.by_ref().take(ROW).read_until(b'\n', &mut text).ok()?;
            if length == 0 {
                return None;
            }
            if std::str::from_utf8(&text).is_err() {
                return Some(DataPlace::Line(line, None));
            }
        }
        None
    }

    fn broken(&self, error: &csv::Error) -> DataError {
        let place = error.position().map_or(DataPlace::Whole, |p| self.place(p.byte(), None));
        match error.kind() {
            csv::ErrorKind::Utf8 { .. } => {
                fault(self.path, self.first_not_utf8().unwrap_or(place), "is not UTF-8", "save the table as UTF-8")
            }
            csv::ErrorKind::Io(error) if error.kind() == std::io::ErrorKind::QuotaExceeded => {
                let problem = format!("a row of more than {} MiB", ROW >> 20);
                fault(self.path, place, problem, "see that lines end, and that each quotation mark has its partner")
            }
            _ => fault(self.path, place, format!("cannot be read on from here: {error}"), super::FETCH_AGAIN),
        }
    }
}
