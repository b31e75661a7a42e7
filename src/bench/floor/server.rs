//! The floor's process: a listener that blocks, a thread for each v1 client, and the loop that is measured.
//!
//! It says its port on standard output, ends when its standard input does, and then says what it dropped.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use super::records::Records;
use super::{FloorPlan, control, handshake, sender};
use crate::bench::schedule::Schedule;
use crate::bench::{BenchError, machine};
use crate::clock::{Alarm, Clock};

/// Serves `plan` until standard input ends.
///
/// # Errors
/// The dataset, the core or the listener cannot be had.
pub fn serve(plan: &FloorPlan) -> Result<(), BenchError> {
    machine::room_for_viewers();
    if let Some(cpu) = plan.cpu {
        machine::pin(cpu).map_err(|error| BenchError::Pin(cpu, error))?;
    }
    let records = Records::load(plan.dataset.as_deref())
        .map_err(|error| BenchError::Floor(error.to_string()))?;
    let clock = Clock::start();
    let schedule = Schedule {
        seq0: 1,
        t0: clock.now().get(),
        index0: 0,
        rate: plan.rate,
        len: records.len(),
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(BenchError::System)?;
    let port = listener.local_addr().map_err(BenchError::System)?.port();
    say(format_args!("{port}"))?;
    let (joining, joiners) = channel();
    let alarm = Arc::new(Alarm::default());
    let bell = Arc::clone(&alarm);
    // These threads end with the process, which ends with the loop below.
    thread::spawn(move || accept(&listener, &joining, clock, schedule));
    thread::spawn(move || {
        // The parent says nothing; it goes.
        _ = io::stdin().lock().read_to_end(&mut Vec::new());
        bell.ring();
    });
    let counts = sender::send(&records, &schedule, &joiners, &clock, &alarm);
    say(format_args!("{} {}", counts.dropped, counts.closed))
}

/// Lets viewers in, one after another; who speaks v1 gets a thread, who does not gets records.
fn accept(listener: &TcpListener, joining: &Sender<TcpStream>, clock: Clock, schedule: Schedule) {
    for stream in listener.incoming() {
        let Ok(mut stream) = stream else {
            continue;
        };
        let is_heard = match handshake::answer(&mut stream) {
            Ok(true) => {
                thread::spawn(move || control::converse(stream, clock, schedule));
                true
            }
            Ok(false) if stream.set_nonblocking(true).is_ok() => joining.send(stream).is_ok(),
            // It went away, or meant something else.
            _ => true,
        };
        if !is_heard {
            return;
        }
    }
}

fn say(line: std::fmt::Arguments<'_>) -> Result<(), BenchError> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(BenchError::System)
}
