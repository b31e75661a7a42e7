//! [`Scrape`]: a response of `/metrics`.

use super::{Hub, RawClient, TIMEOUT};

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

/// Scrapes until `is_wanted`.
pub(crate) fn scrape_until(hub: &Hub, is_wanted: impl Fn(&Scrape) -> bool) -> Scrape {
    let begin = tokio::time::Instant::now();
    loop {
        let scrape = Scrape::at(hub.ops());
        if is_wanted(&scrape) {
            return scrape;
        }
        assert!(begin.elapsed() < TIMEOUT, "not in time: {}", scrape.0);
        std::thread::yield_now();
    }
}
