//! The response formats of the history, and their negotiation.

use warp::http::HeaderMap;

use crate::routes::accept_header::AcceptHeader;
use crate::routes::problem::{Problem, ProblemCode};

/// A response format of the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HistoryFormat {
    /// One JSON object with all items.
    Json,
    /// One JSON item per line.
    Ndjson,
    /// CSV (RFC 4180), one record per row.
    Csv,
}

impl HistoryFormat {
    /// All formats, in the hub's order of preference; the first one is the default.
    const ALL: [Self; 3] = [Self::Json, Self::Ndjson, Self::Csv];

    /// The format's name in the query parameter `format`.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
        }
    }

    /// The type and subtype in `Accept`.
    const fn media_type(self) -> (&'static str, &'static str) {
        match self {
            Self::Json => ("application", "json"),
            Self::Ndjson => ("application", "x-ndjson"),
            Self::Csv => ("text", "csv"),
        }
    }

    /// The response's `Content-Type`.
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }

    /// Parses the query parameter `format`.
    pub(super) fn from_name(name: &str) -> Result<Self, Problem> {
        let mut all = Self::ALL.into_iter();
        all.find(|format| format.name() == name).ok_or_else(|| {
            Problem::new(
                ProblemCode::ParameterInvalid,
                "`format` is not one of `json`, `ndjson` and `csv`",
            )
        })
    }

    /// Negotiates the format that `Accept` prefers, by weight and then by specificity. If no format is acceptable but a
    /// malformed item might have allowed one, the default is used.
    pub(super) fn negotiate(headers: &HeaderMap) -> Result<Self, Problem> {
        let AcceptHeader {
            ranges,
            is_well_formed,
        } = AcceptHeader::from_headers(headers);
        if ranges.is_empty() {
            return Ok(Self::Json);
        }
        // `max_by_key` returns the last of several maxima; reversed, that is the first.
        let acceptable = Self::ALL.into_iter().rev().filter_map(|format| {
            let range = ranges
                .iter()
                .filter(|range| range.matches(format.media_type()))
                .max_by_key(|range| range.specificity)?;
            (range.weight > 0).then_some((range.weight, range.specificity, format))
        });
        acceptable
            .max_by_key(|&(weight, specificity, _)| (weight, specificity))
            .map(|(_, _, format)| format)
            .or((!is_well_formed).then_some(Self::Json))
            .ok_or_else(|| {
                Problem::new(
                    ProblemCode::FormatNotAcceptable,
                    "`Accept` allows none of `application/json`, `application/x-ndjson` and `text/csv`; \
                     allow one, or set `format`",
                )
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(accept: &str) -> &'static str {
        let mut headers = HeaderMap::new();
        headers.insert("accept", accept.parse().unwrap());
        HistoryFormat::negotiate(&headers).map_or("none", HistoryFormat::name)
    }

    #[test]
    fn the_highest_weight_wins_and_then_the_most_specific_range() {
        for (accept, format) in [
            ("*/*", "json"),
            ("", "json"),
            ("nonsense", "json"),
            ("text/csv", "csv"),
            ("TEXT/CSV; header=present", "csv"),
            ("text/*", "csv"),
            ("application/*", "json"),
            ("application/x-ndjson, */*", "ndjson"),
            ("text/html,application/xml;q=0.9,*/*;q=0.8", "json"),
            ("application/json;q=0.5, text/csv;q=0.8", "csv"),
            ("application/json;q=0, */*", "ndjson"),
            ("*/*;q=1.000, application/json;q=0.001", "ndjson"),
            ("text/csv;q=0", "none"),
            ("image/png", "none"),
            ("*/*;q=0.000", "none"),
            ("text/csv;q=1.5", "json"),
            (
                "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
                "json",
            ),
            ("text/html, *", "json"),
            ("text/csv;q=.3, application/x-ndjson;q=.25", "csv"),
            ("text/csv;q=.000", "none"),
            ("text/html;q=., image/png", "json"),
            ("image/png, nonsense", "json"),
            ("text/csv;q=, application/x-ndjson", "ndjson"),
            ("image/png, ,", "none"),
        ] {
            assert_eq!(accepted(accept), format, "{accept}");
        }
    }
}
