//! Datasets in every format: what their records are, through the program and through the library.

mod bad_files;
#[cfg(feature = "formats")]
mod column_types;
#[cfg(feature = "formats")]
mod damaged_files;
mod large;
#[cfg(feature = "formats")]
pub(super) mod recordings;
#[cfg(feature = "formats")]
mod tables;
mod time;

use std::io::Write;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use tempfile::TempDir;
use tickcast::source::{Dataset, ReadOptions, RecordSource as _};

use super::support::{Project, RawClient, wait_for_end};

/// A folder for the files of one test.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// The records of a file called `name` with the content `bytes`.
    fn records(&self, name: &str, bytes: impl AsRef<[u8]>) -> Vec<String> {
        records_of(&self.load(name, bytes, &[]))
    }

    fn load(&self, name: &str, bytes: impl AsRef<[u8]>, columns: &[&str]) -> Dataset {
        let options = ReadOptions {
            columns: columns.iter().map(|&column| column.to_owned()).collect(),
            ..ReadOptions::DEFAULT
        };
        Dataset::load(&self.write(name, bytes), &options).unwrap_or_else(|error| panic!("{error}"))
    }
}

fn records_of(dataset: &Dataset) -> Vec<String> {
    let text = |record: &[u8]| String::from_utf8(record.to_owned()).unwrap();
    dataset.records().map(text).collect()
}

fn notes_of(dataset: &Dataset) -> Vec<String> {
    dataset.notes().iter().map(ToString::to_string).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

const ROWS: &str = "t,ok,name\n1.50,true,a\n-2e3,false,\"b, c\"\n";
const RECORDS: [&str; 2] = [
    r#"{"t":1.50,"ok":true,"name":"a"}"#,
    r#"{"t":-2e3,"ok":false,"name":"b, c"}"#,
];

#[test]
fn a_hub_plays_a_compressed_csv_file() {
    let toml = "[topics.demo]\ndataset = \"data.csv.gz\"\nrate = 1000\nloop = false\n";
    let project = Project::raw("").configure(toml);
    std::fs::write(project.path("data.csv.gz"), gzip(ROWS.as_bytes())).unwrap();
    let hub = project.start();
    wait_for_end(&hub, "demo");
    let history = RawClient::get(hub.public(), "/api/v1/topics/demo/history?last=10");
    for record in RECORDS {
        assert!(history.text().contains(record), "{}", history.text());
    }
}

#[test]
fn every_format_gives_the_same_records() {
    let files = Files::new();
    let lines = RECORDS.join("\n");
    let array = format!("[{}]", RECORDS.join(" , "));
    let tabs = ROWS
        .replace("\"b, c\"", "b; c")
        .replace(',', "\t")
        .replace(';', ",");
    for (name, text) in [
        ("a.json", array.as_str()),
        ("a.ndjson", &lines),
        ("a.jsonl", &format!("\n{}\r\n \n\n", RECORDS.join("\r\n"))),
        ("a.csv", ROWS),
        ("b.csv", &ROWS.replace('\n', "\r\n")),
        ("c.csv", &format!("\u{feff}{}", ROWS.trim_end())),
        ("d.csv", &format!("\n{}\n\n", ROWS.replace('\n', "\n\n"))),
        ("a.tsv", &tabs),
    ] {
        assert_eq!(files.records(name, text), RECORDS, "{name}");
        for (end, compressed) in [
            (".gz", gzip(text.as_bytes())),
            (".zst", zstd(text.as_bytes())),
        ] {
            let name = format!("{name}{end}");
            assert_eq!(files.records(&name, compressed), RECORDS, "{name}");
        }
    }
}

#[test]
fn a_compressed_file_may_have_several_parts_and_any_name() {
    let files = Files::new();
    let (first, second) = ROWS.as_bytes().split_at(17);
    assert_eq!(
        files.records("a.csv", [gzip(first), gzip(second)].concat()),
        RECORDS
    );
    // A frame to be skipped: its number, its length, its content.
    let skipped = b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc".to_vec();
    let frames = [skipped.clone(), zstd(first), skipped, zstd(second)].concat();
    assert_eq!(files.records("b.csv", frames), RECORDS);
}

#[test]
fn a_column_is_of_one_type_which_all_of_its_cells_decide() {
    let files = Files::new();
    let text = "n,b,s,e,big,mixed\n1, True,x,,9007199254740993,1\n,FALSE,,,1e400,x\n -0.50 ,,007,,-0,true\n";
    assert_eq!(
        files.records("a.csv", text),
        [
            r#"{"n":1,"b":true,"s":"x","e":null,"big":9007199254740993,"mixed":"1"}"#,
            r#"{"n":null,"b":false,"s":null,"e":null,"big":1e400,"mixed":"x"}"#,
            r#"{"n":-0.50,"b":null,"s":"007","e":null,"big":-0,"mixed":"true"}"#,
        ]
    );
    let dates = "day\n2024-02-29\n2024-03-01\n";
    assert_eq!(
        files.records("b.csv", dates),
        [r#"{"day":"2024-02-29"}"#, r#"{"day":"2024-03-01"}"#]
    );
    let signs = files.records("c.csv", "v\n+1\n-.5\n1.\n");
    assert_eq!(signs, [r#"{"v":1}"#, r#"{"v":-0.5}"#, r#"{"v":1}"#]);
    for text in ["007", "1,5", "0x1F", "1.2."] {
        let records = files.records("d.csv", format!("v\n2\n\"{text}\"\n"));
        assert_eq!(
            records,
            [r#"{"v":"2"}"#.to_owned(), format!(r#"{{"v":"{text}"}}"#)]
        );
    }
}

#[test]
fn text_with_quotes_breaks_and_control_characters_becomes_valid_json() {
    let files = Files::new();
    let text = "\"a \"\"b\"\"\",c\n\"line 1\nline 2\",\"\u{1}\t\\é\"\r\n\"\",\"x\"\n";
    let records = files.records("a.csv", text);
    assert_eq!(
        records,
        [
            r#"{"a \"b\"":"line 1\nline 2","c":"\u0001\t\\é"}"#,
            r#"{"a \"b\"":null,"c":"x"}"#,
        ]
    );
}

#[test]
fn what_json_does_not_have_becomes_null_and_is_counted() {
    let files = Files::new();
    let dataset = files.load("a.csv", "v,w\n1,nan\nNaN,x\n-inf,y\nInfinity,z\n", &[]);
    assert_eq!(
        records_of(&dataset),
        [
            r#"{"v":1,"w":"nan"}"#,
            r#"{"v":null,"w":"x"}"#,
            r#"{"v":null,"w":"y"}"#,
            r#"{"v":null,"w":"z"}"#,
        ]
    );
    let note = "column `v`: NaN and infinite numbers, which JSON does not have, became null: 3 in all, the first in line 3";
    assert_eq!(notes_of(&dataset), [note]);
}

#[test]
fn a_hub_logs_what_may_not_have_been_meant() {
    let toml = "[topics.demo]\ndataset = \"data.csv\"\nrate = 1000\nloop = false\n";
    let project = Project::raw("").configure(toml);
    project.write("data.csv", ",v,\n1,2,\n2,low,\n");
    let checked = String::from_utf8(project.run(&["check"]).stdout).unwrap();
    let noted = "column `v` is text, because not all of its cells are numbers: 1 are, 1 are not, such as `low` in line 3";
    assert!(checked.contains(noted), "{checked}");
    let hub = project.start();
    wait_for_end(&hub, "demo");
    let note = hub.last_event("dataset.note").unwrap();
    let [topic, column, kind] =
        ["topic", "column", "note"].map(|field| note[field].as_str().unwrap());
    assert_eq!([topic, column, kind], ["demo", "column_3", "left_out"]);
    let records = RawClient::get(hub.public(), "/api/v1/topics/demo/history?last=9");
    assert!(
        records.text().contains(r#"{"column_1":1,"v":"2"}"#),
        "{}",
        records.text()
    );
}

#[test]
fn a_column_of_texts_is_not_remarked_upon_because_of_a_number() {
    let files = Files::new();
    let dataset = files.load("a.csv", "code\nA1\n12\nB2\n", &[]);
    assert_eq!(notes_of(&dataset), [""; 0]);
    assert_eq!(records_of(&dataset)[1], r#"{"code":"12"}"#);
}

#[test]
fn the_separator_of_a_csv_file_is_the_one_in_its_header() {
    let files = Files::new();
    for separator in [";", "\t", "|"] {
        let dataset = files.load(
            "a.csv",
            format!("a{separator}b\n1{separator}\"2,5\"\n"),
            &[],
        );
        assert_eq!(records_of(&dataset), [r#"{"a":1,"b":"2,5"}"#]);
        assert!(notes_of(&dataset)[0].starts_with("the cells are separated by"));
    }
    assert_eq!(files.records("b.csv", "a\n1;2\n"), [r#"{"a":"1;2"}"#]);
}

#[test]
fn columns_are_picked_in_their_order() {
    let files = Files::new();
    let pick = |name: &str, text: &str| records_of(&files.load(name, text, &["b", "a"]));
    let expected = [r#"{"b":2.0,"a":1}"#];
    assert_eq!(pick("a.csv", "a,x,b,x,\n1,y,2.0,z,\n"), expected);
    assert_eq!(
        pick("a.json", r#"[{"a":0,"x":{"b":5}, "\u0062":2.0,"a":1}]"#),
        expected
    );
    let lines = "{\"a\":1,\"b\":2.0}\n{\"b\":3}\n{}\n";
    assert_eq!(pick("a.ndjson", lines), [expected[0], r#"{"b":3}"#, "{}"]);
}

#[test]
fn a_header_of_numbers_is_remarked_upon() {
    let files = Files::new();
    let dataset = files.load("a.csv", "1,2.5\n3,4\n", &[]);
    assert_eq!(records_of(&dataset), [r#"{"1":3,"2.5":4}"#]);
    assert!(notes_of(&dataset)[0].starts_with("the first line has only numbers"));
}

#[test]
fn missing_values_among_numbers_are_null_and_are_counted() {
    let files = Files::new();
    let dataset = files.load("a.csv", "id,x\nA1,.5\nNA,NA\nA3,n/a\n", &[]);
    let expected = [
        r#"{"id":"A1","x":0.5}"#,
        r#"{"id":"NA","x":null}"#,
        r#"{"id":"A3","x":null}"#,
    ];
    assert_eq!(records_of(&dataset), expected);
    let note =
        "column `x`: cells without a value became null: 2 in all, the first is `NA` in line 3";
    assert_eq!(notes_of(&dataset), [note]);
}

#[test]
fn rows_that_seem_to_be_separated_by_spaces_are_remarked_upon() {
    let files = Files::new();
    let note = "the cells seem to be separated by spaces";
    let notes = notes_of(&files.load("a.csv", "59 2 32.1\n48 1 21.6\n", &[]));
    assert!(notes[0].starts_with(note), "{notes:?}");
    let notes = notes_of(&files.load("b.csv", "room 2\n1\n", &[]));
    assert_eq!(notes, [""; 0]);
}

#[test]
fn the_digest_of_other_formats_and_of_picked_columns_differs() {
    let files = Files::new();
    let digest = |name: &str, columns: &[&str]| {
        let text = if columns.is_empty() {
            "1\n2\n"
        } else {
            "a\n2\n"
        };
        *files.load(name, text, columns).digest()
    };
    assert_ne!(digest("a.ndjson", &[]), digest("a.csv", &[]));
    let all = *files.load("b.csv", "a\n2\n", &[]).digest();
    assert_ne!(digest("b.csv", &["a"]), all);
}
