//! Errors in the configuration and in datasets: reported with their location before the hub listens.

use std::net::TcpListener;
use std::process::Output;

use super::support::{Project, hub};

const TOPIC: &str = "[topics.demo]\ndataset = \"data.json\"\nrate = 10.0\n";

/// Runs the hub with `toml` and asserts that it exits with 2 and an error that contains everything in `named`.
fn refused(toml: &str, dataset: Option<&str>, named: &[&str]) {
    let project = Project::raw(toml);
    if let Some(dataset) = dataset {
        project.write("data.json", dataset);
    }
    for arguments in [&[][..], &["check"]] {
        expect(&project.run(arguments), 2, named);
    }
}

fn expect(output: &Output, code: i32, named: &[&str]) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{error}");
    for name in named {
        assert!(error.contains(name), "`{name}` is not in\n{error}");
    }
    assert!(!error.contains("listening"), "{error}");
}

#[test]
fn an_unknown_key_is_reported_with_its_location_and_a_suggestion() {
    refused(
        &format!("[server]\nprot = 1\n{TOPIC}"),
        None,
        &["tickcast.toml:2:1", "server.prot", "unknown key", "port"],
    );
}

#[test]
fn a_wrong_type_is_reported_with_its_location() {
    refused(
        &format!("[server]\nport = \"8000\"\n{TOPIC}"),
        None,
        &["tickcast.toml:2:8", "server.port", "integer", ";"],
    );
    refused(
        &format!("[server]\nport = 9000.7\n{TOPIC}"),
        None,
        &["tickcast.toml:2:8", "server.port", "9000.7", ";"],
    );
}

#[test]
fn a_rate_of_zero_and_a_negative_duration_are_out_of_range() {
    refused(
        "[topics.demo]\ndataset = \"data.json\"\nrate = 0\n",
        None,
        &[
            "tickcast.toml:3:8",
            "topics.demo.rate",
            "0.001 to 10000",
            ";",
        ],
    );
    refused(
        &format!("[server]\ndrain = \"-5s\"\n{TOPIC}"),
        None,
        &["tickcast.toml:2:9", "server.drain", "negative", ";"],
    );
}

#[test]
fn missing_topics_and_an_invalid_log_filter_are_reported() {
    refused(
        "[server]\nport = 0\n",
        None,
        &["tickcast.toml", "topics", "[topics."],
    );
    refused(
        &format!("[log]\nlevel = \"inof\"\n{TOPIC}"),
        None,
        &[
            "tickcast.toml:2:9",
            "log.level",
            "`inof` is not a level",
            "`info`",
        ],
    );
    refused(
        &format!("[log]\nlevel = \",\"\n{TOPIC}"),
        None,
        &["tickcast.toml:2:9", "log.level", "`` is not a level"],
    );
    refused(
        &format!("[log]\nlevel = \"info,=x=\"\n{TOPIC}"),
        None,
        &["tickcast.toml:2:9", "log.level", ";"],
    );
}

#[test]
fn a_missing_dataset_is_reported_with_its_key_and_file() {
    let toml = "[topics.demo]\nrate = 10.0\ndataset = \"nowhere.json\"\n";
    refused(
        toml,
        None,
        &[
            "tickcast.toml:3:11",
            "topics.demo.dataset",
            "nowhere.json",
            "relative",
        ],
    );
}

#[test]
fn a_record_longer_than_the_topic_allows_is_reported_by_number() {
    let toml = "[topics.demo]\ndataset = \"data.json\"\nrate = 10.0\nrecord_max = \"1KiB\"\n";
    let long = format!("[1,\n2, \"{}\" ]", "x".repeat(1_023));
    let named = "data.json:2:4: record 3 has 1025 bytes, more than the 1024 of `record_max`; raise";
    refused(
        toml,
        Some(&long),
        &["tickcast.toml:2:11", "topics.demo.dataset", named],
    );
    // The default is 16 MiB.
    let longer = format!("[\"{}\"]", "x".repeat(16 << 20));
    let named = "record 1 has 16777218 bytes, more than the 16777216 of `record_max`";
    refused(TOPIC, Some(&longer), &["topics.demo.dataset", named]);
}

#[test]
fn an_invalid_dataset_is_reported_with_its_key_and_location() {
    for (dataset, named) in [
        ("[]", "no records"),
        (
            "[{\"value\":1},\n{\"val",
            "data.json:2:5: malformed dataset: EOF",
        ),
        (
            "{\"value\":1}",
            "data.json:1:1: malformed dataset: not a JSON array",
        ),
    ] {
        refused(
            TOPIC,
            Some(dataset),
            &["tickcast.toml:2:11", "topics.demo.dataset", named, ";"],
        );
    }
}

#[test]
fn all_errors_are_reported_at_once() {
    refused(
        "[server]\nprot = 1\nhost = 5\n[topics.demo]\nrate = 0\n",
        None,
        &["server.prot", "server.host", "topics.demo.rate", "dataset"],
    );
}

#[test]
fn configuration_errors_are_also_logged() {
    let project = Project::raw(&format!("[server]\nprot = 1\nhost = 5\n{TOPIC}"));
    let output = project.run(&[]);
    assert_eq!(output.status.code(), Some(2));
    let log = String::from_utf8(output.stderr).unwrap();
    let events: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let keys: Vec<_> = events.iter().map(|event| &event["key"]).collect();
    assert_eq!(keys, ["server.prot", "server.host"]);
    for event in &events {
        assert_eq!(
            (&event["event"], &event["level"]),
            (&"start.failed".into(), &"ERROR".into())
        );
        assert!(event["origin"].as_str().unwrap().contains("tickcast.toml:"));
        assert!(
            event["message"]
                .as_str()
                .unwrap()
                .contains(event["key"].as_str().unwrap())
        );
    }
    let topic = TOPIC.replace("data.json", "gone.json");
    // Datasets are loaded after the log has been configured.
    let toml = format!("[log]\nformat = \"text\"\n{topic}");
    let output = Project::raw(&toml).run(&[]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text.contains("ERROR") && text.contains("start.failed") && text.contains("gone.json"),
        "{text}"
    );
    // Errors are printed even if logging is off.
    let toml = format!("[log]\nlevel = \"off\"\n{topic}");
    let output = Project::raw(&toml).run(&[]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(
        text.starts_with("error: ") && text.contains("gone.json"),
        "{text}"
    );
}

#[test]
fn a_port_in_use_exits_1_and_is_reported_with_its_location() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let project = Project::raw(&format!(
        "[server]\nport = {port}\n[ops]\nport = 0\n{TOPIC}"
    ));
    let output = project.run(&[]);
    expect(
        &output,
        1,
        &[
            "tickcast.toml:2:8",
            "server.port",
            "in use",
            "choose another port",
        ],
    );
    let line = String::from_utf8_lossy(&output.stderr);
    let failed: serde_json::Value = serde_json::from_str(line.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&failed["event"], &failed["level"]),
        (&"start.failed".into(), &"ERROR".into())
    );
}

#[test]
fn invalid_environment_variables_and_flags_are_reported_by_name() {
    let project = Project::raw(TOPIC);
    let output = project
        .command(&["check"])
        .env("TICKCAST__SERVER__PORT", "9000.7")
        .output()
        .unwrap();
    expect(&output, 2, &["TICKCAST__SERVER__PORT", "server.port"]);
    expect(
        &project.run(&["check", "--port", "many"]),
        2,
        &["--port", "server.port"],
    );
}

#[test]
fn flags_override_the_environment_which_overrides_the_file() {
    let project = Project::raw(&format!("[server]\nport = 1\nmax_viewers = 2\n{TOPIC}"));
    let mut command = project.command(&["config", "--port", "3"]);
    command
        .env("TICKCAST__SERVER__PORT", "4")
        .env("TICKCAST__SERVER__MAX_VIEWERS", "5");
    let output = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let line = |key: &str| output.lines().find(|line| line.starts_with(key)).unwrap();
    assert!(line("server.port = 3 ").ends_with("# --port"), "{output}");
    assert!(line("server.max_viewers = 5 ").ends_with("# TICKCAST__SERVER__MAX_VIEWERS"));
    assert!(line("server.host = \"127.0.0.1\" ").ends_with("# default"));
    assert!(line("topics.demo.rate").ends_with("tickcast.toml:6:8"));
}

#[test]
fn every_file_in_config_is_valid() {
    for entry in std::fs::read_dir(hub::root().join("config")).unwrap() {
        let path = entry.unwrap().path();
        // The folder has the recordings of the demonstration.
        if path.is_dir() {
            continue;
        }
        let output = hub::program()
            .arg("check")
            .arg("--config")
            .arg(&path)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}: {}",
            path.display(),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn the_reference_file_shows_the_defaults() {
    let effective = |file: &str| {
        let output = hub::program()
            .args(["config", "--config", file])
            .current_dir(hub::root())
            // Otherwise each file has its own folder.
            .env("STATE_DIRECTORY", "/state")
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines()
            .map(|line| line.split("  # ").next().unwrap().trim_end().to_owned())
            .collect::<Vec<_>>()
    };
    let mut reference = effective("config/tickcast.toml");
    reference.retain(|line| !line.contains(".fields.") && !line.contains(".about."));
    assert_eq!(reference, effective("config/minimal.toml"));
}

#[test]
fn the_minimal_file_has_at_most_ten_lines() {
    let text = std::fs::read_to_string(hub::root().join("config/minimal.toml")).unwrap();
    assert!(text.lines().count() <= 10);
}
