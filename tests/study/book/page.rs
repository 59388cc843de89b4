//! A page of Markdown, as far as it can be tried.

use std::fs;
use std::path::{Path, PathBuf};

/// What the comment before a block says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    Plain,
    File(String),
    PartOf(String),
    NoStudy,
    ToldByProgram,
    AskedOf(String),
    OnlyRead,
}

impl Kind {
    fn of(line: &str, place: &str) -> Self {
        let Some(words) = line.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->")) else {
            return Self::Plain;
        };
        let with_reason = |kind: Self, why: &str| {
            assert!(why.len() > 10, "{place}: `{words}` gives no reason");
            kind
        };
        match words.split_once(": ") {
            Some(("file", name)) => Self::File(name.to_owned()),
            Some(("part of", name)) => Self::PartOf(name.to_owned()),
            Some(("asked of", name)) => Self::AskedOf(name.to_owned()),
            Some(("no study", why)) => with_reason(Self::NoStudy, why),
            Some(("only read", why)) => with_reason(Self::OnlyRead, why),
            None if words == "told by a program" => Self::ToldByProgram,
            _ => panic!("{place}: a comment that nobody knows: {words}"),
        }
    }
}

/// A block between fences.
#[derive(Debug)]
pub struct Block {
    pub page: String,
    /// Of the opening fence, from 1.
    pub line: usize,
    pub language: String,
    pub kind: Kind,
    pub text: String,
}

impl Block {
    pub fn place(&self) -> String {
        format!("{}:{}", self.page, self.line)
    }
}

#[derive(Debug)]
pub struct Page {
    pub path: PathBuf,
    /// From the root of the repository.
    pub name: String,
    /// The lines that are in no block, with their numbers.
    pub prose: Vec<(usize, String)>,
    pub blocks: Vec<Block>,
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

impl Page {
    /// README, the pages beside it, and those of the book.
    pub fn all() -> Vec<Self> {
        let beside = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "GLOSSARY.md"].map(str::to_owned);
        let folder = root().join("docs/src");
        let book = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = book.filter(|name| name.ends_with(".md")).collect();
        names.sort();
        assert!(names.len() > 10, "the book is in {}", folder.display());
        let book = names.into_iter().map(|name| format!("docs/src/{name}"));
        beside.into_iter().chain(book).map(|name| Self::read(&name)).collect()
    }

    pub fn read(name: &str) -> Self {
        let path = root().join(name);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut page = Self { path, name: name.to_owned(), prose: Vec::new(), blocks: Vec::new() };
        let mut open: Option<Block> = None;
        let mut before = "";
        for (number, line) in text.lines().enumerate().map(|(i, line)| (i + 1, line)) {
            match (&mut open, line.strip_prefix("```")) {
                (None, Some(language)) => {
                    let kind = Kind::of(before, &format!("{name}:{number}"));
                    let language = language.split(',').next().unwrap().to_owned();
                    open = Some(Block { page: name.to_owned(), line: number, language, kind, text: String::new() });
                }
                (Some(_), Some("")) => page.blocks.extend(open.take()),
                (Some(block), _) => block.text += &format!("{line}\n"),
                (None, None) => page.prose.push((number, line.to_owned())),
            }
            before = line;
        }
        assert!(open.is_none(), "{name}: a block has no end");
        page
    }

    /// The files that the page shows.
    pub fn files(&self) -> impl Iterator<Item = (&str, &Block)> {
        self.blocks.iter().filter_map(|block| match &block.kind {
            Kind::File(name) => Some((name.as_str(), block)),
            _ => None,
        })
    }

    /// What stands between backticks in the prose, with the number of its line.
    pub fn code_spans(&self) -> Vec<(usize, String)> {
        let mut spans = Vec::new();
        for (number, line) in &self.prose {
            spans.extend(line.split('`').skip(1).step_by(2).map(|span| (*number, span.to_owned())));
        }
        spans
    }
}
