//! Wattfront finds energy-efficient training settings: a Bayesian multi-objective hyperparameter optimizer over accuracy
//! and *measured* energy.
//!
//! The binary `optimize` runs studies from files; see the README. As a crate it has parts that need none of each
//! other:
//!
//! - [`optimizer`]: ask for a point, tell what came of it, read the front. Pure: no files, clock, libtorch or GPU.
//! - [`energy`]: joules of any stretch of code or of child processes, from NVML, RAPL or an estimate that says so.
//! - [`carbon`]: grams of CO2 equivalent, and money, that joules stand for.
//! - [`record`], [`analysis`] and [`report`]: a study as plain events, what it came to, and outputs made from it.
//! - `Study` (feature `study`): a study file opened, run and gone on with, as the binary does it.
//!
//! ```
//! use wattfront::optimizer::sampler::GpSampler;
//! use wattfront::optimizer::{Optimizer, Problem, Seed, Space, float, maximize, minimize};
//!
//! let space = Space::new([float("x", 0.0..=1.0)])?;
//! let problem = Problem::new(space, [maximize("gain"), minimize("cost")])?;
//! let mut optimizer = Optimizer::new(problem, GpSampler::default(), Seed(7));
//! for _ in 0..8 {
//!     let trial = optimizer.ask()?;
//!     let x: f64 = trial.get("x")?;
//!     optimizer.tell(trial.id(), [("gain", x.sqrt()), ("cost", x)])?;
//! }
//! assert!(!optimizer.front().is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! | feature | brings |
//! |---|---|
//! | `cli` (default) | the binary `optimize`; brings `study` |
//! | `study` | whole studies in a program of your own: [`Study`], study files, the SQLite store, programs as trials |
//! | `nvml` (default) | metering of NVIDIA GPUs, loaded at run time where there are any |
//! | `torch` | the built-in trainer; needs libtorch 2.11.0 when building and running |
//! | `testing` | the contracts that samplers, stores and meters of your own keep, as functions for their tests |

pub mod analysis;
#[cfg(feature = "study")]
#[cfg_attr(not(feature = "cli"), expect(dead_code, unused_imports, reason = "some of it is for commands alone"))]
pub mod app;
pub mod carbon;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(any(feature = "study", feature = "torch"))]
pub mod data;
#[cfg(any(feature = "study", feature = "torch"))]
mod disk;
pub mod energy;
#[cfg(feature = "study")]
pub mod evaluation;
mod guard;
pub mod optimizer;
pub mod record;
pub mod report;
#[cfg(feature = "study")]
pub mod study;
#[cfg(feature = "study")]
pub mod study_file;
#[cfg(any(feature = "study", feature = "torch"))]
pub mod training;

#[cfg(feature = "study")]
pub use app::Study;

/// The examples of the README and of the book are tested with those of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

/// See [`Readme`].
#[cfg(doctest)]
#[doc = include_str!("../docs/src/embedding.md")]
pub struct Embedding;
