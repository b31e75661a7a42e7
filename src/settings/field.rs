//! Builds [`FieldSettings`]: how to display a field of the records.
//!
//! Checks what no key can check alone: that the ends of a range are in order.

use super::FieldSettings;
use super::layers::{Layers, Section};
use super::settings_error::{SettingsError, SettingsErrors};
use crate::protocol::Threshold;

/// Returns the field; ends that are not in order are reported.
pub(super) fn build(
    layers: &Layers,
    topic: &str,
    name: &str,
    errors: &mut SettingsErrors,
) -> FieldSettings {
    let values = Section::new(layers, &["topics", topic, "fields", name]);
    let (min, max) = (values.get("min"), values.get("max"));
    if let (Some(min), Some(max)) = (min, max) {
        check_order(&values, "max", [min, max], errors);
    }
    FieldSettings {
        name: name.to_owned(),
        label: values.get("label"),
        unit: values.get("unit"),
        min,
        max,
        warn: threshold(&values, errors),
    }
}

fn threshold(values: &Section<'_>, errors: &mut SettingsErrors) -> Option<Threshold> {
    if let Some(limit) = values.get::<f64>("warn") {
        return Some(Threshold::Above(limit));
    }
    let [low, high]: [f64; 2] = values.get::<Vec<f64>>("warn")?.try_into().ok()?;
    check_order(values, "warn", [low, high], errors);
    Threshold::outside(low, high)
}

fn check_order(
    values: &Section<'_>,
    key: &str,
    [low, high]: [f64; 2],
    errors: &mut SettingsErrors,
) {
    if low < high {
        return;
    }
    errors.push(SettingsError::new(
        values.origin(key),
        values.key(key),
        format!("{high:?} is not above {low:?}"),
        "write the lower end first",
    ));
}
