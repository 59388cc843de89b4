//! Which part of the data a folder or a file holds, by its name.

/// A part of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Train,
    Validation,
    Test,
}

const TRAIN: [&str; 2] = ["train", "training"];
const VALIDATION: [&str; 8] = ["val", "valid", "validation", "validate", "dev", "development", "eval", "evaluation"];
const TEST: [&str; 2] = ["test", "testing"];

/// Words beside one for the part that say nothing: `training_set`, `train_images`.
const BESIDE: [&str; 22] = [
    "set", "sets", "data", "dataset", "image", "images", "img", "imgs", "jpg", "jpeg", "png", "picture", "pictures",
    "photo", "photos", "file", "files", "sample", "samples", "split", "table", "the",
];

/// Words that parts are called by, but not which.
const VAGUE: [&str; 5] = ["fold", "split", "part", "holdout", "trn"];

impl Part {
    /// What a name says plainly: `Train`, `training_set`, `val`, `imagesTest`, `train2017`.
    pub(super) fn of(name: &str) -> Option<Self> {
        let mut found = None;
        for word in words(name) {
            match meaning(&word) {
                Meaning::Part(part) if found.is_none() => found = Some(part),
                Meaning::Beside => {}
                Meaning::Part(_) | Meaning::Other => return None,
            }
        }
        found
    }

    /// Whether a name has to do with parts, be it plain which or not: `trainA`, `fold1`, `val-old`.
    pub(super) fn is_alluded_to(name: &str) -> bool {
        let words = words(name);
        words.iter().any(|word| matches!(meaning(word), Meaning::Part(_)))
            || words.first().is_some_and(|word| VAGUE.contains(&word.as_str()))
    }
}

enum Meaning {
    Part(Part),
    Beside,
    Other,
}

fn meaning(word: &str) -> Meaning {
    let is_year = word.len() == 4 && word.bytes().all(|b| b.is_ascii_digit());
    match (part_of(word), BESIDE.contains(&word) || is_year) {
        (Some(part), _) => Meaning::Part(part),
        (None, true) => Meaning::Beside,
        (None, false) => {
            // Written together: `trainset`, `testimages`, `imagestrain`.
            let joint = BESIDE.iter().find_map(|beside| {
                let rest = word.strip_suffix(beside).or_else(|| word.strip_prefix(beside))?;
                part_of(rest)
            });
            joint.map_or(Meaning::Other, Meaning::Part)
        }
    }
}

fn part_of(word: &str) -> Option<Part> {
    let known = [(Part::Train, &TRAIN[..]), (Part::Validation, &VALIDATION), (Part::Test, &TEST)];
    known.into_iter().find_map(|(part, words)| words.contains(&word).then_some(part))
}

/// The words of a name in lower case, apart at signs, at digits, and where a capital follows a small letter.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last = None;
    for letter in name.chars() {
        let follows = match last {
            Some(before) if letter.is_alphanumeric() => {
                let is_hump = char::is_lowercase(before) && letter.is_uppercase();
                char::is_alphanumeric(before) && !is_hump && before.is_ascii_digit() == letter.is_ascii_digit()
            }
            _ => false,
        };
        if letter.is_alphanumeric() {
            match words.last_mut() {
                Some(word) if follows => word.extend(letter.to_lowercase()),
                _ => words.push(letter.to_lowercase().collect()),
            }
        }
        last = Some(letter);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_known_by_their_usual_names() {
        for (part, names) in [
            (
                Part::Train,
                &["train", "Train", "TRAIN", "training", "training_set", "train_images", "Training-Data", "trainset"][..],
            ),
            (Part::Train, &["imagesTrain", "train2017", "train_2017", "the train set", "TrainImages", "images.train"]),
            (Part::Validation, &["val", "valid", "Validation", "dev", "eval", "val2017", "validation_set", "dev-set"]),
            (Part::Test, &["test", "Testing", "test_set", "test_images", "testset", "TestData", "testing_data"]),
        ] {
            for name in names {
                assert_eq!(Part::of(name), Some(part), "{name}");
                assert!(Part::is_alluded_to(name), "{name}");
            }
        }
    }

    #[test]
    fn what_is_not_plain_is_no_part_but_may_allude_to_one() {
        for name in ["trainA", "train1", "train_old", "fold1", "Fold 2", "split0", "trainval", "val-small", "holdout"] {
            assert_eq!(Part::of(name), None, "{name}");
        }
        for name in ["trainA", "train1", "train_old", "fold1", "Fold 2", "split0", "val-small", "test b", "holdout"] {
            assert!(Part::is_alluded_to(name), "{name}");
        }
        for name in
            ["cat", "valley", "testament", "trains", "devil", "evaluator", "manifold", "images", "set", "", "2017"]
        {
            assert!(Part::of(name).is_none() && !Part::is_alluded_to(name), "{name}");
        }
    }
}
