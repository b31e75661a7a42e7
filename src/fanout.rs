//! Viewers: from the taken-over socket to the last byte.
//!
//! One task drives one viewer. A viewer is a place in the topic's channel and the frames its socket has not yet
//! taken; nothing is taken from the channel before those are gone, so a viewer that does not read holds a
//! bounded amount and costs the others nothing. Frames arrive encoded and are shared, not copied.

mod drain;
mod heartbeat;
mod outbox;
mod throttle;
mod viewer;

pub use drain::Drain;
pub use viewer::{Form, Joiner, serve};
