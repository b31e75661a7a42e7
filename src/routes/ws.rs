//! `GET /ws` and `GET /ws/{topic}`: the handshake, and the handing over of the socket.
//!
//! Everything that can be refused is refused here, by status, before any upgrade.

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

use super::Context;
use super::handover::Socket;
use super::joining::{self, Request, parse_ask};
use super::problem::{Code, Problem};
use crate::fanout::{Form, Joiner};
use crate::hub::{Subscription, Topic};
use crate::protocol::frame::{self, Compression};
use crate::protocol::message::SUBPROTOCOL;

/// From the answer to the end of the upgrade, which takes no longer than the answer takes to be written.
const UPGRADE_WITHIN: Duration = Duration::from_secs(10);

/// Both paths.
pub(super) fn routes(context: &Arc<Context>) -> BoxedFilter<(Response,)> {
    let context = Arc::clone(context);
    joining::requests("ws")
        .and(warp::ext::optional::<OnUpgrade>())
        .map(move |request, upgrade| {
            upgrade_to_viewer(&context, request, upgrade).unwrap_or_else(Reply::into_response)
        })
        .boxed()
}

/// Checks everything, answers 101, and has the viewer served once the connection is taken over.
fn upgrade_to_viewer(
    context: &Arc<Context>,
    request: Request,
    upgrade: Option<OnUpgrade>,
) -> Result<Response, Problem> {
    let topic = request.topic(context)?;
    let joined = join(context, &topic, request, upgrade);
    joined.inspect_err(|problem| topic.counters.refused.add(problem.refused()))
}

fn join(
    context: &Arc<Context>,
    topic: &Arc<Topic>,
    request: Request,
    upgrade: Option<OnUpgrade>,
) -> Result<Response, Problem> {
    let key = check_handshake(&request.method, &request.headers)?;
    let upgrade = upgrade.ok_or_else(upgrade_required)?;
    request.check_origin(context)?;
    let (form, compression) = negotiate(&request.headers)?;
    let ask = parse_ask(&request.query)?;
    // From here on the channel keeps what is published, so that nothing is lost while the connection is upgraded.
    let subscription = Subscription::open(topic);
    let answer = form.answer(&ask, topic, subscription.last());
    if form == Form::Bare && answer.recovered == Some(false) {
        let detail = "not all of this can be sent any more; connect without `since` and `last`";
        return Err(Problem::new(Code::PositionNotRecoverable, detail));
    }
    let joiner = Joiner {
        form,
        head: Bytes::new(),
        subscription,
        ask,
        holds: request.admit(context).map_err(Problem::from)?,
    };
    let context_of_task = Arc::clone(context);
    context.tasks.spawn(async move {
        // The connection may be gone before it is upgraded; then nobody is there to be served.
        let Ok(Ok(upgraded)) = timeout(UPGRADE_WITHIN, upgrade).await else {
            return;
        };
        let Ok(Parts { io, read_buf, .. }) = upgraded.downcast::<TokioIo<Socket>>() else {
            return;
        };
        let Some(socket) = io.into_inner().into_stream() else {
            return;
        };
        let leftover = Bytes::copy_from_slice(&read_buf);
        _ = context_of_task.lanes.admit(socket, leftover, joiner);
    });
    Ok(switching_protocols(key, form, compression))
}

/// RFC 6455, section 4.2.1.
fn check_handshake(method: &Method, headers: &HeaderMap) -> Result<SecWebsocketKey, Problem> {
    let asks = headers
        .typed_get::<Connection>()
        .is_some_and(|connection| connection.contains("upgrade"));
    let for_websocket = headers
        .get(header::UPGRADE)
        .and_then(|upgrade| upgrade.to_str().ok())
        .is_some_and(|upgrade| {
            upgrade
                .split(',')
                .any(|name| name.trim().eq_ignore_ascii_case("websocket"))
        });
    if *method != Method::GET || !asks || !for_websocket {
        return Err(upgrade_required());
    }
    if headers.typed_get::<SecWebsocketVersion>() != Some(SecWebsocketVersion::V13) {
        return Err(Problem::new(
            Code::WebsocketVersionUnsupported,
            "only WebSocket version 13 is spoken here",
        )
        .with_header(header::SEC_WEBSOCKET_VERSION, "13"));
    }
    let malformed = || {
        Problem::new(
            Code::WebsocketKeyInvalid,
            "Sec-WebSocket-Key must be 16 bytes in base64",
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
        Code::UpgradeRequired,
        "this path speaks WebSocket; connect with a WebSocket client",
    )
    .with_header(header::UPGRADE, "websocket")
    .with_header(header::CONNECTION, "upgrade")
}

/// The form and the compression of what follows. Bare records stay plain: one alone does not shrink.
fn negotiate(headers: &HeaderMap) -> Result<(Form, Compression), Problem> {
    let extensions = headers.get_all(header::SEC_WEBSOCKET_EXTENSIONS);
    let compression = frame::negotiate(extensions)
        .map_err(|error| Problem::new(Code::ExtensionsInvalid, error.to_string()))?;
    Ok(match (negotiate_form(headers)?, compression) {
        (Form::V1, compression) if compression.is_deflate() => (Form::V1Deflated, compression),
        (form, _) => (form, Compression::None),
    })
}

fn negotiate_form(headers: &HeaderMap) -> Result<Form, Problem> {
    let offers = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL);
    let mut names = offers
        .iter()
        .filter_map(|offer| offer.to_str().ok())
        .flat_map(|offer| offer.split(','));
    if offers.iter().next().is_none() {
        return Ok(Form::Bare);
    }
    if names.any(|name| name.trim() == SUBPROTOCOL) {
        return Ok(Form::V1);
    }
    Err(Problem::new(
        Code::SubprotocolUnknown,
        format!(
            "none of the subprotocols is known; offer `{SUBPROTOCOL}`, or none for bare records"
        ),
    ))
}

fn switching_protocols(key: SecWebsocketKey, form: Form, compression: Compression) -> Response {
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let headers = response.headers_mut();
    headers.typed_insert(Connection::upgrade());
    headers.typed_insert(Upgrade::websocket());
    headers.typed_insert(SecWebsocketAccept::from(key));
    if let Some(answer) = compression.answer() {
        headers.insert(
            header::SEC_WEBSOCKET_EXTENSIONS,
            HeaderValue::from_static(answer),
        );
    }
    if form != Form::Bare {
        headers.insert(
            header::SEC_WEBSOCKET_PROTOCOL,
            HeaderValue::from_static(SUBPROTOCOL),
        );
    }
    response
}
