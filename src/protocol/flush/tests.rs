use bytes::Bytes;

use super::*;
use crate::protocol::websocket::text_frame;
use crate::protocol::{JumpReason, Micros};

fn due(seq: u64, t: i64, record: &[u8]) -> DueRecord {
    DueRecord {
        seq: Seq::saturating(seq),
        t: Micros::new(t),
        record: Bytes::copy_from_slice(record),
    }
}

const LOOP: Option<Jump> = Some(Jump {
    index: 0,
    reason: JumpReason::Loop,
});

fn payload(frame: &[u8]) -> &str {
    std::str::from_utf8(&frame[2..]).unwrap()
}

/// Thirty-three records that compress well.
fn similar_records() -> Vec<DueRecord> {
    let record = br#"{"value":74,"unit":"mV"}"#;
    (7..40).map(|seq| due(seq, 9, record)).collect()
}

#[test]
fn a_single_record_is_sent_as_data() {
    let flush = Flush::encode(&[due(7, 9, br#"{"value":74}"#)], None);
    assert_eq!(
        payload(&flush.frames().bytes.to_bytes()),
        r#"{"type":"data","seq":7,"t":9,"data":{"value":74}}"#
    );
}

#[test]
fn evenly_spaced_records_have_a_period_and_others_have_offsets() {
    let even = [due(7, 9, b"1"), due(8, 19, b"2"), due(9, 29, b"[3]")];
    let even = Flush::encode(&even, None);
    assert_eq!(
        payload(&even.frames().bytes.to_bytes()),
        r#"{"type":"batch","seq":7,"t":9,"dt":10,"data":[1,2,[3]]}"#
    );
    assert_eq!((even.first().get(), even.last().get()), (7, 9));
    assert_eq!(even.t(), Micros::new(29));
    let uneven = [due(7, 9, b"1"), due(8, 19, b"2"), due(9, 30, b"3")];
    let uneven = Flush::encode(&uneven, None);
    assert_eq!(
        payload(&uneven.frames().bytes.to_bytes()),
        r#"{"type":"batch","seq":7,"t":9,"dt":[0,10,21],"data":[1,2,3]}"#
    );
}

#[test]
fn a_jump_precedes_the_records() {
    let flush = Flush::encode(&[due(7, 9, b"1")], LOOP);
    let EncodedFlush { bytes, jump_len } = flush.frames();
    let bytes = bytes.to_bytes();
    let (jump, rest) = bytes.split_at(*jump_len);
    assert_eq!(
        payload(jump),
        r#"{"type":"jump","seq":7,"t":9,"index":0,"reason":"loop"}"#
    );
    let data = Flush::encode(&[due(7, 9, b"1")], None);
    assert_eq!(rest, data.frames().bytes.to_bytes());
}

#[test]
fn only_the_records_are_compressed_and_only_if_they_shrink() {
    let mut deflater = Deflater::default();
    let short = Flush::encode(&[due(7, 9, b"1")], LOOP);
    assert_eq!(short.deflated(&mut deflater), short.frames());
    let long = Flush::encode(&similar_records(), LOOP);
    let deflated = long.deflated(&mut deflater);
    let EncodedFlush { bytes, jump_len } = long.frames();
    assert!(deflated.bytes.len() * 2 < bytes.len());
    assert_eq!(deflated.jump_len, *jump_len);
    let (deflated, bytes) = (deflated.bytes.to_bytes(), bytes.to_bytes());
    assert_eq!(deflated[..*jump_len], bytes[..*jump_len]);
    let alone = Flush::encode(&similar_records(), None);
    let alone = alone.deflated(&mut deflater).bytes.to_bytes();
    assert_eq!(deflated[*jump_len..], alone);
}

#[test]
fn events_carry_the_same_messages_and_the_records_have_the_last_position_as_id() {
    let flush = Flush::encode(&[due(7, 9, b"1"), due(8, 19, b"2")], LOOP);
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
        "id: k3v7:8\ndata: {\"type\":\"batch\",\"seq\":7,\"t\":9,\"dt\":10,\"data\":[1,2]}\n\n"
    );
}

#[test]
fn a_long_record_is_one_frame_with_a_long_header() {
    let flush = Flush::encode(&[due(1, 0, &[b'1'; 70_000])], None);
    let envelope = r#"{"type":"data","seq":1,"t":0,"data":}"#;
    assert_eq!(flush.frames().bytes.len(), 10 + envelope.len() + 70_000);
}

#[test]
fn a_long_record_is_shared_in_every_encoding() {
    let long = due(7, 9, &[b'1'; 250_000]);
    let again = DueRecord {
        seq: Seq::saturating(9),
        t: Micros::new(29),
        record: long.record.clone(),
    };
    let address = long.record.as_ptr();
    let flush = Flush::encode(&[long, due(8, 19, b"2"), again], LOOP);
    let mut deflater = Deflater::default();
    let epoch = "k3v7".parse().unwrap();
    let jump = br#"{"type":"jump","seq":7,"t":9,"index":0,"reason":"loop"}"#;
    let ones = "1".repeat(250_000);
    let batch = format!(r#"{{"type":"batch","seq":7,"t":9,"dt":10,"data":[{ones},2,{ones}]}}"#);
    let frames = [text_frame(jump), text_frame(batch.as_bytes())].concat();
    assert_eq!(flush.frames().bytes.to_bytes(), frames);
    let events = [
        &b"event: jump\ndata: "[..],
        jump,
        b"\n\nid: k3v7:9\ndata: ",
        batch.as_bytes(),
        b"\n\n",
    ];
    assert_eq!(flush.events(&epoch).bytes.to_bytes(), events.concat());
    // Too long to be compressed.
    assert_eq!(flush.deflated(&mut deflater), flush.frames());
    for encoded in [flush.frames(), flush.events(&epoch)] {
        assert!(encoded.bytes.owned_len() < 1_000);
        let is_shared = |part: &&Bytes| part.as_ptr() == address;
        assert_eq!(encoded.bytes.parts().iter().filter(is_shared).count(), 2);
    }
}

#[test]
fn a_shared_record_that_is_not_too_long_is_compressed() {
    let mut deflater = Deflater::default();
    let flush = Flush::encode(&[due(7, 9, &[b'1'; 90_000])], None);
    let deflated = flush.deflated(&mut deflater);
    assert!(deflated.bytes.len() < 1_000);
    let copied: Bytes = flush.frames().bytes.to_bytes();
    let payload = &copied[copied.len() - flush.records.len()..];
    assert_eq!(
        deflated.bytes.to_bytes(),
        deflater.text_frame(payload).unwrap()
    );
}
