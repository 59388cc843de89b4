# make run     finds or installs libtorch, builds the release binary with the trainer, and runs the digits study
# make build   the same without running
# make test    everything that CI runs
# make soak    the disk fails at every call of a study, in every way; takes an hour or two, and counts what was found
# make deny    licences, sources and banned crates of the dependencies

.PHONY: run build test soak deny

run: build
	"$${CARGO_TARGET_DIR:-target}/release/optimize" studies/digits.toml

build:
	@scripts/with-libtorch cargo build --release --features torch

test:
	@scripts/with-libtorch scripts/test

# One after the other: each uses all cores, and the counts stay together. FAULTS=cut,lies tries those alone.
FAULTS ?= 1
soak:
	@WATTFRONT_SOAK='$(FAULTS)' cargo test --test study faults:: -- --nocapture --test-threads=1

deny:
	@command -v cargo >/dev/null || { echo 'error: Rust is missing; install it from https://rustup.rs and run this again.' >&2; exit 1; }
	@command -v cargo-deny >/dev/null || cargo install --locked cargo-deny
	cargo deny check bans licenses sources
