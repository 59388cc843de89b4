use super::*;
use crate::analysis::fixture::{StudyFixture, counters, digits, digits_point, digits_problem, estimate};
use crate::energy::units::{Joules, Uncertainty};
use crate::optimizer::history::FailureKind;
use crate::optimizer::problem::{Problem, at_most, maximize, minimize};
use crate::optimizer::space::{Point, Space, choice};
use crate::record::{Environment, Event};
use crate::report::chart::{Chart, Theme, front_chart};

fn page(record: &StudyRecord) -> String {
    super::page(record, &Carbon::default())
}

/// Whether every tag that opens also closes, in order, so that nothing of a study leaked into the markup.
pub(in crate::report) fn check_balance(html: &str) {
    let void = ["!DOCTYPE", "meta", "br", "line", "rect", "polyline", "polygon"];
    let mut open: Vec<&str> = Vec::new();
    let (before, rest) = html.split_once("<style>").unwrap_or((html, ""));
    let after = rest.split_once("</style>").map_or(rest, |(_, after)| after);
    for tag in before.split('<').skip(1).chain(after.split('<').skip(1)).map(|t| t.split('>').next().unwrap()) {
        let name = tag.trim_start_matches('/').split([' ', '\n', '/']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "at </{name}>");
        } else if !tag.ends_with('/') && !void.contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn the_page_of_estimates_says_so() {
    let html = page(&digits(estimate));
    check_balance(&html);
    for part in [
        "class=\"banner\"",
        "Energy is ESTIMATED, not measured",
        "The front, by estimated energy",
        "ESTIMATED energy (J, log scale)",
        "less estimated energy than the most accurate trial",
        "needs 9.1 GiB, of which 7.9 are free",
        "initial design",
    ] {
        assert!(html.contains(part), "{part}");
    }
}

#[test]
fn the_page_says_how_well_energies_are_known() {
    let mut window = counters(40.0);
    let gpu = &mut window.domains[0];
    gpu.uncertainty = Some(Uncertainty { edge: Joules(0.32), gain: Joules(1.28), ..Uncertainty::default() });
    let point = digits_point(1e-3, 8, 32, None);
    let study = StudyFixture::new("known", digits_problem()).finish(point, [("accuracy", 0.9)], Some(window));
    let html = page(&study.record());
    check_balance(&html);
    assert!(html.contains("<th scope=\"col\">beside other trials</th>"), "{html}");
    assert!(html.contains("<td>± 8.1 %</td><td>± 2 %</td></tr>"), "{html}");
    assert!(!page(&digits(counters)).contains("beside other trials"), "nothing is known, and no column says so");
}

#[test]
fn the_page_of_a_program_does_not_speak_of_the_trainer() {
    let study = |identity| {
        let point = digits_point(1e-3, 8, 32, None);
        let (metrics, energy) = ([("accuracy", 0.9)], Some(counters(4.0)));
        page(&StudyFixture::with_identity("own", digits_problem(), identity).finish(point, metrics, energy).record())
    };
    let trainer = study(serde_json::json!({"train": {"dataset": "digits"}}));
    assert!(trainer.contains("covers its training and validation") && trainer.contains("<code>[train]</code>"));
    let program = study(serde_json::json!({"command": {"argv": ["./train"]}}));
    check_balance(&program);
    assert!(program.contains("covers all that the program does") && !program.contains("<code>[train]</code>"));
}

#[test]
fn grams_say_what_they_are_at_and_no_measurement() {
    let html = page(&digits(counters));
    for part in [
        "<span>at least 125 mg CO2e</span>",
        "# each run: 1.53 mg CO2e, 8.78 mg less than trial 27; at 475 g/kWh (world average, IEA, 2018), PUE 1\n",
        "CO2e is not measured but worked out from the joules",
        "The intensity is the average of the world",
    ] {
        assert!(html.contains(part), "{part}");
    }
    let carbon = Carbon::default().with_intensity(20.0, "<b>hydro</b>", None).unwrap().with_price(0.5, "EUR").unwrap();
    let html = super::page(&digits(estimate), &carbon);
    check_balance(&html);
    assert!(html.contains("at least 5.26 mg CO2e and 0.00013 EUR (ESTIMATED)</span>"));
    assert!(html.contains("at 20 g/kWh (&lt;b&gt;hydro&lt;/b&gt;), PUE 1, 0.5 EUR/kWh."));
    assert!(!html.contains("average of the world"));
    let none = page(&StudyFixture::new("empty", digits_problem()).record());
    assert!(!none.contains("CO2e"), "without joules there are no grams");
}

#[test]
fn the_page_of_counters_does_not_speak_of_estimates() {
    let html = page(&digits(counters));
    check_balance(&html);
    assert!(!html.to_lowercase().contains("estimated"));
    assert!(html.contains("gpu+cpu, counter"));
}

#[test]
fn joules_in_tables_have_a_method_and_a_bound() {
    let problem = Problem::new(digits_problem().space().clone(), [maximize("accuracy")]).unwrap();
    let point = |i| digits_point(1e-3, i, 32, None);
    let mut fixture = StudyFixture::new("beside", problem).finish(point(8), [("accuracy", 0.9)], Some(counters(4.0)));
    let trial = fixture.start(point(9));
    let (kind, message) = (FailureKind::WorkerLost, "gone".to_owned());
    fixture.push(Event::TrialFailed { trial, kind, message: message.clone(), retry: true, spent: None });
    fixture.push(Event::TrialStarted { trial, attempt: 2, point: point(9), fit: None, propose_seconds: 0.0 });
    fixture.push(Event::TrialFailed { trial, kind, message, retry: false, spent: Some(estimate(3.0)) });
    let html = page(&fixture.record());
    check_balance(&html);
    assert!(html.contains("5.00 J<br><span class=\"why\">gpu+cpu, counter</span>"));
    assert!(html.contains("at least 3.00 J<br><span class=\"why estimate\">cpu, ESTIMATED</span>"));
}

#[test]
fn the_notes_are_bounded_and_meters_named_once() {
    let mut fixture = StudyFixture::new("notes", digits_problem());
    for (i, letter) in ('a'..='z').enumerate() {
        let mut energy = counters(2.0);
        energy.domains[0].note = Some(format!("{i} readings of kind {letter} failed"));
        fixture = fixture.finish(digits_point(1e-3, 8 + i as i64, 32, None), [("accuracy", 0.5)], Some(energy));
    }
    for _ in 0..3 {
        let environment = fixture_environment(["cpu:package-0 (counter)", "gpu:GPU-5d2c1a (counter)"]);
        fixture.push(Event::SessionStarted { environment });
    }
    let html = page(&fixture.record());
    assert_eq!(html.matches("readings of kind").count(), 8);
    assert!(html.contains("18 more kinds of notes"));
    assert_eq!(html.matches("cpu:package-0 (counter)").count(), 1);
}

#[test]
fn what_the_energy_covers_is_told_and_what_changed() {
    let consumer = |name: &str, standing: &str, reason: Option<&str>| {
        let kind = name.split_once(':').map(|(kind, _)| kind);
        let json = serde_json::json!({ "name": name, "kind": kind, "what": format!("<{name}>"), "standing": standing, "reason": reason });
        serde_json::from_value::<crate::energy::units::Consumer>(json).unwrap()
    };
    let mut fixture = StudyFixture::new("covers", digits_problem());
    let none = page(&StudyFixture::new("before", digits_problem()).record());
    assert!(!none.contains("What the energy covers"), "nobody looked");
    for lost in [false, true] {
        let second = match lost {
            true => consumer("gpu:1", "unreadable", Some("it fell off the bus")),
            false => consumer("gpu:1", "left_out", Some("`meters` names no meter of it")),
        };
        let consumers = vec![consumer("gpu:0", "metered", None), second, consumer("dram:memory", "uncounted", None)];
        let environment = Environment { consumers, ..Environment::default() };
        fixture.push(Event::SessionStarted { environment });
    }
    let html = page(&fixture.record());
    let section = html.split_once("<h3>What the energy covers</h3>").unwrap().1.split_once("</section>").unwrap().0;
    insta::assert_snapshot!(section);
}

fn fixture_environment(meters: [&str; 2]) -> Environment {
    let digits = digits(counters);
    Environment { meters: meters.map(str::to_owned).into(), ..digits.sessions()[0].environment.clone() }
}

#[test]
fn nothing_of_a_study_becomes_markup() {
    let evil = "</title><script>alert(\"1\")</script>'&\u{1b}";
    // A name has no control characters.
    let name = evil.trim_end_matches('\u{1b}');
    let space = Space::new([choice(name, [evil])]).unwrap();
    let point: Point = [(name, evil)].into_iter().collect();
    let record = StudyFixture::new(evil, Problem::new(space, [maximize(name), minimize("energy")]).unwrap())
        .finish(point.clone(), [(name, 0.5)], Some(estimate(1.0)))
        .finish(point.clone(), [(name, 0.4)], Some(estimate(0.5)))
        .fail(point, FailureKind::Exit, evil, None)
        .record();
    let html = page(&record);
    check_balance(&html);
    assert!(!html.contains("<script") && html.contains("&lt;script&gt;"));
    let svg = front_chart(&record, &Chart::default());
    assert!(!svg.contains("<script") && !svg.contains('\u{1b}'));
}

#[test]
fn pages_of_every_kind_of_study() {
    let point = |i| digits_point(1e-3, i, 32, None);
    let space = || digits_problem().space().clone();
    let empty = StudyFixture::new("empty", digits_problem()).record();
    let failed = StudyFixture::new("failed", digits_problem())
        .fail(point(8), FailureKind::Panic, "index out of range", None)
        .wait(point(9), FailureKind::Device, "no answer")
        .record();
    let single = StudyFixture::new("single", digits_problem())
        .finish(point(8), [("accuracy", 0.5)], Some(counters(1.0)))
        .record();
    let alike = StudyFixture::new("alike", digits_problem())
        .finish(point(8), [("accuracy", 0.5)], Some(counters(1.0)))
        .finish(point(9), [("accuracy", 0.5)], Some(counters(1.0)))
        .record();
    let one = StudyFixture::new("one", Problem::new(space(), [minimize("loss")]).unwrap())
        .finish(point(8), [("loss", 0.5)], None)
        .finish(point(9), [("loss", 0.2)], None)
        .record();
    let objectives = [maximize("accuracy"), minimize("energy").log(), minimize("parameters")];
    let three = StudyFixture::new("three", Problem::new(digits_problem().space().clone(), objectives).unwrap())
        .finish(point(8), [("accuracy", 0.5), ("parameters", 10.0)], Some(counters(1.0)))
        .finish(point(9), [("accuracy", 0.6), ("parameters", 20.0)], Some(counters(2.0)))
        .finish(point(10), [("accuracy", 0.55), ("parameters", 5.0)], Some(counters(3.0)))
        .record();
    let pages = [&empty, &failed, &single, &alike, &one, &three].map(page);
    pages.iter().for_each(|html| check_balance(html));
    let sentence = |html: &str| {
        let (_, rest) = html.split_once("<p class=\"sentence\">").unwrap();
        rest.split_once("</p>").unwrap().0.to_owned()
    };
    insta::assert_snapshot!(pages.iter().map(|p| sentence(p)).collect::<Vec<_>>().join("\n"), @r"
    No trial has run yet.
    No trial has finished yet; 1 failed.
    Trial 0 is the only one that finished: accuracy 50.0 %, energy 1.00 J (gpu+cpu, counter).
    Trial 0 is both the most accurate trial and the one with the least energy: accuracy 50.0 %, energy 1.00 J (gpu+cpu, counter).
    Trial 1 has the lowest loss: loss 0.2.
    Trial 0 uses 50 % less energy than the most accurate trial (1) for 10.0 points of accuracy and with 50 % less parameters; the front has no bend, so no trial on it is the best trade.
    ");
    assert!(pages[0].contains("No trial has finished"));
    assert_eq!(pages[5].matches("<figure class=\"wide\">").count(), 3, "two pairs and the hypervolume");
}

#[test]
fn far_off_trials_stay_at_the_edge_and_are_counted() {
    let point = |i| digits_point(1e-3, i, 32, None);
    let record = StudyFixture::new("far", digits_problem())
        .finish(point(8), [("accuracy", 0.97)], Some(counters(10.0)))
        .finish(point(9), [("accuracy", 0.95)], Some(counters(5.0)))
        .finish(point(10), [("accuracy", 0.1)], Some(counters(7.0)))
        .record();
    let svg = front_chart(&record, &Chart::default());
    assert!(svg.contains("1 far off, at the edge"), "{svg}");
}

#[test]
fn charts_alone_need_no_custom_properties() {
    for theme in [Theme::Light, Theme::Dark] {
        let svg = front_chart(&digits(estimate), &Chart { theme, ..Chart::default() });
        assert!(svg.starts_with("<svg xmlns") && !svg.contains("var("), "{svg}");
        check_balance(&svg);
    }
}

#[test]
fn numbers_of_any_size_make_a_sound_picture() {
    let sizes = [f64::MAX, f64::MIN_POSITIVE, 1e-320, 1.0, 1e20];
    let mut fixture = StudyFixture::new(
        "sizes",
        Problem::new(digits_problem().space().clone(), [maximize("score"), minimize("energy").log()]).unwrap(),
    );
    for (i, size) in sizes.into_iter().enumerate() {
        for sign in [1.0, -1.0] {
            let point = digits_point(1e-3, 8 + i as i64, 32, None);
            fixture = fixture.finish(point, [("score", size * sign)], Some(counters(size)));
        }
    }
    let html = page(&fixture.record());
    check_balance(&html);
    let drawn = html.split("<svg").skip(1).map(|s| s.split("</svg>").next().unwrap());
    for part in drawn.flat_map(|svg| svg.split(['=', '<'])).filter(|p| p.starts_with('"')) {
        assert!(!part.contains("NaN") && !part.contains("inf\""), "{part}");
    }
}

#[test]
fn what_breaks_a_constraint_is_marked_in_every_output() {
    let problem = digits_problem().subject_to([at_most("ram", 8.0)]).unwrap();
    let point = |i| digits_point(1e-3, i, 32, None);
    let record = StudyFixture::new("bounded", problem)
        .finish(point(8), [("accuracy", 0.97), ("ram", 9.0)], Some(counters(10.0)))
        .finish(point(9), [("accuracy", 0.95), ("ram", 7.0)], Some(counters(5.0)))
        .record();
    let html = page(&record);
    check_balance(&html);
    for part in [
        "<b class=\"failure\">infeasible</b><br><span class=\"why\">ram 9, not at most 8</span>",
        "Constraints: ram at most 8.",
        ">ram</th>",
        "breaks a constraint",
        "class=\"infeasible\"",
        "1 breaks a constraint",
    ] {
        assert!(html.contains(part), "{part}");
    }
    let line = |trial, width| crate::report::study::progress::trial_line(&record, trial, width).unwrap();
    assert!(line(0, 200).contains("infeasible: ram 9, not at most 8"), "{}", line(0, 200));
    assert!(line(0, 60).starts_with("trial 0  !") && line(1, 60).starts_with("trial 1  +"));
    let json = crate::report::study::json::study(&record, &Carbon::default());
    assert_eq!((&json["trials"][0]["feasible"], &json["trials"][1]["feasible"]), (&false.into(), &true.into()));
    assert!(crate::report::study::csv::trials(&record).lines().nth(1).unwrap().contains(",false,false,"));
    let none = StudyFixture::new("none", digits_problem().subject_to([at_most("ram", 8.0)]).unwrap())
        .finish(point(8), [("accuracy", 0.97), ("ram", 9.0)], Some(counters(10.0)))
        .record();
    let html = page(&none);
    check_balance(&html);
    assert!(html.contains("The only finished trial breaks a constraint"));
    let single = Problem::new(digits_problem().space().clone(), [maximize("accuracy")])
        .unwrap()
        .subject_to([at_most("ram", 8.0)])
        .unwrap();
    let single = StudyFixture::new("single", single)
        .finish(point(8), [("accuracy", 0.97), ("ram", 9.0)], None)
        .finish(point(9), [("accuracy", 0.95), ("ram", 7.0)], None)
        .record();
    assert!(page(&single).contains("class=\"infeasible\""));
}
