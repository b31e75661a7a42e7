//! `GET /sse` and `GET /sse/{topic}`: server-sent events, served on the lanes like WebSockets.
//!
//! The stream has no length and is not chunked: it ends with the connection, which every version of HTTP/1 allows, and
//! so its bytes are the same for all.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use headers::{Date, HeaderMapExt};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::Method;
use warp::http::header::{self, HeaderName, HeaderValue};
use warp::reply::{Reply, Response};

use super::cors::with_cors;
use super::handover::Handover;
use super::joining::{self, Denied, Request, parse_ask};
use super::problem::Problem;
use super::{Context, secured};
use crate::clock;
use crate::fanout::{Drain, Form, Joiner};
use crate::hub::{Ask, Subscription, Topic};
use crate::protocol::event;
use crate::protocol::message::Message;

/// Both paths.
pub(super) fn routes(context: &Arc<Context>) -> BoxedFilter<(Response,)> {
    let context = Arc::clone(context);
    joining::requests("sse")
        .and(warp::ext::optional::<Handover>())
        .then(move |request: Request, handover| {
            let context = Arc::clone(&context);
            async move {
                let headers = request.headers.clone();
                let answer = answer(&context, request, handover).await;
                answer.unwrap_or_else(|problem| {
                    with_cors(problem.into_response(), &context.origins, &headers)
                })
            }
        })
        .boxed()
}

async fn answer(
    context: &Context,
    request: Request,
    handover: Option<Handover>,
) -> Result<Response, Problem> {
    let topic = request.topic(context)?;
    let joined = join(context, &topic, request, handover).await;
    joined.inspect_err(|problem| topic.counters.refused.add(problem.refused()))
}

async fn join(
    context: &Context,
    topic: &Arc<Topic>,
    request: Request,
    handover: Option<Handover>,
) -> Result<Response, Problem> {
    request.check_origin(context)?;
    let ask = match last_event_id(&request)? {
        Some(since) => since,
        None => parse_ask(&request.query)?,
    };
    let response = with_cors(stream(Bytes::new()), &context.origins, &request.headers);
    if request.method == Method::HEAD {
        return Ok(response);
    }
    let handover = handover.expect("the server puts it into every request");
    // From here on the channel keeps what is published, so that nothing is lost while the socket is taken over.
    let subscription = Subscription::open(topic);
    let headers = request.headers.clone();
    let holds = match request.admit(context) {
        Ok(holds) => holds,
        Err(denied @ Denied::TooManyFromAddress) => return Err(denied.into()),
        Err(denied) => {
            topic.counters.refused.add(denied.refused());
            return Ok(with_cors(
                farewell(context, denied),
                &context.origins,
                &headers,
            ));
        }
    };
    let joiner = Joiner {
        form: Form::Sse,
        head: head(&response, context.seats.taken()),
        subscription,
        ask,
        holds,
    };
    if let Some(socket) = handover.take().await {
        // What was read behind the request is nothing that a stream of events answers.
        _ = context.lanes.admit(socket, Bytes::new(), joiner);
    }
    // It goes nowhere: the socket is not the connection's any more.
    Ok(response)
}

/// The position that an `EventSource` comes back with. The header wins over `lastEventId`, which wins over the rest of the
/// query: that stays what it was the first time.
fn last_event_id(request: &Request) -> Result<Option<Ask>, Problem> {
    let Some(id) = request
        .headers
        .get("last-event-id")
        .filter(|id| !id.is_empty())
    else {
        return joining::parse_last_event_id(&request.query);
    };
    let id = String::from_utf8_lossy(id.as_bytes());
    joining::position("Last-Event-ID", &id)
        .map(Ask::Since)
        .map(Some)
}

fn stream(body: Bytes) -> Response {
    let mut response = secured(Response::new(body.into()));
    let headers: [(HeaderName, &str); 4] = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONNECTION, "close"),
        // nginx would hold events back until its buffer is full.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    for (name, value) in headers {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// What is said to whoever cannot be admitted now. Any other status would end an `EventSource` for good.
fn farewell(context: &Context, denied: Denied) -> Response {
    let (reason, retry_ms) = if denied == Denied::Draining {
        ("draining", context.drain.retry_ms())
    } else {
        ("full", Drain::RETRY_MS_OTHERWISE)
    };
    let bye = Message::Bye { reason, retry_ms };
    let bye = event::event(Some(bye.kind()), None, &bye.to_json());
    let [least, most] = Drain::events_retry_ms(retry_ms);
    stream(
        [event::retry(fastrand::u64(least..=most)), bye]
            .concat()
            .into(),
    )
}

/// The head of the answer to one of `viewers` as it goes over the wire, and behind it when to come back if the
/// connection is lost.
fn head(response: &Response, viewers: usize) -> Bytes {
    let mut headers = response.headers().clone();
    headers.typed_insert(Date::from(clock::wall_time()));
    let mut head = BytesMut::from(&b"HTTP/1.1 200 OK\r\n"[..]);
    for (name, value) in &headers {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            head.put_slice(part);
        }
    }
    head.put_slice(b"\r\n");
    let [least, most] = Drain::events_retry_ms_after_loss(viewers);
    head.put_slice(&event::retry(fastrand::u64(least..=most)));
    head.freeze()
}
