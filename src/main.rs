//! The `optimize` binary.

fn main() {}
