//! The grammar of `Sec-WebSocket-Extensions` (RFC 6455, section 9.1): lists of tokens, with white space anywhere
//! between them and empty elements between commas (RFC 2616, section 2.1).

use super::MalformedExtensions;

/// Reads one header value, extension after extension.
pub(super) struct Extensions<'a> {
    rest: &'a [u8],
}

/// A parameter of an extension.
pub(super) struct Parameter<'a> {
    pub(super) name: &'a [u8],
    /// Without its quotes and escapes.
    pub(super) value: Option<Vec<u8>>,
}

impl<'a> Extensions<'a> {
    pub(super) const fn new(value: &'a [u8]) -> Self {
        Self { rest: value }
    }

    /// The name of the next extension, `None` at the end. The parameters of the one before have been read.
    pub(super) fn name(&mut self) -> Result<Option<&'a [u8]>, MalformedExtensions> {
        while self.skip(b',') {}
        if self.rest.is_empty() {
            return Ok(None);
        }
        self.token().map(Some)
    }

    /// The next parameter of the extension, `None` after the last.
    pub(super) fn parameter(&mut self) -> Result<Option<Parameter<'a>>, MalformedExtensions> {
        if self.skip(b';') {
            let name = self.token()?;
            let value = self.skip(b'=').then(|| self.value()).transpose()?;
            return Ok(Some(Parameter { name, value }));
        }
        let is_at_end = self.rest.is_empty() || self.rest.starts_with(b",");
        is_at_end.then_some(None).ok_or(MalformedExtensions)
    }

    fn value(&mut self) -> Result<Vec<u8>, MalformedExtensions> {
        if let Some(quoted) = self.rest.strip_prefix(b"\"") {
            self.quoted(quoted)
        } else {
            self.token().map(<[u8]>::to_vec)
        }
    }

    fn token(&mut self) -> Result<&'a [u8], MalformedExtensions> {
        let is_of_token = self.rest.iter().copied().take_while(is_of_token);
        let (token, rest) = self.rest.split_at(is_of_token.count());
        self.rest = rest;
        if token.is_empty() {
            return Err(MalformedExtensions);
        }
        Ok(token)
    }

    /// A quoted string behind its opening quote; its content must be a token once its escapes are undone.
    fn quoted(&mut self, quoted: &'a [u8]) -> Result<Vec<u8>, MalformedExtensions> {
        let mut token = Vec::new();
        let mut bytes = quoted.iter();
        loop {
            match bytes.next() {
                Some(b'"') => break,
                Some(b'\\') => token.extend(bytes.next()),
                Some(byte) => token.push(*byte),
                None => return Err(MalformedExtensions),
            }
        }
        self.rest = bytes.as_slice();
        let is_token = !token.is_empty() && token.iter().all(is_of_token);
        is_token.then_some(token).ok_or(MalformedExtensions)
    }

    /// Skips white space and, if it comes next, `separator` with the white space behind it.
    fn skip(&mut self, separator: u8) -> bool {
        self.skip_space();
        let Some(rest) = self.rest.strip_prefix(&[separator]) else {
            return false;
        };
        self.rest = rest;
        self.skip_space();
        true
    }

    fn skip_space(&mut self) {
        while let [b' ' | b'\t', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }
}

/// A character of a token: printable ASCII that separates nothing (RFC 9110, section 5.6.2).
const fn is_of_token(byte: &u8) -> bool {
    matches!(byte,
        b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~'
        | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z')
}
