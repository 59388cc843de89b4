//! What metering costs while something trains: the time of one reading of a GPU and of one edge, on the fake NVML.
//!
//! A session polls twice a second: it reads the counter, and what that is held against. After the edge of an epoch it reads the
//! counter alone every 10 ms for a quarter of a second. So metering takes `2 poll` of each second in steady state, and `25 reading +
//! edge` more for each epoch; it runs in a thread of its own, and holds up the training at its edges alone. The fake reads its
//! script at every call, which a driver does not; a driver has its own costs.
//!
//! `cargo bench --bench overhead --no-default-features --features nvml`

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use wattfront::energy::{MeterKind, Meters, Session, Usage};

fn main() {
    divan::main();
}

/// A session on one fake GPU without a background thread, and the folder that it lives from.
fn session() -> (Session, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let library = folder.path().join("libnvidia-ml.so.1");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fakes/nvml/lib.rs");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let options = ["--edition", "2024", "--crate-type", "cdylib", "-C", "opt-level=2", "-o"];
    let built = Command::new(rustc).args(options).args([&library, &source]).status().expect("rustc runs");
    assert!(built.success(), "the fake library does not compile");
    let script = "gpu GPU-1 FAKE\npower square 150 500 0.317\nsamples 0.02 120\n";
    std::fs::write(folder.path().join("libnvidia-ml.so.1.script"), script).expect("a script");
    let builder = Session::builder().meters(Meters::List(vec![MeterKind::Nvml])).nvml_library(library);
    (builder.without_polling().open().expect("a session"), folder)
}

/// One poll of the background thread: the counter, and what it is held against, which is read again after 0.4 s.
#[divan::bench]
fn poll(bencher: divan::Bencher<'_, '_>) {
    let (session, _folder) = session();
    bencher.with_inputs(|| std::thread::sleep(Duration::from_millis(420))).bench_local_values(|()| session.poll());
}

/// One reading of the counter alone, as after an edge.
#[divan::bench]
fn reading(bencher: divan::Bencher<'_, '_>) {
    let (session, _folder) = session();
    session.poll();
    bencher.bench_local(|| session.poll());
}

/// One edge of an epoch, and the energy since the last.
#[divan::bench]
fn edge(bencher: divan::Bencher<'_, '_>) {
    let (session, _folder) = session();
    let mut last = session.mark();
    bencher.bench_local(|| {
        let now = session.mark();
        let energy = session.between_using(&last, &now, &Usage::All);
        last = now;
        energy
    });
}
