//! The head of an HTTP answer: its status, its fields, and what a refusal says.

use serde::Deserialize;

use super::{Fault, find};

/// The longest head that is waited for, in bytes.
const HEAD_LEN_MAX: usize = 64 * 1024;

/// The longest part of a body without a problem document that is worth showing, in bytes.
const SHOWN_LEN_MAX: usize = 200;

/// The head of an answer.
#[derive(Debug)]
pub(super) struct Head<'a> {
    /// The status code.
    pub(super) status: u16,
    /// Its length with the empty line that ends it, in bytes.
    pub(super) len: usize,
    text: &'a str,
}

impl<'a> Head<'a> {
    /// The head at the front of `bytes`, `None` while it is incomplete.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Option<Self>, Fault> {
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

    /// The value of the field `name`.
    pub(super) fn field(&self, name: &str) -> Option<&'a str> {
        self.text.lines().skip(1).find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// What an answer that is a refusal says, given the `bytes` from its head on; `None` while they are incomplete.
    pub(super) fn refusal(&self, bytes: &[u8]) -> Option<Fault> {
        let body = &bytes[self.len..];
        let len = self
            .field("content-length")
            .map_or(0, |len| len.parse().unwrap_or(0));
        (body.len() >= len).then(|| Fault::Status {
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

fn not_http() -> Fault {
    Fault::Malformed("the answer is not HTTP/1.1")
}

/// The `detail` of a problem document (RFC 9457), else the beginning of whatever it is.
fn detail(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Problem {
        detail: String,
    }
    serde_json::from_slice::<Problem>(body).map_or_else(
        |_| String::from_utf8_lossy(&body[..body.len().min(SHOWN_LEN_MAX)]).into_owned(),
        |problem| problem.detail,
    )
}
