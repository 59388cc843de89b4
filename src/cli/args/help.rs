//! Of commands about commands.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub(in crate::cli) struct HelpArgs {
    /// A command; or study-file, and behind it a section or a key
    #[arg(value_name = "COMMAND")]
    pub(in crate::cli) words: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = COMPLETIONS_HELP)]
pub(in crate::cli) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub(in crate::cli) shell: clap_complete::Shell,
}

const COMPLETIONS_HELP: &str = "\
Where the script belongs:
  bash        optimize completions bash > ~/.local/share/bash-completion/completions/optimize
  zsh         optimize completions zsh > ~/.zfunc/_optimize    with fpath+=~/.zfunc before compinit in ~/.zshrc
  fish        optimize completions fish > ~/.config/fish/completions/optimize.fish
  powershell  optimize completions powershell >> $PROFILE
  elvish      optimize completions elvish >> ~/.config/elvish/rc.elv";

#[derive(Debug, Args)]
pub(in crate::cli) struct ManArgs {
    /// The folder for them, such as ~/.local/share/man/man1; it is made if there is none
    #[arg(value_name = "DIR")]
    pub(in crate::cli) folder: PathBuf,
}
