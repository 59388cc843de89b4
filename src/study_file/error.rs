//! What can be wrong with a study file, and how it is shown.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::guard::secret::masked_file;
use crate::guard::text::{is_obeyed, line};
use crate::optimizer::space::{PointError, SpaceError};
use crate::record::EnergyMetricError;
use crate::training::RecipeError;

/// A stretch of a study file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FilePosition {
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// The stretch itself, in bytes from the beginning of the text.
    pub span: Range<usize>,
}

impl FilePosition {
    /// The place of a stretch of `text`. A stretch that leaves the text is cut
    /// short, one that cuts a character takes it in.
    #[must_use]
    pub fn of(text: &str, span: Range<usize>) -> Self {
        let boundary = |i: &usize| text.is_char_boundary(*i);
        let start = (0..=span.start.min(text.len())).rev().find(boundary).unwrap_or(0);
        let end = (span.end.min(text.len())..=text.len()).find(boundary).unwrap_or(text.len()).max(start);
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            span: start..end,
        }
    }
}

/// One thing that is wrong with a study file, or doubtful in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Issue {
    pub(super) kind: IssueKind,
    pub(super) place: Option<FilePosition>,
    pub(super) also: Vec<(FilePosition, String)>,
    pub(super) help: Vec<String>,
}

impl Issue {
    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> &IssueKind {
        &self.kind
    }

    /// Where; `None` where something is missing from the file as a whole.
    #[must_use]
    pub fn place(&self) -> Option<&FilePosition> {
        self.place.as_ref()
    }

    /// What to do about it, a sentence each.
    #[must_use]
    pub fn help(&self) -> &[String] {
        &self.help
    }

    /// Whether it is only worth knowing, and neither wrong nor doubtful.
    #[must_use]
    pub fn is_remark(&self) -> bool {
        matches!(self.kind, IssueKind::Remark { .. })
    }
}

/// What can be wrong with a study file.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum IssueKind {
    /// The text is not TOML.
    #[error("this is not valid TOML: {message}")]
    Syntax {
        /// What the TOML parser says.
        message: String,
    },
    /// A key that its section does not have.
    #[error("unknown key `{key}` in {section}")]
    UnknownKey {
        /// The key.
        key: String,
        /// The section, such as `[budget]`.
        section: String,
    },
    /// A name that is none of those that are possible.
    #[error("unknown {what} `{value}`")]
    UnknownName {
        /// What it should name, such as `sampler`.
        what: &'static str,
        /// The name.
        value: String,
    },
    /// A value of a wrong type.
    #[error("`{key}` must be {expected}, not {found}")]
    WrongType {
        /// The key.
        key: String,
        /// The type it should have.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A key or section that must be there.
    #[error("{section} needs {what}")]
    Missing {
        /// What is missing.
        what: String,
        /// Where it is missing.
        section: String,
    },
    /// A number, duration or amount that is not possible.
    #[error("`{key}` must be {expected}, not {value}")]
    BadValue {
        /// The key.
        key: String,
        /// What it should be.
        expected: String,
        /// What it is.
        value: String,
    },
    /// A study's name that cannot be the name of a folder, or a parameter's name that cannot be part of a variable's or is
    /// taken.
    #[error("`{name}` cannot be the name of a {what}")]
    BadName {
        /// `study`, `parameter`, `power limit` and so on.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// Two parameters whose names differ only by case.
    #[error("the parameters `{first}` and `{second}` differ only by case")]
    CaseCollision {
        /// The name that comes first.
        first: String,
        /// The other.
        second: String,
    },
    /// Two keys that exclude each other.
    #[error("{section} has both {first} and {second}")]
    Conflict {
        /// Where they are.
        section: String,
        /// One of them.
        first: String,
        /// The other.
        second: String,
    },
    /// A domain that has no values, or a condition that cannot hold.
    #[error(transparent)]
    Space(#[from] SpaceError),
    /// A key that has no meaning for this kind of parameter, sampler or source.
    #[error("`{key}` has no meaning {context}")]
    Meaningless {
        /// The key.
        key: String,
        /// Where it has none.
        context: String,
    },
    /// No objective at all.
    #[error("the study has no objective")]
    NoObjective,
    /// One metric in two objectives.
    #[error("the metric `{metric}` is an objective twice")]
    DuplicateObjective {
        /// The metric.
        metric: String,
    },
    /// The test set as an objective.
    #[error("`{metric}` cannot be an objective: the test set is never an objective")]
    TestObjective {
        /// The metric.
        metric: String,
    },
    /// The test set as a constraint.
    #[error("`{metric}` cannot be a constraint: nothing is decided by the test set")]
    TestConstraint {
        /// The metric.
        metric: String,
    },
    /// Two constraints of one metric on the same side.
    #[error("the metric `{metric}` has `{side}` twice")]
    DuplicateConstraint {
        /// The metric.
        metric: String,
        /// `at_least` or `at_most`.
        side: String,
    },
    /// A preference for a metric that is no objective.
    #[error("`{metric}` is no objective, so there is nothing to prefer")]
    NoSuchObjective {
        /// The metric.
        metric: String,
    },
    /// A point, or a part of one, that the space does not have.
    #[error(transparent)]
    Point(#[from] PointError),
    /// A start that would never be tried.
    #[error("this start is forbidden")]
    ForbiddenStart,
    /// A start that breaks a requirement.
    #[error("this start breaks `{requirement}`")]
    BrokenStart {
        /// The requirement.
        requirement: String,
    },
    /// Nothing is left to try.
    #[error("every point of the space is forbidden")]
    AllForbidden,
    /// A name that begins like an energy metric and is none.
    #[error(transparent)]
    EnergyMetric(#[from] EnergyMetricError),
    /// A metric that no trial would report.
    #[error("nobody reports the metric `{metric}`")]
    UnknownMetric {
        /// The metric.
        metric: String,
    },
    /// A metric of samples that are told after training, where none are.
    #[error("not every trial would report `{metric}`, for not every one predicts samples once it is trained")]
    NotInferred {
        /// The metric.
        metric: String,
    },
    /// More objectives than the sampler can handle.
    #[error("the sampler `{sampler}` handles at most {limit} objectives, and there are {count}")]
    TooManyObjectives {
        /// The sampler.
        sampler: String,
        /// How many it can handle.
        limit: usize,
        /// How many there are.
        count: usize,
    },
    /// No limit at all.
    #[error("the study has no budget, so it would never end")]
    NoBudget,
    /// A setting that is both fixed and searched.
    #[error("`{setting}` is fixed in [train] and searched in [space]")]
    FixedAndSearched {
        /// The setting.
        setting: String,
    },
    /// A parameter of the space that is no setting of the trainer.
    #[error("the trainer has no setting `{parameter}`")]
    NoSuchSetting {
        /// The parameter.
        parameter: String,
    },
    /// Settings that do not make a recipe.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// A placeholder that stands for no parameter.
    #[error("the placeholder `{{{name}}}` stands for no parameter")]
    UnknownPlaceholder {
        /// The name in the placeholder.
        name: String,
    },
    /// A brace without a partner.
    #[error("a brace without its partner in `{argument}`")]
    LonelyBrace {
        /// The argument.
        argument: String,
    },
    /// An argument that is nothing but a placeholder of a parameter that is not always active, or does not always have
    /// a value. Others would take its place.
    #[error("the argument `{{{parameter}}}` would vanish where `{parameter}` {when}, and {consequence}")]
    VanishingArgument {
        /// The parameter.
        parameter: String,
        /// When: `is inactive`, or `has no value`.
        when: String,
        /// What becomes of the other arguments.
        consequence: String,
    },
    /// A text that is no requirement, or one that cannot be kept.
    #[error("{message}")]
    Requirement {
        /// What is wrong with it.
        message: String,
    },
    /// What no trial could be, or what excludes each other.
    #[error("{message}")]
    Impossible {
        /// Why.
        message: String,
    },
    /// No error: what works, but hardly as it was meant.
    #[error("{message}")]
    Doubtful {
        /// What is doubtful.
        message: String,
    },
    /// No error: what is worth knowing.
    #[error("{message}")]
    Remark {
        /// What it is.
        message: String,
    },
}

impl IssueKind {
    /// What to do about it, as far as an error that is passed on says it.
    pub(super) fn help(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Recipe(error) => error.help(),
            Self::EnergyMetric(error) => error.help(),
            _ => None,
        }
    }

    fn level(&self) -> Level<'static> {
        match self {
            Self::Doubtful { .. } => Level::WARNING,
            Self::Remark { .. } => Level::NOTE,
            _ => Level::ERROR,
        }
    }
}

/// All that was found to be wrong with a study file. Displays as [`render`](Self::render) without colour.
#[derive(Debug, Clone, PartialEq)]
pub struct SpecErrors {
    pub(super) path: String,
    pub(super) text: String,
    pub(super) issues: Vec<Issue>,
    /// How many more there are, which are not told.
    pub(super) more: usize,
}

impl SpecErrors {
    /// The issues, in the order of the file, the first hundred of them; those without a place come last.
    #[must_use]
    pub fn issues(&self) -> &[Issue] {
        &self.issues
    }

    /// Every issue with its line of the file and what to do about it, and how many there are. With colours for a
    /// terminal if `color`. Ends without a newline.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        let mut shown: Vec<String> = self.issues.iter().map(|i| render(i, &self.path, &self.text, color)).collect();
        if self.more > 0 {
            shown.push(format!("and {} more, which are not shown", self.more));
        }
        shown.push(match self.issues.len() + self.more {
            1 => format!("error: {} has 1 error", line(&self.path)),
            n => format!("error: {} has {n} errors", line(&self.path)),
        });
        shown.join("\n\n")
    }
}

/// One issue with its line of the file and what to do about it.
pub(super) fn render(issue: &Issue, path: &str, text: &str, color: bool) -> String {
    let title = issue.kind.level().primary_title(line(&issue.kind.to_string()).into_owned());
    let path = line(path).into_owned();
    let group = match &issue.place {
        None => title.element(Origin::path(path)),
        Some(place) => {
            let annotation = AnnotationKind::Primary.span(place.span.clone());
            let also = issue.also.iter().map(|(p, l)| AnnotationKind::Context.span(p.span.clone()).label(l));
            title.element(Snippet::source(shown(text)).path(path).annotation(annotation).annotations(also))
        }
    };
    let group: Group<'_> = group.elements(issue.help.iter().map(|help| Level::HELP.message(line(help))));
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[group])
}

/// The text with a sign of as many bytes in place of each character that a terminal would obey, so that places stay.
/// So is what looks like a secret.
fn shown(text: &str) -> Cow<'_, str> {
    let hides = |c: char| is_obeyed(c) && !matches!(c, '\n' | '\r' | '\t');
    let text = masked_file(text);
    if !text.contains(hides) {
        return text;
    }
    let sign = |c: char| match c.len_utf8() {
        _ if !hides(c) => c,
        1 => '?',
        2 => '\u{b7}',
        3 => char::REPLACEMENT_CHARACTER,
        _ => '\u{1f6ab}',
    };
    Cow::Owned(text.chars().map(sign).collect())
}

impl fmt::Display for SpecErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for SpecErrors {}
