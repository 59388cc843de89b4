//! Which tables of a folder are which part of the data: `train.csv`, `val.csv`, `test.csv`.

use std::fs;
use std::path::{Path, PathBuf};

use super::parts::Part;
use super::rows::is_table;
use super::{fault, unreadable};
use crate::data::{DataError, DataPlace};

/// A table, and what its rows are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    pub(super) part: Part,
    pub(super) path: PathBuf,
}

/// Whether a folder holds tables, and nothing that could hold images.
pub(super) fn is_in(folder: &Path) -> bool {
    let Ok((tables, has_others)) = listed(folder) else { return false };
    !tables.is_empty() && !has_others
}

/// The tables of a folder, by their parts.
pub(super) fn of_folder(folder: &Path) -> Result<Vec<File>, DataError> {
    let (tables, _) = listed(folder)?;
    let advice = "call them train.csv, val.csv and test.csv, or name the table that is meant";
    let wrong =
        |name: &str, problem: &str| Err(fault(folder, DataPlace::Entry(name.to_owned()), problem.to_owned(), advice));
    let mut files: Vec<File> = Vec::new();
    for name in &tables {
        let Some(part) = Part::of(stem(name)) else {
            return wrong(name, "is a table, but its name does not say for which part of the data");
        };
        if files.iter().any(|file| file.part == part) {
            return wrong(name, "is a second table for the same part of the data");
        }
        files.push(File { part, path: folder.join(name) });
    }
    files.sort_by_key(|file| file.part);
    match files.first() {
        Some(first) if first.part == Part::Train => Ok(files),
        _ => {
            wrong(tables.first().map_or("", String::as_str), "is for a part of the data, but there is none to train on")
        }
    }
}

/// What is said of a single table whose name is that of a part, where others lie beside it.
pub(super) fn beside(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let own = Part::of(stem(name))?;
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (tables, _) = listed(folder).ok()?;
    let others = tables.iter().filter(|other| Part::of(stem(other)).is_some_and(|part| part != own));
    let others: Vec<String> = others.take(5).map(|name| format!("`{name}`")).collect();
    (!others.is_empty()).then(|| {
        format!(
            "{} beside it is not read: name the folder, and each table is the part that it is called by",
            others.join(" and ")
        )
    })
}

fn stem(name: &str) -> &str {
    name.split('.').next().unwrap_or_default()
}

/// The names of tables in a folder, sorted, and whether folders or archives lie there too.
fn listed(folder: &Path) -> Result<(Vec<String>, bool), DataError> {
    let (mut tables, mut has_others) = (Vec::new(), false);
    for entry in fs::read_dir(folder).map_err(|e| unreadable(folder, &e))? {
        let entry = entry.map_err(|e| unreadable(folder, &e))?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with('.') || name == "__MACOSX" {
            continue;
        }
        let is_folder = entry.path().is_dir();
        has_others |= is_folder;
        if !is_folder && is_table(&name) {
            tables.push(name);
        }
    }
    tables.sort_unstable();
    Ok((tables, has_others))
}

#[cfg(test)]
mod tests {
    use super::super::table::load_files;
    use super::*;
    use crate::data::testing::said;
    use crate::data::{DataError, Dataset, Partition, Split};

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        files.iter().for_each(|(name, text)| fs::write(folder.path().join(name), text).unwrap());
        folder
    }

    fn read(folder: &Path) -> Result<Dataset, DataError> {
        load_files(&of_folder(folder)?, "parts", None, None)
    }

    const TRAIN: &str = "a,y\n1,cat\n2,dog\n3,cat\n4,dog\n";

    #[test]
    fn tables_are_parts_by_their_names() {
        let files = [("test.csv", "a,y\n9,dog\n"), ("Train.csv", TRAIN), ("val.csv", "a,y\n7,cat\n8,dog\n")];
        let folder = folder(&files);
        assert!(is_in(folder.path()));
        let data = read(folder.path()).unwrap();
        assert_eq!(data.features().to_vec(), [1.0, 2.0, 3.0, 4.0, 7.0, 8.0, 9.0]);
        assert_eq!((data.validation_from(), data.test_from()), (Some(4), Some(6)));
        let split = Split::of(&data, &Partition::default_for(&data), 1).unwrap();
        assert_eq!((split.train, split.validation, split.test), ((0..4).collect(), vec![4, 5], vec![6]));
        assert!(data.notes().is_empty(), "{:?}", data.notes());
        // One table alone is all that there is, and says what it leaves out.
        let told = beside(&folder.path().join("Train.csv")).unwrap();
        assert!(told.starts_with("`test.csv` and `val.csv` beside it is not read"), "{told}");
    }

    #[test]
    fn a_table_for_validation_is_the_test_part_where_there_is_no_other() {
        let data = read(folder(&[("train.csv", TRAIN), ("dev.csv", "a,y\n7,cat\n")]).path()).unwrap();
        assert_eq!((data.validation_from(), data.test_from()), (None, Some(4)));
        assert!(data.notes()[0].contains("taken as the test part"), "{:?}", data.notes());
    }

    #[test]
    fn what_does_not_fit_is_answered() {
        for (files, expected) in [
            (&[("train.csv", TRAIN), ("extra.csv", TRAIN)][..], "`extra.csv`: is a table, but its name does not say"),
            (&[("train.csv", TRAIN), ("training.csv", TRAIN)], "`training.csv`: is a second table"),
            (&[("test.csv", TRAIN)], "there is none to train on"),
            (&[("train.csv", TRAIN), ("test.csv", "a\n1\n")], "no header of several columns"),
            (&[("train.csv", TRAIN), ("test.csv", "a,b\n1,2\n")], "there is no column `y`, as there is in"),
            (&[("train.csv", TRAIN), ("test.csv", "y,a\ncat,2\n")], "in another order"),
            (&[("train.csv", TRAIN), ("test.csv", "a,y\n1,bird\n")], "the class `bird` has nothing to train on"),
            (&[("train.csv", TRAIN), ("test.csv", "a,y\nx,cat\n")], "test.csv, line 2, column `a`: `x` is no number"),
        ] {
            let error = said(&read(folder(files).path()).unwrap_err());
            assert!(error.contains(expected), "{error}");
        }
        let with_folder = folder(&[("labels.csv", TRAIN)]);
        fs::create_dir(with_folder.path().join("cat")).unwrap();
        assert!(!is_in(with_folder.path()), "folders may hold images");
    }
}
