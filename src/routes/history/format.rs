//! The forms that the history comes in, and which one a request asks for.

use warp::http::HeaderMap;

use crate::routes::accept::Accepted;
use crate::routes::problem::{Code, Problem};

/// How records are spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// One JSON object with all items.
    Json,
    /// An item a line.
    Ndjson,
    /// RFC 4180.
    Csv,
}

impl Format {
    /// The first one goes to whoever has no preference.
    const ALL: [Self; 3] = [Self::Json, Self::Ndjson, Self::Csv];

    /// The value of `format`.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
        }
    }

    /// Type and subtype.
    const fn media_type(self) -> (&'static str, &'static str) {
        match self {
            Self::Json => ("application", "json"),
            Self::Ndjson => ("application", "x-ndjson"),
            Self::Csv => ("text", "csv"),
        }
    }

    /// What the answer is labelled as.
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }

    /// The format called `name`.
    pub(super) fn named(name: &str) -> Result<Self, Problem> {
        let mut all = Self::ALL.into_iter();
        all.find(|format| format.name() == name).ok_or_else(|| {
            Problem::new(
                Code::ParameterInvalid,
                "`format` is not one of `json`, `ndjson` and `csv`",
            )
        })
    }

    /// The format that `Accept` prefers, by weight and then by how exactly it is named. With an item in it that
    /// cannot be read, nobody knows what it refuses: whoever is left with nothing gets the first.
    pub(super) fn accepted(headers: &HeaderMap) -> Result<Self, Problem> {
        let Accepted {
            ranges,
            is_understood,
        } = Accepted::of(headers);
        if ranges.is_empty() {
            return Ok(Self::Json);
        }
        // The last of equals wins `max_by_key`; reversed, that is the first.
        let weighed = Self::ALL.into_iter().rev().filter_map(|format| {
            let range = ranges
                .iter()
                .filter(|range| range.takes(format.media_type()))
                .max_by_key(|range| range.exactness)?;
            (range.weight > 0).then_some((range.weight, range.exactness, format))
        });
        weighed
            .max_by_key(|&(weight, exactness, _)| (weight, exactness))
            .map(|(_, _, format)| format)
            .or((!is_understood).then_some(Self::Json))
            .ok_or_else(|| {
                Problem::new(
                    Code::FormatNotAcceptable,
                    "`Accept` takes none of `application/json`, `application/x-ndjson` and `text/csv`; \
                     name one, or give `format`",
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
        Format::accepted(&headers).map_or("none", Format::name)
    }

    #[test]
    fn the_heaviest_format_is_chosen_and_of_equals_the_one_that_is_named() {
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
