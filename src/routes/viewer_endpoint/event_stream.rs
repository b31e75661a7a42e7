//! The responses of `/sse`: the head of an event stream, and the stream of a viewer that cannot be admitted.
//!
//! The response has neither `Content-Length` nor chunked encoding; it ends with the connection, as every version of
//! HTTP/1 allows. All viewers of a topic can therefore share the same bytes.

use bytes::{BufMut, Bytes, BytesMut};
use headers::{Date, HeaderMapExt};
use warp::http::header::{self, HeaderName, HeaderValue};
use warp::reply::Response;

use crate::clock;
use crate::fanout::Drain;
use crate::protocol::message::Message;
use crate::protocol::sse;
use crate::routes::responses::with_security_headers;

/// Creates the response without its events.
pub(super) fn empty() -> Response {
    with_body(Bytes::new())
}

fn with_body(body: Bytes) -> Response {
    let mut response = with_security_headers(Response::new(body.into()));
    let headers: [(HeaderName, &str); 4] = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONNECTION, "close"),
        // Without this header, nginx delays events until its buffer is full.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    for (name, value) in headers {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Creates the response to a viewer that cannot be admitted now: a `bye` with the `reason` and the range of times after
/// which to retry. It has status 200, because an `EventSource` never reconnects after any other.
pub(super) fn bye(reason: &'static str, retry_ms: [u64; 2]) -> Response {
    let bye = Message::Bye { reason, retry_ms };
    let bye = sse::event(Some(bye.type_name()), None, &bye.to_json());
    let [min, max] = Drain::event_source_retry_ms(retry_ms);
    with_body([sse::retry(fastrand::u64(min..=max)), bye].concat().into())
}

/// Encodes the head of `response`, followed by the `retry` field that tells an `EventSource` how long to wait after
/// losing the connection. The delay depends on the number of `viewers`.
pub(super) fn head(response: &Response, viewers: usize) -> Bytes {
    let mut headers = response.headers().clone();
    headers.typed_insert(Date::from(clock::wall_system_time()));
    let mut head = BytesMut::from(&b"HTTP/1.1 200 OK\r\n"[..]);
    for (name, value) in &headers {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            head.put_slice(part);
        }
    }
    head.put_slice(b"\r\n");
    let [min, max] = Drain::event_source_retry_ms_after_loss(viewers);
    head.put_slice(&sse::retry(fastrand::u64(min..=max)));
    head.freeze()
}
