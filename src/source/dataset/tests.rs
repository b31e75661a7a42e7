use data_encoding::HEXLOWER;

use super::*;

fn parse(json: &[u8]) -> Result<Dataset, String> {
    parse_with(json, usize::MAX)
}

fn parse_with(json: &[u8], record_max: usize) -> Result<Dataset, String> {
    let options = ReadOptions {
        record_max,
        ..ReadOptions::DEFAULT
    };
    let file = TextFile::from_reader(Path::new("d.json"), json);
    file.and_then(|file| Dataset::parse(&file, &options, DatasetFormat::Json))
        .map_err(|error| error.to_string())
}

#[test]
fn records_of_any_type_keep_their_text() {
    let dataset = parse(b" [ {\"b\": 1.0, \"a\":2} , 1e3,null, \"x y\",[ ] ]\n").unwrap();
    let records: Vec<_> = (0..dataset.count().get())
        .map(|index| dataset.record(index))
        .collect();
    assert_eq!(
        records,
        [
            &br#"{"b":1.0,"a":2}"#[..],
            b"1e3",
            b"null",
            br#""x y""#,
            b"[]"
        ]
    );
}

#[test]
fn a_byte_order_mark_is_ignored() {
    let dataset = parse("\u{feff}[1,2]".as_bytes()).unwrap();
    assert_eq!(dataset.record(0), b"1");
}

#[test]
fn non_finite_numbers_are_rejected_with_their_location() {
    for (json, column, name) in [
        ("[NaN]", 2, "NaN"),
        ("[nan]", 2, "nan"),
        ("[1, -NaN]", 5, "-NaN"),
        ("[{\"v\":Infinity}]", 7, "Infinity"),
        ("[{\"v\": -Infinity}]", 8, "-Infinity"),
        ("[+Infinity]", 2, "+Infinity"),
        ("[1,inf]", 4, "inf"),
        ("[[1,[NaN]]]", 6, "NaN"),
    ] {
        let error = parse(json.as_bytes()).unwrap_err();
        let expected = format!(
            "d.json:1:{column}: malformed dataset: `{name}` is not a JSON number; use `null` instead"
        );
        assert_eq!(error, expected, "{json}");
    }
    for json in ["[nul]", "[x]", "[\"NaN\", y]", "[1,]"] {
        let error = parse(json.as_bytes()).unwrap_err();
        assert!(!error.contains("not a JSON number"), "{error}");
    }
}

#[test]
fn missing_keys_are_those_that_no_record_has() {
    let dataset = parse(b"[{\"a\":1},{\"b\":1}]").unwrap();
    assert_eq!(dataset.missing_keys(["a", "c", "b", ""]), ["c", ""]);
    let bare = parse(b"[1]").unwrap();
    assert_eq!(bare.missing_keys(["data", "value"]), ["value"]);
    let nested = parse(b"[{\"a\":{\"b\":1}},{\"c.d\":1}]").unwrap();
    let names = ["a.b", "a.x", "c.d", r"c\.d", r"a\.b"];
    assert_eq!(nested.missing_keys(names), ["a.x", r"a\.b"]);
}

#[test]
fn an_invalid_dataset_is_rejected_with_the_location() {
    for (json, message) in [
        (&b"[]"[..], "dataset `d.json` has no records"),
        (b"", "dataset `d.json` has no records"),
        (b" \n", "dataset `d.json` has no records"),
        (
            b"[{\"value\":1},\n{\"val",
            "d.json:2:5: malformed dataset: EOF while parsing a string",
        ),
        (b"\n {}", "d.json:2:2: malformed dataset: not a JSON array"),
        (
            b"[1]\n2",
            "d.json:2:1: malformed dataset: trailing characters",
        ),
        (
            b"[1,\n NaN]",
            "d.json:2:2: malformed dataset: `NaN` is not a JSON number; use `null` instead",
        ),
        (
            b"[\"a\",\n\"\xff\"]",
            "d.json:2:2: malformed dataset: not UTF-8",
        ),
    ] {
        assert_eq!(parse(json).unwrap_err(), message);
    }
}

#[test]
fn the_length_limit_of_a_record_does_not_count_white_space() {
    let load = |json: &str| parse_with(json.as_bytes(), 5);
    assert!(load("[\"abc\", [ 1 , 2 ]    ]").is_ok());
    assert_eq!(
        load("[1,\n 2, \"abcd\"]").unwrap_err(),
        "d.json:2:5: record 3 has 6 bytes, more than the 5 of `record_max`"
    );
}

#[test]
fn the_digest_covers_the_bytes_of_the_file() {
    let digest = |json| HEXLOWER.encode(parse(json).unwrap().digest());
    assert_ne!(digest(b"[1]"), digest(b"[1] "));
    assert_eq!(
        digest(b"[1]"),
        "080a9ed428559ef602668b4c00f114f1a11c3f6b02a435f0bdc154578e4d7f22"
    );
}
