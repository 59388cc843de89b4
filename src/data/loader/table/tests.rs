use std::fs;

use super::super::rows::is_table;
use super::*;
use crate::data::testing::gzip;
use crate::data::testing::said;

fn read(file: &str, bytes: &[u8], label: Option<&str>, task: Option<Task>) -> Result<Dataset, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    fs::write(&path, bytes).unwrap();
    load(&path, "tiny", label, task).map_err(|e| said(&e))
}

fn csv(text: &str) -> Result<Dataset, String> {
    read("t.csv", text.as_bytes(), None, None)
}

const PETS: &str = "size,colour,Class,age\n1.5,red,cat,3\n2,blue,dog,4\n\n-1e1, red ,cat,5\n";

#[test]
fn numbers_stay_and_texts_become_columns() {
    let pets = csv(PETS).unwrap();
    assert_eq!((pets.labels(), pets.class_names()), (&[0, 1, 0][..], &["cat".to_owned(), "dog".to_owned()][..]));
    assert_eq!(pets.shape(), Shape::of_columns(4));
    // size, colour blue, colour red, age.
    assert_eq!(pets.features().to_vec(), [1.5, 0.0, 1.0, 3.0, 2.0, 1.0, 0.0, 4.0, -10.0, 0.0, 1.0, 5.0]);
    let columns: Vec<(&str, &[String])> =
        pets.columns().iter().map(|c| (c.name.as_str(), c.categories.as_slice())).collect();
    let colours = ["blue".to_owned(), "red".to_owned()];
    assert_eq!(columns, [("size", &[][..]), ("colour", &colours), ("age", &[])]);
    let because = |text: &str| text.to_owned();
    let label = Label {
        column: "Class".to_owned(),
        because: because("it is called so"),
        task_because: because("its values are texts"),
    };
    assert_eq!((pets.label(), pets.notes()), (Some(&label), &[][..]));
}

#[test]
fn separators_and_compression_do_not_matter() {
    let expected = csv(PETS).unwrap();
    let tabs = PETS.replace(',', "\t");
    for (file, bytes) in [
        ("t.csv.gz", gzip(PETS.as_bytes())),
        ("t.tsv", tabs.clone().into_bytes()),
        ("T.TSV.GZ", gzip(tabs.as_bytes())),
        ("t.csv", PETS.replace(',', ";").into_bytes()),
        ("t.csv", PETS.replace('\n', "\r\n").into_bytes()),
        ("t.csv", [b"\xef\xbb\xbf", PETS.as_bytes()].concat()),
        ("t.csv", PETS.replace("cat", "\"cat\"").into_bytes()),
    ] {
        assert!(is_table(file));
        assert!(read(file, &bytes, None, None).unwrap() == expected, "{file}");
    }
}

#[test]
fn the_label_is_named_or_last() {
    let text = "a,target,b\n1,2,0\n3,4,1\n";
    assert_eq!(csv(text).unwrap().class_names(), ["2", "4"]);
    assert_eq!(read("t.csv", text.as_bytes(), Some("a"), None).unwrap().class_names(), ["1", "3"]);
    assert_eq!(csv("a,b\n1,7\n3,8\n").unwrap().class_names(), ["7", "8"]);
    let error = read("t.csv", text.as_bytes(), Some("A"), None).unwrap_err();
    assert!(error.contains("no column `A` to be the label; take one of `a`, `target`, `b`"), "{error}");
}

#[test]
fn the_task_is_what_the_label_looks_like_or_what_is_asked_for() {
    let real = "x,y\n1,0.5\n2,1.5\n3,0.5\n";
    let as_is = csv(real).unwrap();
    assert_eq!((as_is.task(), as_is.values(), as_is.classes()), (Task::Regression, &[0.5, 1.5, 0.5][..], 0));
    let classes = read("t.csv", real.as_bytes(), None, Some(Task::Classification)).unwrap();
    assert_eq!((classes.class_names(), classes.labels()), (&["0.5".to_owned(), "1.5".to_owned()][..], &[0, 1, 0][..]));
    let whole = "x,y\n1,10\n2,9\n3,10.0\n";
    let data = csv(whole).unwrap();
    let names = ["9".to_owned(), "10".to_owned(), "10.0".to_owned()];
    assert_eq!((data.class_names(), data.labels()), (&names[..], &[1, 0, 2][..]));
    assert!(
        data.notes()[0].starts_with("`10` and `10.0` of `y` are one number in two spellings"),
        "{:?}",
        data.notes()
    );
    assert_eq!(data.otherwise_before().len(), 1);
    let values = read("t.csv", whole.as_bytes(), None, Some(Task::Regression)).unwrap();
    assert_eq!(values.values(), [10.0, 9.0, 10.0]);
    let error = read("t.csv", PETS.as_bytes(), None, Some(Task::Regression)).unwrap_err();
    assert!(error.contains("line 2, column `Class`: `cat` is no number"), "{error}");
}

#[test]
fn wrong_tables_are_answered() {
    for (text, expected) in [
        ("a,b\n1,2\n3,\n", "line 3, column `b`: no value; fill it in, or remove the row"),
        ("a,b\n1,2\nNaN,3\n", "line 3, column `a`: `NaN` is no value"),
        ("a,b\n1,2\n\n1,2,3\n", "line 4: 3 values for 2 columns"),
        ("a,b\r\n1,2\r\n\r\n1,2,3\r\n", "line 4: 3 values for 2 columns"),
        ("a,b\n\"1\n\",2\n\n\n1,2,3", "line 6: 3 values for 2 columns"),
        ("\u{feff}a,b\n1,2\n\n\n1,2,3", "line 5: 3 values for 2 columns"),
        ("a,b\n", "line 2: there is no row"),
        ("", "line 1: is no header of several columns"),
        ("a\n1\n", "line 1: is no header of several columns"),
        ("1,2\n3,4\n", "line 1: is no header, but numbers"),
        ("a,a\n3,4\n", "there are two columns `a`"),
        (",a\n0,4\n", "column 1 has no name; name it; or remove it"),
        ("a,b\n1,2\n1e39,3\n", "line 3, column `a`: `1e39` is too large a number"),
        ("a,b\n1,2\n3,2\n", "needs at least two classes"),
        ("a,b\n1,2.5\n3,2.5\n", "all values are 2.5"),
    ] {
        let error = csv(text).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    let error = read("t.csv", b"a,b\n1,2\n1,\xff\n", None, None).unwrap_err();
    assert!(error.contains("line 3: is not UTF-8"), "{error}");
    let error = read("t.csv", b"a,b\r\n1,\xe9\r\n1,2\r\n", None, None).unwrap_err();
    assert!(error.contains("line 2: is not UTF-8"), "{error}");
    let packed = gzip(PETS.as_bytes());
    assert!(read("t.csv.gz", &packed[..packed.len() - 5], None, None).unwrap_err().contains("fetch it again"));
}

#[test]
fn too_many_texts_are_refused_where_they_begin() {
    let rows: String =
        (0..150).map(|i| format!("{},{}\n", if i == 120 { "x".to_owned() } else { i.to_string() }, i % 2)).collect();
    let error = csv(&format!("a,b\n{rows}")).unwrap_err();
    let expected = "line 122, column `a`: `x` is no number: it looks like a sign for a missing one, and the other 149 cells of \
                    the column are; mend it";
    assert!(error.contains(expected), "{error}");
    let rows: String =
        (0..300).map(|i| format!("{},{}\n", if i % 2 == 0 { format!("n{i}") } else { i.to_string() }, i % 3)).collect();
    let error = csv(&format!("a,b\n{rows}")).unwrap_err();
    assert!(error.contains("line 2, column `a`: more than 100 different texts, the first `n0`; mend"), "{error}");
    let rows: String = (0..1001).map(|i| format!("{i},name{i}\n")).collect();
    let error = csv(&format!("a,b\n{rows}")).unwrap_err();
    assert!(error.contains("the label `b` has more than 1000 different values; name another column"), "{error}");
}

#[test]
fn a_line_without_an_end_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    for start in ["a,b\n1,\"", ""] {
        fs::write(&path, start).unwrap();
        // The rest is a hole that costs no disk.
        fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(1 << 40).unwrap();
        let error = said(&load(&path, "tiny", None, None).unwrap_err());
        assert!(error.contains("a row of more than 64 MiB"), "{error}");
    }
}

#[test]
fn very_many_columns_are_read_and_few_of_them_named() {
    let row = |cell: &dyn Fn(usize) -> String| (0..30_000).map(cell).collect::<Vec<_>>().join(",");
    let text = [row(&|i| format!("c{i}")), row(&|_| "a".to_owned()), row(&|i| format!("{}", i % 2))].join("\n");
    let wide = csv(&(text + "\n")).unwrap();
    assert_eq!((wide.len(), wide.columns().len()), (2, 29_999));
    let text =
        [row(&|i| format!("c{i}")), row(&|_| "1".to_owned()), row(&|i| format!("{}", 1 + i / 29_999))].join("\n");
    let notes = csv(&(text + "\n")).unwrap().notes().to_vec();
    assert!(notes[0].starts_with("the same in all rows") && notes[0].len() < 1000, "{notes:?}");
    assert!(notes[0].ends_with("and 29979 more"), "{notes:?}");
}

#[test]
fn one_odd_cell_makes_no_texts_of_a_column_of_numbers() {
    for cell in ["None", "-", "68,5", "$12", "1,234", "12%", "missing", "1 234", "(5)", "abc", "12 kg"] {
        let rows: String = (0..60)
            .map(|i| match i {
                37 => format!("\"{cell}\";{}\n", i % 2),
                _ => format!("{}.5;{}\n", 3 * i, i % 2),
            })
            .collect();
        let error = csv(&format!("a;b\n{rows}")).unwrap_err();
        assert!(error.contains(&format!("t.csv, line 39, column `a`: `{cell}` is no number")), "{error}");
        assert!(error.contains("the other 59 cells") && error.contains("mend it"), "{error}");
    }
    // Blanks around a number are none of it, and a number in quotes is one.
    let data = csv("a,b\n\" 7 \",x\n 8,y\n\u{a0}9,x\n").unwrap();
    assert_eq!(data.features().to_vec(), [7.0, 8.0, 9.0]);
    // A label of numbers with an odd cell does not become a class for each number.
    let rows: String =
        (0..60).map(|i| format!("{i},{}\n", if i == 9 { "68,5".to_owned() } else { format!("{i}.25") })).collect();
    let quoted = rows.replace("68,5", "\"68,5\"");
    let error = csv(&format!("a,b\n{quoted}")).unwrap_err();
    assert!(error.contains("line 11, column `b`: `68,5` is no number") && error.contains("classification"), "{error}");
    // Whoever asks for classes gets them.
    let table = format!("a,b\n{quoted}");
    let data = read("t.csv", table.as_bytes(), None, Some(Task::Classification)).unwrap();
    assert_eq!(data.classes(), 60);
}

#[test]
fn cells_without_a_value_are_counted() {
    let error = csv("a,b,c\n1,NA,x\n2,,y\n?,3,x\n").unwrap_err();
    let expected = "line 2, column `b`: `NA` is no value; fill it in, or remove the row or the column (3 cells have none: `a` 1, `b` 2)";
    assert!(error.contains(expected), "{error}");
}

#[test]
fn what_is_worth_a_look_is_noted() {
    let rows: String = (0..30).map(|i| format!("{},5,{},{}\n", i + 1, ["none", "red", "blue"][i % 3], i % 2)).collect();
    let notes = csv(&format!("id,same,colour,target\n{rows}")).unwrap().notes().to_vec();
    assert_eq!(notes.len(), 3, "{notes:?}");
    assert!(notes[0].ends_with("`same`") && notes[1].ends_with("`id`") && notes[2].ends_with("`none` of `colour`"));
    let notes = csv(&format!("id,same,label,target\n{rows}")).unwrap().notes().to_vec();
    assert!(notes.iter().any(|note| note == "a feature, though its name is one of a label: `target`"), "{notes:?}");
}

#[test]
fn labels_are_the_texts_that_they_are_written_as() {
    let data = csv("a,b\n1,01\n2,02\n3,1\n4,01\n").unwrap();
    assert_eq!(data.class_names(), ["01", "1", "02"]);
    assert_eq!(data.labels(), [0, 2, 1, 0]);
    let data = csv("a,b\n1,10\n2,9\n3,-1\n").unwrap();
    assert_eq!((data.class_names(), data.notes().len()), (&["-1", "9", "10"].map(str::to_owned)[..], 0));
}

#[test]
fn only_files_are_read() {
    let error = said(&load(std::path::Path::new("/dev/zero"), "tiny", None, None).unwrap_err());
    assert!(error.contains("it is a device"), "{error}");
}

#[test]
fn a_first_row_of_values_is_told_and_counted_columns_are_not() {
    let notes = |text: &str| csv(text).unwrap().notes().to_vec();
    let told = notes("5.1,3.5,setosa\n4.9,3.0,setosa\n6.2,3.1,virginica\n");
    assert!(
        told.iter().any(|note| note.contains("the first row is taken for names") && note.contains("`5.1`")),
        "{told:?}"
    );
    assert_eq!(notes("0,1,label\n4.9,3.0,a\n6.2,3.1,b\n"), [""; 0]);
}
