//! Where records come from.
//!
//! A source turns what is outside (a file) into records: JSON text without insignificant white space.
//! It knows no time; the timeline says when a record is due.

mod compact;
mod dataset;

pub use dataset::{Dataset, DatasetError};
