//! A request's place: that of its connection, and behind a trusted proxy that of its client.
//!
//! The connections of trusted proxies are not counted by address. Their clients are, once for each request under way
//! and each viewer, from the moment at which the head has named them.

use std::sync::Arc;

use warp::http::HeaderMap;
use warp::reply::{Reply, Response};

use super::problem::{Code, Problem};
use super::{Context, Peer};
use crate::hub::{ClientNetwork, ClientPermit, ConnectionPermit, Connections};

/// What a request holds until it is answered, and a viewer until it leaves; the server puts it into every request's
/// extensions.
#[derive(Debug, Clone)]
pub struct Place {
    /// The connection's place.
    pub connection: Arc<ConnectionPermit>,
    /// The client's, behind a trusted proxy.
    pub client: Option<Arc<ClientPermit>>,
}

/// The network that the connection from `peer` counts for; `None` for a trusted proxy.
#[must_use]
pub fn counted_by(context: &Context, peer: Peer) -> Option<ClientNetwork> {
    let is_trusted = peer.is_trusted(&context.proxies);
    (!is_trusted).then(|| peer.0.ip().into())
}

/// The place of a request with `headers` on the connection `permit`.
///
/// # Errors
/// The answer to a client that has as many connections as `server.max_connections_per_ip` allows.
pub fn place(
    context: &Context,
    connections: &Connections,
    permit: Arc<ConnectionPermit>,
    peer: Peer,
    headers: &HeaderMap,
) -> Result<Place, Box<Response>> {
    let client = if peer.is_trusted(&context.proxies) {
        let client = peer.client(headers, &context.proxies);
        // A request that the proxy itself makes, such as a health check, names no other address.
        let is_other = client != peer.0.ip().to_canonical();
        is_other.then(|| connections.client(client.into()).ok_or_else(refusal))
    } else {
        None
    };
    Ok(Place {
        connection: permit,
        client: client.transpose()?.map(Arc::new),
    })
}

impl Place {
    /// Marks it as a viewer's.
    pub(super) fn of_viewer(self) -> Self {
        self.connection.become_viewer();
        self
    }
}

fn refusal() -> Box<Response> {
    let detail =
        "this address has all the connections it may have (`server.max_connections_per_ip`)";
    Box::new(Problem::retry_later(Code::ConnectionsPerIpExceeded, detail).into_response())
}
