use proptest::prelude::*;

use super::super::{inflate, text_frame};
use super::*;

/// `len` bytes of a message with numeric records.
fn batch(len: usize) -> Vec<u8> {
    let mut records = String::new();
    for value in 0.. {
        records.push_str(&format!(r#"{{"value":{}}},"#, value * 7919 % 1000));
        if records.len() >= len {
            break;
        }
    }
    records.as_bytes()[..len].to_vec()
}

/// Bytes that do not shrink.
fn noise(len: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(len as u64);
    (0..len).map(|_| random.u8(..)).collect()
}

/// The payload of a server's frame.
fn payload(frame: &[u8]) -> &[u8] {
    match frame[1] {
        126 => &frame[4..],
        127 => &frame[10..],
        _ => &frame[2..],
    }
}

#[test]
fn a_batch_is_compressed_into_one_smaller_frame() {
    let mut deflater = Deflater::default();
    for len in [200, 1_000, 10_000, 100_000, 1_000_000] {
        let message = batch(len);
        let frame = deflater.text_frame(&message).unwrap();
        assert_eq!(frame[0], 0xC1, "final, RSV1, text");
        assert!(frame.len() < text_frame(&message).len() * 3 / 5, "{len}");
        assert_eq!(inflate(payload(&frame), len).unwrap(), message);
    }
}

#[test]
fn a_payload_that_is_short_or_does_not_shrink_is_not_compressed() {
    let mut deflater = Deflater::default();
    assert_eq!(deflater.text_frame(b""), None);
    assert_eq!(deflater.text_frame(&batch(DEFLATED_LEN_MIN - 1)), None);
    for len in [200, 1_000, 70_000, 1_000_000] {
        assert_eq!(deflater.text_frame(&noise(len)), None, "{len}");
    }
}

proptest! {
    #[test]
    fn the_bytes_depend_only_on_the_message(
        earlier in prop::collection::vec((0_usize..5_000, any::<bool>()), 0..4),
        len in 0_usize..5_000,
    ) {
        let mut deflater = Deflater::default();
        for (len, is_noise) in earlier {
            deflater.text_frame(&if is_noise { noise(len) } else { batch(len) });
        }
        prop_assert_eq!(deflater.text_frame(&batch(len)), Deflater::default().text_frame(&batch(len)));
    }

    #[test]
    fn a_compressed_frame_is_smaller_and_inflates_to_the_message(
        message in (1_u8..=255).prop_flat_map(|max| prop::collection::vec(0..max, 0..2_000)),
    ) {
        if let Some(frame) = Deflater::default().text_frame(&message) {
            prop_assert!(frame.len() < text_frame(&message).len());
            prop_assert_eq!(inflate(payload(&frame), message.len()), Ok(message));
        }
    }
}
