//! Collects what is wrong while a study file is read.

use std::borrow::Cow;
use std::ops::Range;

use super::error::{FilePosition, Issue, IssueKind, SpecErrors};

/// So many issues are told; a file of which more is wrong is no study file.
const MOST: usize = 100;

/// A stretch of the text, in bytes; `None` where nothing can be pointed at.
pub(super) type Span = Option<Range<usize>>;

/// An issue in the making.
pub(super) struct Draft {
    kind: IssueKind,
    span: Span,
    also: Vec<(Range<usize>, String)>,
    help: Vec<String>,
}

impl Draft {
    pub(super) fn new(kind: impl Into<IssueKind>) -> Self {
        let kind = kind.into();
        let help = kind.help().into_iter().map(Cow::into_owned).collect();
        Self { kind, span: None, also: Vec::new(), help }
    }

    pub(super) fn at(mut self, span: Span) -> Self {
        self.span = span;
        self
    }

    /// Points to a second place.
    pub(super) fn also(mut self, span: Span, label: impl Into<String>) -> Self {
        self.also.extend(span.map(|s| (s, label.into())));
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    fn into_issue(self, text: &str) -> Issue {
        let place = |span| FilePosition::of(text, span);
        Issue {
            kind: self.kind,
            place: self.span.map(place),
            also: self.also.into_iter().map(|(span, label)| (place(span), label)).collect(),
            help: self.help,
        }
    }
}

/// The issues so far, and what is only doubtful.
#[derive(Default)]
pub(super) struct Findings {
    drafts: Vec<Draft>,
    doubts: Vec<Draft>,
}

impl Findings {
    pub(super) fn push(&mut self, draft: Draft) {
        self.drafts.push(draft);
    }

    pub(super) fn extend(&mut self, drafts: impl IntoIterator<Item = Draft>) {
        self.drafts.extend(drafts);
    }

    /// Notes what works, but hardly as it was meant.
    pub(super) fn warn(&mut self, message: impl Into<String>, span: Span, help: impl Into<String>) {
        let message = message.into();
        self.doubts.push(Draft::new(IssueKind::Doubtful { message }).at(span).help(help));
    }

    /// Notes what is worth knowing.
    pub(super) fn note(&mut self, message: impl Into<String>, span: Span, help: impl Into<String>) {
        let message = message.into();
        self.doubts.push(Draft::new(IssueKind::Remark { message }).at(span).help(help));
    }

    /// Notes a draft of something doubtful.
    pub(super) fn doubt(&mut self, draft: Draft) {
        self.doubts.push(draft);
    }

    /// What is doubtful, in the order of the file.
    pub(super) fn take_doubts(&mut self, text: &str) -> Vec<Issue> {
        let mut drafts = std::mem::take(&mut self.doubts);
        drafts.sort_by_key(|d| d.span.as_ref().map_or(usize::MAX, |s| s.start));
        drafts.truncate(MOST);
        drafts.into_iter().map(|draft| draft.into_issue(text)).collect()
    }

    /// How many issues there are; what is doubtful is none.
    pub(super) fn len(&self) -> usize {
        self.drafts.len()
    }

    /// The issues in the order of the file, or `None` if there are none.
    pub(super) fn into_errors(mut self, path: &str, text: &str) -> Option<SpecErrors> {
        self.drafts.sort_by_key(|d| d.span.as_ref().map_or(usize::MAX, |s| s.start));
        let more = self.drafts.len().saturating_sub(MOST);
        self.drafts.truncate(MOST);
        let issues: Vec<Issue> = self.drafts.into_iter().map(|draft| draft.into_issue(text)).collect();
        (!issues.is_empty()).then(|| SpecErrors { path: path.to_owned(), text: text.to_owned(), issues, more })
    }
}
