//! `EventFields`: collects the fields of a log event, in their order.

use std::fmt::Debug;

use serde_json::{Number, Value};
use tracing::field::{Field, Visit};

/// The fields of an event. The name and the message are separate, because they have fixed places in the line.
#[derive(Debug, Default)]
pub(super) struct EventFields {
    pub(super) event: Option<String>,
    pub(super) message: Option<String>,
    pub(super) rest: Vec<(&'static str, Value)>,
}

impl EventFields {
    fn put(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("event", Value::String(name)) => self.event = Some(name),
            ("message", Value::String(text)) => self.message = Some(text),
            (name, value) => self.rest.push((name, value)),
        }
    }
}

impl Visit for EventFields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(
            field,
            Number::from_f64(value).map_or(Value::Null, Value::Number),
        );
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put(field, format!("{value:?}").into());
    }
}
