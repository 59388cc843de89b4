use super::*;

const PIXEL: Shape = Shape { channels: 1, height: 1, width: 1 };

fn reason(features: Vec<f32>, labels: Vec<u32>, classes: usize) -> String {
    Dataset::new("bad", PIXEL, features, labels, classes).unwrap_err().to_string()
}

#[test]
fn contradictions_are_named() {
    assert!(reason(vec![], vec![], 2).contains("no samples"));
    assert!(reason(vec![0.0; 3], vec![0, 1], 2).contains("2 targets and 1 features"));
    assert!(reason(vec![0.0; 2], vec![0, 2], 2).contains("label 2"));
    assert!(reason(vec![0.0; 2], vec![0, 0], 1).contains("two classes"));
    assert!(reason(vec![0.0, f32::NAN], vec![0, 1], 2).contains("sample 1"));
    let huge = Shape { channels: usize::MAX, height: 2, width: 2 };
    assert!(Dataset::new("bad", huge, vec![0.0; 2], vec![0, 1], 2).is_err());
}

#[test]
fn contradictions_of_a_regression_are_named() {
    let reason = |values| Dataset::regression("bad", PIXEL, vec![0.0; 2], values).unwrap_err().to_string();
    assert!(reason(vec![0.5, f32::INFINITY]).contains("value of sample 1"));
    assert!(reason(vec![0.5, 0.5]).contains("all values are 0.5"));
    assert!(reason(vec![0.5]).contains("1 targets"));
}

#[test]
fn a_regression_has_values_and_no_classes() {
    let line = Dataset::regression("line", PIXEL, vec![0.0, 1.0], vec![1.5, 2.5]).unwrap();
    assert_eq!((line.labels(), line.values(), line.classes()), (&[][..], &[1.5, 2.5][..], 0));
    assert_eq!((line.task(), line.len()), (Task::Regression, 2));
    assert!(line.with_class_names(vec!["a".to_owned()]).is_err());
}

#[test]
fn bytes_stay_bytes_and_are_gathered_as_floats() {
    let pixels = Dataset::from_bytes("pixels", PIXEL, vec![0, 255, 51], vec![0, 1, 1], 2).unwrap();
    assert_eq!(pixels.features().size(), 3);
    assert_eq!(pixels.gather(&[2, 1]).unwrap(), [0.2, 1.0]);
    assert!(pixels.gather(&[3]).unwrap_err().to_string().contains("no sample 3 among 3"));
}

#[test]
fn names_and_the_test_part_must_fit() {
    let pixels = || Dataset::from_bytes("pixels", PIXEL, vec![0, 255, 51], vec![0, 1, 1], 2).unwrap();
    let named = pixels().with_class_names(vec!["dark".to_owned(), "light".to_owned()]).unwrap();
    assert_eq!(named.class_names(), ["dark", "light"]);
    assert!(pixels().with_class_names(vec![]).unwrap_err().to_string().contains("0 names do not fit 2"));
    assert_eq!(pixels().with_test_from(2).unwrap().test_from(), Some(2));
    for index in [0, 3, usize::MAX] {
        assert!(pixels().with_test_from(index).unwrap_err().to_string().contains("one part empty"));
    }
}

#[test]
fn columns_become_as_many_numbers_as_a_sample_has() {
    let column = |name: &str, categories: &[&str]| FeatureColumn {
        name: name.to_owned(),
        categories: categories.iter().map(|c| (*c).to_owned()).collect(),
    };
    let table = || Dataset::new("table", Shape::of_columns(3), vec![0.0; 9], vec![0, 1, 0], 2).unwrap();
    let columns = vec![column("size", &[]), column("colour", &["blue", "red"])];
    let named = table().with_columns(columns.clone()).unwrap();
    assert_eq!((named.columns(), table().columns()), (&columns[..], &[][..]));
    assert_eq!(named.gathered(&[2, 0], None, None).columns(), columns);
    let error = table().with_columns(columns[1..].to_vec()).unwrap_err().to_string();
    assert!(error.contains("columns of 2 numbers do not fit 3 features"), "{error}");
}
