//! What is kept, and told, of the trainer's data.

use crate::data::{Dataset, Partition, Split, Task};
use crate::record::{ClassSeen, ColumnSeen, DataSeen, LabelSeen, PartsSeen, ValuesSeen};

/// A dataset as it was understood, with every way in which a study may divide it.
pub(crate) fn data_seen(dataset: &Dataset, splits: &[(Partition, Split)]) -> DataSeen {
    let shape = dataset.shape();
    let mut counts = vec![0_usize; dataset.classes()];
    dataset.labels().iter().for_each(|label| counts[*label as usize] += 1);
    let name = |index: usize| dataset.class_names().get(index).cloned().unwrap_or_else(|| index.to_string());
    let classes = counts.iter().enumerate().take(DataSeen::MOST_CLASSES);
    let parts = splits.iter().map(|(partition, split)| PartsSeen {
        partition: partition.to_string(),
        train: split.train.len(),
        validation: split.validation.len(),
        test: split.test.len(),
    });
    let columns = dataset.columns().iter().take(DataSeen::MOST_COLUMNS);
    DataSeen {
        name: dataset.name().to_owned(),
        samples: dataset.len(),
        shape: vec![shape.channels, shape.height, shape.width],
        task: match dataset.task() {
            Task::Classification => "classification".to_owned(),
            Task::Regression => "regression".to_owned(),
        },
        label: dataset.label().map(|label| LabelSeen {
            column: label.column.clone(),
            because: label.because.clone(),
            task_because: label.task_because.clone(),
        }),
        classes: classes.map(|(index, samples)| ClassSeen { name: name(index), samples: *samples }).collect(),
        classes_in_all: dataset.classes(),
        values: values(dataset.values()),
        parts: parts.collect(),
        columns: columns.map(|c| ColumnSeen { name: c.name.clone(), texts: c.categories.len() }).collect(),
        columns_in_all: dataset.columns().len(),
        notes: dataset.notes().to_vec(),
    }
}

fn values(values: &[f32]) -> Option<ValuesSeen> {
    let all = || values.iter().map(|value| f64::from(*value));
    let mean = all().sum::<f64>() / values.len() as f64;
    // To as many digits as were read.
    let short = |value: f64| format!("{value:.6e}").parse().unwrap_or(value);
    (!values.is_empty()).then(|| ValuesSeen {
        low: short(all().fold(f64::INFINITY, f64::min)),
        high: short(all().fold(f64::NEG_INFINITY, f64::max)),
        mean: short(mean),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Shape, Shares};

    #[test]
    fn classes_values_and_parts_are_counted() {
        let labels: Vec<u32> = (0..40).map(|i| u32::from(i % 4 == 0)).collect();
        let rows = Dataset::new("rows", Shape::of_columns(2), vec![0.5; 80], labels, 2).unwrap();
        let partition = Partition::Shares(Shares::default());
        let split = Split::of(&rows, &partition, 1).unwrap();
        let seen = data_seen(&rows.noted("odd"), &[(partition, split)]);
        let classes: Vec<(&str, usize)> = seen.classes.iter().map(|c| (c.name.as_str(), c.samples)).collect();
        assert_eq!((classes, seen.classes_in_all), (vec![("0", 30), ("1", 10)], 2));
        assert_eq!((seen.parts[0].train, seen.parts[0].validation, seen.parts[0].test), (24, 8, 8));
        assert_eq!((seen.notes, seen.values), (vec!["odd".to_owned()], None));
        let line = Dataset::regression("line", Shape::of_columns(1), vec![0.0; 3], vec![0.1, 2.0, 3.3]).unwrap();
        let seen = data_seen(&line, &[]);
        assert_eq!(seen.values, Some(ValuesSeen { low: 0.1, high: 3.3, mean: 1.8 }));
        assert_eq!((seen.task.as_str(), seen.classes_in_all), ("regression", 0));
    }
}
