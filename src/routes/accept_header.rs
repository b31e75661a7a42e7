//! Parses the `Accept` header with its weights (RFC 9110, section 12.5.1).

use warp::http::{HeaderMap, header};

/// The parsed `Accept` headers of a request.
#[derive(Debug)]
pub(super) struct AcceptHeader<'a> {
    /// The well-formed media ranges, in the order of the header.
    pub(super) ranges: Vec<MediaRange<'a>>,
    /// False if an item was malformed; such items are not in `ranges`.
    pub(super) is_well_formed: bool,
}

impl<'a> AcceptHeader<'a> {
    /// Parses all `Accept` lines in `headers`.
    pub(super) fn from_headers(headers: &'a HeaderMap) -> Self {
        let (mut ranges, mut is_understood) = (Vec::new(), true);
        for line in headers.get_all(header::ACCEPT) {
            let items = line.to_str().unwrap_or("unreadable").split(',');
            for item in items.filter(|item| !item.trim().is_empty()) {
                match MediaRange::parse(item) {
                    Some(range) => ranges.push(range),
                    None => is_understood = false,
                }
            }
        }
        Self {
            ranges,
            is_well_formed: is_understood,
        }
    }

    /// Returns the weight given to exactly this type and subtype, in thousandths. Wildcards do not count.
    pub(super) fn weight_of(&self, media_type: (&str, &str)) -> Option<u16> {
        let exact = self
            .ranges
            .iter()
            .filter(|range| range.specificity == 2 && range.matches(media_type));
        exact.map(|range| range.weight).max()
    }
}

/// A media range: one item of an `Accept` header.
#[derive(Debug)]
pub(super) struct MediaRange<'a> {
    r#type: &'a str,
    subtype: &'a str,
    /// 0 for `*/*`, 1 for `text/*`, 2 for `text/csv`.
    pub(super) specificity: u8,
    /// In thousandths; 0 means not acceptable.
    pub(super) weight: u16,
}

impl<'a> MediaRange<'a> {
    /// Parses one item; returns `None` if it is not a media range.
    fn parse(item: &'a str) -> Option<Self> {
        let mut parts = item.split(';').map(str::trim);
        let (r#type, subtype) = match parts.next()? {
            // Some old HTTP libraries send a single `*`.
            "*" => ("*", "*"),
            range => range.split_once('/')?,
        };
        let mut parameters = parts.filter_map(|parameter| parameter.split_once('='));
        let weight = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
        let weight = weight.map_or(Some(1_000), |(_, text)| parse_qvalue(text.trim()))?;
        Some(Self {
            r#type,
            subtype,
            specificity: u8::from(r#type != "*") + u8::from(subtype != "*"),
            weight,
        })
    }

    /// Whether the range includes this type and subtype.
    pub(super) fn matches(&self, (r#type, subtype): (&str, &str)) -> bool {
        let includes = |range: &str, name: &str| range == "*" || range.eq_ignore_ascii_case(name);
        includes(self.r#type, r#type) && includes(self.subtype, subtype)
    }
}

/// Parses a weight from 0 to 1 with at most three decimal places into thousandths (RFC 9110, section 12.4.2). Also
/// accepts a missing leading zero, as in `.5`, because some clients send it.
pub(super) fn parse_qvalue(text: &str) -> Option<u16> {
    let (whole, places) = text.split_once('.').unwrap_or((text, ""));
    let is_well_formed = places.len() <= 3 && places.bytes().all(|byte| byte.is_ascii_digit());
    let thousandths: u16 = format!("{places:0<3}").parse().ok()?;
    match whole {
        "" if places.is_empty() => None,
        "" | "0" if is_well_formed => Some(thousandths),
        "1" if is_well_formed && thousandths == 0 => Some(1_000),
        _ => None,
    }
}
