//! What `/metrics` says.

use super::Raw;

/// One answer.
pub(crate) struct Metrics(pub(crate) String);

impl Metrics {
    /// Asks the operations listener at `address`.
    pub(crate) fn at(address: &str) -> Self {
        let answer = Raw::get(address, "/metrics");
        assert_eq!(answer.status, 200);
        Self(answer.text().to_owned())
    }

    /// The value of a sample by its name, with its labels if it has any.
    pub(crate) fn value(&self, sample: &str) -> f64 {
        let mut lines = self.0.lines();
        let value = lines.find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
        let value = value.unwrap_or_else(|| panic!("no {sample} in {}", self.0));
        value.parse().unwrap()
    }
}
