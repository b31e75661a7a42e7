//! `Update`: the message type of a topic's channel.

use std::sync::Arc;

use crate::protocol::{Flush, Publication};

/// One publication, in the form for each kind of viewer.
#[derive(Debug, Clone)]
pub struct Update {
    /// The record for viewers without a subprotocol, which get each publication in a frame.
    pub publication: Publication,
    /// The flush for v1 and SSE viewers that ends with this publication; `None` while more is being coalesced.
    pub flush: Option<Arc<Flush>>,
}
