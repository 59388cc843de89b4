//! The `optimize-trainer` binary: trains what `optimize` asks for, and is the one of the two that loads libtorch.

fn main() -> std::process::ExitCode {
    wattfront::cli::trainer_main()
}
