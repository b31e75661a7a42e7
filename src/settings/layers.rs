//! [`Layers`]: the layers default < file < environment < flag, merged by the `config` crate; and [`Section`]: access to
//! the merged values of one table.
//!
//! `config` merges tables, but its values have no types of ours, and its getters convert (`"9000"` to 9000, 9000.7 to
//! 9001). Therefore only the number of each assignment goes in, and the values stay as they were parsed.

use std::path::{Path, PathBuf};

use config::{Config, ConfigError, Map, Source, Value as MergedValue, ValueKind};

use super::setting_value::{FromSetting, SettingValue};
use super::settings_error::ValueOrigin;
use super::toml_value::dotted_key;

/// A value that one layer gives to a key.
#[derive(Debug, Clone)]
pub(super) struct Assignment {
    /// The names of the tables from the root down, and that of the key.
    pub(super) path: Vec<String>,
    /// `None` if the value is invalid, which has been reported. It still overrides the values of lower layers.
    pub(super) value: Option<SettingValue>,
    /// The value as TOML; empty if it is invalid.
    pub(super) toml: String,
    pub(super) origin: ValueOrigin,
}

/// The merged assignments.
#[derive(Debug)]
pub(super) struct Layers {
    /// A tree of tables by name, with indices of `assignments` as its leaves.
    root: MergedValue,
    assignments: Vec<Assignment>,
}

/// The effective values of the table at a path.
#[derive(Debug, Clone)]
pub(super) struct Section<'a> {
    layers: &'a Layers,
    path: Vec<&'a str>,
}

/// One layer: a tree of tables by name, with indices of assignments as its leaves.
#[derive(Debug, Clone, Default)]
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

impl Layers {
    /// Merges the layers; later ones override earlier ones.
    pub(super) fn merge(layers: [Vec<Assignment>; 4]) -> Self {
        let mut assignments = Vec::new();
        let mut builder = Config::builder();
        for layer in layers {
            let mut tree = Layer::default();
            for (index, assignment) in (assignments.len()..).zip(&layer) {
                insert(&mut tree.0, &assignment.path, index);
            }
            builder = builder.add_source(tree);
            assignments.extend(layer);
        }
        let built = builder
            .build()
            .expect("a layer in memory is always collected");
        Self {
            root: built.cache,
            assignments,
        }
    }

    /// These layers below one with `overrides`, and without the values at the paths `left_out`.
    pub(super) fn with(&self, overrides: Vec<Assignment>, left_out: &[[&str; 3]]) -> Self {
        let (mut root, mut assignments) = (self.root.clone(), self.assignments.clone());
        if let ValueKind::Table(table) = &mut root.kind {
            for (index, assignment) in (assignments.len()..).zip(&overrides) {
                insert(table, &assignment.path, index);
            }
            left_out.iter().for_each(|path| remove(table, path));
        }
        assignments.extend(overrides);
        Self { root, assignments }
    }

    /// The effective assignment of the key at `path`, if any layer has one.
    pub(super) fn get(&self, path: &[&str]) -> Option<&Assignment> {
        let mut found = &self.root;
        for name in path {
            let ValueKind::Table(table) = &found.kind else {
                return None;
            };
            found = table.get(*name)?;
        }
        match found.kind {
            ValueKind::U64(index) => self.assignments.get(usize::try_from(index).ok()?),
            _ => None,
        }
    }
}

fn insert(table: &mut Map<String, MergedValue>, path: &[String], index: usize) {
    match path {
        [] => {}
        [name] => {
            let leaf = MergedValue::new(None, ValueKind::U64(index as u64));
            table.insert(name.clone(), leaf);
        }
        [name, rest @ ..] => {
            let below = table
                .entry(name.clone())
                .or_insert_with(|| MergedValue::from(Map::<String, MergedValue>::new()));
            if let ValueKind::Table(below) = &mut below.kind {
                insert(below, rest, index);
            }
        }
    }
}

fn remove(table: &mut Map<String, MergedValue>, path: &[&str]) {
    match path {
        [] => {}
        [name] => _ = table.shift_remove(*name),
        [name, rest @ ..] => {
            if let Some(ValueKind::Table(below)) = table.get_mut(*name).map(|value| &mut value.kind)
            {
                remove(below, rest);
            }
        }
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

    /// The effective assignment, even if its value is invalid.
    pub(super) fn assignment(&self, name: &str) -> Option<&'a Assignment> {
        self.layers.get(&self.path_to(name))
    }

    pub(super) fn origin(&self, name: &str) -> &'a ValueOrigin {
        self.assignment(name)
            .map_or(&ValueOrigin::Default, |assignment| &assignment.origin)
    }

    /// The value, or `None` if it is not set, of another type, or invalid, which has been reported.
    pub(super) fn get<T: FromSetting>(&self, name: &str) -> Option<T> {
        T::from_setting(self.assignment(name)?.value.as_ref()?)
    }

    /// Resolves a path. In the file, and as a default, it is relative to the file; in the environment or a flag, to the
    /// working directory.
    pub(super) fn path(&self, name: &str, file: &Path) -> Option<PathBuf> {
        let typed: String = self.get(name)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn assignment(path: &[&str], value: Option<SettingValue>, flag: &str) -> Assignment {
        Assignment {
            path: path.iter().map(|name| (*name).to_owned()).collect(),
            value,
            toml: String::new(),
            origin: ValueOrigin::Flag {
                flag: flag.to_owned(),
            },
        }
    }

    #[test]
    fn every_value_is_returned_unchanged_with_its_origin() {
        let path = ["topics", "a.b-c", "x"];
        for value in [
            Some(SettingValue::Text("007".into())),
            Some(SettingValue::Text("true".into())),
            Some(SettingValue::Text(String::new())),
            Some(SettingValue::Count(u64::MAX)),
            Some(SettingValue::Bool(false)),
            Some(SettingValue::List(vec![
                SettingValue::Text("1".into()),
                SettingValue::Text("two".into()),
            ])),
            Some(SettingValue::List(Vec::new())),
            None,
        ] {
            let layers = Layers::merge([
                vec![assignment(&path, value.clone(), "-x")],
                vec![],
                vec![],
                vec![],
            ]);
            let found = layers.get(&path).unwrap();
            let origin = found.origin.to_string();
            assert_eq!((&found.value, origin.as_str()), (&value, "-x"));
        }
    }

    #[test]
    fn a_later_layer_overrides_one_value_and_keeps_the_others() {
        let text = |text: &str| Some(SettingValue::Text(text.to_owned()));
        let list = || Some(SettingValue::List(Vec::new()));
        let (x, y, z) = (["t", "a", "x"], ["t", "a", "y"], ["t", "a", "z"]);
        let layers = Layers::merge([
            vec![
                assignment(&x, text("0"), "0"),
                assignment(&y, text("0"), "0"),
                assignment(&z, text("0"), "0"),
            ],
            vec![assignment(&x, text("1"), "1"), assignment(&z, None, "1")],
            vec![assignment(&["t", "b"], text("2"), "2")],
            vec![assignment(&x, list(), "3")],
        ]);
        let of = |path: &[&str]| {
            layers
                .get(path)
                .map(|found| (found.value.clone(), found.origin.to_string()))
        };
        assert_eq!(of(&x), Some((list(), "3".into())));
        assert_eq!(of(&y), Some((text("0"), "0".into())));
        assert_eq!(of(&z), Some((None, "1".into())));
        assert_eq!(of(&["t", "b"]), Some((text("2"), "2".into())));
        assert_eq!(of(&["t", "c"]), None);
    }
}
