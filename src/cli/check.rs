//! `optimize check`.

use super::args::CheckArgs;
use super::failure::Failure;
use super::open::read_spec;
use super::print::print;

pub(super) fn check(args: &CheckArgs) -> Result<(), Failure> {
    let spec = read_spec(&args.study)?;
    print(spec.summary())?;
    super::run::check_source(&spec)?;
    super::run::check_program(&spec, &args.study)
}
