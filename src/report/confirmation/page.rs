//! The page of trials that were run again.

use super::text::{changes, remarks, ways, what_is_told};
use crate::analysis::confirmation::{Confirmation, Member, shown};
use crate::report::chart::{confirmation_chart, escape};
use crate::report::markup::{Column, document, doubt_banner, estimate_banner, figure, section, table};
use crate::report::words::capitalized;

/// The whole page: no scripts, no other files.
#[must_use]
pub fn confirmation_page(confirmation: &Confirmation) -> String {
    let estimated = if confirmation.is_estimated() { " (ESTIMATED energy)" } else { "" };
    let title = escape(&format!("{}: with other seeds{estimated}", confirmation.name));
    let picture = figure(|chart| confirmation_chart(confirmation, chart), 460.0);
    let drawn = confirmation.objectives.len() == 2 && confirmation.changes.is_empty();
    let sections = [
        head(confirmation),
        section("front", "In the search and again", if drawn { &picture } else { "" }),
        section(
            "means",
            if confirmation.seeds() < 2 { "With one new seed" } else { "Means over new seeds" },
            &means(confirmation),
        ),
        section("differences", "Seed by seed", &differences(confirmation)),
        section("runs", "Every run", &runs(confirmation)),
    ];
    document(&title, &sections.concat())
}

fn head(confirmation: &Confirmation) -> String {
    let banner = if confirmation.is_estimated() { estimate_banner("trials") } else { String::new() };
    let banner = banner + &doubt_banner(&confirmation.doubts);
    let remarks =
        remarks(confirmation).into_iter().map(|remark| format!("<p class=\"start\">{}</p>\n", escape(&remark)));
    let remarks: String = remarks.collect();
    let changes = changes(confirmation).map_or_else(String::new, |changes| format!(" with {changes}"));
    format!(
        "<header>\n<p class=\"kind\">Wattfront trials with other seeds</p>\n<h1>{}</h1>\n<p class=\"sentence\">{}.</p>\n\
         {remarks}{banner}</header>\n",
        escape(&format!("{}{changes}", confirmation.name)),
        escape(&capitalized(&confirmation.sentence())),
    )
}

fn column(name: impl Into<String>, number: bool) -> Column {
    (name.into(), number)
}

fn row_class(confirmation: &Confirmation, member: &Member) -> String {
    let class = match member.on_front {
        _ if Some(member.trial) == confirmation.pick => "marked",
        true => "on-front-row",
        false => "",
    };
    class.to_owned()
}

fn means(confirmation: &Confirmation) -> String {
    let objectives = confirmation.objectives.len();
    let mut columns = vec![column("trial", true), column("seeds", true)];
    for (k, quantity) in confirmation.quantities.iter().enumerate() {
        if k < objectives {
            columns.push(column(format!("{}, searched", confirmation.named(quantity)), true));
            columns.push(column(what_is_told(confirmation), true));
        } else {
            columns.push(column(format!("{}, {}", quantity.name(), what_is_told(confirmation)), true));
        }
    }
    columns.push(column("on the front of means", false));
    let row = |member: &Member| {
        let failed = match member.failures() {
            0 => String::new(),
            n => format!(" ({n} failed)"),
        };
        let mut cells = vec![member.trial.to_string(), format!("{}{failed}", member.runs.len())];
        for (k, (quantity, figure)) in confirmation.quantities.iter().zip(&member.figures).enumerate() {
            if k < objectives {
                cells.push(figure.searched.map_or_else(String::new, |value| escape(&quantity.cell(value))));
            }
            let told = figure.mean.map_or_else(String::new, |mean| shown(quantity, mean.mean, mean.interval));
            cells.push(escape(&told));
        }
        cells.push(if member.on_front { "yes" } else { "no" }.to_owned());
        (row_class(confirmation, member), cells)
    };
    let rows: Vec<_> = confirmation.members.iter().map(row).collect();
    let intervals = "<p class=\"note\">What is in brackets holds the true mean with a confidence of 95 % (Student's t, over seeds). \
                Means of energies and of objectives on a log scale are geometric. The figures of the search chose the front, so \
                they flatter it; new seeds had no say. They are judged by the study's own samples all the same, so what these \
                flatter is still flattered: the test metrics, where there are some, had no say in anything.</p>\n";
    let one = "<p class=\"note\">One value has no interval, and says nothing of what another seed would do. The figures of the search chose the \
               front, so they flatter it; the new seed had no say.</p>\n";
    let note = if confirmation.seeds() < 2 { one } else { intervals };
    let by = match confirmation.provenances()[..] {
        [] => String::new(),
        ref all => format!("<p class=\"note\">Energy by {}.</p>\n", escape(&ways(all))),
    };
    let spent = confirmation.spent.as_ref().map_or_else(String::new, |spent| {
        format!("<p class=\"note\">All of these runs took {}.</p>\n", escape(&spent.to_string()))
    });
    format!("{}{note}{by}{spent}", table("What each trial was, and is", &columns, &rows))
}

fn differences(confirmation: &Confirmation) -> String {
    let compared: Vec<&Member> = confirmation.members.iter().filter(|m| !m.differences.is_empty()).collect();
    let (Some(base), false) = (confirmation.base, compared.is_empty()) else { return String::new() };
    let objectives = confirmation.objectives.len();
    let mut columns = vec![column("trial", true), column("seeds", true)];
    columns.extend(confirmation.quantities[..objectives].iter().map(|q| column(confirmation.named(q), true)));
    columns.push(column("not shown to differ", false));
    let rows: Vec<_> = compared
        .into_iter()
        .map(|member| {
            let pairs = member.differences.first().map_or(0, |difference| difference.mean().count);
            let mut cells = vec![member.trial.to_string(), pairs.to_string()];
            cells.extend((0..objectives).map(|k| escape(&confirmation.change(member, k).unwrap_or_default())));
            let unsure = member.differences.iter().zip(&confirmation.quantities).filter(|(d, _)| !d.is_shown());
            let unsure: Vec<String> = unsure.map(|(_, quantity)| quantity.name()).collect();
            cells.push(escape(&unsure.join(", ")));
            (row_class(confirmation, member), cells)
        })
        .collect();
    let what = match confirmation.seeds() {
        0 | 1 => "Differences with one seed, which have no interval;",
        _ => "Means of the differences over the seeds that both have finished with, with 95 % intervals;",
    };
    let single = if confirmation.seeds() < 2 { "" } else { " Each interval is that of a single comparison." };
    let note = format!(
        "<p class=\"note\">{what} amounts are compared by their ratio.{single} Whoever looks for the best of many rows will find \
         some that look better than they are.</p>\n"
    );
    format!("{}{note}", table(&format!("Trials against trial {base}"), &columns, &rows))
}

fn runs(confirmation: &Confirmation) -> String {
    let mut columns = vec![column("trial", true), column("seed", true)];
    columns.extend(confirmation.quantities.iter().map(|quantity| column(confirmation.named(quantity), true)));
    columns.push(column("failure", false));
    let all = confirmation.members.iter().flat_map(|member| member.runs.iter().map(move |run| (member, run)));
    let rows: Vec<_> = all
        .map(|(member, run)| {
            let mut cells = vec![member.trial.to_string(), run.seed.to_string()];
            let value = |metric: &str| run.outcome.as_ref().ok().and_then(|told| told.metrics.get(metric).copied());
            cells.extend(confirmation.quantities.iter().map(|quantity| {
                value(&quantity.metric).map_or_else(String::new, |value| escape(&quantity.cell(value)))
            }));
            let failure = run.outcome.as_ref().err();
            cells.push(failure.map_or_else(String::new, |f| escape(&format!("{}: {}", f.kind.label(), f.message))));
            (String::new(), cells)
        })
        .collect();
    if rows.is_empty() { String::new() } else { table("Trials and seeds", &columns, &rows) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::confirmation::tests::confirmed;
    use crate::analysis::fixture::{counters, estimate};

    #[test]
    fn the_page_tells_all_and_marks_estimates() {
        let page = confirmation_page(&confirmed(counters));
        for part in ["<svg", "Means over new seeds", "Seed by seed", "diverged: loss is NaN in epoch 2", "(1 failed)"] {
            assert!(page.contains(part), "{part}");
        }
        assert!(!page.contains("ESTIMATED"));
        assert!(confirmation_page(&confirmed(estimate)).contains("Energy is ESTIMATED, not measured"));
    }

    #[test]
    fn names_cannot_become_markup() {
        let mut confirmation = confirmed(counters);
        confirmation.name = "<script>".to_owned();
        assert!(!confirmation_page(&confirmation).contains("<script>"));
    }
}
