//! Figures as PDF, by the command line.

use crate::bench::Bench;

/// What a page of this many bytes must have, so that a reader finds its way from the end to each object.
fn check_page(bytes: &[u8]) -> String {
    let text: String = bytes.iter().map(|b| if b.is_ascii() { char::from(*b) } else { '~' }).collect();
    assert!(text.starts_with("%PDF-1.") && text.ends_with("%%EOF"), "{text}");
    let number = |text: &str| text.lines().next().unwrap().trim().parse::<usize>().unwrap();
    let table = number(text.rsplit_once("startxref\n").unwrap().1);
    let lines: Vec<&str> = text[table..].lines().collect();
    assert_eq!(lines[0], "xref");
    let objects = number(lines[1].split_once(' ').unwrap().1);
    for (object, line) in lines[2..2 + objects].iter().enumerate().skip(1) {
        let at = number(line.split_once(' ').unwrap().0);
        assert!(text[at..].starts_with(&format!("{object} 0 obj")), "{object} is not at {at}");
    }
    text
}

#[test]
fn figures_are_exported_as_pages() {
    let bench = Bench::new();
    bench.edit("kind = \"gp\"\ninitial = 5", "kind = \"random\"");
    bench.optimize(&["study.toml"]).code(0);
    let export = |more: &[&str]| {
        let answer = bench.optimize(&[&["export", "study.toml", "--format", "pdf"], more].concat()).code(0);
        assert_eq!(answer.err(), "");
        answer.0.stdout
    };
    let (front, volume) = (export(&[]), export(&["--figure", "hypervolume"]));
    let text = check_page(&front);
    assert!(text.contains("(cost (log scale)) Tj") && text.contains("/MediaBox [0 0 860 500]"), "{text}");
    assert!(check_page(&volume).contains("(trials that count towards the budget) Tj"));
    assert_eq!(front, export(&["--figure", "front"]), "the bytes of a figure are the same each time");

    let refused = |arguments: &[&str], words: &str| {
        let answer = bench.optimize(&[&["export", "study.toml"], arguments].concat()).code(2).says(words);
        assert_eq!(answer.out(), "");
    };
    refused(&["--format", "pdf", "--figure", "energy"], "--figure energy is of comparisons");
    refused(&["--format", "pdf", "--front"], "--front goes with --format csv");
    refused(&["--figure", "front"], "--figure goes with --format svg and pdf");
}

#[test]
fn figures_of_a_comparison_are_exported_as_pages() {
    let bench = Bench::new();
    bench
        .optimize(&["compare", "study.toml", "--samplers", "sobol,random", "--seeds", "2", "--trials", "4", "--json"])
        .code(0);
    let export = |figure: &str| {
        let arguments = ["export", "results/bench-compare", "--format", "pdf", "--figure", figure];
        check_page(&bench.optimize(&arguments).code(0).0.stdout)
    };
    let pages = ["front", "hypervolume", "energy"].map(export);
    for page in &pages {
        assert!(page.contains("/Subject"), "{page}");
    }
    assert!(pages[1].contains("(sobol) Tj") && pages[1].contains("(hypervolume) Tj"), "{}", pages[1]);
    assert!(pages[0] != pages[1] && pages[1] != pages[2]);
}

#[test]
fn what_a_page_cannot_show_is_told() {
    let bench = Bench::new();
    bench.edit("kind = \"gp\"\ninitial = 5", "kind = \"random\"");
    let text = std::fs::read_to_string(bench.path().join("study.toml")).unwrap();
    bench.write("study.toml", &text.replace("\"cost\"", "\"费用\""));
    let program = std::fs::read_to_string(bench.path().join("program.py")).unwrap();
    bench.write("program.py", &program.replace("\"cost\"", "\"费用\""));
    bench.optimize(&["study.toml"]).code(0);
    let answer = bench.optimize(&["export", "study.toml", "--format", "pdf"]).code(0);
    assert!(answer.err().contains("`?` stands in the PDF for `用`, `费`"), "{}", answer.err());
    assert!(check_page(&answer.0.stdout).contains("(?? (log scale)) Tj"));
}

#[test]
fn a_terminal_gets_no_page() {
    let bench = Bench::new();
    bench.edit("kind = \"gp\"\ninitial = 5", "kind = \"random\"");
    bench.optimize(&["study.toml"]).code(0);
    let command = format!("'{}' export study.toml --format pdf", env!("CARGO_BIN_EXE_optimize"));
    let mut script = std::process::Command::new("script");
    script.args(["-qec", &command, "/dev/null"]).current_dir(bench.path()).stdin(std::process::Stdio::null());
    let Ok(seen) = script.output() else { return eprintln!("no `script` here: not looked at") };
    let seen = String::from_utf8_lossy(&seen.stdout).into_owned();
    assert!(seen.contains("is no text for a terminal") && !seen.contains("%PDF"), "{seen}");
}
