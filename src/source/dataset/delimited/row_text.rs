//! [`RowText`]: the text of a CSV or TSV file, in memory or in the file.

use std::io::Read;
use std::path::Path;

use super::super::dataset_error::DatasetError;
use super::super::text_file::TextFile;

/// Text that is read from its beginning, more than once. Offsets count from the beginning of the text, which follows a
/// byte order mark.
pub(in crate::source::dataset) trait RowText {
    /// The file, for error messages.
    fn path(&self) -> &Path;

    /// How the text begins: at least the first line, unless that is very long.
    fn head(&self) -> &str;

    /// A reader of the whole text.
    fn reader(&self) -> Result<Box<dyn Read + '_>, DatasetError>;

    /// Announces that the next row begins at `offset`, so that none is read that never ends.
    fn begin_row(&self, offset: u64);

    /// Why a reader of the text, or the text at `offset` or later, is invalid; `None` if it is not.
    fn fault(&self, offset: u64) -> Option<DatasetError>;

    /// The text from `offset` on, which is that of the last row.
    fn last_row(&self, offset: u64) -> Result<String, DatasetError>;

    /// The line and column of the first byte at `offset` or later that is no line break.
    fn place(&self, offset: u64) -> Result<(usize, usize), DatasetError>;
}

impl RowText for TextFile<'_> {
    fn path(&self) -> &Path {
        self.path
    }

    fn head(&self) -> &str {
        &self.text
    }

    fn reader(&self) -> Result<Box<dyn Read + '_>, DatasetError> {
        Ok(Box::new(self.text.as_bytes()))
    }

    /// The text is bounded, and so are its rows.
    fn begin_row(&self, _: u64) {}

    /// The text was checked when it was read.
    fn fault(&self, _: u64) -> Option<DatasetError> {
        None
    }

    fn last_row(&self, offset: u64) -> Result<String, DatasetError> {
        Ok(rest(&self.text, offset).to_owned())
    }

    fn place(&self, offset: u64) -> Result<(usize, usize), DatasetError> {
        let row = rest(&self.text, offset).trim_start_matches(['\r', '\n']);
        Ok(TextFile::place(self, self.text.len() - row.len()))
    }
}

fn rest(text: &str, offset: u64) -> &str {
    let offset = usize::try_from(offset).unwrap_or(usize::MAX);
    text.get(offset..).unwrap_or_default()
}
