//! Fuzzes extension negotiation: any input is accepted or rejected without a panic, and offers mean the same in one
//! header as in several.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tickcast::protocol::websocket::negotiate;

fuzz_target!(|input: &[u8]| {
    let whole = negotiate([input]);
    if let Ok(compression) = whole {
        assert_eq!(compression.is_deflate(), compression.header_value().is_some());
        let offer = b"permessage-deflate".as_slice();
        let with_deflate = negotiate([input, offer]).expect("both headers are well-formed");
        assert_eq!(negotiate([[input, offer].join(&b',')]), Ok(with_deflate));
        assert!(with_deflate.is_deflate());
    }
    if !input.contains(&b'"') {
        assert_eq!(negotiate(input.split(|byte| *byte == b',')), whole);
    }
});
