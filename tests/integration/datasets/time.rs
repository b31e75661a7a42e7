//! Time stamps of records: what they are in every spelling and format, and what is refused.

use tickcast::settings::{TimeSettings, TimeUnit};
use tickcast::source::{Dataset, ReadOptions, RecordSource as _};

use super::{Files, Project, gzip, notes_of, records_of};

/// How a file is read whose time is in `key`.
fn by_time(key: &str, unit: Option<TimeUnit>) -> ReadOptions {
    ReadOptions {
        time: Some(TimeSettings {
            key: key.to_owned(),
            unit,
            max_gap: None,
            loop_gap: None,
        }),
        ..ReadOptions::DEFAULT
    }
}

/// The stamps of a dataset, in microseconds.
fn stamps_of(dataset: &Dataset) -> Vec<i64> {
    let stamps = dataset.stamps().unwrap();
    (0..stamps.count())
        .map(|index| stamps.get(index).get())
        .collect()
}

/// The stamps in `t` of an NDJSON file with these values, and of a CSV file with the same cells.
fn stamps(values: &[&str], unit: Option<TimeUnit>) -> Vec<i64> {
    let files = Files::new();
    let options = by_time("t", unit);
    let lines = values
        .iter()
        .map(|value| format!("{{\"v\":1,\"t\":{value}}}\n"));
    let lines = files.write("a.ndjson", lines.collect::<String>());
    let cell = |value: &str| format!("1,{}\n", value.trim_matches('"'));
    let rows = values.iter().map(|value| cell(value)).collect::<String>();
    let rows = files.write("a.csv", format!("v,t\n{rows}"));
    let [lines, rows] = [lines, rows].map(|path| {
        let dataset = Dataset::load(&path, &options);
        stamps_of(&dataset.unwrap_or_else(|error| panic!("{error}")))
    });
    assert_eq!(lines, rows);
    lines
}

/// The error of a file called `name` with the content `text`, whose time is in `t`, with its remedy.
fn error(name: &str, text: &str, unit: Option<TimeUnit>) -> String {
    let files = Files::new();
    let path = files.write(name, text);
    let error = Dataset::load(&path, &by_time("t", unit)).unwrap_err();
    let folder = format!("{}/", path.parent().unwrap().display());
    format!("{error}; {}", error.remedy()).replace(&folder, "")
}

const START: i64 = 1_709_164_800_000_000;

#[test]
fn an_instant_is_the_same_in_every_spelling() {
    for value in [
        "1709164800",
        "1709164800.0",
        "\"1709164800\"",
        "1.7091648e9",
        "1709164800000",
        "1709164800000.000",
        "1709164800000000",
        "1709164800000000000",
        "\"2024-02-29\"",
        "\"2024-02-29T00:00\"",
        "\"2024-02-29T00:00:00\"",
        "\"2024-02-29T00:00:00Z\"",
        "\"2024-02-29 00:00:00.000\"",
        "\"2024-02-29T01:00:00+01:00\"",
        "\"2024-02-28T19:00:00-05:00\"",
        "\"2024-02-29 05:45:00 +0545\"",
        "\"2024-02-29 00:00:00 UTC\"",
        "\"2024/02/29 00:00\"",
        "\"20240229T000000Z\"",
    ] {
        assert_eq!(stamps(&[value], None), [START], "{value}");
    }
}

#[test]
fn fractions_are_exact_in_every_unit() {
    for (value, unit) in [
        ("1709164800.000001", None),
        ("1709164800000.001", None),
        ("1709164800000001", None),
        ("1709164800000001999", None),
        ("\"2024-02-29T00:00:00.000001999Z\"", None),
        ("1709164800000001", Some(TimeUnit::Micros)),
        ("1709164800000001.5", Some(TimeUnit::Micros)),
        ("17091648000.00001e-1", Some(TimeUnit::Seconds)),
    ] {
        assert_eq!(stamps(&[value], unit), [START + 1], "{value}");
    }
    // An `f64` has no room for these digits.
    let close = ["1709164800.123456", "1709164800.123457"];
    let [first, second] = stamps(&close, None)[..] else {
        panic!("two stamps");
    };
    assert_eq!(second - first, 1);
}

#[test]
fn times_may_be_relative_negative_and_equal() {
    assert_eq!(
        stamps(&["-0.5", "0", "0", "1e-3", "0.25"], None),
        [-500_000, 0, 0, 1_000, 250_000]
    );
    assert_eq!(stamps(&["-1", "0"], Some(TimeUnit::Nanos)), [-1, 0]);
    assert_eq!(
        stamps(&["\"1969-12-31T23:59:59Z\"", "\"1970-01-01\""], None),
        [-1_000_000, 0]
    );
}

#[test]
fn zones_may_differ_and_years_may_leap() {
    let hour = 3_600_000_000;
    let zones = [
        "\"2024-02-28T23:30:00Z\"",
        "\"2024-02-29T01:00:00+01:00\"",
        "\"2024-02-29T06:30:00+05:30\"",
    ];
    assert_eq!(
        stamps(&zones, None),
        [START - hour / 2, START, START + hour]
    );
    let days = ["\"2024-02-28\"", "\"2024-02-29\"", "\"2024-03-01\""];
    let day = 24 * hour;
    assert_eq!(stamps(&days, None), [START - day, START, START + day]);
}

#[test]
fn the_unit_is_that_of_the_greatest_stamp_of_the_whole_file() {
    let options = by_time("t", None);
    let files = Files::new();
    let path = files.write("a.csv", "t\n0\n1500\n1709164800000\n");
    let dataset = Dataset::load(&path, &options).unwrap();
    assert_eq!(stamps_of(&dataset), [0, 1_500_000, START]);
    let note = "`t` is in milliseconds, by its numbers and its name; if it is not, set `time_unit`";
    assert_eq!(notes_of(&dataset), [note]);
    let path = files.write("b.csv", "t_ms\n0\n1500\n");
    let named = Dataset::load(&path, &by_time("t_ms", None)).unwrap();
    assert_eq!(stamps_of(&named), [0, 1_500_000]);
}

#[test]
fn what_was_taken_for_granted_is_noted() {
    let files = Files::new();
    let path = files.write("a.csv", "t\n2024-02-29\n2024-02-29T01:00:00Z\n2024-03-01\n");
    let notes = |unit| notes_of(&Dataset::load(&path, &by_time("t", unit)).unwrap());
    let zones = "`t`: 2 time stamps have no time zone, and were taken as UTC";
    let spelling = "`t` has dates, by their spelling";
    assert_eq!(notes(None), [spelling, zones]);
    assert_eq!(notes(Some(TimeUnit::Rfc3339)), [zones]);
}

#[test]
fn the_time_need_not_be_among_the_columns_and_may_be_nested() {
    let files = Files::new();
    let load = |name: &str, text: &[u8], key: &str| {
        let options = ReadOptions {
            columns: vec!["v".to_owned()],
            ..by_time(key, None)
        };
        let dataset = Dataset::load(&files.write(name, text), &options);
        let dataset = dataset.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(records_of(&dataset), [r#"{"v":1}"#, r#"{"v":2}"#]);
        stamps_of(&dataset)
    };
    let expected = [1_000_000, 2_000_000];
    let nested = br#"[{"v":1,"m":{"t":1}}, {"m" : { "t" : 2 }, "v":2}]"#;
    assert_eq!(load("a.json", nested, "m.t"), expected);
    let dotted = b"{\"m.t\":1,\"v\":1}\n{\"m.t\":2,\"v\":2}\n";
    assert_eq!(load("a.ndjson", dotted, "m.t"), expected);
    assert_eq!(load("b.ndjson", dotted, r"m\.t"), expected);
    let rows = gzip(b"\"m.t\",v\n1,1\n2,2\n");
    assert_eq!(load("a.csv.gz", &rows, "m.t"), expected);
    assert_eq!(load("b.csv", &rows, r"m\.t"), expected);
    assert_eq!(load("a.tsv", b"\tv\n1\t1\n2\t2\n", "column_1"), expected);
}

#[test]
fn longer_gaps_are_shortened() {
    let files = Files::new();
    let mut options = by_time("t", None);
    options.time.as_mut().unwrap().max_gap = Some(std::time::Duration::from_secs(2));
    let path = files.write("a.csv", "t\n0\n1\n100\n102\n1000000000\n");
    let dataset = Dataset::load(&path, &options).unwrap();
    let seconds = stamps_of(&dataset)
        .iter()
        .map(|stamp| stamp / 1_000_000)
        .collect::<Vec<_>>();
    assert_eq!(seconds, [0, 1, 3, 5, 7]);
}

#[test]
fn the_time_does_not_change_what_identifies_the_records() {
    let files = Files::new();
    let path = files.write("a.csv", "t,v\n1,2\n2,3\n");
    let played = Dataset::load(&path, &by_time("t", None)).unwrap();
    let plain = Dataset::load(&path, &ReadOptions::DEFAULT).unwrap();
    assert_eq!(played.digest(), plain.digest());
    assert_eq!(records_of(&played), records_of(&plain));
    assert!(plain.stamps().is_none());
}

#[test]
fn what_is_not_a_time_stamp_is_refused_with_its_place_and_the_remedy() {
    for (text, named) in [
        (
            "t,v\n1,2\n,3\n3,4\n",
            &["a.csv:3:1", "`t` of record 2 is empty", "fixed `rate`"][..],
        ),
        (
            "t,v\n1,2\nnan,3\n",
            &["a.csv:3:1", "is `nan`, but of the record before it `1`"],
        ),
        (
            "t,v\n5,2\n4,3\n",
            &[
                "a.csv:3:1",
                "`t` of record 2 is `4`, before `5`",
                "sort the records",
            ],
        ),
        (
            "t\n2024-10-27T02:59:59\n2024-10-27T02:00:00\n",
            &[
                "a.csv:3:1",
                "before `2024-10-27T02:59:59`",
                "when summer ends",
            ],
        ),
        (
            "t\n2023-02-29\n",
            &["a.csv:2:1", "`2023-02-29`, a day that does not exist"],
        ),
        ("t\n2016-12-31T23:59:60Z\n", &["a.csv:2:1", "a leap second"]),
        (
            "t\n01/02/2020\n",
            &["`01/02/2020`", "day or the month first", "2024-02-29"],
        ),
        ("t\n12:30:00\n", &["a time of day without a date"]),
        ("t\nsoon\n", &["`soon`, which is not a date and time"]),
        (
            "t\n1\n2024-01-01\n",
            &["a.csv:3:1", "`2024-01-01`", "`1`", "all as dates"],
        ),
        (
            "t\n2024-01-01\n1704067201\n",
            &["a.csv:3:1", "`1704067201`", "`2024-01-01`"],
        ),
        (
            "t\n1e400\n",
            &["a.csv:2:1", "`1e400`", "between the years", "`time_unit`"],
        ),
        (
            "x,y\n1,2\n",
            &[
                "dataset `a.csv`",
                "no record has the column `t`",
                "`x`, `y`",
            ],
        ),
        (
            "t,t\n1,2\n",
            &["a.csv:1:1", "the columns 1 and 2 are both called `t`"],
        ),
    ] {
        let error = error("a.csv", text, None);
        for name in named {
            assert!(error.contains(name), "`{name}` is not in\n{error}");
        }
    }
}

#[test]
fn json_records_without_a_time_stamp_are_refused() {
    for (text, named) in [
        (
            "{\"t\":1}\n\n{\"t\":null}\n",
            &["a.ndjson:3:1", "`t` of record 2 is empty"][..],
        ),
        (
            "{\"t\":1}\n{\"v\":1,\"w.x\":2}\n",
            &[
                "a.ndjson:2:1",
                "record 2 has no `t`",
                "the record has `v`, `w\\.x`",
            ],
        ),
        ("{}\n", &["a.ndjson:1:1", "record 1 has no `t`"]),
        (
            "5\n",
            &[
                "a.ndjson:1:1",
                "record 1 has no `t`",
                "only an object has a time",
            ],
        ),
        (
            "{\"t\":true}\n",
            &["`t` of record 1 is `true`, not a time stamp"],
        ),
        (
            "{\"t\":[1]}\n",
            &["`t` of record 1 is `[1]`, not a time stamp"],
        ),
        ("{\"t\":\"\"}\n", &["`t` of record 1 is empty"]),
    ] {
        let error = error("a.ndjson", text, None);
        for name in named {
            assert!(error.contains(name), "`{name}` is not in\n{error}");
        }
    }
    let wide = error(
        "a.ndjson",
        "{\"t\":9223372036854775808}\n",
        Some(TimeUnit::Seconds),
    );
    assert!(
        wide.contains("which in seconds is not between the years"),
        "{wide}"
    );
    let text = error("a.json", "[{\"t\":\"x\"}]", Some(TimeUnit::Nanos));
    assert!(
        text.contains("a.json:1:2") && text.contains("not a number of nanoseconds"),
        "{text}"
    );
}

#[test]
fn check_describes_the_time_of_a_topic() {
    let toml = "[topics.demo]\ndataset = \"a.csv\"\ntime = \"t\"\n";
    let project = Project::raw("").configure(toml);
    project.write("a.csv", "t,v\n2024-02-29,1\n2024-02-29T00:00:10Z,2\n");
    let output = project.run(&["check"]);
    let text = String::from_utf8(output.stdout).unwrap();
    for line in [
        "topic demo: 2 records, by the time in `t`, from ",
        "  time: `t`, dates, from 2024-02-29T00:00:00Z to 2024-02-29T00:00:10Z: 10 seconds\n",
        "  time: 10 seconds apart in the median\n",
        "  `t` has dates, by their spelling\n",
        "  `t`: one time stamp has no time zone, and was taken as UTC\n",
    ] {
        assert!(text.contains(line), "`{line}` is not in\n{text}");
    }
    project.write("a.csv", "t,v\n2,1\n1,2\n");
    let refused = project.run(&["check"]);
    let error = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{error}");
    assert!(
        error.contains("a.csv:3:1: malformed dataset: `t` of record 2 is `1`, before `2`"),
        "{error}"
    );
}
