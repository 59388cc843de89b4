//! Of `data`.

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub(in crate::cli) struct DataArgs {
    #[command(subcommand)]
    pub(in crate::cli) command: DataCommand,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum DataCommand {
    /// Fetch data sets from their publishers into the data folder: mnist, fashion-mnist, cifar10, cifar100
    Fetch {
        /// Their names
        #[arg(value_name = "NAME", required = true)]
        names: Vec<String>,
        /// Another server with the same files: the address before their names, such as http://localhost:8000/
        #[arg(long, value_name = "ADDRESS")]
        from: Option<String>,
    },
    /// Say which data sets there are, and which can be fetched
    List {
        /// JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Print the data folder: WATTFRONT_DATA, or else wattfront/data in XDG_CACHE_HOME or ~/.cache
    Path,
}
