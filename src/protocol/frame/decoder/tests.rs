use proptest::prelude::*;

use super::*;

/// A viewer's frame, masked, with the shortest length form.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [1, 2, 3, 4];
    let mut bytes = vec![first];
    if payload.len() < 126 {
        bytes.push(0x80 | u8::try_from(payload.len()).unwrap());
    } else {
        bytes.push(0x80 | 126);
        bytes.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
    }
    bytes.extend(mask);
    bytes.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    bytes
}

fn decode(bytes: &[u8], step: usize) -> (Vec<Incoming>, Option<Close>) {
    let mut decoder = Decoder::default();
    let mut messages = Vec::new();
    for chunk in bytes.chunks(step.max(1)) {
        decoder.feed(chunk);
        loop {
            match decoder.message() {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(close) => return (messages, Some(close)),
            }
        }
    }
    (messages, None)
}

#[test]
fn fragments_are_joined_around_the_control_frames_between_them() {
    let bytes = [
        frame(0x01, b"he"),
        frame(0x89, b"now"),
        frame(0x00, b"l"),
        frame(0x80, b"lo"),
    ]
    .concat();
    let expected = vec![
        Incoming::Ping(b"now".to_vec()),
        Incoming::Text("hello".into()),
    ];
    assert_eq!(decode(&bytes, 1), (expected, None));
}

#[test]
fn a_character_cut_by_fragments_is_whole_again() {
    let bytes = [frame(0x01, &[0xC3]), frame(0x80, &[0xA9])].concat();
    assert_eq!(decode(&bytes, 3), (vec![Incoming::Text("é".into())], None));
}

#[test]
fn each_violation_has_its_close() {
    for (bytes, close) in [
        (vec![0x81, 0x01, b'a'], Close::Protocol), // unmasked
        (frame(0xC1, b"a"), Close::Protocol),      // reserved bit
        (frame(0x83, b"a"), Close::Protocol),      // reserved opcode
        (frame(0x80, b"a"), Close::Protocol),      // continues nothing
        (
            [frame(0x01, b"a"), frame(0x81, b"b")].concat(),
            Close::Protocol,
        ), // begins inside a message
        (frame(0x09, b"a"), Close::Protocol),      // fragmented control frame
        (frame(0x89, &[0; 126]), Close::Protocol), // long control frame
        (frame(0x88, &[3]), Close::Protocol),      // half a close code
        (frame(0x88, &1005_u16.to_be_bytes()), Close::Protocol), // a code that is never sent
        (frame(0x88, &[0x03, 0xE8, 0xFF]), Close::Utf8),
        (frame(0x81, &[0xFF]), Close::Utf8),
        (frame(0x81, &[b'a'; 1025]), Close::TooBig),
        (
            [frame(0x01, &[b'a'; 1000]), frame(0x80, &[b'a'; 25])].concat(),
            Close::TooBig,
        ),
        ([vec![0x82, 0xFF], vec![0xFF; 12]].concat(), Close::TooBig), // 2^64 - 1 bytes announced
    ] {
        assert_eq!(decode(&bytes, 7).1, Some(close), "{bytes:02x?}");
    }
}

#[test]
fn a_stream_of_empty_fragments_is_cut_off() {
    let bytes = [frame(0x01, b""), frame(0x00, b"").repeat(100)].concat();
    assert_eq!(decode(&bytes, 50), (vec![], Some(Close::TooMany)));
}

#[test]
fn a_silent_viewer_holds_no_buffer() {
    let mut decoder = Decoder::default();
    decoder.feed(&frame(0x81, &[b'a'; 1000]));
    assert!(decoder.message().unwrap().is_some());
    assert_eq!(decoder.buffer.capacity(), 0);
}

proptest! {
    #[test]
    fn messages_come_out_whole_however_the_bytes_are_cut(
        messages in prop::collection::vec("[ -~é€]{0,300}", 0..8),
        step in 1_usize..64,
    ) {
        let bytes: Vec<u8> = messages.iter().flat_map(|text| frame(0x81, text.as_bytes())).collect();
        let expected: Vec<_> = messages.into_iter().map(Incoming::Text).collect();
        prop_assert_eq!(decode(&bytes, step), (expected, None));
    }

    #[test]
    fn arbitrary_bytes_neither_panic_nor_grow_beyond_the_limit(
        bytes in prop::collection::vec(any::<u8>(), 0..4000),
        step in 1_usize..64,
    ) {
        for message in decode(&bytes, step).0 {
            if let Incoming::Text(text) = message {
                prop_assert!(text.len() <= MESSAGE_LEN_MAX);
            }
        }
    }
}
