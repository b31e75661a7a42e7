//! The position from which a viewer wants to start: `since`, `last`, `lastEventId` and `Last-Event-ID`.

use crate::hub::ResumeRequest;
use crate::protocol::Position;
use crate::routes::api_request::{ApiRequest, parse_saturating};
use crate::routes::problem::{Problem, ProblemCode, excerpt};

/// The query parameters that select where to resume.
const SINCE: &str = "since";
const LAST: &str = "last";
/// The query parameter of `EventSource` polyfills, which cannot set `Last-Event-ID`. They add it to the original URL.
const LAST_EVENT_ID: &str = "lastEventId";

/// Parses `since` or `last`, not both and each at most once. Other parameters are ignored.
pub(super) fn parse_resume_request(request: &ApiRequest) -> Result<ResumeRequest, Problem> {
    let (since, last) = (request.parameter(SINCE)?, request.parameter(LAST)?);
    match (since, last) {
        (None, None) => Ok(ResumeRequest::Unspecified),
        (Some(since), None) => parse_position(SINCE, &since).map(ResumeRequest::Since),
        (None, Some(last)) => parse_saturating(&last)
            .map(ResumeRequest::Last)
            .ok_or_else(|| {
                let last = excerpt(&last);
                let detail = format!(
                    "`last` is `{last}`, which is not a whole number; use a value such as `100`"
                );
                Problem::new(ProblemCode::ParameterInvalid, detail)
            }),
        (Some(_), Some(_)) => {
            let detail = "`since` and `last` cannot be combined; remove one of them";
            Err(Problem::new(ProblemCode::ParametersConflict, detail))
        }
    }
}

/// Parses the position that a reconnecting `EventSource` sends, or else `since` or `last`, which a client repeats
/// unchanged on every reconnect. The header takes precedence over `lastEventId`; empty ones are ignored.
pub(super) fn parse_event_stream_resume(request: &ApiRequest) -> Result<ResumeRequest, Problem> {
    let id = match request.headers.get("last-event-id") {
        Some(id) if !id.is_empty() => Some((
            "Last-Event-ID",
            String::from_utf8_lossy(id.as_bytes()).into_owned(),
        )),
        _ => request
            .parameter(LAST_EVENT_ID)?
            .filter(|id| !id.is_empty())
            .map(|id| (LAST_EVENT_ID, id)),
    };
    match id {
        Some((name, id)) => parse_position(name, &id).map(ResumeRequest::Since),
        None => parse_resume_request(request),
    }
}

/// Parses the position in the parameter or header `name`.
fn parse_position(name: &str, text: &str) -> Result<Position, Problem> {
    text.parse().map_err(|_| {
        let detail = format!(
            "`{name}` is `{}`, which is not a position; use the form `<epoch>:<seq>`, or omit it",
            excerpt(text)
        );
        Problem::new(ProblemCode::PositionInvalid, detail)
    })
}
