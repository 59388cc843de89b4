//! What a total covers, and what not.

use serde_json::{Value, json};

use crate::energy::units::{Consumer, ConsumerName, DomainKind, Standing};
use crate::energy::{DomainSummary, ProfileSummary};

/// What there is that draws power, beside what was metered.
#[derive(Clone, Copy)]
pub(crate) struct Coverage<'a> {
    /// All of it.
    pub(crate) consumers: &'a [Consumer],
    /// Names of what was to be left out and is not there.
    pub(crate) absent: &'a [ConsumerName],
    /// How it was asked for to leave something out, in front of its name.
    pub(crate) asked_by: &'a str,
}

impl Coverage<'_> {
    fn of(&self, standing: Standing) -> impl Iterator<Item = &Consumer> {
        self.consumers.iter().filter(move |consumer| consumer.standing == standing)
    }

    /// Whether something reads the hardware of this row, if perhaps in vain.
    pub(crate) fn has_meter(&self, row: &DomainSummary) -> bool {
        row.energy.joules.is_some() || !self.of(Standing::Unreadable).any(|c| c.domain() == row.energy.domain)
    }

    /// What programs are told beside the figures.
    pub(crate) fn add_to(&self, energy: &mut Value, summary: &ProfileSummary) {
        let list = |standing: Standing| -> Vec<Value> {
            let entry =
                |c: &Consumer| json!({ "name": c.name, "what": c.what, "reason": c.reason, "remedy": c.remedy });
            self.of(standing).map(entry).collect()
        };
        let missing = summary.domains.iter().filter(|domain| domain.energy.joules.is_none());
        let missing: Vec<Value> = missing
            .map(|domain| json!({ "domain": domain.energy.domain.to_string(), "reason": domain.energy.note }))
            .collect();
        energy["missing"] = json!(missing);
        energy["not_counted"] = json!(list(Standing::Uncounted));
        energy["left_out"] = json!(list(Standing::LeftOut));
        energy["out_of_use"] = json!(list(Standing::Unused));
        energy["consumers"] = json!(self.consumers);
    }

    /// What people are told below the table, a line each.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for consumer in self.of(Standing::LeftOut) {
            let reason = consumer.reason.as_deref().unwrap_or_default();
            lines.push(format!("without {} ({}): {reason}", consumer.name, consumer.what));
        }
        let mut unused: Vec<(&str, Vec<&str>)> = Vec::new();
        for consumer in self.of(Standing::Unused) {
            let reason = consumer.reason.as_deref().unwrap_or_default();
            match unused.iter_mut().find(|(other, _)| *other == reason) {
                Some((_, names)) => names.push(&consumer.name),
                None => unused.push((reason, vec![&consumer.name])),
            }
        }
        lines.extend(unused.iter().map(|(reason, names)| format!("out of use: {}: {reason}", names.join(", "))));
        for name in self.absent {
            lines.push(format!(
                "{}{name}: nothing here is called that; `optimize devices` has the names",
                self.asked_by
            ));
        }
        // Memory without a counter is the rule, and goes without a line of its own.
        for consumer in self.of(Standing::Uncounted).filter(|c| !matches!(c.kind, DomainKind::Dram | DomainKind::Cpu)) {
            let reason = consumer.reason.as_deref().unwrap_or_default();
            lines.push(format!("not in it: {} ({}): {reason}", consumer.name, consumer.what));
        }
        let is_memory = |c: &&Consumer| c.kind == DomainKind::Dram;
        if let Some(memory) = self.of(Standing::Uncounted).find(is_memory) {
            lines.push(format!("the memory is not in it: {}", memory.reason.as_deref().unwrap_or_default()));
        }
        lines
    }
}
