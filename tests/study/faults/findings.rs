//! What is wrong with what a faulty disk has left.

use std::collections::BTreeMap;
use std::fmt;

/// Kinds of wrongs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Wrong {
    /// Something was acknowledged and is not there.
    Lost,
    /// What is there cannot be read, or not gone on with.
    Unreadable,
    /// Exit code 0, or `{"ok":true}`, for what was not done.
    Untrue,
    /// A file that is neither whole nor absent.
    Torn,
    /// The next run came to something else than the uninterrupted one.
    Different,
    /// A failure that does not say what failed and why.
    Wordless,
    /// A panic, a signal, or no end.
    Crashed,
}

/// One position of one flow under one fault.
pub struct Found {
    pub fault: &'static str,
    /// The call at the position, as the library wrote it down; `None` if the program never got there.
    pub call: Option<String>,
    /// The exit code; `None` if it was killed.
    pub code: Option<i32>,
    pub wrongs: Vec<(Wrong, String)>,
}

/// What was found at all positions of a flow.
pub struct Tally {
    pub flow: &'static str,
    /// Positions that there are, of which not all need to have been tried.
    pub positions: usize,
    pub found: Vec<Found>,
}

impl Tally {
    pub fn is_clean(&self) -> bool {
        self.found.iter().all(|found| found.wrongs.is_empty())
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {} positions", self.flow, self.positions)?;
        let mut faults: Vec<&str> = self.found.iter().map(|found| found.fault).collect();
        faults.dedup();
        for fault in faults {
            let of_it: Vec<&Found> = self.found.iter().filter(|found| found.fault == fault).collect();
            let hit: Vec<&&Found> = of_it.iter().filter(|found| found.call.is_some()).collect();
            let mut codes: BTreeMap<String, usize> = BTreeMap::new();
            let mut wrongs: BTreeMap<Wrong, (usize, usize)> = BTreeMap::new();
            for found in &hit {
                let code = found.code.map_or_else(|| "killed".to_owned(), |code| format!("exit {code}"));
                *codes.entry(code).or_default() += 1;
                let mut kinds: Vec<Wrong> = found.wrongs.iter().map(|(kind, _)| *kind).collect();
                kinds.sort();
                kinds.dedup();
                for kind in kinds {
                    let (all, silent) = wrongs.entry(kind).or_default();
                    *all += 1;
                    *silent += usize::from(found.code == Some(0));
                }
            }
            let codes: Vec<_> = codes.iter().map(|(code, count)| format!("{count} {code}")).collect();
            let wrongs: Vec<_> =
                wrongs.iter().map(|(kind, (all, silent))| format!("{all} {kind:?} ({silent} with exit 0)")).collect();
            let wrongs = if wrongs.is_empty() { "nothing wrong".to_owned() } else { wrongs.join(", ").to_lowercase() };
            writeln!(f, "  {fault:<10}{:>5} runs ({}): {wrongs}", hit.len(), codes.join(", "))?;
        }
        let mut wrong: Vec<&Found> = self.found.iter().filter(|found| !found.wrongs.is_empty()).collect();
        // The worst first.
        wrong.sort_by_key(|found| found.wrongs.iter().map(|(kind, _)| *kind).min());
        const SHOWN: usize = 30;
        for found in wrong.iter().take(SHOWN) {
            let call = found.call.as_deref().unwrap_or("no call");
            for (kind, text) in &found.wrongs {
                writeln!(f, "  {} at call {call}: {kind:?}: {}", found.fault, text.trim().replace('\n', "\n      "))?;
            }
        }
        if wrong.len() > SHOWN {
            writeln!(f, "  and {} more", wrong.len() - SHOWN)?;
        }
        Ok(())
    }
}
