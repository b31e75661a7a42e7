//! What `deploy/monitoring` and the handbook's page on it promise, with the real programs: mtail, Prometheus, rsyslog,
//! logrotate.

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

use super::support::PATIENCE;
use super::support::hub::root;

/// A file of `deploy/monitoring`.
fn sample(name: &str) -> PathBuf {
    root().join("deploy/monitoring").join(name)
}

/// The text of a file of `deploy/monitoring` with each `(from, to)` put in; what is not in it is not tested.
fn sample_with(name: &str, changes: &[(&str, &str)]) -> String {
    let mut text = std::fs::read_to_string(sample(name)).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "no `{from}` in {name}");
        text = text.replace(from, to);
    }
    text
}

/// What `look` finds, as soon as it finds it. These programs do not tell when they have read something, so they are
/// asked again and again.
fn eventually<T>(mut look: impl FnMut() -> Result<T, String>) -> T {
    const PAUSE: Duration = Duration::from_millis(20);
    let mut last = String::new();
    for _ in 0..PATIENCE.as_millis() / PAUSE.as_millis() {
        match look() {
            Ok(found) => return found,
            Err(what) => last = what,
        }
        std::thread::park_timeout(PAUSE);
    }
    panic!("never: {last}")
}
