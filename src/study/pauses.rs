//! What a trial leaves out of its time and its energy: the stops of the study in which its program stood still, too.

use std::time::Duration;

use super::stops::{Standstill, Stop, Stops};
use crate::energy::units::WindowEnergy;
use crate::energy::{Mark, Moment, Session, Usage};

/// Meters are read twice a second. In a longer stop a counter may have wrapped. Then only the last reading before it is
/// of use, and not what lies between that and the first one after it.
const LONG: Duration = Duration::from_secs(60);

/// The stops of a study during one trial.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    /// So many stops of the study were looked at.
    known: usize,
    /// The edges of those in which the program stood still.
    whole: Vec<(Mark, Mark)>,
    /// Those in which it may have run.
    others: Vec<Stop>,
}

impl Pauses {
    /// For a trial that begins now: what was before is none of its business.
    pub(super) fn begin(stops: &Stops) -> Self {
        Self { known: stops.but(0).len(), ..Self::default() }
    }

    /// Takes the stops that are new since it was last asked, and gives them back.
    pub(super) fn take(&mut self, stops: &Stops, session: &Session) -> Vec<Stop> {
        let new = stops.but(self.known);
        self.known += new.len();
        for stop in &new {
            if stop.who != Standstill::Whole {
                self.others.push(stop.clone());
                continue;
            }
            let edges = stop.edges.clone().unwrap_or_else(|| {
                let long = stop.length() >= LONG;
                let from = if long { session.last_read_before(stop.from).unwrap_or(stop.from) } else { stop.from };
                (session.mark_at(from), session.mark_at(stop.to))
            });
            self.whole.push(edges);
        }
        new
    }

    /// How long the program stood still between two moments.
    pub(super) fn between(&self, from: Moment, to: Moment) -> Duration {
        let within = |(begin, end): &(Mark, Mark)| end.moment().min(to).since(begin.moment().max(from));
        self.whole.iter().map(within).sum()
    }

    /// The energy between two edges, without that of the stops in which the program stood still. Of the others its notes tell.
    pub(super) fn energy(&self, session: &Session, from: &Mark, to: &Mark, usage: &Usage) -> WindowEnergy {
        let whole = session.between_using(from, to, usage);
        let overlaps = |begin: Moment, end: Moment| begin < to.moment() && end > from.moment();
        let inside: Vec<_> = self.whole.iter().filter(|(begin, end)| overlaps(begin.moment(), end.moment())).collect();
        let mut notes = Vec::new();
        let mut energy = whole;
        if !inside.is_empty() {
            let seconds = self.between(from.moment(), to.moment()).as_secs_f64();
            let parts = without(session, from, to, usage, &inside);
            notes.push(if parts.total().is_some() || energy.total().is_none() {
                energy = parts;
                format!("without {seconds:.1} s in which the study and its program were stopped")
            } else {
                // A stop just beside an edge leaves a part that is too short for a figure of its own.
                energy.seconds -= seconds;
                format!("with what was drawn in {seconds:.1} s in which the study and its program were stopped")
            });
        }
        for stop in self.others.iter().filter(|stop| overlaps(stop.from, stop.to)) {
            let seconds = stop.length().as_secs_f64();
            notes.push(match stop.who {
                Standstill::Unknown => {
                    format!("the study was not run for {seconds:.1} s meanwhile (frozen, or the machine was too busy)")
                }
                _ => format!(
                    "the study was stopped for {seconds:.1} s meanwhile, and its program was not, as far as is known"
                ),
            });
        }
        for domain in &mut energy.domains {
            for note in &notes {
                domain.note = Some(domain.note.take().map_or(note.clone(), |own| format!("{own}; {note}")));
            }
        }
        energy
    }
}

/// The sum of what lies between the stops.
fn without(session: &Session, from: &Mark, to: &Mark, usage: &Usage, stops: &[&(Mark, Mark)]) -> WindowEnergy {
    let mut sum: Option<WindowEnergy> = None;
    let mut add = |from: &Mark, to: &Mark| {
        if from.moment() < to.moment() {
            let part = session.between_using(from, to, usage);
            match &mut sum {
                Some(sum) => sum.accumulate(&part),
                None => sum = Some(part),
            }
        }
    };
    let mut begin = from;
    for (stop, go) in stops {
        add(begin, stop);
        if go.moment() > begin.moment() {
            begin = go;
        }
    }
    add(begin, to);
    // All of it was one stop.
    sum.unwrap_or_else(|| session.between_using(to, to, usage))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::energy::Meters;

    fn session() -> Session {
        Session::builder().meters(Meters::estimate()).open().unwrap()
    }

    #[test]
    fn stops_are_left_out_of_time_and_energy_and_told() {
        let session = session();
        let usage = Usage::cpu();
        let sleep = || std::thread::sleep(Duration::from_millis(30));
        let marks: Vec<Mark> = (0..6).map(|_| (session.mark(), sleep()).0).collect();
        let whole = vec![(marks[1].clone(), marks[2].clone()), (marks[3].clone(), marks[4].clone())];
        let pauses = Pauses { whole, ..Pauses::default() };
        let span = |a: usize, b: usize| marks[b].moment().since(marks[a].moment());
        let energy = |a: usize, b: usize| pauses.energy(&session, &marks[a], &marks[b], &usage);
        let close = |a: f64, b: Duration| (a - b.as_secs_f64()).abs() < 1e-6;
        assert!(close(energy(0, 5).seconds, span(0, 1) + span(2, 3) + span(4, 5)));
        assert!(energy(0, 5).total().is_some());
        let note = energy(0, 5).domains[0].note.clone().unwrap();
        assert!(note.contains("without 0.1 s in which the study and its program were stopped"), "{note}");
        assert_eq!(pauses.between(marks[0].moment(), marks[5].moment()), span(1, 2) + span(3, 4));
        // Edges within a stop, and beside it.
        assert!(close(energy(1, 3).seconds, span(2, 3)));
        assert_eq!(energy(2, 3), session.between_using(&marks[2], &marks[3], &usage));
        assert_eq!(energy(1, 2).seconds, 0.0);
    }

    #[test]
    fn the_program_of_a_study_that_was_stopped_alone_has_its_time() {
        let session = session();
        let (from, to) = (session.mark(), session.mark());
        let stop = |who| Stop { from: from.moment(), to: to.moment(), who, edges: None };
        for (who, text) in [(Standstill::Study, "and its program was not"), (Standstill::Unknown, "frozen")] {
            let pauses = Pauses { others: vec![stop(who)], ..Pauses::default() };
            let energy = pauses.energy(&session, &from, &to, &Usage::cpu());
            assert_eq!(energy.seconds, to.moment().since(from.moment()).as_secs_f64());
            assert!(energy.domains[0].note.as_ref().unwrap().contains(text), "{energy:?}");
            assert_eq!(pauses.between(from.moment(), to.moment()), Duration::ZERO);
        }
    }
}
