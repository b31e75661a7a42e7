//! [`RequestPermits`]: the connection permits that a request holds, its connection's and its client's.
//!
//! Connections from trusted proxies do not count towards `server.max_connections_per_ip`. The proxy's clients do
//! instead, once per request in progress and once per viewer, as soon as the request head identifies them.

use std::sync::Arc;

use warp::http::HeaderMap;
use warp::reply::{Reply, Response};

use super::Peer;
use super::problem::{Problem, ProblemCode};
use crate::app::AppState;
use crate::hub::{ClientNetwork, ClientPermit, ConnectionPermit, Connections};

/// The permits that a request holds until its response has been sent, and a viewer until it leaves. The server adds
/// them to the extensions of every request.
#[derive(Debug, Clone)]
pub struct RequestPermits {
    /// The connection's permit.
    pub connection: Arc<ConnectionPermit>,
    /// The client's permit, if the client is behind a trusted proxy.
    pub client: Option<Arc<ClientPermit>>,
}

/// Returns the network that a connection from `peer` counts towards; `None` for a trusted proxy.
#[must_use]
pub fn network_to_count(state: &AppState, peer: Peer) -> Option<ClientNetwork> {
    let is_trusted = peer.is_trusted(&state.proxies);
    (!is_trusted).then(|| peer.0.ip().into())
}

/// Acquires the permits of a request with `headers` on the connection that holds `permit`.
///
/// # Errors
/// Returns the error response if the client has reached `server.max_connections_per_ip`.
pub fn acquire_permits(
    state: &AppState,
    connections: &Connections,
    permit: Arc<ConnectionPermit>,
    peer: Peer,
    headers: &HeaderMap,
) -> Result<RequestPermits, Box<Response>> {
    let client = if peer.is_trusted(&state.proxies) {
        let client = peer.client_address(headers, &state.proxies);
        // A request by the proxy itself, such as a health check, has no other client address.
        let is_forwarded = client != peer.0.ip().to_canonical();
        is_forwarded.then(|| {
            connections
                .count_client(client.into())
                .ok_or_else(connection_limit_response)
        })
    } else {
        None
    };
    Ok(RequestPermits {
        connection: permit,
        client: client.transpose()?.map(Arc::new),
    })
}

impl RequestPermits {
    /// Marks the connection as a viewer's.
    pub(super) fn into_viewer_permits(self) -> Self {
        self.connection.mark_viewer();
        self
    }
}

fn connection_limit_response() -> Box<Response> {
    let detail =
        "this address has reached its limit of connections (`server.max_connections_per_ip`)";
    Box::new(Problem::retry_later(ProblemCode::ConnectionsPerIpExceeded, detail).into_response())
}
