//! The methods that paths support.

use warp::{Filter, Rejection};

/// The methods that every path supports.
pub(super) const ALLOWED_METHODS: &str = "GET, HEAD, OPTIONS";

/// Matches GET and HEAD. The HTTP layer omits the body of a HEAD response.
pub(super) fn get() -> impl Filter<Extract = (), Error = Rejection> + Clone + Send + Sync + 'static
{
    warp::get().or(warp::head()).unify()
}
