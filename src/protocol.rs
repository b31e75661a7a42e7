//! The wire: the words of the contract as types, and their spelling in bytes.
//!
//! At the bottom of the import order: knows no clock, no socket, no topic's state.

mod close;
mod epoch;
pub mod event;
mod flush;
pub mod frame;
mod history;
mod host;
pub mod message;
mod micros;
mod position;
mod publication;
mod rate;
mod seq;
pub mod shared_bytes;
mod topic_name;

pub use close::Close;
pub use epoch::{Epoch, EpochError};
pub use flush::{Due, Encoded, Flush, Jump, JumpReason};
pub use history::{HistoryHead, ITEM_CLOSE, open_item, put_item};
pub use host::{Authority, Host, NotAHost};
pub use micros::Micros;
pub use position::{Position, PositionError};
pub use publication::Publication;
pub use rate::{Rate, RateError};
pub use seq::Seq;
pub use shared_bytes::SharedBytes;
pub use topic_name::{TopicName, TopicNameError};
