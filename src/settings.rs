//! What is true (types only for now).
use crate::protocol::{Micros, Rate, TopicName};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;
/// .
#[derive(Debug, Clone)]
pub struct Settings {
    pub server: Server,
    pub ops: Ops,
    pub log: Log,
    pub state: State,
    pub topics: Vec<Topic>,
    pub file: PathBuf,
}
/// .
#[derive(Debug, Clone)]
pub struct Server {
    pub host: IpAddr,
    pub port: u16,
    pub default_topic: TopicName,
    pub max_viewers: usize,
    pub max_viewers_per_ip: usize,
    pub allowed_origins: Vec<String>,
    pub trusted_proxies: Vec<ipnet::IpNet>,
    pub header_timeout: Duration,
    pub history_max: u64,
    pub recover_max: u64,
    pub drain: Duration,
}
/// .
#[derive(Debug, Clone)]
pub struct Ops {
    pub enabled: bool,
    pub host: IpAddr,
    pub port: u16,
}
/// .
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Json,
    Text,
}
/// .
#[derive(Debug, Clone)]
pub struct Log {
    pub format: LogFormat,
    pub level: String,
    pub stats_every: Duration,
}
/// .
#[derive(Debug, Clone)]
pub struct State {
    pub dir: Option<PathBuf>,
}
/// .
#[derive(Debug, Clone, Copy)]
pub enum Start {
    FirstRun,
    At(Micros),
}
/// .
#[derive(Debug, Clone, Copy)]
pub enum Backfill {
    Span(Duration),
    Records(u64),
}
/// .
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlowPolicy {
    Skip,
    Disconnect,
}
/// .
#[derive(Debug, Clone)]
pub struct Topic {
    pub name: TopicName,
    pub dataset: PathBuf,
    pub rate: Rate,
    pub looping: bool,
    pub start: Start,
    pub backfill: Backfill,
    pub delay: Duration,
    pub coalesce: Duration,
    pub slow: SlowPolicy,
    pub max_lag: Duration,
    pub fields: Vec<Field>,
}
/// .
#[derive(Debug, Clone)]
pub struct Field {
    pub name: String,
    pub label: Option<String>,
    pub unit: Option<String>,
}
