//! The decoder against tungstenite's parser: the same messages and the same verdict, but for differences that are
//! named here.

use std::io::{self, Read, Write};

use proptest::prelude::*;
use tokio_tungstenite::tungstenite::error::Error;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, WebSocket};

use super::conversation::{Sent, conversation};
use super::*;

/// Where the two are allowed to part.
#[derive(Debug, PartialEq, Eq)]
enum Difference {
    /// We bound the fragments of a message; tungstenite does not.
    Fragments,
    /// tungstenite looks at a frame's length first, so that one that is too long *and* wrong is too long to it and
    /// wrong to us.
    LengthFirst,
    /// tungstenite judges UTF-8 by the fragment; we do when the message is whole, whatever has come in between.
    /// RFC 6455, section 8.1, leaves the moment open.
    Utf8ByFragment,
    /// In a close with neither a permitted code nor a readable reason, we name the code, tungstenite the reason.
    CloseReasonFirst,
    /// 1014 (bad gateway) is in IANA's registry of close codes, but unknown to tungstenite.
    BadGateway,
    /// We refuse a frame by its header; tungstenite awaits its payload.
    HeaderFirst,
}

const BAD_GATEWAY: [u8; 2] = 1014_u16.to_be_bytes();

/// Messages, and why it failed, if it did.
type Heard = (Vec<Incoming>, Option<Close>);

/// A socket on which `unread` has arrived and nothing more will.
struct Wire {
    unread: Vec<u8>,
    step: usize,
}

impl Read for Wire {
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

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn tungstenite(bytes: &[u8], step: usize) -> Heard {
    let config = WebSocketConfig::default()
        .max_message_size(Some(MESSAGE_LEN_MAX))
        .max_frame_size(Some(MESSAGE_LEN_MAX));
    let unread = bytes.to_vec();
    let mut socket = WebSocket::from_raw_socket(Wire { unread, step }, Role::Server, Some(config));
    let mut messages = Vec::new();
    loop {
        messages.push(match socket.read() {
            Ok(Message::Text(text)) => Incoming::Text(text.to_string()),
            Ok(Message::Binary(_)) => Incoming::Binary,
            Ok(Message::Ping(payload)) => Incoming::Ping(payload.to_vec()),
            Ok(Message::Pong(_)) => Incoming::Pong,
            // This is how it reports a code that is not permitted: by the close that it answers.
            Ok(Message::Close(Some(close)))
                if close.code == CloseCode::Protocol && close.reason == "Protocol violation" =>
            {
                return (messages, Some(Close::Protocol));
            }
            Ok(Message::Close(_)) => {
                messages.push(Incoming::Close);
                return (messages, None);
            }
            Ok(Message::Frame(_)) => unreachable!("never read"),
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                return (messages, None);
            }
            Err(Error::Protocol(_)) => return (messages, Some(Close::Protocol)),
            Err(Error::Utf8(_)) => return (messages, Some(Close::Utf8)),
            Err(Error::Capacity(_)) => return (messages, Some(Close::TooBig)),
            Err(error) => panic!("{error}"),
        });
    }
}

/// Which difference explains that the two heard unlike things; none if nothing does.
fn difference(frames: &[Sent], is_cut: bool, ours: &Heard, theirs: &Heard) -> Option<Difference> {
    let is_same_so_far = ours.0 == theirs.0;
    let has = |is_such: fn(&Sent) -> bool| frames.iter().any(is_such);
    match (ours.1, theirs.1) {
        (Some(Close::TooMany), _) if theirs.0.starts_with(&ours.0) => Some(Difference::Fragments),
        (Some(Close::Protocol), Some(Close::TooBig))
            if is_same_so_far && has(|frame| frame.payload.len() > MESSAGE_LEN_MAX) =>
        {
            Some(Difference::LengthFirst)
        }
        (Some(Close::Protocol), Some(Close::Utf8))
            if is_same_so_far && has(|frame| frame.opcode == 8) =>
        {
            Some(Difference::CloseReasonFirst)
        }
        (_, Some(Close::Utf8))
            if ours.0.starts_with(&theirs.0)
                && has(|frame| frame.opcode == 1 && !frame.is_final) =>
        {
            Some(Difference::Utf8ByFragment)
        }
        (None, Some(Close::Protocol))
            if ours.0.split_last() == Some((&Incoming::Close, &theirs.0))
                && has(|frame| frame.opcode == 8 && frame.payload.starts_with(&BAD_GATEWAY)) =>
        {
            Some(Difference::BadGateway)
        }
        (Some(_), None) if is_same_so_far && is_cut => Some(Difference::HeaderFirst),
        _ => None,
    }
}

fn bytes(frames: &[Sent]) -> Vec<u8> {
    frames.iter().flat_map(Sent::bytes).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn hears_what_tungstenite_hears(
        frames in conversation(),
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
fn each_difference_to_tungstenite_is_still_one() {
    let text = |payload: &[u8]| Sent::new(1, payload);
    let more = |payload: &[u8]| Sent::new(0, payload);
    let (too_big, protocol) = (Some(Close::TooBig), Some(Close::Protocol));
    for (expected, frames, cut, ours, theirs) in [
        (
            Difference::Fragments,
            [vec![text(b"").begun()], vec![more(b"").begun(); 16]].concat(),
            0,
            Some(Close::TooMany),
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
            vec![Sent::new(9, &[b'a'; 1025])],
            0,
            protocol,
            too_big,
        ),
        (
            Difference::Utf8ByFragment,
            vec![text(b"\xFF").begun()],
            0,
            None,
            Some(Close::Utf8),
        ),
        (
            Difference::CloseReasonFirst,
            vec![Sent::new(8, b"\x00\x00\xFF")],
            0,
            protocol,
            Some(Close::Utf8),
        ),
        (
            Difference::BadGateway,
            vec![Sent::new(8, &BAD_GATEWAY)],
            0,
            None,
            protocol,
        ),
        (Difference::HeaderFirst, vec![more(b"a")], 1, protocol, None),
    ] {
        let mut bytes = bytes(&frames);
        bytes.truncate(bytes.len() - cut);
        let heard = (decode(&bytes, 1), tungstenite(&bytes, 1));
        assert_eq!((heard.0.1, heard.1.1), (ours, theirs), "{expected:?}");
        let found = difference(&frames, cut > 0, &heard.0, &heard.1);
        assert_eq!(found, Some(expected));
    }
}
