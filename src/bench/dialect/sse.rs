//! Server-Sent Events over HTTP/1.1: the answer's chunks, and the lines within them.
//!
//! The hub puts each message on one `data:` line, so a line is a message; everything else is passed over.

use super::head::Head;
use super::{Event, Fault, Step, find};
use crate::bench::target::Target;

/// The longest line that gives a chunk's length, in bytes; what follows the digits is of no use to anybody.
const CHUNK_HEAD_LEN_MAX: usize = 1024;

/// Where in the answer the next byte lies.
#[derive(Debug, Default)]
enum Place {
    /// Before the end of the head.
    #[default]
    Head,
    /// Before a chunk's length.
    Between,
    /// In a chunk with so many bytes to come; without chunks, in a body that has no end.
    Within(usize),
}

/// The reading side of one stream.
#[derive(Debug, Default)]
pub(in crate::bench) struct Parser {
    place: Place,
    /// The beginning of a line that goes on in the next chunk.
    line: Vec<u8>,
    is_line_over: bool,
}

/// The request of `target`'s path.
pub(super) fn request(target: &Target) -> Vec<u8> {
    let (path, host) = (&target.place, &target.authority);
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\n\r\n").into_bytes()
}

impl Parser {
    pub(super) fn step<'a>(&'a mut self, bytes: &'a [u8]) -> Step<'a> {
        match self.place {
            Place::Head => self.head(bytes),
            Place::Between => self.chunk(bytes),
            Place::Within(left) => self.piece(bytes, left),
        }
    }

    fn head<'a>(&mut self, bytes: &'a [u8]) -> Step<'a> {
        let Some(head) = Head::parse(bytes)? else {
            return Ok(None);
        };
        if head.status != 200 {
            return head.refusal(bytes).map_or(Ok(None), Err);
        }
        let is_stream = |kind: &str| kind.starts_with("text/event-stream");
        if !head.field("content-type").is_some_and(is_stream) {
            return Err(Fault::Malformed("the answer is no event stream"));
        }
        let is_chunked = |coding: &str| coding.eq_ignore_ascii_case("chunked");
        self.place = if head.field("transfer-encoding").is_some_and(is_chunked) {
            Place::Between
        } else {
            Place::Within(usize::MAX)
        };
        Ok(Some((head.len, Event::Joined)))
    }

    /// The length of the next chunk, with the line end of the one before.
    fn chunk<'a>(&mut self, bytes: &'a [u8]) -> Step<'a> {
        let before = if bytes.starts_with(b"\r\n") { 2 } else { 0 };
        let Some(len) = find(&bytes[before..], b"\r\n") else {
            let is_hopeless = bytes.len() > CHUNK_HEAD_LEN_MAX;
            return if is_hopeless {
                Err(no_chunk())
            } else {
                Ok(None)
            };
        };
        let line = std::str::from_utf8(&bytes[before..before + len]).map_err(|_| no_chunk())?;
        let digits = line.split(';').next().unwrap_or_default().trim();
        let left = usize::from_str_radix(digits, 16).map_err(|_| no_chunk())?;
        let event = if left == 0 {
            Event::Close(None)
        } else {
            self.place = Place::Within(left);
            Event::Nothing
        };
        Ok(Some((before + len + 2, event)))
    }

    /// The next line, or the part of it that this chunk holds.
    fn piece<'a>(&'a mut self, bytes: &'a [u8], left: usize) -> Step<'a> {
        if std::mem::take(&mut self.is_line_over) {
            self.line.clear();
        }
        let here = &bytes[..bytes.len().min(left)];
        let end = here.iter().position(|&byte| byte == b'\n');
        let taken = match end {
            Some(at) => at + 1,
            None if here.len() == left => left,
            None => return Ok(None),
        };
        self.place = if taken == left {
            Place::Between
        } else {
            Place::Within(left - taken)
        };
        if end.is_none() || !self.line.is_empty() {
            self.line.extend_from_slice(&here[..taken]);
        }
        self.is_line_over = end.is_some();
        let line = if self.line.is_empty() {
            &here[..taken]
        } else {
            &self.line
        };
        let event = if end.is_some() {
            meaning(line)
        } else {
            Event::Nothing
        };
        Ok(Some((taken, event)))
    }
}

/// What a whole line says.
fn meaning(line: &[u8]) -> Event<'_> {
    line.strip_prefix(b"data:")
        .map_or(Event::Nothing, |content| {
            Event::Message(content.trim_ascii())
        })
}

fn no_chunk() -> Fault {
    Fault::Malformed("a chunk without a length")
}

#[cfg(test)]
mod tests {
    use crate::bench::dialect::test_support::expect;
    use crate::bench::target::Dialect;

    const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n";

    #[test]
    fn lines_of_data_are_messages_however_they_are_chunked() {
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
        let said = ["Joined", r#"{"type":"data"}"#, "1", "{}", "Close(None)"];
        expect(Dialect::Sse, until_close.as_bytes(), &said);
    }

    #[test]
    fn a_body_without_chunks_goes_on_until_the_connection_ends() {
        let bytes = format!("{HEAD}\r\ndata: 1\n\ndata: 2\n\n");
        expect(Dialect::Sse, bytes.as_bytes(), &["Joined", "1", "2"]);
    }

    #[test]
    fn what_is_no_event_stream_is_told() {
        let bytes = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n";
        let why = "does not speak the dialect of the URL: the answer is no event stream";
        expect(Dialect::Sse, bytes, &[why]);
    }
}
