//! The wire protocol: its types, and their encoding to bytes.
//!
//! Depends on no other module of the crate; knows no clock, no socket and no state of a topic.

mod author;
mod authority;
mod close;
mod epoch;
mod field_view;
mod flush;
mod history_json;
pub mod message;
mod micros;
mod position;
mod publication;
mod rate;
mod seq;
pub mod shared_bytes;
mod speed;
pub mod sse;
pub mod topic_description;
mod topic_name;
mod viewer_text;
pub mod websocket;

pub use author::{Author, AuthorError};
pub use authority::{Authority, Host, HostError};
pub use close::CloseReason;
pub use epoch::{Epoch, EpochError, EpochInputs};
pub use field_view::{FieldView, FieldsView, Threshold};
pub use flush::{EncodedFlush, Flush};
pub use history_json::{HistoryHead, ITEM_END, write_item, write_item_start};
pub use micros::Micros;
pub use position::{Position, PositionError};
pub use publication::{DueRecord, Jump, JumpReason, Publication};
pub use rate::{Rate, RateError};
pub use seq::Seq;
pub use shared_bytes::SharedBytes;
pub use speed::{Speed, SpeedError};
pub use topic_name::{TopicName, TopicNameError};
pub use viewer_text::{ViewerReport, ViewerText};
