use miniz_oxide::deflate::compress_to_vec;
use proptest::prelude::*;

use super::*;

/// Compresses into one final block, plus the byte that turns the tail into a block (RFC 7692, section 7.2.3.4).
fn deflate(content: &[u8]) -> Vec<u8> {
    let mut payload = compress_to_vec(content, 6);
    payload.push(0);
    payload
}

#[test]
fn the_examples_of_the_rfc_are_inflated() {
    // RFC 7692, sections 7.2.3.1 to 7.2.3.6; the second message of 7.2.3.2 needs context takeover.
    for (payload, content) in [
        (&[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00][..], "Hello"),
        (
            &[
                0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00,
            ],
            "Hello",
        ),
        (&[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00], "Hello"),
        (
            &[
                0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00,
            ],
            "Hello",
        ),
        (&[0x00], ""),
        (&[0x02, 0x00], ""),
    ] {
        assert_eq!(inflate(payload, 5).unwrap(), content.as_bytes());
    }
}

#[test]
fn a_message_cannot_refer_to_an_earlier_one() {
    let refers_to_earlier_message = [0xf2, 0x00, 0x11, 0x00, 0x00];
    assert_eq!(
        inflate(&refers_to_earlier_message, 5),
        Err(CloseReason::Protocol)
    );
}

#[test]
fn a_final_block_keeps_the_window() {
    // "Hello" in a final block, then a block that repeats the last five bytes.
    let first = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    let again = [0x02, 0x13, 0x00, 0x00];
    let payload = [&first[..], &again].concat();
    assert_eq!(inflate(&payload, 10).unwrap(), b"HelloHello");
}

#[test]
fn a_truncated_or_invalid_message_is_a_protocol_error() {
    let whole = deflate(&b"hello, ".repeat(10));
    for len in 0..whole.len() {
        assert_eq!(
            inflate(&whole[..len], 1024),
            Err(CloseReason::Protocol),
            "{len}"
        );
    }
    assert_eq!(inflate(&[0xFF; 9], 1024), Err(CloseReason::Protocol));
    assert_eq!(inflate(b"plain text", 1024), Err(CloseReason::Protocol));
}

#[test]
fn a_decompression_bomb_uses_no_more_memory_than_the_limit() {
    for (len, is_within) in [(1024, true), (1025, false), (1_000_000, false)] {
        let result = inflate(&deflate(&vec![b'a'; len]), 1024);
        match result {
            Ok(content) => assert!(is_within && content.len() == len && content.capacity() == 1024),
            Err(close) => assert!(
                !is_within && close == CloseReason::TooBig,
                "{len}: {close:?}"
            ),
        }
    }
    assert_eq!(inflate(&[0x00], 0), Ok(vec![]));
    assert_eq!(inflate(&deflate(b"a"), 0), Err(CloseReason::TooBig));
}

#[test]
fn the_number_of_blocks_is_limited() {
    let final_block = [0x03, 0x00];
    let stored_block = [0x00, 0x00, 0x00, 0xFF, 0xFF];
    for (block, count) in [(&final_block[..], 512), (&stored_block, 204)] {
        let many = [&block.repeat(count)[..], &[0]].concat();
        assert_eq!(inflate(&many, 1024), Err(CloseReason::TooManyMessages));
        let few = [&block.repeat(BLOCKS_MAX - 2)[..], &[0]].concat();
        assert_eq!(inflate(&few, 1024), Ok(vec![]));
    }
}

proptest! {
    #[test]
    fn messages_of_any_length_round_trip(
        content in prop::collection::vec(0_u8..8, 0..1_200),
        level in 0_u8..10,
    ) {
        let mut payload = compress_to_vec(&content, level);
        payload.push(0);
        let expected = if content.len() <= 1024 { Ok(content) } else { Err(CloseReason::TooBig) };
        prop_assert_eq!(inflate(&payload, 1024), expected);
    }

    #[test]
    fn arbitrary_bytes_stay_within_the_limit(payload in prop::collection::vec(any::<u8>(), 0..1_024)) {
        if let Ok(content) = inflate(&payload, 64) {
            prop_assert!(content.len() <= 64);
        }
    }
}
