//! Encoding of history responses as JSON. Items are written one at a time, so that a response is never in memory as a
//! whole.

use std::io::Write;

use serde::Serialize;

use super::message::to_json;
use super::{DueRecord, Epoch, Seq, TopicName};

/// The members of the response object before its items.
#[derive(Debug, Serialize)]
pub struct HistoryHead<'a> {
    /// The topic.
    pub topic: &'a TopicName,
    /// The topic's epoch.
    pub epoch: &'a Epoch,
    /// The first publication in the response.
    pub from: Option<Seq>,
    /// The last publication in the response.
    pub to: Option<Seq>,
    /// The first publication of the next page; `None` on the last page.
    pub next: Option<Seq>,
}

impl HistoryHead<'_> {
    /// The end of the response, after the last item.
    pub const END: &'static [u8] = b"]}\n";

    /// The start of the response, up to the first item.
    #[must_use]
    pub fn begin_json(&self) -> Vec<u8> {
        let mut json = to_json(self);
        json.pop();
        json.extend_from_slice(br#","items":["#);
        json
    }
}

/// Appends one item to `out`; the record keeps its text.
pub fn write_item(due: &DueRecord, out: &mut Vec<u8>) {
    write_item_start(due, out);
    out.extend_from_slice(&due.record);
    out.extend_from_slice(ITEM_END);
}

/// Appends the start of an item, up to its record.
pub fn write_item_start(DueRecord { seq, t, .. }: &DueRecord, out: &mut Vec<u8>) {
    write!(out, r#"{{"seq":{seq},"t":{t},"data":"#).expect("writing to memory does not fail");
}

/// The end of an item, after its record.
pub const ITEM_END: &[u8] = b"}";

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::protocol::Micros;

    #[test]
    fn a_response_has_the_specified_fields() {
        let (topic, epoch) = ("demo".parse().unwrap(), "now".parse().unwrap());
        let head = HistoryHead {
            topic: &topic,
            epoch: &epoch,
            from: Seq::new(7),
            to: Seq::new(7),
            next: None,
        };
        let mut json = head.begin_json();
        let due = DueRecord {
            seq: Seq::saturating(7),
            t: Micros::new(5),
            record: Bytes::from_static(b"1.50"),
        };
        write_item(&due, &mut json);
        json.extend_from_slice(HistoryHead::END);
        assert_eq!(
            String::from_utf8(json).unwrap(),
            "{\"topic\":\"demo\",\"epoch\":\"now\",\"from\":7,\"to\":7,\"next\":null,\
             \"items\":[{\"seq\":7,\"t\":5,\"data\":1.50}]}\n"
        );
    }
}
