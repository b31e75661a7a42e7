//! Where records come from.
//!
//! A source turns what is outside (a file) into records: JSON text without insignificant white space.
//! It knows no time; the timeline says when a record is due.

mod compact;
mod dataset;
mod decimal;
mod entries;
mod extremes;
mod fields;
mod part;

pub use dataset::{Dataset, DatasetError};
pub use entries::{each_entry, unquote};
pub use extremes::{Extreme, Extremes};
pub use fields::{Fields, Looked};

use crate::settings::{Fault, Faults, Settings};

/// Reads the dataset of every topic, in their order.
///
/// # Errors
/// What is wrong with any of them, at the key that names it.
pub fn load(settings: &Settings) -> Result<Vec<Dataset>, Faults> {
    let mut datasets = Vec::with_capacity(settings.topics.len());
    let mut faults = Faults::default();
    for topic in &settings.topics {
        match Dataset::load(&topic.dataset, topic.record_max) {
            Ok(dataset) => datasets.push(dataset),
            Err(error) => {
                let key = topic.key("dataset");
                faults.0.push(Fault::new(
                    settings.origins.of(&key),
                    key,
                    error.to_string(),
                    error.remedy(),
                ));
            }
        }
    }
    if faults.0.is_empty() {
        Ok(datasets)
    } else {
        Err(faults)
    }
}
