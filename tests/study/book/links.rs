//! Links lead somewhere: to files that exist, and to headings in them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::page::{Page, root};

/// How the book names files of the repository, which it does not contain.
const REPOSITORY: &str = "https://github.com/wattfront/wattfront/";
/// And pictures of it.
const RAW: &str = "https://raw.githubusercontent.com/wattfront/wattfront/main/";

/// The targets of links and pictures in a line.
fn targets(line: &str) -> Vec<String> {
    // What stands in code is no link.
    let plain: String = line.split('`').step_by(2).collect::<Vec<_>>().join("code");
    let ends = plain.match_indices("](").map(|(at, _)| at + 2);
    ends.filter_map(|at| Some(plain[at..].split_once(')')?.0.to_owned())).collect()
}

/// A heading's anchor, as both GitHub and mdBook make it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn anchors(path: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(path).unwrap();
    let mut fenced = false;
    let mut found = BTreeSet::new();
    for line in text.lines() {
        fenced ^= line.starts_with("```");
        if !fenced && line.starts_with('#') {
            found.insert(anchor(line.trim_start_matches('#')));
        }
    }
    found
}

#[test]
fn every_link_leads_somewhere() {
    let mut count = 0;
    for page in Page::all() {
        let folder = page.path.parent().unwrap();
        for (number, line) in &page.prose {
            for target in targets(line) {
                let place = format!("{}:{number}: {target}", page.name);
                let (path, heading) = target.split_once('#').map_or((target.as_str(), None), |(p, h)| (p, Some(h)));
                let file = if let Some(rest) = path.strip_prefix(REPOSITORY) {
                    let kinds = ["blob/main/", "tree/main/"];
                    let Some(rest) = kinds.iter().find_map(|kind| rest.strip_prefix(kind)) else { continue };
                    root().join(rest)
                } else if let Some(rest) = path.strip_prefix(RAW) {
                    root().join(rest)
                } else if path.starts_with("https://") {
                    continue;
                } else if path.is_empty() {
                    page.path.clone()
                } else {
                    assert!(
                        !page.name.starts_with("docs/") || !path.starts_with(".."),
                        "{place} is outside of the book"
                    );
                    folder.join(path)
                };
                assert!(file.exists(), "{place} is not there");
                if let Some(heading) = heading {
                    assert!(anchors(&file).contains(heading), "{place}: there is no such heading");
                }
                count += 1;
            }
        }
    }
    assert!(count > 60, "only {count} were found");
}

#[test]
fn the_summary_lists_every_page_of_the_book() {
    let summary = Page::read("docs/src/SUMMARY.md");
    let listed: BTreeSet<String> = summary.prose.iter().flat_map(|(_, line)| targets(line)).collect();
    for page in Page::all().iter().filter_map(|page| page.name.strip_prefix("docs/src/")) {
        assert!(page == "SUMMARY.md" || listed.contains(page), "{page} is in no chapter");
    }
}

#[test]
fn anchors_are_made_as_github_makes_them() {
    assert_eq!(anchor(" Objectives, constraints, preferences"), "objectives-constraints-preferences");
    assert_eq!(targets("a [b](c.md#d) `[x](y)` ![z](w.svg)"), ["c.md#d", "w.svg"]);
}
