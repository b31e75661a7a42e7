//! Records as CSV (RFC 4180): a row for each, a column for each field of the dataset.
//!
//! The columns are those of the whole dataset, so the pages of a range fit together. Texts stand as they are: one
//! that begins with `=` is left for the reader's spreadsheet to judge.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::protocol::Due;
use crate::source::{Fields, each_entry, unquote};

/// What the hub itself says of each record.
const OWN: [&str; 2] = ["seq", "t"];

/// The first row.
pub(super) fn header(fields: &Fields) -> Vec<u8> {
    let mut row = Vec::new();
    put_row(
        OWN.map(Cow::Borrowed).into_iter().chain(columns(fields)),
        &mut row,
    );
    row
}

/// A field that is called like one of the hub's own columns is set apart as `data.seq`, once more if there is a
/// field of that name too.
fn columns(fields: &Fields) -> impl Iterator<Item = Cow<'_, str>> {
    let keys: HashSet<_> = fields.keys().collect();
    fields.keys().map(move |key| {
        let mut name = Cow::Borrowed(key);
        if OWN.contains(&key) {
            name = format!("data.{key}").into();
            while keys.contains(name.as_ref()) {
                name = format!("data.{name}").into();
            }
        }
        name
    })
}

/// The row of `due`.
pub(super) fn put_record(due: &Due<'_>, fields: &Fields, out: &mut Vec<u8>) {
    let mut cells = vec![""; fields.keys().len()];
    each_entry(due.record, |key, json| {
        if let Some(cell) = fields.place(&key).and_then(|place| cells.get_mut(place)) {
            *cell = json;
        }
    });
    let own = [due.seq.to_string(), due.t.to_string()];
    put_row(
        own.into_iter()
            .map(Cow::Owned)
            .chain(cells.into_iter().map(text)),
        out,
    );
}

/// What stands in a cell for a value: the text of a string, nothing for null, else its own spelling.
fn text(json: &str) -> Cow<'_, str> {
    match json {
        "null" => Cow::Borrowed(""),
        json => unquote(json).unwrap_or(Cow::Borrowed(json)),
    }
}

fn put_row<'a>(cells: impl Iterator<Item = Cow<'a, str>>, out: &mut Vec<u8>) {
    for (place, cell) in cells.enumerate() {
        if place > 0 {
            out.push(b',');
        }
        if cell.contains(['"', ',', '\r', '\n']) {
            out.push(b'"');
            out.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
            out.push(b'"');
        } else {
            out.extend_from_slice(cell.as_bytes());
        }
    }
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::protocol::{Micros, Seq};
    use crate::source::Dataset;

    /// The records of `json` as a table.
    fn table(json: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("d.json");
        std::fs::write(&path, json).unwrap();
        let dataset = Dataset::load(&path, usize::MAX).unwrap();
        let mut rows = header(dataset.fields());
        for (seq, record) in (1..).zip(dataset.records()) {
            let due = Due {
                seq: Seq::saturating(seq),
                t: Micros::new(0),
                record,
            };
            put_record(&due, dataset.fields(), &mut rows);
        }
        String::from_utf8(rows).unwrap()
    }

    #[test]
    fn columns_come_by_first_appearance_and_what_is_missing_or_null_is_empty() {
        assert_eq!(
            table(r#"[{"b":1.50},{"a":true,"b":null},{},{"c":[1,{"x":"y"}],"a":"p q"}]"#),
            "seq,t,b,a,c\r\n1,0,1.50,,\r\n2,0,,true,\r\n3,0,,,\r\n4,0,,p q,\"[1,{\"\"x\"\":\"\"y\"\"}]\"\r\n"
        );
    }

    #[test]
    fn what_is_no_object_stands_under_data() {
        assert_eq!(
            table(r#"[1e3,"x",null,[1],{"data":2,"d":3}]"#),
            "seq,t,data,d\r\n1,0,1e3,\r\n2,0,x,\r\n3,0,,\r\n4,0,[1],\r\n5,0,2,3\r\n"
        );
    }

    #[test]
    fn fields_called_like_the_hubs_own_columns_are_set_apart() {
        assert_eq!(
            table(r#"[{"seq":7,"t":8,"data.t":9,"data.seq.x":0}]"#),
            "seq,t,data.seq,data.data.t,data.t,data.seq.x\r\n1,0,7,8,9,0\r\n"
        );
    }

    #[test]
    fn of_a_key_that_comes_twice_the_last_counts() {
        assert_eq!(table(r#"[{"a":1,"a":2}]"#), "seq,t,a\r\n1,0,2\r\n");
    }

    proptest! {
        #[test]
        fn any_text_is_read_back_as_it_was(texts in proptest::collection::vec("[ -~\r\n\"é,=]*", 1..4)) {
            let record: serde_json::Map<_, _> = texts.iter().enumerate()
                .map(|(n, text)| (format!("{n}{text}"), text.as_str().into()))
                .collect();
            let rows = table(&serde_json::to_string(&[&record]).unwrap());
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(rows.as_bytes());
            let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
            prop_assert_eq!(rows.len(), 2);
            let keys: Vec<_> = record.keys().map(String::as_str).collect();
            let values: Vec<_> = record.values().map(|value| value.as_str().unwrap()).collect();
            prop_assert_eq!(rows[0].iter().skip(2).collect::<Vec<_>>(), keys);
            prop_assert_eq!(rows[1].iter().skip(2).collect::<Vec<_>>(), values);
        }
    }
}
