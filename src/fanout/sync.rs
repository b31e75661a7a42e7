//! The atomics and locks of `LaneWaker` and `LaneInbox`. Unit tests replace them with loom's, which check every
//! interleaving.

#[cfg(test)]
pub(super) use loom::sync::Mutex;
#[cfg(test)]
pub(super) use loom::sync::atomic::{AtomicBool, Ordering};
#[cfg(not(test))]
pub(super) use std::sync::Mutex;
#[cfg(not(test))]
pub(super) use std::sync::atomic::{AtomicBool, Ordering};
