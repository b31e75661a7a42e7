//! The wire: the words of the contract as types, and their spelling in bytes.
//!
//! At the bottom of the import order: knows no clock, no socket, no topic's state.

mod micros;
mod rate;
mod seq;
mod topic_name;

pub use micros::Micros;
pub use rate::{Rate, RateError};
pub use seq::Seq;
pub use topic_name::{TopicName, TopicNameError};
