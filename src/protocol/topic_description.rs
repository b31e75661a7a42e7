//! What a topic is, as its entry in `GET /api/v1/topics` says: its kind, its dataset, and what the configuration says
//! about the records.
//!
//! Twin: `web/src/main/topics.ts`. Not in `hello`, because viewers do not need it to draw, and each of them would be
//! sent it.

use serde::Serialize;

use super::{Epoch, Micros};

/// What a topic carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TopicKind {
    /// A dataset, played again.
    Replay,
}

impl TopicKind {
    /// The name of the kind in metrics, as in JSON.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Replay => "replay",
        }
    }
}

/// The dataset of a replay topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DatasetFileView<'a> {
    /// The name of the file, without its folder.
    pub name: &'a str,
    /// The number of records.
    pub len: u64,
    /// Whether playback restarts after the last record.
    #[serde(rename = "loop")]
    pub looping: bool,
    /// SHA-256 of the file, in lower-case hexadecimal.
    pub sha256: &'a str,
}

/// The dataset to which a topic switches at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NextDatasetView {
    /// The instant.
    pub at: Micros,
    /// The epoch that begins then.
    pub epoch: Epoch,
    /// The name of the file, without its folder.
    pub name: String,
    /// The number of records.
    pub len: u64,
    /// SHA-256 of the file, in lower-case hexadecimal.
    pub sha256: String,
}

/// What the records of a topic are, where they come from, and on which terms.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AboutView {
    /// The name of the dataset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Who made or published it, and where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The licence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
}

impl AboutView {
    /// Returns the title.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }
}
