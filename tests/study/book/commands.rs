//! Every `optimize ...` of a page is run in a folder of its own, or read by the parser of the command line.

use crate::bench::Bench;

use super::page::{Kind, Page, root};

/// A study of the pages has so many trials when it is run here.
const TRIALS: &str = "trials = 2";

/// The words of a line as a shell makes them: quotation marks, a comment, a redirection, and variables before the command.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    variables: Vec<(String, String)>,
    words: Vec<String>,
}

impl Line {
    fn new(text: &str) -> Self {
        let mut words: Vec<String> = Vec::new();
        let (mut word, mut quote, mut begun) = (String::new(), None, false);
        for c in text.chars() {
            match (quote, c) {
                (None, '#') if !begun => break,
                (None, '>' | '|' | ';' | '&') => break,
                (None, '"' | '\'') => (quote, begun) = (Some(c), true),
                (Some(open), c) if c == open => quote = None,
                (None, ' ') => {
                    if begun {
                        words.push(std::mem::take(&mut word));
                    }
                    begun = false;
                }
                (_, c) => {
                    word.push(c);
                    begun = true;
                }
            }
        }
        if begun {
            words.push(word);
        }
        let variable = |word: &String| {
            let (name, value) = word.split_once('=')?;
            let is_name = name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
            is_name.then(|| (name.to_owned(), value.to_owned()))
        };
        let variables: Vec<_> = words.iter().map_while(variable).collect();
        words.drain(..variables.len());
        if matches!(words.first().map(String::as_str), Some("exec" | "srun" | "sudo")) {
            words.remove(0);
        }
        Self { variables, words }
    }

    /// Whether it calls `optimize`, by any path.
    fn is_ours(&self) -> bool {
        self.words.first().is_some_and(|word| word == "optimize" || word.ends_with("/optimize"))
    }

    /// Whether its first word is a command, an option or a study file; any other word would be taken for a study file, too.
    fn name_is_known(&self) -> Result<(), String> {
        match self.words.get(1).map(String::as_str) {
            Some(word) if !word.starts_with('-') && !word.ends_with(".toml") => {
                wattfront::cli::read_only(&["optimize", "help", word].map(str::to_owned))
            }
            _ => Ok(()),
        }
    }

    /// Read by the parser of the command line.
    fn read(&self, place: &str) {
        let read = self.name_is_known().and_then(|()| wattfront::cli::read_only(&self.words));
        if let Err(error) = read {
            panic!("{place}: {}\n{error}", self.words.join(" "));
        }
    }

    /// The same with fewer trials and seeds, which take long.
    fn small(&self) -> Vec<String> {
        let mut words = self.words[1..].to_vec();
        for (option, small) in [("--trials", "3"), ("--seeds", "1")] {
            if let Some(at) = words.iter().position(|word| word == option) {
                words[at + 1] = small.to_owned();
            }
        }
        words
    }
}

/// The commands in blocks of a page, and where they stand.
fn lines_of(page: &Page) -> Vec<(String, Kind, Line)> {
    let blocks = page.blocks.iter().filter(|block| block.language == "sh");
    let lines = blocks.flat_map(|block| {
        let numbered = block.text.lines().enumerate();
        numbered
            .map(|(i, text)| (format!("{}:{}", block.page, block.line + 1 + i), block.kind.clone(), Line::new(text)))
    });
    lines.filter(|(_, _, line)| line.is_ours()).collect()
}

/// A folder with what a page shows, and else with the quick start's study.
fn folder_of(page: &Page) -> Bench {
    let bench = Bench::new();
    let quick_start = Page::read("docs/src/quick-start.md");
    for (name, block) in quick_start.files().chain(page.files()) {
        bench.write(name, &with_few_trials(&block.text));
    }
    bench
}

fn with_few_trials(text: &str) -> String {
    let lines = text.lines().map(|line| if line.starts_with("trials = ") { TRIALS } else { line });
    lines.map(|line| format!("{line}\n")).collect()
}

/// Runs all that a page says, in its order.
fn run(name: &str) {
    let page = Page::read(name);
    let bench = folder_of(&page);
    let lines = lines_of(&page);
    let speaks_of = |text: &str| lines.iter().any(|(_, _, line)| line.words.iter().any(|word| word == text));
    if speaks_of("results/other") {
        bench.optimize(&["mine.toml", "--results", "results/other", "--quiet"]).code(0);
    }
    // What a page asks of a study that it has not run, it asks of one that was.
    let is_run = |line: &Line| line.words.get(1).is_some_and(|word| word == "mine.toml");
    if !lines.iter().any(|(_, _, line)| is_run(line)) && speaks_of("mine.toml") {
        bench.optimize(&["mine.toml", "--quiet"]).code(0);
    }
    let mut count = 0;
    for (place, kind, line) in &lines {
        line.read(place);
        if *kind == Kind::OnlyRead {
            continue;
        }
        let words = line.small();
        let mut command = bench.command(&words.iter().map(String::as_str).collect::<Vec<_>>());
        command.envs(line.variables.iter().cloned());
        let output = command.output().unwrap();
        let said = [output.stdout.as_slice(), &output.stderr].map(String::from_utf8_lossy).concat();
        assert_eq!(output.status.code(), Some(0), "{place}: optimize {}\n{said}", words.join(" "));
        count += 1;
    }
    assert!(count > 0, "{name}: nothing was run");
}

#[test]
fn quick_start() {
    run("docs/src/quick-start.md");
}

#[test]
fn running() {
    run("docs/src/running.md");
}

#[test]
fn recipes() {
    run("docs/src/recipes.md");
}

#[test]
fn comparing() {
    run("docs/src/comparing.md");
}

#[test]
fn metering() {
    run("docs/src/metering.md");
}

#[test]
fn trainer() {
    run("docs/src/trainer.md");
}

#[test]
fn study_file() {
    run("docs/src/study-file.md");
}

#[test]
fn readme() {
    run("README.md");
}

#[test]
fn every_page_with_commands_is_run() {
    let source = include_str!("commands.rs");
    for page in Page::all() {
        let any = lines_of(&page).iter().any(|(_, kind, _)| *kind != Kind::OnlyRead);
        let is_run = source.contains(&format!("run(\"{}\");", page.name));
        assert_eq!(any, is_run, "{}: a test here runs it, where it has commands", page.name);
    }
}

/// What could stand in place of a word that stands for something.
fn filled(word: &str) -> String {
    let word = match word {
        "N" => "1",
        "COMMAND" => "meter",
        "SHELL" => "bash",
        "KEY" => "budget",
        word => word,
    };
    word.to_owned()
}

#[test]
fn commands_within_sentences_can_be_read() {
    let mut count = 0;
    for page in Page::all() {
        for (number, span) in page.code_spans() {
            let line = Line::new(&span);
            if !line.is_ours() || line.words.len() < 2 || span.contains("...") {
                continue;
            }
            let mut words: Vec<String> = line.words.iter().map(|word| filled(word)).collect();
            // The name of a command alone is there, or its help would not be.
            if words[1] != "help"
                && words[1..].iter().all(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
            {
                words.push("--help".to_owned());
            }
            Line { words, ..line }.read(&format!("{}:{number}", page.name));
            count += 1;
        }
    }
    assert!(count > 40, "only {count} were found");
}

#[test]
fn make_has_the_targets_that_pages_name() {
    let makefile = std::fs::read_to_string(root().join("Makefile")).unwrap();
    for page in Page::all() {
        let blocks = page.blocks.iter().filter(|block| block.language == "sh");
        for line in blocks.flat_map(|block| block.text.lines()) {
            let Some(target) = line.strip_prefix("make ").and_then(|rest| rest.split_whitespace().next()) else {
                continue;
            };
            assert!(makefile.contains(&format!("\n{target}:")), "{}: make {target}", page.name);
        }
    }
}

#[test]
fn lines_are_read_as_a_shell_reads_them() {
    let line = Line::new("A=1 exec optimize meter -- sh -c 'echo # x' \"a b\" ''  > file # comment");
    assert_eq!(line.variables, [("A".to_owned(), "1".to_owned())]);
    assert_eq!(line.words, ["optimize", "meter", "--", "sh", "-c", "echo # x", "a b", ""]);
    assert!(!Line::new("# optimize").is_ours());
    assert!(Line::new("optimize chek").name_is_known().is_err());
}
