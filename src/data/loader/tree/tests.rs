use super::*;
use crate::data::testing::said;

fn owned(paths: &[&str]) -> Vec<String> {
    paths.iter().map(|p| (*p).to_owned()).collect()
}

/// The arranged paths and their classes, and where the test part begins.
fn arranged(images: &[&str], folders: &[&str]) -> (Vec<String>, Option<usize>) {
    let arranged = arrange(Path::new("x.tar"), &owned(images), &owned(folders)).unwrap();
    let classes = arranged.labels.iter().map(|l| &arranged.classes[*l as usize]);
    let lines = arranged.order.iter().zip(classes).map(|(i, class)| format!("{} {class}", images[*i])).collect();
    (lines, arranged.test_from)
}

fn error(images: &[&str], folders: &[&str]) -> String {
    said(&arrange(Path::new("x.tar"), &owned(images), &owned(folders)).unwrap_err())
}

#[test]
fn classes_are_folders_and_all_is_sorted() {
    let (lines, test_from) =
        arranged(&["dog/2.png", "cat/b.png", "dog/10.png", "cat/x/a.png"], &["cat", "dog", "cat/x"]);
    assert_eq!(lines, ["cat/b.png cat", "cat/x/a.png cat", "dog/10.png dog", "dog/2.png dog"]);
    assert_eq!(test_from, None);
}

#[test]
fn parts_are_folders_around_classes() {
    let images = ["top/test/cat/1.png", "top/train/dog/1.png", "top/train/cat/1.png", "top/test/dog/1.png"];
    let (lines, test_from) = arranged(&images, &["top", "top/train", "top/test"]);
    let expected =
        ["top/train/cat/1.png cat", "top/train/dog/1.png dog", "top/test/cat/1.png cat", "top/test/dog/1.png dog"];
    assert_eq!((lines, test_from), (owned(&expected), Some(2)));
}

#[test]
fn a_folder_for_validation_is_the_test_part_only_if_there_is_no_other() {
    let images = ["Train/a/1.png", "Train/b/1.png", "val/a/2.png"];
    assert_eq!(arranged(&images, &[]).1, Some(2));
    let images = ["train/a/1.png", "train/b/1.png", "valid/a/1.png", "test/b/3.png"];
    let (lines, test_from) = arranged(&images, &[]);
    assert_eq!(lines, ["train/a/1.png a", "train/b/1.png b", "valid/a/1.png a", "test/b/3.png b"]);
    assert_eq!(test_from, Some(3));
    let arranged = arrange(Path::new("x"), &owned(&images), &[]).unwrap();
    assert_eq!((arranged.validation_from, arranged.note), (Some(2), None));
}

#[test]
fn parts_have_many_names_and_are_never_classes() {
    for (train, validation, test) in [
        ("training_set", "validation_set", "test_set"),
        ("Train", "Val", "Test"),
        ("train_images", "dev_images", "test_images"),
        ("top/TRAINING", "top/eval", "top/Testing"),
        ("train2017", "val2017", "test2017"),
    ] {
        let images = [
            format!("{train}/a/1.png"),
            format!("{train}/b/1.png"),
            format!("{validation}/a/2.png"),
            format!("{test}/b/3.png"),
        ];
        let arranged = arrange(Path::new("x"), &images, &[]).unwrap();
        assert_eq!(arranged.classes, ["a", "b"], "{train}");
        assert_eq!((arranged.validation_from, arranged.test_from), (Some(2), Some(3)), "{train}");
    }
    // As one well-known archive has it.
    let images =
        ["training_set/training_set/a/1.png", "training_set/training_set/b/1.png", "test_set/test_set/a/2.png"];
    let (lines, test_from) = arranged(&images, &[]);
    assert_eq!((lines[0].as_str(), test_from), ("training_set/training_set/a/1.png a", Some(2)));
    // Whoever began with these as classes does not go on with them as parts.
    let otherwise = |images: &[&str]| arrange(Path::new("x"), &owned(images), &[]).unwrap().otherwise;
    assert!(otherwise(&images)[0].contains("they were classes before"));
    assert_eq!(otherwise(&["Train/a/1.png", "Train/b/1.png", "test/a/2.png"]), [""; 0]);
    assert_eq!(otherwise(&["a/1.png", "b/1.png"]), [""; 0]);
}

#[test]
fn folders_that_look_like_parts_and_are_not_plain_are_refused() {
    for images in [
        &["trainA/a/1.png", "trainA/b/1.png", "testA/a/1.png"][..],
        &["fold1/a/1.png", "fold1/b/1.png", "fold2/a/1.png"],
        &["train-old/a/1.png", "other/a/1.png", "other/b/1.png"],
        &["training_set/1.png", "test_set/2.png"],
        &["train/1.png", "test/2.png", "val/3.png"],
        &["split_0/1.png", "split_1/2.png"],
    ] {
        let error = error(images, &[]);
        assert!(error.contains("look like parts of the data"), "{images:?}: {error}");
        assert!(error.contains("train") && error.contains("val"), "{error}");
    }
    let inner = error(&["cat/train/1.png", "cat/test/2.png", "dog/train/3.png", "dog/test/4.png"], &[]);
    assert!(inner.contains("/train`: is a part of the data within a class"), "{inner}");
    let error = error(&["train/a/1.png", "train/b/1.png", "testB/a/1.png"], &[]);
    assert!(error.contains("lies in `testB`, which looks like a part of the data"), "{error}");
    // Classes may be anything else.
    for images in [&["valley/1.png", "mountain/2.png"][..], &["train/1.png", "bus/2.png"], &["a/x/1.png", "b/x/2.png"]]
    {
        assert_eq!(arranged(images, &[]).1, None, "{images:?}");
    }
}

#[test]
fn a_class_may_be_called_like_a_part() {
    let (lines, test_from) = arranged(&["train/1.png", "bus/1.png"], &[]);
    assert_eq!((lines, test_from), (owned(&["bus/1.png bus", "train/1.png train"]), None));
}

#[test]
fn what_does_not_fit_is_answered() {
    assert!(error(&[], &["a"]).contains("holds no PNG or JPEG"));
    assert!(error(&["1.png", "a/1.png"], &[]).contains("`1.png`: lies outside"));
    assert!(error(&["train/a/1.png", "train/1.png"], &[]).contains("`train/1.png`: lies outside"));
    assert!(error(&["train/a/1.png", "more/a/1.png"], &[]).contains("`more/a/1.png`: lies outside"));
    assert!(error(&["test/a/1.png", "val/a/1.png"], &[]).contains("none called `train`"));
    assert!(error(&["a/1.png", "b/1.png"], &["a", "b", "c"]).contains("`c`: is the folder of a class, but"));
    assert!(error(&["train/a/1.png", "train/b/1.png"], &["train/c"]).contains("`train/c`: is the folder"));
    assert!(error(&["a/1.png", "a/2.png"], &[]).contains("one class alone, `a`"));
    assert!(error(&["top/a/1.png"], &["top", "top/a", "top/b"]).contains("`top/b`: is the folder"));
    assert!(error(&["train/a/1.png", "train/b/1.png", "test/c/1.png"], &[]).contains("`test/c/1.png`: is of a class"));
    assert!(error(&["a/1.png", "b/1.png", "a/1.png"], &[]).contains("`a/1.png`: is there twice"));
    let two = ["train/a/1.png", "train/b/1.png", "val/a/2.png", "validation/a/2.png", "validation/b/3.png"];
    assert!(error(&two, &[]).contains("`val` and `validation` are two folders for one part"), "{}", error(&two, &[]));
}

#[test]
fn hidden_and_other_files_are_no_images() {
    for path in ["a/.x.png", ".git/x.png", "__MACOSX/a/x.jpg", "a/README", "a/x.txt", "a.png/x"] {
        assert_eq!(Sort::of(path), Sort::Other, "{path}");
    }
    assert_eq!(
        (Sort::of("a/x.JPG"), Sort::of("a/x.y.jpeg"), Sort::of("x.webp")),
        (Sort::Image, Sort::Image, Sort::Foreign)
    );
    // An empty hidden folder is no class.
    assert_eq!(arranged(&["a/1.png", "b/1.png"], &[".git", "a", "b"]).0.len(), 2);
}

#[test]
fn classes_of_which_a_part_has_nothing_are_told() {
    let images = ["train/a/1.png", "train/b/1.png", "val/a/2.png", "test/a/3.png", "test/b/3.png"];
    let arranged = arrange(Path::new("x"), &owned(&images), &[]).unwrap();
    assert_eq!(arranged.classes_without_a_part(), ["the validation part has nothing of `b`"]);
}
