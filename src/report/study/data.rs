//! What a data set was taken for, in words.

use crate::record::{ColumnSeen, DataSeen};

/// So many classes or columns are named in one line.
const NAMED: usize = 12;

/// What a data set was taken for, a line each: a title, and its indented parts.
#[must_use]
pub fn data_lines(data: &DataSeen) -> Vec<String> {
    let mut lines = vec![format!("data        {}", headline(data))];
    let mut add = |name: &str, text: String| lines.push(format!("  {name:<10}{text}"));
    if let Some(label) = &data.label {
        add("label", format!("`{}`: {}", label.column, label.because));
        add("task", format!("{}: {}", data.task, label.task_because));
    } else {
        add("task", data.task.clone());
    }
    if let Some(classes) = classes(data, NAMED) {
        add("classes", classes);
    }
    if let Some(values) = data.values {
        add("values", format!("from {} to {}, {} on average", values.low, values.high, values.mean));
    }
    for parts in &data.parts {
        let (train, validation, test) = (parts.train, parts.validation, parts.test);
        add("parts", format!("{}: {train} to train, {validation} to validate, {test} to test", parts.partition));
    }
    for (name, text) in columns(data, NAMED) {
        add(name, text);
    }
    lines.extend(data.notes.iter().map(|note| format!("  note      {note}")));
    lines
}

/// Such as `./birds.csv: 333 samples of 6 columns, 9 numbers`.
pub(super) fn headline(data: &DataSeen) -> String {
    let of = match data.shape[..] {
        [channels, height, width] if data.columns_in_all == 0 => {
            format!("{channels} x {height} x {width} numbers (channels, rows, columns)")
        }
        _ => {
            let numbers: usize = data.shape.iter().product();
            let columns = data.columns_in_all;
            let s = if columns == 1 { "" } else { "s" };
            if numbers == columns {
                format!("{columns} column{s}")
            } else {
                format!("{columns} column{s}, {numbers} numbers")
            }
        }
    };
    format!("{}: {} samples of {of}", data.name, data.samples)
}

/// Such as `3: Adelie 146, Gentoo 119, Chinstrap 68`.
pub(super) fn classes(data: &DataSeen, most: usize) -> Option<String> {
    let named = data.classes.iter().take(most).map(|class| format!("{} {}", class.name, class.samples));
    let mut named: Vec<String> = named.collect();
    let more = data.classes_in_all.saturating_sub(named.len());
    named.extend((more > 0).then(|| format!("and {more} more")));
    (data.classes_in_all > 0).then(|| format!("{}: {}", data.classes_in_all, named.join(", ")))
}

/// The columns by what becomes of them.
pub(super) fn columns(data: &DataSeen, most: usize) -> Vec<(&'static str, String)> {
    let listed = |is: fn(&ColumnSeen) -> bool, show: fn(&ColumnSeen) -> String| {
        let all: Vec<String> = data.columns.iter().filter(|column| is(column)).map(show).collect();
        let more = all.len().saturating_sub(most);
        let mut shown = all[..all.len() - more].join(", ");
        if more > 0 {
            shown += &format!(", and {more} more");
        }
        (!all.is_empty()).then(|| format!("{}: {shown}", all.len()))
    };
    let numbers = listed(|c| c.texts == 0, |c| format!("`{}`", c.name));
    let texts = listed(|c| c.texts > 0, |c| format!("`{}` ({} texts)", c.name, c.texts));
    let unnamed = data.columns_in_all - data.columns.len().min(data.columns_in_all);
    let unnamed = (unnamed > 0).then(|| format!("{unnamed} more columns are not named here"));
    [
        ("numbers", numbers),
        ("texts", texts.map(|t| format!("{t}; a number for each text, 1 or 0"))),
        ("columns", unnamed),
    ]
    .into_iter()
    .filter_map(|(name, text)| Some((name, text?)))
    .collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::record::{ClassSeen, LabelSeen, PartsSeen, ValuesSeen};

    pub(in crate::report) fn birds() -> DataSeen {
        let class = |name: &str, samples| ClassSeen { name: name.to_owned(), samples };
        let column = |name: &str, texts| ColumnSeen { name: name.to_owned(), texts };
        DataSeen {
            name: "./birds.csv".to_owned(),
            samples: 333,
            shape: vec![1, 1, 5],
            task: "classification".to_owned(),
            label: Some(LabelSeen {
                column: "species".to_owned(),
                because: "`label` in [train] names it".to_owned(),
                task_because: "its values are texts".to_owned(),
            }),
            classes: vec![class("Adelie", 146), class("<Gentoo>", 119), class("Chinstrap", 68)],
            classes_in_all: 3,
            values: None,
            parts: vec![PartsSeen { partition: "60-20-20".to_owned(), train: 200, validation: 67, test: 66 }],
            columns: vec![column("mass", 0), column("island", 3), column("bill", 0)],
            columns_in_all: 3,
            notes: vec!["counts the rows: `id`".to_owned()],
        }
    }

    #[test]
    fn a_table_is_told_line_by_line() {
        let expected = "\
data        ./birds.csv: 333 samples of 3 columns, 5 numbers
  label     `species`: `label` in [train] names it
  task      classification: its values are texts
  classes   3: Adelie 146, <Gentoo> 119, Chinstrap 68
  parts     60-20-20: 200 to train, 67 to validate, 66 to test
  numbers   2: `mass`, `bill`
  texts     1: `island` (3 texts); a number for each text, 1 or 0
  note      counts the rows: `id`";
        assert_eq!(data_lines(&birds()).join("\n"), expected);
    }

    #[test]
    fn images_numbers_and_many_columns_are_told_within_bounds() {
        let images =
            DataSeen { shape: vec![3, 32, 32], columns: Vec::new(), columns_in_all: 0, classes_in_all: 100, ..birds() };
        let lines = data_lines(&images).join("\n");
        assert!(
            lines.contains("3 x 32 x 32 numbers") && lines.contains("100: Adelie 146") && lines.contains("and 97 more")
        );
        let many = (0..DataSeen::MOST_COLUMNS).map(|i| ColumnSeen { name: format!("c{i}"), texts: 0 }).collect();
        let wide = DataSeen {
            shape: vec![1, 1, 30_000],
            columns: many,
            columns_in_all: 30_000,
            classes: Vec::new(),
            classes_in_all: 0,
            values: Some(ValuesSeen { low: -1.5, high: 20.0, mean: 3.25 }),
            ..birds()
        };
        let lines = data_lines(&wide);
        assert!(lines.iter().all(|line| line.len() < 300), "{lines:?}");
        let text = lines.join("\n");
        assert!(
            text.contains("30000 columns\n") && text.contains("and 188 more") && text.contains("29800 more columns"),
            "{text}"
        );
        assert!(text.contains("values    from -1.5 to 20, 3.25 on average"), "{text}");
    }

    #[test]
    fn what_is_kept_is_read_back() {
        let text = serde_json::to_string(&birds()).unwrap();
        assert_eq!(serde_json::from_str::<DataSeen>(&text).unwrap(), birds());
        assert_eq!(serde_json::from_str::<DataSeen>("{}").unwrap(), DataSeen::default());
    }
}
