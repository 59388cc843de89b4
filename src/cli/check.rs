//! `optimize check`.

use super::args::CheckArgs;
use super::failure::Failure;
use super::open::read_spec;

pub(super) fn check(args: &CheckArgs) -> Result<(), Failure> {
    let spec = read_spec(&args.study)?;
    println!("{}", spec.summary());
    super::run::check_source(&spec)
}
