//! A large file that is changed while it plays: no record is wrong.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::FileExt;

use tickcast::source::{Dataset, RecordSource, SourceError};

use super::super::Files;
use super::{large, many_lines, read};

/// A file that is played, with the path of the file.
fn playing(files: &Files) -> (Dataset, std::path::PathBuf) {
    let path = files.write("many.ndjson", many_lines(5_000));
    (Dataset::load(&path, &large()).unwrap(), path)
}

/// Asserts that the records can no longer be read, for a reason that contains `seen`.
fn expect_changed(dataset: &Dataset, seen: &str) {
    let change = |error: SourceError| error.change().unwrap_or_default().to_owned();
    for index in [4_999, 0, 4_999] {
        let found = change(dataset.read(index..index + 1).unwrap_err());
        assert!(found.contains(seen), "{found}");
    }
    assert!(change(dataset.poll_fields().unwrap_err()).contains(seen));
}

#[test]
fn a_flipped_bit_is_noticed_when_it_is_read() {
    let files = Files::new();
    let (dataset, path) = playing(&files);
    let offset = fs::metadata(&path).unwrap().len() - 10;
    let file = File::options().read(true).write(true).open(&path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, offset).unwrap();
    file.write_all_at(&[byte[0] ^ 1], offset).unwrap();
    let first = dataset.read(0..1).unwrap();
    assert_eq!(first[0], r#"{"i":0,"v":0,"s":""}"#);
    expect_changed(&dataset, "are not those that were indexed");
}

#[test]
fn a_truncated_file_is_noticed_even_for_records_that_are_still_there() {
    let files = Files::new();
    let (dataset, path) = playing(&files);
    let len = fs::metadata(&path).unwrap().len();
    OpenOptions::new()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(len - 1)
        .unwrap();
    expect_changed(
        &dataset,
        &format!("it has {} bytes instead of {len}", len - 1),
    );
}

#[test]
fn a_replaced_or_deleted_file_is_noticed() {
    let files = Files::new();
    let (dataset, path) = playing(&files);
    let other = files.write("other.ndjson", many_lines(5_000));
    fs::rename(other, &path).unwrap();
    expect_changed(&dataset, "another file is in its place");
    let (dataset, path) = playing(&files);
    fs::remove_file(path).unwrap();
    expect_changed(&dataset, "it was deleted or moved");
}

#[test]
fn a_file_that_grows_or_is_touched_plays_on_as_it_was() {
    let files = Files::new();
    let (dataset, path) = playing(&files);
    let before = read(&dataset);
    let (fresh, _) = playing(&files);
    let mut file = OpenOptions::new().append(true).open(path).unwrap();
    file.write_all(b"{\"i\":5000}\n").unwrap();
    assert_eq!(read(&dataset), before);
    assert_eq!(read(&fresh), before);
    assert_eq!(dataset.count().get(), 5_000);
}
