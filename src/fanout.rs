//! Viewers: from the taken-over socket to the last byte.
//!
//! One task drives one viewer. A viewer is a place in the topic's channel and the frames its socket has not yet
//! taken; nothing is taken from the channel before those are gone, so a viewer that does not read holds a
//! bounded amount and costs the others nothing. Frames arrive encoded and are shared, not copied.

mod closing;
mod drain;
mod heartbeat;
mod joiner;
mod outbox;
mod socket;
mod throttle;
mod viewer;

pub use drain::Drain;
pub use joiner::{Form, Joiner};
pub use viewer::serve;
