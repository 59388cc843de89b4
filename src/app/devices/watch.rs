//! What the hardware draws, again and again.

use std::fmt::Write as _;

use serde::Serialize;

use crate::app::{AppError, Notice, Observer};
use crate::energy::units::{DomainEnergy, Doubt, Joules, Method, PowerDomain, Watts};
use crate::energy::{Interval, Profile, Session, Usage};

/// Begins to watch what can be read here.
pub(crate) fn watched(observer: &mut dyn Observer) -> Result<Watch, AppError> {
    let session = Session::open().map_err(AppError::failed)?;
    for consumer in session.unreadable(&Usage::All) {
        observer.notice(&Notice::Warning(format!(
            "not shown, for it cannot be read: {consumer}: {}",
            consumer.reason.as_deref().unwrap_or_default()
        )));
    }
    // The estimate knows processes, and here is none to be metered.
    if session.sources(&Usage::All).iter().all(|source| source.method.is_estimate()) {
        return Err(AppError::nothing("nothing on this machine has a counter to watch")
            .advised("`optimize devices` says why, and `optimize meter -- COMMAND` estimates what a command takes"));
    }
    Ok(Watch::begin(&session))
}

/// Hardware that is looked at now and then.
pub(crate) struct Watch {
    profile: Profile,
    peaks: Vec<(PowerDomain, Watts)>,
}

/// One look.
#[derive(Debug, Serialize)]
pub(crate) struct Look {
    /// Since the beginning.
    seconds: f64,
    /// Since the look before.
    interval_s: f64,
    domains: Vec<Seen>,
}

/// One piece of hardware.
#[derive(Debug, Serialize)]
struct Seen {
    domain: PowerDomain,
    method: Method,
    /// The mean since the look before.
    watts: Option<Watts>,
    peak_watts: Option<Watts>,
    /// Since the beginning.
    joules: Option<Joules>,
    /// Another figure contradicts it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    doubtful: bool,
    /// Why something is missing, now or since the beginning, or doubtful.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl Seen {
    fn energy(&self) -> String {
        let joules = or_unknown(self.joules);
        if self.doubtful { format!("DOUBTFUL {joules}") } else { joules }
    }
}

impl Watch {
    fn begin(session: &Session) -> Self {
        Self { profile: Profile::open(session), peaks: Vec::new() }
    }

    /// What has become known since the look before.
    pub(crate) fn look(&mut self) -> Vec<Look> {
        self.profile.sample().into_iter().map(|interval| self.seen(interval)).collect()
    }

    fn seen(&mut self, Interval { until, energy, so_far }: Interval) -> Look {
        let seen = |(part, all): (&DomainEnergy, DomainEnergy)| {
            let watts = part.joules.and_then(|joules| joules.over(energy.seconds));
            let reason = |of: &DomainEnergy| of.note.clone().filter(|_| of.joules.is_none());
            let doubt = all.doubt.filter(|_| all.joules.is_some());
            let why = doubt.map(|doubt| format!("DOUBTFUL: {doubt}; {}", Doubt::REMEDY));
            Seen {
                peak_watts: self.peak(&all.domain, watts),
                watts,
                joules: all.joules,
                doubtful: doubt.is_some(),
                note: reason(part).or(reason(&all)).or(why),
                domain: all.domain,
                method: all.method,
            }
        };
        let domains = energy.domains.iter().zip(so_far.domains).map(seen).collect();
        Look { seconds: until, interval_s: energy.seconds, domains }
    }

    fn peak(&mut self, domain: &PowerDomain, now: Option<Watts>) -> Option<Watts> {
        let Some(index) = self.peaks.iter().position(|(of, _)| of == domain) else {
            self.peaks.extend(now.map(|now| (domain.clone(), now)));
            return now;
        };
        let peak = &mut self.peaks[index].1;
        if let Some(now) = now.filter(|now| now > peak) {
            *peak = now;
        }
        Some(*peak)
    }
}

fn or_unknown(figure: Option<impl ToString>) -> String {
    figure.map_or_else(|| "?".to_owned(), |figure| figure.to_string())
}

/// For the screen: a row for each piece of hardware, and below them why something is missing.
pub(crate) fn table(look: &Look) -> String {
    let mut rows = vec![["domain", "now", "peak", "energy"].map(str::to_owned)];
    rows.extend(look.domains.iter().map(|seen| {
        let figures = [or_unknown(seen.watts), or_unknown(seen.peak_watts), seen.energy()];
        let [now, peak, energy] = figures;
        [seen.domain.to_string(), now, peak, energy]
    }));
    let width = |k: usize| rows.iter().map(|row| row[k].chars().count()).max().unwrap_or(0);
    let [d, n, p, e] = std::array::from_fn(width);
    let mut text = format!("{:.0} s, every {:.1} s; Ctrl-C ends\n", look.seconds, look.interval_s);
    for [domain, now, peak, energy] in &rows {
        let _ = writeln!(text, "{domain:<d$}  {now:>n$}  {peak:>p$}  {energy:>e$}");
    }
    for seen in &look.domains {
        if let Some(note) = &seen.note {
            let _ = writeln!(text, "{}: {note}", seen.domain);
        }
    }
    text
}

/// For a pipe: one line.
pub(crate) fn line(look: &Look) -> String {
    let mut text = format!("{:.1} s", look.seconds);
    for seen in &look.domains {
        let (now, peak, energy) = (or_unknown(seen.watts), or_unknown(seen.peak_watts), seen.energy());
        let _ = write!(text, "  {} {now} (peak {peak}, {energy})", seen.domain);
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use super::*;
    use crate::energy::{Clock, MeterKind, Meters, Moment};

    #[derive(Clone)]
    struct Hands(Arc<Mutex<Moment>>);

    impl Clock for Hands {
        fn now(&self) -> Moment {
            *self.0.lock().unwrap()
        }
    }

    #[test]
    fn looks_tell_power_now_at_its_peak_and_the_energy_so_far() {
        let tree = tempfile::tempdir().unwrap();
        let zone = |name: &str| tree.path().join(name);
        let set = |joules: u64| {
            fs::write(zone("intel-rapl:0:0").join("energy_uj"), (7_000_000 + joules * 100_000).to_string())?;
            fs::write(zone("intel-rapl:0").join("energy_uj"), (joules * 1_000_000).to_string())
        };
        for (zone, name) in [(zone("intel-rapl:0"), "package-0"), (zone("intel-rapl:0:0"), "dram")] {
            fs::create_dir(&zone).unwrap();
            fs::write(zone.join("name"), name).unwrap();
            fs::write(zone.join("max_energy_range_uj"), "262143328850").unwrap();
            fs::write(zone.join("energy_uj"), "7000000").unwrap();
        }
        set(0).unwrap();
        let hands = Hands(Arc::new(Mutex::new(Moment::from_monotonic_seconds(100.0).unwrap())));
        let builder = Session::builder().meters(Meters::List(vec![MeterKind::Rapl])).powercap_root(tree.path());
        let session = builder.clock(hands.clone()).without_polling().open().unwrap();
        let mut watch = Watch::begin(&session);
        let mut look_after = |seconds: f64| {
            let mut now = hands.0.lock().unwrap();
            *now = now.after(Duration::from_secs_f64(seconds));
            drop(now);
            watch.look().remove(0)
        };
        set(90).unwrap();
        let first = look_after(1.0);
        set(130).unwrap();
        let second = look_after(2.0);
        fs::write(zone("intel-rapl:0").join("energy_uj"), "").unwrap();
        let lost = look_after(1.0);
        let texts = [&first, &second, &lost].map(|look| format!("{}{}", table(look), line(look)));
        let text = texts.join("\n").replace(&tree.path().display().to_string(), "TREE");
        insta::assert_snapshot!(text);
        let json = serde_json::to_value(&second).unwrap();
        assert_eq!(json["domains"][0]["domain"], serde_json::json!({"kind": "cpu", "id": "package-0"}));
        assert_eq!((&json["domains"][0]["watts"], &json["domains"][0]["joules"]), (&20.0.into(), &130.0.into()));
        assert_eq!((&json["seconds"], &json["interval_s"]), (&3.0.into(), &2.0.into()));
    }
}
