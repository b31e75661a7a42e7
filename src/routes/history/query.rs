//! What the query of a history request says. Everything that can be wrong with it is told here.

use std::collections::HashMap;

use super::format::Format;
use crate::hub::{End, Span};
use crate::protocol::{Micros, Seq};
use crate::routes::problem::{Code, Problem};
use crate::routes::{shown, whole};

/// A query that makes sense.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Query {
    /// Which publications.
    pub(super) span: Span,
    /// How many of them at most; with fewer points asked for, it does not count.
    pub(super) limit: u64,
    /// Fewer points that look the same.
    pub(super) thinning: Option<Thinning>,
    /// `None` leaves it to `Accept`.
    pub(super) format: Option<Format>,
}

/// At most so many points, chosen by the numbers of a field.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Thinning {
    pub(super) points: u64,
    pub(super) field: String,
}

const PARAMETERS: [&str; 9] = [
    "from", "to", "from_t", "to_t", "last", "limit", "points", "field", "format",
];

/// Records in an answer to whoever says nothing else.
const LIMIT_DEFAULT: u64 = 1_000;

const POINTS_MIN: u64 = 2;

/// Reads `query`; no answer has more than `history_max` records.
pub(super) fn parse(query: &str, history_max: u64) -> Result<Query, Problem> {
    let parameters = Parameters::read(query)?;
    let (limit, last) = (parameters.count("limit")?, parameters.count("last")?);
    if limit == Some(0) {
        return Err(invalid("`limit` is 0; give at least 1, or leave it out"));
    }
    let thinning = parameters.thinning(history_max)?;
    // What is thinned may be as long as it likes; what is not comes whole.
    let last = last.map(|last| {
        if thinning.is_some() {
            last
        } else {
            last.min(history_max)
        }
    });
    let limit = limit
        .or(last)
        .unwrap_or(LIMIT_DEFAULT)
        .clamp(1, history_max);
    let span = parameters.span(last)?.unwrap_or(match thinning {
        Some(_) => Span::Range {
            from: None,
            to: None,
        },
        None => Span::Newest(limit),
    });
    Ok(Query {
        span,
        limit,
        thinning,
        format: parameters.text("format").map(Format::named).transpose()?,
    })
}

fn invalid(detail: impl Into<String>) -> Problem {
    Problem::new(Code::ParameterInvalid, detail)
}

fn conflict(detail: impl Into<String>) -> Problem {
    Problem::new(Code::ParametersConflict, detail)
}

fn missing(detail: impl Into<String>) -> Problem {
    Problem::new(Code::ParameterMissing, detail)
}

/// Known parameters, each given once.
struct Parameters(HashMap<&'static str, String>);

impl Parameters {
    fn read(query: &str) -> Result<Self, Problem> {
        let mut parameters = HashMap::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            // A misspelt one would be answered with other data than were asked for.
            let Some(known) = PARAMETERS.into_iter().find(|&known| known == name) else {
                return Err(Problem::new(
                    Code::ParameterUnknown,
                    format!(
                        "`{}` is no parameter of the history; there are `{}`",
                        shown(&name),
                        PARAMETERS.join("`, `")
                    ),
                ));
            };
            if parameters.insert(known, value.into_owned()).is_some() {
                return Err(Problem::new(
                    Code::ParameterRepeated,
                    format!("`{known}` is given twice; give it once"),
                ));
            }
        }
        Ok(Self(parameters))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A whole number, however large; beyond what fits it is the largest that does.
    fn count(&self, name: &str) -> Result<Option<u64>, Problem> {
        self.text(name)
            .map(|text| {
                whole(text).ok_or_else(|| {
                    invalid(format!(
                        "`{name}` is `{}`, which is not a whole number of 0 or more; give one such as `100`",
                        shown(text)
                    ))
                })
            })
            .transpose()
    }

    fn instant(&self, name: &str) -> Result<Option<Micros>, Problem> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let instant = instant(text).ok_or_else(|| {
            invalid(format!(
                "`{name}` is `{}`, which is no instant; give microseconds since 1970, or one such as \
                 `2026-01-01T00:00:00Z`",
                shown(text)
            ))
        })?;
        match whole(text).and_then(coarser_unit) {
            Some((unit, zeros)) => Err(invalid(format!(
                "`{name}` is `{text}`, which would be {unit} since 1970, but instants are microseconds; give \
                 `{text}{zeros}`, or one such as `2026-01-01T00:00:00Z`"
            ))),
            None => Ok(Some(instant)),
        }
    }

    /// Which publications are asked for; `None` when nothing is said.
    fn span(&self, last: Option<u64>) -> Result<Option<Span>, Problem> {
        let seq = |name| self.count(name).map(|count| count.map(Seq::saturating));
        let (from, to) = (seq("from")?, seq("to")?);
        let (from_t, to_t) = (self.instant("from_t")?, self.instant("to_t")?);
        check_order("from", from, "to", to)?;
        check_order("from_t", from_t, "to_t", to_t)?;
        let from = one_end("from", from, "from_t", from_t)?;
        let to = one_end("to", to, "to_t", to_t)?;
        match (from, to, last) {
            (None, None, None) => Ok(None),
            (None, None, Some(last)) => Ok(Some(Span::Newest(last))),
            (from, to, None) => Ok(Some(Span::Range { from, to })),
            (_, _, Some(_)) => Err(conflict(
                "`last` is given with an end of a range; give `from` or `from_t` and `to` or `to_t`, or only `last`",
            )),
        }
    }

    fn thinning(&self, points_max: u64) -> Result<Option<Thinning>, Problem> {
        match (self.count("points")?, self.text("field")) {
            (None, None) => Ok(None),
            (Some(points), _) if points < POINTS_MIN => Err(invalid(format!(
                "`points` is {points}; give at least {POINTS_MIN}"
            ))),
            (Some(points), Some(field)) => Ok(Some(Thinning {
                // `history_max` may be 1.
                points: points.min(points_max).max(POINTS_MIN),
                field: field.to_owned(),
            })),
            (Some(_), None) => Err(missing(
                "`points` is given without `field`; name the field whose extremes are to be kept",
            )),
            (None, Some(_)) => Err(missing(
                "`field` is given without `points`; say how many points are wanted",
            )),
        }
    }
}

/// An end of a range may be of either kind, but of one.
fn one_end(
    seq_name: &str,
    seq: Option<Seq>,
    t_name: &str,
    t: Option<Micros>,
) -> Result<Option<End>, Problem> {
    match (seq, t) {
        (Some(_), Some(_)) => Err(conflict(format!(
            "`{seq_name}` and `{t_name}` are both given; give one of them"
        ))),
        (seq, t) => Ok(seq.map(End::Seq).or(t.map(End::Instant))),
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
            "`{from_name}` is {from} and lies after `{to_name}`, {to}; give the earlier one first"
        ))),
        _ => Ok(()),
    }
}

/// The unit in which `count` is of our time, and what is missing behind it; `None` for microseconds, and for what is of
/// no time that a hub can know. Nothing was ever due in the first weeks of 1970, which these would be.
fn coarser_unit(count: u64) -> Option<(&'static str, &'static str)> {
    /// 2001 to 2100 in seconds, beyond which no topic begins.
    const OUR_TIME: std::ops::Range<u64> = 1_000_000_000..4_102_444_800;
    let units = [("seconds", 1, "000000"), ("milliseconds", 1_000, "000")];
    let mut units = units.into_iter();
    let (unit, _, zeros) =
        units.find(|(_, per_second, _)| OUR_TIME.contains(&(count / per_second)))?;
    Some((unit, zeros))
}

/// Microseconds, or RFC 3339. People type the `+` of an offset as it is, and in a query that means a space.
fn instant(text: &str) -> Option<Micros> {
    if let Some(micros) = whole(text) {
        return Some(Micros::new(i64::try_from(micros).unwrap_or(i64::MAX)));
    }
    let typed = || {
        let (time, offset) = text.rsplit_once(' ')?;
        format!("{time}+{offset}").parse().ok()
    };
    let timestamp: Option<jiff::Timestamp> = text.parse().ok().or_else(typed);
    Some(Micros::new(timestamp?.as_microsecond()))
}

#[cfg(test)]
mod tests;
