//! Parquet and Arrow IPC: what their rows are as records, and which columns are read.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::Output;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, RecordBatchOptions, StringArray,
    TimestampNanosecondArray,
};
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use arrow_schema::Schema;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use tickcast::settings::TimeSettings;
use tickcast::source::{Dataset, ReadOptions, RecordSource as _};

use super::super::support::hub::program;
use super::super::support::{Project, RawClient, wait_for_end};
use super::{Files, notes_of, records_of};

pub(super) fn table(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(
        columns
            .into_iter()
            .map(|(name, column)| (name, column, true)),
    )
    .unwrap()
}

pub(super) fn parquet(batch: &RecordBatch, properties: WriterProperties) -> Vec<u8> {
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

pub(super) fn arrow_file(batch: &RecordBatch, compression: Option<CompressionType>) -> Vec<u8> {
    let options = IpcWriteOptions::default()
        .try_with_compression(compression)
        .unwrap();
    let mut writer =
        FileWriter::try_new_with_options(Vec::new(), &batch.schema(), options).unwrap();
    writer.write(batch).unwrap();
    writer.finish().unwrap();
    writer.into_inner().unwrap()
}

pub(super) fn arrow_stream(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(batch).unwrap();
    writer.finish().unwrap();
    writer.into_inner().unwrap()
}

pub(super) fn compressed(compression: Compression) -> WriterProperties {
    WriterProperties::builder()
        .set_compression(compression)
        .build()
}

/// A small table with numbers and text.
pub(super) fn measurements() -> RecordBatch {
    table(vec![
        (
            "value",
            Arc::new(Float64Array::from(vec![Some(1.5), None, Some(-0.1)])),
        ),
        ("name", Arc::new(StringArray::from(vec!["a", "b\"", "é\n"]))),
    ])
}

const MEASUREMENTS: [&str; 3] = [
    r#"{"value":1.5,"name":"a"}"#,
    r#"{"value":null,"name":"b\""}"#,
    r#"{"value":-0.1,"name":"é\n"}"#,
];

fn assert_records(dataset: &Dataset, expected: &[&str]) {
    assert_eq!(records_of(dataset), expected);
}

#[test]
fn a_row_is_an_object_with_the_columns_in_their_order() {
    let files = Files::new();
    let batch = measurements();
    for (name, bytes) in [
        (
            "d.parquet",
            parquet(&batch, compressed(Compression::SNAPPY)),
        ),
        (
            "d.pq",
            parquet(&batch, compressed(Compression::ZSTD(Default::default()))),
        ),
        (
            "gzip.pq",
            parquet(&batch, compressed(Compression::GZIP(Default::default()))),
        ),
        ("lz4.pq", parquet(&batch, compressed(Compression::LZ4_RAW))),
        (
            "plain.pq",
            parquet(&batch, compressed(Compression::UNCOMPRESSED)),
        ),
        ("d.arrow", arrow_file(&batch, None)),
        (
            "d.feather",
            arrow_file(&batch, Some(CompressionType::LZ4_FRAME)),
        ),
        ("d.ipc", arrow_file(&batch, Some(CompressionType::ZSTD))),
        ("d.arrows", arrow_stream(&batch)),
    ] {
        let dataset = files.load(name, bytes, &[]);
        assert_eq!(records_of(&dataset), MEASUREMENTS, "{name}");
        assert_eq!(notes_of(&dataset), [""; 0], "{name}");
    }
}

#[test]
fn the_columns_of_an_arrow_file_are_those_in_its_footer() {
    let files = Files::new();
    let mut bytes = arrow_file(&measurements(), None);
    // The first message, which has them, too: some writers leave it out.
    let start = bytes[8..].iter().position(|&byte| byte != 0).unwrap() + 8;
    let len = u32::from_le_bytes(bytes[start + 4..start + 8].try_into().unwrap());
    bytes[start..start + 8 + usize::try_from(len).unwrap()].fill(0);
    assert_eq!(files.records("d.arrow", bytes), MEASUREMENTS);
}

#[test]
fn a_file_whose_name_says_nothing_is_recognized_by_its_content() {
    let files = Files::new();
    let batch = measurements();
    for (name, bytes) in [
        ("parquet", parquet(&batch, compressed(Compression::SNAPPY))),
        ("file.data", arrow_file(&batch, None)),
        ("stream", arrow_stream(&batch)),
    ] {
        let records = files.records(name, bytes);
        assert_eq!(records, MEASUREMENTS, "{name}");
    }
}

#[test]
fn rows_of_many_batches_and_row_groups_keep_their_order() {
    let files = Files::new();
    let count = 5_000;
    let batch = table(vec![(
        "i",
        Arc::new(Int64Array::from_iter_values(0..count)),
    )]);
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(1_500))
        .build();
    let mut stream = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    for start in (0..5_000).step_by(700) {
        stream
            .write(&batch.slice(start, 700.min(5_000 - start)))
            .unwrap();
    }
    for (name, bytes) in [
        ("d.parquet", parquet(&batch, properties)),
        ("d.arrows", stream.into_inner().unwrap()),
    ] {
        let records = files.records(name, bytes);
        let expected: Vec<_> = (0..count).map(|i| format!("{{\"i\":{i}}}")).collect();
        assert_eq!(records, expected, "{name}");
    }
}

#[test]
fn chosen_columns_come_in_the_order_of_the_choice() {
    let files = Files::new();
    for (name, bytes) in [
        (
            "d.parquet",
            parquet(&measurements(), compressed(Compression::SNAPPY)),
        ),
        ("d.arrow", arrow_file(&measurements(), None)),
    ] {
        let chosen = files.load(name, &bytes, &["name", "value"]);
        assert_eq!(chosen.record(0), br#"{"name":"a","value":1.5}"#);
        let one = files.load(name, &bytes, &["name"]);
        assert_eq!(one.record(0), br#"{"name":"a"}"#);
        let all = files.load(name, &bytes, &[]);
        assert_ne!(
            one.digest(),
            all.digest(),
            "the columns determine the records"
        );
    }
}

/// What `check` says about a file called `name` with the content `bytes`.
pub(super) fn checked(name: &str, bytes: &[u8]) -> Output {
    let files = Files::new();
    let path = files.write(name, bytes);
    let mut command = program();
    command.current_dir(path.parent().unwrap());
    command.args(["check", name]).output().unwrap()
}

/// Overwrites the first occurrence of `old` in a file.
fn overwrite(path: &Path, old: &[u8], new: &[u8]) {
    let bytes = std::fs::read(path).unwrap();
    let at = bytes
        .windows(old.len())
        .position(|window| window == old)
        .unwrap();
    let file = File::options().write(true).open(path).unwrap();
    file.write_all_at(new, at as u64).unwrap();
}

#[test]
fn columns_that_are_not_chosen_are_not_decoded() {
    let files = Files::new();
    let batch = table(vec![
        ("good", Arc::new(Int64Array::from(vec![1, 2, 3]))),
        (
            "bad",
            Arc::new(StringArray::from(vec![
                "first text",
                "other text",
                "third text",
            ])),
        ),
    ]);
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .build();
    let path = files.write("d.parquet", parquet(&batch, properties));
    // A page whose texts are longer than it is.
    overwrite(&path, b"\x0a\x00\x00\x00first text", b"\xff\xff\xff\x7f");
    let bytes = std::fs::read(&path).unwrap();
    let good = files.load("d.parquet", &bytes, &["good"]);
    assert_records(&good, &[r#"{"good":1}"#, r#"{"good":2}"#, r#"{"good":3}"#]);
    let output = checked("d.parquet", &bytes);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(
        error.contains("cannot decode the rows from 1 on of column `bad`"),
        "{error}"
    );
}

#[test]
fn a_hub_plays_a_parquet_file_and_check_describes_it() {
    let toml = "[topics.demo]\ndataset = \"data.parquet\"\nrate = 1000\nloop = false\n";
    let project = Project::raw("").configure(toml);
    let bytes = parquet(&measurements(), compressed(Compression::SNAPPY));
    std::fs::write(project.path("data.parquet"), bytes).unwrap();
    let hub = project.start();
    wait_for_end(&hub, "demo");
    let history = RawClient::get(hub.public(), "/api/v1/topics/demo/history?last=10");
    for record in MEASUREMENTS {
        assert!(history.text().contains(record), "{}", history.text());
    }
    let bytes = parquet(&measurements(), compressed(Compression::SNAPPY));
    let output = checked("data.parquet", &bytes);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("data.parquet: 3 records, read as parquet"),
        "{text}"
    );
    assert!(text.contains("value  number  -0.1 to 1.5"), "{text}");
    assert!(text.contains("as the topic `data`"), "{text}");
}

#[test]
fn rows_have_the_times_of_a_column_which_need_not_be_played() {
    let files = Files::new();
    let times = TimestampNanosecondArray::from(vec![1_500, 1_500, 2_999]).with_timezone("UTC");
    let batch = table(vec![
        ("v", Arc::new(Int64Array::from(vec![1, 2, 3])) as ArrayRef),
        ("t", Arc::new(times)),
        ("w", Arc::new(Int64Array::from(vec![4, 5, 6]))),
    ]);
    let time = TimeSettings {
        key: "t".to_owned(),
        unit: None,
        max_gap: None,
        loop_gap: None,
    };
    let options = ReadOptions {
        columns: vec!["w".to_owned()],
        time: Some(time.clone()),
        ..ReadOptions::DEFAULT
    };
    for (name, bytes) in [
        (
            "d.parquet",
            parquet(&batch, compressed(Compression::SNAPPY)),
        ),
        ("d.arrow", arrow_file(&batch, None)),
    ] {
        let path = files.write(name, bytes);
        let dataset = Dataset::load(&path, &options).unwrap();
        assert_records(&dataset, &[r#"{"w":4}"#, r#"{"w":5}"#, r#"{"w":6}"#]);
        let stamps = dataset.stamps().unwrap();
        assert_eq!([0, 1, 2].map(|index| stamps.get(index).get()), [1, 1, 2]);
        let wrong = ReadOptions {
            time: Some(TimeSettings {
                key: "x".to_owned(),
                ..time.clone()
            }),
            ..options.clone()
        };
        let error = Dataset::load(&path, &wrong).unwrap_err();
        let error = format!("{error}; {}", error.remedy());
        assert!(error.contains("`x`") && error.contains("`t`"), "{error}");
    }
}

#[test]
fn tables_without_rows_or_columns_are_refused() {
    let files = Files::new();
    let empty = measurements().slice(0, 0);
    let options = RecordBatchOptions::new().with_row_count(Some(0));
    let none = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &options);
    let none = none.unwrap();
    for (name, bytes, message) in [
        (
            "e.parquet",
            parquet(&empty, compressed(Compression::SNAPPY)),
            "has no records",
        ),
        ("e.arrow", arrow_file(&empty, None), "has no records"),
        (
            "n.parquet",
            parquet(&none, compressed(Compression::SNAPPY)),
            "has no columns",
        ),
        ("n.arrow", arrow_file(&none, None), "has no columns"),
    ] {
        let path = files.write(name, bytes);
        let error = Dataset::load(&path, &ReadOptions::DEFAULT).unwrap_err();
        assert!(error.to_string().contains(message), "{name}: {error}");
    }
}
