//! `Seq`: a publication's dense number within its epoch.
//!
//! Knows nothing of time or datasets; the timeline maps it to both.

use std::fmt;

/// The place of a publication in its epoch: 1, 2, 3, …; 0 is before the first.
///
/// Stays below 2^53, so that a JavaScript number holds it exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seq(u64);

impl Seq {
    /// Before the first publication.
    pub const ZERO: Self = Self(0);
    /// The largest number a JavaScript viewer can hold exactly, 2^53 − 1.
    pub const MAX: Self = Self((1 << 53) - 1);

    /// The place `value`, or `None` beyond [`Seq::MAX`].
    #[must_use]
    pub const fn new(value: u64) -> Option<Self> {
        if value <= Self::MAX.0 {
            Some(Self(value))
        } else {
            None
        }
    }

    /// The place `value`, held at [`Seq::MAX`].
    #[must_use]
    pub const fn saturating(value: u64) -> Self {
        match Self::new(value) {
            Some(seq) => seq,
            None => Self::MAX,
        }
    }

    /// The plain number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The place after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self::saturating(self.0 + 1)
    }

    /// The place before this one; before the first there is only zero.
    #[must_use]
    pub const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
