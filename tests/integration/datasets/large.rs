//! Files whose records stay in the file: they are played like small ones, and a change is noticed before a record is wrong.

use std::borrow::Cow;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::FileExt;
use std::path::Path;

use tickcast::settings::{TimeSettings, TimeUnit};
use tickcast::source::{
    Dataset, ReadOptions, RecordSource, SidecarUse, SourceError, extremes, fields,
};

use super::super::support::{Hub, Project, RawClient};
use super::Files;

/// Options under which no file is small.
fn large() -> ReadOptions {
    ReadOptions {
        memory_max: 0,
        ..ReadOptions::DEFAULT
    }
}

fn read(source: &dyn RecordSource) -> Vec<String> {
    let text = |record: &bytes::Bytes| String::from_utf8(record.to_vec()).unwrap();
    let records = source.read(0..source.count().get()).unwrap();
    records.iter().map(text).collect()
}

/// Asserts that the records of `path` are the same, whether they are in memory or not. Returns the one that is not.
fn expect_same(path: &Path, options: &ReadOptions) -> Dataset {
    let load = |memory_max| {
        let options = ReadOptions {
            memory_max,
            ..options.clone()
        };
        Dataset::load(path, &options).unwrap_or_else(|error| panic!("{error}"))
    };
    let (memory, file) = (load(u64::MAX), load(0));
    let name = path.display();
    assert!(memory.resident(0..1).is_some() && file.resident(0..1).is_none());
    assert_eq!(read(&file), read(&memory), "{name}");
    assert_eq!(file.digest(), memory.digest(), "{name}");
    assert_eq!(file.record_max(), memory.record_max(), "{name}");
    assert_eq!(file.notes(), memory.notes(), "{name}");
    assert_eq!(file.stamps(), memory.stamps(), "{name}");
    for index in 0..memory.count().get() {
        assert_eq!(file.record_len(index), memory.record_len(index), "{name}");
    }
    let names = |dataset: &Dataset| -> Vec<String> {
        let fields = fields(dataset).unwrap();
        fields.names().map(Cow::into_owned).collect()
    };
    assert_eq!(names(&file), names(&memory), "{name}");
    for field in names(&memory) {
        let all = 0..memory.count().get();
        let found = |dataset: &Dataset| {
            let extremes = extremes(dataset, &field).unwrap();
            let found = extremes.and_then(|extremes| extremes.min_max(&all));
            found.map(|(min, max)| (min.index, max.index))
        };
        assert_eq!(found(&file), found(&memory), "{name} {field}");
    }
    file
}

/// Lines of different lengths, over several blocks of 64 KiB.
fn many_lines(count: usize) -> String {
    let line = |n: usize| {
        let text = "x".repeat(n * 7 % 301);
        format!("{{\"i\":{n},\"v\":{},\"s\":\"{text}\"}}\n", n * 31 % 977)
    };
    (0..count).map(line).collect()
}

#[test]
fn the_records_are_the_same_in_memory_and_in_the_file() {
    let files = Files::new();
    for (name, text) in [
        ("one.ndjson", "1".to_owned()),
        ("types.ndjson", "{\"b\":1.0,\"a\":2}\n1e3\nnull\n\"x y\"\n[]\n".to_owned()),
        (
            "space.ndjson",
            "\u{feff}\r\n \t\n  { \"a b\" : [ 1 ,\t\"\\\" \\\\\" ] }  \r\n\r\n3\r\n\n\n\"é\\u00e9 \"".to_owned(),
        ),
        ("many.ndjson", many_lines(5_000)),
        ("long.ndjson", format!("1\n\"{}\"\n2\n", "é".repeat(200_000))),
        ("apart.ndjson", format!("1\n{}2\n", "\n".repeat(3_000_000))),
    ] {
        expect_same(&files.write(name, text), &ReadOptions::DEFAULT);
    }
}

/// Rows in whose columns the type is decided by the last row, over several blocks.
fn many_rows(count: usize, line_break: &str) -> String {
    let row = |n: usize| {
        let (time, late) = (n * 250, if n + 1 == count { "x" } else { "7" });
        let text = "é ".repeat(n % 40);
        format!(
            "{time},{}.50,{late},\"{text}\"\"{n}\",{}{line_break}",
            n % 10,
            n.is_multiple_of(2)
        )
    };
    let rows: String = (0..count).map(row).collect();
    format!("t,v,late,\"te\"\"xt\",ok{line_break}{rows}")
}

#[test]
fn rows_are_the_same_in_memory_and_in_the_file() {
    let files = Files::new();
    let spread = |separator: &str| many_rows(30, "\n").replace(',', separator);
    for (name, text) in [
        ("one.csv", "a\n1".to_owned()),
        ("many.csv", many_rows(4_000, "\n")),
        ("windows.csv", format!("\u{feff}{}", many_rows(500, "\r\n"))),
        (
            "blank.csv",
            format!("\r\n\n{}", many_rows(500, "\n\n \n\r\n")),
        ),
        ("lines.csv", "a,b\n\"x\ny\r\n\",1\n\"\"\"\",\n".to_owned()),
        ("semicolon.csv", spread(";")),
        ("tab.tsv", spread("\t")),
        (
            "types.csv",
            "a,b,,d,,f,g\n1, .5 ,,NA,,nan,\n2,NA,,NA,x,3,\nx,+7,,,,-inf,\n".to_owned(),
        ),
        ("names.csv", "1,2,3\n4,5,6\n".to_owned()),
        ("long.csv", format!("a,b\n1,{}\n2,3\n", "é".repeat(200_000))),
    ] {
        expect_same(&files.write(name, text), &ReadOptions::DEFAULT);
    }
    let path = files.write("picked.csv", many_rows(4_000, "\n"));
    let options = ReadOptions {
        columns: vec!["late".to_owned(), "v".to_owned()],
        time: Some(TimeSettings {
            key: "t".to_owned(),
            unit: Some(TimeUnit::Millis),
            max_gap: None,
            loop_gap: None,
        }),
        ..ReadOptions::DEFAULT
    };
    let file = expect_same(&path, &options);
    assert_eq!(file.stamps().unwrap().last().get(), 3_999 * 250_000);
}

#[test]
fn columns_and_stamps_are_the_same_too() {
    let files = Files::new();
    let path = files.write("many.ndjson", many_lines(3_000));
    let options = ReadOptions {
        columns: vec!["s".to_owned(), "i".to_owned()],
        ..ReadOptions::DEFAULT
    };
    expect_same(&path, &options);
    let options = ReadOptions {
        time: Some(TimeSettings {
            key: "i".to_owned(),
            unit: Some(TimeUnit::Millis),
            max_gap: None,
            loop_gap: None,
        }),
        ..ReadOptions::DEFAULT
    };
    let file = expect_same(&path, &options);
    assert_eq!(file.stamps().unwrap().last().get(), 2_999_000);
}

#[test]
fn any_range_of_the_records_can_be_read() {
    let files = Files::new();
    let path = files.write("many.ndjson", many_lines(5_000));
    let file = Dataset::load(&path, &large()).unwrap();
    let all = read(&file);
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..300 {
        let first = random.u64(0..5_000);
        let last = (first + random.u64(0..200)).min(5_000);
        let records = file.read(first..last).unwrap();
        let expected = &all[usize::try_from(first).unwrap()..usize::try_from(last).unwrap()];
        assert!(
            records
                .iter()
                .map(|record| &record[..])
                .eq(expected.iter().map(String::as_bytes))
        );
    }
}

/// The folder of a hub with a topic `demo`, whose dataset is larger than what is kept in memory.
fn large_project() -> Project {
    let toml = "[topics.demo]\ndataset = \"data.ndjson\"\nrate = 1000\nloop = false\n";
    let project = Project::raw("").configure(toml);
    let count = usize::try_from(ReadOptions::MEMORY_MAX).unwrap() / 170;
    project.write("data.ndjson", &many_lines(count));
    project
}

#[test]
fn a_hub_keeps_the_index_of_a_large_file_for_the_next_start() {
    let indexed = |hub: &Hub| {
        let event = hub.last_event("dataset.indexed").unwrap();
        let text = |field: &str| event[field].as_str().unwrap().to_owned();
        (text("sidecar"), text("error"))
    };
    let none = String::new();
    let hub = large_project().start();
    assert_eq!(indexed(&hub), ("written".to_owned(), none.clone()));
    let is_published = || {
        let records = RawClient::get(hub.public(), "/api/v1/topics/demo/history?from=1&to=1");
        records.text().contains(r#"{"i":0,"v":0,"s":""}"#)
    };
    while !is_published() {}
    let hub = hub.stop().start();
    assert_eq!(indexed(&hub), ("reused".to_owned(), none.clone()));
    let project = hub.stop();
    let folder = fs::read_dir(project.state("datasets")).unwrap();
    let kept: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    let mut bytes = fs::read(&kept[0]).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&kept[0], bytes).unwrap();
    let hub = project.start();
    let expected = ("rebuilt".to_owned(), "its sum does not match".to_owned());
    assert_eq!(indexed(&hub), expected);
    let hub = hub.stop().start();
    assert_eq!(indexed(&hub), ("reused".to_owned(), none));
    hub.stop();
}

/// Options with a folder for indexes in that of `files`.
fn kept(files: &Files) -> ReadOptions {
    large().with_index_folder(Some(&files.0.path().join("indexes")))
}

/// How the file at `path` was indexed.
fn sidecar_of(path: &Path, options: &ReadOptions) -> SidecarUse {
    let dataset = Dataset::load(path, options).unwrap();
    dataset.index_report().unwrap().sidecar.clone()
}

#[test]
fn an_index_is_reused_with_everything_that_it_says() {
    let files = Files::new();
    let path = files.write("many.csv", many_rows(4_000, "\n"));
    let options = ReadOptions {
        time: Some(TimeSettings {
            key: "t".to_owned(),
            unit: None,
            max_gap: None,
            loop_gap: None,
        }),
        ..kept(&files)
    };
    assert_eq!(sidecar_of(&path, &options), SidecarUse::Written);
    let reused = expect_same(&path, &options);
    assert_eq!(reused.index_report().unwrap().sidecar, SidecarUse::Reused);
    // Read in another way, it is another dataset.
    let columns = vec!["v".to_owned()];
    let other = ReadOptions { columns, ..options };
    assert_eq!(sidecar_of(&path, &other), SidecarUse::Written);
    let reused = expect_same(&path, &other);
    assert_eq!(reused.index_report().unwrap().sidecar, SidecarUse::Reused);
}

#[test]
fn an_index_is_made_again_if_the_file_is_another_one() {
    let files = Files::new();
    let options = kept(&files);
    let path = files.write("many.ndjson", many_lines(3_000));
    assert_eq!(sidecar_of(&path, &options), SidecarUse::Written);
    let is_rebuilt = || matches!(sidecar_of(&path, &options), SidecarUse::Rebuilt(_));
    // Another length; another time stamp; other bytes with the same length and time stamp.
    files.write("many.ndjson", many_lines(3_001));
    assert!(is_rebuilt());
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let file = File::options().write(true).open(&path).unwrap();
    file.set_modified(modified + std::time::Duration::from_nanos(1))
        .unwrap();
    assert!(is_rebuilt());
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    file.write_all_at(b"{\"j\"", 0).unwrap();
    file.set_modified(modified).unwrap();
    assert!(is_rebuilt());
    assert_eq!(sidecar_of(&path, &options), SidecarUse::Reused);
    let dataset = Dataset::load(&path, &options).unwrap();
    assert_eq!(dataset.read(0..1).unwrap()[0], r#"{"j":0,"v":0,"s":""}"#);
}

#[test]
fn an_index_whose_file_is_gone_is_removed() {
    let files = Files::new();
    let options = kept(&files);
    let count = || {
        fs::read_dir(files.0.path().join("indexes"))
            .unwrap()
            .count()
    };
    for number in 0..3 {
        let path = files.write(&format!("{number}.ndjson"), many_lines(100));
        assert_eq!(sidecar_of(&path, &options), SidecarUse::Written);
        assert_eq!(count(), 1);
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn a_folder_that_cannot_be_written_does_not_matter() {
    let files = Files::new();
    let folder = files.write("file", "");
    let path = files.write("many.ndjson", many_lines(100));
    let options = large().with_index_folder(Some(&folder));
    assert!(matches!(sidecar_of(&path, &options), SidecarUse::Failed(_)));
}

/// Asserts that the mistake in `bytes` is reported with the same words, wherever the records would be.
fn expect_same_error(files: &Files, name: &str, bytes: &[u8]) {
    let path = files.write(name, bytes);
    let message = |memory_max| {
        let options = ReadOptions {
            record_max: 64,
            memory_max,
            ..ReadOptions::DEFAULT
        };
        let error = Dataset::load(&path, &options).unwrap_err();
        format!("{error}; {}", error.remedy())
    };
    // An empty file is small in any case.
    assert_eq!(message(0), message(u64::MAX));
}

#[test]
fn a_mistake_is_reported_as_for_a_small_file() {
    let files = Files::new();
    let over = format!("1\n  \"{}\"\n", "x".repeat(100));
    let utf16: Vec<u8> = "1\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for bytes in [
        &b""[..],
        b" \n\r\n",
        b"1\n2\n{\"a\":\n",
        b"1\n{\"v\": NaN}\n",
        b"1\n2 3\n",
        b"1\n\n \"\xff\"\n",
        b"1\n\"a\x00\"\n",
        b"\xff\xfe1\x00",
        &utf16,
        b"PK\x03\x04 and so on",
        over.as_bytes(),
        b"1\n[1",
    ] {
        expect_same_error(&files, "a.ndjson", bytes);
    }
    let over = format!("a,b\n1,2\n1,{}\n", "x".repeat(100));
    let late = [
        b"\n\na,b\n".to_vec(),
        b"1,2\n".repeat(40_000),
        b"1,\x00\n".to_vec(),
    ]
    .concat();
    let open = [
        b"a,b\n".to_vec(),
        b"1,2\n".repeat(40_000),
        b"1,\"2\n".to_vec(),
    ]
    .concat();
    for bytes in [
        &b" \n\n \n"[..],
        b"a,b\n",
        b"\n,\n1,2\n",
        b"a,a\n1,2\n",
        b"a,b\n1,2\n\n3\n",
        b"\xef\xbb\xbfa,b\r\n1,2\r\n\r\n1,2,3\r\n",
        b"a,b\n\"x\ny\",2\n3\n",
        b"a,b\n1,\"2\n3,4\n",
        b"\"a,b\n1,2\n",
        b"a,b\n1,\xb0C\n",
        b"a\xff,b\n1,2\n",
        &late,
        &open,
        over.as_bytes(),
    ] {
        expect_same_error(&files, "a.csv", bytes);
    }
}

#[test]
fn a_quote_that_is_never_closed_does_not_fill_the_memory() {
    let files = Files::new();
    let options = ReadOptions {
        record_max: 64 << 10,
        ..large()
    };
    let rows = "1,2\n".repeat(2_000_000);
    let path = files.write("a.csv", format!("a,b\n1,2\n\"{rows}"));
    let error = Dataset::load(&path, &options).unwrap_err().to_string();
    assert!(
        error.ends_with("a.csv:3:1: malformed dataset: a quote in row 2 is not closed"),
        "{error}"
    );
    let path = files.write("b.ndjson", format!("1\n[{}", "1,".repeat(4_000_000)));
    let error = Dataset::load(&path, &options).unwrap_err().to_string();
    assert!(error.contains("b.ndjson:2:1: record 2 has"), "{error}");
}

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
