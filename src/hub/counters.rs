//! A topic's numbers for monitoring.

use crate::metrics::{Counter, Distribution, Peaks, Totals};
use crate::protocol::Close;

/// A topic's numbers for monitoring.
#[derive(Debug)]
pub struct Counters {
    /// Publications.
    pub published: Counter,
    /// Publications given to a viewer's socket.
    pub delivered: Counter,
    /// Bytes given to viewers' sockets.
    pub bytes: Counter,
    /// Viewers that joined.
    pub joined: Counter,
    /// Viewers that joined with a position, and were sent everything after it.
    pub recovered: Counter,
    /// Viewers that left.
    pub left: Totals<Departure>,
    /// Gaps told to viewers that read too slowly.
    pub gaps: Counter,
    /// Who asked to be a viewer, and was not let in.
    pub refused: Totals<Refused>,
    /// How far behind the viewer is that is furthest behind; each lane sees its own.
    pub lag: Peaks,
    /// How long after the instant of the first publication due the producer woke.
    pub lateness: Distribution,
}

/// Why a viewer left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Departure {
    /// Its connection is gone, and nobody said why.
    Lost,
    /// Its connection was closed.
    Closed(Close),
}

/// Why somebody is no viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// All seats are taken.
    Full,
    /// Its address has all the seats it may have.
    TooMany,
    /// The hub sends viewers away.
    Draining,
    /// Pages of its origin may not connect.
    Forbidden,
    /// Not all that it asks for can be sent any more.
    Gone,
    /// What it asks cannot be understood.
    BadRequest,
    /// It does not speak WebSocket where that is spoken.
    UpgradeRequired,
    /// There is no such topic.
    NotFound,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            published: Counter::default(),
            delivered: Counter::default(),
            bytes: Counter::default(),
            joined: Counter::default(),
            recovered: Counter::default(),
            left: Totals::new(&Departure::ALL),
            gaps: Counter::default(),
            refused: Totals::new(&Refused::OF_TOPIC),
            lag: Peaks::default(),
            lateness: Distribution::default(),
        }
    }
}

impl Departure {
    /// Every way there is.
    pub const ALL: [Self; Close::ALL.len() + 1] = {
        let mut all = [Self::Lost; Close::ALL.len() + 1];
        let mut n = 0;
        while n < Close::ALL.len() {
            all[n + 1] = Self::Closed(Close::ALL[n]);
            n += 1;
        }
        all
    };

    /// The short word for it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Closed(why) => why.label(),
        }
    }
}

impl Refused {
    /// Every way in which a topic refuses.
    pub const OF_TOPIC: [Self; 7] = [
        Self::Full,
        Self::TooMany,
        Self::Draining,
        Self::Forbidden,
        Self::Gone,
        Self::BadRequest,
        Self::UpgradeRequired,
    ];

    /// The short word for it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::TooMany => "too_many",
            Self::Draining => "draining",
            Self::Forbidden => "forbidden",
            Self::Gone => "gone",
            Self::BadRequest => "bad_request",
            Self::UpgradeRequired => "upgrade_required",
            Self::NotFound => "not_found",
        }
    }
}
