//! Samples that could not be run here say so, and are at least well-formed.

use super::sample;

#[test]
fn untested_samples_say_so_in_their_first_line() {
    for name in ["alloy/tickcast.alloy", "vector/tickcast.yaml"] {
        let text = std::fs::read_to_string(sample(name)).unwrap();
        let first = text.lines().next().unwrap();
        assert!(
            first.contains("Not run by the project's tests"),
            "{name}: {first}"
        );
    }
    let dashboard = std::fs::read_to_string(sample("grafana/tickcast.json")).unwrap();
    assert!(dashboard.contains("not run in Grafana by the project's tests"));
}

#[test]
fn samples_use_the_default_ports_of_a_hub() {
    for name in [
        "alloy/tickcast.alloy",
        "vector/tickcast.yaml",
        "prometheus/prometheus.yml",
    ] {
        let text = std::fs::read_to_string(sample(name)).unwrap();
        assert!(text.contains("127.0.0.1:8001"), "{name}");
    }
}
