//! `Wave`: what a topic's channel carries.

use std::sync::Arc;

use crate::protocol::{Flush, Publication};

/// What goes through a topic's channel at each step of its timeline.
#[derive(Debug, Clone)]
pub struct Wave {
    /// The record for bare viewers.
    pub publication: Publication,
    /// What v1 and SSE viewers get, with the last publication of each flush.
    pub flush: Option<Arc<Flush>>,
}
