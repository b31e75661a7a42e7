//! `GET /ws` and `GET /ws/{topic}`: the WebSocket handshake, after which the socket moves to a lane.
//!
//! All rejections happen here, by HTTP status, before the upgrade.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use headers::{
    Connection, HeaderMapExt, SecWebsocketAccept, SecWebsocketKey, SecWebsocketVersion, Upgrade,
};
use hyper::upgrade::{OnUpgrade, Parts};
use hyper_util::rt::TokioIo;
use tokio::time::timeout;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::header::{self, HeaderValue};
use warp::http::{HeaderMap, Method, StatusCode};
use warp::reply::{Reply, Response};

use super::problem::{Problem, ProblemCode};
use super::socket_takeover::HttpSocket;
use super::viewer_request::{self, ViewerRequest, parse_resume_request};
use crate::app::AppState;
use crate::fanout::{Encoding, JoinRequest};
use crate::hub::{Subscription, Topic};
use crate::protocol::message::SUBPROTOCOL;
use crate::protocol::websocket::{self, Compression};

/// The maximum time from the response to the end of the upgrade. The upgrade only has to wait until the response is
/// written.
const UPGRADE_TIMEOUT: Duration = Duration::from_secs(10);

/// Matches both paths.
pub(super) fn routes(state: &Arc<AppState>) -> BoxedFilter<(Response,)> {
    let state = Arc::clone(state);
    viewer_request::filter("ws")
        .and(warp::ext::optional::<OnUpgrade>())
        .map(move |request, upgrade| {
            respond(&state, request, upgrade).unwrap_or_else(Reply::into_response)
        })
        .boxed()
}

/// Checks the request and responds with 101. A lane serves the viewer once the upgrade is complete.
fn respond(
    state: &Arc<AppState>,
    request: ViewerRequest,
    upgrade: Option<OnUpgrade>,
) -> Result<Response, Problem> {
    let topic = request.topic(state)?;
    let response = join(state, &topic, request, upgrade);
    response.inspect_err(|problem| topic.metrics.rejected.add(problem.reject_reason()))
}

fn join(
    state: &Arc<AppState>,
    topic: &Arc<Topic>,
    request: ViewerRequest,
    upgrade: Option<OnUpgrade>,
) -> Result<Response, Problem> {
    let key = check_handshake(&request.method, &request.headers)?;
    let upgrade = upgrade.ok_or_else(upgrade_required)?;
    request.check_origin(state)?;
    let (encoding, compression) = negotiate(&request.headers)?;
    let resume_request = parse_resume_request(&request.query)?;
    // Subscribe before the upgrade: the channel buffers publications, so the viewer misses none of them.
    let subscription = Subscription::open(topic);
    let outcome = encoding.resume_outcome(&resume_request, topic, subscription.point().newest);
    if encoding == Encoding::Bare && outcome.recovered == Some(false) {
        let detail = "some of the requested records can no longer be sent; connect without `since` and `last`";
        return Err(Problem::new(ProblemCode::PositionNotRecoverable, detail));
    }
    let join_request = JoinRequest {
        encoding,
        head: Bytes::new(),
        subscription,
        resume_request,
        permits: request.admit(state).map_err(Problem::from)?,
    };
    let task_state = Arc::clone(state);
    state.tasks.spawn(async move {
        // Fails if the connection is lost before the upgrade is complete.
        let Ok(Ok(upgraded)) = timeout(UPGRADE_TIMEOUT, upgrade).await else {
            return;
        };
        let Ok(Parts { io, read_buf, .. }) = upgraded.downcast::<TokioIo<HttpSocket>>() else {
            return;
        };
        let Some(socket) = io.into_inner().into_stream() else {
            return;
        };
        let leftover = Bytes::copy_from_slice(&read_buf);
        _ = task_state.lanes.admit(socket, leftover, join_request);
    });
    Ok(switching_protocols(key, encoding, compression))
}

/// Checks the opening handshake (RFC 6455, section 4.2.1) and returns its key.
fn check_handshake(method: &Method, headers: &HeaderMap) -> Result<SecWebsocketKey, Problem> {
    let is_upgrade = headers
        .typed_get::<Connection>()
        .is_some_and(|connection| connection.contains("upgrade"));
    let is_websocket = headers
        .get(header::UPGRADE)
        .and_then(|upgrade| upgrade.to_str().ok())
        .is_some_and(|upgrade| {
            upgrade
                .split(',')
                .any(|name| name.trim().eq_ignore_ascii_case("websocket"))
        });
    if *method != Method::GET || !is_upgrade || !is_websocket {
        return Err(upgrade_required());
    }
    if headers.typed_get::<SecWebsocketVersion>() != Some(SecWebsocketVersion::V13) {
        return Err(Problem::new(
            ProblemCode::WebsocketVersionUnsupported,
            "only WebSocket version 13 is supported; use a current WebSocket library",
        )
        .with_header(header::SEC_WEBSOCKET_VERSION, "13"));
    }
    let malformed = || {
        Problem::new(
            ProblemCode::WebsocketKeyInvalid,
            "`Sec-WebSocket-Key` must be 16 bytes in base64; use a WebSocket library",
        )
    };
    let key = headers
        .get(header::SEC_WEBSOCKET_KEY)
        .ok_or_else(malformed)?;
    let is_16_bytes = data_encoding::BASE64
        .decode(key.as_bytes())
        .is_ok_and(|nonce| nonce.len() == 16);
    headers
        .typed_get()
        .filter(|_| is_16_bytes)
        .ok_or_else(malformed)
}

fn upgrade_required() -> Problem {
    Problem::new(
        ProblemCode::UpgradeRequired,
        "this path requires a WebSocket upgrade; connect with a WebSocket client",
    )
    .with_header(header::UPGRADE, "websocket")
    .with_header(header::CONNECTION, "upgrade")
}

/// Negotiates the encoding and the compression of the stream. Bare records are never compressed, because a single
/// record does not shrink.
fn negotiate(headers: &HeaderMap) -> Result<(Encoding, Compression), Problem> {
    let extensions = headers.get_all(header::SEC_WEBSOCKET_EXTENSIONS);
    let compression = websocket::negotiate(extensions)
        .map_err(|error| Problem::new(ProblemCode::ExtensionsInvalid, error.to_string()))?;
    Ok(match (negotiate_encoding(headers)?, compression) {
        (Encoding::V1, compression) if compression.is_deflate() => {
            (Encoding::V1Deflated, compression)
        }
        (encoding, _) => (encoding, Compression::None),
    })
}

fn negotiate_encoding(headers: &HeaderMap) -> Result<Encoding, Problem> {
    let offers = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL);
    let mut names = offers
        .iter()
        .filter_map(|offer| offer.to_str().ok())
        .flat_map(|offer| offer.split(','));
    if offers.iter().next().is_none() {
        return Ok(Encoding::Bare);
    }
    if names.any(|name| name.trim() == SUBPROTOCOL) {
        return Ok(Encoding::V1);
    }
    Err(Problem::new(
        ProblemCode::SubprotocolUnknown,
        format!(
            "none of the offered subprotocols is supported; offer `{SUBPROTOCOL}`, or none for bare records"
        ),
    ))
}

fn switching_protocols(
    key: SecWebsocketKey,
    encoding: Encoding,
    compression: Compression,
) -> Response {
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let headers = response.headers_mut();
    headers.typed_insert(Connection::upgrade());
    headers.typed_insert(Upgrade::websocket());
    headers.typed_insert(SecWebsocketAccept::from(key));
    if let Some(value) = compression.header_value() {
        headers.insert(
            header::SEC_WEBSOCKET_EXTENSIONS,
            HeaderValue::from_static(value),
        );
    }
    if encoding != Encoding::Bare {
        headers.insert(
            header::SEC_WEBSOCKET_PROTOCOL,
            HeaderValue::from_static(SUBPROTOCOL),
        );
    }
    response
}
