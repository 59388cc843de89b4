//! The page of a comparison of samplers.

use super::text::{effect, hypervolume_digits, joules_of, left_out, times, with_interval};
use crate::analysis::comparison::{ComparedEnergy, ComparedSampler, Comparison, Course, LEVEL, p_value};
use crate::analysis::statistics::Spread;
use crate::analysis::{Digits, significant};
use crate::report::chart::{Over, attainment_chart, bands_chart, escape};
use crate::report::markup::{Column, document, doubt_banner, estimate_banner, figure, section, table};
use crate::report::words::{capitalized, seconds};

/// The whole page of a comparison: no scripts, no other files.
#[must_use]
pub fn comparison_page(comparison: &Comparison) -> String {
    let estimated = if comparison.is_estimated() { " (ESTIMATED energy)" } else { "" };
    let title = escape(&format!("{}: samplers compared{estimated}", comparison.name));
    let sections = [
        head(comparison),
        over_trials(comparison),
        over_joules(comparison),
        reaching(comparison),
        chance(comparison),
        fronts(comparison),
        runs(comparison),
        notes(comparison),
    ];
    document(&title, &sections.concat())
}

fn head(comparison: &Comparison) -> String {
    let mut left = String::new();
    if !comparison.left_out.is_empty() {
        left = format!("<p class=\"start\">Left out: {}.</p>\n", escape(&left_out(comparison)));
    }
    if comparison.environments.len() > 1 {
        left += &format!(
            "<p class=\"start\">The runs come from different machines, GPUs or versions, to which differences may be due: {}.</p>\n",
            escape(&comparison.environments.join("; ")),
        );
    }
    format!(
        "<header>\n<p class=\"kind\">Wattfront comparison of samplers</p>\n<h1>{}</h1>\n<p class=\"sentence\">{}.</p>\n{left}{}{}\
         </header>\n",
        escape(&comparison.name),
        escape(&capitalized(&comparison.sentence())),
        banner(comparison),
        tiles(comparison),
    )
}

/// Nobody may take estimates for measurements, or compare what cannot be compared.
fn banner(comparison: &Comparison) -> String {
    let mut text = String::new();
    if comparison.is_estimated() {
        text += &estimate_banner("samplers");
    }
    text += &doubt_banner(&comparison.doubts);
    if let ComparedEnergy::Mixed { .. } = comparison.energy {
        text += &format!(
            "<div class=\"banner\" role=\"note\"><strong>Joules of different origin are not compared.</strong> The runs were {}\
             .</div>\n",
            escape(&comparison.energy.to_string()),
        );
    }
    if comparison.fronts_are_mixed() {
        let told = comparison.front_energy.iter().filter(|(_, ways)| ways.len() > 1).map(|(metric, ways)| {
            let ways: Vec<_> = ways.iter().map(ToString::to_string).collect();
            format!("{metric}: {}", ways.join("; "))
        });
        text += &format!(
            "<div class=\"banner\" role=\"note\"><strong>The hypervolumes below cannot be compared.</strong> Energy decides over \
             the fronts and is of different origin ({}).</div>\n",
            escape(&told.collect::<Vec<_>>().join(". ")),
        );
    }
    text
}

fn tiles(comparison: &Comparison) -> String {
    let names: Vec<_> = comparison.samplers.iter().map(|e| e.sampler.as_str()).collect();
    let trials: usize = comparison.samplers.iter().map(|e| e.trials).sum();
    let failures: usize = comparison.samplers.iter().map(|e| e.failures).sum();
    let failed = if failures == 0 { "none failed".to_owned() } else { format!("{failures} failed") };
    let seeds = match comparison.seeds[..] {
        [first, .., last] => format!("{first} to {last}"),
        [only] => only.to_string(),
        [] => String::new(),
    };
    let mut tiles = vec![
        ("Samplers", names.len().to_string(), format!("{}; against {}", names.join(", "), comparison.baseline)),
        ("Seeds", comparison.seeds.len().to_string(), seeds),
        ("Trials", trials.to_string(), format!("in {} runs, {failed}", comparison.courses.len())),
    ];
    tiles.push(match comparison.spent() {
        Some(spent) => {
            let bound = if spent.is_lower_bound() { "at least " } else { "" };
            ("Energy of all runs", format!("{bound}{}", spent.joules), spent.provenance.to_string())
        }
        None => ("Energy of all runs", "not known".to_owned(), String::new()),
    });
    let tile = |(name, value, note): &(&str, String, String)| {
        format!("<div><dt>{name}</dt><dd>{}<span>{}</span></dd></div>\n", escape(value), escape(note))
    };
    format!("<dl class=\"tiles\">\n{}</dl>\n", tiles.iter().map(tile).collect::<String>())
}

fn over_trials(comparison: &Comparison) -> String {
    let basis =
        if comparison.reference_is_given { "given by the study" } else { "inferred from the trials of all runs" };
    let body = format!(
        "{}<p>Lines are medians over the seeds, bands the middle half. The hypervolume is the volume between a run’s front and \
         the reference point (larger is better), in the scaled units of the objectives. One reference point for all runs: {} \
         ({basis}).</p>\n",
        figure(|c| bands_chart(comparison, Over::Trials, c), 400.0),
        escape(&comparison.values_in_words(&comparison.reference)),
    );
    section("trials", "Hypervolume over the trials", &body)
}

fn over_joules(comparison: &Comparison) -> String {
    let heading = if comparison.energy.is_estimated() {
        "Hypervolume over estimated energy spent"
    } else {
        "Hypervolume over energy spent"
    };
    if !comparison.energy.is_comparable() {
        let why = format!("<p>Energy not compared: {}.</p>\n", escape(&comparison.energy.to_string()));
        return section("energy", heading, &why);
    }
    let body = format!(
        "{}<p>What a sampler has found for the joules of all its trials so far, failed trials and start-up included \
         ({}). A line ends where half of the sampler’s runs have ended.</p>\n",
        figure(|c| bands_chart(comparison, Over::Joules, c), 400.0),
        escape(&comparison.energy.to_string()),
    );
    section("energy", heading, &body)
}

/// What the samplers end with, and what they need to get where the baseline ends.
fn reaching(comparison: &Comparison) -> String {
    let energy = if comparison.energy.is_estimated() { "estimated energy" } else { "energy" };
    let columns: Vec<Column> = [
        ("sampler".to_owned(), false),
        ("final hypervolume".to_owned(), true),
        ("runs that get there".to_owned(), true),
        ("after trials".to_owned(), true),
        (format!("after {energy}"), true),
        ("sooner by trials".to_owned(), true),
        (format!("sooner by {energy}"), true),
        (format!("{energy} of a run"), true),
    ]
    .into();
    let n = comparison.seeds.len();
    let volumes = hypervolume_digits(comparison);
    let (to_target, of_run) = (joules_of(comparison, |e| e.joules_to_target), joules_of(comparison, |e| e.joules));
    let rows: Vec<_> = comparison
        .samplers
        .iter()
        .map(|e| {
            let trials = |v: f64| significant(v, 3);
            let sooner = |spread: Option<Option<Spread>>| spread.map_or_else(String::new, |s| escape(&dash(times(s))));
            let cells = vec![
                escape(&e.sampler),
                with_quartiles(Some(e.hypervolume), |v| volumes.show(v)),
                comparison.target.map_or_else(|| "–".to_owned(), |_| format!("{} of {n}", e.reached)),
                with_quartiles(e.trials_to_target, trials),
                with_quartiles(e.joules_to_target, |v| to_target.cell(v)),
                sooner(e.versus.as_ref().map(|v| v.trials_speedup)),
                sooner(e.versus.as_ref().map(|v| v.joules_speedup)),
                with_quartiles(e.joules, |v| of_run.cell(v)),
            ];
            (row_class(comparison, e), cells)
        })
        .collect();
    let target = match comparison.target {
        Some(target) => format!(
            "The mark is a hypervolume of {}, the median of what {base} ends with; the figures are when half of a sampler’s runs \
             have got there (below: a quarter and three quarters). Runs that never get there are not left out: where too few \
             do, it is <em>never</em>. <b>Sooner</b> is, in at least half of the seeds, what {base} needed to get where it ended \
             with that seed over what the sampler needed to get there.",
            significant(target, 4),
            base = escape(&comparison.baseline),
        ),
        None => {
            let why = comparison.why_no_target().unwrap_or_default();
            format!("There is no mark to reach, for {}.", escape(&why))
        }
    };
    let caption = "Medians over the seeds, quartiles below".to_owned();
    let body = format!("{}<p>{target}</p>\n", table(&caption, &columns, &rows));
    section("reaching", &format!("What it takes to get where {} ends", comparison.baseline), &body)
}

/// What the tests say of each sampler against the baseline.
fn chance(comparison: &Comparison) -> String {
    let heading = "Is the difference more than chance?";
    if comparison.fronts_are_mixed() {
        return section("chance", heading, "<p>Not comparable: the fronts rest on energies of different origin.</p>\n");
    }
    let columns: Vec<Column> = [
        ("sampler".to_owned(), false),
        ("verdict".to_owned(), false),
        ("seeds ahead".to_owned(), true),
        ("equal".to_owned(), true),
        ("behind".to_owned(), true),
        ("p".to_owned(), true),
        ("p (Holm)".to_owned(), true),
        (with_interval("A", comparison), true),
        (with_interval("Cliff’s delta", comparison), true),
    ]
    .into();
    let rivals = comparison.samplers.iter().filter_map(|e| Some((e, e.versus.as_ref()?)));
    let rows: Vec<_> = rivals
        .clone()
        .map(|(e, v)| {
            let cells = [
                e.sampler.clone(),
                v.verdict.label().to_owned(),
                v.wins.to_string(),
                v.ties.to_string(),
                v.losses.to_string(),
                p_value(v.test.p_value),
                p_value(v.p_holm),
                effect(v.vargha_delaney, v.vargha_delaney_interval),
                effect(v.cliffs_delta, v.cliffs_delta_interval),
            ];
            (row_class(comparison, e), cells.map(|c| escape(&c)).to_vec())
        })
        .collect();
    let exact = if rivals.clone().all(|(_, v)| v.test.exact) { "exact" } else { "by the normal approximation" };
    let separated = rivals.clone().any(|(_, v)| v.cliffs_delta.abs() >= 1.0);
    let width = if comparison.seeds.len() < 2 {
        " One seed has no interval."
    } else if separated {
        " An interval without width means that no run of one sampler ends below one of the other: it says nothing of chance."
    } else {
        ""
    };
    let intervals = match comparison.seeds.len() {
        0 | 1 => "",
        _ => " Their 95 % intervals are percentiles of 10,000 draws of seeds, rough where seeds are few.",
    };
    let body = format!(
        "{}<p><b>p</b> is that of the two-sided Wilcoxon signed-rank test on the final hypervolumes, paired by seed ({exact}; equal \
         pairs by Pratt’s method), then adjusted by Holm for the number of samplers; below {LEVEL} a difference is shown. With \
         {} seeds no adjusted p could fall below {}. It holds for a number of seeds that was fixed beforehand: adding seeds until it is small \
         enough finds differences where there are none. <b>A</b> (Vargha and Delaney) is how probably a run of the sampler ends \
         above one of {base}, 0.5 being no difference; Cliff’s delta is 2 A − 1.{intervals}{width}</p>\n",
        table(&format!("Final hypervolumes against {}, seed by seed", comparison.baseline), &columns, &rows),
        comparison.seeds.len(),
        significant(comparison.smallest_p, 3),
        base = escape(&comparison.baseline),
    );
    section("chance", heading, &body)
}

fn fronts(comparison: &Comparison) -> String {
    let heading =
        if comparison.fronts_are_estimated { "Attained fronts, by estimated energy" } else { "Attained fronts" };
    if comparison.objectives.len() != 2 {
        let why = format!(
            "<p>Attainment surfaces are drawn of two objectives, and this study has {}: the hypervolumes above are what there is to \
             compare.</p>\n",
            comparison.objectives.len(),
        );
        return section("fronts", heading, &why);
    }
    let body = format!(
        "{}<p>Lines are median attainment surfaces: what at least half of a sampler’s runs attain or better. Bands lie between what \
         a quarter and what three quarters of them attain. Markers are the front of all its runs together. What lies beyond the \
         reference point is left out.</p>\n",
        figure(|c| attainment_chart(comparison, c), 480.0),
    );
    section("fronts", heading, &body)
}

fn runs(comparison: &Comparison) -> String {
    let columns: Vec<Column> = [
        ("sampler", false),
        ("seed", true),
        ("trials", true),
        ("failed", true),
        ("break a constraint", true),
        ("final hypervolume", true),
        ("energy", true),
        ("proposals", true),
    ]
    .map(|(name, number)| (name.to_owned(), number))
    .into();
    let volumes = Digits::of(comparison.courses.iter().map(Course::hypervolume), 4);
    let rows: Vec<_> = comparison
        .courses
        .iter()
        .map(|course| {
            let energy = course.spent.as_ref().map_or_else(
                || "–".to_owned(),
                |s| {
                    let class = if s.provenance.is_estimate() { "why estimate" } else { "why" };
                    let bound = if s.is_lower_bound() { "at least " } else { "" };
                    let (joules, provenance) = (s.joules.to_string(), s.provenance.to_string());
                    format!("{bound}{} <span class=\"{class}\">{}</span>", escape(&joules), escape(&provenance))
                },
            );
            let cells = vec![
                escape(&course.sampler),
                course.seed.to_string(),
                course.steps.len().to_string(),
                course.failures().to_string(),
                course.infeasible().to_string(),
                volumes.show(course.hypervolume()),
                energy,
                seconds(course.propose_seconds),
            ];
            (String::new(), cells)
        })
        .collect();
    let body = format!(
        "<details><summary>All {} runs</summary>\n{}</details>\n",
        rows.len(),
        table("Each is an ordinary study, with its own report in a folder beside this page", &columns, &rows)
    );
    section("runs", "The runs", &body)
}

fn notes(comparison: &Comparison) -> String {
    let body = format!(
        "<p>Every sampler ran with the same seeds. Runs that were started together ran in turn, seed by seed, each seed beginning \
         with another sampler, so that no sampler had the machine to itself while it was cool or quiet; runs that were added \
         later did not. Beside this page lie <code>comparison.json</code> with all \
         figures and <code>samplers.csv</code>, <code>runs.csv</code>, <code>curves.csv</code> and <code>attainment.csv</code>. \
         <code>optimize compare</code> with more seeds or samplers goes on from here; {} is the baseline.</p>\n",
        escape(&comparison.baseline),
    );
    section("how", "How it was run", &body)
}

fn row_class(comparison: &Comparison, compared: &ComparedSampler) -> String {
    if compared.sampler == comparison.baseline { "marked".to_owned() } else { String::new() }
}

/// A median with the quartiles below it, escaped.
fn with_quartiles(spread: Option<Spread>, show: impl Fn(f64) -> String) -> String {
    let Some(Spread { lower, median, upper }) = spread else { return "–".to_owned() };
    if lower.is_infinite() {
        return "never".to_owned();
    }
    let end = |v: f64| escape(&if v.is_infinite() { "never".to_owned() } else { show(v) });
    format!("{}<br><span class=\"why\">{} to {}</span>", end(median), end(lower), end(upper))
}

fn dash(cell: String) -> String {
    if cell == "-" { "–".to_owned() } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::comparison::tests::{sample, single_seed, three_objectives};
    use crate::analysis::fixture::{counters, estimate};
    use crate::report::chart::Chart;
    use crate::report::study::check_balance;

    #[test]
    fn the_page_of_estimates_says_so_in_its_title_and_at_every_energy() {
        let html = comparison_page(&sample(estimate));
        check_balance(&html);
        for part in [
            "<title>comparison: samplers compared (ESTIMATED energy) · Wattfront</title>",
            "class=\"banner\"",
            "Hypervolume over estimated energy spent",
            "ESTIMATED energy spent (",
            "Attained fronts, by estimated energy",
            "after estimated energy",
            "<em>never</em>",
        ] {
            assert!(html.contains(part), "{part}");
        }
    }

    #[test]
    fn the_page_of_counters_does_not_speak_of_estimates() {
        let html = comparison_page(&sample(counters));
        check_balance(&html);
        assert!(!html.to_lowercase().contains("estimated"));
        assert!(html.contains("gpu+cpu, counter"));
    }

    #[test]
    fn pages_of_every_kind_of_comparison() {
        let three = comparison_page(&three_objectives());
        let single = comparison_page(&single_seed());
        [&three, &single].into_iter().for_each(|html| check_balance(html));
        assert!(three.contains("this study has 3"));
        assert!(single.contains("With 1 seed no difference from gp can be shown"));
    }

    #[test]
    fn names_do_not_become_markup() {
        let evil = "</title><script>alert(\"1\")</script>'&";
        let mut comparison = sample(counters);
        comparison.name = evil.to_owned();
        comparison.baseline = evil.to_owned();
        comparison.samplers[1].sampler = evil.to_owned();
        comparison.quantities[0].metric = evil.to_owned();
        let html = comparison_page(&comparison);
        check_balance(&html);
        assert!(!html.contains("<script") && html.contains("&lt;script&gt;"));
    }

    #[test]
    fn charts_without_anything_to_show_say_so() {
        let mut comparison = sample(counters);
        for compared in &mut comparison.samplers {
            compared.over_joules = None;
            compared.over_trials.clear();
            compared.surfaces = None;
        }
        assert!(bands_chart(&comparison, Over::Joules, &Chart::default()).contains("cannot be compared"));
        assert!(bands_chart(&comparison, Over::Trials, &Chart::default()).contains("within the reference point"));
        assert!(attainment_chart(&comparison, &Chart::default()).contains("of two objectives"));
    }
}
