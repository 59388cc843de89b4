//! `optimize ask-tell`: a request a line on standard input, an answer a line on standard output.

use super::args::AskTellArgs;
use super::failure::Failure;
use super::run::asked_for;
use super::terminal::Terminal;
use crate::app;

pub(super) fn ask_tell(args: &AskTellArgs) -> Result<(), Failure> {
    let study = asked_for(&args.study, args.results.as_deref(), args.fresh, None, &args.warm_start)?;
    let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    Ok(app::ask_tell(&study, &mut input, &mut output, &mut Terminal::Aside)?)
}
