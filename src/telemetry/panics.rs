//! Panics as lines of the log: what the standard library writes is not in the log's format, and may block on its
//! reader.

use std::any::Any;
use std::panic::PanicHookInfo;
use std::thread;
use std::time::Duration;

use super::{Limit, Losses};

/// Panics logged in one [`WITHIN`]. A request that panics can be repeated as often as its client likes.
const MOST: u32 = 5;
const WITHIN: Duration = Duration::from_secs(10);

/// Has panics written to the log instead of standard error; `losses` counts those beyond the limit.
pub(super) fn tell(losses: &Losses) {
    let limit = Limit::new(MOST, WITHIN, losses);
    std::panic::set_hook(Box::new(move |panic| {
        if let Some(suppressed) = limit.admit() {
            tell_one(panic, suppressed);
        }
    }));
}

fn tell_one(panic: &PanicHookInfo<'_>, suppressed: u64) {
    let place = panic.location().map(ToString::to_string);
    let thread = thread::current();
    // Under the name of what it comes from, like all that libraries say.
    tracing::error!(
        target: "std::panic",
        thread = thread.name().unwrap_or_default(),
        place = place.unwrap_or_default(),
        suppressed,
        "a panic: {}; please report it",
        text_of(panic.payload())
    );
}

fn text_of(payload: &dyn Any) -> &str {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("of a kind that has no text")
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use serde_json::Value;
    use tracing_appender::non_blocking::NonBlocking;

    use super::super::format::EventFormat;
    use super::*;
    use crate::settings::LogFormat;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// One test for both: the hook is the whole process's.
    #[test]
    fn a_panic_is_one_line_of_the_log_and_many_are_a_few_lines() {
        let log = Log::default();
        let (queue, _guard) = NonBlocking::new(io::sink());
        let losses = Losses::new(queue.error_counter(), Arc::default());
        let panic_once = || {
            let writer = log.clone();
            let subscriber = tracing_subscriber::fmt()
                .event_format(EventFormat::new(LogFormat::Json))
                .with_writer(move || writer.clone())
                .finish();
            let panicked = thread::spawn(|| {
                tracing::subscriber::with_default(subscriber, || panic!("in {} lines\n", 2));
            });
            assert!(panicked.join().is_err());
        };
        let logged = || String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        tell(&losses);
        panic_once();
        let line = logged();
        for _ in 1..MOST + 3 {
            panic_once();
        }
        _ = std::panic::take_hook();
        assert_eq!(logged().matches('\n').count() as u64, u64::from(MOST));
        assert_eq!(losses.suppressed(), 3);
        assert_eq!(line.matches('\n').count(), 1, "{line}");
        let told: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            (&told["event"], &told["level"], &told["suppressed"]),
            (&"std::panic".into(), &"ERROR".into(), &0.into())
        );
        let place = told["place"].as_str().unwrap();
        assert!(place.starts_with("src/telemetry/panics.rs:"), "{place}");
        let message = told["message"].as_str().unwrap();
        assert_eq!(message, "a panic: in 2 lines\n; please report it");
    }
}
