//! [`Section`]: typed access to the effective values of one table.
//!
//! The getters return `None` for an invalid value without reporting it: validation has reported it before.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use super::duration;
use super::layers::Layers;
use super::size;
use super::value_origin::{ValueOrigin, dotted_key};
use super::value_type::SettingValue;

/// The effective values of the table at a path.
#[derive(Debug, Clone)]
pub(super) struct Section<'a> {
    layers: &'a Layers,
    path: Vec<&'a str>,
}

impl<'a> Section<'a> {
    pub(super) fn new(layers: &'a Layers, path: &[&'a str]) -> Self {
        Self {
            layers,
            path: path.to_vec(),
        }
    }

    /// The dotted key of `name` in this table.
    pub(super) fn key(&self, name: &str) -> String {
        dotted_key(&self.path_to(name))
    }

    /// The value and its origin, even if the value is invalid.
    pub(super) fn get(&self, name: &str) -> Option<(SettingValue, &'a ValueOrigin)> {
        self.layers.get(&self.path_to(name))
    }

    pub(super) fn origin(&self, name: &str) -> &'a ValueOrigin {
        self.get(name)
            .map_or(&ValueOrigin::Default, |(_, origin)| origin)
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.get(name)?.0 {
            SettingValue::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn parsed<T: FromStr>(&self, name: &str) -> Option<T> {
        self.text(name)?.parse().ok()
    }

    pub(super) fn number<T: TryFrom<u64>>(&self, name: &str) -> Option<T> {
        match self.get(name)?.0 {
            SettingValue::Number(number) => number.try_into().ok(),
            _ => None,
        }
    }

    pub(super) fn boolean(&self, name: &str) -> Option<bool> {
        match self.get(name)?.0 {
            SettingValue::Bool(value) => Some(value),
            _ => None,
        }
    }

    pub(super) fn duration(&self, name: &str) -> Option<Duration> {
        duration::parse(&self.text(name)?).ok()
    }

    pub(super) fn size<T: TryFrom<u64>>(&self, name: &str) -> Option<T> {
        size::parse(&self.text(name)?).ok()?.try_into().ok()
    }

    pub(super) fn array(&self, name: &str) -> Option<Vec<String>> {
        match self.get(name)?.0 {
            SettingValue::Array(texts) => Some(texts),
            _ => None,
        }
    }

    /// Resolves a path. In the file, and as a default, it is relative to the file; in the environment or a flag, to the
    /// working directory.
    pub(super) fn path(&self, name: &str, file: &Path) -> Option<PathBuf> {
        let typed = self.text(name)?;
        Some(match self.origin(name) {
            ValueOrigin::Default | ValueOrigin::File { .. } => {
                file.parent().unwrap_or(Path::new("")).join(typed)
            }
            ValueOrigin::Environment { .. } | ValueOrigin::Flag { .. } => typed.into(),
        })
    }

    fn path_to<'n>(&self, name: &'n str) -> Vec<&'n str>
    where
        'a: 'n,
    {
        self.path.iter().copied().chain([name]).collect()
    }
}
