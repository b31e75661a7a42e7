//! What `tickcast check FILE` says about a dataset.

use super::{project, refused, run};

/// What `check` prints about a file called `name` with the content `text`.
fn described(name: &str, text: &str) -> Vec<String> {
    let project = project();
    project.write(name, text);
    let output = run(&project, &["check", name]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{error}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// The cells of a line of the table.
fn cells(line: &str) -> Vec<&str> {
    line.split("  ")
        .map(str::trim)
        .filter(|cell| !cell.is_empty())
        .collect()
}

#[test]
fn every_field_has_its_type_range_nulls_and_an_example() {
    let text = "time,temp,ok,x\n2024-02-29,1.50,true,\n2024-03-01,,false,\n2024-03-02,-7,true,\n";
    let lines = described("Weather.csv", text);
    assert_eq!(lines[0], "Weather.csv: 3 records, read as csv");
    let expected = [
        &["field", "type", "range", "null", "missing", "example"][..],
        &["time", "text", "0", "0", "\"2024-02-29\""],
        &["temp", "number", "-7 to 1.50", "1", "0", "1.50"],
        &["ok", "boolean", "0", "0", "true"],
        &["x", "null only", "3", "0"],
    ];
    for (line, expected) in lines[1..].iter().zip(expected) {
        assert_eq!(cells(line), expected, "{lines:#?}");
    }
    assert_eq!(
        lines[8],
        "  time: `time` is a day apart: played at 10 records a second; `--time time` to play by it"
    );
    assert_eq!(
        lines[9],
        "  `tickcast play` would play it as the topic `weather`, 10 records per second, less than a second once through"
    );
}

#[test]
fn fields_of_json_may_be_nested_missing_and_of_several_types() {
    let text = "{\"a\":{\"b\":1,\"c.d\":[1]}}\n{\"a\":{\"b\":9007199254740993},\"e\":\"x\"}\n{\"a\":{\"b\":9007199254740992},\"e\":1e400}\n";
    let lines = described("a.ndjson", text);
    assert_eq!(
        cells(&lines[2]),
        ["a.b", "number", "1 to 9007199254740993", "0", "0", "1"]
    );
    assert_eq!(cells(&lines[3]), [r"a.c\.d", "structure", "0", "2", "[1]"]);
    assert_eq!(
        cells(&lines[4]),
        ["e", "number, text", "1e400 to 1e400", "0", "1", "\"x\""]
    );
}

#[test]
fn the_notes_follow_the_table() {
    let lines = described("a.csv", "v;w\n1;NaN\nx;2\n");
    assert!(
        lines[4].starts_with("  note: the cells are separated by `;`"),
        "{lines:#?}"
    );
    assert!(
        lines[5].starts_with("  note: column `v` is text"),
        "{lines:#?}"
    );
    assert!(
        lines[6].starts_with("  note: column `w`: NaN and infinite"),
        "{lines:#?}"
    );
}

#[test]
fn a_bad_file_is_refused_as_by_play() {
    let project = project();
    project.write("bad.csv", "a,b\n1,2\n3\n");
    refused(
        &project,
        &["check", "bad.csv"],
        &["bad.csv:3:1", "row 2 has 1 cell", ";"],
    );
    let both = ["--config", "hub.toml", "check", "steps.ndjson"];
    refused(&project, &both, &["`--config`", "not both"]);
    refused(
        &project,
        &["check", "hub.toml"],
        &["`tickcast --config hub.toml`"],
    );
}

#[test]
fn what_a_file_contains_cannot_control_the_terminal() {
    let lines = described("a.csv", "\u{1b}[2J,b\n\u{9b}x,\u{202e}y\n");
    let text = lines.join("\n");
    assert!(!text.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{text:?}");
}
