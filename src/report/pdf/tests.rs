use super::*;
use crate::analysis::Summary;
use crate::analysis::comparison::tests::sample;
use crate::analysis::confirmation::tests::confirmed;
use crate::analysis::fixture::{StudyFixture, counters, digits, digits_problem, estimate};
use crate::report::chart::{
    Chart, Over, Theme, attainment_chart, bands_chart, confirmation_chart, front_chart, growth_chart,
    hypervolume_chart, pair_chart, trace_chart,
};

/// Every figure that the report draws, with all that it may show, in one theme.
fn figures(chart: &Chart) -> Vec<String> {
    let mut drawn = Vec::new();
    for energy in [counters, estimate] {
        let (record, comparison) = (digits(energy), sample(energy));
        let summary = Summary::of(&record);
        drawn.extend([
            front_chart(&record, chart),
            pair_chart(&record, &summary, (0, 1), chart),
            trace_chart(&record, &summary, chart),
            hypervolume_chart(&record, chart),
            growth_chart(&record, &summary, chart),
            bands_chart(&comparison, Over::Trials, chart),
            bands_chart(&comparison, Over::Joules, chart),
            attainment_chart(&comparison, chart),
            confirmation_chart(&confirmed(energy), chart),
        ]);
    }
    let empty = StudyFixture::new("empty", digits_problem()).record();
    drawn.extend([front_chart(&empty, chart), hypervolume_chart(&empty, chart)]);
    drawn
}

/// The words of a page, as they are written into it.
fn text_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

#[test]
fn all_of_every_figure_is_understood() {
    for theme in [Theme::Light, Theme::Dark] {
        for (width, height) in [(860.0, 500.0), (240.0, 180.0), (500.5, 333.25)] {
            for svg in figures(&Chart { width, height, theme }) {
                let page = page(&svg).unwrap_or_else(|error| panic!("{error}:\n{svg}"));
                assert!(page.missing.is_empty(), "{:?}:\n{svg}", page.missing);
                let text = text_of(&page.bytes);
                assert!(text.starts_with("%PDF-1.7") && text.trim_end().ends_with("%%EOF"));
                assert!(text.contains(&format!("/MediaBox [0 0 {width} {height}]")), "{text}");
            }
        }
    }
}

/// Every text and every mark of the chart is on the page: the elements are counted on both sides.
#[test]
fn nothing_of_a_figure_is_left_out() {
    for svg in figures(&Chart::default()) {
        let text = text_of(&page(&svg).unwrap().bytes);
        let count = |operator: &str| text.lines().filter(|line| line.rsplit(' ').next() == Some(operator)).count();
        let texts = svg.matches("<text ").count();
        let outlined = svg.matches("class=\"label").count() + svg.matches("class=\"number\"").count();
        assert_eq!(count("Tj"), texts + outlined, "{svg}");
        let lines = svg.matches("<line ").count() + svg.matches("<polyline ").count();
        let shapes =
            ["<circle ", "<polygon ", "<path ", "<rect "].map(|tag| svg.matches(tag).count()).iter().sum::<usize>();
        let painted = count("S") + count("f");
        assert!((lines + shapes..=lines + 2 * shapes).contains(&painted), "{painted} of {lines} and {shapes}:\n{svg}");
    }
}

#[test]
fn a_page_tells_what_it_shows() {
    let svg = front_chart(&digits(estimate), &Chart::default());
    let page = page(&svg).unwrap();
    let text = text_of(&page.bytes);
    for words in [
        "(ESTIMATED energy \\(J, log scale\\)) Tj",
        "(Energy is ESTIMATED, not measured) Tj",
        "/BaseFont /Helvetica-Bold",
        "/Encoding /WinAnsiEncoding",
        "/Title (The front of digits: ",
        concat!("/Creator (Wattfront ", env!("CARGO_PKG_VERSION"), ")"),
        "/ca 0.07",
    ] {
        assert!(text.contains(words) || text.contains(&words.replace('\\', "")), "{words} not in {text}");
    }
    assert!(!text.contains("Date"));
    assert_eq!(page, super::page(&svg).unwrap());
}

/// The corner at which text begins follows from its anchor and the widths of its letters.
#[test]
fn text_stands_at_its_anchor() {
    let at = |attributes: &str| {
        let svg = format!(
            "<svg width=\"100\" height=\"50\" viewBox=\"0 0 100 50\"><style>.a {{ font-size: 10px }}</style>\
             <text class=\"a\" {attributes}>0000</text></svg>"
        );
        text_of(&page(&svg).unwrap().bytes).lines().find(|l| l.ends_with(" Tm")).unwrap().to_owned()
    };
    assert_eq!(at("x=\"50\" y=\"20\""), "1 0 0 -1 50 20 Tm");
    assert_eq!(at("text-anchor=\"middle\" x=\"50\" y=\"20\""), "1 0 0 -1 38.88 20 Tm");
    assert_eq!(at("text-anchor=\"end\" x=\"50\" y=\"20\""), "1 0 0 -1 27.76 20 Tm");
    let upwards = at("text-anchor=\"middle\" transform=\"translate(16 25) rotate(-90)\"");
    assert_eq!(upwards, "0 -1 -1 0 16 36.12 Tm");
}

#[test]
fn what_no_chart_has_is_an_error() {
    let wrapped = |body: &str| format!("<svg width=\"9\" height=\"9\" viewBox=\"0 0 9 9\">{body}</svg>");
    for (svg, words) in [
        (wrapped("<image href=\"x\"/>"), "<image>"),
        (wrapped("<g><circle r=\"1\"/></g>"), "<circle> in <g>"),
        (wrapped("<text x=\"1\" y=\"1\">a<tspan>b</tspan></text>"), "<tspan> in <text>"),
        (wrapped("<line x1=\"1\" y1=\"1\" x2=\"1\" y2=\"1\" style=\"stroke: red\"/>"), "`style=\"stroke: red\"`"),
        (wrapped("<circle cx=\"1\" cy=\"1\" r=\"10%\"/>"), "`r=\"10%\"` in <circle>"),
        (wrapped("<path d=\"M1 1C1 1 1 1 1 1\"/>"), "`d=\"M1 1C1 1 1 1 1 1\"`"),
        (wrapped("<text x=\"1\" y=\"1\" text-anchor=\"inherit\"/>"), "`text-anchor=\"inherit\"`"),
        (wrapped("<text transform=\"scale(2)\">a</text>"), "`transform=\"scale(2)\"`"),
        ("<svg width=\"9\" height=\"9\" viewBox=\"0 0 90 90\"/>".to_owned(), "viewBox"),
        ("<svg>".to_owned(), "no SVG that can be read"),
    ] {
        let error = page(&svg).unwrap_err().to_string();
        assert!(error.contains(words), "{svg}: {error}");
    }
}

#[test]
fn what_the_fonts_lack_is_named() {
    let svg = "<svg width=\"9\" height=\"9\" viewBox=\"0 0 9 9\"><text x=\"1\" y=\"1\">精度 (a\\b) é</text></svg>";
    let page = page(svg).unwrap();
    assert_eq!(page.missing.into_iter().collect::<String>(), "度精");
}
