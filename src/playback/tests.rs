use std::sync::mpsc;
use std::task::{Context, Waker};

use bytes::Bytes;
use tempfile::TempDir;

use super::*;
use crate::hub::{Subscription, Topic, TopicSpec, Update, topic_clocks};
use crate::journal::{Journal, JournalWriter};
use crate::protocol::{Author, DueRecord, Micros, Publication, Seq, Speed, TopicName};
use crate::settings::{
    AboutSettings, Backfill, Pace, SlowPolicy, Start, TopicSettings, ValueOrigins,
};
use crate::source::{self, Dataset, ReadOptions};
use crate::timeline::{PlayoutSettings, SegmentPace};

/// Two topics with a journal.
struct Fixture {
    folder: TempDir,
    topics: Vec<Arc<Topic>>,
    playback: Arc<Playback>,
    cancel: CancellationToken,
}

fn settings(folder: &TempDir, name: &str, looping: bool) -> TopicSettings {
    TopicSettings {
        anchor: None,
        name: name.parse().unwrap(),
        dataset: folder.path().join("data.json"),
        format: None,
        columns: Vec::new(),
        channel: None,
        pace: Pace::Rate("0.01".parse().unwrap()),
        speed: Speed::NORMAL,
        player: name.parse().unwrap(),
        looping,
        start: Start::FirstRun,
        backfill: Backfill::Records(0),
        delay: Some(Duration::ZERO),
        coalesce: Some(Duration::ZERO),
        slow: SlowPolicy::Skip,
        max_lag: Duration::from_secs(10),
        record_max: 100,
        about: AboutSettings::default(),
        fields: Vec::new(),
    }
}

impl Fixture {
    fn start(dataset: &str, looping: bool) -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("data.json"), dataset).unwrap();
        let clock = Clock::start();
        let topic = |name: &str| {
            let settings = settings(&folder, name, looping);
            let dataset = Dataset::load(&settings.dataset, &ReadOptions::from(&settings)).unwrap();
            let source = source::shared(vec![dataset]).pop().unwrap();
            let topics = [(&settings, Arc::clone(&source))];
            let clocks = topic_clocks(&ValueOrigins::default(), &topics).unwrap();
            Arc::new(Topic::new(TopicSpec {
                settings: &settings,
                source,
                clock: clocks[0].clone(),
                checkpoint: None,
                is_player_restarted: false,
                now: clock.now(),
                recover_max: 100,
            }))
        };
        let topics: Vec<_> = ["one", "two"].map(topic).into();
        let journal = Journal::open(&folder.path().join("state")).unwrap();
        let writer = JournalWriter::start(journal, &topics).unwrap();
        let cancel = CancellationToken::new();
        let playback = Playback::new(clock, cancel.clone());
        playback.set_journal(JournalThread::start(writer).unwrap());
        Self {
            folder,
            topics,
            playback: Arc::new(playback),
            cancel,
        }
    }

    fn request(&self, rate: &str) -> PlaybackRequest {
        let command = |topic: &Arc<Topic>| TopicCommand {
            topic: Arc::clone(topic),
            command: PlaybackCommand::Pace {
                pace: SegmentPace::from_rate(rate.parse().unwrap()),
                playout: PlayoutSettings {
                    delay: Duration::ZERO,
                    coalesce: Duration::ZERO,
                },
            },
        };
        PlaybackRequest {
            commands: self.topics.iter().map(command).collect(),
            by: Author::new("an operator").unwrap(),
        }
    }

    async fn execute(&self, rate: &str) -> Result<PlaybackOutcome, PlaybackError> {
        self.playback.execute(&self.request(rate)).await
    }

    /// The rates of the segments of each topic, and whether it is held at a change.
    fn rates(&self) -> Vec<(Vec<String>, bool)> {
        let rates = |topic: &Arc<Topic>| {
            let checkpoint = topic.feed().checkpoint().unwrap();
            let segments = checkpoint.timeline.segments().iter();
            let rates = segments.map(|segment| segment.rate.unwrap().to_string());
            // Without a hold, very many records are due at the end of time.
            let is_held = topic.feed().due(Micros::new(i64::MAX)) < Seq::saturating(100);
            (rates.collect(), is_held)
        };
        self.topics.iter().map(rates).collect()
    }

    /// The same for topics that all have these segments and are not held.
    fn all_have(&self, rates: &[&str]) -> bool {
        let rates: Vec<_> = rates.iter().map(|&rate| rate.to_owned()).collect();
        self.rates()
            .iter()
            .all(|found| *found == (rates.clone(), false))
    }

    /// Stops the hub; returns the journal as the next one finds it.
    async fn stop(self) -> Journal {
        let journal = self.playback.journal().unwrap();
        journal.stop(Duration::from_secs(30)).await;
        Journal::open(&self.folder.path().join("state")).unwrap()
    }

    /// Blocks the journal's thread until the returned sender is dropped.
    fn block_disk(&self) -> mpsc::Sender<()> {
        let (blocked, end) = mpsc::channel::<()>();
        let journal = self.playback.journal().unwrap();
        assert!(journal.submit(move |_| _ = end.recv()));
        blocked
    }
}

#[tokio::test]
async fn a_request_changes_all_its_topics_at_one_instant_and_is_journalled() {
    let hub = Fixture::start("[1,2]", true);
    let PlaybackOutcome::Applied(t) = hub.execute("5").await.unwrap() else {
        panic!("nothing has changed");
    };
    assert!(hub.all_have(&["0.01", "5"]));
    assert_eq!(hub.execute("5").await.unwrap(), PlaybackOutcome::Unchanged);
    let journal = hub.stop().await;
    for name in ["one", "two"] {
        let checkpoint = journal
            .checkpoint(&name.parse::<TopicName>().unwrap())
            .unwrap();
        let segment = checkpoint.timeline.current();
        assert_eq!((segment.t0, segment.by.as_str()), (t, "an operator"));
        assert_eq!(checkpoint.version, 2);
    }
}

#[tokio::test]
async fn requests_at_the_same_time_are_executed_one_after_another() {
    let hub = Fixture::start("[1,2]", true);
    let (first, second) = tokio::join!(hub.execute("5"), hub.execute("7"));
    assert!(matches!(first.unwrap(), PlaybackOutcome::Applied(_)));
    assert!(matches!(second.unwrap(), PlaybackOutcome::Applied(_)));
    assert!(hub.all_have(&["0.01", "5", "7"]));
}

#[tokio::test]
async fn a_timeline_that_has_ended_is_not_changed() {
    let hub = Fixture::start("[1]", false);
    assert_eq!(hub.execute("5").await.unwrap(), PlaybackOutcome::Unchanged);
    assert!(hub.rates().iter().all(|(rates, _)| *rates == ["0.01"]));
}

#[tokio::test]
async fn a_change_that_cannot_be_written_has_no_effect() {
    let hub = Fixture::start("[1,2]", true);
    std::fs::remove_dir_all(hub.folder.path().join("state")).unwrap();
    let error = hub.execute("5").await.unwrap_err();
    assert!(matches!(error, PlaybackError::Failed(_)), "{error:?}");
    assert!(hub.all_have(&["0.01"]));
}

#[tokio::test]
async fn a_request_that_stops_waiting_for_the_disk_releases_its_topics() {
    let hub = Fixture::start("[1,2]", true);
    let disk = hub.block_disk();
    let request = hub.request("5");
    let mut execution = Box::pin(hub.playback.execute(&request));
    assert!(futures_util::poll!(&mut execution).is_pending());
    // They are held only where the change matters: the next record is due after it.
    assert!(hub.rates().iter().all(|(_, is_held)| *is_held));
    hub.cancel.cancel();
    let error = execution.await.unwrap_err();
    assert!(matches!(error, PlaybackError::TimedOut), "{error:?}");
    assert!(hub.all_have(&["0.01"]));
    drop(disk);
    // The journal's thread does not write what was abandoned.
    let journal = hub.stop().await;
    let checkpoint = journal.checkpoint(&"one".parse().unwrap()).unwrap();
    assert_eq!(checkpoint.timeline.segments().len(), 1);
}

#[tokio::test]
async fn a_request_whose_caller_has_gone_is_completed_before_the_next_one() {
    let hub = Fixture::start("[1,2]", true);
    let disk = hub.block_disk();
    let request = hub.request("5");
    {
        let mut execution = Box::pin(hub.playback.execute(&request));
        assert!(futures_util::poll!(&mut execution).is_pending());
    }
    drop(disk);
    assert!(matches!(
        hub.execute("7").await.unwrap(),
        PlaybackOutcome::Applied(_)
    ));
    // The first one is in force if it was written in time, and then the second one follows it.
    let rates = hub.rates();
    assert!(
        hub.all_have(&["0.01", "5", "7"]) || hub.all_have(&["0.01", "7"]),
        "{rates:?}"
    );
}

#[tokio::test]
async fn without_a_journal_a_change_is_applied_at_once() {
    let mut hub = Fixture::start("[1,2]", true);
    hub.playback = Arc::new(Playback::new(Clock::start(), hub.cancel.clone()));
    assert!(matches!(
        hub.execute("5").await.unwrap(),
        PlaybackOutcome::Applied(_)
    ));
    assert!(hub.all_have(&["0.01", "5"]));
}

#[tokio::test]
async fn a_reader_that_lags_gets_every_announcement_once_and_before_the_records_that_follow_it() {
    let hub = Fixture::start("[1,2]", true);
    let topic = &hub.topics[0];
    let mut reader = Subscription::open(topic).into_reader();
    let publish = |count: u64| {
        for _ in 0..count {
            let _guard = topic.lock_publish();
            let seq = topic.published().next();
            let record = Bytes::from_static(b"1");
            let t = Micros::new(0);
            topic.publish(Publication::encode(&DueRecord { seq, t, record }), None);
        }
    };
    publish(1);
    hub.execute("5").await.unwrap();
    // More than the channel holds.
    publish(5_000);
    hub.execute("7").await.unwrap();
    publish(1);
    let mut seen = Vec::new();
    let mut context = Context::from_waker(Waker::noop());
    reader.poll(&mut context, |update| {
        match update {
            Update::Records { publication, .. } => seen.push(publication.seq().get()),
            Update::State(announcement) | Update::End(announcement) => {
                seen.push(announcement.version * 1_000_000);
            }
            Update::Closed => panic!("the topic stays open"),
        }
        0
    });
    let announcements: Vec<_> = seen.iter().filter(|n| **n >= 1_000_000).collect();
    assert_eq!(announcements, [&2_000_000, &3_000_000]);
    assert_eq!(seen[0], 2_000_000);
    assert_eq!(seen[seen.len() - 2..], [3_000_000, 5_002]);
}
