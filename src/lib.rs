//! A broadcast hub for one job: many browsers, one synchronized stream.

pub mod protocol;
