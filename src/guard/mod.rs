//! Against what comes from outside: files that are not what their names say, words that would command a terminal, and
//! secrets that would be passed on. And errors in words, which is how all of it is refused.

pub(crate) mod file;
#[cfg(feature = "study")]
pub(crate) mod redact;
pub(crate) mod secret;
pub(crate) mod text;
#[cfg(feature = "study")]
pub(crate) mod told;
