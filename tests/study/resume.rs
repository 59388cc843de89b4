//! A study is its events: stopped and resumed, it goes on as if nothing had been.

use std::time::Duration;

use wattfront::optimizer::Seed;

use crate::bench::Bench;

#[test]
fn a_spent_budget_is_said_and_can_be_extended() {
    let bench = Bench::new();
    bench.edit("trials = 12", "trials = 4");
    bench.optimize(&["study.toml"]).code(0).says("trial 3");
    let four = bench.finished();
    assert_eq!(four.len(), 4);
    bench.optimize(&["study.toml"]).code(0).says("the budget is spent: 4 trials are done; `--trials 6`");
    assert_eq!(bench.finished(), four, "nothing is run again");
    bench.optimize(&["study.toml", "--trials", "6"]).code(0).says("going on after 4 trials");
    let six = bench.finished();
    assert_eq!((six.len(), &six[..4]), (6, &four[..]), "what was there stays");
}

#[test]
fn killed_at_ten_random_moments_it_proposes_what_it_would_have_proposed() {
    let long = || {
        let bench = Bench::new();
        bench.edit("trials = 12", "trials = 40");
        // All ten may hit the same trial.
        bench.edit("[command]", "[trial]\nattempts = 20\n[command]");
        bench
    };
    let whole = long();
    whole.optimize(&["study.toml"]).code(0);
    let expected = whole.finished();
    assert_eq!(expected.len(), 40);

    let killed = long();
    for kill in 0..10 {
        let before = killed.try_record().map_or(0, |r| r.last_seq());
        // After some more events, and then some more milliseconds, so that kills hit all kinds of moments, all of them
        // before the end: a study of forty trials has many more events than these.
        let events = 3 + Seed(5).of_trial(kill) % 6;
        let mut child = killed.start();
        killed.wait_for("events", || killed.try_record().is_some_and(|r| r.last_seq() >= before + events));
        std::thread::sleep(Duration::from_millis(Seed(11).of_trial(kill) % 25));
        child.kill().unwrap();
        child.wait().unwrap();
        let finished = killed.finished();
        assert_eq!(finished[..], expected[..finished.len()], "after {} kills", kill + 1);
    }
    assert!(killed.record().sessions().iter().all(|s| s.end.is_none()), "every session was killed before its end");
    assert!(!killed.finished().is_empty(), "and together they got somewhere");
    killed.optimize(&["study.toml"]).code(0);
    assert_eq!(killed.finished(), expected);
    // The surrogate's own numbers are the same, too.
    let fits = |bench: &Bench| bench.record().trials().iter().map(|t| t.fit.clone()).collect::<Vec<_>>();
    assert_eq!(fits(&killed), fits(&whole));
    assert_eq!(killed.record().reference(), whole.record().reference());
    assert!(killed.record().trials().iter().all(|t| t.fit.is_some()));
}

#[test]
fn the_energy_and_the_time_of_all_sessions_count_towards_the_budget() {
    for (limit, spent) in [("energy = \"0.3 J\"", "a larger `energy`"), ("time = \"0.2s\"", "a larger `time`")] {
        let bench = Bench::new();
        bench.edit("trials = 12", limit);
        bench.optimize(&["study.toml"]).code(0);
        let done = bench.finished();
        assert!((1..100).contains(&done.len()), "{}", done.len());
        bench.optimize(&["study.toml"]).code(0).says("the budget is spent").says(spent);
        assert_eq!(bench.finished(), done);
    }
}

#[test]
fn a_study_estimates_to_its_end_as_it_began() {
    let bench = Bench::new();
    bench.edit("trials = 12", "trials = 1");
    bench.edit("[energy]", "[energy]\nwatts_per_core = 6.5");
    bench.optimize(&["study.toml"]).code(0);
    // Whatever this machine's processor is: a study of another figure goes on with that.
    bench.edit("watts_per_core = 6.5", "");
    bench.optimize(&["study.toml", "--trials", "2"]).code(0);
    let environments: Vec<_> = bench.record().sessions().iter().map(|s| s.environment.meters.concat()).collect();
    assert_eq!(environments.len(), 2);
    for meters in environments {
        assert!(meters.contains("CPU time of the processes, times 6.5 W per busy logical processor"), "{meters}");
    }
    let begun = Bench::new();
    begun.edit("trials = 12", "trials = 1");
    begun.optimize(&["study.toml"]).code(0);
    let meters = begun.record().sessions()[0].environment.meters.concat();
    let watts = wattfront::energy::watts_per_core();
    assert!(meters.contains(&format!("times {watts} W per busy logical processor (")) && !meters.contains("as set"));
    begun.edit("[energy]", "[energy]\nwatts_per_core = 999");
    begun.optimize(&["study.toml", "--trials", "2"]).code(3).says("energy.watts_per_core");
}

#[test]
fn figures_of_another_origin_are_not_added() {
    let bench = Bench::new();
    bench.edit("trials = 12", "trials = 1");
    bench.optimize(&["study.toml"]).code(0);
    // As if the first trial had been metered by a counter that is not here.
    let mut changed = 0;
    bench.rewrite(|body| {
        if !body.contains("trial_finished") {
            return Some(body);
        }
        changed += 1;
        Some(body.replace("\"estimate\"", "\"counter\"").replace("\"processes\"", "\"package-0\""))
    });
    assert_eq!(changed, 1);
    bench
        .optimize(&["study.toml", "--trials", "2"])
        .code(3)
        .says("were metered by cpu:package-0 (counter)")
        .says("cpu:processes (ESTIMATED)");
    assert_eq!(bench.finished().len(), 1);
}

#[test]
fn fresh_keeps_the_old_results_beside_the_new() {
    let bench = Bench::new();
    bench.edit("trials = 12", "trials = 2");
    bench.optimize(&["study.toml"]).code(0);
    bench.edit("x = { float = [0.0, 1.0] }", "x = { float = [0.0, 0.5] }");
    let refused = bench.optimize(&["study.toml"]).code(3).says("--fresh").says("space.x");
    assert!(refused.err().contains("other settings"), "{}", refused.err());
    assert_eq!(bench.finished().len(), 2, "a refusal changes nothing");
    bench.optimize(&["study.toml", "--fresh"]).code(0).says("bench.1");
    assert!(bench.path().join("results/bench.1/study.db").exists());
    assert!(bench.finished().iter().all(|(_, point, _)| point.number("x").unwrap() <= 0.5));
    bench.optimize(&["pick", "results/bench.1"]).code(0);
}
