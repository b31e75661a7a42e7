//! The opening handshake of a WebSocket (RFC 6455, section 4): what the client offers and what the hub accepts.
//!
//! Knows headers only; the upgrade itself is up to the parent.

use headers::{
    Connection, HeaderMapExt, SecWebsocketAccept, SecWebsocketKey, SecWebsocketVersion, Upgrade,
};
use warp::http::header::{self, HeaderValue};
use warp::http::{HeaderMap, Method, StatusCode};
use warp::reply::{Reply, Response};

use crate::fanout::Encoding;
use crate::protocol::message::SUBPROTOCOL;
use crate::protocol::websocket::{self, Compression};
use crate::routes::problem::{Problem, ProblemCode};

/// What hub and viewer agree on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Negotiated {
    /// How publications are encoded.
    pub(super) encoding: Encoding,
    compression: Compression,
}

/// Checks the opening handshake (RFC 6455, section 4.2.1) and returns its key.
pub(super) fn check_handshake(
    method: &Method,
    headers: &HeaderMap,
) -> Result<SecWebsocketKey, Problem> {
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

/// Creates the problem for a request that is no handshake.
pub(super) fn upgrade_required() -> Problem {
    Problem::new(
        ProblemCode::UpgradeRequired,
        "this path requires a WebSocket upgrade; connect with a WebSocket client",
    )
    .with_header(header::UPGRADE, "websocket")
    .with_header(header::CONNECTION, "upgrade")
}

/// Negotiates the encoding and the compression of the stream. Bare records are never compressed, because a single
/// record does not shrink.
pub(super) fn negotiate(headers: &HeaderMap) -> Result<Negotiated, Problem> {
    let extensions = headers.get_all(header::SEC_WEBSOCKET_EXTENSIONS);
    let compression = websocket::negotiate(extensions)
        .map_err(|error| Problem::new(ProblemCode::ExtensionsInvalid, error.to_string()))?;
    let (encoding, compression) = match (negotiate_encoding(headers)?, compression) {
        (Encoding::V1, compression) if compression.is_deflate() => {
            (Encoding::V1Deflated, compression)
        }
        (encoding, _) => (encoding, Compression::None),
    };
    Ok(Negotiated {
        encoding,
        compression,
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

/// Creates the response that ends the handshake.
pub(super) fn switching_protocols(key: SecWebsocketKey, negotiated: Negotiated) -> Response {
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let headers = response.headers_mut();
    headers.typed_insert(Connection::upgrade());
    headers.typed_insert(Upgrade::websocket());
    headers.typed_insert(SecWebsocketAccept::from(key));
    if let Some(value) = negotiated.compression.header_value() {
        headers.insert(
            header::SEC_WEBSOCKET_EXTENSIONS,
            HeaderValue::from_static(value),
        );
    }
    if negotiated.encoding != Encoding::Bare {
        headers.insert(
            header::SEC_WEBSOCKET_PROTOCOL,
            HeaderValue::from_static(SUBPROTOCOL),
        );
    }
    response
}
