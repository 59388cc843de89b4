//! `optimize init`: a study file to begin with.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::args::InitArgs;
use super::failure::Failure;
use super::print::{print, print_data, warn};
use crate::app::data::look_at_data;
use crate::app::init::{Data, Examples, Program};
use crate::app::{check_program, check_source};
use crate::study_file::{StudySpec, TrialSource};

/// Standard output instead of a file.
const STDOUT: &str = "-";

/// What the study is about.
enum Subject {
    Program(Program),
    Data(Box<Data>),
}

pub(super) fn init(args: &InitArgs) -> Result<(), Failure> {
    let path = &args.study;
    let to_stdout = path == Path::new(STDOUT);
    if !to_stdout {
        refuse_place(path)?;
    }
    let subject = subject_of(args)?;
    let shown = if to_stdout { "study.toml".to_owned() } else { path.display().to_string() };
    let text_with = |examples: Option<&Examples>| match &subject {
        Subject::Program(program) => program.study(&shown, examples),
        Subject::Data(data) => data.study(&shown, examples),
    };
    // The same that `optimize check` does, so that nothing is written which it refuses.
    let parse = |text: &str| {
        StudySpec::parse(text, &shown)
            .map_err(|errors| Failure::usage(format!("a study file of this would be wrong\n\n{errors}")))
    };
    let text = text_with(Examples::of(parse(&text_with(None))?.problem().space()).as_ref());
    let spec = parse(&text)?;
    check_program(&spec, path)?;
    look_at_data(&spec, path)?;
    if to_stdout {
        return print_data(text);
    }
    write_new(path, &text)?;
    print(said(&subject, &spec, &shown))
}

fn subject_of(args: &InitArgs) -> Result<Subject, Failure> {
    match (&args.command, &args.train) {
        (Some(command), None) => {
            let program =
                Program::of(command).map_err(|unclear| Failure::usage(unclear.what).with_help(unclear.help))?;
            Ok(Subject::Program(program))
        }
        (None, Some(dataset)) => Ok(Subject::Data(Box::new(Data::of(dataset, &args.study)?))),
        (Some(_), Some(_)) => {
            Err(Failure::usage("--command and --train exclude each other: a study runs one of the two")
                .with_help("keep --command for a program of your own, --train for the built-in trainer"))
        }
        (None, None) => Err(Failure::usage(
            "what is the study to run?\n  \
             --command \"python3 train.py --lr {learning_rate}\"   your own program; what is in braces is searched\n  \
             --train digits                                     the built-in trainer, on a data set or a folder of yours",
        )),
    }
}

/// Refuses what cannot be written, before anything is looked at.
fn refuse_place(path: &Path) -> Result<(), Failure> {
    let shown = path.display();
    // A link that leads nowhere is there, too.
    if fs::symlink_metadata(path).is_ok() {
        return Err(taken(path));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        let folder = folder.display();
        return Err(Failure::usage(format!("{shown} cannot be written: there is no folder {folder}"))
            .with_help(format!("`mkdir -p {folder}` makes it")));
    }
    Ok(())
}

fn taken(path: &Path) -> Failure {
    let what = if path.is_dir() { "is a folder" } else { "is there already, and is left as it is" };
    Failure::usage(format!("{} {what}", path.display()))
        .with_help(format!("choose another name, such as {}", free_name(path).display()))
        .with_help("`-` writes it to standard output")
}

/// A name beside one that is taken.
fn free_name(path: &Path) -> PathBuf {
    let name = path.file_stem().map_or_else(|| "mine".into(), |stem| stem.to_string_lossy());
    let mut names = std::iter::once(format!("{name}.toml")).chain((2..).map(|k| format!("{name}-{k}.toml")));
    let is_free = |name: &String| fs::symlink_metadata(path.with_file_name(name)).is_err();
    path.with_file_name(names.find(is_free).unwrap_or_default())
}

/// Writes a file that is not there yet.
fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::AlreadyExists => taken(path),
        _ => Failure::other(format!("{} cannot be written: {error}", path.display())),
    };
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| {
        // Half a study file would be taken for one.
        let _ = fs::remove_file(path);
        failed(error)
    })
}

/// What was written, and what to do next.
fn said(subject: &Subject, spec: &StudySpec, file: &str) -> String {
    let count = spec.problem().space().parameters().len();
    let s = if count == 1 { "" } else { "s" };
    let trials = spec.budget().trials.unwrap_or_default();
    let mut steps: Vec<(String, String)> = Vec::new();
    let mut step = |what: String, why: &str| steps.push((what, why.to_owned()));
    match subject {
        Subject::Program(program) => {
            if let Some(script) = program.missing_script() {
                warn(&format!("warning: there is no {script} here yet: the study starts it where you start optimize"));
            }
            let name = program.shown_name();
            step(format!("let {name} print its result"), "such as {\"accuracy\": 0.93}, on a line of its own");
            let why = match program.unsure() {
                0 => "they are guesses by the names",
                _ => "they are guesses by the names; those marked CHECK say nothing",
            };
            step(format!("look at the ranges in {file}"), why);
        }
        Subject::Data(data) => {
            if let Some(name) = data.to_fetch() {
                step(format!("optimize data fetch {name}"), "brings the data");
            }
        }
    }
    step(format!("optimize check {file} --dry-run"), "runs the first trial, and stores nothing");
    step(format!("optimize {file}"), &format!("runs the study; results go to results/{}/", spec.name()));
    let width = steps.iter().map(|(what, _)| what.chars().count()).max().unwrap_or(0);
    let steps: Vec<String> =
        steps.iter().enumerate().map(|(i, (what, why))| format!("  {}. {what:width$}  {why}", i + 1)).collect();
    let mut text = format!("wrote {file}: {trials} trials over {count} parameter{s}\n\nNext:\n{}\n", steps.join("\n"));
    if matches!(spec.source(), TrialSource::Train(_))
        && let Err(error) = check_source(spec)
        && let Some(reason) = Failure::from(error).text()
    {
        text += &format!("\nBefore it runs: {}\n", reason.trim_start_matches("error: "));
    }
    text
}
