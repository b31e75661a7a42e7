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

/// A field that is configured and that no record of its topic has.
#[derive(Debug)]
pub struct UnknownField<'a> {
    /// The topic's name.
    pub topic: &'a str,
    /// The field's key.
    pub field: &'a str,
    /// Its table in the file, with its place.
    pub fault: Fault,
}

/// The fields in `settings` that no record of their dataset has; `datasets` are those of its topics.
pub fn unknown_fields<'a>(settings: &'a Settings, datasets: &[Dataset]) -> Vec<UnknownField<'a>> {
    let mut unknown = Vec::new();
    for (topic, dataset) in settings.topics.iter().zip(datasets) {
        let names = topic.fields.iter().map(|field| field.name.as_str());
        for field in dataset.without(names) {
            let key = topic.field_key(field);
            let problem = "no record of the dataset has this field";
            let remedy = "check its spelling, or leave the table out";
            unknown.push(UnknownField {
                topic: topic.name.as_str(),
                field,
                fault: Fault::new(settings.origins.of(&key), key, problem, remedy),
            });
        }
    }
    unknown
}

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
