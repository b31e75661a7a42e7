//! [`Comparison`]: how far two hubs' clocks are apart, and the timelines of the topics that both of them serve.
//!
//! Hubs with the same dataset and the same fixed start agree without a connection between them, to the extent that their
//! clocks do. What is compared is what pages use: the hub's clock, and the instants at which records are due.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::time::Duration;

use hyper::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::clock_offset::{ClockOffset, ClockReading, Distance, Verdict, readable};
use super::hub_client::{HubAddress, HubClient, HubResponse};
use crate::command::{Failure, ignore_broken_pipe};

/// How often each clock is read. The fastest exchanges decide how narrow the bounds are, so there have to be several.
const READINGS: usize = 16;

/// Two hubs, and how far they may be apart.
pub(super) struct Comparison<'a> {
    pub(super) one: &'a HubAddress,
    pub(super) other: &'a HubAddress,
    pub(super) within: Duration,
}

/// The response of `/api/v1/time`.
#[derive(Deserialize)]
struct HubTime {
    now: i64,
}

/// The response of `/api/v1/topics`.
#[derive(Deserialize)]
struct TopicList {
    topics: Vec<ListedTopic>,
}

#[derive(Deserialize)]
struct ListedTopic {
    name: String,
    epoch: String,
    /// The newest record; 0 before the first.
    seq: u64,
    /// `null` if the records have time stamps.
    rate: Option<f64>,
    /// Absent in earlier versions of the hub.
    speed: Option<f64>,
    playing: bool,
    ended: bool,
    /// Earlier hubs do not say it.
    #[serde(default)]
    stopped: bool,
}

/// A page of the history, of which only the instants matter.
#[derive(Deserialize)]
struct RecordInstants {
    items: Vec<RecordInstant>,
}

#[derive(Deserialize)]
struct RecordInstant {
    t: i64,
}

/// A problem document.
#[derive(Deserialize)]
struct RefusalDetail {
    detail: String,
}

/// One compared property of the two hubs.
struct Finding {
    /// What was compared: `clocks`, or a topic.
    subject: String,
    text: String,
    verdict: Verdict,
}

/// The two hubs during the comparison.
struct HubPair<'a> {
    one: HubClient<'a>,
    other: HubClient<'a>,
    within: Duration,
}

impl Comparison<'_> {
    /// Compares the hubs and prints what was found; fails if they are too far apart.
    pub(super) async fn run(&self) -> Result<(), Failure> {
        let mut pair = HubPair {
            one: HubClient::connect(self.one).await?,
            other: HubClient::connect(self.other).await?,
            within: self.within,
        };
        let ahead = pair.clock_distance().await?;
        let mut findings = vec![pair.clock_finding(ahead)];
        findings.extend(pair.compare_topics(ahead).await?);
        let mut out = io::stdout().lock();
        for Finding { subject, text, .. } in &findings {
            ignore_broken_pipe(writeln!(out, "{subject}: {text}"))?;
        }
        let limit = readable(i64::try_from(self.within.as_micros()).unwrap_or(i64::MAX));
        let having = |verdict| subjects(&findings, verdict);
        let (one, other) = (self.one, self.other);
        if let Some(apart) = having(Verdict::Apart) {
            return Err(Failure::Running(format!(
                "`{one}` and `{other}` are more than {limit} apart: {apart}"
            )));
        }
        if let Some(unknown) = having(Verdict::Unknown) {
            return Err(Failure::Running(format!(
                "the connections are too slow to see whether `{one}` and `{other}` are within {limit}: {unknown}; measure \
                 from a machine near both, or allow more with `--within`"
            )));
        }
        ignore_broken_pipe(writeln!(out, "the hubs agree within {limit}"))
    }
}

/// The subjects of the findings with `verdict`, if there are any.
fn subjects(findings: &[Finding], verdict: Verdict) -> Option<String> {
    let found = findings.iter().filter(|finding| finding.verdict == verdict);
    let subjects: Vec<_> = found.map(|finding| finding.subject.as_str()).collect();
    (!subjects.is_empty()).then(|| subjects.join(", "))
}

impl HubPair<'_> {
    /// How far the clock of the other hub is ahead.
    async fn clock_distance(&mut self) -> Result<Distance, Failure> {
        let begin = Instant::now();
        let (mut of_one, mut of_other) = (Vec::new(), Vec::new());
        // In turns, so that both are measured in the same conditions.
        for _ in 0..READINGS {
            of_one.push(read_clock(&mut self.one, begin).await?);
            of_other.push(read_clock(&mut self.other, begin).await?);
        }
        let offset = |readings: &[ClockReading]| {
            ClockOffset::from_readings(readings).expect("there are several readings")
        };
        Ok(offset(&of_other).ahead_of(offset(&of_one)))
    }

    fn clock_finding(&self, ahead: Distance) -> Finding {
        let side = if ahead.micros < 0 {
            "behind"
        } else {
            "ahead of"
        };
        let (one, other) = (self.one.address, self.other.address);
        Finding {
            subject: "clocks".to_owned(),
            text: format!("`{other}` is {ahead} {side} `{one}`"),
            verdict: ahead.within(self.within),
        }
    }

    async fn compare_topics(&mut self, ahead: Distance) -> Result<Vec<Finding>, Failure> {
        let (of_one, of_other) = (topics(&mut self.one).await?, topics(&mut self.other).await?);
        let names: BTreeSet<_> = of_one.keys().chain(of_other.keys()).collect();
        let mut findings = Vec::new();
        for name in names {
            let (text, verdict) = match (of_one.get(name), of_other.get(name)) {
                (Some(one), Some(other)) => match difference(one, other) {
                    Some(text) => (text, Verdict::Apart),
                    None => self.compare_timelines(one, other, ahead).await?,
                },
                (Some(_), None) => (format!("only at `{}`", self.one.address), Verdict::Apart),
                _ => (format!("only at `{}`", self.other.address), Verdict::Apart),
            };
            findings.push(Finding {
                subject: format!("topic {name}"),
                text,
                verdict,
            });
        }
        Ok(findings)
    }

    /// Compares when the newest record that both hubs have is due at each of them.
    async fn compare_timelines(
        &mut self,
        one: &ListedTopic,
        other: &ListedTopic,
        ahead: Distance,
    ) -> Result<(String, Verdict), Failure> {
        let seq = one.seq.min(other.seq);
        if one.seq.max(other.seq) == 0 {
            return Ok(("has not begun at either hub".to_owned(), Verdict::Near));
        }
        let path = format!("/api/v1/topics/{}/history?from={seq}&to={seq}", one.name);
        let due_at_one = due(&mut self.one, &path).await?;
        let due_at_other = due(&mut self.other, &path).await?;
        let (Some(due_at_one), Some(due_at_other)) = (due_at_one, due_at_other) else {
            return Ok((format!("record {seq} is not at both hubs"), Verdict::Apart));
        };
        // A clock that is ahead shows its record earlier.
        let later = Distance {
            micros: (due_at_other - due_at_one) - ahead.micros,
            ..ahead
        };
        let side = if later.micros < 0 { "earlier" } else { "later" };
        let address = self.other.address;
        let text = format!("the same epoch; record {seq} is due {later} {side} at `{address}`");
        Ok((text, later.within(self.within)))
    }
}

/// Why the two topics of the same name are not the same timeline; `None` if they are.
fn difference(one: &ListedTopic, other: &ListedTopic) -> Option<String> {
    let (epoch, other_epoch) = (&one.epoch, &other.epoch);
    if epoch != other_epoch {
        return Some(format!(
            "different epochs, `{epoch}` and `{other_epoch}`: the records, `loop`, `start`, `rate`, `time` or `speed` differ, or `start` is not \
             fixed"
        ));
    }
    if one.rate != other.rate {
        let rate = |topic: &ListedTopic| {
            topic
                .rate
                .map_or("none".to_owned(), |rate| rate.to_string())
        };
        return Some(format!(
            "different rates, {} and {}",
            rate(one),
            rate(other)
        ));
    }
    let speed = |topic: &ListedTopic| topic.speed.unwrap_or(1.0);
    let (speed, other_speed) = (speed(one), speed(other));
    if (speed - other_speed).abs() > f64::EPSILON {
        return Some(format!("different speeds, {speed} and {other_speed}"));
    }
    let state = |topic: &ListedTopic| match topic {
        ListedTopic { stopped: true, .. } => "stopped, because its dataset was changed,",
        ListedTopic { ended: true, .. } => "ended",
        ListedTopic { playing: true, .. } => "playing",
        ListedTopic { playing: false, .. } => "paused",
    };
    let (state, other_state) = (state(one), state(other));
    (state != other_state).then(|| format!("{state} at one hub, {other_state} at the other"))
}

async fn read_clock(hub: &mut HubClient<'_>, begin: Instant) -> Result<ClockReading, Failure> {
    let micros = || i64::try_from(begin.elapsed().as_micros()).unwrap_or(i64::MAX);
    let sent = micros();
    let response = hub.get("/api/v1/time").await?;
    let received = micros();
    let HubTime { now } = parse(hub.address, response)?;
    Ok(ClockReading {
        sent,
        theirs: now,
        received,
    })
}

async fn topics(hub: &mut HubClient<'_>) -> Result<BTreeMap<String, ListedTopic>, Failure> {
    let response = hub.get("/api/v1/topics").await?;
    let TopicList { topics } = parse(hub.address, response)?;
    let named = topics.into_iter().map(|topic| (topic.name.clone(), topic));
    Ok(named.collect())
}

/// When the record that `path` requests is due, by the clock of `hub`.
async fn due(hub: &mut HubClient<'_>, path: &str) -> Result<Option<i64>, Failure> {
    let response = hub.get(path).await?;
    let RecordInstants { items } = parse(hub.address, response)?;
    Ok(items.first().map(|item| item.t))
}

fn parse<T: DeserializeOwned>(address: &HubAddress, response: HubResponse) -> Result<T, Failure> {
    let HubResponse { status, body } = response;
    if status != StatusCode::OK {
        let detail = serde_json::from_slice(&body).map(|RefusalDetail { detail }| detail);
        let detail = detail.map_or(String::new(), |detail| format!(": {detail}"));
        return Err(Failure::Running(format!(
            "`{address}` answered {status}{detail}; use the address at which the hub serves its page"
        )));
    }
    serde_json::from_slice(&body).map_err(|error| {
        Failure::Running(format!("`{address}` does not answer like a hub: {error}"))
    })
}
