//! The energy between two edges.

use std::sync::PoisonError;

use super::contradiction::held_against;
use super::{Mark, Session, Usage};
use crate::energy::units::{DomainEnergy, Method, PowerDomain, WindowEnergy};
use crate::energy::windows::figure::Evidence;
use crate::energy::windows::idle::with_idle;
use crate::energy::windows::track::ticks_slowly;

impl Session {
    /// The energy of everything metered between two edges. What is not known is `None` with a note that says why: edges in
    /// the wrong order or of different sessions, a failed reading at an edge, a counter that started anew, a window below
    /// the resolution.
    #[must_use]
    pub fn between(&self, open: &Mark, close: &Mark) -> WindowEnergy {
        self.between_using(open, close, &Usage::All)
    }

    /// The energy between two edges of what was used. Never waits; see [`settle`](Self::settle) for windows shorter
    /// than two ticks of a counter. A GPU that was used and has no meter is a domain without a figure: the total is
    /// missing rather than too small. Not so where the choice of meters left GPUs out.
    #[must_use]
    pub fn between_using(&self, open: &Mark, close: &Mark, usage: &Usage) -> WindowEnergy {
        let shared = self.shared();
        let baseline = shared.baseline.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let seconds = close.moment.since(open.moment).as_secs_f64();
        let wrong = if open.session != shared.id || close.session != shared.id {
            Some("the edges belong to another session")
        } else if close.moment < open.moment {
            Some("the window closes before it opens")
        } else {
            None
        };
        let outer = |index: usize| match open.rest && close.rest && ticks_slowly(&shared.sources[index].0) {
            true => shared.lock().tracks[index].by_outer_ticks(open.moment, close.moment),
            false => None,
        };
        let checks = if wrong.is_none() { self.contradictions(open, close, usage) } else { Vec::new() };
        let levels = |index: usize| (open.levels(index), close.levels(index));
        let energy = |index: usize| {
            let source = &shared.sources[index].0;
            if let Some(reason) = wrong {
                return unknown(source.domain.clone(), source.method, reason);
            }
            let (outer, levels, gain) = (outer(index), levels(index), shared.gain);
            let shares = (open.shares(index), close.shares(index));
            let hung = {
                let tracks = &shared.lock().tracks;
                (tracks[index].hung(open.moment), tracks[index].hung(close.moment))
            };
            let (open, close) = (&open.edges.read[index], &close.edges.read[index]);
            let figure = Evidence { source, open, close, seconds, outer, levels, hung, shares, gain }.figure();
            held_against(with_idle(figure, seconds, baseline.as_deref()), seconds, &checks)
        };
        let (chosen, unmetered) = shared.select(usage);
        let mut domains: Vec<_> = chosen.into_iter().map(energy).collect();
        domains.extend(unmetered.into_iter().map(|(domain, reason)| unknown(domain, Method::Counter, &reason)));
        WindowEnergy { seconds, domains, left_out: shared.left_out(usage) }
    }
}

fn unknown(domain: PowerDomain, method: Method, reason: &str) -> DomainEnergy {
    DomainEnergy::new(domain, method, None, Some(reason.to_owned()))
}
