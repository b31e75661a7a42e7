//! Damaged Parquet, Arrow and MCAP files: each one is either read or refused, whatever was changed in it.

use mcap::{Compression as ChunkCompression, WriteOptions};
use parquet::basic::Compression;
use tickcast::source::{Dataset, ReadOptions};

use super::Files;
use super::recordings::{IMU, recording};
use super::tables::{arrow_file, arrow_stream, checked, compressed, measurements, parquet};

/// A small file of each format.
fn whole_files() -> Vec<(&'static str, Vec<u8>)> {
    let batch = measurements();
    let chunks = WriteOptions::new().compression(Some(ChunkCompression::Zstd));
    vec![
        (
            "d.parquet",
            parquet(&batch, compressed(Compression::SNAPPY)),
        ),
        ("d.arrow", arrow_file(&batch, None)),
        (
            "d.feather",
            arrow_file(&batch, Some(arrow_ipc::CompressionType::LZ4_FRAME)),
        ),
        ("d.arrows", arrow_stream(&batch)),
        ("d.mcap", recording(chunks, &IMU)),
        (
            "plain.mcap",
            recording(WriteOptions::new().use_chunks(false), &IMU),
        ),
    ]
}

/// Loads a file called `name` with the content `bytes`. A panic fails the test.
fn load(files: &Files, name: &str, bytes: &[u8]) -> Result<Dataset, String> {
    let path = files.write(name, bytes);
    let loaded = Dataset::load(&path, &ReadOptions::DEFAULT);
    loaded.map_err(|error| format!("{error}; {}", error.remedy()))
}

#[test]
fn a_changed_byte_never_ends_the_program() {
    let files = Files::new();
    for (name, bytes) in whole_files() {
        for at in 0..bytes.len() {
            for mask in [0x01, 0x80, 0xff] {
                let mut changed = bytes.clone();
                changed[at] ^= mask;
                _ = load(&files, name, &changed);
            }
        }
    }
}

#[test]
fn a_file_that_ends_early_never_ends_the_program() {
    let files = Files::new();
    for (name, bytes) in whole_files() {
        for len in 0..bytes.len() {
            let loaded = load(&files, name, &bytes[..len]);
            // The footer is what a recording and a stream can do without.
            let needs_all = ["d.parquet", "d.arrow", "d.feather"].contains(&name);
            assert!(!needs_all || loaded.is_err(), "{name}: {len} bytes");
        }
    }
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_a_remedy() {
    let table = parquet(&measurements(), compressed(Compression::SNAPPY));
    let cut = &table[..table.len() - 6];
    let mut encrypted = table.clone();
    let end = encrypted.len() - 4;
    encrypted[end..].copy_from_slice(b"PARE");
    let arrow = arrow_file(&measurements(), None);
    let gzipped = super::gzip(&table);
    for (name, bytes, named) in [
        (
            "d.parquet",
            cut,
            &["its footer is missing", "copy or download the file again"][..],
        ),
        ("d.parquet", &encrypted, &["is encrypted", "decrypt it"]),
        (
            "d.parquet",
            b"a,b\n1,2\n",
            &["is not a Parquet file", "set `format`"],
        ),
        ("d.parquet", &gzipped, &["is not a Parquet file"]),
        ("d.parquet", b"", &["is not a Parquet file"]),
        (
            "d.arrow",
            &arrow[..arrow.len() - 2],
            &["its footer is missing"],
        ),
        (
            "d.arrow",
            b"a,b\n1,2\n",
            &["is not Arrow IPC", "set `format`"],
        ),
        (
            "d.feather",
            b"FEA1\0\0\0\0\0\0FEA1",
            &["is Feather version 1", "write it again"],
        ),
        ("d.mcap", b"{}", &["is not an MCAP file", "set `format`"]),
    ] {
        let output = checked(name, bytes);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        for part in named.iter().chain(&[name]) {
            assert!(error.contains(part), "`{part}` is not in\n{error}");
        }
    }
}

/// A Parquet file without rows, whose only column is in this many groups inside each other.
fn nested_groups(depth: u32) -> Vec<u8> {
    // The footer in the compact protocol of Thrift: version 1; as many groups with one child each, called `a`; a column of
    // 32-bit integers called `b`; no rows; no row groups.
    let mut footer = b"\x15\x02\x19\xfc".to_vec();
    let mut count = depth + 1;
    while count >= 0x80 {
        footer.push(0x80 | count.to_le_bytes()[0]);
        count >>= 7;
    }
    footer.push(count.to_le_bytes()[0]);
    for _ in 0..depth {
        footer.extend_from_slice(b"\x35\x00\x18\x01a\x15\x02\x00");
    }
    footer.extend_from_slice(b"\x15\x02\x25\x00\x18\x01b\x00\x16\x00\x19\x0c\x00");
    let len = u32::try_from(footer.len()).unwrap();
    [b"PAR1", footer.as_slice(), &len.to_le_bytes(), b"PAR1"].concat()
}

#[test]
fn columns_that_are_nested_without_end_are_refused() {
    // Few levels are a table without rows.
    for (depth, named) in [(3, "has no records"), (200_000, "nested")] {
        let output = checked("d.parquet", &nested_groups(depth));
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{depth}: {error}");
        assert!(error.contains(named), "{depth}: {error}");
    }
}
