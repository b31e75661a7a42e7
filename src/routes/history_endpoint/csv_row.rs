//! [`CsvRow`]: writes records as CSV (RFC 4180), one row per record and one column per field of the dataset. Twin:
//! `web/src/saving/csv.ts`.
//!
//! The columns are always those of the whole dataset, so the pages of a range have the same columns. Strings are
//! written unchanged; whether a value that starts with `=` is a formula is for the spreadsheet to decide.
//!
//! A row is written in pieces, so that memory stays bounded even with values of several megabytes or a million columns.

use std::borrow::Cow;
use std::ops::Range;

use crate::protocol::DueRecord;
use crate::source::{FieldIndex, for_each_field};

/// The columns that the hub adds in front of the record's own.
const HUB_COLUMNS: [&str; 2] = ["seq", "t"];

/// How many bytes of a value are processed at a time. Their CSV form is at most twice as long.
const PIECE_LEN: usize = 8 * 1024;

/// How many columns are located in one pass over the record.
const COLUMNS_PER_PASS: usize = 1_024;

/// A line of the CSV output.
#[derive(Debug)]
pub(super) enum CsvLine {
    /// The first line, with the column names.
    Header,
    /// The row of a record.
    Record(DueRecord),
}

/// The work that one call may do before other jobs get their turn.
#[derive(Debug)]
pub(super) struct CsvBudget {
    /// Stop writing once the output has this length.
    pub(super) output_len: usize,
    /// How many more bytes of records may be parsed. The last record may exceed it.
    pub(super) read_len: usize,
}

/// The state of a row that may be only partly written.
#[derive(Debug, Default)]
pub(super) struct CsvRow {
    /// The next column to write.
    column: usize,
    /// The state of that column's cell, if it is partly written.
    cell: Option<CellProgress>,
    /// The fields that `values` covers.
    window: Range<usize>,
    /// The position of each of these fields' values in the record's text; empty if the record lacks the field. At most
    /// [`COLUMNS_PER_PASS`] entries.
    values: Vec<Range<usize>>,
}

/// The state of a partly written cell.
#[derive(Debug, Clone, Copy)]
struct CellProgress {
    /// How many bytes of the value have been processed.
    at: usize,
    /// Whether the value is the inside of a JSON string whose escapes must be decoded.
    is_escaped: bool,
    /// Whether the cell is in quotation marks.
    is_quoted: bool,
}

impl CsvRow {
    /// Writes as much of `line` as `budget` allows, and returns whether the line is complete. If it is not, the next
    /// call must be for the same line.
    pub(super) fn write(
        &mut self,
        line: &CsvLine,
        fields: &FieldIndex,
        out: &mut Vec<u8>,
        budget: &mut CsvBudget,
    ) -> bool {
        let columns = HUB_COLUMNS.len() + fields.keys().len();
        while self.column < columns {
            if out.len() >= budget.output_len {
                return false;
            }
            let is_found = match line {
                CsvLine::Header => true,
                CsvLine::Record(due) => self.find_values(&due.record, fields, budget),
            };
            if !is_found {
                return false;
            }
            self.write_piece(line, fields, out);
        }
        out.extend_from_slice(b"\r\n");
        self.column = 0;
        self.window = 0..0;
        true
    }

    /// Locates the value of the next column, if `values` does not cover it yet. Returns false if the budget is used up.
    fn find_values(&mut self, record: &[u8], fields: &FieldIndex, budget: &mut CsvBudget) -> bool {
        let Some(field) = self.column.checked_sub(HUB_COLUMNS.len()) else {
            return true;
        };
        if self.window.contains(&field) {
            return true;
        }
        if budget.read_len == 0 {
            return false;
        }
        budget.read_len = budget.read_len.saturating_sub(record.len());
        let window = field..fields.keys().len().min(field + COLUMNS_PER_PASS);
        self.values.clear();
        self.values.resize(window.len(), 0..0);
        let start = record.as_ptr().addr();
        for_each_field(record, |key, json| {
            let index = fields
                .index_of(&key)
                .and_then(|index| index.checked_sub(field));
            if let Some(value) = index.and_then(|index| self.values.get_mut(index)) {
                let offset = json.as_ptr().addr() - start;
                *value = offset..offset + json.len();
            }
        });
        self.window = window;
        true
    }

    /// Writes the next piece of the current cell, with its separator and quotation marks.
    fn write_piece(&mut self, line: &CsvLine, fields: &FieldIndex, out: &mut Vec<u8>) {
        let (text, may_be_escaped) = self.text(line, fields);
        let mut cell = self.cell.take().unwrap_or_else(|| {
            let cell = CellProgress::new(&text, may_be_escaped);
            out.extend_from_slice(if self.column > 0 { b"," } else { b"" });
            out.extend_from_slice(if cell.is_quoted { b"\"" } else { b"" });
            cell
        });
        let end = piece_end(&text, cell.at, cell.is_escaped);
        let piece = as_text(&text[cell.at..end]);
        let piece = if cell.is_escaped {
            unescape(piece).unwrap_or_default()
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

    /// Returns the value of the next column and whether it may contain JSON escapes. Strings lose their quotation
    /// marks, null is empty, and all other values are raw JSON. Returns bytes, because checking a long value for UTF-8
    /// again for every piece would be slow.
    fn text<'a>(&self, line: &'a CsvLine, fields: &'a FieldIndex) -> (Cow<'a, [u8]>, bool) {
        match (line, self.column.checked_sub(HUB_COLUMNS.len())) {
            (CsvLine::Header, None) => (HUB_COLUMNS[self.column].as_bytes().into(), false),
            (CsvLine::Header, Some(field)) => (into_bytes(column_name(fields, field)), false),
            (CsvLine::Record(due), None) => {
                let own = [due.seq.to_string(), due.t.to_string()];
                (own[self.column].clone().into_bytes().into(), false)
            }
            (CsvLine::Record(due), Some(field)) => {
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

impl CellProgress {
    /// Starts a cell, after scanning all of `text` for characters that need quoting. A string with a lone surrogate
    /// cannot be decoded and is written with its escapes.
    fn new(text: &[u8], may_be_escaped: bool) -> Self {
        let needs_quotes = |text: &[u8]| {
            text.iter()
                .any(|byte| matches!(byte, b'"' | b',' | b'\r' | b'\n'))
        };
        let has_escapes = may_be_escaped && text.contains(&b'\\');
        let is_quoted = has_escapes.then(|| {
            let (mut at, mut is_quoted) = (0, false);
            while at < text.len() {
                let end = piece_end(text, at, true);
                is_quoted |= needs_quotes(unescape(as_text(&text[at..end]))?.as_bytes());
                at = end;
            }
            Some(is_quoted)
        });
        let is_quoted = is_quoted.flatten();
        Self {
            at: 0,
            is_escaped: is_quoted.is_some(),
            is_quoted: is_quoted.unwrap_or_else(|| needs_quotes(text)),
        }
    }
}

/// Returns the column name for `field`. A field with the name of one of the hub's columns gets the prefix `data.`,
/// repeatedly if there is a field with that name too.
fn column_name(fields: &FieldIndex, field: usize) -> Cow<'_, str> {
    let mut name = Cow::Borrowed(fields.key(field).unwrap_or_default());
    if HUB_COLUMNS.contains(&name.as_ref()) {
        name = format!("data.{name}").into();
        while fields.index_of(&name).is_some() {
            name = format!("data.{name}").into();
        }
    }
    name
}

/// Returns the end of the piece of `text` that starts at `at`. It never splits a character, an escape or a surrogate
/// pair.
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
    // The highest bits of UTF-8 continuation bytes are 10.
    while text.get(end).is_some_and(|byte| byte & 0xC0 == 0x80) {
        end += 1;
    }
    end
}

fn into_bytes(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => text.as_bytes().into(),
        Cow::Owned(text) => text.into_bytes().into(),
    }
}

fn as_text(piece: &[u8]) -> &str {
    std::str::from_utf8(piece).expect("a dataset is UTF-8")
}

/// Decodes the inside of a JSON string, or a piece of it; `None` if it contains a lone surrogate.
fn unescape(piece: &str) -> Option<Cow<'_, str>> {
    if !piece.contains('\\') {
        return Some(Cow::Borrowed(piece));
    }
    let text: String = serde_json::from_str(&format!("\"{piece}\"")).ok()?;
    Some(Cow::Owned(text))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;
    use crate::protocol::{Micros, Seq};
    use crate::source::{Dataset, ReadOptions, fields, unquote};

    /// The records of `json` as CSV.
    fn table(json: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("d.json");
        std::fs::write(&path, json).unwrap();
        let dataset = Dataset::load(&path, &ReadOptions::DEFAULT).unwrap();
        let fields = fields(&dataset).unwrap();
        let mut rows = Vec::new();
        let mut row = CsvRow::default();
        // Writes one piece at a time, which must not affect the result.
        let mut write = |line: &CsvLine| {
            let mut is_complete = false;
            while !is_complete {
                let mut budget = CsvBudget {
                    output_len: rows.len() + 1,
                    read_len: 1,
                };
                is_complete = row.write(line, fields, &mut rows, &mut budget);
            }
        };
        write(&CsvLine::Header);
        for (seq, record) in (1..).zip(dataset.records()) {
            write(&CsvLine::Record(DueRecord {
                seq: Seq::saturating(seq),
                t: Micros::new(0),
                record: Bytes::copy_from_slice(record),
            }));
        }
        String::from_utf8(rows).unwrap()
    }

    #[test]
    fn columns_are_in_order_of_first_appearance_and_missing_or_null_values_are_empty() {
        assert_eq!(
            table(r#"[{"b":1.50},{"a":true,"b":null},{},{"c":[1,{"x":"y"}],"a":"p q"}]"#),
            "seq,t,b,a,c\r\n1,0,1.50,,\r\n2,0,,true,\r\n3,0,,,\r\n4,0,,p q,\"[1,{\"\"x\"\":\"\"y\"\"}]\"\r\n"
        );
    }

    #[test]
    fn records_that_are_not_objects_go_into_the_column_data() {
        assert_eq!(
            table(r#"[1e3,"x",null,[1],{"data":2,"d":3}]"#),
            "seq,t,data,d\r\n1,0,1e3,\r\n2,0,x,\r\n3,0,,\r\n4,0,[1],\r\n5,0,2,3\r\n"
        );
    }

    #[test]
    fn fields_with_the_names_of_the_hubs_columns_get_a_prefix() {
        assert_eq!(
            table(r#"[{"seq":7,"t":8,"data.t":9,"data.seq.x":0}]"#),
            "seq,t,data.seq,data.data.t,data.t,data.seq.x\r\n1,0,7,8,9,0\r\n"
        );
    }

    #[test]
    fn the_last_value_of_a_repeated_key_is_used() {
        assert_eq!(table(r#"[{"a":1,"a":2}]"#), "seq,t,a\r\n1,0,2\r\n");
    }

    #[test]
    fn a_string_with_a_lone_surrogate_keeps_its_escapes() {
        assert_eq!(
            table(r#"[{"a":"\ud83d\ude00 \n"},{"a":"\ud83d\n"},{"a":"\ude00,"},{"a":"\\ud83d"}]"#),
            "seq,t,a\r\n1,0,\"😀 \n\"\r\n2,0,\\ud83d\\n\r\n3,0,\"\\ude00,\"\r\n4,0,\\ud83d\r\n"
        );
    }

    #[test]
    fn records_with_more_columns_than_one_pass_locates_are_complete() {
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
        fn writing_a_long_value_in_pieces_does_not_change_it(
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
        fn a_csv_reader_returns_every_text_unchanged(texts in proptest::collection::vec("[ -~\r\n\"é,=]*", 1..4)) {
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
