//! Power limits and locked clocks: what can be set.

/// What to set; `None` leaves a setting alone.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct PowerLimits {
    /// The power limit of the board, in watts.
    pub power_watts: Option<f64>,
    /// The lowest and the highest clock of the multiprocessors, in MHz.
    pub sm_clock_mhz: Option<(u32, u32)>,
}

impl PowerLimits {
    /// A power limit, in watts.
    #[must_use]
    pub fn power(watts: f64) -> Self {
        Self { power_watts: Some(watts), sm_clock_mhz: None }
    }

    /// The clock of the multiprocessors held at so many MHz.
    #[must_use]
    pub fn sm_clock(mhz: u32) -> Self {
        Self { power_watts: None, sm_clock_mhz: Some((mhz, mhz)) }
    }
}

/// What a GPU's limits can be, and whether they may be set.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LimitRange {
    /// The lowest power limit that the driver takes, in watts.
    pub lowest_watts: f64,
    /// The highest.
    pub highest_watts: f64,
    /// The limit that the board comes with.
    pub default_watts: f64,
    /// The limit in force.
    pub present_watts: f64,
    /// The highest clock of the multiprocessors in MHz, if the driver tells it.
    pub highest_sm_clock_mhz: Option<u32>,
    /// Why this process may not set the power limit; `None` if it may. Locking clocks needs the same permission.
    pub refused: Option<String>,
}
