//! The decoder says the same however its bytes are cut, holds no message beyond its limit, and yields nothing after a
//! violation or a close.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tickcast::protocol::Close;
use tickcast::protocol::frame::{Compression, Decoder, Incoming, MESSAGE_LEN_MAX};

type Heard = (Vec<Incoming>, Option<Close>);

fn hear<'a>(compression: Compression, chunks: impl Iterator<Item = &'a [u8]>) -> Heard {
    let mut decoder = Decoder::new(compression);
    let (mut messages, mut verdict) = (Vec::new(), None);
    for chunk in chunks {
        decoder.feed(chunk);
        loop {
            match decoder.message() {
                Ok(None) => break,
                Ok(Some(message)) => {
                    assert!(verdict.is_none() && messages.last() != Some(&Incoming::Close));
                    if let Incoming::Text(text) = &message {
                        assert!(text.len() <= MESSAGE_LEN_MAX);
                    }
                    messages.push(message);
                }
                Err(close) => assert_eq!(verdict.replace(close), None),
            }
        }
    }
    (messages, verdict)
}

// The first bytes choose whether compression was agreed upon and how long the chunks are, in turn.
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
        hear(compression, chunks),
        hear(compression, std::iter::once(bytes))
    );
});
