//! Parses `tickcast.v1` messages as a viewer receives them.
//!
//! `data` and `batch` with their fields in the hub's order are scanned without a JSON parser; all other messages, and
//! those with another field order, are parsed with serde.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::hub_schedule::HubSchedule;
use super::json_scan::{count_elements, number};
use crate::protocol::Rate;

/// The parts of a message that a measurement needs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum HubMessage<'a> {
    /// Publications, dense in `seq`.
    Records(Publications<'a>),
    /// A `gap`: the first and last missing publication, if known.
    Gap(Option<(u64, u64)>),
    /// A `hello`: the newest publication, and the schedule of a replay topic.
    Hello(u64, Option<HubSchedule>),
    /// A `state` with the new schedule.
    State(Option<HubSchedule>),
    /// A `pong` for the ping `id`, with the hub's times of receiving the ping and sending the answer.
    Pong { id: i64, r: i64, s: i64 },
    /// Any other message.
    Other,
}

/// The publications of a `data` or `batch` message, dense in `seq`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Publications<'a> {
    /// The first publication.
    pub(super) seq: u64,
    /// The time of the first publication, in microseconds.
    pub(super) t: i64,
    /// Number of publications.
    pub(super) count: u64,
    timestamps: Timestamps<'a>,
}

/// The spacing of a batch's publications: the value of `dt`.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Timestamps<'a> {
    /// A constant number of microseconds between neighbours.
    Even(i64),
    /// Offsets from the first publication: the JSON array without its opening bracket.
    Offsets(&'a [u8]),
}

/// Any message, with every field that a measurement needs.
#[derive(Deserialize)]
struct AnyMessage<'a> {
    r#type: String,
    seq: Option<u64>,
    t: Option<i64>,
    #[serde(borrow)]
    dt: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    from: Option<u64>,
    to: Option<u64>,
    id: Option<i64>,
    r: Option<i64>,
    s: Option<i64>,
    #[serde(borrow)]
    timeline: Option<TimelineFields<'a>>,
    dataset: Option<DatasetFields>,
}

#[derive(Deserialize)]
struct TimelineFields<'a> {
    seq0: u64,
    t0: i64,
    index0: u64,
    position0: Option<i64>,
    /// `null` if the records have time stamps.
    #[serde(borrow)]
    rate: &'a RawValue,
    #[serde(borrow)]
    speed: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct DatasetFields {
    len: u64,
}

impl<'a> HubMessage<'a> {
    /// Parses one message; `None` if it is not one.
    pub(super) fn parse(text: &'a [u8]) -> Option<Self> {
        if let Some(rest) = text.strip_prefix(br#"{"type":"data","seq":"#) {
            return Publications::parse_data(rest).map(Self::Records);
        }
        if let Some(rest) = text.strip_prefix(br#"{"type":"batch","seq":"#) {
            return Publications::parse_batch(rest).map(Self::Records);
        }
        Self::parse_any(text)
    }

    fn parse_any(text: &'a [u8]) -> Option<Self> {
        let message: AnyMessage<'_> = serde_json::from_slice(text).ok()?;
        let len = message.dataset.as_ref().map_or(0, |dataset| dataset.len);
        let schedule = message
            .timeline
            .as_ref()
            .and_then(|timeline| timeline.schedule(len));
        Some(match message.r#type.as_str() {
            "hello" => Self::Hello(message.seq?, schedule),
            "state" => Self::State(schedule),
            "gap" => Self::Gap(message.from.zip(message.to)),
            "data" => Self::Records(Publications {
                seq: message.seq?,
                t: message.t?,
                count: 1,
                timestamps: Timestamps::Even(0),
            }),
            "batch" => Self::Records(Publications {
                seq: message.seq?,
                t: message.t?,
                count: count_elements(message.data?.get().as_bytes())?,
                timestamps: Timestamps::parse(message.dt?.get().as_bytes())?.0,
            }),
            "pong" => Self::Pong {
                id: message.id?,
                r: message.r?,
                s: message.s?,
            },
            _ => Self::Other,
        })
    }
}

impl TimelineFields<'_> {
    /// The schedule, if it follows from a rate alone.
    fn schedule(&self, len: u64) -> Option<HubSchedule> {
        let rate: Rate = self.rate.get().parse().ok()?;
        let is_normal = |speed: &RawValue| speed.get() == "1";
        // Otherwise instants do not follow from the rate alone.
        let is_plain = self.position0.is_none() && self.speed.is_none_or(is_normal);
        is_plain.then_some(HubSchedule {
            seq0: self.seq0,
            t0: self.t0,
            index0: self.index0,
            rate,
            len,
        })
    }
}

impl<'a> Publications<'a> {
    fn parse_data(text: &'a [u8]) -> Option<Self> {
        let (seq, t, _) = parse_seq_and_t(text)?;
        Some(Self {
            seq,
            t,
            count: 1,
            timestamps: Timestamps::Even(0),
        })
    }

    fn parse_batch(text: &'a [u8]) -> Option<Self> {
        let (seq, t, rest) = parse_seq_and_t(text)?;
        let rest = rest.strip_prefix(br#","dt":"#)?;
        let (timestamps, rest) = Timestamps::parse(rest)?;
        let count = count_elements(rest.strip_prefix(br#","data":"#)?)?;
        Some(Self {
            seq,
            t,
            count,
            timestamps,
        })
    }

    /// Calls `on` with the `seq` and time of each publication, in order.
    pub(super) fn for_each(self, mut on: impl FnMut(u64, i64)) {
        let mut t = self.t;
        let mut offsets = match self.timestamps {
            Timestamps::Even(_) => &[],
            Timestamps::Offsets(text) => text,
        };
        for seq in self.seq..self.seq + self.count {
            if let Some((offset, rest)) = number(offsets) {
                t = self.t + offset;
                offsets = rest.strip_prefix(b",").unwrap_or(rest);
            }
            on(seq, t);
            if let Timestamps::Even(dt) = self.timestamps {
                t += dt;
            }
        }
    }
}

impl<'a> Timestamps<'a> {
    /// Parses the value of `dt` at the front of `text`; also returns the rest.
    fn parse(text: &'a [u8]) -> Option<(Self, &'a [u8])> {
        if let Some(offsets) = text.strip_prefix(b"[") {
            let end = offsets.iter().position(|&byte| byte == b']')?;
            return Some((Self::Offsets(offsets), &offsets[end + 1..]));
        }
        number(text).map(|(dt, rest)| (Self::Even(dt), rest))
    }
}

/// Parses `seq` and `t` at the front of `text`; also returns the rest.
fn parse_seq_and_t(text: &[u8]) -> Option<(u64, i64, &[u8])> {
    let (seq, rest) = number(text)?;
    let (t, rest) = number(rest.strip_prefix(br#","t":"#)?)?;
    Some((u64::try_from(seq).ok()?, t, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seq_and_t_in(text: &str) -> Vec<(u64, i64)> {
        let mut places = Vec::new();
        if let Some(HubMessage::Records(records)) = HubMessage::parse(text.as_bytes()) {
            records.for_each(|seq, t| places.push((seq, t)));
        }
        places
    }

    #[test]
    fn publications_are_parsed_with_seq_and_time() {
        assert_eq!(
            seq_and_t_in(r#"{"type":"data","seq":7,"t":900,"data":{"i":1}}"#),
            [(7, 900)]
        );
        assert_eq!(
            seq_and_t_in(r#"{"type":"batch","seq":7,"t":900,"dt":10,"data":[{"a":[1,2]},"],",3]}"#),
            [(7, 900), (8, 910), (9, 920)]
        );
        assert_eq!(
            seq_and_t_in(r#"{"type":"batch","seq":7,"t":900,"dt":[0,3,7],"data":[1,2,3]}"#),
            [(7, 900), (8, 903), (9, 907)]
        );
    }

    #[test]
    fn the_order_of_the_fields_does_not_matter() {
        assert_eq!(
            seq_and_t_in(r#"{"data":null,"seq":7,"t":900,"type":"data"}"#),
            [(7, 900)]
        );
        assert_eq!(
            seq_and_t_in(r#"{"type":"batch","data":[{"a":1},2],"dt":[0,3],"seq":7,"t":900}"#),
            [(7, 900), (8, 903)]
        );
    }

    #[test]
    fn other_messages_are_parsed() {
        let hello = br#"{"type":"hello","seq":5,"timeline":{"seq0":1,"t0":10,"index0":0,"rate":59.94,"playing":true},
                         "dataset":{"len":3,"loop":true,"sha256":""},"recovered":null}"#;
        let schedule = HubSchedule {
            seq0: 1,
            t0: 10,
            index0: 0,
            rate: "59.94".parse().unwrap(),
            len: 3,
        };
        assert_eq!(
            HubMessage::parse(hello),
            Some(HubMessage::Hello(5, Some(schedule)))
        );
        for other in [
            r#""rate":null,"speed":1"#,
            r#""rate":59.94,"speed":2"#,
            r#""position0":5,"rate":59.94,"speed":1"#,
        ] {
            let state = format!(
                r#"{{"type":"state","t":10,"timeline":{{"seq0":1,"t0":10,"index0":0,{other},"playing":true}}}}"#
            );
            assert_eq!(
                HubMessage::parse(state.as_bytes()),
                Some(HubMessage::State(None))
            );
        }
        let gap = br#"{"type":"gap","from":3,"to":4,"reason":"slow"}"#;
        assert_eq!(HubMessage::parse(gap), Some(HubMessage::Gap(Some((3, 4)))));
        let gap = br#"{"type":"gap","from":null,"to":null,"reason":"epoch"}"#;
        assert_eq!(HubMessage::parse(gap), Some(HubMessage::Gap(None)));
        let pong = br#"{"type":"pong","id":1,"r":2,"s":3}"#;
        assert_eq!(
            HubMessage::parse(pong),
            Some(HubMessage::Pong { id: 1, r: 2, s: 3 })
        );
        let jump = br#"{"type":"jump","seq":9,"t":1,"index":0,"reason":"loop"}"#;
        assert_eq!(HubMessage::parse(jump), Some(HubMessage::Other));
        assert_eq!(HubMessage::parse(b"{\"i\":1}"), None);
    }
}
