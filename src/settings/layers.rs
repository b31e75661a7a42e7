//! `Layers`: default < file < environment < flag, laid over each other by the `config` crate.
//!
//! `config` merges tables and carries the origin of each value; it also converts whatever it is asked to
//! (`"9000"` to 9000, 9000.7 to 9001). So it only ever gets values that were read strictly, and is never asked to convert:
//! every value is taken back as the very kind that went in.

use config::{Config, ConfigError, Map, Source, Value as Carried, ValueKind};

use super::kind::Value;
use super::origin::Origin;
use super::strict::Leaf;

/// One layer: values by the path of their key.
#[derive(Debug, Clone)]
struct Layer(Map<String, Carried>);

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    /// The names at the top are those of the sections: `config` takes only these apart at dots, so the names of topics
    /// below stay whole.
    fn collect(&self) -> Result<Map<String, Carried>, ConfigError> {
        Ok(self.0.clone())
    }
}

/// The effective values, with their origins.
#[derive(Debug)]
pub(super) struct Layers {
    top: Carried,
    /// What the number in a carried value's `origin` stands for.
    origins: Vec<Origin>,
}

impl Layers {
    /// Lays the later over the earlier.
    pub(super) fn merge(layers: [Vec<Leaf>; 4]) -> Self {
        let mut origins = Vec::new();
        let mut builder = Config::builder();
        for leaves in layers {
            builder = builder.add_source(layer(leaves, &mut origins));
        }
        let built = builder
            .build()
            .expect("a layer in memory is always collected");
        Self {
            top: built.cache,
            origins,
        }
    }

    /// The value at `path`, unless no layer has one.
    pub(super) fn get(&self, path: &[&str]) -> Option<(Value, &Origin)> {
        let mut carried = &self.top;
        for name in path {
            let ValueKind::Table(table) = &carried.kind else {
                return None;
            };
            carried = table.get(*name)?;
        }
        let origin = carried
            .origin()
            .and_then(|number| self.origins.get(number.parse::<usize>().ok()?))?;
        Some((restored(&carried.kind), origin))
    }
}

fn layer(leaves: Vec<Leaf>, origins: &mut Vec<Origin>) -> Layer {
    let mut top = Map::new();
    for leaf in leaves {
        let number = origins.len().to_string();
        origins.push(leaf.origin);
        insert(
            &mut top,
            &leaf.path,
            Carried::new(Some(&number), carried(leaf.value)),
        );
    }
    Layer(top)
}

fn insert(table: &mut Map<String, Carried>, path: &[String], value: Carried) {
    match path {
        [] => {}
        [name] => {
            table.insert(name.clone(), value);
        }
        [name, rest @ ..] => {
            let below = table
                .entry(name.clone())
                .or_insert_with(|| Carried::from(Map::<String, Carried>::new()));
            if let ValueKind::Table(below) = &mut below.kind {
                insert(below, rest, value);
            }
        }
    }
}

fn carried(value: Value) -> ValueKind {
    match value {
        Value::Text(text) => ValueKind::String(text),
        Value::Number(number) => ValueKind::U64(number),
        Value::Switch(value) => ValueKind::Boolean(value),
        Value::List(texts) => ValueKind::from(texts),
        Value::Spoiled => ValueKind::Nil,
    }
}

fn restored(kind: &ValueKind) -> Value {
    let text = |value: &Carried| match &value.kind {
        ValueKind::String(text) => Some(text.clone()),
        _ => None,
    };
    match kind {
        ValueKind::String(text) => Value::Text(text.clone()),
        ValueKind::U64(number) => Value::Number(*number),
        ValueKind::Boolean(value) => Value::Switch(*value),
        ValueKind::Array(values) => values
            .iter()
            .map(text)
            .collect::<Option<_>>()
            .map_or(Value::Spoiled, Value::List),
        _ => Value::Spoiled,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(path: &[&str], value: Value, flag: &str) -> Leaf {
        let path = path.iter().map(|name| (*name).to_owned()).collect();
        Leaf {
            path,
            value,
            origin: Origin::Flag {
                flag: flag.to_owned(),
            },
        }
    }

    #[test]
    fn every_value_comes_back_as_it_went_in_with_its_origin() {
        let path = ["topics", "a.b-c", "x"];
        for value in [
            Value::Text("007".into()),
            Value::Text("true".into()),
            Value::Text(String::new()),
            Value::Number(u64::MAX),
            Value::Switch(false),
            Value::List(vec!["1".into(), "two".into()]),
            Value::List(Vec::new()),
        ] {
            let layers = Layers::merge([
                vec![leaf(&path, value.clone(), "-x")],
                vec![],
                vec![],
                vec![],
            ]);
            let (back, origin) = layers.get(&path).unwrap();
            assert_eq!((back, origin.to_string().as_str()), (value, "-x"));
        }
    }

    #[test]
    fn a_later_layer_hides_a_value_and_leaves_its_neighbours() {
        let text = |text: &str| Value::Text(text.to_owned());
        let (x, y) = (["t", "a", "x"], ["t", "a", "y"]);
        let layers = Layers::merge([
            vec![leaf(&x, text("0"), "0"), leaf(&y, text("0"), "0")],
            vec![leaf(&x, text("1"), "1")],
            vec![leaf(&["t", "b"], text("2"), "2")],
            vec![leaf(&x, Value::List(vec![]), "3")],
        ]);
        let of = |path: &[&str]| {
            layers
                .get(path)
                .map(|(value, origin)| (value, origin.to_string()))
        };
        assert_eq!(of(&x), Some((Value::List(vec![]), "3".into())));
        assert_eq!(of(&y), Some((text("0"), "0".into())));
        assert_eq!(of(&["t", "b"]), Some((text("2"), "2".into())));
        assert_eq!(of(&["t", "c"]), None);
    }
}
