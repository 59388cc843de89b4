//! The objectives of a study file, and what can be said of metrics.

use super::bounds::PlacedConstraint;
use super::error::IssueKind;
use super::findings::{Draft, Findings, Span};
use super::reader::{Entry, Section};
use super::reference::OBJECTIVE;
use super::spelling::nearest;
use crate::energy::units::DomainKind;
use crate::optimizer::problem::{Goal, Objective};
use crate::optimizer::space::Scale;
use crate::record::{EnergyMetric, TRIAL_PHASE};
use crate::training::{METRICS, Phase};

const EXAMPLE: &str = "metric = \"accuracy\" and goal = \"maximize\"";

/// How many characters the name of a metric may have.
const METRIC_LIMIT: usize = 200;

/// An objective with the place of its metric. `goal` and `scale` are guesses where the file is wrong.
pub(super) struct Placed {
    pub(super) objective: Objective,
    pub(super) span: Span,
}

/// Reads `[[objective]]`, whatever is reported by whom.
pub(super) fn read(root: &Section, findings: &mut Findings) -> Vec<Placed> {
    let Some(entry) = root.get("objective") else {
        if root.misspells("objective") {
            return Vec::new();
        }
        let help = "add one section [[objective]] for each, for example with metric = \"accuracy\" and goal = \
                    \"maximize\", and another with metric = \"energy\" and goal = \"minimize\"";
        findings.push(Draft::new(IssueKind::NoObjective).help(help));
        return Vec::new();
    };
    let before = findings.len();
    let sections = entry.tables(&OBJECTIVE, findings);
    if sections.is_empty() && findings.len() == before {
        let help = format!("for example: objective = [{{ {} }}]", EXAMPLE.replace(" and", ","));
        findings.push(Draft::new(IssueKind::NoObjective).at(entry.whole()).help(help));
    }
    let mut objectives: Vec<Placed> = Vec::new();
    for section in sections {
        let Some(placed) = read_one(&section, findings) else { continue };
        match objectives.iter().find(|o| o.objective.metric == placed.objective.metric) {
            Some(first) => {
                let kind = IssueKind::DuplicateObjective { metric: placed.objective.metric };
                let draft = Draft::new(kind).at(placed.span).also(first.span.clone(), "first here");
                findings.push(draft.help("remove one of them"));
            }
            None => objectives.push(placed),
        }
    }
    objectives
}

fn read_one(section: &Section, findings: &mut Findings) -> Option<Placed> {
    section.refuse_unknown_keys(findings);
    let goal = match section.get("goal") {
        Some(entry) => read_goal(entry, findings).unwrap_or(Goal::Minimize),
        None => {
            section.missing("`goal`", "goal = \"maximize\" or goal = \"minimize\"", findings);
            Goal::Minimize
        }
    };
    let scale = section.get("scale").and_then(|entry| read_scale(entry, findings)).unwrap_or_default();
    let reference = section.get("reference").and_then(|entry| {
        let value = entry.number("reference = 1e5", findings)?;
        if scale == Scale::Log && value <= 0.0 {
            let draft = entry.draft_bad_value("above zero, because the objective has a log scale", &value.to_string());
            findings.push(draft.help("the reference point is given in the metric's own units, without the logarithm"));
            return None;
        }
        Some(value)
    });
    let Some(entry) = section.get("metric") else {
        section.missing("`metric`", "metric = \"accuracy\"", findings);
        return None;
    };
    let (metric, span) = read_metric(entry, findings)?;
    Some(Placed { objective: Objective { metric, goal, scale, reference }, span })
}

/// Reads the name of a metric that an objective or a constraint is about.
pub(super) fn read_metric(entry: Entry, findings: &mut Findings) -> Option<(String, Span)> {
    let metric = entry.string("metric = \"accuracy\"", findings)?;
    let span = entry.span();
    if metric.is_empty() {
        entry.bad_value("the name of a metric", "empty", findings);
        return None;
    }
    if metric.chars().count() > METRIC_LIMIT {
        let found = format!("one of {} characters", metric.chars().count());
        entry.bad_value(&format!("the name of a metric, of at most {METRIC_LIMIT} characters"), &found, findings);
        return None;
    }
    if EnergyMetric::is_reserved(metric)
        && let Err(error) = metric.parse::<EnergyMetric>()
    {
        let draft = Draft::new(IssueKind::EnergyMetric(error.clone())).at(span);
        let examples = "for example: metric = \"energy\", \"energy.gpu\", \"energy.train\" or \"energy.train.gpu.net\"";
        findings.push(draft.help(examples));
        return None;
    }
    Some((metric.to_owned(), span))
}

fn read_goal(entry: Entry, findings: &mut Findings) -> Option<Goal> {
    Some(match entry.word(findings)? {
        "maximize" => Goal::Maximize,
        _ => Goal::Minimize,
    })
}

/// Reads `scale` of an objective or a parameter.
pub(super) fn read_scale(entry: Entry, findings: &mut Findings) -> Option<Scale> {
    Some(match entry.word(findings)? {
        "log" => Scale::Log,
        _ => Scale::Linear,
    })
}

/// What the trainer does in every trial.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trainer {
    /// Whether it predicts samples when it is trained.
    pub(super) infers: bool,
}

/// Checks that somebody reports every metric of objectives and constraints; `trainer` is there if the trainer does.
pub(super) fn check_metrics(
    objectives: &[Placed],
    constraints: &[PlacedConstraint],
    trainer: Option<Trainer>,
    findings: &mut Findings,
) {
    let trained = trainer.is_some();
    let of_inference = |metric: &str| {
        let phase = Phase::Infer.as_str();
        let metered = metric.parse::<EnergyMetric>().is_ok_and(|energy| energy.phase_name() == phase);
        metered || metric.starts_with(&format!("{phase}_"))
    };
    let usable = || METRICS.iter().filter(|m| m.objective).map(|m| m.name);
    let objectives = objectives.iter().map(|o| (&o.objective.metric, &o.span, true));
    let constraints = constraints.iter().map(|c| (&c.constraint.metric, &c.span, false));
    for (metric, span, is_objective) in objectives.chain(constraints) {
        if METRICS.iter().any(|m| m.name == metric && !m.objective) {
            let metric = metric.clone();
            let draft = Draft::new(match is_objective {
                true => IssueKind::TestObjective { metric },
                false => IssueKind::TestConstraint { metric },
            });
            let draft = draft.at(span.clone());
            let help = "use `accuracy`, which is measured on the validation set; the test set shows afterwards how much of it \
                        was luck";
            findings.push(draft.help(help));
        } else if of_inference(metric) && trainer.is_some_and(|trainer| !trainer.infers) {
            let draft = Draft::new(IssueKind::NotInferred { metric: metric.clone() }).at(span.clone());
            findings.push(draft.help("write `inference_seconds = 2` in [train]: longer is more exact, and costs more"));
        } else if let (true, Ok(energy)) = (trained, metric.parse::<EnergyMetric>()) {
            let phases = || [Phase::Train, Phase::Evaluate, Phase::Infer].map(Phase::as_str);
            if energy.per_thousand && !of_inference(metric) {
                let draft = Draft::new(IssueKind::UnknownMetric { metric: metric.clone() }).at(span.clone());
                findings.push(draft.help("the trainer predicts samples in one phase: `energy.infer.per_1000`"));
            } else if energy.phase_name() != TRIAL_PHASE && !phases().contains(&energy.phase_name()) {
                let draft = Draft::new(IssueKind::UnknownMetric { metric: metric.clone() }).at(span.clone());
                let phase =
                    nearest(energy.phase_name(), phases().into_iter().chain(DomainKind::ALL.map(DomainKind::name)));
                findings.push(draft.help(match phase {
                    Some(phase) => format!("did you mean `energy.{phase}`?"),
                    None => format!("the phases of a training are: {}", phases().join(", ")),
                }));
            }
        } else if trained && !usable().any(|m| m == metric) {
            let draft = Draft::new(IssueKind::UnknownMetric { metric: metric.clone() }).at(span.clone());
            let near = nearest(metric, usable().chain(["energy"]));
            let draft = near.map(|near| format!("did you mean `{near}`?")).into_iter().fold(draft, Draft::help);
            let all: Vec<&str> = usable().collect();
            findings.push(
                draft.help(format!("the trainer reports: {}; metered are: energy, energy.gpu, ...", all.join(", "))),
            );
        }
    }
}
