//! [`authorize`]: the one place that decides whether a request may do what its route does.
//!
//! Every route states its [`Action`] in the table. The routes ask once, before the handler runs, and the handlers that
//! serve topics take the [`AccessPermit`] as proof.

use super::api_request::{ApiRequest, Identity};
use super::problem::{Problem, ProblemCode};
use crate::app::AppState;

/// What a route does for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Join a topic's stream.
    View,
    /// Read a topic's history.
    ReadHistory,
    /// Read the list of topics, or one of its entries.
    ListTopics,
    /// Read the hub's clock.
    ReadTime,
    /// Load the page, its modules and the API documents.
    LoadPage,
    /// Read health, readiness, version or metrics.
    ReadStatus,
}

/// Proof that a request was authorized. Only [`authorize`] creates it.
#[derive(Debug, Clone, Copy)]
pub(super) struct AccessPermit(());

/// Why a request may not do what its route does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AccessDenied {
    /// Its page is of an origin that is neither the hub's own nor in `server.allowed_origins`.
    Origin,
}

/// Decides whether `request` may do `action`.
pub(super) fn authorize(
    state: &AppState,
    request: &ApiRequest,
    action: Action,
) -> Result<AccessPermit, AccessDenied> {
    match action {
        Action::View | Action::ReadHistory | Action::ListTopics => check_origin(state, request)?,
        // Nothing of a topic. Which pages may read the response is up to CORS.
        Action::ReadTime | Action::LoadPage | Action::ReadStatus => {}
    }
    match request.identity {
        Identity::Anonymous => Ok(AccessPermit(())),
    }
}

/// Decides whether the page that sent the preflight `request` may send requests to the hub. A preflight has no
/// credentials, so only its origin counts.
pub(super) fn authorize_preflight(
    state: &AppState,
    request: &ApiRequest,
) -> Result<(), AccessDenied> {
    check_origin(state, request)
}

fn check_origin(state: &AppState, request: &ApiRequest) -> Result<(), AccessDenied> {
    let authority = request.authority.as_ref();
    if request.origin.may_connect(&state.origins, authority) {
        Ok(())
    } else {
        Err(AccessDenied::Origin)
    }
}

impl From<AccessDenied> for Problem {
    fn from(denied: AccessDenied) -> Self {
        match denied {
            AccessDenied::Origin => Self::new(
                ProblemCode::OriginForbidden,
                "this origin is not allowed to connect; add it to `server.allowed_origins`",
            ),
        }
    }
}
