//! What README and the book say is so: their commands run, their study files pass, their links lead somewhere, and the
//! messages that they explain are those of the code.
//!
//! Blocks between fences are taken by their language: `toml` is a study file, `sh` has commands, `json` is said by a program
//! or to `optimize ask-tell`, `python` is a program, `rust` is tested with the documentation of the crate. A comment on the line before a block
//! says otherwise:
//!
//! | comment | meaning |
//! |---|---|
//! | `<!-- file: NAME -->` | the block is a file of that name, beside which the page's commands run |
//! | `<!-- part of: NAME -->` | its sections take the place of those in `studies/NAME.toml`, which is then checked |
//! | `<!-- no study: WHY -->` | other TOML |
//! | `<!-- told by a program -->` | a program of one trial prints it |
//! | `<!-- asked of: FILE -->` | requests and answers of `optimize ask-tell FILE` |
//! | `<!-- only read: WHY -->` | its commands are read by the parser of the command line, and not run |

mod commands;
mod links;
mod messages;
mod page;
mod studies;

use page::{Kind, Page};

/// How many blocks may be left unrun, so that another one is noticed.
const ONLY_READ: usize = 8;

/// Characters of a line of code, for which the book has room: see `docs/wide.css`.
const WIDEST: usize = 96;

#[test]
fn blocks_that_are_not_run_are_few_and_say_why() {
    let pages = Page::all();
    let blocks: Vec<_> = pages.iter().flat_map(|page| &page.blocks).collect();
    let only_read = blocks.iter().filter(|block| block.kind == Kind::OnlyRead).count();
    assert_eq!(only_read, ONLY_READ, "see whether it can be run, and then count it");
    for language in ["toml", "sh", "json", "rust", "python"] {
        assert!(blocks.iter().any(|block| block.language == language), "no page has {language}: were they read?");
    }
    for block in &blocks {
        let known = ["toml", "sh", "json", "rust", "python", "text"].contains(&block.language.as_str());
        assert!(known, "{}: nobody tries blocks of `{}`", block.place(), block.language);
        let long = block.text.lines().find(|line| line.chars().count() > WIDEST);
        assert_eq!(long, None, "{}: it does not fit into the page", block.place());
    }
}
