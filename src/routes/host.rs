//! Which names the hub answers to, checked for every request of both listeners before any route sees it.
//!
//! A page of any site can let its own name resolve to a loopback or private address (DNS rebinding); for the browser it
//! then has the hub's origin. Only the name in the request shows it.

use std::net::SocketAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use warp::http::header;
use warp::http::{HeaderMap, Request, Version};
use warp::reply::{Reply, Response};

use super::problem::{Code, Problem};
use super::{Context, Peer, shown};
use crate::protocol::{Authority, Host};

/// The names of `server.hosts`.
#[derive(Debug, Default)]
pub struct Hosts(ArcSwap<Vec<Host>>);

/// One of the two listeners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listener {
    /// For viewers.
    Public,
    /// For operators and probes.
    Ops,
}

/// Checks the names in the requests of one listener.
#[derive(Debug, Clone)]
pub struct HostCheck {
    context: Arc<Context>,
    listener: Listener,
    /// Whether only this machine reaches the listener, by the address it has bound.
    is_loopback: bool,
}

/// The name by which the client called the hub: `Host`, or `X-Forwarded-Host` of a trusted proxy. In the extensions of
/// every request that has been checked, except probes without `Host`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Called(pub(super) Authority);

/// Paths that load balancers and orchestrators probe by address, or in HTTP/1.0 without `Host`.
const PROBED: [&str; 2] = ["/healthz", "/readyz"];

const FORWARDED_HOST: &str = "x-forwarded-host";

impl Listener {
    /// Its name in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Ops => "ops",
        }
    }
}

impl Hosts {
    /// Holds `hosts`.
    #[must_use]
    pub fn new(hosts: Vec<Host>) -> Self {
        Self(ArcSwap::from_pointee(hosts))
    }

    /// Replaces the names.
    pub fn set(&self, hosts: Vec<Host>) {
        self.0.store(Arc::new(hosts));
    }
}

impl HostCheck {
    /// For the listener that has bound `address`.
    #[must_use]
    pub fn new(context: &Arc<Context>, listener: Listener, address: SocketAddr) -> Self {
        Self {
            context: Arc::clone(context),
            listener,
            is_loopback: address.ip().to_canonical().is_loopback(),
        }
    }

    /// Lets `request` pass if it is for this hub, and adds `Called` to its extensions.
    ///
    /// # Errors
    /// The answer to any other request: 400 if the name cannot be read, else 403.
    pub fn admit<B>(&self, request: &mut Request<B>, peer: Peer) -> Result<(), Box<Response>> {
        let called = self
            .called(request, peer)
            .map_err(|problem| Box::new(problem.into_response()))?;
        if let Some(called) = called {
            request.extensions_mut().insert(Called(called));
        }
        Ok(())
    }

    fn called<B>(&self, request: &Request<B>, peer: Peer) -> Result<Option<Authority>, Problem> {
        let headers = request.headers();
        let mut lines = headers.get_all(header::HOST).iter();
        let host = match (lines.next(), lines.next()) {
            (None, _) if request.version() < Version::HTTP_11 && is_probe(request) => {
                return Ok(None);
            }
            (None, _) => {
                let detail =
                    "the request has no `Host`; send the name or the address that was connected to";
                return Err(refused(Code::HostMissing, detail));
            }
            (Some(_), Some(_)) => {
                let detail = "the request has more than one `Host`; send one";
                return Err(refused(Code::HostRepeated, detail));
            }
            (Some(line), None) => read("Host", line.as_bytes())?,
        };
        self.check(request, "Host", &host.host)?;
        // A rebound page can set any other header: every name has to be allowed.
        let mut called = None;
        if peer.is_trusted(&self.context.proxies) {
            for forwarded in forwarded(headers) {
                let forwarded = read("X-Forwarded-Host", forwarded)?;
                self.check(request, "X-Forwarded-Host", &forwarded.host)?;
                // Each proxy of a chain adds its own; the first is what the client asked for.
                called.get_or_insert(forwarded);
            }
        }
        Ok(Some(called.unwrap_or(host)))
    }

    fn check<B>(&self, request: &Request<B>, name: &str, host: &Host) -> Result<(), Problem> {
        if self.takes(host, is_probe(request)) {
            return Ok(());
        }
        let host = shown(&host.to_string());
        Err(refused(
            Code::HostForbidden,
            format!(
                "this hub does not answer to `{host}`, which is in `{name}`; list it in `server.hosts`"
            ),
        ))
    }

    fn takes(&self, host: &Host, is_probe: bool) -> bool {
        let hosts = self.context.hosts.0.load();
        if hosts.contains(host) {
            return true;
        }
        match self.listener {
            _ if self.is_loopback => host.is_loopback(),
            _ if hosts.is_empty() => true,
            // Probes and scrapers come by the address of the machine or the pod, which no page can have as its name.
            listener => {
                let is_for_operators = is_probe || listener == Listener::Ops;
                is_for_operators && matches!(host, Host::Address(_))
            }
        }
    }
}

fn is_probe<B>(request: &Request<B>) -> bool {
    PROBED.contains(&request.uri().path())
}

/// Every name that proxies have added, the client's first.
fn forwarded(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let lines = headers.get_all(FORWARDED_HOST).iter();
    lines
        .flat_map(|line| line.as_bytes().split(|&byte| byte == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|name| !name.is_empty())
}

fn read(name: &str, value: &[u8]) -> Result<Authority, Problem> {
    let text = std::str::from_utf8(value).ok();
    text.and_then(|text| text.parse().ok()).ok_or_else(|| {
        let value = shown(&String::from_utf8_lossy(value));
        refused(
            Code::HostInvalid,
            format!("`{name}` is `{value}`, which is not a host name or an IP address with or without a port; send one such as `hub.example.org:8000`"),
        )
    })
}

/// Closes the connection, because the client may have meant another server.
fn refused(code: Code, detail: impl Into<String>) -> Problem {
    Problem::new(code, detail).with_header(header::CONNECTION, "close")
}

#[cfg(test)]
mod tests {
    use warp::http::HeaderValue;

    use super::*;

    #[test]
    fn names_of_a_chain_of_proxies_are_told_apart() {
        let mut headers = HeaderMap::new();
        for line in ["a.example:1 , b.example,", "", "c.example"] {
            headers.append(FORWARDED_HOST, HeaderValue::from_static(line));
        }
        let names: Vec<_> = forwarded(&headers).collect();
        assert_eq!(names, [&b"a.example:1"[..], b"b.example", b"c.example"]);
    }
}
