//! [`InputFile`]: the file of a dataset, opened once, and which format it has.
//!
//! Devices and pipes are not read at all, because that might never end.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;
use sha2::{Digest, Sha256};

use super::dataset_error::DatasetError;
use super::read_options::{ReadOptions, format_by_name};
use crate::settings::DatasetFormat;

/// A regular file that is open for reading.
#[derive(Debug)]
pub(super) struct InputFile<'a> {
    path: &'a Path,
    file: File,
    /// In bytes, when it was opened.
    len: u64,
    /// How the file begins.
    head: Vec<u8>,
}

/// In bytes; enough to tell the formats apart.
const HEAD_LEN: usize = 8;
/// In bytes, of one read for the digest.
const CHUNK_LEN: usize = 1 << 20;

/// How files begin that are no text.
const MAGIC: [(&[u8], DatasetFormat); 6] = [
    (b"PAR1", DatasetFormat::Parquet),
    // With an encrypted footer.
    (b"PARE", DatasetFormat::Parquet),
    (b"ARROW1", DatasetFormat::Arrow),
    // The first version of Feather, another format, which the reader of Arrow reports.
    (b"FEA1", DatasetFormat::Arrow),
    // A stream of Arrow IPC.
    (b"\xff\xff\xff\xff", DatasetFormat::Arrow),
    (b"\x89MCAP", DatasetFormat::Mcap),
];

impl<'a> InputFile<'a> {
    /// Opens the regular file at `path`.
    pub(super) fn open(path: &'a Path) -> Result<Self, DatasetError> {
        let unreadable = |error| unreadable(path, error);
        // Opening a pipe would wait for a writer.
        let flags = i32::try_from(OFlags::NONBLOCK.bits()).expect("the flag is a small number");
        let file = OpenOptions::new().read(true).custom_flags(flags).open(path);
        let file = file.map_err(unreadable)?;
        let kind = file.metadata().map_err(unreadable)?;
        if kind.is_dir() {
            return Err(unreadable(io::ErrorKind::IsADirectory.into()));
        }
        if !kind.is_file() {
            return Err(unreadable(io::Error::other("not a regular file")));
        }
        let mut head = vec![0; HEAD_LEN];
        let len = file.read_at(&mut head, 0).map_err(unreadable)?;
        head.truncate(len);
        Ok(Self {
            path,
            file,
            len: kind.len(),
            head,
        })
    }

    /// The path, for error messages.
    pub(super) const fn path(&self) -> &'a Path {
        self.path
    }

    /// The length in bytes, when it was opened.
    pub(super) const fn len(&self) -> u64 {
        self.len
    }

    /// How the file begins.
    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    /// The format: the configured one, or that of its name, or that of its content; otherwise a JSON array.
    pub(super) fn format(&self, options: &ReadOptions) -> DatasetFormat {
        let configured = options.format.or_else(|| format_by_name(self.path));
        configured
            .or_else(|| format_by_content(&self.head))
            .unwrap_or(DatasetFormat::Json)
    }

    /// The file, at its beginning.
    pub(super) fn into_reader(self) -> File {
        self.file
    }

    /// A second handle for a reader that takes one.
    pub(super) fn handle(&self) -> Result<File, DatasetError> {
        let handle = self.file.try_clone();
        let handle = handle.and_then(|mut file| file.seek(SeekFrom::Start(0)).map(|_| file));
        handle.map_err(|error| unreadable(self.path, error))
    }

    /// Fills `buffer` from `offset` on.
    #[cfg(feature = "formats")]
    pub(super) fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> Result<(), DatasetError> {
        let read = self.file.read_exact_at(buffer, offset);
        read.map_err(|error| unreadable(self.path, error))
    }

    /// SHA-256 of the file's bytes.
    pub(super) fn digest(&self) -> Result<[u8; 32], DatasetError> {
        let mut file = BufReader::with_capacity(0, self.handle()?);
        let mut hasher = Sha256::new();
        let mut chunk = vec![0; CHUNK_LEN];
        loop {
            let len = file
                .read(&mut chunk)
                .map_err(|error| unreadable(self.path, error))?;
            if len == 0 {
                return Ok(hasher.finalize().into());
            }
            hasher.update(&chunk[..len]);
        }
    }
}

/// The format of a file that begins with `bytes`, if they say so.
pub(super) fn format_by_content(bytes: &[u8]) -> Option<DatasetFormat> {
    let begins = |(magic, _): &&(&[u8], DatasetFormat)| bytes.starts_with(magic);
    MAGIC.iter().find(begins).map(|(_, format)| *format)
}

/// A file of a format that is no text, for error messages.
pub(super) const fn with_article(format: DatasetFormat) -> &'static str {
    match format {
        DatasetFormat::Parquet => "a Parquet file",
        DatasetFormat::Arrow => "an Arrow file",
        _ => "an MCAP file",
    }
}

fn unreadable(path: &Path, error: io::Error) -> DatasetError {
    DatasetError::Unreadable {
        path: path.to_owned(),
        error,
    }
}
