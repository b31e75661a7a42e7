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
use tokio::net::TcpStream;
use tokio::time::timeout;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::header::{self, HeaderValue};
use warp::http::{HeaderMap, Method, StatusCode};
use warp::reply::{Reply, Response};

use super::problem::Problem;
use super::{Context, Peer, Place, get};
use crate::fanout::{Form, Holds, Joiner};
use crate::hub::{Ask, Refusal, Subscription, Topic};
use crate::protocol::frame::{self, Compression};
use crate::protocol::message::SUBPROTOCOL;

/// What a handshake brings.
struct Request {
    topic: Option<String>,
    query: String,
    headers: HeaderMap,
    method: Method,
    peer: Option<Peer>,
    place: Option<Place>,
    upgrade: Option<OnUpgrade>,
}

/// From the answer to the end of the upgrade, which takes no longer than the answer takes to be written.
const UPGRADE_WITHIN: Duration = Duration::from_secs(10);

/// Both paths.
pub(super) fn routes(context: &Arc<Context>) -> BoxedFilter<(Response,)> {
    let context = Arc::clone(context);
    let default = warp::path!("ws").map(|| None);
    let named = warp::path!("ws" / String).map(Some);
    default
        .or(named)
        .unify()
        .and(get())
        .and(warp::query::raw().or(warp::any().map(String::new)).unify())
        .and(warp::header::headers_cloned())
        .and(warp::method())
        .and(warp::ext::optional::<Peer>())
        .and(warp::ext::optional::<Place>())
        .and(warp::ext::optional::<OnUpgrade>())
        .map(move |topic, query, headers, method, peer, place, upgrade| {
            let request = Request {
                topic,
                query,
                headers,
                method,
                peer,
                place,
                upgrade,
            };
            upgrade_to_viewer(&context, request).unwrap_or_else(Reply::into_response)
        })
        .boxed()
}

/// Checks everything, answers 101, and has the viewer served once the connection is taken over.
fn upgrade_to_viewer(context: &Arc<Context>, mut request: Request) -> Result<Response, Problem> {
    let topic = find_topic(context, request.topic.as_deref())?;
    let key = check_handshake(&request.method, &request.headers)?;
    let upgrade = request.upgrade.take().ok_or_else(upgrade_required)?;
    check_origin(context, &request)?;
    let (form, compression) = negotiate(&request.headers)?;
    let ask = parse_ask(&request.query)?;
    // From here on the channel keeps what is published, so that nothing is lost while the connection is upgraded.
    let subscription = topic.subscribe();
    if form == Form::Bare && ask.answer(topic.epoch(), subscription.last()).recovered == Some(false)
    {
        let detail = "this position cannot be recovered; connect without `since` and `last`";
        return Err(Problem::new(StatusCode::GONE, detail));
    }
    let joiner = admit(context, &mut request, subscription, form, ask)?;
    let context_of_task = Arc::clone(context);
    context.tasks.spawn(async move {
        // The connection may be gone before it is upgraded; then nobody is there to be served.
        let Ok(Ok(upgraded)) = timeout(UPGRADE_WITHIN, upgrade).await else {
            return;
        };
        let Ok(Parts { io, read_buf, .. }) = upgraded.downcast::<TokioIo<TcpStream>>() else {
            return;
        };
        let leftover = Bytes::copy_from_slice(&read_buf);
        _ = context_of_task
            .lanes
            .admit(io.into_inner(), leftover, joiner);
    });
    Ok(switching_protocols(key, form, compression))
}

fn find_topic(context: &Context, name: Option<&str>) -> Result<Arc<Topic>, Problem> {
    let name = name
        .map(str::parse)
        .transpose()
        .map_err(|_| Problem::no_such_topic())?;
    context
        .hub
        .topic(name.as_ref())
        .ok_or_else(Problem::no_such_topic)
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
            StatusCode::UPGRADE_REQUIRED,
            "only WebSocket version 13 is spoken here",
        )
        .with_header(header::SEC_WEBSOCKET_VERSION, "13"));
    }
    let malformed = || {
        Problem::new(
            StatusCode::BAD_REQUEST,
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
        StatusCode::UPGRADE_REQUIRED,
        "this path speaks WebSocket; connect with a WebSocket client",
    )
    .with_header(header::UPGRADE, "websocket")
    .with_header(header::CONNECTION, "upgrade")
}

fn check_origin(context: &Context, request: &Request) -> Result<(), Problem> {
    let is_proxied = request
        .peer
        .is_some_and(|peer| peer.is_trusted(&context.proxies));
    let forwarded = request
        .headers
        .get("x-forwarded-host")
        .filter(|_| is_proxied);
    let host = forwarded
        .or_else(|| request.headers.get(header::HOST))
        .and_then(|host| host.to_str().ok())
        // Each proxy of a chain adds its own; the first is what the client asked for.
        .and_then(|host| host.split(',').next())
        .map(str::trim);
    if context.origins.admit(&request.headers, host) {
        return Ok(());
    }
    let detail = "pages of this origin may not connect; list it in `server.allowed_origins`";
    Err(Problem::new(StatusCode::FORBIDDEN, detail))
}

/// The form and the compression of what follows. Bare records stay plain: one alone does not shrink.
fn negotiate(headers: &HeaderMap) -> Result<(Form, Compression), Problem> {
    let extensions = headers.get_all(header::SEC_WEBSOCKET_EXTENSIONS);
    let compression = frame::negotiate(extensions)
        .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, error.to_string()))?;
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
        StatusCode::BAD_REQUEST,
        format!(
            "none of the subprotocols is known; offer `{SUBPROTOCOL}`, or none for bare records"
        ),
    ))
}

/// `since` or `last`, not both, each at most once; other parameters are the page's own.
fn parse_ask(query: &str) -> Result<Ask, Problem> {
    let bad = |detail: String| Problem::new(StatusCode::BAD_REQUEST, detail);
    let mut ask = Ask::Nothing;
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        let next = match name {
            // A browser's URLSearchParams escapes the colon.
            "since" => Ask::Since(
                value
                    .replace("%3A", ":")
                    .replace("%3a", ":")
                    .parse()
                    .map_err(|error| bad(format!("`since` is {error}")))?,
            ),
            "last" => Ask::Last(
                value
                    .parse()
                    .map_err(|_| bad("`last` is not a whole number".to_owned()))?,
            ),
            _ => continue,
        };
        if ask != Ask::Nothing {
            return Err(bad("give one of `since` and `last`, once".to_owned()));
        }
        ask = next;
    }
    Ok(ask)
}

fn admit(
    context: &Context,
    request: &mut Request,
    subscription: Subscription,
    form: Form,
    ask: Ask,
) -> Result<Joiner, Problem> {
    if context.drain.has_begun() {
        return Err(Problem::retry_later(
            StatusCode::SERVICE_UNAVAILABLE,
            "the hub is draining; come back in a moment",
        ));
    }
    let peer = request
        .peer
        .ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, "the connection has no address"))?;
    let remote = peer.client(&request.headers, &context.proxies);
    let seat = context
        .seats
        .take(remote)
        .map_err(|refusal| match refusal {
            Refusal::Full => Problem::retry_later(
                StatusCode::SERVICE_UNAVAILABLE,
                "all seats are taken (`server.max_viewers`)",
            ),
            Refusal::TooManyFromAddress => Problem::retry_later(
                StatusCode::TOO_MANY_REQUESTS,
                "this address has all the seats it may have (`server.max_viewers_per_ip`)",
            ),
        })?;
    Ok(Joiner {
        form,
        subscription,
        ask,
        holds: Holds {
            remote,
            seat,
            // A viewer is a connection as well, and holds the permit of one.
            connection: request.place.take().map(|Place(permit)| permit),
            token: context.tasks.token(),
        },
    })
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
