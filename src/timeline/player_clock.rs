//! [`PlayerClock`]: what the topics of a player have in common: the origin of dataset time, and the length of a lap.

use std::num::NonZeroU64;
use std::time::Duration;

use super::{DatasetClock, LapLength};
use crate::protocol::{Micros, Rate};
use crate::source::Stamps;

/// A dataset, and what says when its records are due.
#[derive(Debug, Clone)]
pub struct PlayedDataset {
    /// The number of records.
    pub len: NonZeroU64,
    /// What says when they are due.
    pub pace: DatasetPace,
}

/// What says when the records of a dataset are due.
#[derive(Debug, Clone)]
pub enum DatasetPace {
    /// This many records per second.
    Rate(Rate),
    /// Their time stamps.
    Stamps {
        /// The stamps, one for each record.
        stamps: Stamps,
        /// The time from the last record to the next lap.
        loop_gap: Duration,
    },
}

/// The origin and the lap of a player.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlayerClock {
    /// The earliest time stamp of its topics; `None` if none has stamps.
    origin: Option<Micros>,
    lap: LapLength,
    /// Whether it plays several topics.
    is_shared: bool,
}

impl DatasetPace {
    /// The shortest time from the last record to the next lap.
    const LOOP_GAP_MIN: Duration = Duration::from_millis(1);

    /// The pace of `stamps`, whose median interval is the default of `loop_gap`.
    #[must_use]
    pub fn from_stamps(
        stamps: Stamps,
        median_interval: Option<Duration>,
        loop_gap: Option<Duration>,
    ) -> Self {
        let default =
            || median_interval.map_or(Self::LOOP_GAP_MIN, |median| median.max(Self::LOOP_GAP_MIN));
        Self::Stamps {
            loop_gap: loop_gap.unwrap_or_else(default),
            stamps,
        }
    }
}

impl PlayerClock {
    /// The clock of a player of `datasets`.
    ///
    /// # Panics
    /// Panics if there are none.
    #[must_use]
    pub fn new(datasets: &[PlayedDataset]) -> Self {
        let stamped = datasets.iter().filter_map(|dataset| match &dataset.pace {
            DatasetPace::Rate(_) => None,
            DatasetPace::Stamps { stamps, .. } => Some(stamps.first()),
        });
        let origin = stamped.min();
        let laps = datasets.iter().map(|dataset| match &dataset.pace {
            DatasetPace::Rate(rate) => LapLength::even(dataset.len, *rate),
            DatasetPace::Stamps { stamps, loop_gap } => {
                let begin = origin.unwrap_or_else(|| stamps.first());
                let span = i128::from(stamps.last().get()) - i128::from(begin.get());
                let gap = i128::try_from(loop_gap.as_micros()).unwrap_or(i128::from(i64::MAX));
                LapLength::whole(span + gap)
            }
        });
        Self {
            origin,
            lap: laps.max().expect("a player has at least one topic"),
            is_shared: datasets.len() > 1,
        }
    }

    /// The clock of one of the datasets.
    #[must_use]
    pub fn dataset(&self, dataset: &PlayedDataset, looping: bool) -> DatasetClock {
        match &dataset.pace {
            DatasetPace::Rate(_) if !self.is_shared => DatasetClock::even(dataset.len, looping),
            DatasetPace::Rate(_) => DatasetClock::even_in_player(dataset.len, looping, self.lap),
            DatasetPace::Stamps { stamps, .. } => {
                let origin = self.origin.unwrap_or_else(|| stamps.first());
                DatasetClock::stamped(stamps.clone(), origin, self.lap, looping)
            }
        }
    }

    /// Whether it plays several topics.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// The earliest time stamp of its topics.
    #[must_use]
    pub const fn origin(&self) -> Option<Micros> {
        self.origin
    }

    /// The length of a lap.
    #[must_use]
    pub const fn lap(&self) -> LapLength {
        self.lap
    }
}
