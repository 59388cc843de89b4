//! The power of hardware at rest, and what of a window's energy is that.

use crate::energy::units::{Baseline, DomainBaseline, DomainEnergy, Joules, Uncertainty, Watts, WindowEnergy};

/// How far the halves of a baseline may differ, as a part of it, before it is no rest.
const RESTLESS: f64 = 0.25;

/// What the energy of a while at rest, and of its halves, says of the power at rest.
pub(crate) fn entry(part: &DomainEnergy, seconds: f64, halves: [&WindowEnergy; 2]) -> DomainBaseline {
    let domain = part.domain.clone();
    let none = |note: String| DomainBaseline { domain: domain.clone(), watts: None, sd: Watts(0.0), note: Some(note) };
    let Some(watts) = part.joules.and_then(|joules| joules.over(seconds)) else {
        return none(part.note.clone().unwrap_or_else(|| "no figure".to_owned()));
    };
    let power = |half: &WindowEnergy| {
        let joules = half.domains.iter().find(|d| d.domain == domain)?.joules?;
        Some(joules.over(half.seconds)?.0)
    };
    let apart = halves.map(power).into_iter().collect::<Option<Vec<f64>>>().map(|p| (p[0] - p[1]).abs());
    if let Some(apart) = apart.filter(|apart| *apart > RESTLESS * watts.0) {
        return none(format!("it was not at rest: {} on average, and half of the time {} more", watts, Watts(apart)));
    }
    let edge = part.uncertainty.map_or(0.0, |u| u.edge.0 / seconds);
    DomainBaseline { domain, watts: Some(watts), sd: Watts(edge.hypot(apart.unwrap_or(0.0) / 2.0)), note: None }
}

/// Adds the idle share of a window to a figure.
pub(crate) fn with_idle(mut figure: DomainEnergy, seconds: f64, baseline: Option<&Baseline>) -> DomainEnergy {
    let known = baseline.and_then(|b| b.of(&figure.domain)).and_then(|entry| Some((entry.watts?, entry.sd)));
    if let (Some((watts, sd)), Some(_)) = (known, figure.joules) {
        figure.idle = Some(Joules(watts.0 * seconds));
        let idle = Joules(sd.0 * seconds);
        figure.uncertainty = figure.uncertainty.map(|uncertainty| Uncertainty { idle, ..uncertainty });
    }
    figure
}
