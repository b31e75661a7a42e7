use std::num::NonZeroU64;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::*;
use crate::protocol::Micros;
use crate::settings::{Overrides, Settings};
use crate::source::{ExtremesLookup, FieldIndex, RecordSource, SourceError, Stamps, StampsBuilder};

/// Records without contents.
#[derive(Debug)]
struct StampedSource {
    digest: [u8; 32],
    count: u64,
    stamps: Option<Stamps>,
}

impl RecordSource for StampedSource {
    fn count(&self) -> NonZeroU64 {
        NonZeroU64::new(self.count).unwrap()
    }

    fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    fn stamps(&self) -> Option<&Stamps> {
        self.stamps.as_ref()
    }

    fn record_max(&self) -> usize {
        1
    }

    fn record_len(&self, _: u64) -> usize {
        1
    }

    fn resident(&self, range: Range<u64>) -> Option<Vec<Bytes>> {
        Some(range.map(|_| Bytes::from_static(b"0")).collect())
    }

    fn read(&self, range: Range<u64>) -> Result<Vec<Bytes>, SourceError> {
        Ok(range.map(|_| Bytes::from_static(b"0")).collect())
    }

    fn poll_fields(&self) -> Result<Option<&FieldIndex>, SourceError> {
        Ok(None)
    }

    fn poll_extremes(&self, _: &str) -> Result<ExtremesLookup, SourceError> {
        Ok(ExtremesLookup::Done(None))
    }
}

fn source(digest: u8, stamps: &[i64]) -> SharedSource {
    let mut builder = StampsBuilder::new(None);
    for stamp in stamps {
        builder.push(Micros::new(*stamp)).unwrap();
    }
    Arc::new(StampedSource {
        digest: [digest; 32],
        count: stamps.len().max(1) as u64,
        stamps: builder.finish(),
    })
}

/// The clocks of topics with these lines, each of one of `sources`.
fn clocks(topics: &[&str], sources: &[SharedSource]) -> Result<Vec<TopicClock>, String> {
    let table =
        |(number, lines): (usize, &&str)| format!("[topics.t{number}]\ndataset = \"d\"\n{lines}\n");
    let toml: String = topics.iter().enumerate().map(table).collect();
    let settings = Settings::parse(&toml, &Overrides::default()).unwrap();
    let topics: Vec<_> = settings
        .topics
        .iter()
        .zip(sources.iter().cloned())
        .collect();
    topic_clocks(&settings.origins, &topics).map_err(|errors| errors.to_string())
}

fn identity(lines: &str, source: &SharedSource) -> [u8; 32] {
    clocks(&[lines], std::slice::from_ref(source)).unwrap()[0].identity
}

#[test]
fn a_rate_adds_nothing_to_the_identity_of_the_records() {
    let source = source(7, &[0, 1_000]);
    assert_eq!(identity("rate = 5", &source), [7; 32]);
    assert_eq!(identity("rate = 6\nspeed = 2", &source), [7; 32]);
}

#[test]
fn whatever_determines_dataset_time_is_in_the_identity() {
    let stamps = source(7, &[0, 1_000]);
    let identities = [
        identity("rate = 5", &stamps),
        identity("time = \"t\"", &stamps),
        identity("time = \"u\"", &stamps),
        identity("time = \"t\"\ntime_unit = \"s\"", &stamps),
        identity("time = \"t\"\nmax_gap = \"5s\"", &stamps),
        identity("time = \"t\"\nloop_gap = \"5s\"", &stamps),
        identity("time = \"t\"", &source(8, &[0, 1_000])),
        identity("time = \"t\"", &source(7, &[1, 1_001])),
        identity("time = \"t\"", &source(7, &[0, 5_000])),
    ];
    for (number, one) in identities.iter().enumerate() {
        assert!(!identities[..number].contains(one), "{number}");
    }
    let same = identity("time = \"t\"\nspeed = 2", &stamps);
    assert_eq!(same, identities[1]);
}

#[test]
fn topics_of_a_player_share_origin_and_lap_and_begin_together() {
    let sources = [source(1, &[1_000, 3_000]), source(2, &[2_500, 6_000])];
    let lines = "time = \"t\"\nplayer = \"p\"\nloop_gap = \"1ms\"";
    let clocks = |sources: &[SharedSource]| clocks(&[lines, lines], sources).unwrap();
    let together = clocks(&sources);
    let timeline = crate::timeline::Timeline::begin(
        Micros::new(0),
        together[1].pace,
        together[1].clock.clone(),
    );
    let due = |now| timeline.due(Micros::new(now)).get();
    assert_eq!(
        [1_499, 1_500, 5_000, 7_499, 7_500].map(due),
        [0, 1, 2, 2, 3]
    );
    // If the records of one topic change, the others begin a new epoch, too.
    let changed = clocks(&[source(3, &[1_000, 3_000]), Arc::clone(&sources[1])]);
    assert_ne!(changed[1].identity, together[1].identity);
}

#[test]
fn the_delay_follows_the_median_interval_and_never_the_speed() {
    let source = source(1, &[0, 1_000_000, 1_500_000, 2_500_000]);
    for lines in ["time = \"t\"", "time = \"t\"\nspeed = 4"] {
        let clocks = clocks(&[lines], std::slice::from_ref(&source)).unwrap();
        assert_eq!(
            clocks[0].playout.delay,
            Duration::from_millis(2_100),
            "{lines}"
        );
    }
}

#[test]
fn records_without_time_stamps_are_not_played_by_them() {
    let error = clocks(&["time = \"t\""], &[source(1, &[])]).unwrap_err();
    let line = error.lines().next().unwrap();
    assert!(
        line.ends_with("topics.t0.time: the records have no time stamps; set `rate` in its place"),
        "{line}"
    );
}

#[test]
fn more_than_ten_thousand_records_in_a_second_are_refused_with_the_place() {
    let stamps: Vec<i64> = (0..5_001).map(|n| 1_000_000 + n / 100).collect();
    let source = source(1, &stamps);
    let sources = std::slice::from_ref(&source);
    let lines = |speed: &str| format!("time = \"t\"\nloop_gap = \"2s\"\nspeed = {speed}");
    assert!(clocks(&[&lines("1.999")], sources).is_ok());
    let error = clocks(&[&lines("2")], sources).unwrap_err();
    let expected = "topics.t0.time: 5001 records fall into one second, which at speed 2 is more than 10000 per second; \
                    lower `speed`, or set `rate` in its place";
    assert!(error.contains(expected), "{error}");
}
