//! [`ChannelDescription`]: a channel of a recording, for people.

use std::fmt;

/// A channel of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelDescription {
    /// The name, which a topic's `channel` says.
    pub name: String,
    /// How its messages are encoded, such as `json` or `protobuf`.
    pub encoding: String,
    /// The number of its messages.
    pub messages: u64,
}

/// The encoding that can be played.
const JSON: &str = "json";

impl ChannelDescription {
    /// Whether its messages are JSON.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.encoding == JSON
    }

    /// Whether it can be a topic: it has messages, and they are JSON.
    #[must_use]
    pub fn is_playable(&self) -> bool {
        self.is_json() && self.messages > 0
    }
}

impl fmt::Display for ChannelDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            encoding,
            messages,
        } = self;
        let plural = if *messages == 1 { "" } else { "s" };
        write!(f, "`{name}` ({messages} message{plural} in {encoding})")
    }
}
