//! [`HubClient`]: an HTTP connection to a hub, which is kept open between requests.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, StatusCode, Uri, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_util::task::AbortOnDropHandle;

use crate::command::Failure;

/// A healthy hub responds at once; without a response within this it counts as failed.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest body that is read: a record of the maximum length, and what surrounds it.
const BODY_LEN_MAX: usize = 65 << 20;

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// The address of a hub: `http://HOST[:PORT][/PATH]`.
#[derive(Debug)]
pub(super) struct HubAddress {
    /// As it was given, for messages.
    text: String,
    uri: Uri,
    /// The value of the header `Host`.
    host: String,
}

impl HubAddress {
    /// Parses `url`; an error shows `example`.
    pub(super) fn parse(url: &str, example: &str) -> Result<Self, Failure> {
        let wrong = || {
            Failure::Usage(format!(
                "`{url}` is not the address of a hub; use for example `{example}` (TLS is not supported)"
            ))
        };
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let authority = uri.authority().filter(|_| uri.scheme_str() == Some("http"));
        let host = authority.ok_or_else(wrong)?.as_str().to_owned();
        Ok(Self {
            text: url.to_owned(),
            uri,
            host,
        })
    }

    /// The same address, with another value of `Host`.
    pub(super) fn with_host(mut self, host: String) -> Self {
        self.host = host;
        self
    }

    /// The path below which the hub is served, without the slash at its end.
    pub(super) fn path(&self) -> &str {
        self.uri.path().trim_end_matches('/')
    }

    fn failure(&self, error: &dyn fmt::Display) -> Failure {
        Failure::Running(format!("`{self}`: {error}; is the hub running there?"))
    }
}

impl fmt::Display for HubAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A response that has been read completely.
pub(super) struct HubResponse {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

/// A connection to the hub at `address`.
pub(super) struct HubClient<'a> {
    pub(super) address: &'a HubAddress,
    sender: SendRequest<String>,
    /// Reads and writes while a request is pending.
    _connection: AbortOnDropHandle<hyper::Result<()>>,
}

impl<'a> HubClient<'a> {
    /// Connects to `address`. Must be called within a runtime.
    pub(super) async fn connect(address: &'a HubAddress) -> Result<Self, Failure> {
        let connect = async {
            let host = address.uri.host().unwrap_or_default();
            let host = host.trim_start_matches('[').trim_end_matches(']');
            let port = address.uri.port_u16().unwrap_or(80);
            let stream = TcpStream::connect((host, port)).await?;
            // A request is a single small segment, and its time is measured.
            stream.set_nodelay(true)?;
            Ok(http1::handshake(TokioIo::new(stream)).await?)
        };
        let (sender, connection) = in_time(connect)
            .await
            .map_err(|error| address.failure(&error))?;
        let connection = AbortOnDropHandle::new(tokio::spawn(connection));
        Ok(Self {
            address,
            sender,
            _connection: connection,
        })
    }

    /// Requests `path`, which begins with a slash or is empty, below the path of the address.
    pub(super) async fn get(&mut self, path: &str) -> Result<HubResponse, Failure> {
        let target = format!("{}{path}", self.address.path());
        let response = async {
            let request = Request::get(target)
                .header(header::HOST, &self.address.host)
                .body(String::new())?;
            self.sender.ready().await?;
            let response = self.sender.send_request(request).await?;
            let status = response.status();
            let body = Limited::new(response.into_body(), BODY_LEN_MAX);
            let body = body.collect().await?.to_bytes();
            Ok(HubResponse { status, body })
        };
        in_time(response)
            .await
            .map_err(|error| self.address.failure(&error))
    }
}

/// The result of `work`, or an error if it takes too long.
async fn in_time<T>(work: impl Future<Output = Result<T, AnyError>>) -> Result<T, AnyError> {
    match tokio::time::timeout(RESPONSE_TIMEOUT, work).await {
        Ok(result) => result,
        Err(_) => Err(format!("no answer within {} s", RESPONSE_TIMEOUT.as_secs()).into()),
    }
}
