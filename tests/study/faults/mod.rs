//! The real binary on a disk that fails: at every call that changes a file, with every error, full from there on, or with the
//! process killed there. Nothing that was acknowledged is lost, or the run ends with a code and words that say so.
//!
//! Here, some of the positions are tried; all of them where `WATTFRONT_SOAK` is set (`make soak`).

mod asked;
mod data;
mod disks;
mod files;
mod findings;
mod library;
mod order;
mod positions;
mod scene;
mod studies;

use asked::Asks;
use data::Opens;
use files::{Meters, Reports};
use positions::try_all;
use studies::Runs;

const OUTPUTS: &[&str] =
    &["bench/study.toml", "bench/trials.csv", "bench/front.csv", "bench/report.html", "bench/environment.json"];

#[test]
fn a_study() {
    try_all(&Runs {
        name: "a study",
        before: &[],
        command: &["study.toml"],
        again: |_| &["study.toml"],
        remake: &["report", "study.toml"],
        thinned: 1,
        outputs: OUTPUTS,
    });
}

#[test]
fn a_study_that_is_gone_on_with() {
    try_all(&Runs {
        name: "a study that is gone on with",
        before: &[&["study.toml", "--trials", "3"]],
        command: &["study.toml"],
        again: |_| &["study.toml"],
        remake: &["report", "study.toml"],
        thinned: 1,
        outputs: OUTPUTS,
    });
}

#[test]
fn a_study_begun_anew() {
    try_all(&Runs {
        name: "a study begun anew",
        before: &[&["study.toml", "--trials", "2"]],
        command: &["study.toml", "--fresh", "--trials", "4"],
        again: |bench| match bench.path().join("results/bench.1").exists() {
            true => &["study.toml", "--trials", "4"],
            false => &["study.toml", "--fresh", "--trials", "4"],
        },
        remake: &["report", "study.toml"],
        thinned: 1,
        outputs: OUTPUTS,
    });
}

#[test]
fn a_comparison() {
    const COMPARE: &[&str] = &["compare", "study.toml", "--samplers", "random,sobol", "--seeds", "2", "--trials", "3"];
    try_all(&Runs {
        name: "a comparison",
        before: &[],
        command: COMPARE,
        again: |_| COMPARE,
        remake: COMPARE,
        // It is four studies.
        thinned: 3,
        outputs: &[
            "bench-compare/comparison.html",
            "bench-compare/comparison.json",
            "bench-compare/samplers.csv",
            "bench-compare/runs.csv",
            "bench-compare/curves.csv",
            "bench-compare/attainment.csv",
            "bench-compare/random-5/report.html",
            "bench-compare/sobol-6/trials.csv",
            "bench-compare/sobol-6/front.csv",
            "bench-compare/sobol-6/environment.json",
        ],
    });
}

#[test]
fn a_confirmation() {
    const CONFIRM: &[&str] = &["confirm", "study.toml", "--seeds", "2"];
    try_all(&Runs {
        name: "a confirmation",
        before: &[&["study.toml", "--trials", "4"]],
        command: CONFIRM,
        again: |_| CONFIRM,
        remake: CONFIRM,
        thinned: 1,
        outputs: &[
            "bench/confirm/report.html",
            "bench/confirm/confirmation.json",
            "bench/confirm/figures.csv",
            "bench/confirm/runs.csv",
        ],
    });
}

#[test]
fn asking_and_telling() {
    try_all(&Asks);
}

#[test]
fn a_report() {
    try_all(&Reports);
}

#[test]
fn metering_alone() {
    try_all(&Meters);
}

#[test]
fn opening_a_folder_of_images() {
    try_all(&Opens);
}
