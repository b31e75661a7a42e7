//! [`Recording`]: an MCAP file, of which the top level is read record by record, and each chunk as a whole.

use std::io::Read;

use lz4_flex::frame::FrameDecoder;

use super::super::dataset_error::DatasetError;
use super::super::input_file::InputFile;
use super::mcap_record::{
    CHANNEL, CHUNK, ChannelRecord, ChunkRecord, DATA_END, Damaged, FOOTER, HEADER_LEN, MESSAGE,
    MessageRecord, for_each_record, split_header,
};
use super::{COPY_AGAIN, unusable};

const MAGIC: &[u8] = b"\x89MCAP0\r\n";
/// In bytes, of the records of one chunk, which are in memory at once. Writers make chunks of about a megabyte.
const CHUNK_LEN_MAX: u64 = 1 << 30;

/// An MCAP file.
#[derive(Debug)]
pub(super) struct Recording<'a, 'f> {
    file: &'a InputFile<'f>,
}

/// Where a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MessagePlace {
    /// At this offset of the file.
    InFile(u64),
    /// In the chunk at an offset of the file, at an offset of its records.
    InChunk { chunk: u64, offset: usize },
}

/// What a file consists of, in its order.
pub(super) enum Visited<'r> {
    Channel(ChannelRecord),
    Message(MessageRecord<'r>, MessagePlace),
}

/// How the data of a file ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DataEnd {
    Complete,
    /// In the middle, after this many bytes, as if the recorder had been stopped.
    Early(u64),
}

type Visit<'v> = dyn FnMut(Visited<'_>) -> Result<(), DatasetError> + 'v;

impl<'a, 'f> Recording<'a, 'f> {
    pub(super) fn open(file: &'a InputFile<'f>) -> Result<Self, DatasetError> {
        if file.head() != MAGIC {
            let remedy = "if it has another format, set `format`, or let its name end with that";
            return Err(unusable(
                file.path(),
                "is not an MCAP file".to_owned(),
                remedy,
            ));
        }
        Ok(Self { file })
    }

    /// Reads all channels and messages, in the order of the file. Chunks are expanded, and their checksums verified.
    pub(super) fn visit(&self, visit: &mut Visit<'_>) -> Result<DataEnd, DatasetError> {
        let mut offset = MAGIC.len() as u64;
        loop {
            let Some((kind, end)) = self.header_at(offset)? else {
                return Ok(DataEnd::Early(offset));
            };
            match kind {
                // What follows is a summary of the data.
                DATA_END | FOOTER => return Ok(DataEnd::Complete),
                CHANNEL => {
                    let content = self.content_at(offset)?;
                    let channel = ChannelRecord::parse(&content);
                    visit(Visited::Channel(channel.map_err(|_| self.damaged(offset))?))?;
                }
                MESSAGE => {
                    let content = self.content_at(offset)?;
                    let message = MessageRecord::parse(&content);
                    let message = message.map_err(|_| self.damaged(offset))?;
                    visit(Visited::Message(message, MessagePlace::InFile(offset)))?;
                }
                CHUNK => self.visit_chunk(offset, visit)?,
                _ => {}
            }
            offset = end;
        }
    }

    fn visit_chunk(&self, chunk: u64, visit: &mut Visit<'_>) -> Result<(), DatasetError> {
        let records = self.chunk_at(chunk)?;
        let result = for_each_record::<VisitError>(&records, |offset, kind, content| {
            match kind {
                CHANNEL => visit(Visited::Channel(ChannelRecord::parse(content)?))?,
                MESSAGE => {
                    let place = MessagePlace::InChunk { chunk, offset };
                    visit(Visited::Message(MessageRecord::parse(content)?, place))?;
                }
                _ => {}
            }
            Ok(())
        });
        result.map_err(|error| match error {
            VisitError::Damaged => self.damaged(chunk),
            VisitError::Dataset(error) => error,
        })
    }

    /// The kind of the record at `offset`, and where it ends; `None` if that is beyond the file.
    fn header_at(&self, offset: u64) -> Result<Option<(u8, u64)>, DatasetError> {
        let content = offset + HEADER_LEN as u64;
        if content > self.file.len() {
            return Ok(None);
        }
        let mut header = [0; HEADER_LEN];
        self.file.read_exact_at(&mut header, offset)?;
        let (kind, len) = split_header(header);
        let end = content.checked_add(len);
        Ok(end
            .filter(|end| *end <= self.file.len())
            .map(|end| (kind, end)))
    }

    /// The content of the record at `offset`.
    pub(super) fn content_at(&self, offset: u64) -> Result<Vec<u8>, DatasetError> {
        let header = self.header_at(offset)?;
        let (_, end) = header.ok_or_else(|| self.damaged(offset))?;
        let start = offset + HEADER_LEN as u64;
        let len = usize::try_from(end - start).map_err(|_| self.damaged(offset))?;
        let mut content = vec![0; len];
        self.file.read_exact_at(&mut content, start)?;
        Ok(content)
    }

    /// The records of the chunk at `offset`, expanded and verified.
    pub(super) fn chunk_at(&self, offset: u64) -> Result<Vec<u8>, DatasetError> {
        let content = self.content_at(offset)?;
        let chunk = ChunkRecord::parse(&content).map_err(|_| self.damaged(offset))?;
        if chunk.expanded_len > CHUNK_LEN_MAX {
            let problem = format!(
                "the chunk at byte {offset} expands to {} bytes, more than {CHUNK_LEN_MAX}",
                chunk.expanded_len
            );
            return Err(unusable(self.file.path(), problem, COPY_AGAIN));
        }
        let records = match chunk.compression {
            "" => Ok(chunk.data.to_vec()),
            "zstd" => zstd::stream::read::Decoder::with_buffer(chunk.data)
                .and_then(|decoder| read_at_most(decoder, chunk.expanded_len)),
            "lz4" => read_at_most(FrameDecoder::new(chunk.data), chunk.expanded_len),
            other => {
                let problem =
                    format!("its chunks are compressed with `{other}`, which is not supported");
                let remedy = "write it again, for example with `mcap compress --compression zstd`";
                return Err(unusable(self.file.path(), problem, remedy));
            }
        };
        let is_intact = |records: &Vec<u8>| {
            records.len() as u64 == chunk.expanded_len
                && (chunk.checksum == 0 || crc32fast::hash(records) == chunk.checksum)
        };
        records
            .ok()
            .filter(is_intact)
            .ok_or_else(|| self.damaged(offset))
    }

    /// The error of the record at `offset`.
    pub(super) fn damaged(&self, offset: u64) -> DatasetError {
        let problem = format!("the record at byte {offset} is damaged");
        let remedy = "copy the file again, or keep what can be read of it with `mcap recover`";
        unusable(self.file.path(), problem, remedy)
    }
}

/// Reads everything, but not much more than `len` bytes.
fn read_at_most(reader: impl Read, len: u64) -> std::io::Result<Vec<u8>> {
    let mut records = Vec::new();
    reader.take(len + 1).read_to_end(&mut records)?;
    Ok(records)
}

enum VisitError {
    Damaged,
    Dataset(DatasetError),
}

impl From<Damaged> for VisitError {
    fn from(_: Damaged) -> Self {
        Self::Damaged
    }
}

impl From<DatasetError> for VisitError {
    fn from(error: DatasetError) -> Self {
        Self::Dataset(error)
    }
}
