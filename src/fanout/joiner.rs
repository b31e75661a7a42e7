//! `Joiner`: who is about to be a viewer, as the handshake found it.

use std::net::IpAddr;

use crate::hub::{Ask, Seat, Subscription};

/// What a viewer is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Records alone, one a frame.
    Bare,
    /// Messages of `tickcast.v1`.
    V1,
}

/// Who joins, and what for.
#[derive(Debug)]
pub struct Joiner {
    /// What it is sent.
    pub form: Form,
    /// The topic it views, from the place at which it was admitted.
    pub subscription: Subscription,
    /// What it asks for.
    pub ask: Ask,
    /// Where it comes from.
    pub remote: IpAddr,
    /// Its seat, given back when it leaves.
    pub seat: Seat,
}
