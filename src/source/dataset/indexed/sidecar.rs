//! [`Sidecar`]: the index of a file, kept in a folder so that the next start need not read the file.
//!
//! ## What is trusted
//! A sidecar is used if the file has the same path, length and time stamp (in nanoseconds), is to be read in the same way,
//! and sixteen of its blocks, spread evenly from the first to the last, have the sums of the index. The other blocks are
//! verified when they are read. So a file that was changed in between without changing its time stamp is noticed by then.
//!
//! A sidecar has a sum itself: a damaged one is not used.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::super::dataset_note::DatasetNote;
use super::block_sums::BlockSums;
use super::record_text::RecordText;
use super::summed_io::{SummedReader, SummedWriter};
use crate::protocol::Micros;
use crate::source::record_index::RecordIndex;
use crate::source::stamps::{Stamps, StampsBuilder};

/// The file in which the index of another file is kept.
#[derive(Debug)]
pub(super) struct Sidecar {
    path: PathBuf,
    identity: FileIdentity,
}

/// What must be the same for a sidecar to be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileIdentity {
    /// The canonical path of the file.
    pub(super) file: PathBuf,
    /// In bytes.
    len: u64,
    /// When the file was changed last, in seconds and nanoseconds.
    modified: (i64, i64),
    /// How it is read.
    reading: String,
}

/// An index as it is kept.
#[derive(Debug)]
pub(super) struct KeptIndex {
    pub(super) head: IndexHead,
    pub(super) index: RecordIndex,
    pub(super) sums: BlockSums,
    pub(super) stamps: Option<Stamps>,
}

/// What is known about the records apart from their places.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct IndexHead {
    /// SHA-256 of the file.
    pub(super) digest: [u8; 32],
    pub(super) notes: Vec<DatasetNote>,
    pub(super) text: RecordText,
}

/// How a sidecar begins.
#[derive(Serialize, Deserialize)]
struct SidecarHead<I, H> {
    identity: I,
    head: H,
    /// The number of records.
    records: u64,
    /// The length of the longest record, in bytes.
    longest: usize,
    /// The number of blocks.
    blocks: usize,
    has_stamps: bool,
}

type ReadHead = SidecarHead<FileIdentity, IndexHead>;

/// The beginning of a sidecar, with the version of the format.
const MAGIC: &[u8; 16] = b"tickcast index 1";
/// In bytes; a longer head is damaged.
const HEAD_LEN_MAX: usize = 16 << 20;

impl FileIdentity {
    /// Of `file`, which was opened at `path` to be read as `reading` says.
    pub(super) fn new(path: &Path, file: &File, reading: String) -> io::Result<Self> {
        let metadata = file.metadata()?;
        Ok(Self {
            file: fs::canonicalize(path)?,
            len: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            reading,
        })
    }

    /// Whether the file is as it was.
    fn is_current(&self) -> bool {
        fs::metadata(&self.file).is_ok_and(|found| {
            let modified = (found.mtime(), found.mtime_nsec());
            (found.len(), modified) == (self.len, self.modified)
        })
    }
}

impl Sidecar {
    /// The sidecar in `folder` of the file with this identity.
    pub(super) fn new(folder: &Path, identity: FileIdentity) -> Self {
        let name = identity.name();
        Self {
            path: folder.join(name),
            identity,
        }
    }

    /// Reads the index; `None` if it is missing.
    ///
    /// # Errors
    /// It is damaged, of another version, or of the file as it was before.
    pub(super) fn read(&self) -> io::Result<Option<KeptIndex>> {
        let file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let mut reader = SummedReader::new(BufReader::with_capacity(1 << 20, file));
        let head = read_head(&mut reader)?;
        if head.identity != self.identity {
            return Err(invalid("it is of the file as it was before"));
        }
        let index = RecordIndex::read(head.records, head.longest, &mut reader)?;
        let sums = BlockSums::read(head.blocks, &mut reader)?;
        let stamps = if head.has_stamps {
            read_stamps(head.records, &mut reader)?
        } else {
            None
        };
        if !reader.ends_with_sum()? {
            return Err(invalid("its sum does not match"));
        }
        let head = head.head;
        Ok(Some(KeptIndex {
            head,
            index,
            sums,
            stamps,
        }))
    }

    /// Writes the index, which replaces an older one at once or not at all. Removes those of other files that are gone or
    /// were changed.
    pub(super) fn write(&self, kept: &KeptIndex) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        remove_outdated(folder)?;
        let new = self
            .path
            .with_extension(format!("{NEW_PREFIX}{}", std::process::id()));
        let written = self.write_to(&new, kept);
        let written = written.and_then(|()| fs::rename(&new, &self.path));
        if written.is_err() {
            // Its space may be needed for something else.
            _ = fs::remove_file(&new);
        }
        written
    }

    fn write_to(&self, path: &Path, kept: &KeptIndex) -> io::Result<()> {
        let file = File::create(path)?;
        let mut writer = SummedWriter::new(BufWriter::with_capacity(1 << 20, file));
        let head = SidecarHead {
            identity: &self.identity,
            head: &kept.head,
            records: kept.index.count(),
            longest: kept.index.longest(),
            blocks: kept.sums.count(),
            has_stamps: kept.stamps.is_some(),
        };
        let head = serde_json::to_vec(&head)?;
        writer.write_all(MAGIC)?;
        let len = u32::try_from(head.len()).map_err(|_| invalid("its head is too long"))?;
        writer.write_all(&len.to_le_bytes())?;
        writer.write_all(&head)?;
        kept.index.write(&mut writer)?;
        kept.sums.write(&mut writer)?;
        if let Some(stamps) = &kept.stamps {
            for index in 0..stamps.count() {
                writer.write_all(&stamps.get(index).get().to_le_bytes())?;
            }
        }
        let file = writer.finish()?.into_inner()?;
        // Before the rename, so that the name never survives a power failure without the content.
        file.sync_all()
    }
}

impl FileIdentity {
    /// The name of the sidecar.
    fn name(&self) -> String {
        let mut hasher = Sha256::new();
        hasher.update(self.file.as_os_str().as_encoded_bytes());
        hasher.update([0]);
        hasher.update(&self.reading);
        let digest = hasher.finalize();
        format!("{}.{EXTENSION}", HEXLOWER.encode(&digest[..16]))
    }
}

const EXTENSION: &str = "index";
/// What the extension of a sidecar begins with while it is written.
const NEW_PREFIX: &str = "new-";

fn read_head(reader: &mut impl Read) -> io::Result<ReadHead> {
    let mut magic = [0; MAGIC.len()];
    reader.read_exact(&mut magic)?;
    if &magic != MAGIC {
        return Err(invalid("another version wrote it"));
    }
    let mut len = [0; 4];
    reader.read_exact(&mut len)?;
    let len = usize::try_from(u32::from_le_bytes(len)).unwrap_or(usize::MAX);
    if len > HEAD_LEN_MAX {
        return Err(invalid("its head is too long"));
    }
    let mut head = vec![0; len];
    reader.read_exact(&mut head)?;
    Ok(serde_json::from_slice(&head)?)
}

fn read_stamps(count: u64, reader: &mut impl Read) -> io::Result<Option<Stamps>> {
    let mut stamps = StampsBuilder::new(None);
    for _ in 0..count {
        let mut stamp = [0; 8];
        reader.read_exact(&mut stamp)?;
        let stamp = Micros::new(i64::from_le_bytes(stamp));
        let pushed = stamps.push(stamp);
        pushed.map_err(|_| invalid("its stamps decrease"))?;
    }
    Ok(stamps.finish())
}

/// Removes the sidecars in `folder` whose file is gone or was changed, and what an interrupted write has left.
fn remove_outdated(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        let is_outdated = if extension == EXTENSION {
            let head = File::open(&path).and_then(|file| read_head(&mut BufReader::new(file)));
            head.map_or(true, |head| !head.identity.is_current())
        } else {
            extension.starts_with(NEW_PREFIX) && is_old(&path)
        };
        if is_outdated {
            // Another hub may have done that.
            _ = fs::remove_file(&path);
        }
    }
    Ok(())
}

/// Whether the file at `path` was not written to for an hour, longer than any write takes.
fn is_old(path: &Path) -> bool {
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
    let age = modified.ok().and_then(|modified| modified.elapsed().ok());
    age.is_some_and(|age| age > Duration::from_secs(3_600))
}

fn invalid(problem: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}
