//! `GET /api/v1/topics/{topic}/history`: any range of a topic's past, computed as it is read.

mod answers;
mod body;
mod format;
mod query;
mod table;
mod workers;

use std::convert::Infallible;
use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::header::{self, HeaderName, HeaderValue};
use warp::http::{HeaderMap, StatusCode};
use warp::reply::{Reply, Response};

use self::answers::Answering;
pub use self::answers::Answers;
use self::body::Body;
use self::format::Format;
use self::query::{Query, Thinning};
use super::api::find_topic;
use super::cors::with_cors;
use super::etag::is_known;
use super::problem::{Code, Problem};
use super::{Context, Handover, Peer, get, shown};
use crate::hub::thinning::{Seqs, all, thinned};
use crate::hub::{Served, Topic};
use crate::protocol::{HistoryHead, Seq};
use crate::source::{Extremes, Looked};

/// What a line or a row has no room for.
const EPOCH: HeaderName = HeaderName::from_static("tickcast-epoch");
const NEXT: HeaderName = HeaderName::from_static("tickcast-next");

/// The one path.
pub(super) fn route(context: &Arc<Context>) -> BoxedFilter<(Response,)> {
    let context = Arc::clone(context);
    warp::path!("api" / "v1" / "topics" / String / "history")
        .and(get())
        .and(warp::query::raw().or(warp::any().map(String::new)).unify())
        .and(warp::header::headers_cloned())
        .and(client())
        .then(
            move |name: String, query: String, headers: HeaderMap, client: Client| {
                let context = Arc::clone(&context);
                async move {
                    let answer = answer(&context, &name, &query, &headers, &client).await;
                    let response = answer.unwrap_or_else(Reply::into_response);
                    with_cors(varied(response), &context.origins, &headers)
                }
            },
        )
        .boxed()
}

/// The client of a request, and its connection.
struct Client {
    peer: Peer,
    connection: Handover,
}

fn client() -> impl Filter<Extract = (Client,), Error = Infallible> + Clone {
    warp::ext::optional::<Peer>()
        .and(warp::ext::optional::<Handover>())
        .map(|peer: Option<Peer>, connection: Option<Handover>| Client {
            peer: peer.expect("the server says of every connection where it comes from"),
            connection: connection.expect("the server puts it into every request"),
        })
}

async fn answer(
    context: &Context,
    name: &str,
    query: &str,
    headers: &HeaderMap,
    client: &Client,
) -> Result<Response, Problem> {
    let topic = find_topic(context, name)?;
    let query = query::parse(query, context.history_max.load(Ordering::Relaxed))?;
    let format = match query.format {
        Some(format) => format,
        None => Format::accepted(headers)?,
    };
    let address = client.peer.client(headers, &context.proxies);
    let place = context.answers.begin(address)?;
    client.connection.hurry_when(context.answers.scarcity());
    // Before a 304 as well: a field that is not there is an error, whatever the client has kept.
    let (extremes, limit) = match &query.thinning {
        Some(thinning) => (
            Some(extremes(&topic, &thinning.field, &place).await?),
            u64::MAX,
        ),
        None => (None, query.limit),
    };
    let served = topic.served(query.span, limit);
    let tag = served
        .is_final
        .then(|| tag(&topic, &served, &query, format));
    let response = match &tag {
        Some(tag) if is_known(headers, tag) => StatusCode::NOT_MODIFIED.into_response(),
        _ => {
            let points = query.thinning.map(|thinning| thinning.points);
            let seqs = seqs(&topic, &served, extremes.zip(points));
            ok(&topic, &served, seqs, format, place).await?
        }
    };
    Ok(labelled(response, &topic, &served, tag))
}

/// The answer without what a 304 has as well.
async fn ok(
    topic: &Arc<Topic>,
    served: &Served,
    seqs: Seqs,
    format: Format,
    place: Answering,
) -> Result<Response, Problem> {
    let (from, to) = served.ends.unzip();
    let head = match format {
        Format::Json => HistoryHead {
            topic: topic.name(),
            epoch: topic.epoch(),
            from,
            to,
            next: served.next,
        }
        .open(),
        Format::Ndjson => Vec::new(),
        Format::Csv => {
            find_fields(topic, &place).await?;
            Vec::new()
        }
    };
    let body = Body::new(topic, seqs, format, head);
    let mut response = warp::reply::stream(body.into_stream(place)).into_response();
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(format.content_type()),
    );
    Ok(response)
}

/// What of `served` is in the answer: all, or so many points.
fn seqs(topic: &Topic, served: &Served, thinning: Option<(Arc<Extremes>, u64)>) -> Seqs {
    match (served.ends, thinning) {
        (None, _) => Box::new(std::iter::empty()),
        (Some((first, last)), None) => all(first, last),
        (Some(ends), Some((extremes, points))) => {
            thinned(&topic.timeline(), extremes, ends, points)
        }
    }
}

async fn extremes(
    topic: &Arc<Topic>,
    field: &str,
    place: &Answering,
) -> Result<Arc<Extremes>, Problem> {
    let (of, key) = (Arc::clone(topic), field.to_owned());
    let look = move || match of.dataset().look_for_extremes(&key) {
        Looked::Unfinished => None,
        Looked::Known(extremes) => Some(extremes),
    };
    let extremes = place.run(look).await?;
    extremes.ok_or_else(|| no_numbers(topic, field))
}

/// Waits until the fields of the topic's dataset are known.
async fn find_fields(topic: &Arc<Topic>, place: &Answering) -> Result<(), Problem> {
    let topic = Arc::clone(topic);
    let look = move || topic.dataset().look_for_fields().map(|_| ());
    Ok(place.run(look).await?)
}

/// Names what there is, so that a misspelt field is found; of a great many only some.
fn no_numbers(topic: &Topic, field: &str) -> Problem {
    const NAMED_MAX: usize = 20;
    let keys = topic.dataset().fields().keys().take(NAMED_MAX);
    let keys: Vec<_> = keys.map(shown).collect();
    let detail = format!(
        "no record has a number in `field`, which is `{}`; the fields are `{}`",
        shown(field),
        keys.join("`, `")
    );
    Problem::new(Code::FieldNotNumeric, detail)
}

/// Strong: the same tag means the same bytes. Version and commit stand for how they are spelled, the epoch for the
/// dataset and the schedule.
fn tag(topic: &Topic, served: &Served, query: &Query, format: Format) -> String {
    let mut digest = Sha256::new();
    let mut add = |ingredient: &dyn Display| {
        // Ended by what no ingredient but the last has in it.
        digest.update(format!("{ingredient}\n"));
    };
    add(&env!("CARGO_PKG_VERSION"));
    add(&env!("TICKCAST_COMMIT"));
    add(topic.epoch());
    add(&format.name());
    let (first, last) = served.ends.unzip();
    for seq in [first, last, served.next] {
        add(&seq.map_or(0, Seq::get));
    }
    if let Some(Thinning { points, field }) = &query.thinning {
        add(points);
        add(field);
    }
    format!("\"{}\"", &HEXLOWER.encode(&digest.finalize())[..32])
}

/// Adds what a 304 has as well.
fn labelled(
    mut response: Response,
    topic: &Topic,
    served: &Served,
    tag: Option<String>,
) -> Response {
    let mut set = |name: HeaderName, value: &str| {
        response.headers_mut().insert(
            name,
            HeaderValue::from_str(value).expect("built from plain ASCII"),
        );
    };
    set(EPOCH, topic.epoch().as_str());
    if let Some(next) = served.next {
        set(NEXT, &next.to_string());
    }
    match tag {
        // Kept, but asked for each time: the same path leads to another epoch one day.
        Some(tag) => {
            set(header::ETAG, &tag);
            set(header::CACHE_CONTROL, "no-cache");
        }
        None => set(header::CACHE_CONTROL, "no-store"),
    }
    response
}

/// The answer depends on `Accept`.
fn varied(mut response: Response) -> Response {
    let vary = HeaderValue::from_static("accept");
    response.headers_mut().append(header::VARY, vary);
    response
}
