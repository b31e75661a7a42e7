//! Files whose records stay in the file: they are played like small ones, and a change is noticed before a record is wrong.

mod changes;
mod index;

use std::borrow::Cow;
use std::path::Path;

use tickcast::settings::{TimeSettings, TimeUnit};
use tickcast::source::{Dataset, ReadOptions, RecordSource, extremes, fields};

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
