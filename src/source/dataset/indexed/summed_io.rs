//! [`SummedWriter`] and [`SummedReader`]: a file that ends with the CRC32C of all that precedes.

use std::io::{self, Read, Write};

/// Writes a file, and the sum at its end.
#[derive(Debug)]
pub(super) struct SummedWriter<W> {
    inner: W,
    sum: u32,
}

/// Reads a file, and the sum at its end.
#[derive(Debug)]
pub(super) struct SummedReader<R> {
    inner: R,
    sum: u32,
}

impl<W: Write> SummedWriter<W> {
    pub(super) const fn new(inner: W) -> Self {
        Self { inner, sum: 0 }
    }

    /// Writes the sum.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.inner.write_all(&self.sum.to_le_bytes())?;
        Ok(self.inner)
    }
}

impl<W: Write> Write for SummedWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = self.inner.write(bytes)?;
        self.sum = crc32c::crc32c_append(self.sum, &bytes[..len]);
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> SummedReader<R> {
    pub(super) const fn new(inner: R) -> Self {
        Self { inner, sum: 0 }
    }

    /// Whether the sum of what was read follows, and then the end of the file.
    pub(super) fn ends_with_sum(mut self) -> io::Result<bool> {
        let mut sum = [0; 4];
        self.inner.read_exact(&mut sum)?;
        let is_end = self.inner.read(&mut [0])? == 0;
        Ok(is_end && u32::from_le_bytes(sum) == self.sum)
    }
}

impl<R: Read> Read for SummedReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.inner.read(buffer)?;
        self.sum = crc32c::crc32c_append(self.sum, &buffer[..len]);
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_recognized_by_its_sum_and_nothing_else_is() {
        let mut writer = SummedWriter::new(Vec::new());
        writer.write_all(b"abc").unwrap();
        writer.write_all(b"defg").unwrap();
        let file = writer.finish().unwrap();
        let is_valid = |file: &[u8]| {
            let mut reader = SummedReader::new(file);
            reader.read_exact(&mut [0; 7])?;
            reader.ends_with_sum()
        };
        assert!(is_valid(&file).unwrap());
        for at in 0..file.len() {
            let mut flipped = file.clone();
            flipped[at] ^= 1;
            assert!(!is_valid(&flipped).unwrap(), "{at}");
            assert!(!is_valid(&file[..at]).unwrap_or(false), "{at}");
        }
        assert!(!is_valid(&[&file[..], b"x"].concat()).unwrap());
    }
}
