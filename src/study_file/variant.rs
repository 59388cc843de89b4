//! The same study with another sampler and seed.

use toml_edit::{DocumentMut, Item, Table, value};

use super::parse::SAMPLER_SETTINGS;
use super::{SpecErrors, StudySpec};
use crate::optimizer::sampler;

/// What changes in a [variant](StudySpec::variant).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variation {
    /// The new name.
    pub name: String,
    /// The new seed.
    pub seed: u64,
    /// The new sampler.
    pub sampler: String,
    /// The new number of trials in the budget; `None` keeps the budget.
    pub trials: Option<u64>,
}

impl StudySpec {
    /// The same study file with another name, seed and sampler, read and checked anew, so that its text is what it is run
    /// by. Settings of the sampler stay if the other one takes them, too. `path` is for messages.
    ///
    /// # Errors
    /// What is wrong with it then, such as a sampler that cannot handle so many objectives.
    pub fn variant(&self, path: &str, variation: &Variation) -> Result<Self, SpecErrors> {
        // What was read once can be read again; an empty document would say what is missing.
        let mut document: DocumentMut = self.text.parse().unwrap_or_default();
        document["name"] = value(variation.name.as_str());
        document["seed"] = value(i64::try_from(variation.seed).unwrap_or(i64::MAX));
        if let Some(trials) = variation.trials {
            set(&mut document, "budget", "trials", i64::try_from(trials).unwrap_or(i64::MAX).into());
        }
        set(&mut document, "sampler", "kind", variation.sampler.as_str().into());
        if let Some(section) = document.get_mut("sampler").and_then(Item::as_table_like_mut) {
            let taken = sampler::kind(&variation.sampler).map_or(&[][..], |kind| kind.settings);
            for key in SAMPLER_SETTINGS.iter().filter(|key| !taken.contains(key)) {
                section.remove(key);
            }
        }
        Self::parse(&document.to_string(), path)
    }
}

/// Sets a key of a section, whether that is a table, an inline one, dotted keys, or not there yet.
fn set(document: &mut DocumentMut, section: &str, key: &str, to: toml_edit::Value) {
    let entry = document.entry(section).or_insert_with(|| Item::Table(Table::new()));
    if let Some(table) = entry.as_table_like_mut() {
        table.insert(key, Item::Value(to));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
# What it is about.
seed = 3
objective = [{ metric = "accuracy", goal = "maximize" }]
command.argv = ["./train"]
"#;

    fn variation(sampler: &str) -> Variation {
        Variation { name: "digits-x".to_owned(), seed: 8, sampler: sampler.to_owned(), trials: Some(25) }
    }

    #[test]
    fn every_spelling_of_a_section_is_changed_and_the_rest_stays() {
        for (budget, sampler) in [
            ("budget.trials = 4", "sampler.kind = \"sobol\""),
            ("budget = { trials = 4, time = \"1h\" }", "sampler = { kind = \"gp\", initial = 4 }"),
            ("[budget]\ntrials = 4", "[sampler]\ninitial = 5"),
            ("[budget]\ntime = \"1h\"", ""),
        ] {
            let text = format!("{FILE}space.lr = {{ float = [0.0, 1.0] }}\n{budget}\n{sampler}\n");
            let spec = StudySpec::parse(&text, "digits.toml").unwrap();
            let other = spec.variant("digits.toml", &variation("random")).unwrap();
            assert_eq!((other.name(), other.seed().0, other.sampler().kind.as_str()), ("digits-x", 8, "random"));
            assert_eq!((other.budget().trials, other.budget().seconds), (Some(25), spec.budget().seconds));
            assert_eq!((other.problem(), other.source()), (spec.problem(), spec.source()));
            assert!(other.text().contains("# What it is about."), "{}", other.text());
            assert_eq!(StudySpec::parse(other.text(), "elsewhere.toml").unwrap(), other, "the text is the study");
        }
    }

    #[test]
    fn settings_stay_with_the_samplers_that_take_them() {
        let text = format!("{FILE}space.lr = {{ float = [0.0, 1.0] }}\nbudget.trials = 9\nsampler.initial = 5\n");
        let spec = StudySpec::parse(&text, "digits.toml").unwrap();
        let initial = |sampler| spec.variant("digits.toml", &variation(sampler)).unwrap().sampler().initial;
        assert_eq!((initial("gp"), initial("random")), (Some(5), None));
        let text = text + "sampler.kind = \"nsga2\"\nsampler.population = 6\n";
        let spec = StudySpec::parse(&text, "digits.toml").unwrap();
        let settings = |kind| {
            let variant = spec.variant("digits.toml", &variation(kind)).unwrap();
            (variant.sampler().initial, variant.sampler().population)
        };
        assert_eq!((settings("nsga2"), settings("gp")), ((Some(5), Some(6)), (Some(5), None)));
        assert_eq!(settings("random"), (None, None));
    }
}
