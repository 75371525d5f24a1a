# demo: builds the program and opens the reference system in its window; needs no Kafka.
# test: everything that continuous integration runs: format, lints, docs, all tests, also those
# against a real Kafka.
# audit: names unused dependencies, and holds the others to deny.toml; needs the network.
# screenshots: makes the pictures in screenshots/ from the release program.
# All first install what this machine lacks (scripts/install-deps).

.PHONY: audit demo test screenshots

# The OpenSSL of the system is linked where it is there; else it is built from source, which takes
# three minutes.
with_system = $(shell pkg-config --exists $(1) 2>/dev/null && echo 1 || echo 0)
export OPENSSL_NO_VENDOR := $(call with_system,openssl)

demo:
	@scripts/install-deps
	@echo "Building Foldback; a first build takes about ten minutes on two cores."
	cargo build --locked --profile demo
	"$${CARGO_TARGET_DIR:-target}/demo/foldback" demo

# One build serves lints, docs, tests and benches: clippy compiles in the place of rustc, as `cargo
# clippy` has it do, and docs are made where the examples in them are run. Benches run once each,
# with small inputs, so that they do not rot.
test: export RUSTC_WORKSPACE_WRAPPER = $(shell rustc --print sysroot)/bin/clippy-driver
test: export CLIPPY_ARGS = -Dwarnings__CLIPPY_HACKERY__
test: export RUSTDOC = $(CURDIR)/scripts/rustdoc-linted
test:
	@scripts/install-deps test
	cargo fmt --check
	cargo test --locked --all-targets
	cargo test --locked --doc

audit:
	scripts/audit

screenshots:
	@scripts/install-deps test
	cargo build --locked --release
	scripts/screenshots
