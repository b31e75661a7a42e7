//! Reads the JSON messages of one channel of an MCAP file, in the order of their time.
//!
//! Two passes: the first finds the channels, and where each message of the wanted one is; the second reads the messages.
//! Recorders write messages of several sources as they come, so the order of the file is not that of time; 32 bytes per
//! message and a few chunks are in memory to put them in order.

use serde_json::value::RawValue;

use super::super::dataset_error::DatasetError;
use super::super::dataset_note::{DatasetNote, NoteKind};
use super::super::input_file::InputFile;
use super::super::read_options::{LOG_TIME, ReadOptions};
use super::super::record_selection::RecordSelection;
use super::super::record_sink::RecordSink;
use super::chunk_cache::ChunkCache;
use super::mcap_channels::Channels;
use super::mcap_record::{MessageRecord, record_at};
use super::mcap_recording::{DataEnd, MessagePlace, Recording, Visited};
use super::{refused, unusable};
use crate::protocol::Micros;
use crate::source::channel_description::ChannelDescription;

/// A message of the wanted channel.
#[derive(Debug, Clone, Copy)]
struct IndexEntry {
    log_time: u64,
    place: MessagePlace,
}

/// Reads the messages of the channel that `options` name, or of the only one.
pub(super) fn read(
    file: &InputFile<'_>,
    options: &ReadOptions,
    records: &mut dyn RecordSink,
) -> Result<Vec<DatasetNote>, DatasetError> {
    let recording = Recording::open(file)?;
    let mut channels = Channels::default();
    let mut index = Vec::new();
    let wanted = options.channel.as_deref();
    let end = recording.visit(&mut |visited| {
        match visited {
            Visited::Channel(channel) => channels.add(channel),
            Visited::Message(message, place) => {
                if channels.count(message.channel, wanted) {
                    let log_time = message.log_time;
                    index.push(IndexEntry { log_time, place });
                }
            }
        }
        Ok(())
    })?;
    let name = channels.choose(file.path(), wanted)?.to_owned();
    // Stable, so that messages of the same time stay in the order of the file.
    if !index.is_sorted_by_key(|entry| entry.log_time) {
        index.sort_by_key(|entry| entry.log_time);
    }
    let mut notes = push_messages(file, &recording, &index, &name, options, records)?;
    if let DataEnd::Early(at) = end {
        notes.push(DatasetNote::of_file(NoteKind::EndsEarly { at }));
    }
    Ok(notes)
}

fn push_messages(
    file: &InputFile<'_>,
    recording: &Recording<'_, '_>,
    index: &[IndexEntry],
    channel: &str,
    options: &ReadOptions,
    records: &mut dyn RecordSink,
) -> Result<Vec<DatasetNote>, DatasetError> {
    let path = file.path();
    let mut selection = RecordSelection::new(options);
    let time = options.time.as_ref();
    let is_by_log_time = time.is_some_and(|time| time.key == LOG_TIME);
    if is_by_log_time {
        selection = selection.with_stamps_of_reader();
    }
    let mut chunks = ChunkCache::default();
    for entry in index {
        let content;
        let (content, offset) = match entry.place {
            MessagePlace::InFile(offset) => {
                content = recording.content_at(offset)?;
                (Ok(content.as_slice()), offset)
            }
            MessagePlace::InChunk { chunk, offset } => {
                let records = chunks.get(chunk, || recording.chunk_at(chunk))?;
                (record_at(records, offset), chunk)
            }
        };
        let message = content.and_then(MessageRecord::parse);
        let message = message.map_err(|_| recording.damaged(offset))?;
        let number = records.count() + 1;
        let what = || format!("message {number} of the channel `{channel}`");
        let json = serde_json::from_slice::<&RawValue>(message.data).map_err(|error| {
            let problem = format!("{} is not JSON: {error}", what());
            unusable(path, problem, "record it again, or play another channel")
        })?;
        let pushed = if is_by_log_time {
            let stamp = in_micros(message.log_time);
            selection.push_with(Some(stamp), json.get(), records)
        } else {
            selection.push(json.get(), records)
        };
        pushed.map_err(|error| refused(path, &what(), number, error))?;
    }
    selection.finish(path)
}

fn in_micros(nanos: u64) -> Micros {
    let micros = i64::try_from(nanos / 1_000);
    Micros::new(micros.expect("a thousandth of a number fits with a sign"))
}

/// The channels of `file`, in its order.
pub(super) fn channels(file: &InputFile<'_>) -> Result<Vec<ChannelDescription>, DatasetError> {
    let mut channels = Channels::default();
    Recording::open(file)?.visit(&mut |visited| {
        match visited {
            Visited::Channel(channel) => channels.add(channel),
            Visited::Message(message, _) => _ = channels.count(message.channel, None),
        }
        Ok(())
    })?;
    Ok(channels.into_descriptions())
}
