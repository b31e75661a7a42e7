//! A refused viewer: it is counted by reason, and logged at a limited rate, because clients can repeat it at will.

use crate::app::AppState;
use crate::hub::RejectReason;
use crate::routes::api_request::ApiRequest;
use crate::routes::origin::RequestOrigin;
use crate::routes::problem::excerpt;

/// Counts and logs a `request` to become a viewer that was refused for `reason`.
pub(in crate::routes) fn record_refusal(
    state: &AppState,
    request: &ApiRequest,
    reason: RejectReason,
) {
    match &request.topic {
        Some(topic) => topic.metrics.rejected.add(reason),
        None => state.hub.not_found.add(1),
    }
    // An event that is filtered out must not use up the rate limit.
    if !tracing::enabled!(tracing::Level::INFO) {
        return;
    }
    if let Some(suppressed) = state.refusal_limit.admit() {
        let topic = request.topic.as_ref().map(|topic| topic.name().as_str());
        tracing::info!(
            event = "viewer.refused",
            topic = topic.unwrap_or_default(),
            remote = %request.client,
            reason = reason.label(),
            origin = origin_text(&request.origin),
            suppressed,
            "a viewer was refused"
        );
    }
}

/// The origin in canonical form, which cannot contain anything else, and not longer than a log line should be.
fn origin_text(origin: &RequestOrigin) -> String {
    match origin {
        RequestOrigin::Absent => String::new(),
        RequestOrigin::Opaque => "null".to_owned(),
        RequestOrigin::Page { canonical, .. } => excerpt(canonical),
    }
}

#[cfg(test)]
mod tests {
    use warp::http::HeaderMap;
    use warp::http::header::{HeaderValue, ORIGIN};

    use super::*;

    fn logged(origin: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(ORIGIN, HeaderValue::from_bytes(origin.as_bytes()).unwrap());
        origin_text(&RequestOrigin::from_headers(&headers))
    }

    #[test]
    fn only_a_canonical_origin_of_limited_length_is_logged() {
        assert_eq!(origin_text(&RequestOrigin::Absent), "");
        assert_eq!(logged("https://A.example:443"), "https://a.example");
        for other in ["null", "nonsense", "https://a.example/path", "https://a b"] {
            assert_eq!(logged(other), "null", "{other}");
        }
        let long = format!("https://{}.example", "a".repeat(60));
        assert_eq!(logged(&long).chars().count(), 61);
    }
}
