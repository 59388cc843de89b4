//! The study file as a whole, and its small sections.

use std::path::Path;

use toml_edit::Document;

use super::error::{IssueKind, SpecErrors};
use super::findings::{Draft, Findings, Span};
use super::points::PlacedPart;
use super::quantity::parse_energy;
use super::reader::Section;
use super::reference::{self, Table};
use super::spelling::advice;

use super::{
    Budget, EnergyFrom, OnInterrupt, SamplerSpec, StudySpec, TrialSource, TrialSpec, bounds, carbon, contradictions,
    doubts, energy, limits, objectives, points, requirements, source, space,
};
use crate::evaluation::KeepOutput;
use crate::optimizer::Seed;
use crate::optimizer::problem::{Problem, ProblemParts};
use crate::optimizer::sampler;

/// The samplers of this version.
pub(super) const SAMPLERS: [&str; sampler::NAMES.len()] = sampler::NAMES;
/// Settings of samplers; which of them mean something to which is in [`sampler::KINDS`].
pub(super) const SAMPLER_SETTINGS: [&str; 3] = ["initial", "population", "levels"];

/// How many characters the name of a study may have.
pub(crate) const NAME_LIMIT: usize = 100;

/// A folder beside those of the studies.
const PUBLISHED: &str = "published";

impl StudySpec {
    /// Reads and checks a study file. `path` is for messages, and gives the study its name if the file does not.
    ///
    /// ```
    /// use wattfront::study_file::StudySpec;
    ///
    /// let text = r#"
    /// budget.trials = 40
    /// command.argv = ["./train", "--lr={lr}"]
    /// objective = [{ metric = "accuracy", goal = "maximize" }, { metric = "energy", goal = "minimize" }]
    /// space.lr = { float = [1e-5, 1e-1], scale = "log" }
    /// "#;
    /// let study = StudySpec::parse(text, "studies/digits.toml")?;
    /// assert_eq!(study.name(), "digits");
    ///
    /// let errors = StudySpec::parse(&text.replace("trials", "trails"), "studies/digits.toml").unwrap_err();
    /// assert!(errors.to_string().contains("did you mean `trials`?"));
    /// # Ok::<(), wattfront::study_file::SpecErrors>(())
    /// ```
    ///
    /// # Errors
    /// Everything that is found to be wrong with it.
    pub fn parse(text: &str, path: &str) -> Result<Self, SpecErrors> {
        let mut findings = Findings::default();
        let spec = match Document::parse(text) {
            Ok(document) => read(&document, text, path, &mut findings),
            Err(error) => {
                let kind = IssueKind::Syntax { message: error.message().trim().replace('\n', ", ") };
                let line = error.span().map(|span| line_at(text, span.start)).unwrap_or_default();
                let draft = Draft::new(kind).at(error.span());
                findings.push(match line.trim_start().starts_with("[[require]]") {
                    true => draft
                        .help("write the requirement on a line of its own: that = \"width * batch_size <= 200000\""),
                    false => draft,
                });
                None
            }
        };
        match (findings.into_errors(path, text), spec) {
            (None, Some(spec)) => Ok(spec),
            (Some(errors), _) => Err(errors),
            (None, None) => unreachable!("a study file without a finding is complete"),
        }
    }
}

fn line_at(text: &str, at: usize) -> &str {
    let at = (0..=at.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    let start = text[..at].rfind('\n').map_or(0, |i| i + 1);
    text[start..].lines().next().unwrap_or_default()
}

fn read(document: &Document<&str>, text: &str, path: &str, findings: &mut Findings) -> Option<StudySpec> {
    let root = Section::new(&reference::TOP, reference::TOP.title, document.as_table(), None);
    root.refuse_unknown_keys(findings);

    let name = read_name(&root, path, findings);
    let seed = read_seed(&root, findings);
    let budget = read_budget(&root, findings);
    let sampler = read_sampler(&root, findings);
    let trial = read_trial(&root, findings);
    let mut energy = energy::read(&root, findings);
    let carbon = carbon::read(&root, findings);
    let searched = space::read(&root, findings);
    let objectives = objectives::read(&root, findings);
    limits::read(&root, &searched, &mut energy, findings);
    let source = source::read(&root, &searched, &energy, findings);
    let constraints = bounds::read_constraints(&root, findings);
    energy::check_metrics(&energy, &objectives, &constraints, findings);
    super::without::check_metrics(&energy, &objectives, &constraints, findings);
    let trainer = root.get("train").map(|_| objectives::Trainer { infers: source::infers(source.as_ref(), &searched) });
    objectives::check_metrics(&objectives, &constraints, trainer, findings);
    let preferences = bounds::read_preferences(&root, &objectives, findings);
    let starts = points::read_starts(&root, &searched, findings);
    let forbidden = points::read_forbidden(&root, &searched, findings);
    let required = requirements::read(&root, &searched, text, findings);
    contradictions::check(&root, &objectives, &constraints, &preferences, trainer.is_some(), findings);
    doubts::check(&searched, &forbidden, &objectives, findings);
    if matches!(source, Some(TrialSource::Command(_))) {
        doubts::check_words(&objectives, &constraints, findings);
    }
    let most = sampler::kind(&sampler.kind).and_then(|kind| kind.most_objectives);
    if let Some(limit) = most.filter(|most| objectives.len() > *most) {
        let count = objectives.len();
        let kind = IssueKind::TooManyObjectives { sampler: sampler.kind.clone(), limit, count };
        let others = sampler::KINDS.iter().filter(|kind| kind.most_objectives.is_none());
        let others: Vec<String> = others.map(|kind| format!("\"{}\"", kind.name)).collect();
        let help = format!(
            "drop the objectives that you can do without, or set `kind` of [sampler] to one that takes any number: {}",
            others.join(", ")
        );
        findings.push(Draft::new(kind).at(objectives[limit].span.clone()).help(help));
    }
    let objectives = objectives.into_iter().map(|o| o.objective).collect();
    // All of these were checked where they were read.
    let mut problem = Problem::unchecked(searched.space?, objectives).add_unchecked(ProblemParts {
        constraints: constraints.into_iter().map(|placed| placed.constraint).collect(),
        preferences,
        priors: searched.priors.into_iter().collect(),
        forbidden: forbidden.iter().map(|forbidden| forbidden.part.clone()).collect(),
        starts: starts.iter().map(|start| start.part.clone()).collect(),
    });
    for PlacedPart { part, span } in &required {
        match problem.clone().require([part.clone()]) {
            Ok(more) => problem = more,
            // Names were checked where it was read.
            Err(error) => {
                let message = error.to_string();
                findings.push(Draft::new(IssueKind::Requirement { message }).at(span.clone()));
            }
        }
    }
    points::check(&problem, &starts, &points::Restrictions { forbidden, required }, findings);
    Some(StudySpec {
        name: name?,
        seed,
        budget,
        problem,
        sampler,
        source: source?,
        trial,
        energy,
        carbon,
        text: text.to_owned(),
        doubts: findings.take_doubts(text),
        was: searched.was,
    })
}

fn read_name(root: &Section, path: &str, findings: &mut Findings) -> Option<String> {
    let usable = |name: &str| {
        let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        name.chars().all(known)
            && !name.starts_with(['.', '-'])
            && (1..=NAME_LIMIT).contains(&name.len())
            && name != PUBLISHED
    };
    let rule = "it becomes the name of a folder: letters, digits, `-`, `_` and `.`, at most 100, not beginning with `.` \
                or `-`";
    let refuse = |name: &str| {
        let draft = Draft::new(IssueKind::BadName { what: "study", name: name.to_owned() });
        if name == PUBLISHED {
            return draft.help("the folder of that name keeps the results that were published; choose another name");
        }
        let draft = draft.help(rule);
        let cleaned: String =
            name.trim().chars().take(100).map(|c| if usable(&format!("a{c}")) { c } else { '-' }).collect();
        let cleaned = cleaned.trim_start_matches(['.', '-']);
        if usable(cleaned) { draft.help(format!("for example: name = \"{cleaned}\"")) } else { draft }
    };
    match root.get("name") {
        Some(entry) => {
            let name = entry.string("name = \"digits\"", findings)?;
            if !usable(name) {
                findings.push(refuse(name).at(entry.span()));
                return None;
            }
            Some(name.to_owned())
        }
        None => {
            let stem = Path::new(path).file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
            if !usable(&stem) {
                findings.push(refuse(&stem).help("the study has the name of its file unless `name` is given"));
                return None;
            }
            Some(stem)
        }
    }
}

fn read_seed(root: &Section, findings: &mut Findings) -> Seed {
    Seed(root.get("seed").and_then(|entry| entry.bounded_integer(findings)).unwrap_or(0))
}

/// The section of this shape, or `None` if it is absent or no table.
pub(super) fn section<'a>(root: &Section<'a>, shape: &'static Table, findings: &mut Findings) -> Option<Section<'a>> {
    let title = shape.title;
    root.get(shape.name)?.table(shape, title, &format!("a section that begins with the line {title}"), findings)
}

fn read_budget(root: &Section, findings: &mut Findings) -> Budget {
    let before = findings.len();
    let mut budget = Budget::default();
    let mut span: Span = None;
    if let Some(section) = section(root, &reference::BUDGET, findings) {
        section.refuse_unknown_keys(findings);
        budget.trials = section.get("trials").and_then(|e| e.bounded_integer(findings));
        let time = section.get("time").and_then(|e| e.duration(findings));
        budget.seconds = time.map(|t| t.as_secs_f64());
        if let Some(entry) = section.get("energy") {
            let read = entry.string("energy = \"50 Wh\"", findings);
            budget.joules = read.and_then(|text| {
                let energy = parse_energy(text);
                let refuse = |help: String| entry.draft_bad_value("an energy", &format!("\"{text}\"")).help(help);
                energy.map(|e| e.0).map_err(|help| findings.push(refuse(help))).ok()
            });
        }
        if let Some(entry) = section.get("hard") {
            budget.hard = entry.truth("hard = true", findings).unwrap_or(false);
            if budget.hard && section.get("time").is_none() && section.get("energy").is_none() {
                let context = "without `time` or `energy` in [budget]".to_owned();
                let kind = IssueKind::Meaningless { key: "hard".to_owned(), context };
                findings.push(Draft::new(kind).at(entry.whole()).help("remove it, or add time = \"30m\""));
            }
        }
        span = section.span;
    }
    if (Budget { hard: false, ..budget }) == Budget::default() && findings.len() == before && !root.misspells("budget")
    {
        let help = "give one or several of: trials = 40, time = \"30m\", energy = \"50 Wh\"; the first that runs out ends \
                    the study";
        findings.push(Draft::new(IssueKind::NoBudget).at(span).help(help));
    }
    budget
}

fn read_sampler(root: &Section, findings: &mut Findings) -> SamplerSpec {
    let mut sampler = SamplerSpec { kind: "gp".to_owned(), initial: None, population: None, levels: None };
    let Some(section) = section(root, &reference::SAMPLER, findings) else { return sampler };
    section.refuse_unknown_keys(findings);
    if let Some(entry) = section.get("kind")
        && let Some(kind) = entry.string("kind = \"gp\"", findings)
    {
        sampler.kind = kind.to_owned();
        if !SAMPLERS.contains(&kind) {
            let draft = Draft::new(IssueKind::UnknownName { what: "sampler", value: kind.to_owned() });
            findings.push(draft.at(entry.span()).help(advice(kind, SAMPLERS, "the samplers are")));
        }
    }
    sampler.initial = section.get("initial").and_then(|e| e.bounded_integer(findings));
    sampler.population = section.get("population").and_then(|e| e.bounded_integer(findings));
    sampler.levels = section.get("levels").and_then(|e| e.bounded_integer(findings));
    for key in SAMPLER_SETTINGS {
        if let Some(entry) = section.get(key)
            && sampler::kind(&sampler.kind).is_some_and(|kind| !kind.settings.contains(&key))
        {
            // Those that learn from trials all have an initial design.
            let reason = if key == "initial" { ", which does not learn from trials" } else { "" };
            let context = format!("for the sampler `{}`{reason}", sampler.kind);
            let kind = IssueKind::Meaningless { key: key.to_owned(), context };
            findings.push(Draft::new(kind).at(entry.whole()).help("remove it"));
        }
    }
    sampler
}

fn read_trial(root: &Section, findings: &mut Findings) -> TrialSpec {
    let mut trial = TrialSpec::default();
    // The rest of [command] is read elsewhere.
    if let Some(command) = root.get("command") {
        let word = |key: &str, findings: &mut Findings| command.child(&reference::COMMAND, key)?.word(findings);
        trial.keep_output = match word("keep_output", findings) {
            Some("failed") => KeepOutput::Failed,
            Some("none") => KeepOutput::None,
            _ => KeepOutput::All,
        };
        trial.energy_from = match word("energy_from", findings) {
            Some("first-step") => EnergyFrom::FirstStep,
            _ => EnergyFrom::Start,
        };
    }
    let Some(section) = section(root, &reference::TRIAL, findings) else { return trial };
    section.refuse_unknown_keys(findings);
    trial.timeout = section.get("timeout").and_then(|e| e.duration(findings));
    if let Some(attempts) = section.get("attempts").and_then(|e| e.bounded_integer(findings)) {
        trial.attempts = attempts;
    }
    trial.on_interrupt = match section.get("on_interrupt").and_then(|e| e.word(findings)) {
        Some("finish") => OnInterrupt::Finish,
        _ => OnInterrupt::Abandon,
    };
    trial
}
