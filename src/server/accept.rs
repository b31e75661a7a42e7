//! The accept loop: takes a connection when there is a place for it, and serves it in a task.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::{Accepted, Surface, serve};
use super::gate::Gate;
use crate::routes::{Peer, counted_by};

/// How long to leave the listener alone when the system has no descriptor or memory for one more connection.
/// Short, because those who wait in the backlog see it as latency.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// When a listener accepts no more, and when its connections finish what they are at.
#[derive(Debug, Clone)]
pub(super) struct Ends {
    pub(super) accepting: CancellationToken,
    pub(super) serving: CancellationToken,
}

/// Accepts connections until the end, and serves each in one of `tasks`.
pub(super) async fn run(listener: TcpListener, surface: Surface, ends: Ends, tasks: TaskTracker) {
    let surface = Arc::new(surface);
    let gate = Arc::clone(&surface.gate);
    loop {
        let accepted = tokio::select! {
            () = ends.accepting.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                pause_after(&error, &gate).await;
                continue;
            }
        };
        // Only now: no connection ends before there is another that needs its place.
        tokio::select! {
            () = ends.accepting.cancelled() => return,
            () = gate.place() => {}
        }
        let connections = gate.connections();
        let Some(permit) = connections.open(counted_by(&surface.context, Peer(peer))) else {
            gate.tell_refused(peer);
            continue;
        };
        let accepted = Accepted {
            stream,
            peer,
            permit: Arc::new(permit),
            watch: connections.watch(),
        };
        tasks.spawn(serve(accepted, Arc::clone(&surface), ends.serving.clone()));
    }
}

/// Leaves the listener alone for a moment, if the system is out of something.
async fn pause_after(error: &io::Error, gate: &Gate) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    if matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    ) {
        // This one connection went away before it was accepted.
        return;
    }
    gate.tell_of_accept(error);
    // Whatever it is that has run out, the connection that waits longest has some of it.
    gate.connections().end_one();
    tokio::time::sleep(EXHAUSTED_PAUSE).await;
}
