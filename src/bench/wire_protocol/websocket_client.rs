//! The client's side of a WebSocket (RFC 6455): the handshake, a server's frames, and the few a viewer sends.

use super::response_head::ResponseHead;
use super::{ParseResult, ServerEvent, ServerFault};
use crate::bench::bench_target::BenchTarget;

/// The example key of RFC 6455, section 1.3, and its accept value. The key is not a secret, and a constant one avoids
/// the cost of thousands of hashes.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

const FIN: u8 = 0x80;
const MASKED: u8 = 0x80;
const CONTINUATION: u8 = 0x0;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;

/// The close code for a normal closure.
const NORMAL: u16 = 1000;

/// The parser of one WebSocket connection.
#[derive(Debug)]
pub(in crate::bench) struct WebSocketParser {
    is_open: bool,
    subprotocol: Option<&'static str>,
    /// The fragments of an incomplete message; unallocated unless a server fragments messages.
    message: Vec<u8>,
}

/// The upgrade request for `target`.
pub(super) fn handshake_request(target: &BenchTarget, subprotocol: Option<&str>) -> Vec<u8> {
    let (path, host) = (&target.resource, &target.authority);
    let offer = subprotocol
        .map(|name| format!("Sec-WebSocket-Protocol: {name}\r\n"))
        .unwrap_or_default();
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{offer}\r\n"
    )
    .into_bytes()
}

/// A client's text message as one masked frame.
pub(in crate::bench) fn masked_text(text: &str) -> Vec<u8> {
    masked(TEXT, text.as_bytes())
}

/// The answer to a ping that carried `payload`.
pub(super) fn masked_pong(payload: &[u8]) -> Vec<u8> {
    masked(PONG, payload)
}

/// The close frame of a viewer that leaves.
pub(super) fn masked_close() -> Vec<u8> {
    masked(CLOSE, &NORMAL.to_be_bytes())
}

fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    // Control frames carry at most 125 bytes, and the messages sent here are shorter too, so the short header suffices.
    let len = u8::try_from(payload.len().min(125)).unwrap_or(125);
    let mask = fastrand::u32(..).to_be_bytes();
    let mut frame = vec![FIN | opcode, MASKED | len];
    frame.extend(mask);
    let payload = &payload[..usize::from(len)];
    frame.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    frame
}

impl WebSocketParser {
    /// Creates a parser for the response to a handshake that offered `subprotocol`.
    pub(super) const fn new(subprotocol: Option<&'static str>) -> Self {
        Self {
            is_open: false,
            subprotocol,
            message: Vec::new(),
        }
    }

    pub(super) fn next_event<'a>(&'a mut self, bytes: &'a [u8]) -> ParseResult<'a> {
        if self.is_open {
            self.parse_frame(bytes)
        } else {
            self.parse_handshake(bytes)
        }
    }

    fn parse_handshake<'a>(&mut self, bytes: &'a [u8]) -> ParseResult<'a> {
        let Some(head) = ResponseHead::parse(bytes)? else {
            return Ok(None);
        };
        if head.status != 101 {
            return head.rejection(bytes).map_or(Ok(None), Err);
        }
        if head.field("sec-websocket-accept") != Some(ACCEPT) {
            return Err(ServerFault::Malformed(
                "the handshake's accept key is wrong",
            ));
        }
        if head.field("sec-websocket-protocol") != self.subprotocol {
            return Err(ServerFault::Malformed(
                "the server does not accept the subprotocol",
            ));
        }
        self.is_open = true;
        Ok(Some((head.len, ServerEvent::Joined)))
    }

    fn parse_frame<'a>(&'a mut self, bytes: &'a [u8]) -> ParseResult<'a> {
        let Some((first, start, len)) = parse_header(bytes)? else {
            return Ok(None);
        };
        let Some(payload) = bytes.get(start..).and_then(|rest| rest.get(..len)) else {
            return Ok(None);
        };
        let is_final = first & FIN != 0;
        let event = match (first & 0x0F, is_final) {
            (TEXT | BINARY, true) => ServerEvent::Message(payload),
            (TEXT | BINARY, false) => {
                self.message.clear();
                self.message.extend_from_slice(payload);
                ServerEvent::Nothing
            }
            (CONTINUATION, _) => {
                self.message.extend_from_slice(payload);
                if is_final {
                    ServerEvent::Message(&self.message)
                } else {
                    ServerEvent::Nothing
                }
            }
            (CLOSE, _) => {
                ServerEvent::Close(payload.first_chunk().map(|code| u16::from_be_bytes(*code)))
            }
            (PING, _) => ServerEvent::Ping(payload),
            (PONG, _) => ServerEvent::Nothing,
            _ => return Err(ServerFault::Malformed("an unknown kind of frame")),
        };
        Ok(Some((start + len, event)))
    }
}

/// The first byte, the offset of the payload and its length; `None` while the header is incomplete.
fn parse_header(bytes: &[u8]) -> Result<Option<(u8, usize, usize)>, ServerFault> {
    let [first, second, rest @ ..] = bytes else {
        return Ok(None);
    };
    if first & 0x70 != 0 || second & MASKED != 0 {
        return Err(ServerFault::Malformed("a frame with invalid header bits"));
    }
    let (start, len) = match (second, rest) {
        (126, [a, b, ..]) => (4, u64::from(u16::from_be_bytes([*a, *b]))),
        (127, [a, b, c, d, e, f, g, h, ..]) => {
            (10, u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]))
        }
        (126 | 127, _) => return Ok(None),
        (len, _) => (2, u64::from(*len)),
    };
    // A length that exceeds the address space is never complete; `EVENT_LEN_MAX` ends the wait.
    Ok(Some((
        *first,
        start,
        usize::try_from(len).unwrap_or(usize::MAX),
    )))
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::*;
    use crate::bench::bench_target::WireProtocol;
    use crate::bench::wire_protocol::test_support::assert_events;
    use crate::protocol::websocket;

    fn handshake_and(frames: &[u8]) -> Vec<u8> {
        let mut bytes =
            format!("HTTP/1.1 101 Switching Protocols\r\nsec-websocket-accept: {ACCEPT}\r\n\r\n")
                .into_bytes();
        bytes.extend_from_slice(frames);
        bytes
    }

    #[test]
    fn frames_of_the_hub_are_parsed() {
        let mut frames = BytesMut::new();
        websocket::put_text_frame(&mut frames, br#"{"i":1}"#);
        websocket::put_text_frame(&mut frames, &[b'x'; 300]);
        frames.extend_from_slice(&websocket::ping_frame());
        frames.extend_from_slice(&websocket::close_frame(
            crate::protocol::CloseReason::Protocol,
        ));
        let long = "x".repeat(300);
        let expected = ["Joined", r#"{"i":1}"#, &long, "ping ", "Close(Some(1002))"];
        assert_events(WireProtocol::Bare, &handshake_and(&frames), &expected);
    }

    #[test]
    fn a_fragmented_message_is_one_message_even_with_a_ping_in_between() {
        let frames = b"\x01\x02{\"\x89\x01!\x00\x01i\x80\x04\":2}\x81\x011";
        assert_events(
            WireProtocol::Bare,
            &handshake_and(frames),
            &["Joined", "ping !", r#"{"i":2}"#, "1"],
        );
    }

    #[test]
    fn a_refusal_is_reported_with_its_status_and_detail() {
        let body = r#"{"title":"Not Found","detail":"there is no such topic"}"#;
        let len = body.len();
        let bytes = format!("HTTP/1.1 404 Not Found\r\nContent-Length: {len}\r\n\r\n{body}");
        assert_events(
            WireProtocol::Bare,
            bytes.as_bytes(),
            &["answered 404: there is no such topic"],
        );
    }

    #[test]
    fn a_server_without_the_subprotocol_is_rejected() {
        let why =
            "does not speak the protocol of the URL: the server does not accept the subprotocol";
        assert_events(WireProtocol::V1, &handshake_and(b""), &[why]);
        let why = "does not speak the protocol of the URL: the answer is not HTTP/1.1";
        assert_events(WireProtocol::V1, b"220 ready\r\n", &[why]);
    }

    #[test]
    fn masked_frames_are_decoded_by_the_hub() {
        let mut decoder = websocket::Decoder::default();
        decoder.feed(&masked_text(r#"{"type":"ping","id":1}"#));
        let read = decoder.next_message().unwrap();
        assert_eq!(
            read,
            Some(websocket::ViewerMessage::Text(
                r#"{"type":"ping","id":1}"#.to_owned()
            ))
        );
        decoder.feed(&masked_close());
        assert_eq!(
            decoder.next_message().unwrap(),
            Some(websocket::ViewerMessage::Close)
        );
    }
}
