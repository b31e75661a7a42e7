//! Reads Parquet, Arrow IPC and MCAP, whose decoders are crates of others.
//!
//! A panic in a decoder, which a damaged file may cause, is an error of the file and not the end of the hub.

mod arrow_file;
mod chunk_cache;
mod json_value;
mod mcap_channels;
mod mcap_file;
mod mcap_record;
mod mcap_recording;
mod parquet_file;
mod parquet_schema;
mod row_columns;
mod temporal;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use super::dataset_error::DatasetError;
use super::dataset_note::DatasetNote;
use super::input_file::InputFile;
use super::read_options::ReadOptions;
use super::record_error::RecordError;
use super::record_sink::{RecordSink, SinkError};
use crate::settings::DatasetFormat;
use crate::source::channel_description::ChannelDescription;

const COPY_AGAIN: &str =
    "copy or download the file again, or have the program that wrote it write it again";

/// Reads the records of `file`, which is in `format`, into `records`.
pub(super) fn read(
    file: &InputFile<'_>,
    format: DatasetFormat,
    options: &ReadOptions,
    records: &mut dyn RecordSink,
) -> Result<Vec<DatasetNote>, DatasetError> {
    // After a panic the records are dropped, so it does not matter in which state they are.
    let read = catch_unwind(AssertUnwindSafe(|| match format {
        DatasetFormat::Parquet => parquet_file::read(file, options, records),
        DatasetFormat::Arrow => arrow_file::read(file, options, records),
        DatasetFormat::Mcap => mcap_file::read(file, options, records),
        _ => unreachable!("text is read elsewhere"),
    }));
    read.unwrap_or_else(|_| {
        let problem = format!("is damaged after record {}", records.count());
        Err(unusable(file.path(), problem, COPY_AGAIN))
    })
}

/// The channels of the recording `file`.
pub(super) fn channels(file: &InputFile<'_>) -> Result<Vec<ChannelDescription>, DatasetError> {
    mcap_file::channels(file)
}

/// The error of a file as a whole.
fn unusable(path: &Path, problem: String, remedy: impl Into<String>) -> DatasetError {
    DatasetError::Unusable {
        path: path.to_owned(),
        problem,
        remedy: remedy.into(),
    }
}

/// The error of the record `number`, from 1, which is `what` in the file, such as a row.
fn refused(path: &Path, what: &str, number: u64, error: RecordError) -> DatasetError {
    match error {
        RecordError::NoColumns => unusable(
            path,
            format!("{what} is not an object, so it has no columns"),
            "remove `columns`, or play another part of the file",
        ),
        RecordError::Stamp { name, error } => {
            unusable(path, error.problem(&name, number), error.remedy())
        }
        RecordError::Sink(SinkError::TooLong { len, max }) => unusable(
            path,
            format!("{what} has {len} bytes as JSON, more than the {max} of `record_max`"),
            "raise the topic's `record_max`, at most to \"64MiB\", or choose a part with `columns`",
        ),
        RecordError::Sink(SinkError::StampDecreases { previous }) => unusable(
            path,
            format!("{what} is earlier than the one before it ({previous} µs)"),
            "sort the file by time, or choose another column with `time`",
        ),
    }
}
