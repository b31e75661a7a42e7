//! Panics as lines of the log: what the standard library writes is no line of ours, and waits for whoever reads it.

use std::any::Any;
use std::panic::PanicHookInfo;
use std::thread;

/// From now on a panic is told in the log, and not beside it.
pub(super) fn tell() {
    std::panic::set_hook(Box::new(tell_one));
}

fn tell_one(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string);
    let thread = thread::current();
    // Under the name of what it comes from, like all that libraries say.
    tracing::error!(
        target: "std::panic",
        thread = thread.name().unwrap_or_default(),
        place = place.unwrap_or_default(),
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

    #[test]
    fn a_panic_is_one_line_of_the_log() {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .event_format(EventFormat::new(LogFormat::Json))
            .with_writer(move || writer.clone())
            .finish();
        tell();
        let panicked = thread::spawn(|| {
            tracing::subscriber::with_default(subscriber, || panic!("in {} lines\n", 2));
        });
        assert!(panicked.join().is_err());
        _ = std::panic::take_hook();
        let line = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert_eq!(line.matches('\n').count(), 1, "{line}");
        let told: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            (&told["event"], &told["level"]),
            (&"std::panic".into(), &"ERROR".into())
        );
        let place = told["place"].as_str().unwrap();
        assert!(place.starts_with("src/telemetry/panics.rs:"), "{place}");
        let message = told["message"].as_str().unwrap();
        assert_eq!(message, "a panic: in 2 lines\n; please report it");
    }
}
