//! Answers that a client may have already.

use warp::http::{HeaderMap, header};

/// Whether `headers` say that the client has the answer with `tag`. If-None-Match is a list of tags, or `*`; weak
/// and strong compare alike here (RFC 9110, section 13.1.2).
pub(super) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let lines = headers.get_all(header::IF_NONE_MATCH).iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(|known| known.trim().trim_start_matches("W/"))
        .any(|known| known == tag || known == "*")
}
