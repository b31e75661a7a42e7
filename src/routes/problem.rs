//! Error responses as problem details (RFC 9457).

mod code;

use warp::http::StatusCode;
use warp::http::header::{self, HeaderName, HeaderValue};
use warp::reject::{MethodNotAllowed, Reject, Rejection};
use warp::reply::{Reply, Response};

pub(super) use code::ProblemCode;

use super::conventions::{ALLOWED_METHODS, with_security_headers};

use crate::hub::RejectReason;
use crate::protocol::message::{self, ProblemView};

/// An error response, explained to the client.
#[derive(Debug)]
pub(super) struct Problem {
    code: ProblemCode,
    detail: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// The reason to count for a rejected viewer; `None` derives it from the status.
    reject_reason: Option<RejectReason>,
}

/// The rejection of a request with a body.
#[derive(Debug)]
pub(super) struct BodyRejected;

impl Reject for BodyRejected {}

impl Problem {
    /// Creates a problem; `detail` says what is wrong and how to fix it.
    pub(super) fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            headers: Vec::new(),
            reject_reason: None,
        }
    }

    /// Counts the rejection of a viewer as `reason`, whatever the status.
    pub(super) const fn with_reject_reason(mut self, reason: RejectReason) -> Self {
        self.reject_reason = Some(reason);
        self
    }

    /// The reason under which the rejection of a viewer with this problem is counted.
    pub(super) fn reject_reason(&self) -> RejectReason {
        self.reject_reason.unwrap_or(match self.code.status() {
            StatusCode::FORBIDDEN => RejectReason::Forbidden,
            StatusCode::NOT_FOUND => RejectReason::NotFound,
            StatusCode::GONE => RejectReason::Gone,
            StatusCode::UPGRADE_REQUIRED => RejectReason::UpgradeRequired,
            _ => RejectReason::BadRequest,
        })
    }

    /// Adds a header to the response.
    pub(super) fn with_header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.push((name, HeaderValue::from_static(value)));
        self
    }

    /// Creates a temporary problem, with `Retry-After`.
    pub(super) fn retry_later(code: ProblemCode, detail: &'static str) -> Self {
        // The successor of a draining hub is running already, or soon will be.
        let seconds = if code == ProblemCode::HubDraining {
            "1"
        } else {
            "5"
        };
        Self::new(code, detail).with_header(header::RETRY_AFTER, seconds)
    }

    /// Creates the problem for a topic that does not exist.
    pub(super) fn topic_not_found() -> Self {
        Self::new(
            ProblemCode::TopicNotFound,
            "topic not found; see `/api/v1/topics`",
        )
    }
}

impl Reply for Problem {
    fn into_response(self) -> Response {
        let status = self.code.status();
        let view = ProblemView {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            code: self.code.name(),
            detail: &self.detail,
        };
        let mut response = Response::new(message::to_json(&view).into());
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        for (name, value) in self.headers {
            headers.insert(name, value);
        }
        with_security_headers(response)
    }
}

/// The problem for a request that matched no route.
pub(super) fn problem_for(rejection: &Rejection) -> Problem {
    if rejection.find::<BodyRejected>().is_some() {
        return Problem::new(
            ProblemCode::BodyNotAllowed,
            "no path accepts a request body; send none",
        )
        .with_header(header::CONNECTION, "close");
    }
    if rejection.find::<MethodNotAllowed>().is_some() {
        return Problem::new(
            ProblemCode::MethodNotAllowed,
            "this path supports GET, HEAD and OPTIONS only",
        )
        .with_header(header::ALLOW, ALLOWED_METHODS);
    }
    Problem::new(
        ProblemCode::PathNotFound,
        "path not found; the page is at `/`, the topics are at `/api/v1/topics`",
    )
}
