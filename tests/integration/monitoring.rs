//! `deploy/monitoring` and the handbook's page about it, tested with the real mtail, Prometheus, rsyslog and logrotate.

mod alerts;
mod dashboard;
mod handbook;
mod hub;
mod metrics;
mod programs;
mod promql;
mod rotation;
mod rules;
mod samples;

use std::path::PathBuf;
use std::time::Duration;

use super::support::TIMEOUT;
use super::support::hub::root;

/// A file of `deploy/monitoring`.
fn sample(name: &str) -> PathBuf {
    root().join("deploy/monitoring").join(name)
}

/// The text of a file of `deploy/monitoring` with each `(from, to)` replaced; every `from` must occur.
fn sample_with(name: &str, changes: &[(&str, &str)]) -> String {
    let mut text = std::fs::read_to_string(sample(name)).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "no `{from}` in {name}");
        text = text.replace(from, to);
    }
    text
}

/// Polls `look` until it succeeds. These programs do not announce that they have read something.
fn eventually<T>(mut look: impl FnMut() -> Result<T, String>) -> T {
    const PAUSE: Duration = Duration::from_millis(20);
    let mut last = String::new();
    for _ in 0..TIMEOUT.as_millis() / PAUSE.as_millis() {
        match look() {
            Ok(found) => return found,
            Err(what) => last = what,
        }
        std::thread::park_timeout(PAUSE);
    }
    panic!("never: {last}")
}
