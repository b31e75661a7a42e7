//! Reads Arrow IPC, files and streams, one batch of rows after the other, and of each only the columns that are played.
//!
//! A file is like a stream between two marks, followed by a footer that has the schema, and says where the messages are.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_buffer::{Buffer, MutableBuffer};
use arrow_ipc::reader::{RecordBatchDecoder, read_dictionary};
use arrow_ipc::{Message, MessageHeader, MetadataVersion};
use arrow_schema::{ArrowError, SchemaRef};

use super::super::dataset_error::DatasetError;
use super::super::dataset_note::DatasetNote;
use super::super::input_file::InputFile;
use super::super::read_options::ReadOptions;
use super::super::record_sink::RecordSink;
use super::row_columns::RowColumns;
use super::{COPY_AGAIN, unusable};

const FILE_MAGIC: &[u8] = b"ARROW1";
const FEATHER_MAGIC: &[u8] = b"FEA1";
/// The length of the footer, and the mark.
const TAIL_LEN: u64 = 10;
/// Comes before the length of a message, except in files of before 2019.
const CONTINUATION: [u8; 4] = [0xff; 4];
/// In bytes, of the part of a message that describes it; that of a thousand columns has less than 1 MiB.
const DESCRIPTION_LEN_MAX: u64 = 256 << 20;
/// In bytes, of the data of a message after expansion, so that a small file does not fill the memory.
const EXPANDED_LEN_MAX: u64 = 2 << 30;
/// Rows in one batch. More than any writer's, of which most write at most a million.
const BATCH_ROWS_MAX: i64 = 1 << 31;

/// Reads the rows of `file`.
pub(super) fn read(
    file: &InputFile<'_>,
    options: &ReadOptions,
    records: &mut dyn RecordSink,
) -> Result<Vec<DatasetNote>, DatasetError> {
    let mut stream = ArrowStream::open(file)?;
    let schema = stream.read_schema()?;
    let names: Vec<String> = schema
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    let mut columns = RowColumns::choose(file.path(), &names, options)?;
    let mut batches = Batches {
        schema,
        places: columns.places(),
        dictionaries: HashMap::new(),
    };
    while let Some(part) = stream.read_part()? {
        let batch = batches.decode(&part).map_err(|problem| {
            let first = records.count() + 1;
            let problem = format!("cannot decode the rows from {first} on: {problem}");
            unusable(file.path(), problem, COPY_AGAIN)
        })?;
        if let Some(batch) = batch {
            columns.push_rows(&batch, records)?;
        }
    }
    columns.finish()
}

/// Reads the messages of a stream or a file.
struct ArrowStream<'a, 'f> {
    file: &'a InputFile<'f>,
    /// Where the next message of a stream begins.
    offset: u64,
    /// Of a file.
    footer: Option<ArrowFooter>,
    /// The messages of a file that have been read.
    read: usize,
}

/// A message: a description of data, and the data.
struct StreamPart {
    description: Vec<u8>,
    data: Buffer,
}

impl<'a, 'f> ArrowStream<'a, 'f> {
    fn open(file: &'a InputFile<'f>) -> Result<Self, DatasetError> {
        let head = file.head();
        if head.starts_with(FEATHER_MAGIC) {
            return Err(unusable(
                file.path(),
                "is Feather version 1, which is not supported".to_owned(),
                "write it again as version 2, for example with pyarrow: \
                 `feather.write_feather(feather.read_table(\"old.feather\"), \"new.feather\")`",
            ));
        }
        let is_file = head.starts_with(FILE_MAGIC);
        Ok(Self {
            file,
            offset: 0,
            footer: is_file.then(|| ArrowFooter::read(file)).transpose()?,
            read: 0,
        })
    }

    /// Reads the columns: the first message of a stream.
    fn read_schema(&mut self) -> Result<SchemaRef, DatasetError> {
        if let Some(footer) = &self.footer {
            return Ok(Arc::clone(&footer.schema));
        }
        let path = self.file.path();
        let not_arrow = |problem: String| {
            let remedy = "if it has another format, set `format`, or let its name end with that";
            unusable(path, format!("is not Arrow IPC: {problem}"), remedy)
        };
        // Any text is a length, too, of a message that is longer than the file.
        let part = self
            .read_part()
            .map_err(|error| not_arrow(error.to_string()));
        let Some(part) = part? else {
            return Err(not_arrow("it has no message".to_owned()));
        };
        let message = part.message().map_err(not_arrow)?;
        let Some(schema) = message.header_as_schema() else {
            return Err(not_arrow("its first message is not a schema".to_owned()));
        };
        let schema = arrow_ipc::convert::try_fb_to_schema(schema);
        schema
            .map(Arc::new)
            .map_err(|error| not_arrow(error.to_string()))
    }

    /// Reads the next message; `None` at the end.
    fn read_part(&mut self) -> Result<Option<StreamPart>, DatasetError> {
        if let Some(footer) = &self.footer {
            let Some(offset) = footer.offsets.get(self.read) else {
                return Ok(None);
            };
            self.offset = *offset;
            self.read += 1;
        }
        if self.left() == 0 {
            return Ok(None);
        }
        let mut len = [0; 4];
        self.read(&mut len)?;
        if len == CONTINUATION {
            self.read(&mut len)?;
        }
        let len = u64::from(u32::from_le_bytes(len));
        if len == 0 {
            return Ok(None);
        }
        if len > DESCRIPTION_LEN_MAX.min(self.left()) {
            return Err(self.ends_too_early());
        }
        let mut description = vec![0; index(len)];
        self.read(&mut description)?;
        let mut part = StreamPart {
            description,
            data: Buffer::from_vec(Vec::<u8>::new()),
        };
        let len = part.message().map(|message| message.bodyLength());
        let len = len.map_err(|problem| unusable(self.file.path(), problem, COPY_AGAIN))?;
        let len = u64::try_from(len).unwrap_or(u64::MAX);
        if len > self.left() {
            return Err(self.ends_too_early());
        }
        let mut data = MutableBuffer::from_len_zeroed(index(len));
        self.read(&mut data)?;
        part.data = data.into();
        Ok(Some(part))
    }

    /// The bytes after the last message that was read.
    fn left(&self) -> u64 {
        self.file.len().saturating_sub(self.offset)
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<(), DatasetError> {
        if self.left() < buffer.len() as u64 {
            return Err(self.ends_too_early());
        }
        self.file.read_exact_at(buffer, self.offset)?;
        self.offset += buffer.len() as u64;
        Ok(())
    }

    fn ends_too_early(&self) -> DatasetError {
        let (at, end) = (self.offset, self.file.len());
        let problem = format!("ends too early: the message at byte {at} goes beyond byte {end}");
        unusable(self.file.path(), problem, COPY_AGAIN)
    }
}

impl StreamPart {
    /// The description, which is verified.
    fn message(&self) -> Result<Message<'_>, String> {
        arrow_ipc::root_as_message(&self.description)
            .map_err(|error| format!("a message is damaged: {}", first_line(error)))
    }
}

/// Decodes the messages after the schema.
struct Batches {
    schema: SchemaRef,
    /// The columns to decode, in ascending order.
    places: Vec<usize>,
    /// The values of columns with repeated values.
    dictionaries: HashMap<i64, ArrayRef>,
}

impl Batches {
    /// Decodes a message; `None` if it has no rows itself.
    fn decode(&mut self, part: &StreamPart) -> Result<Option<RecordBatch>, String> {
        let message = part.message()?;
        let version = message.version();
        let batch = match message.header_type() {
            MessageHeader::RecordBatch => message.header_as_record_batch(),
            MessageHeader::DictionaryBatch => {
                let dictionary = message.header_as_dictionary_batch();
                let dictionary = dictionary.ok_or("a dictionary is missing")?;
                check_len(
                    dictionary.data().ok_or("a dictionary is empty")?,
                    &part.data,
                )?;
                self.learn(dictionary, &part.data, version)?;
                return Ok(None);
            }
            MessageHeader::NONE => return Ok(None),
            other => return Err(format!("a message is {other:?}, which has no rows")),
        };
        let batch = batch.ok_or("a batch is missing")?;
        check_len(batch, &part.data)?;
        self.rows(batch, &part.data, version)
            .map(Some)
            .map_err(|error| error.to_string())
    }

    fn learn(
        &mut self,
        dictionary: arrow_ipc::DictionaryBatch<'_>,
        data: &Buffer,
        version: MetadataVersion,
    ) -> Result<(), String> {
        let read = read_dictionary(
            data,
            dictionary,
            &self.schema,
            &mut self.dictionaries,
            &version,
        );
        read.map_err(|error| error.to_string())
    }

    fn rows(
        &self,
        batch: arrow_ipc::RecordBatch<'_>,
        data: &Buffer,
        version: MetadataVersion,
    ) -> Result<RecordBatch, ArrowError> {
        let schema = Arc::clone(&self.schema);
        RecordBatchDecoder::try_new(data, batch, schema, &self.dictionaries, &version)?
            .with_projection(Some(&self.places))
            .read_record_batch()
    }
}

/// What the footer of a file says.
struct ArrowFooter {
    schema: SchemaRef,
    /// Where the messages begin, those with dictionaries first.
    offsets: Vec<u64>,
}

impl ArrowFooter {
    fn read(file: &InputFile<'_>) -> Result<Self, DatasetError> {
        let broken = |problem: &str| {
            let problem = format!("is an Arrow file, but {problem}");
            unusable(file.path(), problem, COPY_AGAIN)
        };
        let missing = || broken("ends too early: its footer is missing");
        let tail_start = file.len().checked_sub(TAIL_LEN).ok_or_else(missing)?;
        let mut tail = [0; 10];
        file.read_exact_at(&mut tail, tail_start)?;
        let (len, mark) = tail.split_at(4);
        if mark != FILE_MAGIC {
            return Err(missing());
        }
        let len = u32::from_le_bytes(len.try_into().expect("four bytes"));
        let start = tail_start.checked_sub(u64::from(len)).ok_or_else(missing)?;
        let mut bytes = vec![0; index(u64::from(len))];
        file.read_exact_at(&mut bytes, start)?;
        let footer = arrow_ipc::root_as_footer(&bytes);
        let footer = footer
            .map_err(|error| broken(&format!("its footer is damaged: {}", first_line(error))))?;
        let schema = footer
            .schema()
            .ok_or_else(|| broken("its footer has no schema"))?;
        let schema = arrow_ipc::convert::try_fb_to_schema(schema);
        let schema = schema.map_err(|error| broken(&first_line(error)))?;
        let blocks = footer.dictionaries().into_iter().flatten();
        let blocks = blocks.chain(footer.recordBatches().into_iter().flatten());
        let offset = |block: &arrow_ipc::Block| u64::try_from(block.offset()).ok();
        let offsets = blocks.map(offset).collect::<Option<_>>();
        Ok(Self {
            schema: Arc::new(schema),
            offsets: offsets.ok_or_else(|| broken("its footer is damaged"))?,
        })
    }
}

/// The beginning of an error, of which some have several lines.
fn first_line(error: impl std::fmt::Display) -> String {
    let text = error.to_string();
    text.lines()
        .next()
        .unwrap_or_default()
        .trim_end_matches('.')
        .to_owned()
}

/// Checks the lengths in a batch, for which the decoder would reserve memory.
fn check_len(batch: arrow_ipc::RecordBatch<'_>, data: &Buffer) -> Result<(), String> {
    let too_long =
        |len: u64| format!("a batch expands to {len} bytes, more than {EXPANDED_LEN_MAX}");
    if !(0..=BATCH_ROWS_MAX).contains(&batch.length()) {
        return Err(format!("a batch has {} rows", batch.length()));
    }
    let mut expanded = 0_u64;
    for buffer in batch.buffers().into_iter().flatten() {
        let range = usize::try_from(buffer.offset())
            .ok()
            .zip(usize::try_from(buffer.length()).ok())
            .and_then(|(start, len)| Some(start..start.checked_add(len)?));
        let bytes = range.and_then(|range| data.as_slice().get(range));
        let bytes = bytes.ok_or("the data of a column is beyond that of its batch")?;
        if let (Some(_), Some(prefix)) = (batch.compression(), bytes.first_chunk()) {
            // Negative: not compressed.
            let len = u64::try_from(i64::from_le_bytes(*prefix)).unwrap_or(0);
            expanded = expanded.saturating_add(len);
        }
    }
    if expanded > EXPANDED_LEN_MAX {
        return Err(too_long(expanded));
    }
    Ok(())
}

/// A length that fits into a file as an index.
fn index(len: u64) -> usize {
    usize::try_from(len).expect("a part of a file fits into the address space")
}
