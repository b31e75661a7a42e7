//! How to display the fields of the records: labels, units, and the ends of value axes. Twin:
//! `web/src/client/protocol.ts`.
//!
//! The settings say it, and viewers receive it with `hello`.

use serde::{Serialize, Serializer};

/// The labels and units of the fields, in configuration order.
#[derive(Debug, Clone, Default)]
pub struct FieldsView(pub Vec<(String, FieldView)>);

/// How to display a field.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FieldView {
    /// The display name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The unit of measurement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The lower end of the value axis.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The upper end of the value axis.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Which values are out of the ordinary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warn: Option<Threshold>,
}

/// A number above which, or a range outside of which, values are out of the ordinary. In JSON a number or an array of
/// two.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Threshold {
    /// Values above this one.
    Above(f64),
    /// Values below the first or above the second, which is greater.
    Outside([f64; 2]),
}

impl Threshold {
    /// Returns the threshold with these ends, or `None` if the first is not less than the second.
    #[must_use]
    pub fn outside(low: f64, high: f64) -> Option<Self> {
        (low < high).then_some(Self::Outside([low, high]))
    }
}

impl Serialize for FieldsView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, field)| (name, field)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_its_lower_end_first() {
        assert_eq!(
            Threshold::outside(-1.0, 2.5),
            Some(Threshold::Outside([-1.0, 2.5]))
        );
        for (low, high) in [(2.0, 2.0), (3.0, 2.0), (f64::NAN, 2.0)] {
            assert_eq!(Threshold::outside(low, high), None, "{low} to {high}");
        }
    }

    #[test]
    fn a_threshold_is_written_as_a_number_or_as_two() {
        let json = |threshold: Threshold| serde_json::to_string(&threshold).unwrap();
        assert_eq!(json(Threshold::Above(120.0)), "120.0");
        assert_eq!(
            json(Threshold::Outside([-1_500.0, 2_500.5])),
            "[-1500.0,2500.5]"
        );
    }
}
