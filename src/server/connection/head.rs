//! A request head, read before the HTTP layer is set up for it.
//!
//! A silent connection holds no buffer; one that has sent a part of a head holds only that part, which counts against
//! the budget for unfinished heads. No byte after the head is read.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};

use tokio::io::ReadBuf;
use tokio::net::TcpStream;

use crate::hub::Watch;

/// Bytes of one request head. Browsers send less than 2 KiB; what proxies and cookies add stays below 8 KiB, which is
/// what most servers take. Shorter than hyper's longest URI, so that every head that is too long is answered 431.
pub(super) const HEAD_LEN_MAX: usize = 16 * 1024;

/// Read at a time, on the stack.
const CHUNK_LEN: usize = 4 * 1024;

/// What came.
#[derive(Debug)]
pub(super) enum Head {
    /// A request head from its first byte to its empty line, or enough of it to see that it is not one.
    Request(Vec<u8>),
    /// More than a head may have.
    TooLong,
    /// The client has closed, within a head.
    Cut,
    /// The client has closed.
    End,
}

/// Reads the next request head from `stream`; `watch` counts how much of it is held.
pub(super) async fn read(stream: &TcpStream, watch: &mut Watch) -> io::Result<Head> {
    let mut head = Vec::new();
    let mut lines = Lines::default();
    loop {
        let more = poll_fn(|context| poll_more(stream, context, &mut head, &mut lines)).await?;
        match more {
            More::Head => return Ok(Head::Request(head)),
            More::Part if head.len() >= HEAD_LEN_MAX => return Ok(Head::TooLong),
            More::Part => watch.hold(head.capacity()),
            More::End if head.is_empty() => return Ok(Head::End),
            More::End => return Ok(Head::Cut),
        }
    }
}

enum More {
    Head,
    Part,
    End,
}

/// Adds what has come to `head`, up to its end and to [`HEAD_LEN_MAX`].
fn poll_more(
    stream: &TcpStream,
    context: &mut Context<'_>,
    head: &mut Vec<u8>,
    lines: &mut Lines,
) -> Poll<io::Result<More>> {
    let mut chunk = [0; CHUNK_LEN];
    let room = CHUNK_LEN.min(HEAD_LEN_MAX - head.len());
    let mut peeked = ReadBuf::new(&mut chunk[..room]);
    let len = ready!(stream.poll_peek(context, &mut peeked))?;
    if len == 0 {
        return Poll::Ready(Ok(More::End));
    }
    let end = lines.end_within(peeked.filled());
    // No one else reads, so what was seen is there.
    let len = stream.try_read(&mut chunk[..end.unwrap_or(len)])?;
    let wanted = head.len() + len;
    if wanted > head.capacity() {
        let capacity = wanted.next_power_of_two().min(HEAD_LEN_MAX);
        head.reserve_exact(capacity - head.len());
    }
    head.extend_from_slice(&chunk[..len]);
    Poll::Ready(Ok(if end.is_some() {
        More::Head
    } else {
        More::Part
    }))
}

/// How far a head has come, line by line.
#[derive(Debug, Default)]
struct Lines {
    /// Empty lines before the request line do not count (RFC 9112, section 2.2).
    has_begun: bool,
    /// Whether the line so far has anything in it.
    is_filled: bool,
}

impl Lines {
    /// The length of `bytes` up to the empty line, or up to a byte that no head can have; the HTTP layer refuses that
    /// at once. Nothing if they go on.
    fn end_within(&mut self, bytes: &[u8]) -> Option<usize> {
        for (n, byte) in bytes.iter().enumerate() {
            match byte {
                b'\n' if self.has_begun && !self.is_filled => return Some(n + 1),
                b'\n' => self.is_filled = false,
                b'\r' => {}
                b'\t' | b' '..=b'~' | 0x80.. => (self.has_begun, self.is_filled) = (true, true),
                _ => return Some(n + 1),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The length of the head at the beginning of `text`, however it is cut.
    fn end(text: &[u8]) -> Option<usize> {
        let whole = Lines::default().end_within(text);
        let mut lines = Lines::default();
        let mut bytes = text.chunks(1).enumerate();
        let in_pieces = bytes.find_map(|(n, byte)| Some(n + lines.end_within(byte)?));
        assert_eq!(whole, in_pieces, "{text:?}");
        whole
    }

    #[test]
    fn head_ends_with_its_first_empty_line() {
        assert_eq!(end(b"GET / HTTP/1.1\r\na: b\r\n\r\nGET"), Some(24));
        assert_eq!(end(b"GET / HTTP/1.1\na: b\n\nGET"), Some(21));
        assert_eq!(end(b"\r\n\r\nGET / HTTP/1.1\r\n\r\n"), Some(22));
        assert_eq!(end(b"GET / HTTP/1.1\r\na: b\r\n\r"), None);
        assert_eq!(end(b"\r\n\r\n\n\n"), None);
    }

    #[test]
    fn byte_that_no_head_can_have_ends_it() {
        assert_eq!(end(b"\x16\x03\x01"), Some(1));
        assert_eq!(end(b"GET /\0 HTTP"), Some(6));
        assert_eq!(end("GET /é\t HTTP".as_bytes()), None);
    }
}
