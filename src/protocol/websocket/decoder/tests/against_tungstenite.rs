//! Compares the decoder with tungstenite's parser: both return the same messages and the same violation, except for the
//! differences listed here.

use std::io::{self, Read, Write};

use proptest::prelude::*;
use tokio_tungstenite::tungstenite::error::Error;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, WebSocket};

use super::arbitrary_frames::{ViewerFrame, frames};
use super::*;

/// The allowed differences.
#[derive(Debug, PartialEq, Eq)]
enum Difference {
    /// We limit the number of fragments per message; tungstenite does not.
    Fragments,
    /// tungstenite checks the length of a frame first, so a frame that is too long *and* invalid is too long for
    /// tungstenite and invalid for us.
    LengthFirst,
    /// tungstenite checks UTF-8 per fragment; we check the complete message. RFC 6455, section 8.1, allows both.
    Utf8ByFragment,
    /// For a close with an invalid code *and* an invalid reason, we report the code, tungstenite the reason.
    CloseReasonFirst,
    /// 1014 (bad gateway) is in IANA's registry of close codes, but unknown to tungstenite.
    BadGateway,
    /// We reject a frame as soon as its header has arrived; tungstenite waits for the payload.
    HeaderFirst,
}

const BAD_GATEWAY: [u8; 2] = 1014_u16.to_be_bytes();

/// The decoded messages, and the violation that ended decoding, if any.
type Decoded = (Vec<ViewerMessage>, Option<CloseReason>);

/// A socket that returns the bytes `unread`, `step` at a time, and nothing after them.
struct InMemorySocket {
    unread: Vec<u8>,
    step: usize,
}

impl Read for InMemorySocket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = buffer.len().min(self.step).min(self.unread.len());
        if len == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        buffer[..len].copy_from_slice(&self.unread[..len]);
        self.unread.drain(..len);
        Ok(len)
    }
}

impl Write for InMemorySocket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn tungstenite(bytes: &[u8], step: usize) -> Decoded {
    let config = WebSocketConfig::default()
        .max_message_size(Some(MESSAGE_LEN_MAX))
        .max_frame_size(Some(MESSAGE_LEN_MAX));
    let unread = bytes.to_vec();
    let mut socket =
        WebSocket::from_raw_socket(InMemorySocket { unread, step }, Role::Server, Some(config));
    let mut messages = Vec::new();
    loop {
        messages.push(match socket.read() {
            Ok(Message::Text(text)) => ViewerMessage::Text(text.to_string()),
            Ok(Message::Binary(_)) => ViewerMessage::Binary,
            Ok(Message::Ping(payload)) => ViewerMessage::Ping(payload.to_vec()),
            Ok(Message::Pong(_)) => ViewerMessage::Pong,
            // tungstenite reports an invalid code through the close frame that it answers with.
            Ok(Message::Close(Some(close)))
                if close.code == CloseCode::Protocol && close.reason == "Protocol violation" =>
            {
                return (messages, Some(CloseReason::Protocol));
            }
            Ok(Message::Close(_)) => {
                messages.push(ViewerMessage::Close);
                return (messages, None);
            }
            Ok(Message::Frame(_)) => unreachable!("never read"),
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                return (messages, None);
            }
            Err(Error::Protocol(_)) => return (messages, Some(CloseReason::Protocol)),
            Err(Error::Utf8(_)) => return (messages, Some(CloseReason::Utf8)),
            Err(Error::Capacity(_)) => return (messages, Some(CloseReason::TooBig)),
            Err(error) => panic!("{error}"),
        });
    }
}

/// Returns the allowed difference that explains two unequal results, if any.
fn difference(
    frames: &[ViewerFrame],
    is_cut: bool,
    ours: &Decoded,
    theirs: &Decoded,
) -> Option<Difference> {
    let is_same_so_far = ours.0 == theirs.0;
    let has = |is_such: fn(&ViewerFrame) -> bool| frames.iter().any(is_such);
    match (ours.1, theirs.1) {
        (Some(CloseReason::TooManyMessages), _) if theirs.0.starts_with(&ours.0) => {
            Some(Difference::Fragments)
        }
        (Some(CloseReason::Protocol), Some(CloseReason::TooBig))
            if is_same_so_far && has(|frame| frame.payload.len() > MESSAGE_LEN_MAX) =>
        {
            Some(Difference::LengthFirst)
        }
        (Some(CloseReason::Protocol), Some(CloseReason::Utf8))
            if is_same_so_far && has(|frame| frame.opcode == 8) =>
        {
            Some(Difference::CloseReasonFirst)
        }
        (_, Some(CloseReason::Utf8))
            if ours.0.starts_with(&theirs.0)
                && has(|frame| frame.opcode == 1 && !frame.is_final) =>
        {
            Some(Difference::Utf8ByFragment)
        }
        (None, Some(CloseReason::Protocol))
            if ours.0.split_last() == Some((&ViewerMessage::Close, &theirs.0))
                && has(|frame| frame.opcode == 8 && frame.payload.starts_with(&BAD_GATEWAY)) =>
        {
            Some(Difference::BadGateway)
        }
        (Some(_), None) if is_same_so_far && is_cut => Some(Difference::HeaderFirst),
        _ => None,
    }
}

fn bytes(frames: &[ViewerFrame]) -> Vec<u8> {
    frames.iter().flat_map(ViewerFrame::bytes).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn decodes_the_same_messages_as_tungstenite(
        frames in frames(),
        cut in prop_oneof![3 => Just(0_usize), 1 => 1_usize..200],
        steps in (1_usize..3_000, 1_usize..3_000),
    ) {
        let mut bytes = bytes(&frames);
        bytes.truncate(bytes.len().saturating_sub(cut));
        let ours = decode(&bytes, steps.0);
        let theirs = tungstenite(&bytes, steps.1);
        prop_assert!(
            ours == theirs || difference(&frames, cut > 0, &ours, &theirs).is_some(),
            "{ours:?}\n{theirs:?}"
        );
    }
}

#[test]
fn each_listed_difference_to_tungstenite_exists() {
    let text = |payload: &[u8]| ViewerFrame::new(1, payload);
    let more = |payload: &[u8]| ViewerFrame::new(0, payload);
    let (too_big, protocol) = (Some(CloseReason::TooBig), Some(CloseReason::Protocol));
    for (expected, frames, cut, ours, theirs) in [
        (
            Difference::Fragments,
            [vec![text(b"").not_final()], vec![more(b"").not_final(); 16]].concat(),
            0,
            Some(CloseReason::TooManyMessages),
            None,
        ),
        (
            Difference::LengthFirst,
            vec![more(&[b'a'; 1025])],
            0,
            protocol,
            too_big,
        ),
        (
            Difference::LengthFirst,
            vec![ViewerFrame::new(9, &[b'a'; 1025])],
            0,
            protocol,
            too_big,
        ),
        (
            Difference::Utf8ByFragment,
            vec![text(b"\xFF").not_final()],
            0,
            None,
            Some(CloseReason::Utf8),
        ),
        (
            Difference::CloseReasonFirst,
            vec![ViewerFrame::new(8, b"\x00\x00\xFF")],
            0,
            protocol,
            Some(CloseReason::Utf8),
        ),
        (
            Difference::BadGateway,
            vec![ViewerFrame::new(8, &BAD_GATEWAY)],
            0,
            None,
            protocol,
        ),
        (Difference::HeaderFirst, vec![more(b"a")], 1, protocol, None),
    ] {
        let mut bytes = bytes(&frames);
        bytes.truncate(bytes.len() - cut);
        let decoded = (decode(&bytes, 1), tungstenite(&bytes, 1));
        assert_eq!((decoded.0.1, decoded.1.1), (ours, theirs), "{expected:?}");
        let found = difference(&frames, cut > 0, &decoded.0, &decoded.1);
        assert_eq!(found, Some(expected));
    }
}
