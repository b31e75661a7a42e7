//! A broadcast hub for one job: many browsers, one synchronized stream.

pub mod clock;
pub mod fanout;
pub mod hub;
pub mod metrics;
pub mod producer;
pub mod protocol;
pub mod routes;
pub mod settings;
pub mod source;
