//! [`ViewerText`]: the messages that viewers send in `tickcast.v1`. Twin: `web/src/client/protocol.ts`.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::Error;

use super::Seq;

/// A message from a viewer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ViewerText {
    /// Asks for a `pong` with this id.
    Ping(u64),
    /// How well the viewer's page draws.
    Report(ViewerReport),
    /// A type that this version does not know.
    Unknown,
}

/// What a page reports about itself, over the time since its last report. Nothing of it is verified.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct ViewerReport {
    /// The time that the report covers.
    pub seconds: f64,
    /// The error bound of the page's clock, in microseconds.
    pub bound_us: u64,
    /// Publications received live.
    pub received: u64,
    /// Those of them that arrived after the instant at which they were to be drawn.
    pub late: u64,
    /// Publications that were not received.
    pub missed: u64,
    /// Animation frames that were drawn.
    pub frames: u64,
    /// Animation frames that were left out.
    pub dropped: u64,
}

impl ViewerText {
    /// Parses a text message.
    ///
    /// # Errors
    /// It is not a JSON object with a `type`, it is a ping without an integer `id` less than 2^53, or a report without
    /// its numbers.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct TypeOnly<'a> {
            #[serde(borrow)]
            r#type: Cow<'a, str>,
        }
        #[derive(Deserialize)]
        struct Ping {
            id: u64,
        }
        // Serde would accept an array as the fields of a struct in order.
        if !text.trim_start().starts_with('{') {
            return Err(serde_json::Error::custom("not an object"));
        }
        match &*serde_json::from_str::<TypeOnly<'_>>(text)?.r#type {
            "ping" => {
                let Ping { id } = serde_json::from_str(text)?;
                if id > Seq::MAX.get() {
                    return Err(serde_json::Error::custom("id is 2^53 or more"));
                }
                Ok(Self::Ping(id))
            }
            "report" => {
                let report: ViewerReport = serde_json::from_str(text)?;
                if report.seconds < 0.0 {
                    return Err(serde_json::Error::custom("seconds is negative"));
                }
                Ok(Self::Report(report))
            }
            _ => Ok(Self::Unknown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> ViewerText {
        ViewerText::parse(text).unwrap()
    }

    const REPORT: &str = r#"{"type":"report","seconds":15.02,"bound_us":1800,"received":150,"late":3,"missed":0,"frames":901,"dropped":2}"#;

    #[test]
    fn pings_and_reports_are_parsed_and_unknown_types_are_ignored() {
        assert_eq!(parse(r#"{"type":"ping","id":7}"#), ViewerText::Ping(7));
        assert_eq!(
            parse(r#"{"id":9007199254740991,"type":"p\u0069ng","x":[]}"#),
            ViewerText::Ping(9_007_199_254_740_991)
        );
        let ViewerText::Report(report) = parse(REPORT) else {
            panic!("not a report");
        };
        assert_eq!(
            (report.bound_us, report.received, report.late),
            (1_800, 150, 3)
        );
        assert_eq!(
            (report.seconds, report.frames, report.dropped),
            (15.02, 901, 2)
        );
        assert_eq!(parse(r#"{"type":"wave","id":"?"}"#), ViewerText::Unknown);
    }

    #[test]
    fn malformed_messages_are_errors() {
        for bad in [
            "",
            "1",
            "[]",
            r#"["wave"]"#,
            "{}",
            r#"{"type":1}"#,
            r#"{"type":"ping"}"#,
            r#"{"type":"ping","id":-1}"#,
            r#"{"type":"ping","id":1.5}"#,
            r#"{"type":"ping","id":9007199254740992}"#,
            r#"{"type":"report"}"#,
            &REPORT.replace("1800", "-1"),
            &REPORT.replace("1800", "\"1800\""),
            &REPORT.replace("15.02", "-1"),
            &REPORT.replace("15.02", "1e999"),
            &REPORT.replace(r#","dropped":2"#, ""),
        ] {
            assert!(ViewerText::parse(bad).is_err(), "{bad}");
        }
    }
}
