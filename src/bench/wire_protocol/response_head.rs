//! The head of an HTTP response: its status and header fields, and the error that a rejection contains.

use serde::Deserialize;

use super::{ServerFault, find};

/// The longest head in bytes.
const HEAD_LEN_MAX: usize = 64 * 1024;

/// Bytes shown of an error body that is not a problem document.
const SHOWN_LEN_MAX: usize = 200;

/// The parsed head of a response.
#[derive(Debug)]
pub(super) struct ResponseHead<'a> {
    /// The status code.
    pub(super) status: u16,
    /// The length of the head in bytes, including the final empty line.
    pub(super) len: usize,
    text: &'a str,
}

impl<'a> ResponseHead<'a> {
    /// Parses the head at the front of `bytes`; `None` while it is incomplete.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Option<Self>, ServerFault> {
        let Some(end) = find(bytes, b"\r\n\r\n") else {
            let is_hopeless = bytes.len() > HEAD_LEN_MAX || !starts_like_http(bytes);
            return if is_hopeless {
                Err(not_http())
            } else {
                Ok(None)
            };
        };
        let text = std::str::from_utf8(&bytes[..end]).map_err(|_| not_http())?;
        let status = text
            .strip_prefix("HTTP/1.")
            .and_then(|rest| rest.get(2..5))
            .and_then(|digits| digits.parse().ok())
            .ok_or_else(not_http)?;
        Ok(Some(Self {
            status,
            len: end + 4,
            text,
        }))
    }

    /// The value of the header field `name`.
    pub(super) fn field(&self, name: &str) -> Option<&'a str> {
        self.text.lines().skip(1).find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The fault for a rejection, given the whole response in `bytes`; `None` while its body is incomplete.
    pub(super) fn rejection(&self, bytes: &[u8]) -> Option<ServerFault> {
        let body = &bytes[self.len..];
        let len = self
            .field("content-length")
            .map_or(0, |len| len.parse().unwrap_or(0));
        (body.len() >= len).then(|| ServerFault::Status {
            status: self.status,
            detail: detail(&body[..len]),
        })
    }
}

fn starts_like_http(bytes: &[u8]) -> bool {
    bytes
        .iter()
        .zip(b"HTTP/1.")
        .all(|(byte, expected)| byte == expected)
}

fn not_http() -> ServerFault {
    ServerFault::Malformed("the answer is not HTTP/1.1")
}

/// The `detail` of a problem document (RFC 9457), or the start of any other body.
fn detail(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct ProblemDetail {
        detail: String,
    }
    serde_json::from_slice::<ProblemDetail>(body).map_or_else(
        |_| String::from_utf8_lossy(&body[..body.len().min(SHOWN_LEN_MAX)]).into_owned(),
        |problem| problem.detail,
    )
}
