//! Which extension a connection uses: the viewer's offers in, the hub's answer out (RFC 6455, section 9.1; RFC 7692,
//! section 7.1).
//!
//! The hub knows one extension, permessage-deflate, and takes it only without context takeover on either side: the
//! frames it sends are then the same for all viewers, and nothing is kept between the messages that it receives.

use std::fmt;

mod grammar;

use grammar::Extensions;

/// Whether messages on a connection may be compressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Compression {
    /// Every frame is plain.
    #[default]
    None,
    /// permessage-deflate was agreed upon.
    Deflate,
    /// The same, where the offer bounded the hub's window by 15 bits, the longest there is. That forbids nothing,
    /// yet only an answer that repeats the bound accepts it (RFC 7692, section 7.1.2.1).
    DeflateInWindow,
}

impl Compression {
    /// Whether either side may send compressed messages.
    #[must_use]
    pub const fn is_deflate(self) -> bool {
        !matches!(self, Self::None)
    }

    /// The `Sec-WebSocket-Extensions` of the handshake's answer; none, no header.
    #[must_use]
    pub const fn answer(self) -> Option<&'static str> {
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

/// A `Sec-WebSocket-Extensions` that breaks its grammar. Whoever receives one must fail the connection (RFC 6455,
/// section 9.1): during the handshake that is a 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MalformedExtensions;

impl fmt::Display for MalformedExtensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`Sec-WebSocket-Extensions` is malformed; see RFC 6455, section 9.1")
    }
}

impl std::error::Error for MalformedExtensions {}

/// Answers the values of all `Sec-WebSocket-Extensions` headers of a handshake: takes the first acceptable offer.
///
/// An empty value offers nothing; proxies blank the header to keep extensions out.
///
/// # Errors
/// A value breaks the grammar, even behind an offer that would be accepted.
pub fn negotiate(
    values: impl IntoIterator<Item = impl AsRef<[u8]>>,
) -> Result<Compression, MalformedExtensions> {
    let mut agreed = Compression::None;
    for value in values {
        let mut extensions = Extensions::new(value.as_ref());
        while let Some(name) = extensions.name()? {
            let mut offer = Offer::new(name);
            while let Some(parameter) = extensions.parameter()? {
                offer.take(parameter.name, parameter.value.as_deref());
            }
            if !agreed.is_deflate() {
                agreed = offer.answer();
            }
        }
    }
    Ok(agreed)
}

/// One extension that the viewer offers, while its parameters are read.
struct Offer {
    is_acceptable: bool,
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

    /// Takes a parameter; one that is unknown, repeated or out of range spoils the offer (RFC 7692, section 7.1).
    fn take(&mut self, name: &[u8], value: Option<&[u8]>) {
        let Some(index) = Self::PARAMETERS.iter().position(|known| *known == name) else {
            self.is_acceptable = false;
            return;
        };
        let is_repeated = std::mem::replace(&mut self.seen[index], true);
        let is_valid = match (index, value) {
            (0..=2, None) => true,
            // How far back the viewer looks does not matter: the whole message is the inflater's window.
            (2, Some(bits)) => is_window_bits(bits),
            // The compressor has one window; a smaller one is declined.
            (3, Some(bits)) => bits == b"15",
            _ => false,
        };
        self.is_acceptable &= is_valid && !is_repeated;
    }

    const fn answer(&self) -> Compression {
        match (self.is_acceptable, self.seen[3]) {
            (false, _) => Compression::None,
            (true, false) => Compression::Deflate,
            (true, true) => Compression::DeflateInWindow,
        }
    }
}

/// 8 to 15 without a leading zero.
const fn is_window_bits(value: &[u8]) -> bool {
    matches!(value, [b'8' | b'9'] | [b'1', b'0'..=b'5'])
}

#[cfg(test)]
mod tests;
