//! In place of `formats`, in a program that was built without it: other files than text are refused.

use super::dataset_error::DatasetError;
use super::dataset_note::DatasetNote;
use super::input_file::InputFile;
use super::read_options::ReadOptions;
use super::record_sink::RecordSink;
use crate::settings::DatasetFormat;
use crate::source::channel_description::ChannelDescription;

/// Refuses `file`, which is in `format`.
pub(super) fn read(
    file: &InputFile<'_>,
    format: DatasetFormat,
    _: &ReadOptions,
    _: &mut dyn RecordSink,
) -> Result<Vec<DatasetNote>, DatasetError> {
    Err(not_built(file, format))
}

/// Refuses the recording `file`.
pub(super) fn channels(file: &InputFile<'_>) -> Result<Vec<ChannelDescription>, DatasetError> {
    Err(not_built(file, DatasetFormat::Mcap))
}

fn not_built(file: &InputFile<'_>, format: DatasetFormat) -> DatasetError {
    let format = format.name();
    DatasetError::Unusable {
        path: file.path().to_owned(),
        problem: format!("this program was built without the format `{format}`"),
        remedy:
            "build it with `cargo build --features formats`, or convert the file to CSV or NDJSON"
                .to_owned(),
    }
}
