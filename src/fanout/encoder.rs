//! `Encoder`: publications and flushes as units of a form.

use super::joiner::Form;
use super::log::Unit;
use crate::hub::Topic;
use crate::protocol::frame::Deflater;
use crate::protocol::{Encoded, Flush, Seq};

/// See the head of this file.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    /// It holds 300 KiB, so it is made when somebody is there for it.
    deflater: Option<Deflater>,
}

impl Encoder {
    /// `flush` for viewers of `form`.
    pub(super) fn flush(&mut self, topic: &Topic, flush: &Flush, form: Form) -> Unit {
        let encoded = match form {
            Form::V1Deflated => flush.deflated(self.deflater.get_or_insert_default()),
            Form::Sse => flush.events(topic.epoch()),
            Form::V1 => flush.frames(),
            Form::Bare => &Encoded {
                bytes: topic.frames(flush.first(), flush.last()),
                jump_len: 0,
            },
        };
        Unit {
            first: flush.first(),
            last: flush.last(),
            t: flush.t(),
            jump_len: encoded.jump_len,
            bytes: encoded.bytes.clone(),
        }
    }

    /// Publications `first` to `last` of `topic` in one piece, which [`Topic::cut`] has cut. One that begins where only
    /// one viewer stands is not compressed: that would cost the lane more than its viewer gains.
    pub(super) fn block(
        &mut self,
        topic: &Topic,
        form: Form,
        first: Seq,
        last: Seq,
    ) -> Option<Unit> {
        if form.has_messages() {
            let is_shared = topic.is_cut_before(first);
            let form = match form {
                Form::V1Deflated if !is_shared => Form::V1,
                form => form,
            };
            return Some(self.flush(topic, &topic.flush(first, last)?, form));
        }
        Some(Unit {
            first,
            last,
            t: topic.timeline().t(last)?,
            jump_len: 0,
            bytes: topic.frames(first, last),
        })
    }
}
