//! Negotiation takes or refuses anything without harm, and a list says the same in one header as in several.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tickcast::protocol::frame::negotiate;

fuzz_target!(|input: &[u8]| {
    let whole = negotiate([input]);
    if let Ok(compression) = whole {
        assert_eq!(compression.is_deflate(), compression.answer().is_some());
        let offer = b"permessage-deflate".as_slice();
        let and_one_more = negotiate([input, offer]).expect("both are well-formed");
        assert_eq!(negotiate([[input, offer].join(&b',')]), Ok(and_one_more));
        assert!(and_one_more.is_deflate());
    }
    if !input.contains(&b'"') {
        assert_eq!(negotiate(input.split(|byte| *byte == b',')), whole);
    }
});
