//! Negotiation of extensions: from the viewer's offers to the hub's answer (RFC 6455, section 9.1; RFC 7692, section
//! 7.1).
//!
//! The hub supports one extension, permessage-deflate, always without context takeover: the frames it sends are then
//! the same for all viewers, and it keeps no state between the messages it receives.

mod grammar;

pub use grammar::MalformedExtensions;

use grammar::ExtensionsParser;

/// The compression negotiated for a connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Compression {
    /// Every frame is plain.
    #[default]
    None,
    /// permessage-deflate.
    Deflate,
    /// permessage-deflate, offered with a limit of 15 bits for the hub's window. That is the maximum anyway, but the
    /// answer must repeat the limit to accept the offer (RFC 7692, section 7.1.2.1).
    DeflateInWindow,
}

impl Compression {
    /// Whether either side may send compressed messages.
    #[must_use]
    pub const fn is_deflate(self) -> bool {
        !matches!(self, Self::None)
    }

    /// The `Sec-WebSocket-Extensions` header of the handshake response; `None` if it has none.
    #[must_use]
    pub const fn header_value(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Deflate => {
                Some("permessage-deflate; server_no_context_takeover; client_no_context_takeover")
            }
            Self::DeflateInWindow => Some(
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
                 server_max_window_bits=15",
            ),
        }
    }
}

/// Accepts the first acceptable offer in the values of all `Sec-WebSocket-Extensions` headers of a handshake.
///
/// An empty value is allowed and offers nothing: some proxies blank the header to disable extensions.
///
/// # Errors
/// A value is malformed, even after an offer that would be accepted.
pub fn negotiate(
    values: impl IntoIterator<Item = impl AsRef<[u8]>>,
) -> Result<Compression, MalformedExtensions> {
    let mut agreed = Compression::None;
    for value in values {
        let mut extensions = ExtensionsParser::new(value.as_ref());
        while let Some(name) = extensions.next_name()? {
            let mut offer = Offer::new(name);
            while let Some(parameter) = extensions.next_parameter()? {
                offer.add_parameter(parameter.name, parameter.value.as_deref());
            }
            if !agreed.is_deflate() {
                agreed = offer.compression();
            }
        }
    }
    Ok(agreed)
}

/// An extension that the viewer offers.
struct Offer {
    is_acceptable: bool,
    /// Which of `PARAMETERS` have occurred.
    seen: [bool; 4],
}

impl Offer {
    const PARAMETERS: [&[u8]; 4] = [
        b"server_no_context_takeover",
        b"client_no_context_takeover",
        b"client_max_window_bits",
        b"server_max_window_bits",
    ];

    const fn new(name: &[u8]) -> Self {
        Self {
            is_acceptable: matches!(name, b"permessage-deflate"),
            seen: [false; 4],
        }
    }

    /// Adds a parameter. One that is unknown, repeated or invalid makes the offer unacceptable (RFC 7692, section 7.1).
    fn add_parameter(&mut self, name: &[u8], value: Option<&[u8]>) {
        let Some(index) = Self::PARAMETERS.iter().position(|known| *known == name) else {
            self.is_acceptable = false;
            return;
        };
        let is_repeated = std::mem::replace(&mut self.seen[index], true);
        let is_valid = match (index, value) {
            (0..=2, None) => true,
            // The viewer's window size does not matter: the inflater's window is the whole message.
            (2, Some(bits)) => is_window_bits(bits),
            // The compressor's window size is fixed, so a smaller limit is declined.
            (3, Some(bits)) => bits == b"15",
            _ => false,
        };
        self.is_acceptable &= is_valid && !is_repeated;
    }

    const fn compression(&self) -> Compression {
        match (self.is_acceptable, self.seen[3]) {
            (false, _) => Compression::None,
            (true, false) => Compression::Deflate,
            (true, true) => Compression::DeflateInWindow,
        }
    }
}

/// Whether `value` is an integer from 8 to 15, without a leading zero.
const fn is_window_bits(value: &[u8]) -> bool {
    matches!(value, [b'8' | b'9'] | [b'1', b'0'..=b'5'])
}

#[cfg(test)]
mod tests;
