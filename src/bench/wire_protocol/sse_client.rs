//! The client side of Server-Sent Events over HTTP/1.1, with or without chunked transfer encoding.
//!
//! The hub sends each message on a single `data:` line, so each such line is one message; other lines are ignored.

use super::response_head::ResponseHead;
use super::{ParseResult, ServerEvent, ServerFault, find};
use crate::bench::bench_target::BenchTarget;

/// The longest chunk header in bytes; extensions after the length are ignored.
const CHUNK_HEADER_LEN_MAX: usize = 1024;

/// Which part of the response comes next.
#[derive(Debug, Default)]
enum BodyState {
    /// The response head.
    #[default]
    Head,
    /// A chunk header.
    ChunkHeader,
    /// Chunk data with this many bytes left; `usize::MAX` for a body that is not chunked.
    ChunkData(usize),
}

/// The parser of one event stream.
#[derive(Debug, Default)]
pub(in crate::bench) struct SseParser {
    state: BodyState,
    /// A line that continues in the next chunk, or the last such line once complete.
    line: Vec<u8>,
    is_line_complete: bool,
}

/// The request for `target`.
pub(super) fn opening(target: &BenchTarget) -> Vec<u8> {
    let (path, host) = (&target.resource, &target.authority);
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\n\r\n").into_bytes()
}

impl SseParser {
    pub(super) fn next_event<'a>(&'a mut self, bytes: &'a [u8]) -> ParseResult<'a> {
        match self.state {
            BodyState::Head => self.parse_head(bytes),
            BodyState::ChunkHeader => self.parse_chunk_header(bytes),
            BodyState::ChunkData(left) => self.parse_line(bytes, left),
        }
    }

    fn parse_head<'a>(&mut self, bytes: &'a [u8]) -> ParseResult<'a> {
        let Some(head) = ResponseHead::parse(bytes)? else {
            return Ok(None);
        };
        if head.status != 200 {
            return head.rejection(bytes).map_or(Ok(None), Err);
        }
        let is_stream = |kind: &str| kind.starts_with("text/event-stream");
        if !head.field("content-type").is_some_and(is_stream) {
            return Err(ServerFault::Malformed("the answer is not an event stream"));
        }
        let is_chunked = |coding: &str| coding.eq_ignore_ascii_case("chunked");
        self.state = if head.field("transfer-encoding").is_some_and(is_chunked) {
            BodyState::ChunkHeader
        } else {
            BodyState::ChunkData(usize::MAX)
        };
        Ok(Some((head.len, ServerEvent::Joined)))
    }

    /// Parses the next chunk header, including the line end of the previous chunk.
    fn parse_chunk_header<'a>(&mut self, bytes: &'a [u8]) -> ParseResult<'a> {
        let before = if bytes.starts_with(b"\r\n") { 2 } else { 0 };
        let Some(len) = find(&bytes[before..], b"\r\n") else {
            let is_hopeless = bytes.len() > CHUNK_HEADER_LEN_MAX;
            return if is_hopeless {
                Err(malformed_chunk())
            } else {
                Ok(None)
            };
        };
        let line =
            std::str::from_utf8(&bytes[before..before + len]).map_err(|_| malformed_chunk())?;
        let digits = line.split(';').next().unwrap_or_default().trim();
        let left = usize::from_str_radix(digits, 16).map_err(|_| malformed_chunk())?;
        let event = if left == 0 {
            ServerEvent::Close(None)
        } else {
            self.state = BodyState::ChunkData(left);
            ServerEvent::Nothing
        };
        Ok(Some((before + len + 2, event)))
    }

    /// Parses the next line, or the part of it in this chunk.
    fn parse_line<'a>(&'a mut self, bytes: &'a [u8], left: usize) -> ParseResult<'a> {
        if std::mem::take(&mut self.is_line_complete) {
            self.line.clear();
        }
        let here = &bytes[..bytes.len().min(left)];
        let end = here.iter().position(|&byte| byte == b'\n');
        let taken = match end {
            Some(at) => at + 1,
            None if here.len() == left => left,
            None => return Ok(None),
        };
        self.state = if taken == left {
            BodyState::ChunkHeader
        } else {
            BodyState::ChunkData(left - taken)
        };
        if end.is_none() || !self.line.is_empty() {
            self.line.extend_from_slice(&here[..taken]);
        }
        self.is_line_complete = end.is_some();
        let line = if self.line.is_empty() {
            &here[..taken]
        } else {
            &self.line
        };
        let event = if end.is_some() {
            line_event(line)
        } else {
            ServerEvent::Nothing
        };
        Ok(Some((taken, event)))
    }
}

/// The event that a complete line stands for.
fn line_event(line: &[u8]) -> ServerEvent<'_> {
    line.strip_prefix(b"data:")
        .map_or(ServerEvent::Nothing, |content| {
            ServerEvent::Message(content.trim_ascii())
        })
}

fn malformed_chunk() -> ServerFault {
    ServerFault::Malformed("a chunk without a length")
}

#[cfg(test)]
mod tests {
    use crate::bench::bench_target::WireProtocol;
    use crate::bench::wire_protocol::test_support::assert_events;

    const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n";

    #[test]
    fn data_lines_are_messages_however_they_are_chunked() {
        let chunks = [
            ": hello\n\nid: a:1\ndata: {\"type\":\"data\"}\n\n",
            "da",
            "ta:",
            "1\r",
            "\n\nevent: bye\ndata: {}\n\n",
        ];
        let mut body = String::new();
        for chunk in chunks {
            body += &format!("{:x};x=y\r\n{chunk}\r\n", chunk.len());
        }
        let bytes = format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n{body}0\r\n\r\n");
        let until_close = bytes.strip_suffix("\r\n").unwrap();
        let expected = ["Joined", r#"{"type":"data"}"#, "1", "{}", "Close(None)"];
        assert_events(WireProtocol::Sse, until_close.as_bytes(), &expected);
    }

    #[test]
    fn a_body_that_is_not_chunked_lasts_until_the_connection_ends() {
        let bytes = format!("{HEAD}\r\ndata: 1\n\ndata: 2\n\n");
        assert_events(WireProtocol::Sse, bytes.as_bytes(), &["Joined", "1", "2"]);
    }

    #[test]
    fn a_response_that_is_not_an_event_stream_is_rejected() {
        let bytes = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n";
        let why = "does not speak the protocol of the URL: the answer is not an event stream";
        assert_events(WireProtocol::Sse, bytes, &[why]);
    }
}
