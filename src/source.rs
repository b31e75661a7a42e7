//! Sources of records: reads files into records, as JSON text without insignificant white space.
//!
//! [`RecordSource`] is the interface to them; a [`Dataset`] keeps them in memory or reads them from
//! their file. Knows nothing about time; the
//! timeline decides when a record is due.

mod channel_description;
mod compact;
mod dataset;
mod decimal;
mod description;
mod extremes;
mod field_index;
mod field_path;
mod record_block;
mod record_fields;
mod record_index;
mod record_source;
mod source_error;
mod stamp_summary;
mod stamps;
mod time_guess;
mod time_stamp;
mod work_budget;

pub use channel_description::ChannelDescription;
pub use dataset::{
    Dataset, DatasetError, DatasetNote, IndexReport, NoteKind, ReadOptions, SidecarUse, channels,
    format_by_name,
};
pub use description::{DatasetDescription, FieldDescription};
pub use extremes::{Extreme, Extremes};
pub use field_index::{ExtremesLookup, FieldIndex};
pub use record_fields::{for_each_field, unquote};
pub use record_source::{RecordSource, SharedSource, extremes, fields};
pub use source_error::SourceError;
pub use stamp_summary::{StampGap, StampSummary, densest};
pub use stamps::{StampDecreases, Stamps, StampsBuilder};
pub use time_guess::{TimeCandidate, TimeGuess, guess_time};
pub use time_stamp::{is_absolute, parse_instant};

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::settings::{Settings, SettingsError, SettingsErrors};

/// A configured field that no record of its topic has.
#[derive(Debug)]
pub struct UnknownField<'a> {
    /// The topic's name.
    pub topic: &'a str,
    /// The field's key.
    pub field: &'a str,
    /// The error that points at the field's table in the configuration.
    pub error: SettingsError,
}

/// Returns the fields in `settings` that no record of their dataset has, by key or by path. `datasets` are those of the topics, in order.
pub fn unknown_fields<'a>(settings: &'a Settings, datasets: &[Dataset]) -> Vec<UnknownField<'a>> {
    let mut unknown = Vec::new();
    for (topic, dataset) in settings.topics.iter().zip(datasets) {
        let names = topic.fields.iter().map(|field| field.name.as_str());
        for field in dataset.missing_keys(names) {
            let key = topic.field_key(field);
            let problem = "no record of the dataset has this field";
            let remedy = "check its spelling, or remove the table";
            unknown.push(UnknownField {
                topic: topic.name.as_str(),
                field,
                error: SettingsError::new(settings.origins.origin_of(&key), key, problem, remedy),
            });
        }
    }
    unknown
}

/// The same datasets, as the sources of topics.
#[must_use]
pub fn shared(datasets: Vec<Dataset>) -> Vec<SharedSource> {
    let share = |dataset| -> SharedSource { Arc::new(dataset) };
    datasets.into_iter().map(share).collect()
}

/// Loads the datasets of all topics, in order, and then those of the next datasets. Writes nothing.
///
/// # Errors
/// Returns an error for each dataset that cannot be loaded, located at its key.
pub fn load(settings: &Settings) -> Result<Vec<Dataset>, SettingsErrors> {
    load_with_indexes(settings, None)
}

/// Does the same, and keeps the indexes of large files in the state folder.
///
/// # Errors
/// Returns an error for each dataset that cannot be loaded, located at its key.
pub fn load_and_keep_indexes(settings: &Settings) -> Result<Vec<Dataset>, SettingsErrors> {
    let state = settings.state.dir.as_deref();
    let folder = state.map(index_folder);
    load_with_indexes(settings, folder.as_deref())
}

/// The folder for the indexes of large files in the state folder `state`.
#[must_use]
pub fn index_folder(state: &Path) -> PathBuf {
    state.join("datasets")
}

fn load_with_indexes(
    settings: &Settings,
    folder: Option<&Path>,
) -> Result<Vec<Dataset>, SettingsErrors> {
    let topics = settings.topics.iter();
    let topics = topics.map(|topic| (topic, topic.key("dataset")));
    let next = settings.next.iter();
    let next = next.map(|next| (&next.topic, next.key("dataset")));
    let mut datasets = Vec::with_capacity(settings.topics.len());
    let mut errors = SettingsErrors::default();
    for (topic, key) in topics.chain(next) {
        let options = ReadOptions::from(topic).with_index_folder(folder);
        match Dataset::load(&topic.dataset, &options) {
            Ok(dataset) => datasets.push(dataset),
            Err(error) => errors.0.push(SettingsError::new(
                settings.origins.origin_of(&key),
                key,
                error.to_string(),
                error.remedy(),
            )),
        }
    }
    if errors.0.is_empty() {
        Ok(datasets)
    } else {
        Err(errors)
    }
}
