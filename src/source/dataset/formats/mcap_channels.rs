//! [`Channels`]: the channels of an MCAP file, and which of them can be played.

use std::collections::HashMap;
use std::path::Path;

use super::super::dataset_error::DatasetError;
use super::mcap_record::ChannelRecord;
use super::unusable;
use crate::source::channel_description::ChannelDescription;

/// The channels that have been found so far, in the order of the file.
#[derive(Debug, Default)]
pub(super) struct Channels {
    list: Vec<ChannelDescription>,
    /// The index in `list` of each id. Several writers may have an id each for the same channel.
    ids: HashMap<u16, usize>,
    /// The index of the first one with a JSON message.
    first_json: Option<usize>,
}

/// Channels that an error lists.
const LISTED_MAX: usize = 30;

impl Channels {
    pub(super) fn add(&mut self, channel: ChannelRecord) {
        let ChannelRecord {
            id,
            topic,
            encoding,
        } = channel;
        let same = |other: &ChannelDescription| other.name == topic && other.encoding == encoding;
        let index = self.list.iter().position(same).unwrap_or_else(|| {
            self.list.push(ChannelDescription {
                name: topic.clone(),
                encoding: encoding.clone(),
                messages: 0,
            });
            self.list.len() - 1
        });
        self.ids.insert(id, index);
    }

    /// Counts a message of the channel `id`, and returns whether it is played: it is JSON, and of the channel `wanted`, or
    /// of the first one.
    pub(super) fn count(&mut self, id: u16, wanted: Option<&str>) -> bool {
        let Some(&index) = self.ids.get(&id) else {
            return false;
        };
        let channel = &mut self.list[index];
        channel.messages += 1;
        if !channel.is_json() {
            return false;
        }
        match wanted {
            Some(wanted) => channel.name == wanted,
            None => *self.first_json.get_or_insert(index) == index,
        }
    }

    /// The name of the channel `wanted`, or of the only one that can be played.
    pub(super) fn choose(&self, path: &Path, wanted: Option<&str>) -> Result<&str, DatasetError> {
        let playable: Vec<_> = self
            .list
            .iter()
            .filter(|channel| channel.is_playable())
            .collect();
        let Some(wanted) = wanted else {
            return match playable[..] {
                [only] => Ok(&only.name),
                [] => Err(self.no_json(path)),
                _ => {
                    let problem = format!("has {} channels with JSON messages", playable.len());
                    let remedy = format!("choose one with `channel`: {}", listed(&playable));
                    Err(unusable(path, problem, remedy))
                }
            };
        };
        if let Some(channel) = playable.iter().find(|channel| channel.name == wanted) {
            return Ok(&channel.name);
        }
        if playable.is_empty() {
            return Err(self.no_json(path));
        }
        let problem = match self.list.iter().find(|channel| channel.name == wanted) {
            Some(channel) if channel.is_json() => format!("the channel `{wanted}` has no messages"),
            Some(channel) => format!(
                "the channel `{wanted}` has messages in `{}`, and only those in JSON can be played",
                channel.encoding
            ),
            None => format!("has no channel `{wanted}`"),
        };
        let remedy = format!("the channels that can be played are {}", listed(&playable));
        Err(unusable(path, problem, remedy))
    }

    fn no_json(&self, path: &Path) -> DatasetError {
        let all: Vec<_> = self.list.iter().collect();
        let problem = if all.is_empty() {
            "has no channels".to_owned()
        } else {
            let all = listed(&all);
            format!("has no channel with JSON messages; its channels are {all}")
        };
        let remedy = "record the channels in JSON, or convert one of them to NDJSON or CSV";
        unusable(path, problem, remedy)
    }

    pub(super) fn into_descriptions(self) -> Vec<ChannelDescription> {
        self.list
    }
}

fn listed(channels: &[&ChannelDescription]) -> String {
    let shown = channels.iter().take(LISTED_MAX).map(ToString::to_string);
    let shown = shown.collect::<Vec<_>>().join(", ");
    if channels.len() > LISTED_MAX {
        format!("{shown}, …")
    } else {
        shown
    }
}
