//! The subscriber's side of core NATS, a text protocol.

use super::{ParseResult, ServerEvent, ServerFault, find};

/// The answer to the server's `PING`.
pub(super) const PONG: &[u8] = b"PONG\r\n";

/// The longest line in bytes; the longest in practice is the `INFO` of a large cluster.
const LINE_LEN_MAX: usize = 64 * 1024;

/// Subscribes; the `PONG` confirms that the server has processed the subscription.
pub(super) fn opening(subject: &str) -> Vec<u8> {
    let options = r#"{"verbose":false,"pedantic":false,"lang":"rust","name":"tickcast-bench"}"#;
    format!("CONNECT {options}\r\nSUB {subject} 1\r\nPING\r\n").into_bytes()
}

pub(super) fn next_event(bytes: &[u8]) -> ParseResult<'_> {
    let Some(len) = find(&bytes[..bytes.len().min(LINE_LEN_MAX)], b"\r\n") else {
        let is_hopeless = bytes.len() >= LINE_LEN_MAX;
        return if is_hopeless {
            Err(ServerFault::Malformed("an unterminated line"))
        } else {
            Ok(None)
        };
    };
    let (line, rest) = (&bytes[..len], &bytes[len + 2..]);
    let event = match line.split(|&byte| byte == b' ').next() {
        Some(b"MSG") => return parse_message(line, rest),
        Some(b"PING") => ServerEvent::Ping(b""),
        Some(b"PONG") => ServerEvent::Joined,
        Some(b"INFO" | b"+OK") => ServerEvent::Nothing,
        Some(b"-ERR") => return Err(ServerFault::Refused(error_text(&line[4..]))),
        _ => return Err(ServerFault::Malformed("an unknown line of a NATS server")),
    };
    Ok(Some((len + 2, event)))
}

/// Parses `MSG <subject> <sid> [reply-to] <bytes>` and the payload of that many bytes, followed by a line end.
fn parse_message<'a>(line: &'a [u8], rest: &'a [u8]) -> ParseResult<'a> {
    let len = line.rsplit(|&byte| byte == b' ').next();
    let len = len.and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<usize>().ok());
    let len = len.ok_or(ServerFault::Malformed("a message without a length"))?;
    if rest.len() < len.saturating_add(2) {
        return Ok(None);
    }
    let taken = line.len() + 2 + len + 2;
    Ok(Some((taken, ServerEvent::Message(&rest[..len]))))
}

fn error_text(text: &[u8]) -> String {
    String::from_utf8_lossy(text.trim_ascii())
        .trim_matches('\'')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use crate::bench::bench_target::WireProtocol;
    use crate::bench::wire_protocol::test_support::assert_events;

    #[test]
    fn a_subscriber_joins_and_receives_messages_with_any_content() {
        let bytes = b"INFO {\"max_payload\":1}\r\nPONG\r\nMSG a.b 1 7\r\n{\"i\":1}\r\nPING\r\n\
                      MSG a.b 1 reply 4\r\n\r\n\r\n\r\nMSG a.b 1 0\r\n\r\n";
        let expected = ["Joined", r#"{"i":1}"#, "ping ", "\r\n\r\n", ""];
        assert_events(WireProtocol::Nats, bytes, &expected);
    }

    #[test]
    fn a_server_error_is_reported_verbatim() {
        let bytes = b"INFO {}\r\n-ERR 'Authorization Violation'\r\n";
        assert_events(
            WireProtocol::Nats,
            bytes,
            &["refused: Authorization Violation"],
        );
    }
}
