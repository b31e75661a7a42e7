use proptest::prelude::*;

use super::super::RSV1;
use super::*;
use arbitrary_frames::frames;

mod against_tungstenite;
mod arbitrary_frames;

/// A masked frame with the shortest encoding of its length.
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

fn decode(bytes: &[u8], step: usize) -> (Vec<ViewerMessage>, Option<CloseReason>) {
    decode_with(Decoder::default(), bytes, step)
}

fn inflating(bytes: &[u8], step: usize) -> (Vec<ViewerMessage>, Option<CloseReason>) {
    decode_with(Decoder::new(Compression::Deflate), bytes, step)
}

fn decode_with(
    decoder: Decoder,
    bytes: &[u8],
    step: usize,
) -> (Vec<ViewerMessage>, Option<CloseReason>) {
    decode_chunks(decoder, bytes.chunks(step))
}

fn decode_chunks<'a>(
    mut decoder: Decoder,
    chunks: impl Iterator<Item = &'a [u8]>,
) -> (Vec<ViewerMessage>, Option<CloseReason>) {
    let mut messages = Vec::new();
    for chunk in chunks {
        decoder.feed(chunk);
        loop {
            match decoder.next_message() {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(close) => return (messages, Some(close)),
            }
        }
    }
    (messages, None)
}

#[test]
fn control_frames_may_come_between_fragments() {
    let bytes = [
        frame(0x01, b"he"),
        frame(0x89, b"now"),
        frame(0x00, b"l"),
        frame(0x80, b"lo"),
    ]
    .concat();
    let expected = vec![
        ViewerMessage::Ping(b"now".to_vec()),
        ViewerMessage::Text("hello".into()),
    ];
    assert_eq!(decode(&bytes, 1), (expected, None));
}

#[test]
fn a_character_may_be_split_across_fragments() {
    let bytes = [frame(0x01, &[0xC3]), frame(0x80, &[0xA9])].concat();
    assert_eq!(
        decode(&bytes, 3),
        (vec![ViewerMessage::Text("é".into())], None)
    );
}

#[test]
fn each_violation_has_a_close_reason() {
    for (bytes, close) in [
        (vec![0x81, 0x01, b'a'], CloseReason::Protocol), // unmasked
        (frame(0xC1, b"a"), CloseReason::Protocol),      // reserved bit
        (frame(0x83, b"a"), CloseReason::Protocol),      // reserved opcode
        (frame(0x80, b"a"), CloseReason::Protocol),      // continues nothing
        (
            [frame(0x01, b"a"), frame(0x81, b"b")].concat(),
            CloseReason::Protocol,
        ), // begins inside a message
        (frame(0x09, b"a"), CloseReason::Protocol),      // fragmented control frame
        (frame(0x89, &[0; 126]), CloseReason::Protocol), // long control frame
        (frame(0x88, &[3]), CloseReason::Protocol),      // half a close code
        (frame(0x88, &1005_u16.to_be_bytes()), CloseReason::Protocol), // a code that must not be sent
        (frame(0x88, &[0x03, 0xE8, 0xFF]), CloseReason::Utf8),
        (frame(0x81, &[0xFF]), CloseReason::Utf8),
        (frame(0x81, &[b'a'; 1025]), CloseReason::TooBig),
        (
            [frame(0x01, &[b'a'; 1000]), frame(0x80, &[b'a'; 25])].concat(),
            CloseReason::TooBig,
        ),
        (
            [vec![0x82, 0xFF], vec![0xFF; 12]].concat(),
            CloseReason::TooBig,
        ), // 2^64 - 1 bytes announced
    ] {
        assert_eq!(decode(&bytes, 7).1, Some(close), "{bytes:02x?}");
    }
}

#[test]
fn the_number_of_fragments_is_limited() {
    let bytes = [frame(0x01, b""), frame(0x00, b"").repeat(100)].concat();
    assert_eq!(
        decode(&bytes, 50),
        (vec![], Some(CloseReason::TooManyMessages))
    );
}

#[test]
fn a_silent_viewer_has_no_buffer() {
    let mut decoder = Decoder::new(Compression::Deflate);
    decoder.feed(&frame(0x81, &[b'a'; 1000]));
    assert!(decoder.next_message().unwrap().is_some());
    decoder.feed(&frame(0xC1, HELLO_DEFLATED));
    assert!(decoder.next_message().unwrap().is_some());
    assert_eq!(decoder.buffer.capacity(), 0);
    assert!(decoder.fragments.is_none());
    assert!(size_of::<Decoder>() <= 48, "{}", size_of::<Decoder>());
}

#[test]
fn a_closed_decoder_has_no_buffer() {
    for last in [frame(0x83, b""), frame(0x88, b"")] {
        let mut decoder = Decoder::default();
        decoder.feed(&[frame(0x01, b"begun"), last, frame(0x89, b"more")].concat());
        assert_ne!(decoder.next_message(), Ok(None));
        decoder.feed(&frame(0x89, b"yet more"));
        assert_eq!(decoder.next_message(), Ok(None));
        assert_eq!(decoder.buffer.capacity(), 0);
        assert!(decoder.fragments.is_none());
    }
}

#[test]
fn the_buffer_holds_at_most_about_two_frames() {
    let frames = [frame(0x89, b""), frame(0x81, &[b'a'; 1024])].concat();
    let mut decoder = Decoder::default();
    for bytes in frames.repeat(1_000).chunks(2_047) {
        decoder.feed(bytes);
        while decoder.next_message().unwrap().is_some() {}
        assert!(decoder.buffer.len() < 1_032);
        assert!(decoder.buffer.capacity() <= 4_096);
    }
}

/// RFC 7692, section 7.2.3.1.
const HELLO_DEFLATED: &[u8] = &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];

#[test]
fn compressed_messages_are_inflated() {
    let (begin, end) = HELLO_DEFLATED.split_at(3);
    let bytes = [
        frame(0xC1, HELLO_DEFLATED),
        frame(0x81, b"plain"),
        frame(0x41, begin),
        frame(0x89, b"now"),
        frame(0x80, end),
        frame(0xC2, HELLO_DEFLATED),
        frame(0xC1, &[0]),
    ]
    .concat();
    let expected = vec![
        ViewerMessage::Text("Hello".into()),
        ViewerMessage::Text("plain".into()),
        ViewerMessage::Ping(b"now".to_vec()),
        ViewerMessage::Text("Hello".into()),
        ViewerMessage::Binary,
        ViewerMessage::Text(String::new()),
    ];
    assert_eq!(inflating(&bytes, 1), (expected, None));
}

/// A compressed message in one final block (RFC 7692, section 7.2.3.4).
fn deflate(content: &[u8]) -> Vec<u8> {
    let mut payload = miniz_oxide::deflate::compress_to_vec(content, 6);
    payload.push(0);
    payload
}

#[test]
fn each_violation_of_compression_has_a_close_reason() {
    let deflated = |content: &[u8]| frame(0xC1, &deflate(content));
    for (bytes, close) in [
        (frame(0xC9, b""), CloseReason::Protocol), // a control frame
        (frame(0xC1, b"not deflated"), CloseReason::Protocol),
        (frame(0xC1, b""), CloseReason::Protocol), // the shortest is one byte
        (frame(0xA1, HELLO_DEFLATED), CloseReason::Protocol), // RSV2
        (
            [frame(0x41, HELLO_DEFLATED), frame(0xC0, b"")].concat(),
            CloseReason::Protocol,
        ), // a continuation
        (deflated(&[0xFF]), CloseReason::Utf8),
        (deflated(&[b'a'; 1025]), CloseReason::TooBig),
        (frame(0xC1, &[0; 1025]), CloseReason::TooBig),
    ] {
        assert_eq!(inflating(&bytes, 7).1, Some(close), "{bytes:02x?}");
    }
    let longest = deflated(&[b'a'; 1024]);
    assert_eq!(inflating(&longest, 7).1, None);
    assert_eq!(
        decode(&longest, 7).1,
        Some(CloseReason::Protocol),
        "not agreed"
    );
}

proptest! {
    #[test]
    fn messages_do_not_depend_on_how_the_bytes_are_split(
        messages in prop::collection::vec("[ -~é€]{0,300}", 0..8),
        step in 1_usize..64,
    ) {
        let bytes: Vec<u8> = messages.iter().flat_map(|text| frame(0x81, text.as_bytes())).collect();
        let expected: Vec<_> = messages.into_iter().map(ViewerMessage::Text).collect();
        prop_assert_eq!(decode(&bytes, step), (expected, None));
    }

    #[test]
    fn frames_do_not_depend_on_how_the_bytes_are_split(
        frames in frames(),
        deflated in prop::collection::vec(any::<bool>(), 1..8),
        lens in prop::collection::vec(1_usize..2_100, 1..20),
    ) {
        let mut bytes = Vec::new();
        for (mut frame, is_deflated) in frames.into_iter().zip(deflated.into_iter().cycle()) {
            if is_deflated && frame.is_final && matches!(frame.opcode, 1 | 2) {
                frame.reserved |= RSV1;
                frame.payload = deflate(&frame.payload);
            }
            bytes.extend(frame.bytes());
        }
        let at_once = inflating(&bytes, usize::MAX);
        prop_assert_eq!(&inflating(&bytes, 1), &at_once);
        let mut rest = &bytes[..];
        let chunks = lens.iter().cycle().map_while(|len| {
            let (chunk, later) = rest.split_at(rest.len().min(*len));
            rest = later;
            (!chunk.is_empty()).then_some(chunk)
        });
        prop_assert_eq!(&decode_chunks(Decoder::new(Compression::Deflate), chunks), &at_once);
    }

    #[test]
    fn arbitrary_bytes_neither_panic_nor_exceed_the_limit(
        bytes in prop::collection::vec(any::<u8>(), 0..4000),
        step in 1_usize..64,
    ) {
        for message in inflating(&bytes, step).0 {
            if let ViewerMessage::Text(text) = message {
                prop_assert!(text.len() <= MESSAGE_LEN_MAX);
            }
        }
    }
}
