//! The client's side of a WebSocket (RFC 6455): the handshake, a server's frames, and the few a viewer sends.

use super::head::Head;
use super::{Event, Fault, Step};
use crate::bench::target::Target;

/// The handshake's key, that of RFC 6455, section 1.3, with the answer it calls for. The key guards caches on the
/// way against confusion, and is no secret; a constant one makes thousands of handshakes cost nothing.
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

/// The close code for "done here".
const NORMAL: u16 = 1000;

/// The reading side of one WebSocket.
#[derive(Debug)]
pub(in crate::bench) struct Parser {
    is_open: bool,
    subprotocol: Option<&'static str>,
    /// A message whose last frame has not come. No allocation unless a server sends one in pieces.
    message: Vec<u8>,
}

/// The upgrade of `target`'s path.
pub(super) fn request(target: &Target, subprotocol: Option<&str>) -> Vec<u8> {
    let (path, host) = (&target.place, &target.authority);
    let offer = subprotocol
        .map(|name| format!("Sec-WebSocket-Protocol: {name}\r\n"))
        .unwrap_or_default();
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{offer}\r\n"
    )
    .into_bytes()
}

/// A text message of a viewer, as one frame.
pub(in crate::bench) fn masked_text(text: &str) -> Vec<u8> {
    masked(TEXT, text.as_bytes())
}

/// The answer to a ping that carried `payload`.
pub(super) fn masked_pong(payload: &[u8]) -> Vec<u8> {
    masked(PONG, payload)
}

/// The leave-taking of a viewer that is done.
pub(super) fn masked_close() -> Vec<u8> {
    masked(CLOSE, &NORMAL.to_be_bytes())
}

fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    // What a viewer says here is shorter than the length that would need a longer header; a server's ping is as well.
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

impl Parser {
    /// A parser for the answer to a handshake that offered `subprotocol`.
    pub(super) const fn new(subprotocol: Option<&'static str>) -> Self {
        Self {
            is_open: false,
            subprotocol,
            message: Vec::new(),
        }
    }

    pub(super) fn step<'a>(&'a mut self, bytes: &'a [u8]) -> Step<'a> {
        if self.is_open {
            self.frame(bytes)
        } else {
            self.handshake(bytes)
        }
    }

    fn handshake<'a>(&mut self, bytes: &'a [u8]) -> Step<'a> {
        let Some(head) = Head::parse(bytes)? else {
            return Ok(None);
        };
        if head.status != 101 {
            return head.refusal(bytes).map_or(Ok(None), Err);
        }
        if head.field("sec-websocket-accept") != Some(ACCEPT) {
            return Err(Fault::Malformed("the handshake's accept key is wrong"));
        }
        if head.field("sec-websocket-protocol") != self.subprotocol {
            return Err(Fault::Malformed("the server does not take the subprotocol"));
        }
        self.is_open = true;
        Ok(Some((head.len, Event::Joined)))
    }

    fn frame<'a>(&'a mut self, bytes: &'a [u8]) -> Step<'a> {
        let Some((first, start, len)) = header(bytes)? else {
            return Ok(None);
        };
        let Some(payload) = bytes.get(start..).and_then(|rest| rest.get(..len)) else {
            return Ok(None);
        };
        let is_final = first & FIN != 0;
        let event = match (first & 0x0F, is_final) {
            (TEXT | BINARY, true) => Event::Message(payload),
            (TEXT | BINARY, false) => {
                self.message.clear();
                self.message.extend_from_slice(payload);
                Event::Nothing
            }
            (CONTINUATION, _) => {
                self.message.extend_from_slice(payload);
                if is_final {
                    Event::Message(&self.message)
                } else {
                    Event::Nothing
                }
            }
            (CLOSE, _) => Event::Close(payload.first_chunk().map(|code| u16::from_be_bytes(*code))),
            (PING, _) => Event::Ping(payload),
            (PONG, _) => Event::Nothing,
            _ => return Err(Fault::Malformed("an unknown kind of frame")),
        };
        Ok(Some((start + len, event)))
    }
}

/// The first byte, where the payload begins, and its length; `None` while they are incomplete.
fn header(bytes: &[u8]) -> Result<Option<(u8, usize, usize)>, Fault> {
    let [first, second, rest @ ..] = bytes else {
        return Ok(None);
    };
    if first & 0x70 != 0 || second & MASKED != 0 {
        return Err(Fault::Malformed("a frame with bits that no server sets"));
    }
    let (start, len) = match (second, rest) {
        (126, [a, b, ..]) => (4, u64::from(u16::from_be_bytes([*a, *b]))),
        (127, [a, b, c, d, e, f, g, h, ..]) => {
            (10, u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]))
        }
        (126 | 127, _) => return Ok(None),
        (len, _) => (2, u64::from(*len)),
    };
    // A length beyond memory never comes to its end; the bound on what is waited for ends it.
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
    use crate::bench::dialect::test_support::expect;
    use crate::bench::target::Dialect;
    use crate::protocol::frame;

    fn answered(frames: &[u8]) -> Vec<u8> {
        let mut bytes =
            format!("HTTP/1.1 101 Switching Protocols\r\nsec-websocket-accept: {ACCEPT}\r\n\r\n")
                .into_bytes();
        bytes.extend_from_slice(frames);
        bytes
    }

    #[test]
    fn the_hubs_own_frames_are_understood() {
        let mut frames = BytesMut::new();
        frame::put_text(&mut frames, br#"{"i":1}"#);
        frame::put_text(&mut frames, &[b'x'; 300]);
        frames.extend_from_slice(&frame::ping());
        frames.extend_from_slice(&frame::close(crate::protocol::Close::Protocol));
        let long = "x".repeat(300);
        let said = ["Joined", r#"{"i":1}"#, &long, "ping ", "Close(Some(1002))"];
        expect(Dialect::Bare, &answered(&frames), &said);
    }

    #[test]
    fn a_message_in_pieces_is_one_message_whatever_comes_between() {
        let frames = b"\x01\x02{\"\x89\x01!\x00\x01i\x80\x04\":2}\x81\x011";
        expect(
            Dialect::Bare,
            &answered(frames),
            &["Joined", "ping !", r#"{"i":2}"#, "1"],
        );
    }

    #[test]
    fn a_refusal_is_told_with_its_status_and_detail() {
        let body = r#"{"title":"Not Found","detail":"there is no such topic"}"#;
        let len = body.len();
        let bytes = format!("HTTP/1.1 404 Not Found\r\nContent-Length: {len}\r\n\r\n{body}");
        expect(
            Dialect::Bare,
            bytes.as_bytes(),
            &["answered 404: there is no such topic"],
        );
    }

    #[test]
    fn a_server_without_the_subprotocol_is_no_hub() {
        let why = "does not speak the dialect of the URL: the server does not take the subprotocol";
        expect(Dialect::V1, &answered(b""), &[why]);
        let why = "does not speak the dialect of the URL: the answer is not HTTP/1.1";
        expect(Dialect::V1, b"220 ready\r\n", &[why]);
    }

    #[test]
    fn what_a_viewer_sends_is_masked_and_the_hub_reads_it() {
        let mut decoder = frame::Decoder::default();
        decoder.feed(&masked_text(r#"{"type":"ping","id":1}"#));
        let read = decoder.message().unwrap();
        assert_eq!(
            read,
            Some(frame::Incoming::Text(
                r#"{"type":"ping","id":1}"#.to_owned()
            ))
        );
        decoder.feed(&masked_close());
        assert_eq!(decoder.message().unwrap(), Some(frame::Incoming::Close));
    }
}
