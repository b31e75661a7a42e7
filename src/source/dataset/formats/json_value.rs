//! The values of Arrow arrays as JSON, without loss where JSON allows it.
//!
//! Integers and decimals keep all digits, floating-point numbers have the shortest spelling that reads back as the same
//! number, and instants, dates and times are text. Binary values are base64. A duration is a number of its column's unit.

use arrow_array::cast::AsArray as _;
use arrow_array::types::*;
use arrow_array::{Array, RunArray};
use arrow_schema::{DataType, IntervalUnit, TimeUnit};
use data_encoding::BASE64;
use serde::Serialize;

use super::temporal::{push_date, push_date_of, push_time, push_timestamp};

/// Counts the values that JSON cannot hold, which became null.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct LostValues {
    /// NaN and infinite numbers.
    pub(super) not_finite: u64,
    /// Instants, dates and times that are beyond the year 9999, or that no day has.
    pub(super) out_of_range: u64,
}

/// Why an array cannot be written: its type, which no record can hold.
#[derive(Debug)]
pub(super) struct UnsupportedType(pub(super) DataType);

type Written = Result<(), UnsupportedType>;

/// Appends the value at `row` of `array`.
pub(super) fn push_value(
    array: &dyn Array,
    row: usize,
    out: &mut Vec<u8>,
    lost: &mut LostValues,
) -> Written {
    if array.is_null(row) || *array.data_type() == DataType::Null {
        out.extend_from_slice(b"null");
        return Ok(());
    }
    match array.data_type() {
        DataType::Boolean => push_json(&array.as_boolean().value(row), out),
        DataType::Utf8 => push_json(array.as_string::<i32>().value(row), out),
        DataType::LargeUtf8 => push_json(array.as_string::<i64>().value(row), out),
        DataType::Utf8View => push_json(array.as_string_view().value(row), out),
        DataType::Binary => push_binary(array.as_binary::<i32>().value(row), out),
        DataType::LargeBinary => push_binary(array.as_binary::<i64>().value(row), out),
        DataType::BinaryView => push_binary(array.as_binary_view().value(row), out),
        DataType::FixedSizeBinary(_) => push_binary(array.as_fixed_size_binary().value(row), out),
        kind if kind.is_floating() => push_float(array, row, out, lost),
        kind if kind.is_integer() => push_integer(array, row, out),
        kind if kind.is_decimal() => push_decimal(array, row, out),
        kind if kind.is_temporal() => push_temporal(array, row, out, lost),
        _ => return push_nested(array, row, out, lost),
    }
    Ok(())
}

/// Appends `value` as JSON.
pub(super) fn push_json<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    serde_json::to_writer(out, value).expect("a vector takes everything");
}

fn push_binary(bytes: &[u8], out: &mut Vec<u8>) {
    push_json(&BASE64.encode(bytes), out);
}

fn push_float(array: &dyn Array, row: usize, out: &mut Vec<u8>, lost: &mut LostValues) {
    let start = out.len();
    match array.data_type() {
        DataType::Float16 => {
            push_json(
                &array.as_primitive::<Float16Type>().value(row).to_f32(),
                out,
            );
        }
        DataType::Float32 => push_json(&array.as_primitive::<Float32Type>().value(row), out),
        _ => push_json(&array.as_primitive::<Float64Type>().value(row), out),
    }
    // The serializer writes null for the numbers that JSON does not have.
    lost.not_finite += u64::from(&out[start..] == b"null");
}

fn push_integer(array: &dyn Array, row: usize, out: &mut Vec<u8>) {
    match array.data_type() {
        DataType::Int8 => push_json(&array.as_primitive::<Int8Type>().value(row), out),
        DataType::Int16 => push_json(&array.as_primitive::<Int16Type>().value(row), out),
        DataType::Int32 => push_json(&array.as_primitive::<Int32Type>().value(row), out),
        DataType::UInt8 => push_json(&array.as_primitive::<UInt8Type>().value(row), out),
        DataType::UInt16 => push_json(&array.as_primitive::<UInt16Type>().value(row), out),
        DataType::UInt32 => push_json(&array.as_primitive::<UInt32Type>().value(row), out),
        DataType::UInt64 => push_json(&array.as_primitive::<UInt64Type>().value(row), out),
        _ => push_json(&array.as_primitive::<Int64Type>().value(row), out),
    }
}

fn push_decimal(array: &dyn Array, row: usize, out: &mut Vec<u8>) {
    let text = match array.data_type() {
        DataType::Decimal32(..) => array.as_primitive::<Decimal32Type>().value_as_string(row),
        DataType::Decimal64(..) => array.as_primitive::<Decimal64Type>().value_as_string(row),
        DataType::Decimal256(..) => array.as_primitive::<Decimal256Type>().value_as_string(row),
        _ => array.as_primitive::<Decimal128Type>().value_as_string(row),
    };
    out.extend_from_slice(text.as_bytes());
}

fn push_temporal(array: &dyn Array, row: usize, out: &mut Vec<u8>, lost: &mut LostValues) {
    let pushed = match array.data_type() {
        DataType::Timestamp(unit, zone) => {
            push_timestamp(integer(array, row), *unit, zone.is_some(), out)
        }
        DataType::Date32 => push_date(integer(array, row), out),
        DataType::Date64 => push_date_of(integer(array, row), out),
        DataType::Time32(unit) | DataType::Time64(unit) => {
            push_time(integer(array, row), *unit, out)
        }
        DataType::Duration(_) => {
            push_json(&integer(array, row), out);
            Some(())
        }
        _ => {
            push_interval(array, row, out);
            Some(())
        }
    };
    if pushed.is_none() {
        out.extend_from_slice(b"null");
        lost.out_of_range += 1;
    }
}

/// The number behind a value of a temporal type.
fn integer(array: &dyn Array, row: usize) -> i64 {
    use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};
    macro_rules! value {
        ($kind:ty) => {
            i64::from(array.as_primitive::<$kind>().value(row))
        };
    }
    match array.data_type() {
        DataType::Timestamp(Second, _) => value!(TimestampSecondType),
        DataType::Timestamp(Millisecond, _) => value!(TimestampMillisecondType),
        DataType::Timestamp(Microsecond, _) => value!(TimestampMicrosecondType),
        DataType::Timestamp(Nanosecond, _) => value!(TimestampNanosecondType),
        DataType::Date32 => value!(Date32Type),
        DataType::Date64 => value!(Date64Type),
        DataType::Time32(Second) => value!(Time32SecondType),
        DataType::Time32(_) => value!(Time32MillisecondType),
        DataType::Time64(Microsecond) => value!(Time64MicrosecondType),
        DataType::Time64(_) => value!(Time64NanosecondType),
        DataType::Duration(Second) => value!(DurationSecondType),
        DataType::Duration(Millisecond) => value!(DurationMillisecondType),
        DataType::Duration(Microsecond) => value!(DurationMicrosecondType),
        _ => value!(DurationNanosecondType),
    }
}

/// Appends a span of calendar time, whose parts have no fixed length.
fn push_interval(array: &dyn Array, row: usize, out: &mut Vec<u8>) {
    let text = match array.data_type() {
        DataType::Interval(IntervalUnit::YearMonth) => {
            let months = array.as_primitive::<IntervalYearMonthType>().value(row);
            format!(r#"{{"months":{months}}}"#)
        }
        DataType::Interval(IntervalUnit::DayTime) => {
            let value = array.as_primitive::<IntervalDayTimeType>().value(row);
            let (days, milliseconds) = (value.days, value.milliseconds);
            format!(r#"{{"days":{days},"milliseconds":{milliseconds}}}"#)
        }
        _ => {
            let value = array.as_primitive::<IntervalMonthDayNanoType>().value(row);
            let (months, days, nanoseconds) = (value.months, value.days, value.nanoseconds);
            format!(r#"{{"months":{months},"days":{days},"nanoseconds":{nanoseconds}}}"#)
        }
    };
    out.extend_from_slice(text.as_bytes());
}

fn push_nested(array: &dyn Array, row: usize, out: &mut Vec<u8>, lost: &mut LostValues) -> Written {
    match array.data_type() {
        DataType::List(_) => push_list(&array.as_list::<i32>().value(row), out, lost),
        DataType::LargeList(_) => push_list(&array.as_list::<i64>().value(row), out, lost),
        DataType::ListView(_) => push_list(&array.as_list_view::<i32>().value(row), out, lost),
        DataType::LargeListView(_) => push_list(&array.as_list_view::<i64>().value(row), out, lost),
        DataType::FixedSizeList(..) => push_list(&array.as_fixed_size_list().value(row), out, lost),
        DataType::Struct(_) => push_struct(array, row, out, lost),
        DataType::Map(..) => push_map(array, row, out, lost),
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            let key = dictionary_key(dictionary.keys(), row);
            push_value(dictionary.values(), key, out, lost)
        }
        DataType::RunEndEncoded(ends, _) => match ends.data_type() {
            DataType::Int16 => push_run::<Int16Type>(array, row, out, lost),
            DataType::Int64 => push_run::<Int64Type>(array, row, out, lost),
            _ => push_run::<Int32Type>(array, row, out, lost),
        },
        DataType::Union(..) => {
            let union = array.as_union();
            let child = union.child(union.type_id(row));
            push_value(child, union.value_offset(row), out, lost)
        }
        other => Err(UnsupportedType(other.clone())),
    }
}

/// The place of a value in its dictionary, which the decoder has checked.
fn dictionary_key(keys: &dyn Array, row: usize) -> usize {
    macro_rules! key {
        ($kind:ty) => {
            usize::try_from(keys.as_primitive::<$kind>().value(row))
        };
    }
    let key = match keys.data_type() {
        DataType::Int8 => key!(Int8Type),
        DataType::Int16 => key!(Int16Type),
        DataType::Int32 => key!(Int32Type),
        DataType::UInt8 => Ok(usize::from(keys.as_primitive::<UInt8Type>().value(row))),
        DataType::UInt16 => Ok(usize::from(keys.as_primitive::<UInt16Type>().value(row))),
        DataType::UInt32 => key!(UInt32Type),
        DataType::UInt64 => key!(UInt64Type),
        _ => key!(Int64Type),
    };
    key.expect("a dictionary has no negative places")
}

fn push_run<R: RunEndIndexType>(
    array: &dyn Array,
    row: usize,
    out: &mut Vec<u8>,
    lost: &mut LostValues,
) -> Written {
    let runs = array.as_any().downcast_ref::<RunArray<R>>();
    let runs = runs.expect("the type says what the run ends are");
    push_value(runs.values(), runs.get_physical_index(row), out, lost)
}

fn push_list(values: &dyn Array, out: &mut Vec<u8>, lost: &mut LostValues) -> Written {
    out.push(b'[');
    for index in 0..values.len() {
        if index > 0 {
            out.push(b',');
        }
        push_value(values, index, out, lost)?;
    }
    out.push(b']');
    Ok(())
}

fn push_struct(array: &dyn Array, row: usize, out: &mut Vec<u8>, lost: &mut LostValues) -> Written {
    let array = array.as_struct();
    out.push(b'{');
    for (index, (field, column)) in array.fields().iter().zip(array.columns()).enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push_json(field.name(), out);
        out.push(b':');
        push_value(column, row, out, lost)?;
    }
    out.push(b'}');
    Ok(())
}

/// Appends a map as an object. Keys that are no text become the text of their JSON.
fn push_map(array: &dyn Array, row: usize, out: &mut Vec<u8>, lost: &mut LostValues) -> Written {
    let entries = array.as_map().value(row);
    let (keys, values) = (entries.column(0), entries.column(1));
    out.push(b'{');
    for index in 0..entries.len() {
        if index > 0 {
            out.push(b',');
        }
        let mut key = Vec::new();
        push_value(keys, index, &mut key, lost)?;
        if key.first() == Some(&b'"') {
            out.extend_from_slice(&key);
        } else {
            push_json(&String::from_utf8_lossy(&key), out);
        }
        out.push(b':');
        push_value(values, index, out, lost)?;
    }
    out.push(b'}');
    Ok(())
}
