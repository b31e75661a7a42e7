//! Errors as problem details (RFC 9457).

mod code;

use warp::http::StatusCode;
use warp::http::header::{self, HeaderName, HeaderValue};
use warp::reject::{MethodNotAllowed, Reject, Rejection};
use warp::reply::{Reply, Response};

pub(super) use code::Code;

use super::preflight::METHODS;
use super::secured;

use crate::hub::Refused;
use crate::protocol::message::{self, ProblemView};

/// Why a request is not served, said to the client.
#[derive(Debug)]
pub(super) struct Problem {
    code: Code,
    detail: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// Why whoever wanted to be a viewer is none, where the status does not tell.
    refused: Option<Refused>,
}

/// The request carries a body, and no path takes one.
#[derive(Debug)]
pub(super) struct BodyRefused;

impl Reject for BodyRefused {}

impl Problem {
    /// The problem `code`; `detail` names what is wrong and the remedy.
    pub(super) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            headers: Vec::new(),
            refused: None,
        }
    }

    /// What it is, for tests.
    #[cfg(test)]
    pub(super) const fn code(&self) -> Code {
        self.code
    }

    /// Counts as `refused`, whatever the status.
    pub(super) const fn counting_as(mut self, refused: Refused) -> Self {
        self.refused = Some(refused);
        self
    }

    /// What it counts as when somebody is no viewer for it.
    pub(super) fn refused(&self) -> Refused {
        self.refused.unwrap_or(match self.code.status() {
            StatusCode::FORBIDDEN => Refused::Forbidden,
            StatusCode::NOT_FOUND => Refused::NotFound,
            StatusCode::GONE => Refused::Gone,
            StatusCode::UPGRADE_REQUIRED => Refused::UpgradeRequired,
            _ => Refused::BadRequest,
        })
    }

    /// Adds a header that the status calls for.
    pub(super) fn with_header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.push((name, HeaderValue::from_static(value)));
        self
    }

    /// No seat or no time: come back.
    pub(super) fn retry_later(code: Code, detail: &'static str) -> Self {
        // The successor of a hub that drains is soon there, or is there already.
        let seconds = if code == Code::HubDraining { "1" } else { "5" };
        Self::new(code, detail).with_header(header::RETRY_AFTER, seconds)
    }

    /// There is no such topic.
    pub(super) fn no_such_topic() -> Self {
        Self::new(
            Code::TopicNotFound,
            "there is no such topic; see `/api/v1/topics`",
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
        secured(response)
    }
}

/// What no route took.
pub(super) fn problem_for(rejection: &Rejection) -> Problem {
    if rejection.find::<BodyRefused>().is_some() {
        return Problem::new(
            Code::BodyNotAllowed,
            "no path takes a request body; send none",
        )
        .with_header(header::CONNECTION, "close");
    }
    if rejection.find::<MethodNotAllowed>().is_some() {
        return Problem::new(
            Code::MethodNotAllowed,
            "this path answers GET, HEAD and OPTIONS only",
        )
        .with_header(header::ALLOW, METHODS);
    }
    Problem::new(
        Code::PathNotFound,
        "there is nothing at this path; the page is at `/`, the topics at `/api/v1/topics`",
    )
}
