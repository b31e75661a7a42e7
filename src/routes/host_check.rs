//! The host check: which host names the hub accepts. Runs for every request of both listeners, before routing.
//!
//! It prevents DNS rebinding: any site can make its own name resolve to a loopback or private address, and its pages
//! then share the hub's origin as far as the browser can tell. Only the host name in the request gives them away.

use std::net::SocketAddr;
use std::sync::Arc;

use warp::http::header;
use warp::http::{HeaderMap, Request, Version};
use warp::reply::{Reply, Response};

use super::Peer;
use super::conventions::excerpt;
use super::problem::{Problem, ProblemCode};
use crate::app::AppState;
use crate::protocol::{Authority, Host};

/// One of the two listeners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listener {
    /// For viewers.
    Public,
    /// For operators and probes.
    Ops,
}

/// Checks the host names in the requests of one listener.
#[derive(Debug, Clone)]
pub struct HostCheck {
    state: Arc<AppState>,
    listener: Listener,
    /// Whether the listener is bound to a loopback address.
    is_loopback: bool,
}

/// The host and port that the client addressed: `Host`, or `X-Forwarded-Host` from a trusted proxy. [`HostCheck`] adds
/// it to the extensions of every request except probes without `Host`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RequestAuthority(pub(super) Authority);

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

impl HostCheck {
    /// Creates the check for a listener that is bound to `address`.
    #[must_use]
    pub fn new(state: &Arc<AppState>, listener: Listener, address: SocketAddr) -> Self {
        Self {
            state: Arc::clone(state),
            listener,
            is_loopback: address.ip().to_canonical().is_loopback(),
        }
    }

    /// Checks the host names in `request` and adds the `RequestAuthority` to its extensions.
    ///
    /// # Errors
    /// Returns the error response: 400 if a name is missing, repeated or malformed, 403 if it is not accepted.
    pub fn check<B>(&self, request: &mut Request<B>, peer: Peer) -> Result<(), Box<Response>> {
        let authority = self
            .request_authority(request, peer)
            .map_err(|problem| Box::new(problem.into_response()))?;
        if let Some(authority) = authority {
            request.extensions_mut().insert(RequestAuthority(authority));
        }
        Ok(())
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
