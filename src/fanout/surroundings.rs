//! `Surroundings`: what a viewer needs of the lane that serves it.

use super::drain::Drain;
use super::log::Log;
use crate::clock::Clock;
use crate::hub::Topic;
use crate::protocol::Seq;

/// What a viewer needs of its surroundings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surroundings<'a> {
    pub(super) topic: &'a Topic,
    pub(super) log: &'a Log,
    pub(super) clock: &'a Clock,
    /// It knows when those who are closed should come back.
    pub(super) drain: &'a Drain,
}

impl Surroundings<'_> {
    /// The newest publication that the lane knows of.
    pub(super) const fn newest(&self) -> Seq {
        self.log.next().previous()
    }
}
