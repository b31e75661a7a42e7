//! Fuzzes decompression: no input inflates beyond the given limit, and what the hub compresses inflates to the same
//! bytes.

#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use tickcast::protocol::websocket::{Deflater, MESSAGE_LEN_MAX, inflate};

thread_local! {
    static DEFLATER: RefCell<Deflater> = RefCell::default();
}

fuzz_target!(|input: &[u8]| {
    if let Ok(content) = inflate(input, MESSAGE_LEN_MAX) {
        assert!(content.len() <= MESSAGE_LEN_MAX);
        // The limit only decides between success and failure; it never changes the output.
        assert_eq!(inflate(input, content.len()).as_ref(), Ok(&content));
        if let Some(less) = content.len().checked_sub(1) {
            assert!(inflate(input, less).is_err());
        }
    }
    if let Some(frame) = DEFLATER.with_borrow_mut(|deflater| deflater.text_frame(input)) {
        let header_len = match frame[1] {
            126 => 4,
            127 => 10,
            _ => 2,
        };
        assert_eq!(
            inflate(&frame[header_len..], input.len()).as_deref(),
            Ok(input)
        );
    }
});
