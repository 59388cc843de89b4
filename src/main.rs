//! The `optimize` binary.

// The names by which libtorch is called are there, so that the linker looks for them nowhere else: see build.rs.
#[cfg(libtorch_is_left_out)]
std::arch::global_asm!(include_str!(concat!(env!("OUT_DIR"), "/no_libtorch.s")));

fn main() -> std::process::ExitCode {
    wattfront::cli::main()
}
