//! Fuzzes the frame decoder: its result does not depend on how the bytes are split, no message exceeds the limit, and
//! nothing is returned after a protocol violation or a close.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tickcast::protocol::CloseReason;
use tickcast::protocol::websocket::{Compression, Decoder, MESSAGE_LEN_MAX, ViewerMessage};

/// The decoded messages, and the close code of the first violation.
type Decoded = (Vec<ViewerMessage>, Option<CloseReason>);

fn decode<'a>(compression: Compression, chunks: impl Iterator<Item = &'a [u8]>) -> Decoded {
    let mut decoder = Decoder::new(compression);
    let (mut messages, mut violation) = (Vec::new(), None);
    for chunk in chunks {
        decoder.feed(chunk);
        loop {
            match decoder.next_message() {
                Ok(None) => break,
                Ok(Some(message)) => {
                    assert!(violation.is_none() && messages.last() != Some(&ViewerMessage::Close));
                    if let ViewerMessage::Text(text) = &message {
                        assert!(text.len() <= MESSAGE_LEN_MAX);
                    }
                    messages.push(message);
                }
                Err(close) => assert_eq!(violation.replace(close), None),
            }
        }
    }
    (messages, violation)
}

// The first byte selects whether compression was negotiated; the next four are the chunk lengths, used in turn.
fuzz_target!(|input: &[u8]| {
    let Some(([choice, lens @ ..], bytes)) = input.split_first_chunk::<5>() else {
        return;
    };
    let compression = [Compression::None, Compression::Deflate][usize::from(choice & 1)];
    let mut rest = bytes;
    let chunks = lens.iter().cycle().map_while(|len| {
        let len = rest.len().min(usize::from(*len) + 1);
        let chunk = rest.split_off(..len).expect("no longer than the rest");
        (!chunk.is_empty()).then_some(chunk)
    });
    assert_eq!(
        decode(compression, chunks),
        decode(compression, std::iter::once(bytes))
    );
});
