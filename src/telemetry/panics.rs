//! Logs panics as events. The standard library's message is not in the log's format, and writing it may block.

use std::any::Any;
use std::panic::PanicHookInfo;
use std::thread;
use std::time::Duration;

use super::{LogDrops, LogRateLimit};

/// Panics logged per [`PERIOD`]. A client can repeat a request that panics at will.
const PANICS_MAX: u32 = 5;
const PERIOD: Duration = Duration::from_secs(10);

/// Installs a panic hook that logs panics; `drops` counts those beyond the limit.
pub(super) fn install_hook(drops: &LogDrops) {
    let limit = LogRateLimit::new(PANICS_MAX, PERIOD, drops);
    std::panic::set_hook(Box::new(move |panic| {
        if let Some(suppressed) = limit.admit() {
            log_panic(panic, suppressed);
        }
    }));
}

fn log_panic(panic: &PanicHookInfo<'_>, suppressed: u64) {
    let place = panic.location().map(ToString::to_string);
    let thread = thread::current();
    // Without an `event`, so the target is the name, as for events of libraries.
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
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use serde_json::Value;
    use tracing_appender::non_blocking::NonBlocking;

    use super::super::LogEvents;
    use super::super::event_format::{EventFormat, LogStyle};
    use super::*;

    #[derive(Clone, Default)]
    struct LogBuffer(Arc<Mutex<Vec<u8>>>);

    impl Write for LogBuffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// One test for both properties, because the hook is global.
    #[test]
    fn a_panic_is_one_log_line_and_many_panics_are_rate_limited() {
        let log = LogBuffer::default();
        let (queue, _guard) = NonBlocking::new(io::sink());
        let drops = LogDrops::new(queue.error_counter(), Arc::default());
        let panic_once = || {
            let writer = log.clone();
            let subscriber = tracing_subscriber::fmt()
                .event_format(EventFormat::new(LogStyle::Json, LogEvents::default()))
                .with_writer(move || writer.clone())
                .finish();
            let panicked = thread::spawn(|| {
                tracing::subscriber::with_default(subscriber, || panic!("in {} lines\n", 2));
            });
            assert!(panicked.join().is_err());
        };
        let logged = || String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        install_hook(&drops);
        panic_once();
        let line = logged();
        for _ in 1..PANICS_MAX + 3 {
            panic_once();
        }
        _ = std::panic::take_hook();
        assert_eq!(logged().matches('\n').count() as u64, u64::from(PANICS_MAX));
        assert_eq!(drops.suppressed(), 3);
        assert_eq!(line.matches('\n').count(), 1, "{line}");
        let event: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            (&event["event"], &event["level"], &event["suppressed"]),
            (&"std::panic".into(), &"ERROR".into(), &0.into())
        );
        let place = event["place"].as_str().unwrap();
        assert!(place.starts_with("src/telemetry/panics.rs:"), "{place}");
        let message = event["message"].as_str().unwrap();
        assert_eq!(message, "a panic: in 2 lines\n; please report it");
    }
}
