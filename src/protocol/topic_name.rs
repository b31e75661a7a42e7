//! [`TopicName`]: the name of a topic.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A topic's name, `[a-z0-9][a-z0-9._-]{0,63}` without `__`. Cheap to clone.
///
/// The double underscore is excluded because environment variables use it to separate keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicName(Arc<str>);

/// The text is not a [`TopicName`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopicNameError;

impl TopicName {
    const LEN_MAX: usize = 64;

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TopicName {
    type Err = TopicNameError;

    fn from_str(text: &str) -> Result<Self, TopicNameError> {
        let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let begins_well = text.bytes().next().is_some_and(alphanumeric);
        let is_spelled_well = text
            .bytes()
            .all(|byte| alphanumeric(byte) || b"._-".contains(&byte));
        if begins_well && is_spelled_well && text.len() <= Self::LEN_MAX && !text.contains("__") {
            return Ok(Self(text.into()));
        }
        Err(TopicNameError)
    }
}

impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for TopicNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a topic name; use 1 to 64 of `a-z 0-9 . _ -`, beginning with a letter or digit, without `__`")
    }
}

impl std::error::Error for TopicNameError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_names_are_accepted_and_others_rejected() {
        for good in ["ecg", "0", "a.b-c_d", &"a".repeat(64)] {
            assert!(good.parse::<TopicName>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "_a",
            ".a",
            "Ecg",
            "a__b",
            "a b",
            "é",
            "a/b",
            "a\0",
            &"a".repeat(65),
        ] {
            assert!(bad.parse::<TopicName>().is_err(), "{bad:?}");
        }
    }
}
