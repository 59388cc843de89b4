//! What the reference says is what the parser does.

use std::collections::BTreeSet;

use super::*;
use crate::optimizer::sampler;
use crate::study_file::{SpecErrors, StudySpec, TrialSource, differences};

/// What every key is put into: the smallest study that has a place for it.
struct Frame {
    /// What stands before the line of the key.
    before: String,
    /// What stands around the key itself.
    around: (&'static str, &'static str),
    /// What stands behind it.
    behind: String,
}

const SPACE_LINES: &str = "learning_rate = { float = [1e-5, 1e-1], scale = \"log\" }\nwidth = { int = [8, 128] }\n\
                           batch_size = { int = [16, 256] }\noptimizer = { choice = [\"sgd\", \"rmsprop\", \"adam\"] }\n";

/// A study without the section of `table`.
fn study_without(table: &str) -> String {
    let mut text = String::new();
    let mut add = |name: &str, lines: &str| {
        if name != table && !(name == "command" && table == "train") {
            text += lines;
        }
    };
    add("budget", "[budget]\ntrials = 40\ntime = \"2h\"\n");
    add(
        "objective",
        "[[objective]]\nmetric = \"accuracy\"\ngoal = \"maximize\"\n[[objective]]\nmetric = \"energy\"\ngoal = \"minimize\"\nscale = \"log\"\n",
    );
    add("space", &format!("[space]\n{SPACE_LINES}"));
    add("command", "[command]\nargv = [\"./train\", \"--lr={learning_rate}\"]\n");
    text
}

fn frame(table: &Table, key: &Key) -> Frame {
    let section = table.name.split('.').next().unwrap_or_default();
    let rest = study_without(section);
    let other_keys = |lines: &str| -> String {
        lines
            .lines()
            .filter(|line| !line.starts_with(&format!("{} =", key.name)))
            .map(|line| format!("{line}\n"))
            .collect()
    };
    let plain = |before: String, behind: String| Frame { before, around: ("", ""), behind };
    let inline = |lead: &str, open: &'static str, close: &'static str| Frame {
        before: format!("{rest}{lead}"),
        around: (open, close),
        behind: String::new(),
    };
    match table.name {
        "top" if key.name == "train" => plain(String::new(), study_without("train")),
        "top" => plain(String::new(), study_without(key.name)),
        "budget" => plain(format!("{rest}[budget]\n{}", other_keys("trials = 41\ntime = \"3h\"\n")), String::new()),
        "objective" => plain(
            format!("{rest}[[objective]]\n{}", other_keys("metric = \"loss\"\ngoal = \"minimize\"\n")),
            String::new(),
        ),
        "constraint" => plain(
            format!(
                "{rest}[[constraint]]\n{}",
                other_keys("metric = \"loss\"\nat_most = 2e9\n")
                    .replace("at_most = 2e9", if key.name == "at_most" { "at_least = 0" } else { "at_most = 2e9" },)
            ),
            String::new(),
        ),
        "preference.METRIC" if key.name == "at_most" => inline("[preference]\n", "energy = { ", " }\n"),
        "preference.METRIC" => inline("[preference]\n", "accuracy = { ", " }\n"),
        "space.PARAMETER" => {
            let lead = format!("[space]\n{SPACE_LINES}");
            match key.name {
                "float" | "int" | "choice" => inline(&lead, "more = { ", " }\n"),
                "prior" => inline(&lead, "more = { float = [1e-4, 0.1], scale = \"log\", ", " }\n"),
                _ => inline(&lead, "more = { float = [0.01, 0.1], ", " }\n"),
            }
        }
        "space.PARAMETER.prior" => {
            let lead = format!("[space]\n{SPACE_LINES}");
            let open = if key.name == "around" {
                "more = { float = [1e-4, 0.1], scale = \"log\", prior = { spread = 2, "
            } else {
                "more = { float = [1e-4, 0.1], scale = \"log\", prior = { around = 2e-3, "
            };
            inline(&lead, open, " } }\n")
        }
        "forbid.PARAMETER" => inline("[[forbid]]\n", "width = { ", " }\n"),
        "require" => plain(format!("{rest}[[require]]\n"), String::new()),
        "sampler" => {
            let kind = match key.name {
                "population" => "kind = \"nsga2\"\n",
                "levels" => "kind = \"grid\"\n",
                _ => "",
            };
            plain(format!("{rest}[sampler]\n{kind}"), String::new())
        }
        "command" => plain(
            format!("{rest}[command]\n{}", other_keys("argv = [\"./train\", \"{learning_rate}\"]\n")),
            String::new(),
        ),
        "train" => plain(format!("{rest}[train]\ndataset = \"digits\"\n"), String::new()),
        "energy.cool_down" => {
            let open = if key.name == "to" { "cool_down = { " } else { "cool_down = { to = 50, " };
            inline("[energy]\n", open, " }\n")
        }
        "carbon" => {
            let with = match key.name {
                "intensity" => "source = \"me\"\n",
                "source" | "date" => "intensity = 300\n",
                "price" => "currency = \"CHF\"\n",
                "currency" => "price = 0.2\n",
                _ => "",
            };
            let with = if key.name == "date" { "intensity = 300\nsource = \"me\"\n" } else { with };
            plain(format!("{rest}[carbon]\n{with}"), String::new())
        }
        other => plain(format!("{rest}[{other}]\n"), String::new()),
    }
}

fn parse(text: &str) -> Result<StudySpec, SpecErrors> {
    StudySpec::parse(text, "some.toml")
}

fn accepted(text: &str, what: &str) -> StudySpec {
    parse(text).unwrap_or_else(|errors| panic!("{what}\n{text}\n{errors}"))
}

impl Frame {
    fn with(&self, line: &str) -> String {
        let (open, close) = self.around;
        format!("{}{open}{line}{close}\n{}", self.before, self.behind)
    }
}

fn keys() -> impl Iterator<Item = (&'static Table, &'static Key, String)> {
    let all = TABLES.iter().flat_map(|table| table.keys.iter().map(move |key| (*table, key)));
    all.map(|(table, key)| (table, key, format!("`{}` of {}", key.name, table.title)))
}

#[test]
fn every_example_of_a_key_is_accepted() {
    for (table, key, what) in keys() {
        accepted(&frame(table, key).with(key.example), &what);
    }
}

/// A key that nobody reads would take anything: a date is nowhere right.
#[test]
fn every_key_of_the_reference_is_read() {
    for (table, key, what) in keys() {
        let text = frame(table, key).with(&format!("{} = 1979-05-27", key.name));
        let errors = parse(&text).expect_err(&what).to_string();
        assert!(errors.contains(key.name) && !errors.contains("unknown key"), "{what}: {errors}");
    }
}

#[test]
fn every_word_of_a_key_has_a_meaning_of_its_own() {
    for (table, key, what) in keys() {
        let Values::Words(words) = key.values else { continue };
        let frame = frame(table, key);
        let specs = words.iter().map(|(word, _)| {
            let spec = accepted(&frame.with(&format!("{} = \"{word}\"", key.name)), &what);
            format!(
                "{:?} {:?} {:?} {:?} {:?}",
                spec.problem(),
                spec.sampler(),
                spec.trial(),
                spec.energy(),
                spec.source()
            )
        });
        let specs: BTreeSet<String> = specs.collect();
        assert_eq!(specs.len(), words.len(), "{what}");
        let errors = parse(&frame.with(&format!("{} = \"no-such-word\"", key.name))).expect_err(&what).to_string();
        let named = words.iter().all(|(word, _)| errors.contains(word));
        assert!(named, "{what}: {errors}");
    }
}

#[test]
fn bounds_of_the_reference_are_those_of_the_parser() {
    for (table, key, what) in keys() {
        let frame = frame(table, key);
        let check = |value: String, is_right: bool| {
            let text = frame.with(&format!("{} = {value}", key.name));
            assert_eq!(parse(&text).is_ok(), is_right, "{what} = {value}");
        };
        match key.values {
            Values::Whole { low, high } => {
                check(low.to_string(), true);
                check((low - 1).to_string(), false);
                if high < i64::MAX {
                    check(high.to_string(), true);
                    check((high + 1).to_string(), false);
                }
            }
            Values::Number { low, high, .. } => {
                check(format!("{low:?}"), true);
                check(format!("{high:?}"), true);
                check(format!("{:?}", low * 0.999), false);
                check(format!("{:?}", high * 1.001), false);
            }
            Values::Above0 { high, .. } => {
                check("0.0".to_owned(), false);
                check(format!("{high:?}"), true);
                check(format!("{:?}", high * 1.001), false);
            }
            Values::Duration { low, high, .. } => {
                check(format!("\"{}\"", crate::study_file::quantity::show_duration(low)), true);
                check(format!("\"{}\"", crate::study_file::quantity::show_duration(high)), true);
                check("\"0.4ms\"".to_owned(), false);
                check("\"36526d\"".to_owned(), false);
            }
            Values::Truth => {
                check("false".to_owned(), true);
                check("1".to_owned(), false);
            }
            Values::Words(_) | Values::Section(_) | Values::Other(_) => {}
        }
    }
}

/// The same study, whatever the layout of its file.
fn same(one: &StudySpec, other: &StudySpec) -> bool {
    let facts = |spec: &StudySpec| {
        (
            spec.identity(),
            *spec.budget(),
            spec.problem().clone(),
            spec.sampler().clone(),
            spec.source().clone(),
            *spec.trial(),
            spec.energy().clone(),
            spec.carbon().clone(),
            spec.was().clone(),
        )
    };
    facts(one) == facts(other)
}

#[test]
fn every_default_of_the_reference_is_what_holds_without_the_key() {
    for (table, key, what) in keys() {
        let frame = frame(table, key);
        match key.default {
            Preset::Needed => {
                assert!(parse(&frame.with("")).is_err(), "{what} is not needed");
            }
            Preset::Value(value) => {
                let given = accepted(&frame.with(&format!("{} = {value}", key.name)), &what);
                // An inline table of one key has none left.
                let without = if table.name == "preference.METRIC" { "at_least = 0.0" } else { "" };
                let with = if without.is_empty() { String::new() } else { format!("{without}, ") };
                let given = match with.is_empty() {
                    true => given,
                    false => accepted(&frame.with(&format!("{with}{} = {value}", key.name)), &what),
                };
                assert!(same(&given, &accepted(&frame.with(without), &what)), "{what} = {value} is not the default");
            }
            Preset::Words(_) => {}
        }
    }
}

#[test]
fn what_makes_another_study_does_and_what_does_not_does_not() {
    for (table, key, what) in keys() {
        let frame = frame(table, key);
        // Without the key there may be nothing to compare with.
        let Ok(without) = parse(&frame.with("")) else { continue };
        let with = accepted(&frame.with(key.example), &what);
        let changed = !differences(&without.identity(), &with.identity()).is_empty();
        assert_eq!(changed, key.change_in(table) == Change::OtherStudy, "{what}");
    }
}

#[test]
fn examples_of_sections_are_accepted() {
    for table in TABLES {
        let section = table.name.split('.').next().unwrap_or_default();
        let rest = study_without(section);
        let text =
            if table.name == "top" { format!("{}{rest}", table.example) } else { format!("{rest}{}", table.example) };
        let lacks = |name: &str| !text.contains(&format!("\n{name} = "));
        // An example names what the study around it may not have.
        let text = match section {
            "space" if lacks("learning_rate") => text.replace("./train\", \"--lr={learning_rate}", "./train"),
            _ => text,
        };
        accepted(&text, table.title);
    }
}

#[test]
fn keys_of_closed_tables_are_all_that_is_accepted() {
    for table in TABLES.iter().filter(|table| table.names == Names::Closed && !table.keys.is_empty()) {
        let frame = frame(table, &table.keys[table.keys.len() - 1]);
        let errors = parse(&frame.with("no_such_key_at_all = 1")).expect_err(table.title).to_string();
        assert!(errors.contains("unknown key `no_such_key_at_all`"), "{}: {errors}", table.title);
    }
}

#[test]
fn the_samplers_of_the_reference_are_those_that_there_are() {
    let Some(Values::Words(words)) = SAMPLER.key("kind").map(|key| key.values) else { panic!("kinds are words") };
    assert_eq!(words.iter().map(|(word, _)| *word).collect::<Vec<_>>(), sampler::NAMES);
    let spec = accepted(&study_without(""), "the study of these tests");
    assert!(matches!(spec.source(), TrialSource::Command(_)));
}

#[test]
fn a_key_in_a_wrong_section_is_told_where_it_belongs() {
    let told = |section: &str, line: &str| {
        let errors = parse(&format!("{}[{section}]\n{line}\n", study_without(section))).expect_err(line);
        errors.issues().iter().flat_map(|issue| issue.help().to_vec()).collect::<Vec<_>>().join("; ")
    };
    assert!(told("trial", "trials = 3").contains("belongs in [budget]"));
    assert!(told("sampler", "seed = 3").contains("belongs at the top of the file, before the first section"));
    assert!(told("trial", "metric = \"loss\"").contains("belongs in [[objective]] or [[constraint]]"));
    assert!(told("trial", "dropout = 0.5").contains("belongs in [train]"));
}

/// The page of the book is what the tables say; `WATTFRONT_RENEW=1 cargo test --lib reference` writes it anew.
#[test]
fn the_page_of_the_book_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/src/study-file-reference.md");
    let page = page::page();
    if std::env::var_os("WATTFRONT_RENEW").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    assert!(
        include_str!("../../../docs/src/study-file-reference.md") == page
            || std::fs::read_to_string(path).unwrap() == page,
        "docs/src/study-file-reference.md is not what the tables say: `WATTFRONT_RENEW=1 cargo test --lib reference` writes it anew"
    );
}
