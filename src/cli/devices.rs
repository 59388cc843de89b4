//! `optimize devices`.

use super::args::DevicesArgs;
use super::failure::Failure;
use super::front::print;
use crate::energy::Session;

pub(super) fn devices(args: &DevicesArgs) -> Result<(), Failure> {
    let diagnosis = Session::builder().diagnose();
    if args.json {
        return print(serde_json::to_string_pretty(&diagnosis).map_err(Failure::other)?);
    }
    print(diagnosis.to_string())
}
