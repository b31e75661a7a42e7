//! The messages of `tickcast.v1` from the hub, and the JSON objects of the API.
//!
//! Twin: `web/src/client/protocol.ts`. Infrequent messages are serialized here by serde; the messages of the hot path are written in `flush`.

use serde::{Serialize, Serializer};

use super::topic_description::{AboutView, DatasetFileView, NextDatasetView, TopicKind};
use super::{Author, Epoch, FieldsView, Micros, Rate, Seq, Speed, TopicName};

/// The WebSocket subprotocol of the messages below.
pub const SUBPROTOCOL: &str = "tickcast.v1";

/// A message from the hub to viewers, except those that carry records.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Message<'a> {
    /// The first message: the viewer's position, and how to interpret what follows.
    Hello(Hello<'a>),
    /// Publications that should have been sent are missing.
    Gap(Gap),
    /// The timeline or the delay changes at an instant.
    State(StateView),
    /// The dataset has ended and does not loop.
    End {
        /// The last publication.
        seq: Seq,
        /// When it was due.
        t: Micros,
    },
    /// The number of viewers changed.
    Viewers {
        /// The current number of viewers of the topic.
        n: usize,
    },
    /// The reply to a viewer's ping.
    Pong {
        /// The id of the ping.
        id: u64,
        /// When the ping was received.
        r: Micros,
        /// When this reply was sent.
        s: Micros,
    },
    /// The hub is about to close the connection.
    Bye {
        /// Why it closes.
        reason: &'static str,
        /// The range from which the viewer picks a random delay before it reconnects, in milliseconds.
        retry_ms: [u64; 2],
    },
}

/// The first message on every connection.
#[derive(Debug, Serialize)]
pub struct Hello<'a> {
    /// The subprotocol: [`SUBPROTOCOL`].
    pub protocol: &'static str,
    /// The topic.
    pub topic: &'a TopicName,
    /// The topic's epoch.
    pub epoch: &'a Epoch,
    /// The newest publication.
    pub seq: Seq,
    /// The current time.
    pub now: Micros,
    /// Whether everything requested follows; `None` if nothing was requested.
    pub recovered: Option<bool>,
    /// The playout delay in force now, in microseconds.
    pub delay: u64,
    /// The segment in force now; `None` on live topics.
    pub timeline: Option<TimelineView>,
    /// The publications in the history; `None` if there are none.
    pub retained: Option<Retained>,
    /// The dataset; `None` on live topics.
    pub dataset: Option<DatasetView<'a>>,
    /// The maximum length of a record, in bytes.
    pub record_max: usize,
    /// Labels and units of the fields.
    pub fields: &'a FieldsView,
    /// The number of viewers of this topic, including this one.
    pub viewers: usize,
    /// The state in force at the instant that the viewer draws first, and every later one, oldest first.
    pub states: Vec<StateView>,
}

/// The timeline and the playout delay from an instant on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StateView {
    /// The instant of the change.
    pub t: Micros,
    /// The segment from then on.
    pub timeline: TimelineView,
    /// The playout delay from then on, in microseconds.
    pub delay: u64,
    /// Who changed it.
    pub by: Author,
}

/// A segment of the timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TimelineView {
    /// The first publication of the segment.
    pub seq0: Seq,
    /// From when the segment is in force; without a `position0`, when `seq0` is due.
    pub t0: Micros,
    /// Its dataset index.
    pub index0: u64,
    /// Dataset time at `t0` in microseconds; `None`: when the record at `index0` is due.
    pub position0: Option<i64>,
    /// Records per second at speed 1; `None` if the records have time stamps.
    pub rate: Option<Rate>,
    /// How many times faster than that it is played.
    pub speed: Speed,
    /// Whether playback is running, not paused.
    pub playing: bool,
}

/// The range of publications in the history, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Retained {
    /// The oldest publication.
    pub from: Seq,
    /// The newest publication.
    pub to: Seq,
}

/// The dataset of a replay topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DatasetView<'a> {
    /// The number of records.
    pub len: u64,
    /// Whether playback restarts after the last record.
    #[serde(rename = "loop")]
    pub looping: bool,
    /// SHA-256 of the dataset file, in lower-case hexadecimal.
    pub sha256: &'a str,
}

/// Publications that were not sent, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The first missing publication; `None` if the viewer's position does not belong to this epoch or lies ahead of
    /// the newest publication.
    pub from: Option<Seq>,
    /// The last missing publication.
    pub to: Option<Seq>,
    /// Why they are missing.
    pub reason: GapReason,
}

/// Why publications are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GapReason {
    /// The viewer lagged too far behind.
    Slow,
    /// They are older than the stream can recover, or cannot be read.
    Expired,
    /// The viewer's position belongs to another epoch.
    Epoch,
    /// The viewer's position lies ahead of the newest publication.
    Future,
}

/// A topic in `GET /api/v1/topics`.
#[derive(Debug, Serialize)]
pub struct TopicView<'a> {
    /// The topic's name.
    pub name: &'a TopicName,
    /// What the topic carries.
    pub kind: TopicKind,
    /// The topic's epoch.
    pub epoch: &'a Epoch,
    /// The newest publication.
    pub seq: Seq,
    /// The publications in the history; `None` if there are none.
    pub retained: Option<Retained>,
    /// Records per second at speed 1; `None` if the records have time stamps, and on live topics.
    pub rate: Option<Rate>,
    /// How many times faster than that the topic is played.
    pub speed: Speed,
    /// Whether playback is running, not paused.
    pub playing: bool,
    /// Whether the dataset has ended.
    pub ended: bool,
    /// Whether the topic has stopped for this run of the hub, because its dataset was changed.
    pub stopped: bool,
    /// The dataset to which the topic switches at an instant; `None` without one.
    pub next: Option<NextDatasetView>,
    /// The current number of viewers.
    pub viewers: usize,
    /// How well their pages draw, as they report it.
    pub audience: AudienceView,
    /// Labels and units of the fields.
    pub fields: FieldsView,
    /// The source of the records: `dataset`.
    pub source: &'static str,
    /// The name of the player, which may play other topics, too.
    pub player: TopicName,
    /// The dataset; `None` on live topics.
    pub dataset: Option<DatasetFileView<'a>>,
    /// What the records are, for people; `None` if the configuration says nothing about it.
    pub about: Option<AboutView>,
}

/// How well the pages of a topic's viewers draw, over all that report it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AudienceView {
    /// The number of viewers that have reported within the last minute.
    pub reporting: u64,
    /// The clocks of 99 % of them are within this many microseconds of the hub's; `None` if none reports.
    pub bound_p99_us: Option<u64>,
    /// The share of publications that arrived too late to be drawn in time, the mean over these viewers; `None` if none
    /// has received any.
    pub late_ratio: Option<f64>,
}

/// The response of `GET /api/v1/topics`: all topics, in configuration order.
#[derive(Debug, Serialize)]
pub struct TopicsView<'a> {
    /// The topics.
    pub topics: Vec<TopicView<'a>>,
}

/// The response of `GET /api/v1/time`.
#[derive(Debug, Serialize)]
pub struct TimeView {
    /// The current time.
    pub now: Micros,
}

/// The response of `GET /version`: identifies the build.
#[derive(Debug, Serialize)]
pub struct VersionView {
    /// The name of the program.
    pub name: &'static str,
    /// The version of the program.
    pub version: &'static str,
    /// The commit it was built from; `unknown` if built outside a repository.
    pub commit: &'static str,
}

/// An error as RFC 9457 problem details. Its type is `about:blank`, so the title is the status phrase.
#[derive(Debug, Serialize)]
pub struct ProblemView<'a> {
    /// The type of the problem, `about:blank`.
    pub r#type: &'static str,
    /// The status phrase.
    pub title: &'a str,
    /// The status code.
    pub status: u16,
    /// The stable name of the cause.
    pub code: &'static str,
    /// The problem with this request, and the remedy.
    pub detail: &'a str,
}

impl Message<'_> {
    /// Encodes the message as JSON text.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        to_json(self)
    }

    /// The value of `type`.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Hello(_) => "hello",
            Self::Gap(_) => "gap",
            Self::State(_) => "state",
            Self::End { .. } => "end",
            Self::Viewers { .. } => "viewers",
            Self::Pong { .. } => "pong",
            Self::Bye { .. } => "bye",
        }
    }
}

/// Encodes any wire type as JSON text.
pub fn to_json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("wire types have string keys only, so they always serialize")
}

impl Serialize for Seq {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.get())
    }
}

impl Serialize for Micros {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.get())
    }
}

impl Serialize for Rate {
    /// Serializes the exact decimal, `59.94`, without going through an `f64`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let decimal = serde_json::value::RawValue::from_string(self.to_string());
        decimal
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

impl Serialize for Speed {
    /// Serializes the exact decimal, `0.25`, without going through an `f64`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let decimal = serde_json::value::RawValue::from_string(self.to_string());
        decimal
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

impl Serialize for TopicName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for Epoch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_the_specified_fields() {
        let gap = Message::Gap(Gap {
            from: None,
            to: None,
            reason: GapReason::Future,
        });
        assert_eq!(
            gap.to_json(),
            br#"{"type":"gap","from":null,"to":null,"reason":"future"}"#
        );
        let bye = Message::Bye {
            reason: "draining",
            retry_ms: [1, 2],
        };
        assert_eq!(
            bye.to_json(),
            br#"{"type":"bye","reason":"draining","retry_ms":[1,2]}"#
        );
    }
}
