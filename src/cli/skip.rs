//! `optimize skip`: trials that are not to be tried again.

use super::args::SkipArgs;
use super::failure::Failure;
use super::print::print;
use super::terminal::Terminal;
use crate::app;

pub(super) fn skip(args: &SkipArgs) -> Result<(), Failure> {
    let results = args.study.results.as_deref();
    let told = app::skip(&args.study.study, results, &args.trial, &mut Terminal::Talkative)?;
    told.into_iter().try_for_each(print)
}
