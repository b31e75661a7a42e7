//! How messages are spelled for the viewers of a form, and what a viewer is told first.

use bytes::Bytes;

use super::drain::Drain;
use super::joiner::Form;
use crate::hub::{Answer, Topic};
use crate::protocol::message::{self, Hello, Message};
use crate::protocol::{Close, Epoch, Micros, Seq, event, frame};

/// `message` for a viewer of `form`.
pub(super) fn spell(form: Form, message: &Message<'_>) -> Bytes {
    spell_at(form, message, None)
}

/// The same, with the position that an `EventSource` has from then on.
fn spell_at(form: Form, message: &Message<'_>, id: Option<(&Epoch, Seq)>) -> Bytes {
    let json = message.to_json();
    match form {
        Form::Sse => event::event(Some(message.kind()), id, &json),
        Form::Bare | Form::V1 | Form::V1Deflated => frame::text(&json),
    }
}

/// A sign of life.
pub(super) const fn sign_of_life(form: Form) -> Bytes {
    match form {
        Form::Sse => event::comment(),
        Form::Bare | Form::V1 | Form::V1Deflated => frame::ping(),
    }
}

/// Says that the hub is about to close, and when to come back.
pub(super) fn bye(form: Form, why: Close, retry_ms: [u64; 2]) -> Bytes {
    let reason = why.label();
    spell(form, &Message::Bye { reason, retry_ms })
}

/// Says that the hub closes, and why; whoever may come back is told when. An SSE stream then just ends, and an
/// `EventSource` comes back after the time it was told.
pub(super) fn farewell(form: Form, why: Close, retry_ms: [u64; 2], mut push: impl FnMut(Bytes)) {
    if form == Form::Sse {
        let [least, most] = Drain::events_retry_ms(retry_ms);
        push(event::retry(fastrand::u64(least..=most)));
    }
    if form.has_messages() && why.may_return() {
        push(bye(form, why, retry_ms));
    }
    if form.is_heard() {
        push(frame::close(why));
    }
}

/// Greets a viewer that joins when `newest` is the last publication, as one of `viewers`, with `answer` to what it
/// asks for.
pub(super) fn greet(
    form: Form,
    topic: &Topic,
    answer: Answer,
    (newest, viewers): (Seq, usize),
    now: Micros,
    mut push: impl FnMut(Bytes),
) {
    let (timeline, delay) = topic.course_after(newest);
    let manner = topic.manner();
    let hello = Message::Hello(Hello {
        protocol: message::SUBPROTOCOL,
        topic: topic.name(),
        epoch: topic.epoch(),
        seq: newest,
        now,
        recovered: answer.recovered,
        delay: u64::try_from(delay.as_micros()).unwrap_or(u64::MAX),
        timeline: Some(timeline),
        retained: topic.retained(newest),
        dataset: Some(topic.dataset_view()),
        record_max: topic.record_max(),
        fields: &manner.fields,
        viewers,
    });
    push(spell_at(form, &hello, Some((topic.epoch(), answer.after))));
    if let Some(gap) = answer.gap {
        push(spell(form, &Message::Gap(gap)));
    }
}

/// The `end` message, when `last` is the last publication there will be: whoever has it without the frame that it
/// came in is told apart from it.
pub(super) fn end_after(form: Form, topic: &Topic, last: Seq) -> Option<Bytes> {
    let timeline = topic.timeline();
    let end = timeline.last().filter(|end| *end == last)?;
    let t = timeline.t(end)?;
    Some(spell(form, &Message::End { seq: end, t }))
}
