//! A commented study file to begin with, for a program of one's own or for the built-in trainer.

mod program;
mod ranges;
mod text;
mod training;
mod words;

pub(crate) use program::Program;
pub(crate) use text::Examples;
pub(crate) use training::Data;
