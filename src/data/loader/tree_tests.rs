use super::*;

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
    arrange(Path::new("x.tar"), &owned(images), &owned(folders)).unwrap_err().to_string()
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
    assert_eq!(lines, ["train/a/1.png a", "valid/a/1.png a", "train/b/1.png b", "test/b/3.png b"]);
    assert_eq!(test_from, Some(3));
    let note = arrange(Path::new("x"), &owned(&images), &[]).unwrap().note;
    assert!(note.unwrap().contains("is trained on too"));
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
