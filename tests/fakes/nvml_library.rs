//! The stand-in for NVIDIA's library, `tests/fakes/nvml`, for tests that run the binary.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

/// The library, which is compiled once.
pub fn library() -> &'static [u8] {
    static LIBRARY: OnceLock<Vec<u8>> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("libfake_nvml.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fakes/nvml/lib.rs");
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let options = ["--edition", "2024", "--crate-type", "cdylib", "-C", "opt-level=1", "-o"];
        assert!(Command::new(rustc).args(options).args([&library, &source]).status().unwrap().success());
        fs::read(library).unwrap()
    })
}

/// Lays it with this script into a folder, for `LD_LIBRARY_PATH`.
pub fn install(folder: &Path, script: &str) {
    fs::write(folder.join("libnvidia-ml.so.1"), library()).unwrap();
    fs::write(folder.join("libnvidia-ml.so.1.script"), script).unwrap();
}
