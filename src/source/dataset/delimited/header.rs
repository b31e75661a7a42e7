//! [`Header`]: the names of the columns of a CSV or TSV file.

use std::borrow::Cow;

use super::super::column_picker::missing_column;
use super::super::dataset_error::DatasetError;
use super::cells::is_json_number;
use super::row_text::RowText;

/// The names of the columns, some of which may be empty.
pub(super) struct Header<'f> {
    file: &'f dyn RowText,
    names: Vec<String>,
}

impl<'f> Header<'f> {
    pub(super) const fn new(file: &'f dyn RowText, names: Vec<String>) -> Self {
        Self { file, names }
    }

    /// The number of columns.
    pub(super) const fn width(&self) -> usize {
        self.names.len()
    }

    /// The names as they are written.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether the column at `index` has no name.
    pub(super) fn is_unnamed(&self, index: usize) -> bool {
        self.names[index].is_empty()
    }

    /// The name of the column at `index`; one without a name is called after its place.
    pub(super) fn name(&self, index: usize) -> Cow<'_, str> {
        if self.is_unnamed(index) {
            Cow::Owned(format!("column_{}", index + 1))
        } else {
            Cow::Borrowed(&self.names[index])
        }
    }

    /// The error that there is no column `wanted`.
    pub(super) fn missing(&self, wanted: &str) -> DatasetError {
        let names = (0..self.width()).map(|index| self.name(index).into_owned());
        missing_column(self.file.path(), wanted, &names.collect::<Vec<_>>())
    }

    /// The error that the columns at `first` and `second` have the same name, and `key` has to name another one.
    pub(super) fn ambiguous(&self, first: usize, second: usize, key: &str) -> DatasetError {
        let name = self.name(first);
        let (first, second) = (first + 1, second + 1);
        let problem = format!("the columns {first} and {second} are both called `{name}`");
        let remedy = if self.is_of_numbers() {
            "the first line has only numbers, so it seems to be a row; add a line with the names of the columns \
             before it"
                .to_owned()
        } else {
            format!("give each column a different name, or choose others with `{key}`")
        };
        self.malformed(problem, remedy)
    }

    /// Whether all names are numbers, so that it may be a row.
    pub(super) fn is_of_numbers(&self) -> bool {
        self.names.iter().all(|name| is_json_number(name))
    }

    /// The error that no column has a name.
    pub(super) fn empty(&self) -> DatasetError {
        let remedy = "write the names of the columns into the first line";
        self.malformed("the header is empty".to_owned(), remedy.to_owned())
    }

    fn malformed(&self, problem: String, remedy: String) -> DatasetError {
        // Blank lines may precede it.
        match self.file.place(0) {
            Err(error) => error,
            Ok((line, _)) => DatasetError::Malformed {
                path: self.file.path().to_owned(),
                line,
                column: 1,
                problem,
                remedy,
            },
        }
    }
}
