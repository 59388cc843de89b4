//! Amounts with units: durations and energies.

use std::time::Duration;

use super::spelling::nearest;
use crate::energy::units::Joules;

/// Durations that a study file may name. They are shown to the millisecond, and clocks can be asked for them.
const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_secs(36_525 * 86_400);

/// Reads a duration such as `90s`, `30m`, `1h30m`, `1.5h`, `2d` or `500ms`: larger units first, each at most once.
///
/// # Errors
/// What to do about it, in words.
pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    const UNITS: [(&str, f64); 5] = [("d", 86_400.0), ("h", 3600.0), ("m", 60.0), ("s", 1.0), ("ms", 1e-3)];
    const EXAMPLES: &str = "write a duration such as \"90s\", \"30m\", \"1h30m\" or \"2d\"";
    let mut rest = text.trim();
    let mut seconds = 0.0;
    let mut last = f64::INFINITY;
    while !rest.is_empty() {
        let (number, after) = split_number(rest).ok_or(EXAMPLES)?;
        let after = after.trim_start();
        let end = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        let unit = match &after[..end] {
            "min" | "mins" | "minutes" | "minute" => "m",
            "sec" | "secs" | "seconds" | "second" => "s",
            "hour" | "hours" => "h",
            "day" | "days" => "d",
            unit => unit,
        };
        let Some((_, factor)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(match unit {
                "" => format!("a unit is missing after {number}: {EXAMPLES}"),
                unit => format!("`{unit}` is no unit of time (d, h, m, s, ms): {EXAMPLES}"),
            });
        };
        if *factor >= last {
            return Err(format!("larger units come first, each at most once: {EXAMPLES}"));
        }
        last = *factor;
        seconds += number * factor;
        rest = after[end..].trim_start();
    }
    match Duration::try_from_secs_f64(seconds) {
        _ if last.is_infinite() => Err(EXAMPLES.to_owned()),
        Ok(duration) if duration.is_zero() => Err("it must be above zero".to_owned()),
        Ok(duration) if duration < SHORTEST => {
            Err("it is too short: the shortest is a millisecond, \"1ms\"".to_owned())
        }
        Ok(duration) if duration <= LONGEST => Ok(duration),
        Ok(_) | Err(_) => Err("it is too long: the longest are a hundred years, \"36525d\"".to_owned()),
    }
}

/// Reads an energy such as `500 J`, `300 kJ`, `50 Wh` or `1.2 kWh`.
///
/// # Errors
/// What to do about it, in words.
pub(super) fn parse_energy(text: &str) -> Result<Joules, String> {
    const UNITS: [(&str, f64); 7] =
        [("J", 1.0), ("kJ", 1e3), ("MJ", 1e6), ("GJ", 1e9), ("Wh", 3.6e3), ("kWh", 3.6e6), ("MWh", 3.6e9)];
    const EXAMPLES: &str = "write an energy such as \"500 J\", \"300 kJ\", \"50 Wh\" or \"1.2 kWh\"";
    let (number, unit) = split_number(text.trim()).ok_or(EXAMPLES)?;
    let unit = unit.trim_start();
    let Some((_, factor)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(match unit {
            "" => format!("a unit is missing: {EXAMPLES}"),
            "W" | "kW" | "watt" | "watts" => format!("`{unit}` is power, not energy: {EXAMPLES}"),
            unit => match nearest(unit, UNITS.map(|(name, _)| name)) {
                Some(near) => format!("`{unit}` is no unit of energy; did you mean `{near}`?"),
                None => format!("`{unit}` is no unit of energy (J, kJ, MJ, GJ, Wh, kWh, MWh): {EXAMPLES}"),
            },
        });
    };
    match number * factor {
        joules if !joules.is_finite() => Err("it is too large".to_owned()),
        joules if joules <= 0.0 => Err("it must be above zero".to_owned()),
        joules => Ok(Joules(joules)),
    }
}

/// A duration as [`parse_duration`] reads it, such as `1h30m`.
pub(super) fn show_duration(seconds: f64) -> String {
    let mut rest = (seconds * 1e3).round() as u64;
    let mut shown = String::new();
    for (unit, length) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)] {
        if rest / length > 0 {
            shown.push_str(&format!("{}{unit}", rest / length));
            rest %= length;
        }
    }
    if shown.is_empty() { "0s".to_owned() } else { shown }
}

/// The number, not negative, at the beginning of a text, and the rest.
fn split_number(text: &str) -> Option<(f64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_').unwrap_or(text.len());
    let number = text[..end].replace('_', "").parse().ok()?;
    Some((number, &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_show() {
        for (text, seconds) in [
            ("90s", 90.0),
            ("30m", 1800.0),
            ("1h30m", 5400.0),
            ("1h 30m", 5400.0),
            ("1.5h", 5400.0),
            ("2d", 172_800.0),
            ("500ms", 0.5),
            ("10 min", 600.0),
        ] {
            assert_eq!(parse_duration(text).unwrap().as_secs_f64(), seconds, "{text}");
        }
        assert_eq!(show_duration(5400.0), "1h30m");
        assert_eq!(show_duration(0.25), "250ms");
        assert_eq!(show_duration(0.0), "0s");
    }

    #[test]
    fn durations_that_are_none_are_refused_with_advice() {
        for (text, part) in [
            ("", "such as"),
            ("soon", "such as"),
            ("-5s", "such as"),
            ("90", "a unit is missing after 90"),
            ("5 parsecs", "`parsecs` is no unit of time"),
            ("30m1h", "larger units come first"),
            ("1m1m", "larger units come first"),
            ("0s", "above zero"),
            ("0.4ms", "too short"),
            ("36525.5d", "too long"),
            ("18446744073709551615s", "too long"),
            ("1e9d", "`e` is no unit"),
            ("99999999999999999999999d", "too long"),
            ("1.2.3s", "such as"),
        ] {
            let error = parse_duration(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn energies_read() {
        for (text, joules) in
            [("500 J", 500.0), ("300 kJ", 3e5), ("50 Wh", 1.8e5), ("50Wh", 1.8e5), ("1.2 kWh", 4.32e6), ("1_000J", 1e3)]
        {
            assert_eq!(parse_energy(text).unwrap().0, joules, "{text}");
        }
    }

    #[test]
    fn energies_that_are_none_are_refused_with_advice() {
        for (text, part) in [
            ("50", "a unit is missing"),
            ("50 W", "power, not energy"),
            ("50 wh", "did you mean `Wh`?"),
            ("50 KWH", "did you mean `kWh`?"),
            ("50 cal", "no unit of energy (J"),
            ("0 J", "above zero"),
            ("-5 J", "such as"),
            ("much", "such as"),
        ] {
            let error = parse_energy(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
