# demo: builds the release program and opens the reference system in its window; needs no Kafka.
# test: everything that continuous integration runs: format, lints, docs, all tests, also those against a real Kafka.
# screenshots: makes the pictures in screenshots/ from the release program.
# All first install what this machine lacks (scripts/install-deps).

.PHONY: demo test screenshots

demo:
	@scripts/install-deps
	cargo build --locked --release
	"$${CARGO_TARGET_DIR:-target}/release/foldback" demo

# Lints and docs share the metadata of the dependencies; tests and benches share one build of everything. Benches run
# once each, with small inputs, so that they do not rot.
test:
	@scripts/install-deps test
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items
	cargo test --locked --all-targets
	cargo test --locked --doc

screenshots:
	@scripts/install-deps test
	cargo build --locked --release
	scripts/screenshots
