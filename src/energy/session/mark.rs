//! The edges of windows.

use std::sync::{Arc, OnceLock};

use crate::energy::meters::meter::Shares;
use crate::energy::system::clock::Moment;
use crate::energy::windows::edges::Levels;
use crate::energy::windows::track::Edge;

/// One edge of a window: a moment, and what every source showed then.
#[derive(Debug, Clone)]
pub struct Mark {
    pub(super) session: u64,
    pub(super) moment: Moment,
    pub(super) edges: Arc<Edges>,
    /// On its outer side the hardware rests.
    pub(super) rest: bool,
}

/// What every source showed at an edge.
#[derive(Debug)]
pub(super) struct Edges {
    pub(super) read: Vec<Edge>,
    /// Of counters that tick slowly, as soon as the next ticks were seen.
    pub(super) between_ticks: Vec<OnceLock<Levels>>,
}

impl Mark {
    /// When it was taken.
    #[must_use]
    pub fn moment(&self) -> Moment {
        self.moment
    }

    /// Says that on the outer side of this edge the hardware in use rests for [`REST`](crate::energy::REST) at least.
    /// That is before the work that begins here, or after the work that ends here. Then the part of a counter's tick
    /// that lies outside can be told by the power at rest, and shorter work has a figure: see
    /// [`Session::settle`](super::Session::settle).
    #[must_use]
    pub fn beside_rest(mut self) -> Self {
        self.rest = true;
        self
    }

    /// The energy of a source at this edge, by what there may be beside it.
    pub(super) fn levels(&self, index: usize) -> Levels {
        let levels = self.edges.between_ticks[index].get().copied().unwrap_or_default();
        if self.rest { levels } else { Levels { after_rest: None, before_rest: None, ..levels } }
    }

    /// What is known of the shares of a source up to this edge.
    pub(super) fn shares(&self, index: usize) -> Shares {
        let settled = self.edges.between_ticks[index].get().and_then(|levels| levels.shares);
        settled.unwrap_or(self.edges.read[index].shares)
    }
}
