//! Pages as HTML: the document around its sections, banners, tables and figures in two sizes.
//!
//! All text that comes from the study is escaped by whoever puts it in, and the content security policy forbids scripts
//! and anything from elsewhere.

use crate::analysis::doubts_in_words;
use crate::energy::units::{Domain, Doubt};
use crate::report::chart::{CHART_CSS, Chart, DARK, LIGHT, Theme, escape};

/// A page around its content; both are escaped already.
pub(in crate::report) fn document(title: &str, content: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title} · Wattfront</title>\n\
         <style>\n{}</style>\n</head>\n<body>\n<main>\n{content}</main>\n</body>\n</html>\n",
        style(),
    )
}

fn style() -> String {
    let properties =
        |colours: &[(&str, &str)]| -> String { colours.iter().map(|(k, v)| format!("{k}: {v}; ")).collect() };
    format!(
        ":root {{ {}--wash: #f4f6f8; --alarm: #8a1c00; --alarm-wash: #fff1e8; }}\n\
         @media screen and (prefers-color-scheme: dark) {{ :root {{ {}--wash: #1a2129; --alarm: #ffb38a; --alarm-wash: #3a1d0f; }} }}\n\
         {CHART_CSS}{}",
        properties(&LIGHT),
        properties(&DARK),
        include_str!("style.css"),
    )
}

/// Nobody may take estimates for measurements.
pub(in crate::report) fn estimate_banner(compared: &str) -> String {
    format!(
        "<div class=\"banner\" role=\"note\"><strong>Energy is ESTIMATED, not measured.</strong> The joules below come \
         from a model of the processor, not from a meter. They serve to compare {compared} with each other; do not quote \
         them as measurements.</div>\n"
    )
}

/// Nor figures of a counter that power contradicts for sure ones.
pub(in crate::report) fn doubt_banner(doubts: &[(Domain, Doubt)]) -> String {
    let banner = |words: String| format!("<div class=\"banner\" role=\"note\">{}</div>\n", escape(&words));
    doubts_in_words(doubts).into_iter().map(banner).collect()
}

/// A section with a heading; nothing for an empty body.
pub(in crate::report) fn section(id: &str, heading: &str, body: &str) -> String {
    if body.is_empty() {
        return String::new();
    }
    format!(
        "<section id=\"{id}\" aria-labelledby=\"{id}-h\">\n<h2 id=\"{id}-h\">{}</h2>\n{body}</section>\n",
        escape(heading)
    )
}

/// A chart in two sizes, of which the style sheet shows the one that suits the screen.
pub(in crate::report) fn figure(draw: impl Fn(&Chart) -> String, height: f64) -> String {
    let wide = draw(&Chart { width: 960.0, height, theme: Theme::Page });
    let narrow = draw(&Chart { width: 380.0, height: height.min(400.0), theme: Theme::Page });
    format!("<figure class=\"wide\">\n{wide}</figure>\n<figure class=\"narrow\">\n{narrow}</figure>\n")
}

/// One column: its heading and whether it holds numbers.
pub(in crate::report) type Column = (String, bool);

/// Cells are escaped already.
pub(in crate::report) fn table(caption: &str, columns: &[Column], rows: &[(String, Vec<String>)]) -> String {
    let class = |number: bool| if number { " class=\"n\"" } else { "" };
    let head: String =
        columns.iter().map(|(name, n)| format!("<th scope=\"col\"{}>{}</th>", class(*n), escape(name))).collect();
    let body: String = rows
        .iter()
        .map(|(row_class, cells)| {
            let cells = cells.iter().zip(columns).enumerate().map(|(i, (cell, (_, n)))| match i {
                0 => format!("<th scope=\"row\"{}>{cell}</th>", class(*n)),
                _ => format!("<td{}>{cell}</td>", class(*n)),
            });
            format!("<tr class=\"{row_class}\">{}</tr>\n", cells.collect::<String>())
        })
        .collect();
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\">\n<table>\n<caption><span>{0}</span></caption>\n\
         <thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n</div>\n",
        escape(caption),
    )
}

/// Escaped text that keeps its line breaks.
pub(in crate::report) fn escape_lines(text: &str) -> String {
    text.lines().map(|line| escape(line) + "\n").collect()
}

/// Seconds since 1970 as `2025-06-15 15:06 UTC` (days to dates after Hinnant, "chrono-compatible low-level date
/// algorithms").
#[must_use]
pub fn utc(time: f64) -> String {
    if !(0.0..=253_402_300_799.0).contains(&time) {
        return "at an unknown time".to_owned();
    }
    let seconds = time as i64;
    let (days, minutes) = (seconds / 86_400 + 719_468, seconds % 86_400 / 60);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02} UTC", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        assert_eq!(utc(0.0), "1970-01-01 00:00 UTC");
        assert_eq!(utc(1_750_000_000.0), "2025-06-15 15:06 UTC");
        assert_eq!(utc(951_782_400.0), "2000-02-29 00:00 UTC");
        assert_eq!(utc(253_402_300_799.0), "9999-12-31 23:59 UTC");
        assert_eq!(utc(f64::NAN), "at an unknown time");
    }
}
