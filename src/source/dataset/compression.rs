//! [`FileCompression`]: gzip and zstd, recognized by how a file begins, whatever its name is.

use std::io::{self, BufRead, Read};
use std::path::PathBuf;

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::dataset_error::DatasetError;

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileCompression {
    Gzip,
    Zstd,
}

impl FileCompression {
    /// The compression of a file that begins with `bytes`. No text begins like a compressed file.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            // A frame, or one of those to be skipped, which parallel compressors put first.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstd),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// Returns a reader of the expanded bytes of `file`.
pub(super) fn expand<'a>(
    compression: FileCompression,
    file: &'a mut dyn BufRead,
) -> Box<dyn Read + 'a> {
    match compression {
        FileCompression::Gzip => Box::new(MultiGzDecoder::new(file)),
        FileCompression::Zstd => Box::new(ZstdReader {
            source: file,
            decoder: FrameDecoder::new(),
            is_in_frame: false,
        }),
    }
}

/// The error of a file that cannot be expanded.
pub(super) fn failed(
    path: PathBuf,
    compression: FileCompression,
    error: &io::Error,
) -> DatasetError {
    let name = compression.name();
    let (problem, remedy) = match error.kind() {
        io::ErrorKind::UnexpectedEof => (
            format!("the {name} data ends too early"),
            "copy or download the file again".to_owned(),
        ),
        io::ErrorKind::Unsupported => (
            format!("cannot expand the {name} data: {error}"),
            format!("expand it, for example with `{name} -d`, and name the expanded file"),
        ),
        _ => (
            format!("cannot expand the {name} data: {error}"),
            format!("test the file with `{name} -t`, and copy or download it again"),
        ),
    };
    DatasetError::Unusable {
        path,
        problem,
        remedy,
    }
}

/// Expands all frames of a file, one after the other, and verifies their checksums.
struct ZstdReader<'a> {
    source: &'a mut dyn BufRead,
    decoder: FrameDecoder,
    is_in_frame: bool,
}

impl ZstdReader<'_> {
    /// Begins the next frame; `false` at the end of the file.
    fn begin_frame(&mut self) -> io::Result<bool> {
        while !self.source.fill_buf()?.is_empty() {
            match self.decoder.init(&mut self.source) {
                Ok(()) => {
                    self.is_in_frame = true;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let mut skipped = (&mut self.source).take(u64::from(length));
                    if io::copy(&mut skipped, &mut io::sink())? < u64::from(length) {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(self.as_io(error)),
            }
        }
        Ok(false)
    }

    fn end_frame(&mut self) -> io::Result<()> {
        self.is_in_frame = false;
        match self.decoder.get_checksum_from_data() {
            Some(written) if self.decoder.get_calculated_checksum() != Some(written) => Err(
                io::Error::new(io::ErrorKind::InvalidData, "the checksum does not match"),
            ),
            _ => Ok(()),
        }
    }

    /// The decoder's error. It hides that of the source, but an error at the end of the source means that this is too
    /// early.
    fn as_io(&mut self, error: FrameDecoderError) -> io::Error {
        match error {
            FrameDecoderError::DictNotProvided { dict_id } => io::Error::new(
                io::ErrorKind::Unsupported,
                format!("it needs the dictionary {dict_id}"),
            ),
            FrameDecoderError::WindowSizeTooBig { requested, max } => io::Error::new(
                io::ErrorKind::Unsupported,
                format!("it needs a window of {requested} bytes, more than {max}"),
            ),
            error => match self.source.fill_buf() {
                Ok([]) => io::ErrorKind::UnexpectedEof.into(),
                Ok(_) => io::Error::new(io::ErrorKind::InvalidData, error),
                Err(source) => source,
            },
        }
    }
}

impl Read for ZstdReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.is_in_frame && !self.begin_frame()? {
                return Ok(0);
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                let strategy = BlockDecodingStrategy::UptoBlocks(1);
                let decoded = self.decoder.decode_blocks(&mut self.source, strategy);
                decoded.map_err(|error| self.as_io(error))?;
            }
            let len = self.decoder.read(buffer)?;
            if len > 0 || buffer.is_empty() {
                return Ok(len);
            }
            self.end_frame()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_not_taken_for_a_compressed_file() {
        for text in ["", "[1]", "P*M", "(\u{b5}/", "time,value\n"] {
            assert_eq!(FileCompression::of(text.as_bytes()), None, "{text}");
        }
        assert_eq!(
            FileCompression::of(b"\x1f\x8b\x08"),
            Some(FileCompression::Gzip)
        );
        assert_eq!(
            FileCompression::of(b"\x28\xb5\x2f\xfd\x24"),
            Some(FileCompression::Zstd)
        );
        assert_eq!(
            FileCompression::of(b"\x5a\x2a\x4d\x18\x00"),
            Some(FileCompression::Zstd)
        );
    }
}
