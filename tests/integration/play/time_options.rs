//! Options of `tickcast play` for the time of the records, what is refused, and what `tickcast check` says about the time.

use super::time::{due, playing};
use super::{Hub, play, project, refused, run, topics, wait_for_end};

#[test]
fn a_time_that_was_named_and_cannot_work_is_refused() {
    let project = project();
    project.write("a.csv", "t,u,v\n1,5,x\n2,4,y\n3,3,z\n");
    project.write("a.ndjson", "{\"m\":{\"t\":1}}\n{\"m\":{}}\n");
    let dense = (0..20_001)
        .map(|index| format!("0.{index:05},1\n"))
        .collect::<String>();
    project.write("dense.csv", &format!("t,v\n{dense}"));
    for (arguments, named) in [
        (
            &["a.csv", "--time", "u"][..],
            &[
                "a.csv:3:1",
                "`u` of record 2 is `4`, before `5`",
                "sort the records",
            ][..],
        ),
        (
            &["a.csv", "--time", "v"],
            &[
                "a.csv:2:1",
                "`v` of record 1 is `x`",
                "choose another `time`",
            ],
        ),
        (
            &["a.csv", "--time", "w"],
            &["no record has the column `w`", "`t`, `u`, `v`"],
        ),
        (
            &["a.ndjson", "--time", "m.t"],
            &[
                "a.ndjson:2:1",
                "record 2 has no `m.t`",
                "the record has `m`",
            ],
        ),
        (
            &["a.csv", "--time", "t", "--time-unit", "rfc3339"],
            &["`t` of record 1 is `1`", "`time_unit`"],
        ),
        (
            &["a.csv", "--time", "t", "--time-unit", "d"],
            &["--time-unit", "`rfc3339`"],
        ),
        (&["a.csv", "--time-unit", "s"], &["--time"]),
        (
            &["a.csv", "--time", "t", "--rate", "5"],
            &["--time", "--rate", "cannot be used with"],
        ),
        (
            &["a.csv", "--time", "t", "--no-time"],
            &["--time", "--no-time", "cannot be used with"],
        ),
        (&["a.csv", "--speed", "17"], &["--speed", "0.01 to 16"]),
        (
            &["dense.csv", "--time", "t"],
            &["20001 records a second in `t`", "--speed 0.49 --time t"],
        ),
    ] {
        refused(&project, arguments, named);
    }
}

#[test]
fn a_beginning_that_is_not_in_the_recording_is_refused() {
    let project = project();
    project.write("a.csv", "t,v\n1,x\n2,y\n3,z\n");
    for (arguments, named) in [
        (&["a.csv", "--from", "soon"][..], &["--from", "`90s`"][..]),
        (
            &["a.csv", "--from", "1h"],
            &["a.csv: `--from` is beyond the end", "2 seconds"],
        ),
        (
            &["a.csv", "--from", "2024-01-01"],
            &["a.csv: `--from` is not in the recording", "from 1 s to 3 s"],
        ),
        (
            &["a.csv", "--no-time", "--from", "2024-01-01"],
            &["not played by its time", "`--time`"],
        ),
        (
            &["a.csv", "--from", "1s", "--save", "a.toml"],
            &["--from", "--save"],
        ),
    ] {
        refused(&project, arguments, named);
    }
}

#[test]
fn a_recording_begins_at_an_offset_or_an_instant() {
    let rows = (0..100).map(|index| {
        format!(
            "2024-02-29T12:{:02}:{:02}Z,{index}\n",
            index / 60,
            index % 60
        )
    });
    let text = format!("time,v\n{}", rows.collect::<String>());
    for from in ["65s", "2024-02-29T12:01:05Z", "2024-02-29 13:01:05+01:00"] {
        let hub = playing("a.csv", &text, &["--from", from]);
        let topic = &topics(&hub)[0];
        let seq = topic["seq"].as_u64().unwrap();
        assert!((66..90).contains(&seq), "{from}: {seq}");
    }
    let hub = playing("a.csv", &text, &["--from", "65s", "--speed", "2"]);
    let seq = topics(&hub)[0]["seq"].as_u64().unwrap();
    assert!((66..90).contains(&seq), "{seq}");
    let mut hub = playing("a.csv", &text, &["--from", "5s", "--rate", "10"]);
    let seq = topics(&hub)[0]["seq"].as_u64().unwrap();
    assert!((51..90).contains(&seq), "{seq}");
    // A reload goes on from there.
    hub.signal("-HUP");
    let reloaded = hub.event("config.reloaded");
    assert_eq!(reloaded["changed"], 0, "{reloaded}");
}

#[test]
fn the_saved_configuration_plays_by_the_same_time() {
    let project = project();
    project.write("a.csv", "v,t_ms\n1,0\n2,20\n3,30\n");
    let hub = play(
        &project,
        &[
            "play", "a.csv", "--once", "--speed", "0.5", "--save", "a.toml",
        ],
    );
    wait_for_end(&hub, "a");
    assert_eq!(due(&hub, "a"), [0, 40, 60]);
    hub.stop();
    let text = std::fs::read_to_string(project.path("a.toml")).unwrap();
    for line in [
        "time = \"t_ms\"\n",
        "time_unit = \"ms\"\n",
        "speed = 0.5\n",
        "loop = false\n",
    ] {
        assert!(text.contains(line), "{text}");
    }
    assert!(!text.contains("rate ="), "{text}");
    let mut command = super::program();
    command.arg("--config").arg(project.path("a.toml"));
    let saved = Hub::spawn(command, project.clone());
    wait_for_end(&saved, "a");
    assert_eq!(due(&saved, "a"), [0, 40, 60]);
}

#[test]
fn check_describes_the_time_of_a_file() {
    let project = project();
    let text = "ts,v\n1700000000000,1\n1700000000500,2\n1700000000500,3\n1700000001000,4\n1700000001500,5\n1700000061500,6\n\
                1700000062000,7\n";
    project.write("a.csv", text);
    let shown = |arguments: &[&str]| {
        let output = run(&project, &[&["check", "a.csv"], arguments].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text.lines().skip(4).map(str::to_owned);
        lines.collect::<Vec<_>>()
    };
    assert_eq!(
        shown(&[]),
        [
            "  note: `ts` is in milliseconds, by its numbers and its name; if it is not, set `time_unit`",
            "  time: `ts`, in milliseconds, from 2023-11-14T22:13:20Z to 2023-11-14T22:14:22Z: 62 seconds",
            "  time: 500 milliseconds apart in the median, 2 a second",
            "  time: 1 gap of more than ten times that, the longest a minute after record 5 at 2023-11-14T22:13:21.5Z",
            "  time: 1 record with the time of the record before",
            "  `tickcast play` would play it as the topic `a`, by the time in `ts`, 62 seconds once through",
        ]
    );
    assert_eq!(
        shown(&["--no-time"]),
        [
            "  `tickcast play` would play it as the topic `a`, 10 records per second, less than a second once through"
        ]
    );
    assert_eq!(
        shown(&["--time", "v"])[1],
        "  time: `v`, in seconds, from 1 s to 7 s: 6 seconds"
    );
}

#[test]
fn check_describes_a_time_that_would_not_be_used() {
    let project = project();
    project.write(
        "a.csv",
        "Date,v\n2024-02-28,1\n2024-02-29,2\n2024-03-01,3\n",
    );
    let output = run(&project, &["check", "a.csv"]);
    let text = String::from_utf8(output.stdout).unwrap();
    for line in [
        "  time: `Date`, dates, from 2024-02-28T00:00:00Z to 2024-03-01T00:00:00Z: 2 days\n",
        "  time: a day apart in the median\n",
        "  time: `Date` is a day apart: played at 10 records a second; `--time Date` to play by it\n",
    ] {
        assert!(text.contains(line), "{text}");
    }
}
