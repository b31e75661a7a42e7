//! The banner of a hub that was started at a terminal: what plays, where to open it, how others reach it, and how to stop
//! it.

use std::fmt::Write as _;
use std::net::SocketAddr;

use super::watch::local_url;
use crate::server::Server;
use crate::settings::Settings;
use crate::source::{Dataset, RecordSource as _};

/// Topics that are named; the others are counted.
const TOPICS_MAX: usize = 5;

/// The lines of the banner.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Banner {
    /// What plays.
    topics: String,
    /// The address to open on this machine.
    open: String,
    /// How other machines reach the hub: one line each, never empty.
    others: Vec<String>,
}

/// The addresses of a hub.
#[derive(Debug, Clone, Copy)]
struct Reach<'a> {
    /// Where the public listener listens.
    address: SocketAddr,
    /// What the listener can be reached at from elsewhere.
    urls: &'a [String],
    /// The first of the names that the hub answers to, if it is configured.
    name: Option<&'a str>,
}

impl Banner {
    /// The banner of `server`, which plays `topics`.
    pub(super) fn new(topics: String, server: &Server, settings: &Settings) -> Self {
        let name = settings.server.hosts.first().map(ToString::to_string);
        let reach = Reach {
            address: server.public_address(),
            urls: &server.public_urls(),
            name: name.as_deref(),
        };
        Self::with_reach(topics, reach)
    }

    /// The address of the page on this machine.
    pub(super) fn page(&self) -> &str {
        &self.open
    }

    fn with_reach(topics: String, reach: Reach<'_>) -> Self {
        let Reach {
            address,
            urls,
            name,
        } = reach;
        let here = format!("{}/", local_url(address.ip(), address.port()));
        let is_loopback = address.ip().is_loopback();
        let (open, others) = match name {
            None if is_loopback => {
                let others = "not from other machines; --host 0.0.0.0 lets them in".to_owned();
                (here, vec![others])
            }
            Some(name) if is_loopback => {
                (here, vec![format!("through a proxy that calls it {name}")])
            }
            None if urls.is_empty() => (here, vec!["this machine has no network".to_owned()]),
            None => (here, urls.to_vec()),
            // The hub answers to its names only.
            Some(name) => {
                let named = format!("http://{name}:{}/", address.port());
                (named.clone(), vec![named])
            }
        };
        Self {
            topics,
            open,
            others,
        }
    }
}

impl std::fmt::Display for Banner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let version = env!("CARGO_PKG_VERSION");
        writeln!(f, "tickcast {version} plays {}", self.topics)?;
        writeln!(f, "  open it:    {}", self.open)?;
        let mut label = "for others:";
        for address in &self.others {
            writeln!(f, "  {label} {address}")?;
            label = "           ";
        }
        writeln!(f, "  stop it:    Ctrl-C")
    }
}

/// What plays: the topics with their records, and how they are paced.
pub(super) fn describe_topics(settings: &Settings, datasets: &[Dataset]) -> String {
    let topics = settings.topics.iter().zip(datasets);
    let described = topics.map(|(topic, dataset)| {
        let (name, records, pace) = (&topic.name, dataset.count(), topic.describe_pace());
        format!("{name} ({records} records, {pace})")
    });
    list(described.collect())
}

/// Joins the first few of `topics`, and counts the others.
fn list(topics: Vec<String>) -> String {
    let others = topics.len().saturating_sub(TOPICS_MAX);
    let mut text = topics
        .into_iter()
        .take(TOPICS_MAX)
        .collect::<Vec<_>>()
        .join(", ");
    if others > 0 {
        write!(text, " and {others} more").expect("a string takes everything");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(address: &str, name: Option<&str>) -> [String; 2] {
        let urls = ["http://192.0.2.7:8000/".to_owned()];
        let reach = Reach {
            address: address.parse().unwrap(),
            urls: &urls,
            name,
        };
        let banner = Banner::with_reach("demo".to_owned(), reach);
        [banner.open, banner.others.join(" ")]
    }

    #[test]
    fn the_addresses_are_those_that_the_hub_answers_to() {
        let here = "http://127.0.0.1:8000/";
        let closed = "not from other machines; --host 0.0.0.0 lets them in";
        assert_eq!(lines("127.0.0.1:8000", None), [here, closed]);
        let proxied = "through a proxy that calls it hub.example.org";
        let name = Some("hub.example.org");
        assert_eq!(lines("127.0.0.1:8000", name), [here, proxied]);
        assert_eq!(
            lines("0.0.0.0:8000", None),
            [here, "http://192.0.2.7:8000/"]
        );
        let named = "http://hub.example.org:8000/";
        assert_eq!(lines("0.0.0.0:8000", name), [named, named]);
        assert_eq!(lines("192.0.2.7:8000", None), ["http://192.0.2.7:8000/"; 2]);
        let ipv6 = "http://[::1]:8000/";
        assert_eq!(lines("[::]:8000", None), [ipv6, "http://192.0.2.7:8000/"]);
    }

    #[test]
    fn every_address_for_others_has_a_line() {
        let banner = Banner {
            topics: "demo".to_owned(),
            open: "http://127.0.0.1:8000/".to_owned(),
            others: vec![
                "http://192.0.2.7:8000/".to_owned(),
                "http://[2001:db8::7]:8000/".to_owned(),
            ],
        };
        let text = banner.to_string();
        let lines =
            "  for others: http://192.0.2.7:8000/\n              http://[2001:db8::7]:8000/\n";
        assert!(text.contains(lines), "{text}");
    }

    #[test]
    fn many_topics_are_counted() {
        let topics = |count: usize| list((1..=count).map(|number| format!("t{number}")).collect());
        assert_eq!(topics(1), "t1");
        assert_eq!(topics(5), "t1, t2, t3, t4, t5");
        assert_eq!(topics(7), "t1, t2, t3, t4, t5 and 2 more");
    }
}
