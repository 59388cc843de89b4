//! A study whose trials somebody else runs: a request a line, an answer a line.

use std::io::{BufRead, ErrorKind, Read, Write};
use std::path::Path;

use super::begin::{Opening, caveats};
use super::outputs::write_outputs;
use super::run::conduct::{limits_of, sampler_of};
use super::{AppError, Notice, Observer, Study};
use crate::guard::told::{chain, joined};
use crate::study::store::StoreError;
use crate::study::{Answer, AskTell, HelpWords, Request, RequestError, StudyError, describe_host};
use crate::study_file::{EnergySpec, StudySpec, TrialSource, TrialSpec};

/// The longest line that is read, in bytes.
const LONGEST: u64 = 1 << 20;

/// Opens the study and answers until the other side quits or goes away.
pub(crate) fn ask_tell(
    study: &Study,
    input: &mut impl BufRead,
    output: &mut impl Write,
    observer: &mut dyn Observer,
) -> Result<(), AppError> {
    let spec = study.checked()?;
    refuse_what_is_not_used(&spec, &study.file)?;
    let sampler = sampler_of(&spec)?;
    let Opening { folder, mut store, mut record, lessons, aside } = Opening::of(study, &spec, observer)?;
    caveats(&folder, &store).into_iter().for_each(|line| observer.notice(&Notice::Caveat(line)));
    lessons.teach(aside.as_deref(), &mut store, &mut record)?.iter().for_each(|notice| observer.notice(notice));
    let mut desk = AskTell::open(&mut store, &mut record, &*sampler, limits_of(&spec), describe_host())?;
    let talk = converse(&mut desk, input, output, &observer.words());
    if let Some(line) = what_is_outstanding(&desk.outstanding()) {
        observer.notice(&Notice::Warning(line));
    }
    let written = write_outputs(&folder, &record, spec.carbon());
    talk?;
    Ok(written?)
}

/// Answers until the other side quits or goes away.
fn converse(
    desk: &mut AskTell<'_>,
    input: &mut impl BufRead,
    output: &mut impl Write,
    words: &HelpWords,
) -> Result<(), AppError> {
    while let Some(line) = read_line(input).map_err(AppError::failed)? {
        let request = line.and_then(|line| Request::parse(&line));
        let quits = matches!(request, Ok(Request::Quit));
        let answer = request.and_then(|request| desk.answer(request));
        let ended = quits && answer.is_ok();
        // A disk that has failed once may hold anything: nothing that follows could be answered for.
        let broken = match &answer {
            Err(RequestError::Study(StudyError::Store(error))) if !matches!(error, StoreError::Unstorable { .. }) => {
                Some(AppError::broken(error))
            }
            _ => None,
        };
        let answer = answer
            .unwrap_or_else(|error| Answer::Refused { error: joined(chain(&error), error.help_in(words).as_deref()) });
        let json = serde_json::to_string(&answer).map_err(AppError::failed)?;
        match writeln!(output, "{json}").and_then(|()| output.flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe && !ended => break,
            Err(error) if error.kind() != ErrorKind::BrokenPipe => return Err(AppError::failed(error)),
            _ if ended => return Ok(()),
            _ => {}
        }
        if let Some(failure) = broken {
            return Err(failure);
        }
    }
    desk.answer(Request::Quit).map_err(AppError::failed)?;
    Ok(())
}

/// What becomes of trials that were asked for and not told; nothing where there are none.
fn what_is_outstanding(trials: &[u64]) -> Option<String> {
    const SHOWN: usize = 10;
    let ids: Vec<String> = trials.iter().take(SHOWN).map(u64::to_string).collect();
    let more = if trials.len() > SHOWN { ", ..." } else { "" };
    let (were, them) = if trials.len() == 1 { ("trial was", "it") } else { ("trials were", "them") };
    (!trials.is_empty()).then(|| {
        format!(
            "{} {were} asked for and not told ({}{more}), and count towards the budget until then: `pending` gives {them} to the next \
             session, to be told; `optimize skip` gives {them} up",
            trials.len(),
            ids.join(", ")
        )
    })
}

/// The next line, `None` at the end of input, or why it is none. A line that is too long is read to its end.
fn read_line(input: &mut impl BufRead) -> std::io::Result<Option<Result<String, RequestError>>> {
    let mut line = Vec::new();
    if input.by_ref().take(LONGEST).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() != Some(&b'\n') && line.len() as u64 == LONGEST {
        input.skip_until(b'\n')?;
        let begin: String = String::from_utf8_lossy(&line).chars().take(60).collect();
        let reason = format!("the line is longer than {LONGEST} bytes; it begins {begin:?}");
        return Ok(Some(Err(RequestError::Malformed { reason })));
    }
    let reason = match line.starts_with(&[0xff, 0xfe]) || line.starts_with(&[0xfe, 0xff]) {
        true => "it is not UTF-8, but looks like UTF-16",
        false => "it is not UTF-8",
    };
    let text = String::from_utf8(line).map_err(|_| RequestError::Malformed { reason: reason.to_owned() });
    Ok(Some(text))
}

/// Sections that speak of running trials would be silently without effect.
fn refuse_what_is_not_used(spec: &StudySpec, file: &Path) -> Result<(), AppError> {
    let section = match spec.source() {
        TrialSource::Train(_) => "[train]",
        TrialSource::Command(_) => "[command]",
        TrialSource::None if *spec.trial() != TrialSpec::default() => "[trial]",
        TrialSource::None if *spec.energy() != EnergySpec::default() => "[energy]",
        TrialSource::None if spec.budget().hard => {
            return Err(AppError::wrong(
                "the study file has `hard` in [budget], but with ask-tell the trials are run by the program that asks, and nobody else can \
                 end them",
            )
            .advised("remove it"));
        }
        TrialSource::None => return Ok(()),
    };
    let refusal = AppError::wrong(format!(
        "the study file has {section}, but with ask-tell the trials are run by the program that asks"
    ));
    let refusal = refusal.advised("remove the section");
    Err(match spec.source() {
        TrialSource::None => refusal,
        _ => refusal.advised(format!("or run the study with `optimize {}`", file.display())),
    })
}
