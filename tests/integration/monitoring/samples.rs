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

#[test]
fn samples_that_run_on_each_machine_tell_the_machines_apart() {
    let read = |name: &str| std::fs::read_to_string(sample(name)).unwrap();
    let alloy = read("alloy/tickcast.alloy");
    let (metrics, log) = alloy.split_once("loki.source.journal").unwrap();
    for (part, assign) in [(metrics, "\"{}\" = "), (log, "{} = ")] {
        // Formatted by alignment.
        let part = part.split_whitespace().collect::<Vec<_>>().join(" ");
        let line = |name: &str, value: &str| format!("{}{value}", assign.replace("{}", name));
        assert!(
            part.contains(&line("host", "constants.hostname,")),
            "{part}"
        );
        let instance = line("instance", "constants.hostname + \":8001\",");
        assert!(part.contains(&instance), "{part}");
    }
    let vector: Vec<serde_json::Value> =
        serde_saphyr::from_multiple(&read("vector/tickcast.yaml")).unwrap();
    let program = |name: &str| vector[0]["transforms"][name]["source"].as_str().unwrap();
    // After the event of the hub, which has neither, has replaced that of the journal.
    let (_, after) = program("tickcast_events").rsplit_once(". = ").unwrap();
    for line in [".host = host\n", ".instance = host + \":8001\"\n"] {
        assert!(after.contains(line), "{after}");
        let tag = line.replacen('.', ".tags.", 1);
        assert!(program("tickcast_numbers").contains(&tag), "{tag}");
    }
    let labels = &vector[0]["sinks"]["loki"]["labels"];
    assert_eq!(
        (&labels["host"], &labels["instance"]),
        (&"{{ host }}".into(), &"{{ instance }}".into())
    );
}
