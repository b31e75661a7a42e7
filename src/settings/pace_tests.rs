//! What plays a topic: a rate or time stamps, a speed, and a player; and the errors where they do not go together.

use std::time::Duration;

use super::test_support::{MINIMAL, errors, errors_in_topic, load};
use super::*;

/// A topic with `lines` after its dataset, which is line 2.
fn topic(name: &str, lines: &str) -> String {
    format!("[topics.{name}]\ndataset = \"d\"\n{lines}\n")
}

fn loaded(toml: &str) -> Settings {
    load(toml, &[], &[]).unwrap()
}

#[test]
fn a_topic_is_played_by_its_own_time() {
    let lines =
        "time = \"a.ts\"\ntime_unit = \"ns\"\nmax_gap = \"5s\"\nloop_gap = \"250ms\"\nspeed = 0.25";
    let settings = loaded(&topic("x", lines));
    let topic = &settings.topics[0];
    assert_eq!(
        topic.pace.time(),
        Some(&TimeSettings {
            key: "a.ts".to_owned(),
            unit: Some(TimeUnit::Nanos),
            max_gap: Some(Duration::from_secs(5)),
            loop_gap: Some(Duration::from_millis(250)),
        })
    );
    assert_eq!((topic.pace.rate(), topic.speed.thousandths()), (None, 250));
    assert_eq!(topic.describe_pace(), "by the time in `a.ts`, speed 0.25");
    let second = topic.playout(Some(Duration::from_secs(1)));
    assert_eq!(second.delay, Duration::from_millis(2_100));
}

#[test]
fn a_topic_is_its_own_player_at_speed_1_by_default() {
    let settings = loaded(MINIMAL);
    let topic = &settings.topics[0];
    assert_eq!((&topic.player, topic.speed), (&topic.name, Speed::NORMAL));
    assert_eq!(topic.describe_pace(), "100 per second");
}

#[test]
fn every_unit_has_its_name() {
    for (name, unit) in TimeUnit::ALL {
        let settings = loaded(&topic(
            "x",
            &format!("time = \"t\"\ntime_unit = \"{name}\""),
        ));
        let time = settings.topics[0].pace.time().unwrap();
        assert_eq!((time.unit, unit.name()), (Some(unit), name));
    }
}

#[test]
fn rate_and_time_exclude_each_other() {
    assert_eq!(
        errors_in_topic("time = \"t\""),
        [
            "x.toml:4:8: topics.ecg.time: `rate` is set, too; remove `rate` to play the records by their own time, or \
             `time` to play them at that rate"
        ]
    );
}

#[test]
fn what_belongs_to_time_needs_it() {
    for (line, key) in [
        ("time_unit = \"s\"", "time_unit"),
        ("max_gap = \"1s\"", "max_gap"),
        ("loop_gap = \"1s\"", "loop_gap"),
    ] {
        let column = key.len() + 4;
        assert_eq!(
            errors_in_topic(line),
            [format!(
                "x.toml:4:{column}: topics.ecg.{key}: only for records that are played by their own time; \
                 add `time` in place of `rate`, or remove it"
            )]
        );
    }
}

#[test]
fn an_invalid_pace_is_rejected_with_its_place() {
    for (line, error) in [
        (
            "speed = 0",
            "4:9: topics.ecg.speed: out of range 0.01 to 16, found `0`; use for example `speed = 2.0`",
        ),
        (
            "speed = -1",
            "4:9: topics.ecg.speed: out of range 0.01 to 16, found `-1`; use for example `speed = 2.0`",
        ),
        (
            "speed = 1.0001",
            "4:9: topics.ecg.speed: more than 3 decimal places, found `1.0001`; use for example `speed = 2.0`",
        ),
        (
            "speed = \"2\"",
            "4:9: topics.ecg.speed: expected a number, not a string, found `\"2\"`; use for example `speed = 2.0`",
        ),
        (
            "player = \"A B\"",
            "4:10: topics.ecg.player: not a topic name, found `\"A B\"`; use `player = \"a-b\"`",
        ),
    ] {
        assert_eq!(errors_in_topic(line), [format!("x.toml:{error}")], "{line}");
    }
}

#[test]
fn the_rate_that_results_from_the_speed_is_limited() {
    let lines = |speed: &str| topic("x", &format!("rate = 5000\nspeed = {speed}"));
    assert!(load(&lines("2"), &[], &[]).is_ok());
    assert_eq!(
        errors(&lines("2.001"), &[], &[]),
        [
            "x.toml:4:9: topics.x.speed: `2.001` times the rate of 5000 is more than 10000 records per second; \
             lower one of them"
        ]
    );
}

#[test]
fn topics_of_a_player_agree_on_start_loop_and_speed() {
    let player = "rate = 1\nplayer = \"p\"";
    let both = |second: &str| topic("a", player) + &topic("b", &format!("{player}\n{second}"));
    let settings = loaded(&both(""));
    let players: Vec<_> = settings
        .topics
        .iter()
        .map(|topic| topic.player.as_str())
        .collect();
    assert_eq!(players, ["p", "p"]);
    for (line, key) in [
        ("loop = false", "loop"),
        ("speed = 2.0", "speed"),
        ("start = \"2026-01-01T00:00:00Z\"", "start"),
    ] {
        let column = key.len() + 4;
        assert_eq!(
            errors(&both(line), &[], &[]),
            [format!(
                "x.toml:9:{column}: topics.b.{key}: not that of the topic `a`, which is in the same player `p`; \
                 give all topics of a player the same `{key}`"
            )]
        );
    }
}

#[test]
fn a_player_is_not_named_like_a_topic_outside_of_it() {
    let toml = topic("a", "rate = 1") + &topic("b", "rate = 1\nplayer = \"a\"");
    let error = "x.toml:7:10: topics.b.player: `a` is also a topic, which is not in this player; add `player = \"a\"` \
                 to that topic, or choose another name";
    // The player of `a` is `a` by default, so `b` has joined it.
    assert!(load(&toml, &[], &[]).is_ok());
    let toml = topic("a", "rate = 1\nplayer = \"c\"") + &topic("b", "rate = 1\nplayer = \"a\"");
    assert_eq!(errors(&toml, &[], &[]), [error.replace("7:10", "8:10")]);
}

#[test]
fn a_gap_is_shortened_only_where_a_topic_plays_alone() {
    let alone = "time = \"t\"\nmax_gap = \"1s\"\n";
    assert!(load(&topic("a", alone), &[], &[]).is_ok());
    let together = topic("a", &format!("{alone}player = \"b\"")) + &topic("b", "time = \"t\"");
    assert_eq!(
        errors(&together, &[], &[]),
        [
            "x.toml:4:11: topics.a.max_gap: the player `b` has several topics; remove it: topics that are played together \
             keep their gaps, so that they stay aligned"
        ]
    );
}
