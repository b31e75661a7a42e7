//! Records as CSV (RFC 4180): a row for each, a column for each field of the dataset.
//!
//! The columns are those of the whole dataset, so the pages of a range fit together. Texts stand as they are: one
//! that begins with `=` is left for the reader's spreadsheet to judge.
//!
//! A row is written in pieces, so that its length takes no memory: neither a value of megabytes nor a million columns.

use std::borrow::Cow;
use std::ops::Range;

use crate::protocol::Due;
use crate::source::{Fields, each_entry};

/// What the hub itself says of each record.
const OWN: [&str; 2] = ["seq", "t"];

/// Bytes of a cell that are looked at in one piece; they take at most twice as many in the table.
const PIECE_LEN: usize = 8 * 1024;

/// Columns whose values are found by one reading of the record.
const WINDOW_LEN: usize = 1_024;

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub(super) enum Line<'a> {
    /// The first one, with the columns' names.
    Header,
    /// That of a record.
    Record(Due<'a>),
}

/// How much may be done before others get their turn.
#[derive(Debug)]
pub(super) struct Budget {
    /// A piece more is written while the output is shorter than this.
    pub(super) out_len: usize,
    /// A record more is read while there is any of this left, in bytes.
    pub(super) to_read: usize,
}

/// How far a row has been written.
#[derive(Debug, Default)]
pub(super) struct Row {
    /// The next column to be written.
    column: usize,
    /// Its cell, if it has been begun.
    cell: Option<Cell>,
    /// The fields whose values in the record are in `values`.
    window: Range<usize>,
    /// Where in the record's text the value of each of these fields is; empty where it has none. At most
    /// [`WINDOW_LEN`].
    values: Vec<Range<usize>>,
}

/// How far a cell has been written.
#[derive(Debug, Clone, Copy)]
struct Cell {
    /// Bytes of its text that have been.
    at: usize,
    /// The text is that of a JSON string whose escapes are to be undone.
    is_escaped: bool,
    is_quoted: bool,
}

impl Row {
    /// Writes more of the row of `line`; whether that was all of it. The next call must be for the same line if not.
    pub(super) fn put(
        &mut self,
        line: &Line<'_>,
        fields: &Fields,
        out: &mut Vec<u8>,
        budget: &mut Budget,
    ) -> bool {
        let columns = OWN.len() + fields.keys().len();
        while self.column < columns {
            if out.len() >= budget.out_len {
                return false;
            }
            let is_known = match line {
                Line::Header => true,
                Line::Record(due) => self.find_values(due.record, fields, budget),
            };
            if !is_known {
                return false;
            }
            self.put_piece(line, fields, out);
        }
        out.extend_from_slice(b"\r\n");
        self.column = 0;
        self.window = 0..0;
        true
    }

    /// Has the value of the next column in `values`, unless the budget is used up.
    fn find_values(&mut self, record: &[u8], fields: &Fields, budget: &mut Budget) -> bool {
        let Some(field) = self.column.checked_sub(OWN.len()) else {
            return true;
        };
        if self.window.contains(&field) {
            return true;
        }
        if budget.to_read == 0 {
            return false;
        }
        budget.to_read = budget.to_read.saturating_sub(record.len());
        let window = field..fields.keys().len().min(field + WINDOW_LEN);
        self.values.clear();
        self.values.resize(window.len(), 0..0);
        let start = record.as_ptr().addr();
        each_entry(record, |key, json| {
            let place = fields
                .place(&key)
                .and_then(|place| place.checked_sub(field));
            if let Some(value) = place.and_then(|place| self.values.get_mut(place)) {
                let begin = json.as_ptr().addr() - start;
                *value = begin..begin + json.len();
            }
        });
        self.window = window;
        true
    }

    fn put_piece(&mut self, line: &Line<'_>, fields: &Fields, out: &mut Vec<u8>) {
        let (text, may_be_escaped) = self.text(line, fields);
        let mut cell = self.cell.take().unwrap_or_else(|| {
            let cell = Cell::begin(&text, may_be_escaped);
            out.extend_from_slice(if self.column > 0 { b"," } else { b"" });
            out.extend_from_slice(if cell.is_quoted { b"\"" } else { b"" });
            cell
        });
        let end = piece_end(&text, cell.at, cell.is_escaped);
        let piece = as_text(&text[cell.at..end]);
        let piece = if cell.is_escaped {
            unescaped(piece).unwrap_or_default()
        } else {
            Cow::Borrowed(piece)
        };
        if cell.is_quoted {
            out.extend_from_slice(piece.replace('"', "\"\"").as_bytes());
        } else {
            out.extend_from_slice(piece.as_bytes());
        }
        if end == text.len() {
            out.extend_from_slice(if cell.is_quoted { b"\"" } else { b"" });
            self.column += 1;
        } else {
            cell.at = end;
            self.cell = Some(cell);
        }
    }

    /// The text of the next column, and whether it may have JSON's escapes: the text of a string, nothing for null, else
    /// the value's own spelling. As bytes, because to find out for every piece that all of it is UTF-8 would take long.
    fn text<'a>(&self, line: &Line<'a>, fields: &'a Fields) -> (Cow<'a, [u8]>, bool) {
        match (line, self.column.checked_sub(OWN.len())) {
            (Line::Header, None) => (OWN[self.column].as_bytes().into(), false),
            (Line::Header, Some(field)) => (bytes_of(column(fields, field)), false),
            (Line::Record(due), None) => {
                let own = [due.seq.to_string(), due.t.to_string()];
                (own[self.column].clone().into_bytes().into(), false)
            }
            (Line::Record(due), Some(field)) => {
                let value = self.values[field - self.window.start].clone();
                match &due.record[value] {
                    [b'"', inner @ .., b'"'] => (inner.into(), true),
                    b"null" => (Cow::Borrowed(&[]), false),
                    json => (json.into(), false),
                }
            }
        }
    }
}

impl Cell {
    /// Looks at the whole of `text`: whether there is anything in it that calls for quotes. A string with half of a
    /// surrogate pair stands for no text, and is given as it is spelled.
    fn begin(text: &[u8], may_be_escaped: bool) -> Self {
        let calls_for_quotes = |text: &[u8]| {
            text.iter()
                .any(|byte| matches!(byte, b'"' | b',' | b'\r' | b'\n'))
        };
        let has_escapes = may_be_escaped && text.contains(&b'\\');
        let is_quoted = has_escapes.then(|| {
            let (mut at, mut is_quoted) = (0, false);
            while at < text.len() {
                let end = piece_end(text, at, true);
                is_quoted |= calls_for_quotes(unescaped(as_text(&text[at..end]))?.as_bytes());
                at = end;
            }
            Some(is_quoted)
        });
        let is_quoted = is_quoted.flatten();
        Self {
            at: 0,
            is_escaped: is_quoted.is_some(),
            is_quoted: is_quoted.unwrap_or_else(|| calls_for_quotes(text)),
        }
    }
}

/// The name of the column for `field`. One that is called like one of the hub's own columns is set apart as `data.seq`,
/// once more if there is a field of that name too.
fn column(fields: &Fields, field: usize) -> Cow<'_, str> {
    let mut name = Cow::Borrowed(fields.key(field).unwrap_or_default());
    if OWN.contains(&name.as_ref()) {
        name = format!("data.{name}").into();
        while fields.place(&name).is_some() {
            name = format!("data.{name}").into();
        }
    }
    name
}

/// Where the piece of `text` ends that begins at `at`: not within a character, an escape or a surrogate pair.
fn piece_end(text: &[u8], at: usize, is_escaped: bool) -> usize {
    let limit = text.len().min(at + PIECE_LEN);
    let mut end = if is_escaped { at } else { limit };
    while end < limit {
        end += match &text[end..] {
            [
                b'\\',
                b'u',
                b'd' | b'D',
                b'8' | b'9' | b'a' | b'b' | b'A' | b'B',
                _,
                _,
                b'\\',
                b'u',
                ..,
            ] => 12,
            [b'\\', b'u', ..] => 6,
            [b'\\', ..] => 2,
            _ => 1,
        };
    }
    end = end.min(text.len());
    // UTF-8 marks each byte within a character by 10 in its highest bits.
    while text.get(end).is_some_and(|byte| byte & 0xC0 == 0x80) {
        end += 1;
    }
    end
}

fn bytes_of(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => text.as_bytes().into(),
        Cow::Owned(text) => text.into_bytes().into(),
    }
}

fn as_text(piece: &[u8]) -> &str {
    std::str::from_utf8(piece).expect("a dataset is UTF-8")
}

/// What the inner text of a JSON string, or a piece of it, stands for; `None` with half of a surrogate pair in it.
fn unescaped(piece: &str) -> Option<Cow<'_, str>> {
    if !piece.contains('\\') {
        return Some(Cow::Borrowed(piece));
    }
    let text: String = serde_json::from_str(&format!("\"{piece}\"")).ok()?;
    Some(Cow::Owned(text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::protocol::{Micros, Seq};
    use crate::source::{Dataset, unquote};

    /// The records of `json` as a table.
    fn table(json: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("d.json");
        std::fs::write(&path, json).unwrap();
        let dataset = Dataset::load(&path, usize::MAX).unwrap();
        let mut rows = Vec::new();
        let mut row = Row::default();
        // A piece at a time: where one ends must not be seen.
        let mut put = |line: &Line<'_>| {
            let mut is_over = false;
            while !is_over {
                let mut budget = Budget {
                    out_len: rows.len() + 1,
                    to_read: 1,
                };
                is_over = row.put(line, dataset.fields(), &mut rows, &mut budget);
            }
        };
        put(&Line::Header);
        for (seq, record) in (1..).zip(dataset.records()) {
            put(&Line::Record(Due {
                seq: Seq::saturating(seq),
                t: Micros::new(0),
                record,
            }));
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

    #[test]
    fn a_string_with_half_of_a_surrogate_pair_is_given_as_it_is_spelled() {
        assert_eq!(
            table(r#"[{"a":"\ud83d\ude00 \n"},{"a":"\ud83d\n"},{"a":"\ude00,"},{"a":"\\ud83d"}]"#),
            "seq,t,a\r\n1,0,\"😀 \n\"\r\n2,0,\\ud83d\\n\r\n3,0,\"\\ude00,\"\r\n4,0,\\ud83d\r\n"
        );
    }

    #[test]
    fn more_columns_than_are_found_by_one_reading_are_all_there() {
        let record = |n: usize| format!("{{\"k{n}\":{n}}}");
        let all: Vec<_> = (0..3_000).map(|n| format!("\"k{n}\":{}", n * 7)).collect();
        let records: Vec<_> = (0..3_000)
            .map(record)
            .chain([format!("{{{}}}", all.join(","))])
            .collect();
        let table = table(&format!("[{}]", records.join(",")));
        let last = table.lines().last().unwrap();
        let expected: Vec<_> = (0..3_000).map(|n| (n * 7).to_string()).collect();
        assert_eq!(last, format!("3001,0,{}", expected.join(",")));
    }

    proptest! {
        #[test]
        fn a_long_value_is_the_same_in_pieces(
            parts in proptest::collection::vec(
                prop_oneof!["[a-z\"]{1,900}", "[é,😀]{1,300}", "\\\\u00e9", "\\\\ud83d\\\\ude00", "\\\\n"],
                1..60,
            ),
        ) {
            let json = format!("\"{}\"", parts.concat().replace('"', "\\\""));
            let table = table(&format!("[{{\"a\":{json}}}]"));
            let mut reader = csv::Reader::from_reader(table.as_bytes());
            let row = reader.records().next().unwrap().unwrap();
            let expected = unquote(&json).unwrap();
            prop_assert_eq!(&row[2], &*expected);
        }

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
