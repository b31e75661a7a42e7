//! `GET /api/v1/topics/{topic}/history`: a range of a topic's history, computed while the client reads it. Twin:
//! `web/src/history_cache/history_response.ts`.

mod body;
mod csv_row;
mod format;
mod history_reader;
mod query;

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use warp::http::StatusCode;
use warp::http::header::{self, HeaderName, HeaderValue};
use warp::reply::{Reply, Response};

use self::body::HistoryBody;
use self::format::HistoryFormat;
use self::query::{Decimation, HistoryQuery};
use super::api_request::ApiRequest;
use super::authorize::AccessPermit;
use super::problem::{Problem, ProblemCode, excerpt};
use super::responses::{matches_if_none_match, with_vary_accept};
use crate::app::{AppState, HistoryLimitReached, HistoryPermit, JobAborted};
use crate::hub::{Topic, TopicClosure};
use crate::protocol::{HistoryHead, Seq};
use crate::source::{Extremes, ExtremesLookup, FieldIndex, SourceError};
use crate::timeline::RangePage;
use crate::timeline::decimation::{Seqs, all};

/// Response headers for the metadata that NDJSON and CSV have no place for.
const EPOCH_HEADER: HeaderName = HeaderName::from_static("tickcast-epoch");
const NEXT_HEADER: HeaderName = HeaderName::from_static("tickcast-next");

/// Responds with the part of the history that the query selects.
pub(super) async fn respond(state: &AppState, request: &ApiRequest, _: AccessPermit) -> Response {
    let response = read(state, request).await;
    with_vary_accept(response.unwrap_or_else(Reply::into_response))
}

async fn read(state: &AppState, request: &ApiRequest) -> Result<Response, Problem> {
    let (topic, headers) = (request.topic()?, &request.headers);
    let query = query::parse(&request.query, state.history_max.load(Ordering::Relaxed))?;
    let format = match query.format {
        Some(format) => format,
        None => HistoryFormat::negotiate(headers)?,
    };
    if topic.closure() == Some(TopicClosure::Stopped) {
        return Err(Problem::topic_stopped());
    }
    let permit = state.history_limit.acquire(request.client).map_err(busy)?;
    request
        .takeover
        .require_faster_reads_while(state.history_limit.scarcity());
    // Even if the response is 304: an unknown field is an error, whatever the client has cached.
    let (extremes, limit) = match &query.decimation {
        Some(decimation) => (
            Some(find_extremes(topic, &decimation.field, &permit).await?),
            u64::MAX,
        ),
        None => (None, query.limit),
    };
    let page = topic.feed().range_page(query.range, limit);
    let tag = page.is_final.then(|| etag(topic, &page, &query, format));
    let response = match &tag {
        Some(tag) if matches_if_none_match(headers, tag) => {
            StatusCode::NOT_MODIFIED.into_response()
        }
        _ => {
            let points = query.decimation.map(|decimation| decimation.points);
            let seqs = selected_seqs(topic, &page, extremes.zip(points));
            ok_response(topic, &page, seqs, format, permit).await?
        }
    };
    Ok(with_history_headers(response, topic, &page, tag))
}

/// The 200 response, without the headers that a 304 has too.
async fn ok_response(
    topic: &Arc<Topic>,
    page: &RangePage,
    seqs: Seqs,
    format: HistoryFormat,
    permit: HistoryPermit,
) -> Result<Response, Problem> {
    let (from, to) = page.bounds.unzip();
    let head = match format {
        HistoryFormat::Json => HistoryHead {
            topic: topic.name(),
            epoch: topic.epoch(),
            from,
            to,
            next: page.next,
        }
        .begin_json(),
        HistoryFormat::Ndjson => Vec::new(),
        HistoryFormat::Csv => {
            find_fields(topic, &permit).await?;
            Vec::new()
        }
    };
    let body = HistoryBody::new(topic, seqs, format, head);
    let mut response = warp::reply::stream(body.into_stream(permit)).into_response();
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(format.content_type()),
    );
    Ok(response)
}

/// The publications of `page` that the response contains: all of them, or the decimated ones.
fn selected_seqs(
    topic: &Topic,
    page: &RangePage,
    decimation: Option<(Arc<Extremes>, u64)>,
) -> Seqs {
    match (page.bounds, decimation) {
        (None, _) => Box::new(std::iter::empty()),
        (Some((first, last)), None) => all(first, last),
        (Some(bounds), Some((extremes, points))) => topic.feed().decimate(extremes, bounds, points),
    }
}

/// Waits for the extremes of `field`, which are computed on first use.
async fn find_extremes(
    topic: &Arc<Topic>,
    field: &str,
    permit: &HistoryPermit,
) -> Result<Arc<Extremes>, Problem> {
    let (topic, key) = (Arc::clone(topic), field.to_owned());
    let step = move || match topic.poll_extremes(&key) {
        Err(error) => Some(Err(unreadable(&error))),
        Ok(ExtremesLookup::InProgress) => None,
        Ok(ExtremesLookup::Done(Some(extremes))) => Some(Ok(extremes)),
        // The fields have been found by now.
        Ok(ExtremesLookup::Done(None)) => match topic.poll_fields() {
            Err(error) => Some(Err(unreadable(&error))),
            Ok(fields) => fields.map(|fields| Err(field_not_numeric(fields, &key))),
        },
    };
    permit.run(step).await.map_err(stopping)?
}

/// Waits for the fields of the topic's records, which are found on first use.
async fn find_fields(topic: &Arc<Topic>, permit: &HistoryPermit) -> Result<(), Problem> {
    let topic = Arc::clone(topic);
    let step = move || match topic.poll_fields() {
        Err(error) => Some(Err(unreadable(&error))),
        Ok(fields) => fields.map(|_| Ok(())),
    };
    permit.run(step).await.map_err(stopping)?
}

/// The problem for records that cannot be read. The topic logs the cause.
fn unreadable(error: &SourceError) -> Problem {
    if error.is_changed() {
        return Problem::topic_stopped();
    }
    Problem::retry_later(
        ProblemCode::RecordsUnreadable,
        "the hub cannot read the records of this topic at the moment; retry later",
    )
}

/// The problem for a request that gets no permit.
fn busy(reason: HistoryLimitReached) -> Problem {
    match reason {
        HistoryLimitReached::Busy => Problem::retry_later(
            ProblemCode::HistoryBusy,
            "the hub has reached its limit of concurrent history requests; retry in a moment",
        ),
        HistoryLimitReached::ShareTaken => Problem::retry_later(
            ProblemCode::HistoryShareTaken,
            "this address has reached its share of concurrent history requests; finish reading the responses, or \
             retry in a moment",
        ),
    }
}

/// The problem for a job that did not finish.
fn stopping(_: JobAborted) -> Problem {
    Problem::retry_later(
        ProblemCode::HubStopping,
        "the hub is stopping; retry in a moment",
    )
}

/// The problem for a field without values. Lists the existing fields, at most 20, to help with misspellings.
fn field_not_numeric(fields: &FieldIndex, field: &str) -> Problem {
    const NAMED_MAX: usize = 20;
    let names = fields.names().take(NAMED_MAX);
    let names: Vec<_> = names.map(|name| excerpt(&name)).collect();
    let detail = format!(
        "`field` is `{}`, in which no record has a value; the fields are `{}`",
        excerpt(field),
        names.join("`, `")
    );
    Problem::new(ProblemCode::FieldNotNumeric, detail)
}

/// Computes a strong entity tag: equal tags mean identical bytes. The version and commit stand for the serialization,
/// the epoch for the dataset and the schedule.
fn etag(topic: &Topic, page: &RangePage, query: &HistoryQuery, format: HistoryFormat) -> String {
    let mut digest = Sha256::new();
    let mut add = |component: &dyn Display| {
        // Only the last component, the field name, can contain the separator.
        digest.update(format!("{component}\n"));
    };
    add(&env!("CARGO_PKG_VERSION"));
    add(&env!("TICKCAST_COMMIT"));
    add(topic.epoch());
    add(&format.name());
    let (first, last) = page.bounds.unzip();
    for seq in [first, last, page.next] {
        add(&seq.map_or(0, Seq::get));
    }
    if let Some(Decimation { points, field }) = &query.decimation {
        add(points);
        add(field);
    }
    format!("\"{}\"", &HEXLOWER.encode(&digest.finalize())[..32])
}

/// Adds the headers that 200 and 304 responses share.
fn with_history_headers(
    mut response: Response,
    topic: &Topic,
    page: &RangePage,
    tag: Option<String>,
) -> Response {
    let mut set = |name: HeaderName, value: &str| {
        response.headers_mut().insert(
            name,
            HeaderValue::from_str(value).expect("built from plain ASCII"),
        );
    };
    set(EPOCH_HEADER, topic.epoch().as_str());
    if let Some(next) = page.next {
        set(NEXT_HEADER, &next.to_string());
    }
    match tag {
        // Caches must revalidate: the same path returns other records in another epoch.
        Some(tag) => {
            set(header::ETAG, &tag);
            set(header::CACHE_CONTROL, "no-cache");
        }
        None => set(header::CACHE_CONTROL, "no-store"),
    }
    response
}
