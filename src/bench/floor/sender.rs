//! The loop that is the yardstick: wake on the schedule, one `send(2)` for each viewer, sleep again.
//!
//! No queue, no log, no readiness, no second thread in the way. What a socket does not take is dropped and counted.

use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::sync::mpsc::Receiver;

use bytes::BytesMut;

use super::records::Records;
use crate::bench::FloorCounts;
use crate::bench::schedule::Schedule;
use crate::clock::{self, Alarm, Clock, Woken};
use crate::protocol::{Micros, frame};

/// Sends on `schedule` to those who come in through `joiners`, until `alarm` is rung.
pub(super) fn send(
    records: &Records,
    schedule: &Schedule,
    joiners: &Receiver<TcpStream>,
    clock: &Clock,
    alarm: &Alarm,
) -> FloorCounts {
    clock::wake_exactly();
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
        records.put(schedule.index(seq).unwrap_or(0), &mut record);
        frame.clear();
        frame::put_text(&mut frame, &record);
        viewers.retain_mut(|viewer| send_one(viewer, &frame, &mut counts));
        seq += 1;
    }
    counts
}

/// Sends one frame; returns whether the viewer is still there.
fn send_one(viewer: &mut TcpStream, frame: &[u8], counts: &mut FloorCounts) -> bool {
    match viewer.write(frame) {
        Ok(len) if len == frame.len() => true,
        Err(error) if error.kind() == ErrorKind::WouldBlock => {
            counts.dropped += 1;
            true
        }
        // A part of a frame went out, and nothing can follow it but the rest, which is kept nowhere.
        Ok(_) => {
            counts.closed += 1;
            false
        }
        Err(_) => false,
    }
}
