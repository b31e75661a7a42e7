//! `tickcast play` by the records' own time: what is guessed, what is said about it, and how to override it.

use serde_json::Value;

use super::{Hub, RawClient, play, project, topics, wait_for_end};

/// A hub that plays a file called `name` with the content `text`, with more arguments.
pub(super) fn playing(name: &str, text: &str, more: &[&str]) -> Hub {
    let project = project();
    project.write(name, text);
    play(&project, &[&["play", name], more].concat())
}

/// What the hub says about the time of its file; null if it says nothing.
fn said(hub: &Hub) -> String {
    let event = hub.last_event("dataset.time");
    event.map_or_else(String::new, |event| {
        event["message"].as_str().unwrap().to_owned()
    })
}

/// The instants at which the records of the topic were due, after the first, in milliseconds.
pub(super) fn due(hub: &Hub, topic: &str) -> Vec<i64> {
    let path = format!("/api/v1/topics/{topic}/history?last=1000");
    let history = RawClient::get(hub.public(), &path).json();
    let instants = history["items"].as_array().unwrap().iter();
    let instants: Vec<_> = instants
        .map(|record| record["t"].as_i64().unwrap())
        .collect();
    let first = instants[0];
    instants.iter().map(|t| (t - first) / 1_000).collect()
}

const SAMPLES: &str = "time,v\n0,1\n0.1,2\n0.1,3\n0.25,4\n";

#[test]
fn a_file_is_played_by_the_time_of_its_records() {
    let instants = "timestamp,v\n1700000000.0,1\n1700000000.1,2\n1700000000.1,3\n1700000000.25,4\n";
    let dates = "v,Date\n1,2024-02-29T23:59:59.9Z\n2,2024-03-01T01:00:00.000+01:00\n3,2024-03-01T00:00:00\n4,2024-03-01 00:00:00.15\n";
    let lines = "{\"t_ms\":-100}\n{\"t_ms\":0}\n{\"t_ms\":0.0}\n{\"t_ms\":150}\n";
    let array = "[{\"created_at\":\"1700000000000\"},{\"created_at\":\"1700000000100\"},{\"created_at\":\"1700000000100\"},\
                 {\"created_at\":\"1700000000250\"}]";
    for (name, text, column, unit) in [
        ("a.csv", SAMPLES, "time", "s"),
        ("a.csv", instants, "timestamp", "s"),
        ("a.csv", dates, "Date", "rfc3339"),
        ("a.ndjson", lines, "t_ms", "ms"),
        ("a.json", array, "created_at", "ms"),
    ] {
        let hub = playing(name, text, &["--once"]);
        wait_for_end(&hub, "a");
        assert_eq!(due(&hub, "a"), [0, 100, 100, 250], "{column}");
        let topic = &topics(&hub)[0];
        assert_eq!(topic["rate"], Value::Null);
        let event = hub.last_event("dataset.time").unwrap();
        assert_eq!(event["time"], column);
        assert_eq!(event["time_unit"], unit);
        assert!(said(&hub).contains("--no-time"), "{}", said(&hub));
        hub.stop_without_warnings();
    }
}

#[test]
fn the_guess_is_overridden_by_options() {
    let hub = playing("a.csv", SAMPLES, &["--once", "--no-time"]);
    wait_for_end(&hub, "a");
    assert_eq!(due(&hub, "a"), [0, 100, 200, 300]);
    assert_eq!(said(&hub), "");
    let hub = playing("a.csv", SAMPLES, &["--once", "--rate", "20"]);
    wait_for_end(&hub, "a");
    assert_eq!(due(&hub, "a"), [0, 50, 100, 150]);
    let hub = playing(
        "a.csv",
        SAMPLES,
        &["--once", "--time", "v", "--time-unit", "ms"],
    );
    wait_for_end(&hub, "a");
    assert_eq!(due(&hub, "a"), [0, 1, 2, 3]);
    let hub = playing(
        "a.csv",
        SAMPLES,
        &["--once", "--speed", "0.5", "--columns", "v"],
    );
    wait_for_end(&hub, "a");
    assert_eq!(due(&hub, "a"), [0, 200, 200, 500]);
}

#[test]
fn a_time_by_which_the_picture_would_not_move_is_not_used_and_said() {
    let seconds = |step: u64, count: u64| {
        let rows = (0..count).map(|index| format!("{},{index}\n", 1_700_000_000 + index * step));
        format!("ts,v\n{}", rows.collect::<String>())
    };
    let dense = (0..10_001)
        .map(|index| format!("0.{index:05},1\n"))
        .collect::<String>();
    for (text, message) in [
        (
            "Date,v\n2024-02-28,1\n2024-02-29,2\n2024-03-01,3\n",
            "`Date` is a day apart: played at 10 records a second; `--time Date` to play by it",
        ),
        (
            "Start Time,v\n2024-02-28 10:00,1\n2024-02-28 10:01,2\n",
            "`Start Time` is a minute apart: played at 10 records a second; `--time 'Start Time'` to play by it",
        ),
        (
            "Month,v\n1949-01,1\n1949-02,2\n1949-03,3\n1949-04,3\n",
            "`Month` is 31 days apart: played at 10 records a second; `--time Month` to play by it",
        ),
        (
            "t,v\n5,1\n5,2\n",
            "`t` is the same in all records: played at 10 records a second; `--time COLUMN` to play by another column",
        ),
        (
            "t,v\n5,1\n6,2\n4,2\n",
            "`t` of record 3 is `4`, before `6` of the record before it: played at 10 records a second; `--time COLUMN` to \
             play by another column",
        ),
        (
            "date,v\n2016-12-31T23:59:59Z,1\n2016-12-31T23:59:60Z,1\n",
            "`date` of record 2 is `2016-12-31T23:59:60Z`, a leap second, which the hub's clock does not have: played at \
             10 records a second; `--time COLUMN` to play by another column",
        ),
        (
            "when,Date\n1,01/02/2020\n2,02/02/2020\n",
            "`Date` of record 1 is `01/02/2020`, which may have the day or the month first; a date has the year first, as \
             in 2024-02-29: played at 10 records a second; `--time COLUMN` to play by another column",
        ),
        (
            "time,v\n1,1\n,2\n3,3\n",
            "`time` of record 2 is empty: played at 10 records a second; `--time COLUMN` to play by another column",
        ),
        (
            &seconds(3, 20),
            "`ts` is 3 seconds apart: played at 10 records a second; `--time ts` to play by it",
        ),
        (
            &format!("t,v\n{dense}"),
            "10001 records a second in `t` are more than 10000: played at 10 records a second; `--speed 0.99 --time t` to \
             play by it, but slower",
        ),
    ] {
        let hub = playing("a.csv", text, &[]);
        assert_eq!(said(&hub), message);
        assert_eq!(topics(&hub)[0]["rate"], 10.0, "{message}");
    }
}

#[test]
fn a_mistake_beyond_the_first_records_is_found_and_said_with_its_line() {
    let rows = (0..60_000).map(|index| format!("{}.{:03},1\n", index / 1_000, index % 1_000));
    let text = format!("t,v\n{}5,1\n", rows.collect::<String>());
    let hub = playing("a.csv", &text, &[]);
    let expected = "`t` of record 60001 is `5`, before `59.999` of the record before it (line 60002): played at 10";
    assert!(said(&hub).starts_with(expected), "{}", said(&hub));
    assert_eq!(topics(&hub)[0]["rate"], 10.0);
}

#[test]
fn other_columns_are_not_taken_for_a_time() {
    for text in [
        "id,v\n1,2\n2,3\n",
        "year,v\n1950,2\n1951,3\n",
        "lap_time,v\n12,2\n13,3\n",
        "time,tip\nDinner,2\nLunch,3\n",
        "v,when\n1,1700000000\n2,1700000001\n",
    ] {
        let hub = playing("a.csv", text, &[]);
        assert_eq!(said(&hub), "", "{text}");
        assert_eq!(topics(&hub)[0]["rate"], 10.0);
    }
}

#[test]
fn the_first_column_may_be_the_time_without_a_name() {
    let hub = playing(
        "a.csv",
        ",v\n2024-01-01 00:00:00.0,1\n2024-01-01 00:00:00.5,2\n",
        &[],
    );
    let expected = "played by the time in `column_1`, dates taken as UTC, 500 milliseconds apart; `--no-time` for a fixed \
                    rate, `--time COLUMN` for another column";
    assert_eq!(said(&hub), expected);
}

#[test]
fn a_faster_speed_makes_a_slow_time_a_picture() {
    let text = "time,v\n0,1\n20,2\n40,3\n";
    let hub = playing("a.csv", text, &["--speed", "16"]);
    assert!(
        said(&hub).starts_with("played by the time in `time`, in seconds, 20 seconds apart"),
        "{}",
        said(&hub)
    );
    let slow = playing("a.csv", text, &["--speed", "2"]);
    assert!(
        said(&slow).starts_with("`time` is 20 seconds apart"),
        "{}",
        said(&slow)
    );
}

#[test]
fn a_time_that_was_named_is_used_although_the_picture_hardly_moves() {
    let text = "Date,v\n2024-02-28,1\n2024-02-29,2\n";
    let hub = playing("a.csv", text, &["--time", "Date"]);
    assert_eq!(topics(&hub)[0]["rate"], Value::Null);
    assert_eq!(
        said(&hub),
        "played by the time in `Date`, dates taken as UTC, a day apart"
    );
}

#[test]
fn files_whose_times_overlap_play_together() {
    let project = project();
    project.write(
        "a.csv",
        "time,v\n1700000000.0,1\n1700000000.2,2\n1700000000.4,3\n",
    );
    project.write("b.csv", "v,ts\n1,1700000000100\n2,1700000000300\n");
    let hub = play(&project, &["a.csv", "b.csv"]);
    let players: Vec<_> = topics(&hub)
        .iter()
        .map(|topic| topic["player"].clone())
        .collect();
    assert_eq!(players, ["a", "a"]);
    project.write("later.csv", "time,v\n1800000000.0,1\n1800000000.2,2\n");
    let hub = play(&project, &["a.csv", "later.csv"]);
    let players: Vec<_> = topics(&hub)
        .iter()
        .map(|topic| topic["player"].clone())
        .collect();
    assert_eq!(players, ["a", "later"]);
}
