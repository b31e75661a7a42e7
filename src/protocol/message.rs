//! The messages of `tickcast.v1`, from the hub and from viewers.
//!
//! Rare messages are serialized here through serde; those on the hot path are spelled by `flush`.

use serde::{Deserialize, Serialize, Serializer};

use super::{Epoch, Micros, Rate, Seq, TopicName};

/// The WebSocket subprotocol of the messages below.
pub const SUBPROTOCOL: &str = "tickcast.v1";

/// A message from the hub to one viewer, or one that is rare.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Message<'a> {
    /// First, always: where the viewer is and how to read what follows.
    Hello(Hello<'a>),
    /// Something that should have been sent is not.
    Gap(Gap),
    /// The timeline or the delay is another one from an instant on.
    State {
        /// The instant.
        t: Micros,
        /// The segment in force from then on.
        timeline: TimelineView,
        /// The group's playout delay from then on, in microseconds.
        delay: u64,
        /// Who changed it.
        by: &'static str,
    },
    /// The dataset is over and does not loop.
    End {
        /// The last publication.
        seq: Seq,
        /// Its instant.
        t: Micros,
    },
    /// The number of viewers changed.
    Viewers {
        /// Viewers of the topic now.
        n: usize,
    },
    /// The answer to a viewer's ping.
    Pong {
        /// The id of the ping.
        id: u64,
        /// When the ping was received.
        r: Micros,
        /// When this answer was sent.
        s: Micros,
    },
    /// The hub is about to close the connection.
    Bye {
        /// Why.
        reason: &'static str,
        /// Come back after a random delay between these, in milliseconds.
        retry_ms: [u64; 2],
    },
}

/// The first message on every connection.
#[derive(Debug, Serialize)]
pub struct Hello<'a> {
    /// The subprotocol spoken: [`SUBPROTOCOL`].
    pub protocol: &'static str,
    /// The topic.
    pub topic: &'a TopicName,
    /// Its incarnation.
    pub epoch: &'a Epoch,
    /// The last publication due.
    pub seq: Seq,
    /// The instant now.
    pub now: Micros,
    /// Whether all that was asked for follows; `None` when nothing was asked.
    pub recovered: Option<bool>,
    /// The group's playout delay, in microseconds.
    pub delay: u64,
    /// The segment in force, `None` on live topics.
    pub timeline: Option<TimelineView>,
    /// What the history holds, `None` when nothing can be fetched.
    pub retained: Option<Retained>,
    /// The dataset replayed, `None` on live topics.
    pub dataset: Option<DatasetView<'a>>,
    /// The longest record that may come, in bytes.
    pub record_max: usize,
    /// Labels and units of the record's fields.
    pub fields: &'a FieldsView,
    /// Viewers of this topic now, this one included.
    pub viewers: usize,
}

/// The segment of the timeline that is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TimelineView {
    /// The first publication of the segment.
    pub seq0: Seq,
    /// Its instant.
    pub t0: Micros,
    /// Its index in the dataset.
    pub index0: u64,
    /// Records per second.
    pub rate: Rate,
    /// Whether the timeline moves.
    pub playing: bool,
}

/// A range of publications, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Retained {
    /// The oldest.
    pub from: Seq,
    /// The newest.
    pub to: Seq,
}

/// What is being replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DatasetView<'a> {
    /// Records in the dataset.
    pub len: u64,
    /// Whether it begins again after its end.
    #[serde(rename = "loop")]
    pub looping: bool,
    /// Digest of the dataset's bytes, lower-case hexadecimal.
    pub sha256: &'a str,
}

/// Label and unit of each field, in the order of the configuration.
#[derive(Debug, Clone, Default)]
pub struct FieldsView(pub Vec<(String, FieldView)>);

/// How a field is shown to people.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FieldView {
    /// A name to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The unit of its values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// What was not sent, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The first publication that is missing; `None` when the viewer's position says nothing about this epoch.
    pub from: Option<Seq>,
    /// The last one, included.
    pub to: Option<Seq>,
    /// Why.
    pub reason: GapReason,
}

/// Why something is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GapReason {
    /// The viewer read too slowly.
    Slow,
    /// Further back than the stream reaches.
    Expired,
    /// The viewer's position is of another epoch.
    Epoch,
    /// The viewer's position lies beyond the newest publication.
    Future,
}

/// One topic as `GET /api/v1/topics` shows it.
#[derive(Debug, Serialize)]
pub struct TopicView<'a> {
    /// The topic's name.
    pub name: &'a TopicName,
    /// Its incarnation.
    pub epoch: &'a Epoch,
    /// The last publication due.
    pub seq: Seq,
    /// What the history holds.
    pub retained: Option<Retained>,
    /// Records per second, `None` on live topics.
    pub rate: Option<Rate>,
    /// Whether the timeline moves.
    pub playing: bool,
    /// Whether the dataset is over.
    pub ended: bool,
    /// Viewers now.
    pub viewers: usize,
    /// Labels and units.
    pub fields: FieldsView,
    /// Where records come from: `dataset`.
    pub source: &'static str,
}

/// All topics, in the order of the configuration.
#[derive(Debug, Serialize)]
pub struct TopicsView<'a> {
    /// The topics.
    pub topics: Vec<TopicView<'a>>,
}

/// The answer of `GET /api/v1/time`.
#[derive(Debug, Serialize)]
pub struct TimeView {
    /// The instant now.
    pub now: Micros,
}

/// Which build answers: `GET /version`.
#[derive(Debug, Serialize)]
pub struct VersionView {
    /// The program.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The commit it was built from, `unknown` outside a repository.
    pub commit: &'static str,
}

/// An error as RFC 9457 problem details; its type is `about:blank`, so the title is the status phrase.
#[derive(Debug, Serialize)]
pub struct ProblemView<'a> {
    /// The kind of problem.
    pub r#type: &'static str,
    /// The status phrase.
    pub title: &'a str,
    /// The status code.
    pub status: u16,
    /// The cause, by a name that stays.
    pub code: &'static str,
    /// What is wrong with this request, and the remedy.
    pub detail: &'a str,
}

impl Message<'_> {
    /// The message as JSON text.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        to_json(self)
    }

    /// Its `type`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Hello(_) => "hello",
            Self::Gap(_) => "gap",
            Self::State { .. } => "state",
            Self::End { .. } => "end",
            Self::Viewers { .. } => "viewers",
            Self::Pong { .. } => "pong",
            Self::Bye { .. } => "bye",
        }
    }
}

/// Any wire type as JSON text.
pub fn to_json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("wire types have string keys only, so they always serialize")
}

/// A ping in a viewer's message, `None` for a type this version does not know.
///
/// # Errors
/// The message is not a JSON object with a `type`, or its ping has no whole `id` below 2^53.
pub fn parse_ping(text: &str) -> Result<Option<u64>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Typed<'a> {
        #[serde(borrow)]
        r#type: std::borrow::Cow<'a, str>,
    }
    #[derive(Deserialize)]
    struct Ping {
        id: u64,
    }
    // Serde would take an array for a struct's fields in their order.
    if !text.trim_start().starts_with('{') {
        return Err(serde::de::Error::custom("not an object"));
    }
    if serde_json::from_str::<Typed<'_>>(text)?.r#type != "ping" {
        return Ok(None);
    }
    let Ping { id } = serde_json::from_str(text)?;
    if id > Seq::MAX.get() {
        return Err(serde::de::Error::custom("id is 2^53 or more"));
    }
    Ok(Some(id))
}

impl Serialize for FieldsView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, field)| (name, field)))
    }
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
    /// The exact decimal, `59.94`: no binary fraction comes between.
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
    fn pings_are_read_and_unknown_types_are_ignored() {
        assert_eq!(parse_ping(r#"{"type":"ping","id":7}"#).unwrap(), Some(7));
        assert_eq!(
            parse_ping(r#"{"id":9007199254740991,"type":"p\u0069ng","x":[]}"#).unwrap(),
            Some(9_007_199_254_740_991)
        );
        assert_eq!(parse_ping(r#"{"type":"wave","id":"?"}"#).unwrap(), None);
    }

    #[test]
    fn malformed_messages_are_errors() {
        for bad in [
            "",
            "1",
            "[]",
            r#"["wave"]"#,
            "{}",
            r#"{"type":1}"#,
            r#"{"type":"ping"}"#,
            r#"{"type":"ping","id":-1}"#,
            r#"{"type":"ping","id":1.5}"#,
            r#"{"type":"ping","id":9007199254740992}"#,
        ] {
            assert!(parse_ping(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn messages_have_the_fields_of_the_contract() {
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
