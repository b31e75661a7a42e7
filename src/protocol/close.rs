//! [`CloseReason`]: why the hub closes a viewer's connection, and whether the viewer should reconnect.

/// Why the hub closes a connection: a close code with its reason phrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// 1000: the viewer closed the connection.
    Normal,
    /// 1002: the viewer broke the WebSocket protocol.
    Protocol,
    /// 1003: the viewer sent a binary message.
    Binary,
    /// 1007: the viewer sent text that is not UTF-8.
    Utf8,
    /// 1009: the viewer sent a message that is too long.
    TooBig,
    /// 1012: the hub is draining; reconnect after the `retry_ms` of `bye`.
    Draining,
    /// 1012: the topic has stopped, because its dataset was changed; reconnect after the `retry_ms` of `bye`.
    Stopped,
    /// 1012: the topic has switched to its next dataset; reconnect after the `retry_ms` of `bye`.
    Switched,
    /// 4400: the viewer sent a malformed message; do not reconnect.
    Malformed,
    /// 4408: after the hub's ping, the viewer neither sent nor acknowledged a byte; reconnect.
    NoPong,
    /// 4409: the viewer lagged too far behind; reconnect.
    Slow,
    /// 4429: the viewer sent too many messages; reconnect later.
    TooManyMessages,
}

impl CloseReason {
    /// All reasons.
    pub const ALL: [Self; 12] = [
        Self::Normal,
        Self::Protocol,
        Self::Binary,
        Self::Utf8,
        Self::TooBig,
        Self::Draining,
        Self::Stopped,
        Self::Switched,
        Self::Malformed,
        Self::NoPong,
        Self::Slow,
        Self::TooManyMessages,
    ];

    /// The code on the wire (RFC 6455, section 7.4, and its private range).
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::Protocol => 1002,
            Self::Binary => 1003,
            Self::Utf8 => 1007,
            Self::TooBig => 1009,
            Self::Draining | Self::Stopped | Self::Switched => 1012,
            Self::Malformed => 4400,
            Self::NoPong => 4408,
            Self::Slow => 4409,
            Self::TooManyMessages => 4429,
        }
    }

    /// The reason phrase on the wire.
    #[must_use]
    pub const fn phrase(self) -> &'static str {
        match self {
            Self::Normal => "",
            Self::Protocol => "websocket protocol error",
            Self::Binary => "binary messages are not accepted",
            Self::Utf8 => "text is not utf-8",
            Self::TooBig => "message over 1 KiB",
            Self::Draining => "draining",
            Self::Stopped => "dataset changed",
            Self::Switched => "dataset switched",
            Self::Malformed => "malformed message",
            Self::NoPong => "no pong",
            Self::Slow => "too slow",
            Self::TooManyMessages => "too many messages",
        }
    }

    /// Whether the viewer should reconnect. Not after a violation that it would repeat at once.
    #[must_use]
    pub const fn may_reconnect(self) -> bool {
        matches!(
            self,
            Self::Draining
                | Self::Stopped
                | Self::Switched
                | Self::NoPong
                | Self::Slow
                | Self::TooManyMessages
        )
    }

    /// The reason as a short name for logs, metrics and `bye`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Protocol => "protocol",
            Self::Binary => "binary",
            Self::Utf8 => "utf8",
            Self::TooBig => "too_big",
            Self::Draining => "draining",
            Self::Stopped => "stopped",
            Self::Switched => "switched",
            Self::Malformed => "malformed",
            Self::NoPong => "no_pong",
            Self::Slow => "slow",
            Self::TooManyMessages => "too_many",
        }
    }
}
