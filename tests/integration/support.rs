//! Test helpers: a running hub, a WebSocket viewer, a raw HTTP client.

pub(crate) mod disk;
pub(crate) mod embedded;
pub(crate) mod event_stream;
pub(crate) mod event_table;
pub(crate) mod http;
pub(crate) mod hub;
pub(crate) mod metrics;
pub(crate) mod terminal;
mod tools;
pub(crate) mod viewer;

pub(crate) use http::RawClient;
pub(crate) use hub::{Hub, Project};
pub(crate) use tools::{kill, lacks, skip, target_folder, tool};
pub(crate) use viewer::Viewer;

/// How long a test waits for an event. Generous, because only failing tests reach it.
pub(crate) const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(30);

/// A dataset of `len` records that contain their own index.
pub(crate) fn indexed_dataset(len: u64) -> String {
    let records: Vec<_> = (0..len)
        .map(|index| serde_json::json!({ "i": index }))
        .collect();
    serde_json::json!(records).to_string()
}

/// Waits until the dataset of `topic`, which does not loop, is over.
pub(crate) fn wait_for_end(hub: &Hub, topic: &str) {
    let path = format!("/api/v1/topics/{topic}");
    while RawClient::get(hub.public(), &path).json()["ended"] != true {
        std::thread::yield_now();
    }
}

/// Prints a note, such as which seed a test uses.
#[expect(
    clippy::print_stderr,
    reason = "the test runner shows it with the test"
)]
pub(crate) fn print_note(text: &str) {
    eprintln!("{text}");
}
