//! What nobody could run here says so, and is at least in form.

use super::sample;

#[test]
fn samples_that_were_never_run_say_so_in_their_first_line() {
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
fn samples_name_the_ports_that_a_hub_has_by_default() {
    for name in [
        "alloy/tickcast.alloy",
        "vector/tickcast.yaml",
        "prometheus/prometheus.yml",
    ] {
        let text = std::fs::read_to_string(sample(name)).unwrap();
        assert!(text.contains("127.0.0.1:8001"), "{name}");
    }
}
