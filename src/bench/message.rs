//! The messages of `tickcast.v1` as a viewer reads them.
//!
//! `data` and `batch` are read by the hub's own spelling, without a JSON parser; the rare ones, and those of a
//! server that spells differently, through serde.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::scan::{elements, number};
use super::schedule::Schedule;
use crate::protocol::Rate;

/// What a message says that a measurement must know.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Said<'a> {
    /// Publications, dense in `seq`.
    Records(Records<'a>),
    /// Publications that are not sent, and are told: from and to, both included.
    Gap(Option<(u64, u64)>),
    /// The first message: the last publication due, and the schedule where there is one.
    Hello(u64, Option<Schedule>),
    /// The timeline changed.
    State(Option<Schedule>),
    /// The answer to our ping `id`, received and sent at these instants of the hub.
    Pong { id: i64, r: i64, s: i64 },
    /// Nothing that matters here.
    Other,
}

/// One publication or several.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Records<'a> {
    /// The first one's number.
    pub(super) seq: u64,
    /// The first one's instant, in microseconds.
    pub(super) t: i64,
    /// How many.
    pub(super) count: u64,
    step: Step<'a>,
}

/// How the instants of a batch lie.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Step<'a> {
    /// So many microseconds from one to the next.
    Even(i64),
    /// At these offsets from the first: the text after the opening bracket.
    Offsets(&'a [u8]),
}

/// Any message, with every field that matters.
#[derive(Deserialize)]
struct Rare<'a> {
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
    timeline: Option<Timeline<'a>>,
    dataset: Option<Dataset>,
}

#[derive(Deserialize)]
struct Timeline<'a> {
    seq0: u64,
    t0: i64,
    index0: u64,
    #[serde(borrow)]
    rate: &'a RawValue,
}

#[derive(Deserialize)]
struct Dataset {
    len: u64,
}

impl<'a> Said<'a> {
    /// Reads one message; `None` for what is none.
    pub(super) fn read(text: &'a [u8]) -> Option<Self> {
        if let Some(rest) = text.strip_prefix(br#"{"type":"data","seq":"#) {
            return Records::data(rest).map(Self::Records);
        }
        if let Some(rest) = text.strip_prefix(br#"{"type":"batch","seq":"#) {
            return Records::batch(rest).map(Self::Records);
        }
        Self::rare(text)
    }

    fn rare(text: &'a [u8]) -> Option<Self> {
        let rare: Rare<'_> = serde_json::from_slice(text).ok()?;
        let len = rare.dataset.as_ref().map_or(0, |dataset| dataset.len);
        let schedule = rare
            .timeline
            .as_ref()
            .and_then(|timeline| timeline.schedule(len));
        Some(match rare.r#type.as_str() {
            "hello" => Self::Hello(rare.seq?, schedule),
            "state" => Self::State(schedule),
            "gap" => Self::Gap(rare.from.zip(rare.to)),
            "data" => Self::Records(Records {
                seq: rare.seq?,
                t: rare.t?,
                count: 1,
                step: Step::Even(0),
            }),
            "batch" => Self::Records(Records {
                seq: rare.seq?,
                t: rare.t?,
                count: elements(rare.data?.get().as_bytes())?,
                step: Step::read(rare.dt?.get().as_bytes())?.0,
            }),
            "pong" => Self::Pong {
                id: rare.id?,
                r: rare.r?,
                s: rare.s?,
            },
            _ => Self::Other,
        })
    }
}

impl Timeline<'_> {
    fn schedule(&self, len: u64) -> Option<Schedule> {
        let rate: Rate = self.rate.get().parse().ok()?;
        Some(Schedule {
            seq0: self.seq0,
            t0: self.t0,
            index0: self.index0,
            rate,
            len,
        })
    }
}

impl<'a> Records<'a> {
    fn data(text: &'a [u8]) -> Option<Self> {
        let (seq, t, _) = place(text)?;
        Some(Self {
            seq,
            t,
            count: 1,
            step: Step::Even(0),
        })
    }

    fn batch(text: &'a [u8]) -> Option<Self> {
        let (seq, t, rest) = place(text)?;
        let rest = rest.strip_prefix(br#","dt":"#)?;
        let (step, rest) = Step::read(rest)?;
        let count = elements(rest.strip_prefix(br#","data":"#)?)?;
        Some(Self {
            seq,
            t,
            count,
            step,
        })
    }

    /// Number and instant of each publication, in their order.
    pub(super) fn each(self, mut on: impl FnMut(u64, i64)) {
        let mut t = self.t;
        let mut offsets = match self.step {
            Step::Even(_) => &[],
            Step::Offsets(text) => text,
        };
        for seq in self.seq..self.seq + self.count {
            if let Some((offset, rest)) = number(offsets) {
                t = self.t + offset;
                offsets = rest.strip_prefix(b",").unwrap_or(rest);
            }
            on(seq, t);
            if let Step::Even(dt) = self.step {
                t += dt;
            }
        }
    }
}

impl<'a> Step<'a> {
    /// The value of `dt` at the front of `text`, and what follows it.
    fn read(text: &'a [u8]) -> Option<(Self, &'a [u8])> {
        if let Some(offsets) = text.strip_prefix(b"[") {
            let end = offsets.iter().position(|&byte| byte == b']')?;
            return Some((Self::Offsets(offsets), &offsets[end + 1..]));
        }
        number(text).map(|(dt, rest)| (Self::Even(dt), rest))
    }
}

/// `seq` and `t`, and what follows them.
fn place(text: &[u8]) -> Option<(u64, i64, &[u8])> {
    let (seq, rest) = number(text)?;
    let (t, rest) = number(rest.strip_prefix(br#","t":"#)?)?;
    Some((u64::try_from(seq).ok()?, t, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str) -> Vec<(u64, i64)> {
        let mut places = Vec::new();
        if let Some(Said::Records(records)) = Said::read(text.as_bytes()) {
            records.each(|seq, t| places.push((seq, t)));
        }
        places
    }

    #[test]
    fn publications_are_read_with_their_places() {
        assert_eq!(
            places(r#"{"type":"data","seq":7,"t":900,"data":{"i":1}}"#),
            [(7, 900)]
        );
        assert_eq!(
            places(r#"{"type":"batch","seq":7,"t":900,"dt":10,"data":[{"a":[1,2]},"],",3]}"#),
            [(7, 900), (8, 910), (9, 920)]
        );
        assert_eq!(
            places(r#"{"type":"batch","seq":7,"t":900,"dt":[0,3,7],"data":[1,2,3]}"#),
            [(7, 900), (8, 903), (9, 907)]
        );
    }

    #[test]
    fn the_order_of_the_fields_does_not_matter() {
        assert_eq!(
            places(r#"{"data":null,"seq":7,"t":900,"type":"data"}"#),
            [(7, 900)]
        );
        assert_eq!(
            places(r#"{"type":"batch","data":[{"a":1},2],"dt":[0,3],"seq":7,"t":900}"#),
            [(7, 900), (8, 903)]
        );
    }

    #[test]
    fn the_rare_messages_are_read() {
        let hello = br#"{"type":"hello","seq":5,"timeline":{"seq0":1,"t0":10,"index0":0,"rate":59.94,"playing":true},
                         "dataset":{"len":3,"loop":true,"sha256":""},"recovered":null}"#;
        let schedule = Schedule {
            seq0: 1,
            t0: 10,
            index0: 0,
            rate: "59.94".parse().unwrap(),
            len: 3,
        };
        assert_eq!(Said::read(hello), Some(Said::Hello(5, Some(schedule))));
        let gap = br#"{"type":"gap","from":3,"to":4,"reason":"slow"}"#;
        assert_eq!(Said::read(gap), Some(Said::Gap(Some((3, 4)))));
        let gap = br#"{"type":"gap","from":null,"to":null,"reason":"epoch"}"#;
        assert_eq!(Said::read(gap), Some(Said::Gap(None)));
        let pong = br#"{"type":"pong","id":1,"r":2,"s":3}"#;
        assert_eq!(Said::read(pong), Some(Said::Pong { id: 1, r: 2, s: 3 }));
        let jump = br#"{"type":"jump","seq":9,"t":1,"index":0,"reason":"loop"}"#;
        assert_eq!(Said::read(jump), Some(Said::Other));
        assert_eq!(Said::read(b"{\"i\":1}"), None);
    }
}
