//! Values whose words and bounds are those of the reference.

use std::time::Duration;

use super::findings::{Draft, Findings};
use super::quantity::parse_duration;
use super::reader::Entry;
use super::reference::Values;
use super::spelling::nearest;

impl Entry<'_> {
    /// One of the words that the key can be.
    pub(super) fn word(&self, findings: &mut Findings) -> Option<&'static str> {
        let Values::Words(words) = self.values() else { unreachable!("`{}` is not a key of words", self.name()) };
        let text = self.string(self.example(), findings)?;
        if let Some((word, _)) = words.iter().find(|(word, _)| *word == text) {
            return Some(word);
        }
        let draft = self.draft_bad_value(&self.values().to_string(), &format!("\"{text}\""));
        findings.push(match nearest(text, words.iter().map(|(word, _)| *word)) {
            Some(near) => draft.help(format!("did you mean \"{near}\"?")),
            None => draft,
        });
        None
    }

    /// A whole number within the key's bounds.
    pub(super) fn bounded_integer<T: TryFrom<i64>>(&self, findings: &mut Findings) -> Option<T> {
        let Values::Whole { low, high } = *self.values() else { unreachable!("`{}` is no whole number", self.name()) };
        let number = self.integer(self.example(), findings)?;
        if !(low..=high).contains(&number) {
            self.out_of_bounds(&number.to_string(), findings);
            return None;
        }
        T::try_from(number).map_err(|_| self.bad_value("a smaller number", &number.to_string(), findings)).ok()
    }

    /// A number within the key's bounds.
    pub(super) fn bounded_number(&self, findings: &mut Findings) -> Option<f64> {
        let number = self.number(self.example(), findings)?;
        let sound = match *self.values() {
            Values::Number { low, high, .. } => (low..=high).contains(&number),
            Values::Above0 { high, .. } => number > 0.0 && number <= high,
            _ => unreachable!("`{}` is no number with bounds", self.name()),
        };
        if !sound {
            self.out_of_bounds(&number.to_string(), findings);
        }
        sound.then_some(number)
    }

    /// A duration within the key's bounds.
    pub(super) fn duration(&self, findings: &mut Findings) -> Option<Duration> {
        let Values::Duration { low, high, .. } = *self.values() else { unreachable!("`{}` is no time", self.name()) };
        let text = self.string(self.example(), findings)?;
        let refuse = |help: String| self.draft_bad_value("a duration", &format!("\"{text}\"")).help(help);
        let time = parse_duration(text).map_err(|help| findings.push(refuse(help))).ok()?;
        if !(low..=high).contains(&time.as_secs_f64()) {
            self.out_of_bounds(&format!("\"{text}\""), findings);
            return None;
        }
        Some(time)
    }

    fn out_of_bounds(&self, value: &str, findings: &mut Findings) {
        let draft: Draft = self.draft_bad_value(&self.values().to_string(), value);
        findings.push(draft);
    }
}
