use super::*;

const DEFLATE: Result<Compression, MalformedExtensions> = Ok(Compression::Deflate);
const IN_WINDOW: Result<Compression, MalformedExtensions> = Ok(Compression::DeflateInWindow);
const NONE: Result<Compression, MalformedExtensions> = Ok(Compression::None);
const MALFORMED: Result<Compression, MalformedExtensions> = Err(MalformedExtensions);

fn check(cases: &[(&str, Result<Compression, MalformedExtensions>)]) {
    for (value, expected) in cases {
        assert_eq!(negotiate([value]), *expected, "{value:?}");
    }
}

#[test]
fn the_offers_of_common_clients_are_accepted() {
    check(&[
        // Chromium and its relatives; Node's `ws`; Python's websockets.
        ("permessage-deflate; client_max_window_bits", DEFLATE),
        // Firefox.
        ("permessage-deflate", DEFLATE),
        // Clients that keep no context themselves, such as Go's gorilla.
        (
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
            DEFLATE,
        ),
        (
            "permessage-deflate; client_no_context_takeover; client_max_window_bits",
            DEFLATE,
        ),
        // Clients that spell out the defaults, such as Boost.Beast.
        (
            "permessage-deflate; server_max_window_bits=15; client_max_window_bits=15",
            IN_WINDOW,
        ),
        // Older Safari: an abandoned draft.
        ("x-webkit-deflate-frame", NONE),
    ]);
}

#[test]
fn an_unsupported_offer_is_declined() {
    check(&[
        ("", NONE),
        ("permessage-bzip2", NONE),
        ("permessage-deflate; unknown", NONE),
        ("permessage-deflate; Client_Max_Window_Bits", NONE),
        ("permessage-deflate; server_max_window_bits=14", NONE),
        ("permessage-deflate; server_max_window_bits", NONE),
        ("permessage-deflate; server_max_window_bits=16", NONE),
        ("permessage-deflate; client_max_window_bits=7", NONE),
        ("permessage-deflate; client_max_window_bits=08", NONE),
        ("permessage-deflate; client_max_window_bits=16", NONE),
        ("permessage-deflate; client_max_window_bits=150", NONE),
        ("permessage-deflate; client_no_context_takeover=1", NONE),
        ("permessage-deflate; server_no_context_takeover=true", NONE),
        (
            "permessage-deflate; client_max_window_bits; client_max_window_bits",
            NONE,
        ),
        (
            "permessage-deflate; server_max_window_bits=15; server_max_window_bits=15",
            NONE,
        ),
    ]);
}

#[test]
fn the_first_acceptable_offer_is_accepted() {
    check(&[
        (
            "permessage-deflate; server_max_window_bits=10, permessage-deflate",
            DEFLATE,
        ),
        (
            "bbf-usp-protocol; a=\"b\", permessage-deflate; server_max_window_bits=15, permessage-deflate",
            IN_WINDOW,
        ),
        (
            "permessage-deflate, permessage-deflate; server_max_window_bits=15",
            DEFLATE,
        ),
    ]);
    assert_eq!(negotiate(["foo", "permessage-deflate"]), DEFLATE);
    assert_eq!(negotiate([] as [&str; 0]), NONE);
}

#[test]
fn quoted_values_and_white_space_between_tokens_are_accepted() {
    check(&[
        ("permessage-deflate; client_max_window_bits=\"15\"", DEFLATE),
        (
            "permessage-deflate; client_max_window_bits=\"1\\0\"",
            DEFLATE,
        ),
        (
            "\t permessage-deflate ;client_max_window_bits\t=  \"9\" ; server_max_window_bits = 15 ",
            IN_WINDOW,
        ),
        (", ,permessage-deflate,,", DEFLATE),
        (" ", NONE),
    ]);
}

#[test]
fn a_malformed_value_fails_the_handshake() {
    check(&[
        ("permessage-deflate;", MALFORMED),
        ("permessage-deflate; ;client_max_window_bits", MALFORMED),
        ("permessage-deflate client_max_window_bits", MALFORMED),
        ("permessage-deflate; client_max_window_bits=", MALFORMED),
        ("permessage-deflate; client_max_window_bits=\"\"", MALFORMED),
        ("permessage-deflate; client_max_window_bits=\"15", MALFORMED),
        (
            "permessage-deflate; client_max_window_bits=\"15\\",
            MALFORMED,
        ),
        (
            "permessage-deflate; client_max_window_bits=\"1 5\"",
            MALFORMED,
        ),
        (
            "permessage-deflate; client_max_window_bits=\"15\"5",
            MALFORMED,
        ),
        ("permessage-deflate; client_max_window_bits=1=5", MALFORMED),
        ("permessage-deflate; =15", MALFORMED),
        ("; client_max_window_bits", MALFORMED),
        ("\"permessage-deflate\"", MALFORMED),
        ("permessage-deflate, é", MALFORMED),
        ("permessage-deflate, (comment)", MALFORMED),
    ]);
    assert_eq!(negotiate([b"\xFF"]), MALFORMED);
    assert_eq!(negotiate(["permessage-deflate", "a b"]), MALFORMED);
}

#[test]
fn the_answer_states_the_accepted_parameters() {
    let answer = |offer| negotiate([offer]).unwrap().header_value();
    let plain = answer("permessage-deflate").unwrap();
    assert_eq!(
        plain,
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
    );
    assert_eq!(
        answer("permessage-deflate; server_max_window_bits=15").unwrap(),
        format!("{plain}; server_max_window_bits=15")
    );
    assert_eq!(answer("permessage-bzip2"), None);
}
