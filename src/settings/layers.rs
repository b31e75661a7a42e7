//! [`Layers`]: the layers default < file < environment < flag, merged by the `config` crate; and [`Section`]: typed
//! access to the merged values of one table.
//!
//! `config` merges tables and keeps the origin of each value, but its getters convert (`"9000"` to 9000, 9000.7 to
//! 9001). Therefore only validated values go in, and they are read back as the type they went in with, without the
//! getters.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use config::{Config, ConfigError, Map, Source, Value as MergedValue, ValueKind};

use super::quantity::{parse_duration, parse_size};
use super::validate::Assignment;
use super::value_origin::{ValueOrigin, dotted_key};
use super::value_type::SettingValue;

/// The effective values of the table at a path. The getters return `None` for an invalid value without reporting it:
/// validation has reported it before.
#[derive(Debug, Clone)]
pub(super) struct Section<'a> {
    layers: &'a Layers,
    path: Vec<&'a str>,
}

/// One layer: a tree of values by key.
#[derive(Debug, Clone)]
struct Layer(Map<String, MergedValue>);

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    /// `config` splits only the top-level names at dots. These are section names without dots, so topic names below
    /// them are not split.
    fn collect(&self) -> Result<Map<String, MergedValue>, ConfigError> {
        Ok(self.0.clone())
    }
}

/// The merged values with their origins.
#[derive(Debug)]
pub(super) struct Layers {
    root: MergedValue,
    /// Indexed by the number that each merged value has as its `origin`.
    origins: Vec<ValueOrigin>,
}

impl Layers {
    /// Merges the layers; later ones override earlier ones.
    pub(super) fn merge(layers: [Vec<Assignment>; 4]) -> Self {
        let mut origins = Vec::new();
        let mut builder = Config::builder();
        for assignments in layers {
            builder = builder.add_source(to_layer(assignments, &mut origins));
        }
        let built = builder
            .build()
            .expect("a layer in memory is always collected");
        Self {
            root: built.cache,
            origins,
        }
    }

    /// The value at `path`, if any layer sets it.
    pub(super) fn get(&self, path: &[&str]) -> Option<(SettingValue, &ValueOrigin)> {
        let mut carried = &self.root;
        for name in path {
            let ValueKind::Table(table) = &carried.kind else {
                return None;
            };
            carried = table.get(*name)?;
        }
        let origin = carried
            .origin()
            .and_then(|number| self.origins.get(number.parse::<usize>().ok()?))?;
        Some((from_config_kind(&carried.kind), origin))
    }
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
        parse_duration(&self.text(name)?).ok()
    }

    pub(super) fn size<T: TryFrom<u64>>(&self, name: &str) -> Option<T> {
        parse_size(&self.text(name)?).ok()?.try_into().ok()
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

fn to_layer(assignments: Vec<Assignment>, origins: &mut Vec<ValueOrigin>) -> Layer {
    let mut top = Map::new();
    for assignment in assignments {
        let number = origins.len().to_string();
        origins.push(assignment.origin);
        insert(
            &mut top,
            &assignment.path,
            MergedValue::new(Some(&number), to_config_kind(assignment.value)),
        );
    }
    Layer(top)
}

fn insert(table: &mut Map<String, MergedValue>, path: &[String], value: MergedValue) {
    match path {
        [] => {}
        [name] => {
            table.insert(name.clone(), value);
        }
        [name, rest @ ..] => {
            let below = table
                .entry(name.clone())
                .or_insert_with(|| MergedValue::from(Map::<String, MergedValue>::new()));
            if let ValueKind::Table(below) = &mut below.kind {
                insert(below, rest, value);
            }
        }
    }
}

fn to_config_kind(value: SettingValue) -> ValueKind {
    match value {
        SettingValue::Text(text) => ValueKind::String(text),
        SettingValue::Number(number) => ValueKind::U64(number),
        SettingValue::Bool(value) => ValueKind::Boolean(value),
        SettingValue::Array(texts) => ValueKind::from(texts),
        SettingValue::Invalid => ValueKind::Nil,
    }
}

fn from_config_kind(kind: &ValueKind) -> SettingValue {
    let text = |value: &MergedValue| match &value.kind {
        ValueKind::String(text) => Some(text.clone()),
        _ => None,
    };
    match kind {
        ValueKind::String(text) => SettingValue::Text(text.clone()),
        ValueKind::U64(number) => SettingValue::Number(*number),
        ValueKind::Boolean(value) => SettingValue::Bool(*value),
        ValueKind::Array(values) => values
            .iter()
            .map(text)
            .collect::<Option<_>>()
            .map_or(SettingValue::Invalid, SettingValue::Array),
        _ => SettingValue::Invalid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assignment(path: &[&str], value: SettingValue, flag: &str) -> Assignment {
        let path = path.iter().map(|name| (*name).to_owned()).collect();
        Assignment {
            path,
            value,
            origin: ValueOrigin::Flag {
                flag: flag.to_owned(),
            },
        }
    }

    #[test]
    fn every_value_is_returned_unchanged_with_its_origin() {
        let path = ["topics", "a.b-c", "x"];
        for value in [
            SettingValue::Text("007".into()),
            SettingValue::Text("true".into()),
            SettingValue::Text(String::new()),
            SettingValue::Number(u64::MAX),
            SettingValue::Bool(false),
            SettingValue::Array(vec!["1".into(), "two".into()]),
            SettingValue::Array(Vec::new()),
        ] {
            let layers = Layers::merge([
                vec![assignment(&path, value.clone(), "-x")],
                vec![],
                vec![],
                vec![],
            ]);
            let (back, origin) = layers.get(&path).unwrap();
            assert_eq!((back, origin.to_string().as_str()), (value, "-x"));
        }
    }

    #[test]
    fn a_later_layer_overrides_one_value_and_keeps_the_others() {
        let text = |text: &str| SettingValue::Text(text.to_owned());
        let (x, y) = (["t", "a", "x"], ["t", "a", "y"]);
        let layers = Layers::merge([
            vec![
                assignment(&x, text("0"), "0"),
                assignment(&y, text("0"), "0"),
            ],
            vec![assignment(&x, text("1"), "1")],
            vec![assignment(&["t", "b"], text("2"), "2")],
            vec![assignment(&x, SettingValue::Array(vec![]), "3")],
        ]);
        let of = |path: &[&str]| {
            layers
                .get(path)
                .map(|(value, origin)| (value, origin.to_string()))
        };
        assert_eq!(of(&x), Some((SettingValue::Array(vec![]), "3".into())));
        assert_eq!(of(&y), Some((text("0"), "0".into())));
        assert_eq!(of(&["t", "b"]), Some((text("2"), "2".into())));
        assert_eq!(of(&["t", "c"]), None);
    }
}
