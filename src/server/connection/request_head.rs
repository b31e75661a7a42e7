//! Reads a request head before hyper is set up for it.
//!
//! An idle connection holds no buffer. Part of a head is held only as long as the head is incomplete, and counts
//! against the memory budget of the listener. Nothing after the head is read.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};

use tokio::io::ReadBuf;
use tokio::net::TcpStream;

use crate::hub::EvictionWatch;

/// The longest request head in bytes. Browsers send less than 2 KiB; proxies and cookies add up to 8 KiB, the limit of
/// most servers. Shorter than hyper's longest URI, so that every head that is too long is answered 431.
pub(super) const HEAD_LEN_MAX: usize = 16 * 1024;

/// Bytes read at a time; the buffer is on the stack.
const CHUNK_LEN: usize = 4 * 1024;

/// The result of reading a request head.
#[derive(Debug)]
pub(super) enum HeadRead {
    /// A request head from its first byte to its empty line, or up to a byte that makes it invalid.
    Request(Vec<u8>),
    /// The head exceeds [`HEAD_LEN_MAX`].
    TooLong,
    /// The client closed the connection within a head.
    Truncated,
    /// The client closed the connection between requests.
    End,
}

/// Reads the next request head from `stream`; reports to `watch` how many bytes are held for it.
pub(super) async fn read_head(
    stream: &TcpStream,
    watch: &mut EvictionWatch,
) -> io::Result<HeadRead> {
    let mut head = Vec::new();
    let mut scanner = HeadScanner::default();
    loop {
        let step = poll_fn(|context| poll_step(stream, context, &mut head, &mut scanner)).await?;
        match step {
            ReadStep::Head => return Ok(HeadRead::Request(head)),
            ReadStep::Part if head.len() >= HEAD_LEN_MAX => return Ok(HeadRead::TooLong),
            ReadStep::Part => watch.set_head_bytes(head.capacity()),
            ReadStep::End if head.is_empty() => return Ok(HeadRead::End),
            ReadStep::End => return Ok(HeadRead::Truncated),
        }
    }
}

/// What one read added.
enum ReadStep {
    /// The rest of the head.
    Head,
    /// A part of the head.
    Part,
    /// Nothing: the client closed the connection.
    End,
}

/// Appends the bytes that have arrived to `head`, up to the end of the head or to [`HEAD_LEN_MAX`].
fn poll_step(
    stream: &TcpStream,
    context: &mut Context<'_>,
    head: &mut Vec<u8>,
    scanner: &mut HeadScanner,
) -> Poll<io::Result<ReadStep>> {
    let mut chunk = [0; CHUNK_LEN];
    let room = CHUNK_LEN.min(HEAD_LEN_MAX - head.len());
    let mut peeked = ReadBuf::new(&mut chunk[..room]);
    let len = ready!(stream.poll_peek(context, &mut peeked))?;
    if len == 0 {
        return Poll::Ready(Ok(ReadStep::End));
    }
    let end = scanner.find_end(peeked.filled());
    // Nothing else reads from this socket, so the peeked bytes are still there.
    let len = stream.try_read(&mut chunk[..end.unwrap_or(len)])?;
    let wanted = head.len() + len;
    if wanted > head.capacity() {
        let capacity = wanted.next_power_of_two().min(HEAD_LEN_MAX);
        head.reserve_exact(capacity - head.len());
    }
    head.extend_from_slice(&chunk[..len]);
    Poll::Ready(Ok(if end.is_some() {
        ReadStep::Head
    } else {
        ReadStep::Part
    }))
}

/// Finds the end of a head that arrives in pieces.
#[derive(Debug, Default)]
struct HeadScanner {
    /// Whether the request line has started. Empty lines before it are ignored (RFC 9112, section 2.2).
    in_head: bool,
    /// Whether the current line has any content.
    line_has_content: bool,
}

impl HeadScanner {
    /// Returns the length of `bytes` up to and including the empty line, or up to a byte that is invalid in a head,
    /// which hyper then rejects; `None` if the head continues.
    fn find_end(&mut self, bytes: &[u8]) -> Option<usize> {
        for (n, byte) in bytes.iter().enumerate() {
            match byte {
                b'\n' if self.in_head && !self.line_has_content => return Some(n + 1),
                b'\n' => self.line_has_content = false,
                b'\r' => {}
                b'\t' | b' '..=b'~' | 0x80.. => {
                    (self.in_head, self.line_has_content) = (true, true);
                }
                _ => return Some(n + 1),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The length of the head at the start of `text`, the same whether it arrives at once or byte by byte.
    fn end(text: &[u8]) -> Option<usize> {
        let whole = HeadScanner::default().find_end(text);
        let mut scanner = HeadScanner::default();
        let mut bytes = text.chunks(1).enumerate();
        let in_pieces = bytes.find_map(|(n, byte)| Some(n + scanner.find_end(byte)?));
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
    fn invalid_byte_ends_the_head() {
        assert_eq!(end(b"\x16\x03\x01"), Some(1));
        assert_eq!(end(b"GET /\0 HTTP"), Some(6));
        assert_eq!(end("GET /é\t HTTP".as_bytes()), None);
    }
}
