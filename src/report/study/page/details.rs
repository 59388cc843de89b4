//! The end of the page: where the joules come from, where the study ran, how to run it again.

use std::collections::BTreeSet;

use crate::analysis::{Certainty, Inventory, Summary, changes_of_inventory, left_out_by, significant};
use crate::carbon::Carbon;
use crate::energy::units::{ConsumerName, Method};
use crate::record::{Environment, StudyRecord};
use crate::report::chart::escape;
use crate::report::markup::{escape_lines, section, utc};
use crate::report::study::identity::without_secrets;

/// Kinds of notes that the page lists.
const MOST_NOTES: usize = 8;

/// `carbon` is what grams on the page are at, if there are any.
pub(super) fn energy(record: &StudyRecord, summary: &Summary, carbon: Option<&Carbon>) -> String {
    let basis = &summary.basis;
    let mut body = String::new();
    if basis.domains.is_empty() {
        let reported = basis.provenances.iter().any(|p| p.method == Method::Reported);
        let text =
            if reported { "Energies were reported by the program under study." } else { "No energy was metered." };
        body += &format!("<p>{text}</p>\n");
    } else {
        body += &hardware(record, summary);
    }
    body += &coverage(record);
    let items = remarks(record, summary);
    if !items.is_empty() {
        let items: String = items.iter().map(|n| format!("<li>{}</li>\n", escape(n))).collect();
        body += &format!("<ul>\n{items}</ul>\n");
    }
    if basis.domains.iter().any(|(_, method)| !method.is_estimate()) {
        body += "<p>Measured energy is gross: all that the hardware drew while a trial ran, idle power included.</p>\n";
    }
    if !basis.domains.is_empty() {
        body += match runs_a_program(record) {
            true => {
                "<p>A trial's energy covers all that the program does from start to end, or what it marks as the phase \
                 <code>trial</code>; the rest, and failed attempts, are only in what the whole search spent.</p>\n"
            }
            false => {
                "<p>A trial's energy covers its training and validation; start-up, final test and failed attempts are only in \
                 what the whole search spent.</p>\n"
            }
        };
    }
    body += &carbon.map_or_else(String::new, grams);
    section("energy", "Where the joules come from", &body)
}

fn hardware(record: &StudyRecord, summary: &Summary) -> String {
    let known = Certainty::of(record);
    let has_intervals = known.iter().any(|c| c.absolute.is_some());
    let has_rest = known.iter().any(|c| c.at_rest.is_some());
    let mut columns = vec!["domain", "method", "meaning"];
    if has_intervals {
        columns.extend(["a trial\u{2019}s energy", "beside other trials"]);
    }
    if has_rest {
        columns.push("at rest");
    }
    let head: String = columns.iter().map(|name| format!("<th scope=\"col\">{name}</th>")).collect();
    let mut body = format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Metered hardware\"><table>\n\
         <caption><span>Metered hardware</span></caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n"
    );
    for (domain, method) in &summary.basis.domains {
        let class = if method.is_estimate() { " class=\"estimate\"" } else { "" };
        let entry = known.iter().find(|c| c.domain == *domain && c.method == *method);
        let percent =
            |part: Option<f64>| part.map_or_else(String::new, |part| format!("± {} %", significant(part * 100.0, 2)));
        let watts =
            |c: &Certainty| c.at_rest.map_or_else(String::new, |watts| format!("{} W", significant(watts.0, 3)));
        let mut cells = Vec::new();
        if has_intervals {
            cells.extend([percent(entry.and_then(|c| c.absolute)), percent(entry.and_then(|c| c.relative))]);
        }
        if has_rest {
            cells.push(entry.map_or_else(String::new, watts));
        }
        let cells: String = cells.iter().map(|cell| format!("<td>{cell}</td>")).collect();
        body += &format!(
            "<tr><th scope=\"row\">{}</th><td><b{class}>{}</b></td><td>{}</td>{cells}</tr>\n",
            escape(&domain.to_string()),
            method.label(),
            meaning(*method)
        );
    }
    body += "</tbody></table></div>\n";
    if has_intervals {
        body += "<p>The intervals are those of 95 %, half of their width, for the median trial. What is off alike in all trials of \
                 one machine is in the first alone; where two trials are compared, each has the second.</p>\n";
    }
    body
}

/// What draws power where the study ran last, whether the joules have it or not, and what was otherwise in other sessions.
fn coverage(record: &StudyRecord) -> String {
    let without = left_out_by(record);
    let consumers = record.sessions().last().map(|session| &*session.environment.consumers).unwrap_or_default();
    let inventory = Inventory::of(consumers, &without);
    if inventory.is_empty() {
        return String::new();
    }
    let row = |(word, text): (&str, String)| format!("<dt>{word}</dt><dd>{}</dd>\n", escape(&text));
    let rows: String = inventory.rows().into_iter().map(row).collect();
    let mut body = format!("<h3>What the energy covers</h3>\n<dl class=\"pairs\">\n{rows}</dl>\n");
    let names = |names: &mut dyn Iterator<Item = &ConsumerName>| -> Vec<String> {
        names.map(|name| format!("<code>{}</code>", escape(&name.to_string()))).collect()
    };
    if !without.is_empty() {
        let names = names(&mut without.iter()).join(", ");
        body += &format!(
            "<p>The user left {names} out of all figures, by <code>without</code> in <code>[energy]</code>.</p>\n"
        );
    }
    let absent = names(&mut inventory.absent().into_iter());
    if !absent.is_empty() {
        body += &format!("<p>Of these {} was not there.</p>\n", absent.join(", "));
    }
    let changes: String = changes_of_inventory(record).iter().map(|c| format!("<li>{}</li>\n", escape(c))).collect();
    if !changes.is_empty() {
        body += &format!("<p>The hardware was not the same in all sessions:</p>\n<ul>\n{changes}</ul>\n");
    }
    body
}

/// Each meter once over all sessions, then the notes that most windows bear.
fn remarks(record: &StudyRecord, summary: &Summary) -> Vec<String> {
    let meters: BTreeSet<&String> = record.sessions().iter().flat_map(|s| &s.environment.meters).collect();
    let notes = &summary.basis.notes;
    let shown = notes.iter().take(MOST_NOTES).map(ToString::to_string);
    let rest = notes.len().saturating_sub(MOST_NOTES);
    let more =
        (rest > 0).then(|| format!("{rest} more kinds of notes, rarer than these: the JSON export has them all"));
    meters.into_iter().cloned().chain(shown).chain(more).collect()
}

/// Whether the trials are runs of the user's own program, and not of the built-in trainer.
pub(super) fn runs_a_program(record: &StudyRecord) -> bool {
    record.header().identity.get("command").is_some()
}

fn grams(carbon: &Carbon) -> String {
    let whose = match carbon.is_world_average() {
        true => {
            " The intensity is the average of the world; <code>[carbon]</code> in the study file takes that of your electricity."
        }
        false => "",
    };
    let what = if carbon.price().is_some() { "CO2e and costs are" } else { "CO2e is" };
    format!(
        "<p>{what} not measured but worked out from the joules, as this page was written, at {}.{whose}</p>\n",
        escape(&carbon.to_string())
    )
}

fn meaning(method: Method) -> &'static str {
    match method {
        Method::Counter => "difference of a hardware energy counter",
        Method::PowerIntegral => "integral of power readings over time",
        Method::Attributed => "a share of a measured total",
        Method::Reported => "told by the program under study",
        Method::Estimate => "a model, not a measurement: CPU time times a stated figure of watts per core",
    }
}

pub(super) fn surroundings(record: &StudyRecord) -> String {
    let Some(last) = record.sessions().last() else { return String::new() };
    let rows: String = environment(&last.environment)
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("<dt>{name}</dt><dd>{}</dd>\n", escape(&value)))
        .collect();
    let sessions: String = record
        .sessions()
        .iter()
        .map(|s| {
            let end = s.end.as_deref().unwrap_or("not ended in good order, or still running");
            format!("<li>{} to {}: {}</li>\n", utc(s.started), utc(s.last), escape(end))
        })
        .collect();
    let body = format!("<dl class=\"pairs\">\n{rows}</dl>\n<h3>Sessions</h3>\n<ul>\n{sessions}</ul>\n");
    section("environment", "Where it ran", &body)
}

fn environment(environment: &Environment) -> Vec<(&'static str, String)> {
    let gpus: Vec<_> = environment.gpus.iter().map(|g| format!("{} ({})", g.name, g.uuid)).collect();
    let memory = environment.memory_bytes;
    let memory = if memory > 0 { format!("{:.1} GiB", memory as f64 / f64::from(1u32 << 30)) } else { String::new() };
    let cores =
        if environment.cores > 0 { format!(", {} logical processors", environment.cores) } else { String::new() };
    vec![
        ("Wattfront", format!("{} ({})", environment.wattfront, environment.features.join(", "))),
        ("System", environment.os.clone()),
        ("Processor", format!("{}{cores}", environment.cpu)),
        ("Memory", memory),
        ("Graphics", gpus.join(", ")),
        ("Driver", environment.driver.clone().unwrap_or_default()),
        ("libtorch", environment.libtorch.clone().unwrap_or_default()),
    ]
}

pub(super) fn reproduce(record: &StudyRecord) -> String {
    let header = record.header();
    let earlier: Vec<String> = record.earlier().iter().map(ToString::to_string).collect();
    let earlier = match earlier.is_empty() {
        true => String::new(),
        false => format!(
            "<p>The study began warm and learned from {}. Those trials are in its record, and nowhere \
             in the figures above.</p>\n",
            escape(&earlier.join("; "))
        ),
    };
    let identity = format!("{:#}", without_secrets(&header.identity));
    let body = format!(
        "<p>Beside this page lies <code>study.toml</code>, the study file as it ran. <code>optimize study.toml</code> with the \
         same version proposes the same trials as long as their outcomes are the same: sampler <code>{}</code>, seed \
         <code>{}</code>. Energies differ from run to run, and so will later proposals.</p>\n{earlier}\
         <details><summary>Everything that makes this study this study, but for the values of environment variables</summary>\n<pre tabindex=\"0\"><code>{}</code></pre>\n\
         </details>\n",
        escape(&header.sampler),
        header.seed.0,
        escape_lines(&identity),
    );
    section("reproduce", "How to run it again", &body)
}
