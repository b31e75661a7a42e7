//! Delivery to viewers: from the upgraded socket to the last byte written.
//!
//! ```text
//! channel ─► LaneTopic ─► FrameLog ◄─ ViewerSubscription ─► ViewerConnection ─► socket
//!            (chunks)     (frames)    (a position in it)    (session, queue)
//! ```
//!
//! The producer has encoded each publication for bare and v1 viewers. The compressed and the SSE form are made by the
//! first lane that needs them, and shared by all.
//!
//! A lane is one thread with one epoll that serves many viewers. It reads each topic's channel once, however many viewers
//! it has, and keeps the encoded frames in one log per encoding. A subscription is a position in that log; a connection
//! holds at most one partly written frame. Nothing is queued per viewer, so a viewer that does not read takes a bounded
//! amount of memory and does not slow down the others. Frames that arrived together leave in one system call per viewer.
//! Sending a frame to a viewer allocates nothing and takes no lock.
//!
//! A viewer is a connection with one subscription. What belongs to the socket (pings, closes, timers, the drain) knows no
//! topic, and what belongs to the topic (position, lag, presence) knows no socket, so that one connection can carry
//! several.
//!
//! A subscription whose position is older than the log is sent blocks of the history instead. These are computed on
//! demand, one block per turn, after the live viewers have been served.
//!
//! To read it: `lanes` (threads), `lane` (the event loop), `lane_viewers` (who is served when), `viewer_table` (sends to
//! one viewer), `viewer` (a turn of one subscription over its connection), `log_cursor` (what is written next),
//! `frame_log` (from where), `socket_writer` (how much of it).
//!
//! The module knows nothing of HTTP: [`crate::routes`] hands over an upgraded socket and a [`JoinRequest`].

mod backfill;
mod control_messages;
mod delivery_sampler;
mod drain;
mod encoder;
mod frame_log;
mod heartbeat;
mod ids;
mod lag_scan;
mod lane;
mod lane_shared;
mod lane_topic;
mod lane_viewers;
mod lane_waker;
mod lanes;
mod log_cursor;
mod socket_writer;
mod tcp_socket;
mod timer_wheel;
mod viewer;
mod viewer_connection;
mod viewer_count;
mod viewer_group;
mod viewer_input;
mod viewer_join;
mod viewer_log;
mod viewer_record;
mod viewer_session;
mod viewer_subscription;
mod viewer_table;

pub use drain::Drain;
pub use frame_log::{Chunk, FrameLog, LogEntry, LogLookup};
pub use lanes::Lanes;
pub use viewer_join::{Encoding, JoinRequest, ViewerPermits};
