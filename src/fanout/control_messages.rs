//! Control messages as frames or events: `hello`, `bye`, `end`, keep-alives and closes.
//!
//! Publications are encoded elsewhere, once for all viewers; see `Encoder`.

use bytes::Bytes;

use super::drain::Drain;
use super::viewer_join::Encoding;
use crate::hub::{JoinState, ResumeOutcome, Topic};
use crate::protocol::message::{self, Hello, Message};
use crate::protocol::{CloseReason, Epoch, Micros, Seq, sse, websocket};

/// What the first messages of a viewer say.
#[derive(Debug)]
pub(super) struct Greeting<'a> {
    pub(super) topic: &'a Topic,
    pub(super) outcome: ResumeOutcome,
    /// The last publication.
    pub(super) newest: Seq,
    pub(super) state: &'a JoinState,
    /// The number of viewers, with the one that joins.
    pub(super) viewers: usize,
    pub(super) now: Micros,
}

/// Encodes `message` for a viewer of this `encoding`.
pub(super) fn encode(encoding: Encoding, message: &Message<'_>) -> Bytes {
    encode_at(encoding, message, None)
}

/// Encodes `message`; on SSE with `id`, the position from which an `EventSource` will resume.
fn encode_at(encoding: Encoding, message: &Message<'_>, id: Option<(&Epoch, Seq)>) -> Bytes {
    let json = message.to_json();
    match encoding {
        Encoding::Sse => sse::event(Some(message.type_name()), id, &json),
        Encoding::Bare | Encoding::V1 | Encoding::V1Deflated => websocket::text_frame(&json),
    }
}

/// A WebSocket ping, or a comment on an event stream.
pub(super) const fn keep_alive(encoding: Encoding) -> Bytes {
    match encoding {
        Encoding::Sse => sse::comment(),
        Encoding::Bare | Encoding::V1 | Encoding::V1Deflated => websocket::ping_frame(),
    }
}

/// The `bye` message: why the hub is about to close, and when to reconnect.
pub(super) fn bye(encoding: Encoding, reason: CloseReason, retry_ms: [u64; 2]) -> Bytes {
    let reason = reason.label();
    encode(encoding, &Message::Bye { reason, retry_ms })
}

/// Passes the last frames of a viewer that is closed to `push`: a `bye` if it may reconnect, and the close. An SSE
/// stream simply ends; its `retry:` makes the `EventSource` reconnect after that time.
pub(super) fn goodbye(
    encoding: Encoding,
    reason: CloseReason,
    retry_ms: [u64; 2],
    mut push: impl FnMut(Bytes),
) {
    if encoding == Encoding::Sse {
        let [least, most] = Drain::event_source_retry_ms(retry_ms);
        push(sse::retry(fastrand::u64(least..=most)));
    }
    if encoding.has_messages() && reason.may_reconnect() {
        push(bye(encoding, reason, retry_ms));
    }
    if encoding.is_two_way() {
        push(websocket::close_frame(reason));
    }
}

/// Passes the first messages of a viewer to `push`: the `hello`, and the gap if some of what it asked for is missing.
pub(super) fn hello(encoding: Encoding, greeting: &Greeting<'_>, mut push: impl FnMut(Bytes)) {
    let (topic, state) = (greeting.topic, greeting.state);
    let (policy, feed) = (topic.policy(), topic.feed());
    let description = feed.describe();
    let hello = Message::Hello(Hello {
        protocol: message::SUBPROTOCOL,
        topic: topic.name(),
        epoch: topic.epoch(),
        seq: greeting.newest,
        now: greeting.now,
        recovered: greeting.outcome.recovered,
        delay: state.current.delay,
        timeline: Some(state.current.timeline),
        retained: feed.retained(greeting.newest),
        dataset: Some(description.dataset),
        record_max: description.record_max,
        fields: &policy.fields,
        viewers: greeting.viewers,
        states: state.states.clone(),
    });
    let id = Some((topic.epoch(), greeting.outcome.after));
    push(encode_at(encoding, &hello, id));
    if let Some(gap) = greeting.outcome.gap {
        push(encode(encoding, &Message::Gap(gap)));
    }
}
