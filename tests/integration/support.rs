//! The verbs of the tests: a hub that runs, a viewer that views, a client that speaks raw HTTP.

pub(crate) mod disk;
pub(crate) mod events;
pub(crate) mod http;
pub(crate) mod hub;
pub(crate) mod log;
pub(crate) mod metrics;
mod tools;
pub(crate) mod viewer;

pub(crate) use http::Raw;
pub(crate) use hub::{Hub, Project};
pub(crate) use tools::tool;
pub(crate) use viewer::Viewer;

/// How long a test waits for what must come. Long, because it is reached by failures only.
pub(crate) const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// A dataset of `len` records that hold their own index.
pub(crate) fn indexed(len: u64) -> String {
    let records: Vec<_> = (0..len)
        .map(|index| serde_json::json!({ "i": index }))
        .collect();
    serde_json::json!(records).to_string()
}

/// Prints a note for the person who runs the tests: why one is skipped, or with which seed to run it again.
#[expect(clippy::print_stderr, reason = "the runner shows it with the test")]
pub(crate) fn report(text: &str) {
    eprintln!("{text}");
}
