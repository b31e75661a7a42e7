//! The floor's measured loop: wake up on schedule, one `send(2)` per viewer, sleep again.
//!
//! There is no queue, no log and no readiness handling. A frame that a socket does not accept is dropped and counted.

use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::sync::mpsc::Receiver;

use bytes::BytesMut;

use super::floor_records::FloorRecords;
use crate::bench::FloorCounts;
use crate::bench::hub_schedule::HubSchedule;
use crate::clock::{self, Alarm, Clock, Woken};
use crate::protocol::{Micros, websocket};

/// Sends records on `schedule` to the viewers received from `joiners`, until `alarm` is cancelled.
pub(super) fn send_loop(
    records: &FloorRecords,
    schedule: &HubSchedule,
    joiners: &Receiver<TcpStream>,
    clock: &Clock,
    alarm: &Alarm,
) -> FloorCounts {
    clock::minimize_timer_slack();
    let (mut viewers, mut counts) = (
        Vec::new(),
        FloorCounts {
            dropped: 0,
            closed: 0,
        },
    );
    let (mut record, mut frame) = (Vec::new(), BytesMut::new());
    let mut seq = schedule.seq0;
    while alarm.wait_until(clock, Micros::new(schedule.t(seq))) == Woken::Due {
        viewers.extend(joiners.try_iter());
        records.write_record(schedule.index(seq).unwrap_or(0), &mut record);
        frame.clear();
        websocket::put_text_frame(&mut frame, &record);
        viewers.retain_mut(|viewer| send_frame(viewer, &frame, &mut counts));
        seq += 1;
    }
    counts
}

/// Sends one frame; returns whether the viewer is still connected.
fn send_frame(viewer: &mut TcpStream, frame: &[u8], counts: &mut FloorCounts) -> bool {
    match viewer.write(frame) {
        Ok(len) if len == frame.len() => true,
        Err(error) if error.kind() == ErrorKind::WouldBlock => {
            counts.dropped += 1;
            true
        }
        // After a partial write only the rest of the frame could follow, and it is not kept.
        Ok(_) => {
            counts.closed += 1;
            false
        }
        Err(_) => false,
    }
}
