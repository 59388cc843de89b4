//! `optimize devices`.

mod watch;

use super::args::DevicesArgs;
use super::failure::Failure;
use super::print::{print, print_data};
use crate::energy::Session;

pub(super) fn devices(args: &DevicesArgs) -> Result<(), Failure> {
    if args.watch {
        return watch::watch(args.interval, args.json);
    }
    let diagnosis = Session::builder().diagnose();
    if args.json {
        return print_data(serde_json::to_string_pretty(&diagnosis).map_err(Failure::other)?);
    }
    print(diagnosis.to_string())
}
