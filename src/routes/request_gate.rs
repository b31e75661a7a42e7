//! [`RequestGate`]: what every request of a listener must pass before it is routed; [`RequestContext`]: what the gate
//! establishes about it.
//!
//! ## Connection limits
//! Connections from trusted proxies do not count towards `server.max_connections_per_ip`. The proxy's clients do
//! instead, once per request in progress and once per viewer, as soon as the request head identifies them.
//!
//! ## Host names
//! The hub accepts only certain host names, which prevents DNS rebinding: any site can make its own name resolve to a
//! loopback or private address, and its pages then share the hub's origin as far as the browser can tell. Only the host
//! name in the request gives them away.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use warp::http::header;
use warp::http::{HeaderMap, Request, Version};
use warp::reply::{Reply, Response};

use super::peer::Peer;
use super::problem::{Problem, ProblemCode, excerpt};
use super::request_target::normalize_target;
use super::socket_takeover::SocketTakeover;
use crate::app::AppState;
use crate::hub::{ClientNetwork, ClientPermit, ConnectionPermit, Connections};
use crate::protocol::{Authority, Host};

/// One of the two listeners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listener {
    /// For viewers.
    Public,
    /// For operators and probes.
    Ops,
}

/// Checks the requests of one listener.
#[derive(Debug, Clone)]
pub struct RequestGate {
    state: Arc<AppState>,
    /// The connections of the listener, among which clients behind proxies are counted.
    connections: Connections,
    listener: Listener,
    /// Whether the listener is bound to a loopback address.
    is_loopback: bool,
}

/// The connection on which a request arrived.
#[derive(Debug)]
pub struct RequestConnection {
    /// The remote address.
    pub peer: Peer,
    /// Counts the connection.
    pub permit: Arc<ConnectionPermit>,
    /// Takes the socket from the HTTP layer.
    pub takeover: SocketTakeover,
}

/// The permits that a request holds until its response has been sent, and a viewer until it leaves.
#[derive(Debug, Clone)]
pub struct RequestPermits {
    /// The connection's permit.
    pub(super) connection: Arc<ConnectionPermit>,
    /// The client's permit, if the client is behind a trusted proxy.
    pub(super) client: Option<Arc<ClientPermit>>,
}

/// What the gate has established about a request. It is in the extensions of every request that is routed.
#[derive(Debug, Clone)]
pub(super) struct RequestContext {
    /// The client's network address, behind trusted proxies too.
    pub(super) client: IpAddr,
    /// The host and port that the client addressed: `Host`, or `X-Forwarded-Host` from a trusted proxy. `None` for
    /// probes without `Host`.
    pub(super) authority: Option<Authority>,
    pub(super) permits: RequestPermits,
    pub(super) takeover: SocketTakeover,
}

/// Paths that load balancers and orchestrators probe by IP address, or over HTTP/1.0 without `Host`.
const PROBE_PATHS: [&str; 2] = ["/healthz", "/readyz"];

const X_FORWARDED_HOST: &str = "x-forwarded-host";

impl Listener {
    /// The listener's name in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Ops => "ops",
        }
    }
}

/// Returns the network that a connection from `peer` counts towards; `None` for a trusted proxy.
#[must_use]
pub fn network_to_count(state: &AppState, peer: Peer) -> Option<ClientNetwork> {
    let is_trusted = peer.is_trusted(&state.proxies);
    (!is_trusted).then(|| peer.0.ip().into())
}

impl RequestGate {
    /// Creates the gate of a listener that is bound to `address` and counts clients among `connections`.
    #[must_use]
    pub fn new(
        state: &Arc<AppState>,
        connections: &Connections,
        listener: Listener,
        address: SocketAddr,
    ) -> Self {
        Self {
            state: Arc::clone(state),
            connections: connections.clone(),
            listener,
            is_loopback: address.ip().to_canonical().is_loopback(),
        }
    }

    /// Checks `request`, brings its target into origin form, and adds to its extensions what the routes need. Returns
    /// the permits to hold until the response has been sent.
    ///
    /// # Errors
    /// Returns the error response: 429 if the client has too many connections, 400 if the target or a host name is
    /// malformed, missing or repeated, 403 if the hub does not accept the name.
    pub fn check<B>(
        &self,
        request: &mut Request<B>,
        connection: RequestConnection,
    ) -> Result<RequestPermits, Box<Response>> {
        self.pass(request, connection)
            .map_err(|problem| Box::new(problem.into_response()))
    }

    fn pass<B>(
        &self,
        request: &mut Request<B>,
        connection: RequestConnection,
    ) -> Result<RequestPermits, Problem> {
        let peer = connection.peer;
        let client = peer.client_address(request.headers(), &self.state.proxies);
        let permits = RequestPermits {
            connection: connection.permit,
            client: self.count_client(peer, client)?,
        };
        normalize_target(request)?;
        let authority = self.request_authority(request, peer)?;
        request.extensions_mut().insert(RequestContext {
            client,
            authority,
            // Released with the connection, unless a viewer takes them over.
            permits: permits.clone(),
            takeover: connection.takeover,
        });
        Ok(permits)
    }

    /// Counts the client behind the trusted proxy `peer`; returns `None` if the peer is the client.
    fn count_client(
        &self,
        peer: Peer,
        client: IpAddr,
    ) -> Result<Option<Arc<ClientPermit>>, Problem> {
        // A request by a proxy itself, such as a health check, has no other client address.
        if client == peer.ip() {
            return Ok(None);
        }
        let permit = self.connections.count_client(client.into());
        permit.map(Arc::new).map(Some).ok_or_else(|| {
            Problem::retry_later(
                ProblemCode::ConnectionsPerIpExceeded,
                "this address has reached its limit of connections (`server.max_connections_per_ip`)",
            )
        })
    }

    fn request_authority<B>(
        &self,
        request: &Request<B>,
        peer: Peer,
    ) -> Result<Option<Authority>, Problem> {
        let headers = request.headers();
        let mut lines = headers.get_all(header::HOST).iter();
        let host = match (lines.next(), lines.next()) {
            (None, _) if request.version() < Version::HTTP_11 && is_probe(request) => {
                return Ok(None);
            }
            (None, _) => {
                let detail =
                    "the request has no `Host` header; send the host name or address of the hub";
                return Err(host_problem(ProblemCode::HostMissing, detail));
            }
            (Some(_), Some(_)) => {
                let detail = "the request has more than one `Host` header; send one";
                return Err(host_problem(ProblemCode::HostRepeated, detail));
            }
            (Some(line), None) => parse_authority("Host", line.as_bytes())?,
        };
        self.check_name(request, "Host", &host.host)?;
        // A rebound page can set every other header, so a forwarded name must be accepted in addition to `Host`.
        let mut client_authority = None;
        if peer.is_trusted(&self.state.proxies) {
            for forwarded in forwarded_hosts(headers) {
                let forwarded = parse_authority("X-Forwarded-Host", forwarded)?;
                self.check_name(request, "X-Forwarded-Host", &forwarded.host)?;
                // Each proxy in a chain appends a name; the first one is the client's.
                client_authority.get_or_insert(forwarded);
            }
        }
        Ok(Some(client_authority.unwrap_or(host)))
    }

    fn check_name<B>(&self, request: &Request<B>, name: &str, host: &Host) -> Result<(), Problem> {
        if self.accepts(host, is_probe(request)) {
            return Ok(());
        }
        let host = excerpt(&host.to_string());
        Err(host_problem(
            ProblemCode::HostForbidden,
            format!(
                "`{name}` is `{host}`, which this hub does not accept; add it to `server.hosts`"
            ),
        ))
    }

    fn accepts(&self, host: &Host, is_probe: bool) -> bool {
        let is_listed = self.state.hosts.contains(host);
        if is_listed == Some(true) {
            return true;
        }
        match self.listener {
            _ if self.is_loopback => host.is_loopback(),
            _ if is_listed.is_none() => true,
            // Probes and scrapers use the IP address of the machine or pod, which a rebound page cannot have as a name.
            listener => {
                let is_from_operator = is_probe || listener == Listener::Ops;
                is_from_operator && matches!(host, Host::Address(_))
            }
        }
    }
}

fn is_probe<B>(request: &Request<B>) -> bool {
    PROBE_PATHS.contains(&request.uri().path())
}

/// All items of `X-Forwarded-Host`; the first is the one that the client sent.
fn forwarded_hosts(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let lines = headers.get_all(X_FORWARDED_HOST).iter();
    lines
        .flat_map(|line| line.as_bytes().split(|&byte| byte == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|name| !name.is_empty())
}

fn parse_authority(name: &str, value: &[u8]) -> Result<Authority, Problem> {
    let text = std::str::from_utf8(value).ok();
    text.and_then(|text| text.parse().ok()).ok_or_else(|| {
        let value = excerpt(&String::from_utf8_lossy(value));
        host_problem(
            ProblemCode::HostInvalid,
            format!(
                "`{name}` is `{value}`, which is neither a host name nor an IP address, with or without a port; send \
                 one such as `hub.example.org:8000`"
            ),
        )
    })
}

/// A problem that also closes the connection, because the client may have meant to reach another server.
fn host_problem(code: ProblemCode, detail: impl Into<String>) -> Problem {
    Problem::new(code, detail).with_header(header::CONNECTION, "close")
}

#[cfg(test)]
mod tests {
    use warp::http::HeaderValue;

    use super::*;

    #[test]
    fn forwarded_names_are_split_at_commas_and_across_headers() {
        let mut headers = HeaderMap::new();
        for line in ["a.example:1 , b.example,", "", "c.example"] {
            headers.append(X_FORWARDED_HOST, HeaderValue::from_static(line));
        }
        let names: Vec<_> = forwarded_hosts(&headers).collect();
        assert_eq!(names, [&b"a.example:1"[..], b"b.example", b"c.example"]);
    }
}
