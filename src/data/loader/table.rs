//! Tables of comma- or tab-separated values, with a header: one file, or one for each part of the data.
//!
//! One column is the label. Columns of numbers are features as they are; a column with any text becomes one feature per
//! different text, 1 where it is that text and 0 elsewhere. Nothing else is computed over all rows, for some of them will
//! be there to judge by: scaling is left to whoever knows which rows are trained on.

use std::path::Path;

use super::columns::{CLASSES, Classes, Column, FEW, LEVELS, number};
use super::odd::{Spot, odd_cell};
use super::parts::Part;
use super::rows::Table;
use super::table_notes::{TableNotes, label_among};
use super::table_parts::File;
use super::{MEMORY, fault};
use crate::data::{DataError, DataPlace, Dataset, FeatureColumn, Features, Label, Shape, Targets, Task};

/// What all different texts of all columns may take, together, in bytes: 256 MiB.
const TEXTS: usize = 256 << 20;

/// So many columns are named in one sentence.
pub(super) const NAMED: usize = 20;

/// Reads a table twice, first to see what its columns hold. Takes the memory of the dataset and of one row.
///
/// The label is the column of this name; or else the one called `label`, `target` or `class`; or else the last. Texts, and
/// whole numbers if there are at most 20 different ones, are classes, unless another task is asked for.
pub(super) fn load(path: &Path, name: &str, label: Option<&str>, task: Option<Task>) -> Result<Dataset, DataError> {
    load_files(&[File { part: Part::Train, path: path.to_owned() }], name, label, task)
}

/// Reads the tables of a data set's parts, those to train on first, then those for validation, then those for the test.
pub(super) fn load_files(
    files: &[File],
    name: &str,
    label: Option<&str>,
    task: Option<Task>,
) -> Result<Dataset, DataError> {
    let tables = Tables::open(files)?;
    let path = tables.first().path;
    let (label, because) = label_among(path, &tables.header, label)?;
    let columns = tables.survey(label, task)?;
    let wide: usize = columns.iter().enumerate().filter(|(i, _)| *i != label).map(|(_, c)| width(c)).sum();
    let rows = columns[label].cells;
    let numbers = rows.saturating_mul(wide);
    let mut features = Vec::new();
    if numbers as u64 > MEMORY / 4 || features.try_reserve_exact(numbers).is_err() {
        let problem = format!("{rows} rows of {wide} numbers need more than {} GiB", MEMORY >> 30);
        return Err(fault(path, DataPlace::Whole, problem, "use fewer rows or columns"));
    }
    let (task, task_because) = match task {
        Some(task) => (task, "`task` in [train] says so".to_owned()),
        None => columns[label].task(),
    };
    let mut targets = tables.targets(&columns[label], label, task)?;
    let levels: Vec<Vec<String>> =
        columns.iter().map(|c| if c.is_numeric() { Vec::new() } else { c.levels() }).collect();
    let mut ends = Vec::new();
    for table in &tables.tables {
        table.each_row(&tables.header, |at, row| {
            for (column, text) in row.iter().enumerate() {
                let place = || table.place(at, Some(&tables.header[column]));
                let change = || fault(table.path, place(), "the table has changed while it was read", "read it again");
                let single = || match number(text).map(|n| n as f32) {
                    Some(number) if number.is_finite() => Ok(number),
                    Some(_) => Err(fault(table.path, place(), format!("`{text}` is too large a number"), "mend it")),
                    None => Err(change()),
                };
                if column == label {
                    match &mut targets {
                        Wanted::Classes(classes, labels) => labels.push(classes.find(text).ok_or_else(change)?),
                        Wanted::Values(values) => values.push(single()?),
                    }
                } else if columns[column].is_numeric() {
                    features.push(single()?);
                } else {
                    let level = levels[column].binary_search_by(|l| l.as_str().cmp(text)).map_err(|_| change())?;
                    features.extend((0..levels[column].len()).map(|i| if i == level { 1.0 } else { 0.0 }));
                }
            }
            Ok(())
        })?;
        ends.push(targets.len());
    }
    let notes = TableNotes { header: &tables.header, columns: &columns, label };
    let mut told = notes.all();
    let shape = Shape::of_columns(wide);
    let mut dataset = match targets {
        Wanted::Values(values) => {
            Dataset::from_parts(name, shape, Features::Floats(features), Targets::Values(values))?
        }
        Wanted::Classes(classes, labels) => {
            let train = files.iter().take_while(|file| file.part == Part::Train).count();
            refuse_unseen(&labels, &classes, &ends, train, &tables)?;
            let targets = Targets::Classes { labels, classes: classes.names.len() };
            let dataset = Dataset::from_parts(name, shape, Features::Floats(features), targets)?;
            let dataset = match &classes.alike {
                Some((one, other)) => {
                    told.push(format!(
                        "`{one}` and `{other}` of `{}` are one number in two spellings, and two classes; write them alike if \
                         they are one",
                        tables.header[label]
                    ));
                    dataset.read_otherwise_before(format!(
                        "`{one}` and `{other}` of `{}` are two classes now; they were one before",
                        tables.header[label]
                    ))
                }
                None => dataset,
            };
            dataset.with_class_names(classes.names)?
        }
    };
    let column = tables.header[label].clone();
    let seen = tables.header.into_iter().zip(levels).enumerate().filter(|(index, _)| *index != label);
    let seen: Vec<FeatureColumn> = seen.map(|(_, (name, categories))| FeatureColumn { name, categories }).collect();
    let from = |part: Part| {
        let before = files.iter().take_while(|file| file.part < part).count();
        (before < files.len() && files[before].part == part).then(|| ends[..before].last().copied().unwrap_or(0))
    };
    let (validation_from, test_from) = match (from(Part::Validation), from(Part::Test)) {
        (Some(validation), None) => {
            told.push("the table for validation is taken as the test part, as there is no other".to_owned());
            (None, Some(validation))
        }
        both => both,
    };
    if let Some(index) = test_from {
        dataset = dataset.with_test_from(index)?;
    }
    if let Some(index) = validation_from {
        dataset = dataset.with_validation_from(index)?;
    }
    let dataset = dataset.with_columns(seen)?.with_label(Label { column, because, task_because });
    Ok(told.into_iter().fold(dataset, Dataset::noted))
}

fn width(column: &Column) -> usize {
    if column.is_numeric() { 1 } else { column.levels().len() }
}

/// Refuses a class of which there is nothing to train on.
fn refuse_unseen(
    labels: &[u32],
    classes: &Classes,
    ends: &[usize],
    train: usize,
    tables: &Tables<'_>,
) -> Result<(), DataError> {
    let trained = ends[..train].last().copied().unwrap_or(0);
    let mut seen = vec![false; classes.names.len()];
    labels[..trained].iter().for_each(|label| seen[*label as usize] = true);
    match labels.iter().enumerate().find(|(_, label)| !seen[**label as usize]) {
        None => Ok(()),
        Some((row, label)) => {
            let file = ends.iter().position(|end| row < *end).unwrap_or(0);
            let problem = format!("the class `{}` has nothing to train on", classes.names[*label as usize]);
            Err(fault(
                tables.tables[file].path,
                DataPlace::Whole,
                problem,
                "move some of it to the table to train on, or remove it",
            ))
        }
    }
}

enum Wanted {
    Classes(Classes, Vec<u32>),
    Values(Vec<f32>),
}

impl Wanted {
    fn len(&self) -> usize {
        match self {
            Self::Classes(_, labels) => labels.len(),
            Self::Values(values) => values.len(),
        }
    }
}

/// Tables with the same columns.
struct Tables<'a> {
    tables: Vec<Table<'a>>,
    header: Vec<String>,
}

impl<'a> Tables<'a> {
    fn open(files: &'a [File]) -> Result<Self, DataError> {
        let tables: Vec<Table<'a>> = files.iter().map(|file| Table::of(&file.path)).collect::<Result<_, _>>()?;
        let header = tables[0].header()?;
        for other in &tables[1..] {
            let own = other.header()?;
            if let Some(name) = header.iter().find(|name| !own.contains(name)) {
                let problem = format!("there is no column `{name}`, as there is in {}", tables[0].path.display());
                let advice = "give it the same columns; one without the label judges nothing, and is to be moved away";
                return Err(fault(other.path, DataPlace::Line(1, None), problem, advice));
            }
            if own != header {
                let problem =
                    format!("its columns are others, or in another order, than in {}", tables[0].path.display());
                return Err(fault(
                    other.path,
                    DataPlace::Line(1, None),
                    problem,
                    "give both the same columns in one order",
                ));
            }
        }
        Ok(Self { tables, header })
    }

    fn first(&self) -> &Table<'a> {
        &self.tables[0]
    }

    fn fault(&self, spot: Spot, column: usize, problem: impl Into<String>, advice: impl Into<String>) -> DataError {
        let table = &self.tables[spot.0];
        fault(table.path, table.place(spot.1, Some(&self.header[column])), problem, advice)
    }

    /// What the columns hold; each cell of them can be used.
    fn survey(&self, label: usize, task: Option<Task>) -> Result<Vec<Column>, DataError> {
        let most = |column| if column == label { CLASSES.max(FEW) } else { LEVELS };
        let mut columns: Vec<Column> = (0..self.header.len()).map(|column| Column::new(most(column))).collect();
        let mut held = 0_usize;
        for (file, table) in self.tables.iter().enumerate() {
            let mut rows = 0;
            table.each_row(&self.header, |at, row| {
                rows += 1;
                for (index, text) in row.iter().enumerate() {
                    held = held.saturating_add(columns[index].see((file, at), text));
                    if held > TEXTS {
                        let problem = format!("texts of more than {} MiB up to here", TEXTS >> 20);
                        let advice = "remove columns of long texts, which cannot be learned from here";
                        return Err(self.fault((file, at), index, problem, advice));
                    }
                }
                Ok(())
            })?;
            if rows == 0 {
                return Err(fault(
                    table.path,
                    DataPlace::Line(2, None),
                    "there is no row after the header",
                    "add some",
                ));
            }
        }
        self.refuse_missing(&columns)?;
        for (index, column) in columns.iter().enumerate() {
            // Whoever asks for classes or numbers knows what the label holds.
            if (index != label || task.is_none())
                && let Some(odd) = odd_cell(column)
            {
                let names = match index == label {
                    true => "; or say `task = \"classification\"`, if they name classes".to_owned(),
                    false => "; if the column names things, write its numbers as names too, such as `no. 7`".to_owned(),
                };
                return Err(self.fault(odd.spot, index, odd.problem, odd.advice + &names));
            }
            if index != label
                && column.is_over()
                && let Some((spot, text)) = &column.text
            {
                let problem = format!("more than {LEVELS} different texts, the first `{text}`");
                return Err(self.fault(*spot, index, problem, "mend what should be numbers, or remove the column"));
            }
        }
        Ok(columns)
    }

    /// Refuses cells without a value, and says how many there are and where.
    fn refuse_missing(&self, columns: &[Column]) -> Result<(), DataError> {
        let lacking = || columns.iter().enumerate().filter(|(_, column)| column.absent > 0);
        let first = lacking()
            .filter_map(|(index, column)| Some((column.missing.as_ref()?, index)))
            .min_by_key(|(m, i)| (m.0, *i));
        let Some(((spot, text), index)) = first else { return Ok(()) };
        let problem = if text.is_empty() { "no value".to_owned() } else { format!("`{text}` is no value") };
        let all: usize = lacking().map(|(_, column)| column.absent).sum();
        let in_all = match all {
            1 => String::new(),
            _ => {
                let mut names: Vec<String> =
                    lacking().take(NAMED).map(|(i, c)| format!("`{}` {}", self.header[i], c.absent)).collect();
                let more = lacking().count() - names.len();
                names.extend((more > 0).then(|| format!("{more} more columns")));
                format!(" ({all} cells have none: {})", names.join(", "))
            }
        };
        let advice = format!("fill it in, or remove the row or the column{in_all}");
        Err(self.fault(*spot, index, problem, advice))
    }

    /// Checks that a label can be predicted in this way.
    fn targets(&self, column: &Column, label: usize, task: Task) -> Result<Wanted, DataError> {
        match (task, &column.text) {
            (Task::Regression, Some((spot, text))) => {
                let problem = format!("`{text}` is no number, so it cannot be predicted as one");
                Err(self.fault(*spot, label, problem, "mend it, or ask for a classification"))
            }
            (Task::Regression, None) => Ok(Wanted::Values(Vec::new())),
            (Task::Classification, _) if column.is_over() => {
                let problem = format!("the label `{}` has more than {CLASSES} different values", self.header[label]);
                let advice = "name another column by `label`, or ask for a regression";
                Err(fault(self.first().path, DataPlace::Whole, problem, advice))
            }
            (Task::Classification, _) => Ok(Wanted::Classes(Classes::of(column), Vec::new())),
        }
    }
}

#[cfg(test)]
mod tests;
