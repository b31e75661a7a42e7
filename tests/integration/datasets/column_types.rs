//! The types of the columns of Parquet and Arrow, and what becomes of their values in JSON.

use std::sync::Arc;

use arrow_array::builder::{Float64Builder, Int32Builder, ListBuilder, MapBuilder, StringBuilder};
use arrow_array::types::Int8Type;
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray,
    DurationMillisecondArray, Float32Array, Float64Array, Int64Array, NullArray, RecordBatch,
    StructArray, Time64MicrosecondArray, TimestampMicrosecondArray, TimestampNanosecondArray,
    UInt64Array,
};
use arrow_schema::{DataType, Field};
use parquet::basic::Compression;

use super::tables::{arrow_file, arrow_stream, compressed, parquet, table};
use super::{Files, notes_of, records_of};

/// A table with a column of every kind, and a row of it as JSON.
fn every_kind() -> (RecordBatch, Vec<&'static str>) {
    let zoned = TimestampMicrosecondArray::from(vec![1_709_164_800_000_001]);
    let mut list = ListBuilder::new(Int32Builder::new());
    list.append_value([Some(1), None]);
    let mut map = MapBuilder::new(None, StringBuilder::new(), Float64Builder::new());
    map.keys().append_value("k");
    map.values().append_value(0.5);
    map.append(true).unwrap();
    let inner = Arc::new(Field::new("x", DataType::Int64, true));
    let x: ArrayRef = Arc::new(Int64Array::from(vec![-1]));
    let dictionary: DictionaryArray<Int8Type> = vec!["north"].into_iter().collect();
    let decimal = Decimal128Array::from(vec![-1_234_500]).with_precision_and_scale(30, 4);
    let columns: Vec<(&str, ArrayRef, &str)> = vec![
        ("null", Arc::new(NullArray::new(1)), "null"),
        ("bool", Arc::new(BooleanArray::from(vec![true])), "true"),
        (
            "i64",
            Arc::new(Int64Array::from(vec![9_007_199_254_740_993])),
            "9007199254740993",
        ),
        (
            "u64",
            Arc::new(UInt64Array::from(vec![u64::MAX])),
            "18446744073709551615",
        ),
        ("f32", Arc::new(Float32Array::from(vec![0.1])), "0.1"),
        ("f64", Arc::new(Float64Array::from(vec![0.1])), "0.1"),
        ("decimal", Arc::new(decimal.unwrap()), "-123.4500"),
        (
            "binary",
            Arc::new(BinaryArray::from(vec![&b"\xff\x00"[..]])),
            r#""/wA=""#,
        ),
        (
            "zoned",
            Arc::new(zoned.with_timezone("+02:00")),
            r#""2024-02-29T00:00:00.000001Z""#,
        ),
        (
            "local",
            Arc::new(TimestampNanosecondArray::from(vec![1])),
            r#""1970-01-01T00:00:00.000000001""#,
        ),
        (
            "date",
            Arc::new(Date32Array::from(vec![19_782])),
            r#""2024-02-29""#,
        ),
        (
            "time",
            Arc::new(Time64MicrosecondArray::from(vec![1_500_000])),
            r#""00:00:01.5""#,
        ),
        ("list", Arc::new(list.finish()), "[1,null]"),
        (
            "struct",
            Arc::new(StructArray::from(vec![(inner, x)])),
            r#"{"x":-1}"#,
        ),
        ("map", Arc::new(map.finish()), r#"{"k":0.5}"#),
        ("dictionary", Arc::new(dictionary), r#""north""#),
    ];
    let texts = columns.iter().map(|(.., text)| *text).collect();
    let columns = columns.into_iter().map(|(name, column, _)| (name, column));
    (table(columns.collect()), texts)
}

#[test]
fn a_value_of_every_type_keeps_what_it_is() {
    let files = Files::new();
    let (batch, texts) = every_kind();
    let pairs: Vec<_> = batch
        .schema()
        .fields()
        .iter()
        .zip(texts)
        .map(|(field, text)| format!("\"{}\":{text}", field.name()))
        .collect();
    let expected = format!("{{{}}}", pairs.join(","));
    for (name, bytes) in [
        (
            "d.parquet",
            parquet(&batch, compressed(Compression::SNAPPY)),
        ),
        ("d.arrow", arrow_file(&batch, None)),
        ("d.arrows", arrow_stream(&batch)),
    ] {
        assert_eq!(files.records(name, bytes), [expected.as_str()], "{name}");
    }
}

#[test]
fn a_duration_is_a_number_of_its_unit() {
    let batch = table(vec![(
        "d",
        Arc::new(DurationMillisecondArray::from(vec![-5])),
    )]);
    let records = Files::new().records("d.arrow", arrow_file(&batch, None));
    assert_eq!(records, [r#"{"d":-5}"#]);
}

#[test]
fn numbers_and_times_that_json_lacks_become_null_with_a_note() {
    let files = Files::new();
    let values = vec![1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    let times = vec![0, 0, i64::MAX, 0];
    let batch = table(vec![
        ("v", Arc::new(Float64Array::from(values))),
        ("t", Arc::new(TimestampMicrosecondArray::from(times))),
    ]);
    for (name, bytes) in [
        (
            "d.parquet",
            parquet(&batch, compressed(Compression::SNAPPY)),
        ),
        ("d.arrow", arrow_file(&batch, None)),
    ] {
        let dataset = files.load(name, bytes, &["v", "t"]);
        let epoch = r#""1970-01-01T00:00:00""#;
        assert_eq!(
            records_of(&dataset),
            [
                format!(r#"{{"v":1.0,"t":{epoch}}}"#),
                format!(r#"{{"v":null,"t":{epoch}}}"#),
                r#"{"v":null,"t":null}"#.to_owned(),
                format!(r#"{{"v":null,"t":{epoch}}}"#),
            ],
            "{name}"
        );
        assert_eq!(
            notes_of(&dataset),
            [
                "column `v`: NaN and infinite numbers, which JSON does not have, became null: 3 in all, the first in row 2",
                "column `t`: times that no calendar has became null: 1 in all, the first in row 3",
            ]
        );
    }
}
