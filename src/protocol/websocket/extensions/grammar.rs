//! [`ExtensionsParser`]: parser for `Sec-WebSocket-Extensions` (RFC 6455, section 9.1). White space is allowed between
//! all tokens, and list elements may be empty (RFC 2616, section 2.1).

use std::fmt;

/// Parses one header value, extension by extension.
pub(super) struct ExtensionsParser<'a> {
    rest: &'a [u8],
}

/// A parameter of an extension.
pub(super) struct ExtensionParameter<'a> {
    pub(super) name: &'a [u8],
    /// Without quotes and escapes.
    pub(super) value: Option<Vec<u8>>,
}

/// A `Sec-WebSocket-Extensions` header is malformed. The server must fail the connection (RFC 6455, section 9.1),
/// during the handshake with status 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MalformedExtensions;

impl fmt::Display for MalformedExtensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`Sec-WebSocket-Extensions` is malformed; see RFC 6455, section 9.1")
    }
}

impl std::error::Error for MalformedExtensions {}

impl<'a> ExtensionsParser<'a> {
    pub(super) const fn new(value: &'a [u8]) -> Self {
        Self { rest: value }
    }

    /// The name of the next extension, `None` at the end. Call it after reading all parameters of the previous one.
    pub(super) fn next_name(&mut self) -> Result<Option<&'a [u8]>, MalformedExtensions> {
        while self.skip(b',') {}
        if self.rest.is_empty() {
            return Ok(None);
        }
        self.token().map(Some)
    }

    /// The next parameter of the extension, `None` after the last.
    pub(super) fn next_parameter(
        &mut self,
    ) -> Result<Option<ExtensionParameter<'a>>, MalformedExtensions> {
        if self.skip(b';') {
            let name = self.token()?;
            let value = self.skip(b'=').then(|| self.value()).transpose()?;
            return Ok(Some(ExtensionParameter { name, value }));
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
        let token_bytes = self.rest.iter().copied().take_while(is_token_byte);
        let (token, rest) = self.rest.split_at(token_bytes.count());
        self.rest = rest;
        if token.is_empty() {
            return Err(MalformedExtensions);
        }
        Ok(token)
    }

    /// Parses a quoted string after its opening quote; the unescaped content must be a token.
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
        let is_token = !token.is_empty() && token.iter().all(is_token_byte);
        is_token.then_some(token).ok_or(MalformedExtensions)
    }

    /// Skips white space and `separator`, if it follows, with the white space after it; returns whether it did.
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

/// Whether `byte` may occur in a token (RFC 9110, section 5.6.2).
const fn is_token_byte(byte: &u8) -> bool {
    matches!(byte,
        b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~'
        | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z')
}
