//! Wattfront finds energy-efficient training settings: a Bayesian multi-objective hyperparameter optimizer over accuracy
//! and *measured* energy.
//!
//! The binary `optimize` runs studies from files; see the README. As a crate it is four things that need none of each
//! other:
//!
//! - [`optimizer`]: ask for a point, tell what came of it, read the front. Pure: no files, clock, libtorch or GPU.
//! - [`energy`]: joules of any stretch of code or of child processes, from NVML, RAPL or an estimate that says so.
//! - [`carbon`]: grams of CO2 equivalent, and money, that joules stand for.
//! - [`record`], [`analysis`] and [`report`]: a study as plain events, what it came to, and outputs made from it.
//!
//! ```
//! use wattfront::optimizer::problem::{Metrics, Problem};
//! use wattfront::optimizer::{Optimizer, Seed, sampler::GpSampler, space::Space};
//!
//! let space = Space::builder().float("x", 0.0..=1.0).build()?;
//! let problem = Problem::new(space).maximize("gain").minimize("cost");
//! let mut optimizer = Optimizer::new(problem, GpSampler::default(), Seed(7));
//! for _ in 0..8 {
//!     let trial = optimizer.ask()?;
//!     let x = trial.point().number("x").expect("the one parameter is always active");
//!     optimizer.tell(trial.id(), Metrics::from([("gain".into(), x.sqrt()), ("cost".into(), x)]))?;
//! }
//! assert!(!optimizer.front().is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! | feature | brings |
//! |---|---|
//! | `cli` (default) | the binary, study files, the SQLite store, programs as trials |
//! | `nvml` (default) | metering of NVIDIA GPUs, loaded at run time where there are any |
//! | `torch` | the built-in trainer; needs libtorch 2.11.0 when building and running |

pub mod analysis;
#[cfg(feature = "cli")]
pub mod app;
pub mod carbon;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(any(feature = "cli", feature = "torch"))]
pub mod data;
#[cfg(any(feature = "cli", feature = "torch"))]
mod disk;
pub mod energy;
#[cfg(feature = "cli")]
pub mod evaluation;
mod guard;
pub mod optimizer;
pub mod record;
pub mod report;
#[cfg(feature = "cli")]
pub mod study;
#[cfg(feature = "cli")]
pub mod study_file;
#[cfg(any(feature = "cli", feature = "torch"))]
pub mod training;

/// The examples of the README are tested with those of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
