//! [`HistoryQuery`]: the parsed query of a history request. All its errors are reported here.

use std::collections::HashMap;

use super::format::HistoryFormat;
use crate::protocol::{Micros, Seq};
use crate::routes::api_request::parse_saturating;
use crate::routes::problem::{Problem, ProblemCode, excerpt};
use crate::timeline::{RangeEnd, RangeQuery};

/// A valid query.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct HistoryQuery {
    /// The requested publications.
    pub(super) range: RangeQuery,
    /// The maximum number of records in the response; ignored with `decimation`.
    pub(super) limit: u64,
    /// Return fewer points instead of all records of the range.
    pub(super) decimation: Option<Decimation>,
    /// The requested format; `None` leaves the choice to `Accept`.
    pub(super) format: Option<HistoryFormat>,
}

/// Reduces a range to the minimum and maximum of a field in each bucket.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decimation {
    /// The maximum number of points to return, at least [`POINTS_MIN`].
    pub(super) points: u64,
    /// The field whose extremes are kept.
    pub(super) field: String,
}

const PARAMETERS: [&str; 9] = [
    "from", "to", "from_t", "to_t", "last", "limit", "points", "field", "format",
];

/// The number of records in a response if the query does not say.
const LIMIT_DEFAULT: u64 = 1_000;

/// The minimum of `points`: room for the minimum and the maximum.
const POINTS_MIN: u64 = 2;

/// Parses `query`. The response will have at most `history_max` records.
pub(super) fn parse(query: &str, history_max: u64) -> Result<HistoryQuery, Problem> {
    let parameters = QueryParameters::parse(query)?;
    let (limit, last) = (parameters.count("limit")?, parameters.count("last")?);
    if limit == Some(0) {
        return Err(invalid("`limit` is 0; use at least 1, or omit it"));
    }
    let decimation = parameters.decimation(history_max)?;
    // A decimated range may have any length.
    let last = last.map(|last| {
        if decimation.is_some() {
            last
        } else {
            last.min(history_max)
        }
    });
    let limit = limit
        .or(last)
        .unwrap_or(LIMIT_DEFAULT)
        .clamp(1, history_max);
    let range = parameters.range(last)?.unwrap_or(match decimation {
        Some(_) => RangeQuery::Range {
            from: None,
            to: None,
        },
        None => RangeQuery::Newest(limit),
    });
    Ok(HistoryQuery {
        range,
        limit,
        decimation,
        format: parameters
            .text("format")
            .map(HistoryFormat::from_name)
            .transpose()?,
    })
}

fn invalid(detail: impl Into<String>) -> Problem {
    Problem::new(ProblemCode::ParameterInvalid, detail)
}

fn conflict(detail: impl Into<String>) -> Problem {
    Problem::new(ProblemCode::ParametersConflict, detail)
}

fn missing(detail: impl Into<String>) -> Problem {
    Problem::new(ProblemCode::ParameterMissing, detail)
}

/// The known parameters, each given at most once.
struct QueryParameters(HashMap<&'static str, String>);

impl QueryParameters {
    fn parse(query: &str) -> Result<Self, Problem> {
        let mut parameters = HashMap::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            // Ignoring a misspelled parameter would return other data than requested.
            let Some(known) = PARAMETERS.into_iter().find(|&known| known == name) else {
                return Err(Problem::new(
                    ProblemCode::ParameterUnknown,
                    format!(
                        "`{}` is not a parameter of the history; the parameters are `{}`",
                        excerpt(&name),
                        PARAMETERS.join("`, `")
                    ),
                ));
            };
            if parameters.insert(known, value.into_owned()).is_some() {
                return Err(Problem::new(
                    ProblemCode::ParameterRepeated,
                    format!("`{known}` occurs more than once; give it only once"),
                ));
            }
        }
        Ok(Self(parameters))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Parses an unsigned integer of any length, saturating.
    fn count(&self, name: &str) -> Result<Option<u64>, Problem> {
        self.text(name)
            .map(|text| {
                parse_saturating(text).ok_or_else(|| {
                    invalid(format!(
                        "`{name}` is `{}`, which is not a whole number of 0 or more; use a value such as `100`",
                        excerpt(text)
                    ))
                })
            })
            .transpose()
    }

    fn instant(&self, name: &str) -> Result<Option<Micros>, Problem> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let instant = parse_instant(text).ok_or_else(|| {
            invalid(format!(
                "`{name}` is `{}`, which is not a timestamp; use microseconds since 1970, or RFC 3339 such as \
                 `2026-01-01T00:00:00Z`",
                excerpt(text)
            ))
        })?;
        match parse_saturating(text).and_then(likely_unit) {
            Some((unit, zeros)) => Err(invalid(format!(
                "`{name}` is `{text}`, which looks like {unit} since 1970, but timestamps are in microseconds; use \
                 `{text}{zeros}`, or RFC 3339 such as `2026-01-01T00:00:00Z`"
            ))),
            None => Ok(Some(instant)),
        }
    }

    /// Returns the requested range; `None` if the query has none.
    fn range(&self, last: Option<u64>) -> Result<Option<RangeQuery>, Problem> {
        let seq = |name| self.count(name).map(|count| count.map(Seq::saturating));
        let (from, to) = (seq("from")?, seq("to")?);
        let (from_t, to_t) = (self.instant("from_t")?, self.instant("to_t")?);
        check_order("from", from, "to", to)?;
        check_order("from_t", from_t, "to_t", to_t)?;
        let from = range_end("from", from, "from_t", from_t)?;
        let to = range_end("to", to, "to_t", to_t)?;
        match (from, to, last) {
            (None, None, None) => Ok(None),
            (None, None, Some(last)) => Ok(Some(RangeQuery::Newest(last))),
            (from, to, None) => Ok(Some(RangeQuery::Range { from, to })),
            (_, _, Some(_)) => Err(conflict(
                "`last` cannot be combined with a range; use `from` or `from_t` and `to` or `to_t`, or only `last`",
            )),
        }
    }

    fn decimation(&self, points_max: u64) -> Result<Option<Decimation>, Problem> {
        match (self.count("points")?, self.text("field")) {
            (None, None) => Ok(None),
            (Some(points), _) if points < POINTS_MIN => Err(invalid(format!(
                "`points` is {points}; use at least {POINTS_MIN}"
            ))),
            (Some(points), Some(field)) => Ok(Some(Decimation {
                // `points_max` may be 1.
                points: points.min(points_max).max(POINTS_MIN),
                field: field.to_owned(),
            })),
            (Some(_), None) => Err(missing(
                "`points` is given without `field`; name the field whose minima and maxima to keep",
            )),
            (None, Some(_)) => Err(missing(
                "`field` is given without `points`; set the maximum number of points",
            )),
        }
    }
}

/// Returns the end of a range, which is given either as a `seq` or as a timestamp.
fn range_end(
    seq_name: &str,
    seq: Option<Seq>,
    t_name: &str,
    t: Option<Micros>,
) -> Result<Option<RangeEnd>, Problem> {
    match (seq, t) {
        (Some(_), Some(_)) => Err(conflict(format!(
            "`{seq_name}` and `{t_name}` cannot be combined; remove one of them"
        ))),
        (seq, t) => Ok(seq.map(RangeEnd::Seq).or(t.map(RangeEnd::Instant))),
    }
}

fn check_order<T: Ord + std::fmt::Display>(
    from_name: &str,
    from: Option<T>,
    to_name: &str,
    to: Option<T>,
) -> Result<(), Problem> {
    match (from, to) {
        (Some(from), Some(to)) if from > to => Err(conflict(format!(
            "`{from_name}` ({from}) is after `{to_name}` ({to}); swap them"
        ))),
        _ => Ok(()),
    }
}

/// Detects a timestamp that is in seconds or milliseconds instead of microseconds. Returns the unit, and the zeros that
/// convert `count` to microseconds.
///
/// As microseconds, such values would lie in the first weeks of 1970, in which nothing was ever published.
fn likely_unit(count: u64) -> Option<(&'static str, &'static str)> {
    /// The years 2001 to 2100 in seconds.
    const PLAUSIBLE: std::ops::Range<u64> = 1_000_000_000..4_102_444_800;
    let units = [("seconds", 1, "000000"), ("milliseconds", 1_000, "000")];
    let mut units = units.into_iter();
    let (unit, _, zeros) =
        units.find(|(_, per_second, _)| PLAUSIBLE.contains(&(count / per_second)))?;
    Some((unit, zeros))
}

/// Parses microseconds or RFC 3339. Also accepts a space for the `+` of an offset, because an unescaped `+` in a query
/// decodes to a space.
fn parse_instant(text: &str) -> Option<Micros> {
    if let Some(micros) = parse_saturating(text) {
        return Some(Micros::new(i64::try_from(micros).unwrap_or(i64::MAX)));
    }
    let with_plus = || {
        let (time, offset) = text.rsplit_once(' ')?;
        format!("{time}+{offset}").parse().ok()
    };
    let timestamp: Option<jiff::Timestamp> = text.parse().ok().or_else(with_plus);
    Some(Micros::new(timestamp?.as_microsecond()))
}

#[cfg(test)]
mod tests;
