//! The `optimize` binary.

fn main() -> std::process::ExitCode {
    wattfront::cli::main()
}
