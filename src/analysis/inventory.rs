//! What draws power where a study ran, and how that stands to its figures.

use std::collections::BTreeMap;

use crate::energy::units::{Consumer, ConsumerName, DomainKind, Method, Standing};
use crate::record::{Environment, StudyRecord};

/// What draws power somewhere, with a figure or without.
#[derive(Debug, Clone, Copy)]
pub struct Inventory<'a> {
    consumers: &'a [Consumer],
    without: &'a [ConsumerName],
}

/// In which order the standings are told: what the figures have, what they lack, and what does not matter to them.
const ORDER: [Standing; 7] = [
    Standing::Metered,
    Standing::Estimated,
    Standing::Unreadable,
    Standing::LeftOut,
    Standing::Uncounted,
    Standing::Within,
    Standing::Unused,
];

impl<'a> Inventory<'a> {
    /// Of these, of which the user leaves out what has one of the names.
    #[must_use]
    pub fn of(consumers: &'a [Consumer], without: &'a [ConsumerName]) -> Self {
        Self { consumers, without }
    }

    /// Whether nobody looked, as where nothing is metered and in records of earlier versions.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.consumers.is_empty()
    }

    /// How each stands to the figures, such as `metered`, with its name and the reason, in a fixed order.
    #[must_use]
    pub fn rows(&self) -> Vec<(&'static str, String)> {
        let row = |standing: Standing| {
            let of = self.consumers.iter().filter(move |consumer| consumer.standing == standing);
            of.map(move |consumer| (standing.name(), self.told(consumer)))
        };
        ORDER.into_iter().flat_map(row).collect()
    }

    /// All of it in one line: `metered gpu:0 (counter); left out gpu:1 (without gpu:1); not counted dram:memory`. What is a part
    /// of something else is not in it.
    #[must_use]
    pub fn line(&self) -> String {
        let parts = ORDER.into_iter().filter(|standing| *standing != Standing::Within).filter_map(|standing| {
            let mut by_word: BTreeMap<String, Vec<&str>> = BTreeMap::new();
            for consumer in self.consumers.iter().filter(|consumer| consumer.standing == standing) {
                by_word.entry(self.in_a_word(consumer)).or_default().push(&consumer.name);
            }
            let shown = |(word, names): (&String, &Vec<&str>)| match word.is_empty() {
                true => names.join(", "),
                false => format!("{} ({word})", names.join(", ")),
            };
            let told: Vec<String> = by_word.iter().map(shown).collect();
            (!told.is_empty()).then(|| format!("{} {}", standing.name(), told.join(", ")))
        });
        parts.collect::<Vec<_>>().join("; ")
    }

    /// The names of what is to be left out and is not here.
    #[must_use]
    pub fn absent(&self) -> Vec<&'a ConsumerName> {
        let is_here = |name: &ConsumerName| self.consumers.iter().any(|consumer| consumer.is_called(name));
        self.without.iter().filter(|name| !is_here(name)).collect()
    }

    /// By which of the names the user leaves it out.
    fn out_by(&self, consumer: &Consumer) -> Option<&'a ConsumerName> {
        let is_out = consumer.standing == Standing::LeftOut;
        self.without.iter().find(|name| is_out && consumer.is_called(name))
    }

    fn in_a_word(&self, consumer: &Consumer) -> String {
        match (consumer.standing, consumer.method) {
            (Standing::Metered, Some(method)) => method.label().to_owned(),
            (Standing::Estimated, _) if self.has_metered_gpu() => "where no GPU counts".to_owned(),
            (Standing::LeftOut, _) => match self.out_by(consumer) {
                Some(name) => format!("without {name}"),
                None => "by `meters`".to_owned(),
            },
            _ => String::new(),
        }
    }

    /// Where a GPU is metered, the estimate of the processor counts only for work that uses none.
    fn has_metered_gpu(&self) -> bool {
        self.consumers.iter().any(|c| c.kind == DomainKind::Gpu && c.standing == Standing::Metered)
    }

    fn told(&self, consumer: &Consumer) -> String {
        let mut text = consumer.to_string();
        let estimated = "of trials that use no metered GPU; of others it has no part in the totals";
        let method = match consumer.standing {
            Standing::Metered => consumer.method,
            Standing::Estimated => Some(Method::Estimate),
            _ => None,
        };
        let is_aside = consumer.standing == Standing::Estimated && self.has_metered_gpu();
        let parts = [
            method.map(|method| method.label().to_owned()),
            is_aside.then(|| estimated.to_owned()),
            consumer.reason.clone(),
            consumer.note.clone(),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        if !parts.is_empty() {
            text += &format!(": {}", parts.join("; "));
        }
        text
    }
}

/// The names that a study leaves out, by its identity.
#[must_use]
pub fn left_out_by(record: &StudyRecord) -> Vec<ConsumerName> {
    let names = record.header().identity["energy"].get("without");
    names.and_then(|names| serde_json::from_value(names.clone()).ok()).unwrap_or_default()
}

/// In what the hardware of later sessions of a study is otherwise than that of the session before, a sentence each. Of sessions of
/// which the hardware is not known nothing is said.
#[must_use]
pub fn changes_of_inventory(record: &StudyRecord) -> Vec<String> {
    let sessions = record.sessions().iter().map(|session| &session.environment).enumerate();
    let known: Vec<(usize, &Environment)> =
        sessions.filter(|(_, environment)| !environment.consumers.is_empty()).collect();
    let mut found = Vec::new();
    for pair in known.windows(2) {
        let ((_, before), (number, now)) = (pair[0], pair[1]);
        let differs = differences(&before.consumers, &now.consumers);
        if !differs.is_empty() {
            found.push(format!("session {}: {}", number + 1, differs.join("; ")));
        }
    }
    found
}

/// What has another standing now, is new or is gone.
fn differences(before: &[Consumer], now: &[Consumer]) -> Vec<String> {
    let same = |one: &Consumer, other: &Consumer| match (&one.domain, &other.domain) {
        (Some(one), Some(other)) => one == other,
        // What does not tell what it is called is known by its place.
        _ => one.name == other.name,
    };
    let mut found = Vec::new();
    for consumer in now {
        let reason = consumer.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let word = in_words(consumer);
        match before.iter().find(|other| same(consumer, other)) {
            Some(other) if (other.standing, other.method) == (consumer.standing, consumer.method) => {}
            Some(other) => found.push(format!("{consumer} is {word}, and was {}{reason}", in_words(other))),
            None => found.push(format!("{consumer} is {word}, and was not there before{reason}")),
        }
    }
    let gone = before.iter().filter(|consumer| !now.iter().any(|other| same(consumer, other)));
    found.extend(gone.map(|consumer| format!("{consumer} was {}, and is not there any more", in_words(consumer))));
    found
}

fn in_words(consumer: &Consumer) -> String {
    match (consumer.standing, consumer.method) {
        (Standing::Metered, Some(method)) => format!("metered ({})", method.label()),
        (standing, _) => standing.name().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{StudyFixture, digits_problem, fixture_environment};
    use super::*;
    use crate::record::Event;

    fn consumer(kind: DomainKind, id: &str, standing: Standing, reason: Option<&str>) -> Consumer {
        let method = match standing {
            Standing::Metered => Some(Method::Counter),
            Standing::Estimated => Some(Method::Estimate),
            _ => None,
        };
        let json = serde_json::json!({
            "name": format!("{}:{id}", kind.name()), "kind": kind, "what": format!("thing {id}"), "standing": standing,
            "method": method, "reason": reason,
        });
        serde_json::from_value(json).unwrap()
    }

    fn machine() -> Vec<Consumer> {
        vec![
            consumer(DomainKind::Dram, "memory", Standing::Uncounted, Some("nothing here counts it")),
            consumer(DomainKind::Gpu, "0", Standing::Metered, None),
            consumer(DomainKind::Gpu, "1", Standing::Metered, None),
            consumer(DomainKind::Gpu, "2", Standing::LeftOut, Some("`without` names gpu:2")),
            consumer(DomainKind::Gpu, "3", Standing::LeftOut, Some("`meters` names no meter of it")),
            consumer(DomainKind::Gpu, "4", Standing::Unused, Some("CUDA_VISIBLE_DEVICES = `0` does not show it")),
            consumer(DomainKind::Cpu, "package-0", Standing::Estimated, Some("no counter")),
        ]
    }

    #[test]
    fn everything_has_its_place_in_the_line_and_a_row() {
        let (machine, without) = (machine(), ["gpu:2".parse().unwrap(), "gpu:7".parse().unwrap()]);
        let inventory = Inventory::of(&machine, &without);
        assert_eq!(
            inventory.line(),
            "metered gpu:0, gpu:1 (counter); estimated cpu:package-0 (where no GPU counts); left out gpu:3 (by `meters`), gpu:2 \
             (without gpu:2); not counted dram:memory; out of use gpu:4"
        );
        let rows: Vec<String> = inventory.rows().into_iter().map(|(word, text)| format!("{word}: {text}")).collect();
        assert_eq!(rows.len(), machine.len(), "nothing goes unsaid");
        assert_eq!(rows[0], "metered: gpu:0 (thing 0): counter");
        assert!(rows[2].contains("of others it has no part in the totals; no counter"), "{rows:?}");
        assert!(rows[6].starts_with("out of use: gpu:4 (thing 4): CUDA_VISIBLE_DEVICES"), "{rows:?}");
        assert_eq!(inventory.absent(), [&without[1]]);
        assert!(Inventory::of(&[], &[]).line().is_empty());
    }

    #[test]
    fn sessions_on_other_hardware_say_in_what_it_differs() {
        let fixture = |machines: &[Vec<Consumer>]| {
            let mut fixture = StudyFixture::new("moved", digits_problem());
            for consumers in machines {
                let environment = Environment { consumers: consumers.clone(), ..fixture_environment() };
                fixture.push(Event::SessionStarted { environment });
            }
            fixture.record()
        };
        assert!(changes_of_inventory(&fixture(&[machine(), machine(), Vec::new(), machine()])).is_empty());
        let mut other = machine();
        other[2] = consumer(DomainKind::Gpu, "1", Standing::Unused, Some("not shown"));
        other.remove(6);
        other.push(consumer(DomainKind::Gpu, "9", Standing::Metered, None));
        let told = changes_of_inventory(&fixture(&[machine(), other]));
        assert_eq!(told.len(), 1);
        for text in [
            "gpu:1 (thing 1) is out of use, and was metered (counter): not shown",
            "gpu:9 (thing 9) is metered (counter), and was not there before",
            "cpu:package-0 (thing package-0) was estimated, and is not there any more",
        ] {
            assert!(told[0].contains(text), "{told:?}");
        }
    }
}
