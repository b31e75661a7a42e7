//! Error responses as problem details (RFC 9457).

mod code;

use warp::http::StatusCode;
use warp::http::header::{self, HeaderName, HeaderValue};
use warp::reply::{Reply, Response};

pub(super) use code::ProblemCode;

use super::responses::with_security_headers;
use crate::hub::{RejectReason, TopicClosure};
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

    /// The cause.
    pub(super) const fn code(&self) -> ProblemCode {
        self.code
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

    /// Creates the problem for a topic that has stopped, because its dataset was changed.
    pub(super) fn topic_stopped() -> Self {
        let detail = "the dataset of this topic was changed while it plays, so the topic has stopped; the operator has to put \
                      the file back and restart the hub";
        Self::new(ProblemCode::TopicStopped, detail)
            .with_header(header::RETRY_AFTER, TopicClosure::STOPPED_RETRY_AFTER)
            .with_reject_reason(RejectReason::Stopped)
    }

    /// Creates the problem for a path that does not exist.
    pub(super) fn path_not_found() -> Self {
        Self::new(
            ProblemCode::PathNotFound,
            "path not found; the page is at `/`, the topics are at `/api/v1/topics`",
        )
    }

    /// Creates the problem for a method that is not among the `supported` ones of its path.
    pub(super) fn method_not_allowed(supported: &[&str]) -> Self {
        let list = supported.join(", ");
        let allow = HeaderValue::from_str(&list).expect("names of methods are plain ASCII");
        let (others, last) = list.rsplit_once(", ").unwrap_or(("no method", &list));
        let detail = format!("this path supports {others} and {last} only");
        let mut problem = Self::new(ProblemCode::MethodNotAllowed, detail);
        problem.headers.push((header::ALLOW, allow));
        problem
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

/// Shortens client input so that a problem can quote it.
pub(super) fn excerpt(text: &str) -> String {
    const CHARS_MAX: usize = 60;
    let mut excerpt: String = text.chars().take(CHARS_MAX).collect();
    if excerpt.len() < text.len() {
        excerpt.push('…');
    }
    excerpt
}
