//! [`DatasetDescription`]: what the records of a source are, for people: each field with its types, range and an example.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;

use super::decimal::Decimal;
use super::field_path::{DEPTH_MAX, escape, is_object};
use super::record_fields::for_each_field;
use super::record_source::RecordSource;
use super::source_error::SourceError;

/// What the records are.
#[derive(Debug)]
pub struct DatasetDescription {
    /// The number of records.
    pub records: u64,
    /// The fields, in the order of their first appearance.
    pub fields: Vec<FieldDescription>,
}

/// The values of a field.
#[derive(Debug, Default)]
pub struct FieldDescription {
    /// The key, or the path of a nested one.
    pub name: String,
    /// How many are numbers.
    pub numbers: u64,
    /// How many are `true` or `false`.
    pub booleans: u64,
    /// How many are strings.
    pub texts: u64,
    /// How many are arrays, or objects that are nested too deep to be fields.
    pub structures: u64,
    /// How many are null.
    pub nulls: u64,
    /// How many records do not have the field.
    pub missing: u64,
    /// The least and the greatest number, as they are spelled.
    pub range: Option<[String; 2]>,
    /// The first value that is not null, as JSON, up to a length.
    pub example: Option<String>,
}

/// Records that are read at once.
const BLOCK_LEN: u64 = 1_024;
/// In characters.
const EXAMPLE_LEN_MAX: usize = 40;

impl DatasetDescription {
    /// Reads all records of `source`.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn new(source: &dyn RecordSource) -> Result<Self, SourceError> {
        let records = source.count().get();
        let mut fields = Fields::default();
        for start in (0..records).step_by(usize::try_from(BLOCK_LEN).unwrap_or(usize::MAX)) {
            for record in source.read(start..(start + BLOCK_LEN).min(records))? {
                fields.observe("", &record, DEPTH_MAX);
            }
        }
        for field in &mut fields.list {
            field.missing = records.saturating_sub(field.values());
        }
        Ok(Self {
            records,
            fields: fields.list,
        })
    }
}

impl FieldDescription {
    /// The types of its values, as words.
    #[must_use]
    pub fn types(&self) -> Vec<&'static str> {
        [
            (self.numbers, "number"),
            (self.booleans, "boolean"),
            (self.texts, "text"),
            (self.structures, "structure"),
        ]
        .into_iter()
        .filter_map(|(count, name)| (count > 0).then_some(name))
        .collect()
    }

    const fn values(&self) -> u64 {
        self.numbers + self.booleans + self.texts + self.structures + self.nulls
    }

    fn observe(&mut self, json: &str) {
        match json.as_bytes().first() {
            Some(b'n') => {
                self.nulls += 1;
                return;
            }
            Some(b't' | b'f') => self.booleans += 1,
            Some(b'"') => self.texts += 1,
            Some(b'[' | b'{') => self.structures += 1,
            _ => {
                self.numbers += 1;
                self.widen(json);
            }
        }
        self.example
            .get_or_insert_with(|| shortened(json).into_owned());
    }

    /// Extends the range to the number `json`.
    fn widen(&mut self, json: &str) {
        let Some([least, greatest]) = &mut self.range else {
            self.range = Some([json.to_owned(), json.to_owned()]);
            return;
        };
        if compare(json, least) == Ordering::Less {
            json.clone_into(least);
        } else if compare(json, greatest) == Ordering::Greater {
            json.clone_into(greatest);
        }
    }
}

/// The fields that have been observed.
#[derive(Default)]
struct Fields {
    list: Vec<FieldDescription>,
    /// The index in `list` of each name.
    indices: HashMap<String, usize>,
}

impl Fields {
    /// Observes the fields of `object`, whose names begin with `prefix`; objects in it are searched for fields, up to
    /// `depth` levels.
    fn observe(&mut self, prefix: &str, object: &[u8], depth: usize) {
        let is_record = object.first() == Some(&b'{');
        for_each_field(object, |key, value| {
            let name = format!("{prefix}{}", escape(&key));
            if is_record && is_object(value) && depth > 1 {
                self.observe(&format!("{name}."), value.as_bytes(), depth - 1);
            } else {
                self.field(name).observe(value);
            }
        });
    }

    fn field(&mut self, name: String) -> &mut FieldDescription {
        let next = self.list.len();
        let index = *self.indices.entry(name).or_insert_with_key(|name| {
            self.list.push(FieldDescription {
                name: name.clone(),
                ..FieldDescription::default()
            });
            next
        });
        &mut self.list[index]
    }
}

fn compare(one: &str, other: &str) -> Ordering {
    Decimal::parse(one).cmp(&Decimal::parse(other))
}

fn shortened(json: &str) -> Cow<'_, str> {
    match json.char_indices().nth(EXAMPLE_LEN_MAX) {
        None => Cow::Borrowed(json),
        Some((end, _)) => Cow::Owned(format!("{}…", &json[..end])),
    }
}
