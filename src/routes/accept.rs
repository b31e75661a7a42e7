//! The header `Accept` (RFC 9110, section 12.5.1), with its weights.

use warp::http::{HeaderMap, header};

/// All items of `Accept`.
#[derive(Debug)]
pub(super) struct Accepted<'a> {
    pub(super) ranges: Vec<MediaRange<'a>>,
    /// Whether every item could be read.
    pub(super) is_understood: bool,
}

impl<'a> Accepted<'a> {
    /// Reads the `Accept` lines in `headers`.
    pub(super) fn of(headers: &'a HeaderMap) -> Self {
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
            is_understood,
        }
    }

    /// The weight of what is named by type and subtype, in thousandths; `None` where it is not named.
    pub(super) fn named(&self, media_type: (&str, &str)) -> Option<u16> {
        let named = self
            .ranges
            .iter()
            .filter(|range| range.exactness == 2 && range.takes(media_type));
        named.map(|range| range.weight).max()
    }
}

/// An item of `Accept`.
#[derive(Debug)]
pub(super) struct MediaRange<'a> {
    r#type: &'a str,
    subtype: &'a str,
    /// 0 for `*/*`, 1 for `text/*`, 2 for `text/csv`.
    pub(super) exactness: u8,
    /// Thousandths; 0 refuses.
    pub(super) weight: u16,
}

impl<'a> MediaRange<'a> {
    /// Reads one item; `None` if it is not a media range.
    fn parse(item: &'a str) -> Option<Self> {
        let mut parts = item.split(';').map(str::trim);
        let (r#type, subtype) = match parts.next()? {
            // Some old libraries send this.
            "*" => ("*", "*"),
            range => range.split_once('/')?,
        };
        let mut parameters = parts.filter_map(|parameter| parameter.split_once('='));
        let weight = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
        let weight = weight.map_or(Some(1_000), |(_, text)| thousandths(text.trim()))?;
        Some(Self {
            r#type,
            subtype,
            exactness: u8::from(r#type != "*") + u8::from(subtype != "*"),
            weight,
        })
    }

    /// Whether it names the type and subtype, or a range that has them.
    pub(super) fn takes(&self, (r#type, subtype): (&str, &str)) -> bool {
        let fits = |range: &str, name: &str| range == "*" || range.eq_ignore_ascii_case(name);
        fits(self.r#type, r#type) && fits(self.subtype, subtype)
    }
}

/// A weight of 0 to 1 with at most three places (RFC 9110, section 12.4.2); clients leave out the 0 before them.
pub(super) fn thousandths(text: &str) -> Option<u16> {
    let (whole, places) = text.split_once('.').unwrap_or((text, ""));
    let is_spelled_well = places.len() <= 3 && places.bytes().all(|byte| byte.is_ascii_digit());
    let thousandths: u16 = format!("{places:0<3}").parse().ok()?;
    match whole {
        "" if places.is_empty() => None,
        "" | "0" if is_spelled_well => Some(thousandths),
        "1" if is_spelled_well && thousandths == 0 => Some(1_000),
        _ => None,
    }
}
