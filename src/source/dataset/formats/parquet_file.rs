//! Reads Parquet, one row group after the other, and of each only the columns that are played.

use std::fs::File;

use arrow_array::RecordBatchReader as _;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};

use super::super::dataset_error::DatasetError;
use super::super::dataset_note::DatasetNote;
use super::super::input_file::InputFile;
use super::super::read_options::ReadOptions;
use super::super::record_sink::RecordSink;
use super::parquet_schema;
use super::row_columns::RowColumns;
use super::{COPY_AGAIN, unusable};

/// Rows that are decoded at once; fewer if they are long.
const BATCH_ROWS_MAX: usize = 1_024;
/// About how many bytes of decoded rows are in memory at once.
const BATCH_LEN: u64 = 8 << 20;

const MAGIC: &[u8] = b"PAR1";
const ENCRYPTED_MAGIC: &[u8] = b"PARE";
/// Length of the footer, magic.
const TAIL_LEN: u64 = 8;
/// Magic, length of the footer, magic.
const LEN_MIN: u64 = 12;

const DECRYPT: &str =
    "decrypt it, for example with pyarrow: read it with its keys, and write it without any";

/// Reads the rows of `file`.
pub(super) fn read(
    file: &InputFile<'_>,
    options: &ReadOptions,
    records: &mut dyn RecordSink,
) -> Result<Vec<DatasetNote>, DatasetError> {
    check_ends(file)?;
    let has_encryption = check_schema(file)?;
    let table = Table::open(file, has_encryption)?;
    let names: Vec<String> = table
        .roots()
        .iter()
        .map(|field| field.name().to_owned())
        .collect();
    let mut columns = RowColumns::choose(file.path(), &names, options)?;
    let places = columns.places();
    table.check_compression(&places, &names)?;
    let reader = table
        .reader(places.clone(), None)
        .map_err(|error| table.broken(&error))?;
    if reader.schema().fields().len() != places.len() {
        let problem = "has a group of columns without any column".to_owned();
        return Err(unusable(
            file.path(),
            problem,
            "choose others with `columns`",
        ));
    }
    for batch in reader {
        let batch = batch.map_err(|error| {
            let error = error.to_string();
            table.undecodable(&error, records.count(), &places, &names)
        })?;
        columns.push_rows(&batch, records)?;
    }
    columns.finish()
}

/// Checks how the file begins and ends, which tells what is wrong better than the decoder.
fn check_ends(file: &InputFile<'_>) -> Result<(), DatasetError> {
    let path = file.path();
    let head = file.head();
    let is_parquet = head.starts_with(MAGIC) || head.starts_with(ENCRYPTED_MAGIC);
    if !is_parquet {
        let remedy = "if it has another format, set `format`, or let its name end with that";
        return Err(unusable(path, "is not a Parquet file".to_owned(), remedy));
    }
    let mut tail = [0; MAGIC.len()];
    if file.len() >= LEN_MIN {
        file.read_exact_at(&mut tail, file.len() - MAGIC.len() as u64)?;
    }
    if head.starts_with(ENCRYPTED_MAGIC) || tail == ENCRYPTED_MAGIC {
        return Err(unusable(path, "is encrypted".to_owned(), DECRYPT));
    }
    if tail != MAGIC {
        let problem = "is a Parquet file that ends too early: its footer is missing".to_owned();
        return Err(unusable(path, problem, COPY_AGAIN));
    }
    Ok(())
}

/// Checks what the decoder of the footer does not, and returns whether columns are encrypted.
fn check_schema(file: &InputFile<'_>) -> Result<bool, DatasetError> {
    let damaged = |problem: &str| unusable(file.path(), problem.to_owned(), COPY_AGAIN);
    let end = file.len() - TAIL_LEN;
    let mut len = [0; 4];
    file.read_exact_at(&mut len, end)?;
    let len = u32::from_le_bytes(len);
    let start = end
        .checked_sub(u64::from(len))
        .filter(|start| *start >= MAGIC.len() as u64);
    let start = start.ok_or_else(|| damaged("the footer is longer than the file"))?;
    let mut footer = vec![0; usize::try_from(len).expect("a footer fits into the address space")];
    file.read_exact_at(&mut footer, start)?;
    parquet_schema::check(&footer).map_err(damaged)
}

/// A file whose footer has been read.
struct Table<'a, 'f> {
    input: &'a InputFile<'f>,
    file: File,
    metadata: ArrowReaderMetadata,
    /// Whether there are encrypted columns.
    has_encryption: bool,
}

impl<'a, 'f> Table<'a, 'f> {
    fn open(input: &'a InputFile<'f>, has_encryption: bool) -> Result<Self, DatasetError> {
        let file = input.handle()?;
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Skip);
        let metadata = ArrowReaderMetadata::load(&file, options);
        let metadata = metadata.map_err(|error| footer_error(input, &error))?;
        Ok(Self {
            input,
            file,
            metadata,
            has_encryption,
        })
    }

    fn footer(&self) -> &ParquetMetaData {
        self.metadata.metadata()
    }

    /// The columns, of which each may be nested.
    fn roots(&self) -> &[parquet::schema::types::TypePtr] {
        self.metadata.parquet_schema().root_schema().get_fields()
    }

    /// A reader of the columns at `places`, in all row groups or in one.
    fn reader(
        &self,
        places: Vec<usize>,
        group: Option<usize>,
    ) -> Result<parquet::arrow::arrow_reader::ParquetRecordBatchReader, ParquetError> {
        let file = self.file.try_clone()?;
        let builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
        let mask = ProjectionMask::roots(self.metadata.parquet_schema(), places);
        let builder = builder
            .with_projection(mask)
            .with_batch_size(self.batch_rows());
        match group {
            None => builder.build(),
            Some(group) => builder.with_row_groups(vec![group]).build(),
        }
    }

    /// Rows that are decoded at once: few if the rows are long.
    fn batch_rows(&self) -> usize {
        let groups = self.footer().row_groups().iter();
        let row_len = |rows: i64, len: i64| len.unsigned_abs() / rows.unsigned_abs().max(1);
        let longest = groups.map(|group| row_len(group.num_rows(), group.total_byte_size()));
        let rows = BATCH_LEN / longest.max().unwrap_or(0).max(1);
        usize::try_from(rows)
            .unwrap_or(usize::MAX)
            .clamp(1, BATCH_ROWS_MAX)
    }

    /// Checks that the columns at `places` are compressed in a way that this program can expand.
    fn check_compression(&self, places: &[usize], names: &[String]) -> Result<(), DatasetError> {
        let schema = self.metadata.parquet_schema();
        for group in self.footer().row_groups() {
            for (leaf, column) in group.columns().iter().enumerate() {
                let place = schema.get_column_root_idx(leaf);
                let name = match column.compression() {
                    Compression::BROTLI(_) => "Brotli",
                    Compression::LZO => "LZO",
                    _ => continue,
                };
                if places.contains(&place) {
                    let problem = format!(
                        "the column `{}` is compressed with {name}, which is not supported",
                        names[place]
                    );
                    let remedy = "write the file again with zstd, for example with pyarrow: \
                                  `pq.write_table(pq.read_table(\"old.parquet\"), \"new.parquet\", compression=\"zstd\")`";
                    return Err(unusable(self.input.path(), problem, remedy));
                }
            }
        }
        Ok(())
    }

    fn broken(&self, error: &ParquetError) -> DatasetError {
        footer_error(self.input, error)
    }

    /// The error of rows that follow the first `read` ones. Decodes the columns one by one, to name the damaged one.
    fn undecodable(
        &self,
        error: &str,
        read: u64,
        places: &[usize],
        names: &[String],
    ) -> DatasetError {
        let mut rows = 0_u64;
        let groups = self.footer().row_groups().iter();
        let group = groups
            .take_while(|group| {
                rows += group.num_rows().unsigned_abs();
                rows <= read
            })
            .count();
        let is_damaged = |place: &&usize| {
            let reader = self.reader(vec![**place], Some(group));
            reader.map_or(true, |mut batches| batches.any(|batch| batch.is_err()))
        };
        let column = places.iter().find(is_damaged);
        let column = column.map_or_else(String::new, |&place| {
            format!(" of column `{}`", names[place])
        });
        if self.has_encryption {
            let problem = format!("the data{column} is encrypted, or damaged: {error}");
            return unusable(self.input.path(), problem, DECRYPT);
        }
        let first = read + 1;
        let problem = format!("cannot decode the rows from {first} on{column}: {error}");
        unusable(self.input.path(), problem, COPY_AGAIN)
    }
}

fn footer_error(file: &InputFile<'_>, error: &ParquetError) -> DatasetError {
    let error = error.to_string();
    let remedy = if error.to_lowercase().contains("encrypt") {
        DECRYPT
    } else {
        COPY_AGAIN
    };
    unusable(
        file.path(),
        format!("cannot read the footer: {error}"),
        remedy,
    )
}
