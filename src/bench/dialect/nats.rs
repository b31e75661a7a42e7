//! The text protocol of core NATS, as much of it as a subscriber hears.

use super::{Event, Fault, Step, find};

/// The answer to the server's `PING`.
pub(super) const PONG: &[u8] = b"PONG\r\n";

/// The longest line that is waited for, in bytes; `INFO` of a large cluster is the longest there is.
const LINE_LEN_MAX: usize = 64 * 1024;

/// Subscribes; the answer to the `PING` says that the server has taken it.
pub(super) fn opening(subject: &str) -> Vec<u8> {
    let options = r#"{"verbose":false,"pedantic":false,"lang":"rust","name":"tickcast-bench"}"#;
    format!("CONNECT {options}\r\nSUB {subject} 1\r\nPING\r\n").into_bytes()
}

pub(super) fn step(bytes: &[u8]) -> Step<'_> {
    let Some(len) = find(&bytes[..bytes.len().min(LINE_LEN_MAX)], b"\r\n") else {
        let is_hopeless = bytes.len() >= LINE_LEN_MAX;
        return if is_hopeless {
            Err(Fault::Malformed("a line without an end"))
        } else {
            Ok(None)
        };
    };
    let (line, rest) = (&bytes[..len], &bytes[len + 2..]);
    let event = match line.split(|&byte| byte == b' ').next() {
        Some(b"MSG") => return message(line, rest),
        Some(b"PING") => Event::Ping(b""),
        Some(b"PONG") => Event::Joined,
        Some(b"INFO" | b"+OK") => Event::Nothing,
        Some(b"-ERR") => return Err(Fault::Refused(words(&line[4..]))),
        _ => return Err(Fault::Malformed("an unknown line of a NATS server")),
    };
    Ok(Some((len + 2, event)))
}

/// `MSG <subject> <sid> [reply-to] <bytes>`, and that many bytes with a line end after them.
fn message<'a>(line: &'a [u8], rest: &'a [u8]) -> Step<'a> {
    let len = line.rsplit(|&byte| byte == b' ').next();
    let len = len.and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<usize>().ok());
    let len = len.ok_or(Fault::Malformed("a message without a length"))?;
    if rest.len() < len.saturating_add(2) {
        return Ok(None);
    }
    let taken = line.len() + 2 + len + 2;
    Ok(Some((taken, Event::Message(&rest[..len]))))
}

fn words(text: &[u8]) -> String {
    String::from_utf8_lossy(text.trim_ascii())
        .trim_matches('\'')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use crate::bench::dialect::test_support::expect;
    use crate::bench::target::Dialect;

    #[test]
    fn a_subscriber_joins_and_gets_messages_whatever_they_hold() {
        let bytes = b"INFO {\"max_payload\":1}\r\nPONG\r\nMSG a.b 1 7\r\n{\"i\":1}\r\nPING\r\n\
                      MSG a.b 1 reply 4\r\n\r\n\r\n\r\nMSG a.b 1 0\r\n\r\n";
        let said = ["Joined", r#"{"i":1}"#, "ping ", "\r\n\r\n", ""];
        expect(Dialect::Nats, bytes, &said);
    }

    #[test]
    fn an_error_is_told_in_the_servers_words() {
        let bytes = b"INFO {}\r\n-ERR 'Authorization Violation'\r\n";
        expect(Dialect::Nats, bytes, &["refused: Authorization Violation"]);
    }
}
