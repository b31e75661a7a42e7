//! [`Records`]: consecutive records of a topic, read and ready to be encoded; and [`FeedDescription`], what the records
//! of a topic are.

use crate::protocol::message::{DatasetView, StateView};
use crate::protocol::shared_bytes::SharedBytesBuilder;
use crate::protocol::{DueRecord, Flush, Jump, SharedBytes, websocket};
use crate::timeline::SegmentPace;

/// Records that are dense in `seq`.
#[derive(Debug, Clone)]
pub struct Records {
    /// The records, oldest first.
    pub due: Vec<DueRecord>,
    /// The discontinuity of the dataset before the first of them.
    pub jump: Option<Jump>,
    /// The version of the timeline from which their instants follow.
    pub version: u64,
}

/// What the records of a topic are, for viewers, logs and metrics.
#[derive(Debug)]
pub struct FeedDescription<'a> {
    /// The dataset.
    pub dataset: DatasetView<'a>,
    /// The newest segment of the timeline, and the delay that belongs to it.
    pub newest_state: StateView,
    /// How fast the newest segment is played.
    pub pace: SegmentPace,
    /// How many records are due per second then; with time stamps, the mean over a lap.
    pub per_second: f64,
    /// The length of the longest record, in bytes.
    pub record_max: usize,
}

impl Records {
    /// The form for viewers without a subprotocol: each record in a frame.
    #[must_use]
    pub fn frames(&self) -> SharedBytes {
        let records = || self.due.iter().map(|due| &due.record);
        let headers = self.due.len() * websocket::text_frame_len_max(0);
        let mut bytes = SharedBytesBuilder::new(records(), headers);
        for record in records() {
            websocket::put_text_frame_header(bytes.buffer(), record.len());
            bytes.put_record(record);
        }
        bytes.finish()
    }

    /// The form for viewers of messages, which must not span a jump; `None` if there are no records.
    #[must_use]
    pub fn flush(&self) -> Option<Flush> {
        (!self.due.is_empty()).then(|| Flush::encode(&self.due, self.jump))
    }
}
