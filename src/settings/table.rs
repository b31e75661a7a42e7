//! `Table`: a table of effective values, read as the types that `Settings` holds.
//!
//! A value that was not good is missing here without a word: it has been reported where it was read.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use super::duration;
use super::kind::Value;
use super::layers::Layers;
use super::origin::{Origin, dotted};
use super::size;

/// The table at a path.
#[derive(Debug, Clone)]
pub(super) struct Table<'a> {
    layers: &'a Layers,
    path: Vec<&'a str>,
}

impl<'a> Table<'a> {
    pub(super) fn at(layers: &'a Layers, path: &[&'a str]) -> Self {
        Self {
            layers,
            path: path.to_vec(),
        }
    }

    /// The dotted key of `name` in this table.
    pub(super) fn key(&self, name: &str) -> String {
        dotted(&self.below(name))
    }

    /// The value and its origin; also a spoiled one.
    pub(super) fn get(&self, name: &str) -> Option<(Value, &'a Origin)> {
        self.layers.get(&self.below(name))
    }

    pub(super) fn origin(&self, name: &str) -> &'a Origin {
        self.get(name)
            .map_or(&Origin::Default, |(_, origin)| origin)
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.get(name)?.0 {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn parsed<T: FromStr>(&self, name: &str) -> Option<T> {
        self.text(name)?.parse().ok()
    }

    pub(super) fn number<T: TryFrom<u64>>(&self, name: &str) -> Option<T> {
        match self.get(name)?.0 {
            Value::Number(number) => number.try_into().ok(),
            _ => None,
        }
    }

    pub(super) fn switch(&self, name: &str) -> Option<bool> {
        match self.get(name)?.0 {
            Value::Switch(value) => Some(value),
            _ => None,
        }
    }

    pub(super) fn span(&self, name: &str) -> Option<Duration> {
        duration::parse(&self.text(name)?).ok()
    }

    pub(super) fn size<T: TryFrom<u64>>(&self, name: &str) -> Option<T> {
        size::parse(&self.text(name)?).ok()?.try_into().ok()
    }

    pub(super) fn list(&self, name: &str) -> Option<Vec<String>> {
        match self.get(name)?.0 {
            Value::List(texts) => Some(texts),
            _ => None,
        }
    }

    /// A path typed in the file is relative to the file, as is a default; in a shell, to where the shell stands.
    pub(super) fn path(&self, name: &str, file: &Path) -> Option<PathBuf> {
        let typed = self.text(name)?;
        Some(match self.origin(name) {
            Origin::Default | Origin::File { .. } => {
                file.parent().unwrap_or(Path::new("")).join(typed)
            }
            Origin::Environment { .. } | Origin::Flag { .. } => typed.into(),
        })
    }

    fn below<'n>(&self, name: &'n str) -> Vec<&'n str>
    where
        'a: 'n,
    {
        self.path.iter().copied().chain([name]).collect()
    }
}
