//! The optimizer as a crate, from outside: every sampler on problems that are made up, and figures of independent implementations.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests too")]

mod forbidden;
mod reference;
mod sample_efficiency;
mod stepped;
