//! Every study file of a page passes `optimize check`, programs may print what a page says, and ask-tell answers so.

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;
use toml_edit::DocumentMut;

use crate::bench::{Answer, Bench};

use super::page::{Block, Kind, Page, root};

/// A folder with the repository's studies and their programs.
fn bench() -> Bench {
    let bench = Bench::new();
    for entry in std::fs::read_dir(root().join("studies")).unwrap() {
        let entry = entry.unwrap();
        bench.write(entry.file_name().to_str().unwrap(), &std::fs::read_to_string(entry.path()).unwrap());
    }
    bench
}

/// Checks a study file. One that trains is refused by a build without a trainer, and for nothing else.
#[track_caller]
fn check(bench: &Bench, text: &str, place: &str) {
    bench.write("checked.toml", text);
    let mut command = bench.command(&["check", "checked.toml"]);
    let answer = Answer(command.env("API_TOKEN", "as the page on secrets has it").output().unwrap());
    let said = answer.out() + &answer.err();
    if cfg!(not(feature = "torch")) && text.contains("[train]") {
        assert!(
            said.starts_with("study ") && said.contains("this build of optimize has no trainer"),
            "{place}:\n{said}"
        );
    } else {
        assert_eq!(answer.0.status.code(), Some(0), "{place}:\n{said}");
    }
    // A page may speak of what no program of its own is told, but it teaches nothing doubtful.
    assert!(!said.contains("warning: "), "{place}:\n{said}");
}

/// The study with the sections of a part in place of its own.
fn completed(study: &str, part: &Block) -> String {
    let base = std::fs::read_to_string(root().join(format!("studies/{study}.toml"))).unwrap();
    let mut whole: DocumentMut = base.parse().unwrap();
    let part: DocumentMut = part.text.parse().unwrap_or_else(|error| panic!("{}: {error}", part.place()));
    let trains = part.contains_key("train");
    for (key, item) in part.iter() {
        whole.insert(key, item.clone());
    }
    if trains {
        whole.remove("command");
    }
    whole.to_string()
}

#[test]
fn study_files_of_the_pages_pass() {
    let bench = bench();
    let mut count = 0;
    // That page is made from the parser's own tables, and its examples are tried where they are.
    for page in Page::all().iter().filter(|page| !page.name.ends_with("study-file-reference.md")) {
        for block in page.blocks.iter().filter(|block| block.language == "toml") {
            match &block.kind {
                Kind::PartOf(study) => check(&bench, &completed(study, block), &block.place()),
                Kind::NoStudy => {
                    drop(block.text.parse::<DocumentMut>().unwrap_or_else(|e| panic!("{}: {e}", block.place())))
                }
                _ if !block.text.contains("[train]") && !block.text.contains("[command]") => {
                    // It is asked and told: the rest of it is tried there.
                    assert!(matches!(&block.kind, Kind::File(_)), "{}: give it a name, and ask it", block.place());
                }
                _ => check(&bench, &block.text, &block.place()),
            }
            count += 1;
        }
    }
    assert!(count >= 10, "only {count} were found");
}

#[test]
fn the_studies_of_the_repository_pass_where_their_data_are_there() {
    let bench = bench();
    for study in ["digits", "command"] {
        check(&bench, &std::fs::read_to_string(root().join(format!("studies/{study}.toml"))).unwrap(), study);
    }
}

#[test]
fn programs_may_print_what_the_pages_say() {
    let mut count = 0;
    for block in Page::all().iter().flat_map(|page| &page.blocks).filter(|block| block.kind == Kind::ToldByProgram) {
        // Between two lines it computes, or there would be no energy to be told.
        let program = "for line in '''TEXT'''.splitlines():\n    print(line, flush=True)\n    sum(range(2_000_000))\n";
        let bench = Bench::with_program(&program.replace("TEXT", &block.text));
        bench.edit("trials = 12", "trials = 1");
        bench.edit("metric = \"cost\"", "metric = \"energy.train\"");
        let answer = bench.optimize(&["study.toml"]).code(0);
        assert!(!answer.out().contains("note: a line"), "{}:\n{}", block.place(), answer.out());
        let trial = &bench.finished()[0];
        let last: Value = serde_json::from_str(block.text.lines().last().unwrap()).unwrap();
        for (name, value) in last.as_object().unwrap() {
            assert_eq!(trial.2.get(name).copied(), value.as_f64(), "{}: {name}", block.place());
        }
        count += 1;
    }
    assert!(count > 0, "no page has any");
}

/// A request stands in a line; its answer begins with an arrow, and may go on in further lines.
fn requests_and_answers(text: &str) -> (Vec<&str>, Vec<String>) {
    let (mut requests, mut answers) = (Vec::new(), Vec::new());
    for line in text.lines() {
        match line.strip_prefix("->") {
            Some(answer) => answers.push(answer.to_owned()),
            None if line.starts_with("{\"op\"") => requests.push(line),
            None => *answers.last_mut().expect("an answer goes on") += line,
        }
    }
    (requests, answers)
}

#[test]
fn ask_tell_answers_as_the_pages_say() {
    let mut count = 0;
    for page in Page::all() {
        for block in &page.blocks {
            let Kind::AskedOf(file) = &block.kind else { continue };
            let bench = Bench::new();
            page.files().for_each(|(name, shown)| bench.write(name, &shown.text));
            let (requests, expected) = requests_and_answers(&block.text);
            let mut command = bench.command(&["ask-tell", file]);
            let mut child =
                command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            child.stdin.take().unwrap().write_all(requests.join("\n").as_bytes()).unwrap();
            let output = child.wait_with_output().unwrap();
            let answers = String::from_utf8(output.stdout).unwrap();
            let answers: Vec<&str> = answers.lines().collect();
            assert_eq!(answers.len(), expected.len(), "{}: {answers:#?}", block.place());
            for ((answer, expected), request) in answers.iter().zip(&expected).zip(&requests) {
                let parse =
                    |text: &str| -> Value { serde_json::from_str(text).unwrap_or_else(|e| panic!("{text}: {e}")) };
                assert_eq!(parse(answer), parse(expected), "{}: {request}", block.place());
            }
            count += requests.len();
        }
    }
    assert!(count > 5, "only {count} requests were found");
}
