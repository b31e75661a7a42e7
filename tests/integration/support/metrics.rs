//! [`Scrape`]: a response of `/metrics`.

use super::RawClient;

/// The text of one scrape.
pub(crate) struct Scrape(pub(crate) String);

impl Scrape {
    /// Scrapes the operations listener at `address`.
    pub(crate) fn at(address: &str) -> Self {
        let answer = RawClient::get(address, "/metrics");
        assert_eq!(answer.status, 200);
        Self(answer.text().to_owned())
    }

    /// The value of a sample, given its name with labels.
    pub(crate) fn value(&self, sample: &str) -> f64 {
        let mut lines = self.0.lines();
        let value = lines.find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
        let value = value.unwrap_or_else(|| panic!("no {sample} in {}", self.0));
        value.parse().unwrap()
    }
}
