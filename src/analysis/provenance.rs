//! Where joules come from: the methods and domains behind a study's figures.

use std::collections::{BTreeMap, BTreeSet};

use crate::energy::units::{ConsumerName, DomainEnergy, DomainKind, Doubt, Method, PowerDomain, WindowEnergy};
use crate::record::{EnergyMetric, StudyRecord, TrialRecord, TrialResult};

/// How one figure of energy came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// Another figure of some of the hardware contradicts that of its counter.
    pub doubtful: bool,
    /// The weakest method among the domains.
    pub method: Method,
    /// The kinds of hardware, in order and without repetition; empty if the figure was reported by the user's program.
    pub kinds: Vec<DomainKind>,
    /// By which names of `without` the user left out what else may have drawn power: no part of the figure.
    pub left_out: Vec<ConsumerName>,
}

impl Provenance {
    /// Of a metered window; `None` if no domain was metered.
    #[must_use]
    pub fn of_window(window: &WindowEnergy) -> Option<Self> {
        Some(Self { left_out: window.left_out.clone(), ..Self::of_domains(&window.domains)? })
    }

    /// Of an energy metric of a finished trial; `None` if the trial has no value of it. A value without a metered window
    /// was reported.
    #[must_use]
    pub fn of_metric(result: &TrialResult, metric: &str) -> Option<Self> {
        let parsed: Option<EnergyMetric> = metric.parse().ok();
        let metered = parsed.and_then(|m| {
            let m = m.among(&result.energy);
            let window = result.energy.get(m.phase_name())?;
            let counts = |kind: DomainKind| m.domain.is_none_or(|wanted| wanted == kind);
            let found = Self::of_domains(window.domains.iter().filter(|d| counts(d.domain.kind)))?;
            let left_out = window.left_out.iter().filter(|name| counts(name.kind())).cloned().collect();
            Some(Self { left_out, ..found })
        });
        let reported = || Self { doubtful: false, method: Method::Reported, kinds: Vec::new(), left_out: Vec::new() };
        metered.or_else(|| result.metrics.contains_key(metric).then(reported))
    }

    /// Whether the figure is a model's and not a measurement.
    #[must_use]
    pub fn is_estimate(&self) -> bool {
        self.method.is_estimate()
    }

    /// What was left out, as the end of a sentence: `, without gpu:1`; nothing if nothing was.
    #[must_use]
    pub fn without(&self) -> String {
        let left_out: Vec<String> = self.left_out.iter().map(ToString::to_string).collect();
        if left_out.is_empty() { String::new() } else { format!(", without {}", left_out.join(" and ")) }
    }

    /// The weaker of both methods over the hardware of both.
    #[must_use]
    pub fn join(mut self, other: Self) -> Self {
        self.doubtful |= other.doubtful;
        self.method = self.method.max(other.method);
        self.kinds.extend(other.kinds);
        self.kinds.sort_unstable();
        self.kinds.dedup();
        self.left_out.extend(other.left_out);
        self.left_out.sort_unstable();
        self.left_out.dedup();
        self
    }

    /// The distinct ones, best method first. One doubt is a doubt of all that came about alike.
    #[must_use]
    pub fn distinct(all: impl IntoIterator<Item = Self>) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        for one in all {
            match found.iter_mut().find(|known| known.is_like(&one)) {
                Some(known) => known.doubtful |= one.doubtful,
                None => found.push(one),
            }
        }
        found.sort_by(|a, b| (a.method, &a.kinds).cmp(&(b.method, &b.kinds)));
        found
    }

    /// Whether both are of the same method and hardware, and lack the same.
    fn is_like(&self, other: &Self) -> bool {
        (self.method, &self.kinds, &self.left_out) == (other.method, &other.kinds, &other.left_out)
    }

    fn of_domains<'a>(domains: impl IntoIterator<Item = &'a DomainEnergy>) -> Option<Self> {
        let doubtful = |d: &DomainEnergy| d.doubt.is_some() && d.joules.is_some();
        let part = |d: &DomainEnergy| Self {
            doubtful: doubtful(d),
            method: d.method,
            kinds: vec![d.domain.kind],
            left_out: Vec::new(),
        };
        let parts = domains.into_iter().map(part);
        parts.reduce(Self::join)
    }
}

/// Such as `gpu+cpu, counter`, `gpu, counter, DOUBTFUL`, `gpu, counter, without gpu:1`, `cpu, ESTIMATED` or `reported`.
impl std::fmt::Display for Provenance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kinds: Vec<_> = self.kinds.iter().map(|k| k.name()).collect();
        match kinds[..] {
            [] => f.write_str(self.method.label()),
            _ => write!(f, "{}, {}", kinds.join("+"), self.method.label()),
        }?;
        f.write_str(if self.doubtful { ", DOUBTFUL" } else { "" })?;
        f.write_str(&self.without())
    }
}

/// Something that a meter said about windows of energy, once or many times with other figures in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The hardware.
    pub domain: PowerDomain,
    /// The words as they were said first.
    pub example: String,
    /// How many windows bear it.
    pub windows: usize,
    /// Whether the figures in it are not the same everywhere.
    pub varies: bool,
}

/// Such as `gpu:GPU-5d2c: 3 of 40 readings failed (the like in 120 windows)`.
impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.domain, self.example)?;
        if self.varies { write!(f, " (the like in {} windows)", self.windows) } else { Ok(()) }
    }
}

/// The words of a note with every number as `#`.
fn without_figures(note: &str) -> String {
    let mut shape = String::with_capacity(note.len());
    let mut in_number = false;
    for (i, c) in note.char_indices() {
        let next_is_digit = || note[i + c.len_utf8()..].starts_with(|c: char| c.is_ascii_digit());
        match c {
            _ if c.is_ascii_digit() => {
                if !in_number {
                    shape.push('#');
                }
                in_number = true;
            }
            '.' | ',' if in_number && next_is_digit() => {}
            _ => {
                in_number = false;
                shape.push(c);
            }
        }
    }
    shape
}

/// What the energy figures of a whole study rest on.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EnergyBasis {
    /// The distinct provenances of the finished trials' figures, best method first. More than one means that figures
    /// of the study are not alike.
    pub provenances: Vec<Provenance>,
    /// The hardware and how each piece was metered, in order.
    pub domains: Vec<(PowerDomain, Method)>,
    /// What the meters had to say, what they said most often first.
    pub notes: Vec<Note>,
    /// The hardware whose counter was contradicted, and by what.
    pub doubts: Vec<(PowerDomain, Doubt)>,
}

impl EnergyBasis {
    /// Of all energies that the record holds: trials, their phases, and what each attempt spent.
    #[must_use]
    pub fn of(record: &StudyRecord) -> Self {
        let mut provenances: Vec<Provenance> = Vec::new();
        let mut domains = BTreeSet::new();
        let mut notes: BTreeMap<(PowerDomain, String), Note> = BTreeMap::new();
        for trial in record.trials() {
            for found in objective_provenances(record, trial) {
                provenances.push(found);
            }
            let phases = trial.result().into_iter().flat_map(|r| r.energy.values());
            for part in phases.chain(&trial.spent).flat_map(|w| &w.domains) {
                domains.insert((part.domain.clone(), part.method));
                let Some(text) = &part.note else { continue };
                let (domain, example) = (part.domain.clone(), text.clone());
                notes
                    .entry((domain.clone(), without_figures(text)))
                    .and_modify(|note| {
                        note.windows += 1;
                        note.varies |= note.example != *text;
                    })
                    .or_insert(Note { domain, example, windows: 1, varies: false });
            }
        }
        let provenances = Provenance::distinct(provenances);
        let mut notes: Vec<Note> = notes.into_values().collect();
        notes.sort_by_key(|note| std::cmp::Reverse(note.windows));
        let doubts = record.doubts().to_vec();
        Self { provenances, domains: domains.into_iter().collect(), notes, doubts }
    }

    /// What speaks against the figures and what to do, in a sentence for each device with its full stop.
    #[must_use]
    pub fn doubts_in_words(&self) -> Vec<String> {
        doubts_in_words(&self.doubts)
    }

    /// Whether any figure is an estimate.
    #[must_use]
    pub fn is_estimated(&self) -> bool {
        self.provenances.iter().any(Provenance::is_estimate) || self.domains.iter().any(|(_, m)| m.is_estimate())
    }

    /// Whether some figures are estimates and others are not, so that they cannot be compared.
    #[must_use]
    pub fn is_mixed(&self) -> bool {
        self.provenances.iter().any(Provenance::is_estimate) && !self.provenances.iter().all(Provenance::is_estimate)
    }
}

/// What is known of any of several records, each device once.
pub(super) fn doubts_of<'a>(records: impl IntoIterator<Item = &'a StudyRecord>) -> Vec<(PowerDomain, Doubt)> {
    let mut found: Vec<(PowerDomain, Doubt)> = Vec::new();
    for (domain, doubt) in records.into_iter().flat_map(StudyRecord::doubts) {
        if !found.iter().any(|(known, _)| known == domain) {
            found.push((domain.clone(), *doubt));
        }
    }
    found
}

/// See [`EnergyBasis::doubts_in_words`].
#[must_use]
pub fn doubts_in_words(doubts: &[(PowerDomain, Doubt)]) -> Vec<String> {
    let words = |(domain, doubt): &(PowerDomain, Doubt)| {
        format!(
            "The energy of {domain} is DOUBTFUL: {doubt}; {}. That holds for all its figures here, those of trials from before it \
             was known too.",
            Doubt::REMEDY
        )
    };
    doubts.iter().map(words).collect()
}

/// Of the energy objectives of a finished trial, or of its trial phase where energy is no objective.
fn objective_provenances(record: &StudyRecord, trial: &TrialRecord) -> Vec<Provenance> {
    let Some(result) = trial.result() else { return Vec::new() };
    let objectives = record.problem().objectives().iter().filter(|o| EnergyMetric::is_reserved(&o.metric));
    let found: Vec<_> = objectives.filter_map(|o| Provenance::of_metric(result, &o.metric)).collect();
    if found.is_empty() { Provenance::of_metric(result, "energy").into_iter().collect() } else { found }
}
