//! The floor's process: a blocking listener, a thread for each v1 client, and the measured send loop.
//!
//! It prints its port on standard output, runs until standard input is closed, and then prints its counts.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use super::floor_records::FloorRecords;
use super::{FloorOptions, handshake, sender, v1_session};
use crate::bench::hub_schedule::HubSchedule;
use crate::bench::{BenchError, machine};
use crate::clock::{Alarm, Clock};

/// Runs the floor until standard input is closed.
///
/// # Errors
/// Fails if the dataset cannot be loaded, the core pinned or the listener opened.
pub fn serve(options: &FloorOptions) -> Result<(), BenchError> {
    machine::raise_fd_limit();
    if let Some(cpu) = options.cpu {
        machine::pin_to_core(cpu).map_err(|error| BenchError::Pin(cpu, error))?;
    }
    let records = FloorRecords::load(options.dataset.as_deref())
        .map_err(|error| BenchError::Floor(error.to_string()))?;
    let clock = Clock::start();
    let schedule = HubSchedule {
        seq0: 1,
        t0: clock.now().get(),
        index0: 0,
        rate: options.rate,
        len: records.len(),
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(BenchError::System)?;
    let port = listener.local_addr().map_err(BenchError::System)?.port();
    print_line(format_args!("{port}"))?;
    let (joining, joiners) = channel();
    let alarm = Arc::new(Alarm::default());
    let stop = Arc::clone(&alarm);
    // These threads end with the process, which exits after the loop below.
    thread::spawn(move || accept_viewers(&listener, &joining, clock, schedule));
    thread::spawn(move || {
        // The parent never writes; it closes the pipe to stop the floor.
        _ = io::stdin().lock().read_to_end(&mut Vec::new());
        stop.cancel();
    });
    let counts = sender::send_loop(&records, &schedule, &joiners, &clock, &alarm);
    print_line(format_args!("{} {}", counts.dropped, counts.closed))
}

/// Accepts viewers one at a time. A v1 client gets a thread; any other is passed to the send loop.
fn accept_viewers(
    listener: &TcpListener,
    joining: &Sender<TcpStream>,
    clock: Clock,
    schedule: HubSchedule,
) {
    for stream in listener.incoming() {
        let Ok(mut stream) = stream else {
            continue;
        };
        let is_running = match handshake::accept_websocket(&mut stream) {
            Ok(true) => {
                thread::spawn(move || v1_session::serve_v1(stream, clock, schedule));
                true
            }
            Ok(false) if stream.set_nonblocking(true).is_ok() => joining.send(stream).is_ok(),
            // The client disconnected or is not a WebSocket client.
            _ => true,
        };
        if !is_running {
            return;
        }
    }
}

fn print_line(line: std::fmt::Arguments<'_>) -> Result<(), BenchError> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(BenchError::System)
}
