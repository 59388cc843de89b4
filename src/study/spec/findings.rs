//! Collects what is wrong while a study file is read.

use std::ops::Range;

use super::error::{Issue, IssueKind, Place, SpecErrors};

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
        Self { kind: kind.into(), span: None, also: Vec::new(), help: Vec::new() }
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
}

/// The issues so far.
#[derive(Default)]
pub(super) struct Findings {
    drafts: Vec<Draft>,
}

impl Findings {
    pub(super) fn push(&mut self, draft: Draft) {
        self.drafts.push(draft);
    }

    pub(super) fn extend(&mut self, drafts: impl IntoIterator<Item = Draft>) {
        self.drafts.extend(drafts);
    }

    pub(super) fn len(&self) -> usize {
        self.drafts.len()
    }

    /// The issues in the order of the file, or `None` if there are none.
    pub(super) fn into_errors(mut self, path: &str, text: &str) -> Option<SpecErrors> {
        self.drafts.sort_by_key(|d| d.span.as_ref().map_or(usize::MAX, |s| s.start));
        let more = self.drafts.len().saturating_sub(MOST);
        self.drafts.truncate(MOST);
        let place = |span| Place::of(text, span);
        let issue = |draft: Draft| Issue {
            kind: draft.kind,
            place: draft.span.map(place),
            also: draft.also.into_iter().map(|(span, label)| (place(span), label)).collect(),
            help: draft.help,
        };
        let issues: Vec<Issue> = self.drafts.into_iter().map(issue).collect();
        (!issues.is_empty()).then(|| SpecErrors { path: path.to_owned(), text: text.to_owned(), issues, more })
    }
}
