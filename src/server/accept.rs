//! The accept loop: waits for a free connection slot, accepts a connection, and serves it in a task.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::{AcceptedConnection, ListenerContext, serve};
use super::listener_limits::ListenerLimits;
use crate::routes::{Peer, network_to_count};

/// How long to pause when the system has no file descriptor or memory for another connection. Short, because clients in
/// the backlog see it as latency.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);

/// The two steps in which a listener shuts down.
#[derive(Debug, Clone)]
pub(super) struct ShutdownTokens {
    /// Cancelled when the listener stops accepting connections.
    pub(super) accepting: CancellationToken,
    /// Cancelled when its connections finish their current request and close.
    pub(super) serving: CancellationToken,
}

/// Accepts connections until `tokens.accepting` is cancelled, and serves each in a task of `tasks`.
pub(super) async fn run(
    listener: TcpListener,
    context: ListenerContext,
    tokens: ShutdownTokens,
    tasks: TaskTracker,
) {
    let context = Arc::new(context);
    let limits = Arc::clone(&context.limits);
    loop {
        let accepted = tokio::select! {
            () = tokens.accepting.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                back_off(&error, &limits).await;
                continue;
            }
        };
        // Only after the accept: an idle connection is not closed before a new one needs its slot.
        tokio::select! {
            () = tokens.accepting.cancelled() => return,
            () = limits.wait_for_slot() => {}
        }
        let connections = limits.connections();
        let Some(permit) = connections.open(network_to_count(&context.state, Peer(peer))) else {
            limits.log_refused(peer);
            continue;
        };
        let accepted = AcceptedConnection {
            stream,
            peer,
            permit: Arc::new(permit),
            watch: connections.watch(),
        };
        tasks.spawn(serve(
            accepted,
            Arc::clone(&context),
            tokens.serving.clone(),
        ));
    }
}

/// Pauses for a moment if the system is out of resources.
async fn back_off(error: &io::Error, limits: &ListenerLimits) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    if matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    ) {
        // Concerns only this connection, which went away before it was accepted.
        return;
    }
    limits.log_accept_error(error);
    // Whatever has run out, closing the connection that has been idle longest frees some of it.
    limits.connections().evict_one();
    tokio::time::sleep(ACCEPT_BACKOFF).await;
}
