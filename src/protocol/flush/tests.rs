use super::*;
use crate::protocol::JumpReason;
use crate::protocol::message::TimelineView;

const fn due(seq: u64, t: i64, record: &[u8]) -> DueRecord<'_> {
    DueRecord {
        seq: Seq::saturating(seq),
        t: Micros::new(t),
        record,
    }
}

fn payload(frame: &[u8]) -> &str {
    std::str::from_utf8(&frame[2..]).unwrap()
}

#[test]
fn a_single_record_is_sent_as_data() {
    let flush = Flush::encode(due(7, 9, br#"{"value":74}"#), &[], None, false);
    assert_eq!(
        payload(&flush.frames().bytes.to_bytes()),
        r#"{"type":"data","seq":7,"t":9,"data":{"value":74}}"#
    );
}

#[test]
fn evenly_spaced_records_have_a_period_and_others_have_offsets() {
    let rest = [due(8, 19, b"2"), due(9, 29, b"[3]")];
    let even = Flush::encode(due(7, 9, b"1"), &rest, None, false);
    assert_eq!(
        payload(&even.frames().bytes.to_bytes()),
        r#"{"type":"batch","seq":7,"t":9,"dt":10,"data":[1,2,[3]]}"#
    );
    assert_eq!((even.first().get(), even.last().get()), (7, 9));
    assert_eq!(even.t(), Micros::new(29));
    let rest = [due(8, 19, b"2"), due(9, 30, b"3")];
    let uneven = Flush::encode(due(7, 9, b"1"), &rest, None, false);
    assert_eq!(
        payload(&uneven.frames().bytes.to_bytes()),
        r#"{"type":"batch","seq":7,"t":9,"dt":[0,10,21],"data":[1,2,3]}"#
    );
}

#[test]
fn a_jump_precedes_the_records_and_the_end_follows_them() {
    let jump = Jump {
        index: 0,
        reason: JumpReason::Loop,
    };
    let flush = Flush::encode(due(7, 9, b"1"), &[], Some(jump), true);
    let EncodedFlush { bytes, jump_len } = flush.frames();
    let bytes = bytes.to_bytes();
    let (jump, rest) = bytes.split_at(*jump_len);
    assert_eq!(
        payload(jump),
        r#"{"type":"jump","seq":7,"t":9,"index":0,"reason":"loop"}"#
    );
    let data = Flush::encode(due(7, 9, b"1"), &[], None, false);
    let end = rest
        .strip_prefix(&data.frames().bytes.to_bytes()[..])
        .unwrap();
    assert_eq!(payload(end), r#"{"type":"end","seq":7,"t":9}"#);
}

#[test]
fn a_state_precedes_the_records_in_every_encoding() {
    let state = Message::State {
        t: Micros::new(9),
        timeline: TimelineView {
            seq0: Seq::saturating(7),
            t0: Micros::new(9),
            index0: 0,
            rate: "200".parse().unwrap(),
            playing: true,
        },
        delay: 150_000,
        by: "configuration",
    };
    let record = br#"{"value":74,"unit":"mV"}"#;
    let rest: Vec<_> = (8..40).map(|seq| due(seq, 9, record)).collect();
    let jump = Jump {
        index: 0,
        reason: JumpReason::Loop,
    };
    let around = (Some(jump), std::slice::from_ref(&state));
    let source = Bytes::new();
    let flush = Flush::encode_with(due(7, 9, record), &rest, around, false, &source);
    let without = Flush::encode(due(7, 9, record), &rest, Some(jump), false);
    let state_len = flush.frames().bytes.len() - without.frames().bytes.len();
    let mut deflater = Deflater::default();
    let forms = [
        (flush.frames().clone(), without.frames().clone()),
        (
            flush.deflated(&mut deflater).clone(),
            without.deflated(&mut deflater).clone(),
        ),
    ];
    for (with, without) in forms {
        let at = with.jump_len;
        assert_eq!(at, without.jump_len);
        let (with, without) = (with.bytes.to_bytes(), without.bytes.to_bytes());
        assert_eq!(with[..at], without[..at]);
        assert_eq!(with[at + state_len..], without[at..]);
        let frame = websocket::text_frame(&state.to_json());
        assert_eq!(with[at..at + state_len], frame);
    }
    let epoch = "k3v7".parse().unwrap();
    let (with, without) = (flush.events(&epoch), without.events(&epoch));
    let event = sse::event(Some("state"), None, &state.to_json());
    let at = with.jump_len;
    let (with, without) = (with.bytes.to_bytes(), without.bytes.to_bytes());
    assert_eq!(with[at..at + event.len()], event);
    assert_eq!(with[at + event.len()..], without[at..]);
}

#[test]
fn only_the_records_are_compressed_and_only_if_they_shrink() {
    let mut deflater = Deflater::default();
    let jump = Jump {
        index: 0,
        reason: JumpReason::Loop,
    };
    let short = Flush::encode(due(7, 9, b"1"), &[], Some(jump), true);
    assert_eq!(short.deflated(&mut deflater), short.frames());
    let record = br#"{"value":74,"unit":"mV"}"#;
    let rest: Vec<_> = (8..40).map(|seq| due(seq, 9, record)).collect();
    let long = Flush::encode(due(7, 9, record), &rest, Some(jump), true);
    let deflated = long.deflated(&mut deflater);
    let EncodedFlush { bytes, jump_len } = long.frames();
    assert!(deflated.bytes.len() * 2 < bytes.len());
    assert_eq!(deflated.jump_len, *jump_len);
    let (deflated, bytes) = (deflated.bytes.to_bytes(), bytes.to_bytes());
    assert_eq!(deflated[..*jump_len], bytes[..*jump_len]);
    let end = websocket::text_frame(
        &Message::End {
            seq: Seq::saturating(39),
            t: Micros::new(9),
        }
        .to_json(),
    );
    assert!(deflated.ends_with(&end));
}

#[test]
fn events_carry_the_same_messages_and_the_records_have_the_last_position_as_id() {
    let jump = Jump {
        index: 0,
        reason: JumpReason::Loop,
    };
    let flush = Flush::encode(due(7, 9, b"1"), &[due(8, 19, b"2")], Some(jump), true);
    let EncodedFlush { bytes, jump_len } = flush.events(&"k3v7".parse().unwrap());
    let bytes = bytes.to_bytes();
    let text = std::str::from_utf8(&bytes).unwrap();
    let (jump, rest) = text.split_at(*jump_len);
    assert_eq!(
        jump,
        "event: jump\ndata: {\"type\":\"jump\",\"seq\":7,\"t\":9,\"index\":0,\"reason\":\"loop\"}\n\n"
    );
    assert_eq!(
        rest,
        "id: k3v7:8\ndata: {\"type\":\"batch\",\"seq\":7,\"t\":9,\"dt\":10,\"data\":[1,2]}\n\n\
         event: end\ndata: {\"type\":\"end\",\"seq\":8,\"t\":19}\n\n"
    );
}

#[test]
fn a_long_record_is_one_frame_with_a_long_header() {
    let flush = Flush::encode(due(1, 0, &[b'1'; 70_000]), &[], None, false);
    let envelope = r#"{"type":"data","seq":1,"t":0,"data":}"#;
    assert_eq!(flush.frames().bytes.len(), 10 + envelope.len() + 70_000);
}

/// A record of `len` bytes in the middle of `text`.
fn long_record(text: &Bytes, len: usize) -> &[u8] {
    &text[1..=len]
}

#[test]
fn a_long_record_is_shared_in_every_encoding() {
    let text = Bytes::from(vec![b'1'; 300_000]);
    let record = long_record(&text, 250_000);
    let rest = [due(8, 19, b"2"), due(9, 29, record)];
    let jump = Some(Jump {
        index: 0,
        reason: JumpReason::Loop,
    });
    let encode =
        |source: &Bytes| Flush::encode_with(due(7, 9, record), &rest, (jump, &[]), true, source);
    let (shared, copied) = (encode(&text), encode(&Bytes::new()));
    let mut deflater = Deflater::default();
    let epoch = "k3v7".parse().unwrap();
    let pairs = [
        (shared.frames(), copied.frames()),
        (shared.events(&epoch), copied.events(&epoch)),
        // Too long to be compressed.
        (shared.deflated(&mut deflater), copied.frames()),
    ];
    for (shared, copied) in pairs {
        assert_eq!(shared, copied);
        assert!(shared.bytes.owned_len() < 1_000);
        let is_of_text = |part: &Bytes| part.as_ptr() == record.as_ptr();
        assert_eq!(
            shared
                .bytes
                .parts()
                .iter()
                .filter(|part| is_of_text(part))
                .count(),
            2
        );
    }
}

#[test]
fn a_shared_record_that_is_not_too_long_is_compressed() {
    let text = Bytes::from(vec![b'1'; 100_000]);
    let record = long_record(&text, 90_000);
    let encode =
        |source: &Bytes| Flush::encode_with(due(7, 9, record), &[], (None, &[]), true, source);
    let (shared, copied) = (encode(&text), encode(&Bytes::new()));
    let mut deflater = Deflater::default();
    let deflated = shared.deflated(&mut deflater);
    assert_eq!(deflated, copied.deflated(&mut deflater));
    assert!(deflated.bytes.len() < 1_000);
}
