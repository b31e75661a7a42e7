//! Conditional requests with entity tags.

use warp::http::{HeaderMap, header};

/// Whether `If-None-Match` in `headers` matches `tag`. The header is a list of tags or `*`, and uses the weak
/// comparison (RFC 9110, section 13.1.2).
pub(super) fn matches_if_none_match(headers: &HeaderMap, tag: &str) -> bool {
    let lines = headers.get_all(header::IF_NONE_MATCH).iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(|known| known.trim().trim_start_matches("W/"))
        .any(|known| known == tag || known == "*")
}
