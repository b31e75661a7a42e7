//! The history as JSON: an object whose items are spelled one at a time, so that it never stands in memory whole.

use std::io::Write;

use serde::Serialize;

use super::message::to_json;
use super::{Due, Epoch, Seq, TopicName};

/// What stands before the items.
#[derive(Debug, Serialize)]
pub struct HistoryHead<'a> {
    /// The topic.
    pub topic: &'a TopicName,
    /// Its incarnation.
    pub epoch: &'a Epoch,
    /// The first publication that is served.
    pub from: Option<Seq>,
    /// The last one.
    pub to: Option<Seq>,
    /// Where to go on; `None` when there is no more.
    pub next: Option<Seq>,
}

impl HistoryHead<'_> {
    /// What ends the answer, after the items.
    pub const CLOSE: &'static [u8] = b"]}\n";

    /// The beginning of the answer, up to the first item.
    #[must_use]
    pub fn open(&self) -> Vec<u8> {
        let mut json = to_json(self);
        json.pop();
        json.extend_from_slice(br#","items":["#);
        json
    }
}

/// Appends one item to `out`: the record stands in it as it does on every other way out of the hub.
pub fn put_item(due: &Due<'_>, out: &mut Vec<u8>) {
    open_item(due, out);
    out.extend_from_slice(due.record);
    out.extend_from_slice(ITEM_CLOSE);
}

/// Appends what stands before the record in its item.
pub fn open_item(Due { seq, t, .. }: &Due<'_>, out: &mut Vec<u8>) {
    write!(out, r#"{{"seq":{seq},"t":{t},"data":"#).expect("memory takes what is written");
}

/// What stands after the record in its item.
pub const ITEM_CLOSE: &[u8] = b"}";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Micros;

    #[test]
    fn the_answer_has_the_fields_of_the_contract() {
        let (topic, epoch) = ("demo".parse().unwrap(), "now".parse().unwrap());
        let head = HistoryHead {
            topic: &topic,
            epoch: &epoch,
            from: Seq::new(7),
            to: Seq::new(7),
            next: None,
        };
        let mut json = head.open();
        let due = Due {
            seq: Seq::saturating(7),
            t: Micros::new(5),
            record: b"1.50",
        };
        put_item(&due, &mut json);
        json.extend_from_slice(HistoryHead::CLOSE);
        assert_eq!(
            String::from_utf8(json).unwrap(),
            "{\"topic\":\"demo\",\"epoch\":\"now\",\"from\":7,\"to\":7,\"next\":null,\
             \"items\":[{\"seq\":7,\"t\":5,\"data\":1.50}]}\n"
        );
    }
}
