//! Consistency of `deploy/`: the Debian package, the image, the Compose file and the Kubernetes manifests. `make
//! debtest` and `make image` run the package and the image; `proxies.rs` tests the proxy configurations.

mod kubernetes;
mod service_commands;

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::support::hub::{program, root};
use super::support::{lacks, tool};

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn yaml(path: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// Parses seconds such as `10s`.
fn seconds(duration: &str) -> u64 {
    duration.strip_suffix('s').unwrap().parse().unwrap()
}

/// The effective configuration of the hub with `file` and environment `variables`, by key.
fn effective(file: &Path, variables: &HashMap<String, String>) -> HashMap<String, String> {
    let output = program()
        .args(["config", "--config"])
        .arg(file)
        .envs(variables)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let lines = String::from_utf8(output.stdout).unwrap();
    lines
        .lines()
        .map(|line| {
            let (key, value) = line.split_once(" = ").unwrap();
            let value = value.rsplit_once("  # ").unwrap().0.trim();
            (key.to_owned(), value.trim_matches('"').to_owned())
        })
        .collect()
}

/// The package's table in Cargo.toml.
fn package() -> toml::Table {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    manifest["package"]["metadata"]["deb"]
        .as_table()
        .unwrap()
        .clone()
}

/// The source and destination of each asset of the package.
fn assets() -> Vec<(String, String)> {
    let table = package();
    let assets = table["assets"].as_array().unwrap().iter();
    assets
        .map(|asset| {
            let [from, to, _mode] = &asset.as_array().unwrap()[..] else {
                panic!("expected source, destination and mode: {asset:?}")
            };
            let (from, to) = (from.as_str().unwrap(), to.as_str().unwrap());
            let name = if to.ends_with('/') {
                from.rsplit('/').next().unwrap()
            } else {
                ""
            };
            (from.to_owned(), format!("/{to}{name}"))
        })
        .collect()
}

/// Whether the file, or any file that matches the pattern, is in the repository.
fn is_there(source: &str) -> bool {
    let Some((folder, _)) = source.split_once('*') else {
        return root().join(source).is_file();
    };
    let end = source.rsplit('*').next().unwrap();
    let mut files = fs::read_dir(root().join(folder)).unwrap();
    files.any(|file| file.unwrap().file_name().to_str().unwrap().ends_with(end))
}

#[test]
fn every_asset_of_the_package_exists() {
    if lacks(&["bash", "gzip"]) {
        return;
    }
    const MADE: &str = "target/release/package/";
    let folder = tempfile::TempDir::new().unwrap();
    let status = Command::new(root().join("deploy/debian/files.sh"))
        .arg(env!("CARGO_BIN_EXE_tickcast"))
        .arg(folder.path())
        .status()
        .unwrap();
    assert!(status.success());
    for (source, _) in assets() {
        match source.strip_prefix(MADE) {
            Some(name) => assert!(
                fs::metadata(folder.path().join(name)).unwrap().len() > 100,
                "{source}"
            ),
            None => assert!(
                source == "target/release/tickcast" || is_there(&source),
                "{source}"
            ),
        }
    }
    let places: Vec<_> = assets().into_iter().map(|(_, place)| place).collect();
    for file in package()["conf-files"].as_array().unwrap() {
        assert!(
            places.contains(&file.as_str().unwrap().to_owned()),
            "{file:?}"
        );
    }
    let configuration = fs::read_to_string(folder.path().join("tickcast.toml")).unwrap();
    let dataset = "/usr/share/tickcast/measurements.json";
    assert!(places.contains(&dataset.to_owned()));
    assert_eq!(configuration.matches(dataset).count(), 1);
    assert_eq!(
        configuration.replace(dataset, "../measurements.json"),
        read("config/tickcast.toml")
    );
    let script = tool("bash")
        .arg("-n")
        .arg(folder.path().join("tickcast.bash"))
        .status();
    assert!(script.unwrap().success());
    let page = tool("gzip")
        .arg("-dc")
        .arg(folder.path().join("tickcast.1.gz"))
        .output();
    assert!(
        String::from_utf8(page.unwrap().stdout)
            .unwrap()
            .contains(".TH tickcast 1")
    );
}

#[test]
fn the_units_start_the_installed_program() {
    let table = package();
    let units = table["systemd-units"].as_array().unwrap();
    let folder = units[0]["unit-scripts"].as_str().unwrap();
    let service = read(&format!("{folder}/tickcast.service"));
    let start = service
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart="))
        .unwrap();
    let places: Vec<_> = assets().into_iter().map(|(_, place)| place).collect();
    for word in start.split(' ').filter(|word| word.starts_with('/')) {
        assert!(places.contains(&word.to_owned()), "{word}");
    }
    let scripts = package()["maintainer-scripts"].as_str().unwrap().to_owned();
    for script in fs::read_dir(root().join(scripts)).unwrap() {
        let script = fs::read_to_string(script.unwrap().path()).unwrap();
        assert!(script.contains("\n#DEBHELPER#\n"), "{script}");
    }
}

#[test]
fn the_service_restarts_only_after_errors_that_may_be_temporary() {
    let service = read("deploy/systemd/tickcast.service");
    let (unit, rest) = service.split_once("\n[Service]\n").unwrap();
    assert!(unit.contains("\nStartLimitIntervalSec=0"));
    for line in ["Restart=on-failure", "RestartPreventExitStatus=2"] {
        assert!(rest.lines().any(|of| of == line), "{line}");
    }
}

/// Whether the package installs `path`, a file or folder of the repository, with its documentation.
fn is_documented(path: &str) -> bool {
    let place = format!("/usr/share/doc/tickcast/{path}");
    assets().iter().any(|(_, of)| match of.split_once('*') {
        Some((folder, end)) => {
            format!("{place}/") == folder || (place.starts_with(folder) && place.ends_with(end))
        }
        None => *of == place,
    })
}

#[test]
fn links_and_commands_of_the_handbook_also_work_in_the_package() {
    let mut links = 0;
    for page in fs::read_dir(root().join("docs/handbook")).unwrap() {
        let page = fs::read_to_string(page.unwrap().path()).unwrap();
        let targets = page.split("](").skip(1);
        let targets = targets.map(|rest| rest.split([')', '#']).next().unwrap());
        for link in targets.filter(|link| !link.is_empty() && !link.contains("://")) {
            let path = link
                .strip_prefix("../../")
                .map_or_else(|| format!("docs/handbook/{link}"), str::to_owned);
            assert!(
                root().join(&path).exists() && is_documented(&path),
                "{link}"
            );
            links += 1;
        }
    }
    assert!(links > 20);
    for page in ["monitoring", "proxy"] {
        let page = read(&format!("docs/handbook/{page}.md"));
        let words = page.split([' ', '`', '\n', '(', ')', ',']);
        for word in words.filter(|word| word.starts_with("deploy/")) {
            assert!(root().join(word).exists() && is_documented(word), "{word}");
        }
    }
}

/// The instructions of the image's last stage, with their arguments.
fn image() -> Vec<(String, String)> {
    let file = read("deploy/container/Containerfile").replace("\\\n", "");
    let last = file
        .split("\nFROM scratch\n")
        .nth(1)
        .expect("a stage built from scratch");
    last.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once(' ').unwrap())
        .map(|(instruction, rest)| (instruction.to_owned(), rest.trim().to_owned()))
        .collect()
}

fn of_image(instruction: &str) -> String {
    let image = image();
    let found = image.iter().find(|(name, _)| name == instruction);
    found
        .unwrap_or_else(|| panic!("no {instruction}"))
        .1
        .clone()
}

fn variables_of_image() -> HashMap<String, String> {
    let image = image();
    let lines = image.iter().filter(|(name, _)| name == "ENV");
    let pairs = lines.flat_map(|(_, rest)| rest.split_whitespace());
    pairs
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[test]
fn the_image_configures_the_hub_for_its_declared_ports_and_volume() {
    let variables = variables_of_image();
    // The image contains the repository's files under that folder.
    let file =
        variables["TICKCAST_CONFIG"].replace("/usr/share/tickcast", root().to_str().unwrap());
    let settings = effective(Path::new(&file), &variables);
    assert_eq!(settings["server.host"], "0.0.0.0");
    assert_eq!(settings["state.dir"], of_image("VOLUME"));
    assert_eq!(
        of_image("EXPOSE"),
        format!("{} {}", settings["server.port"], settings["ops.port"])
    );
    let check = of_image("HEALTHCHECK");
    let (_, command) = check.split_once(" CMD ").unwrap();
    let command: Vec<String> = serde_json::from_str(command).unwrap();
    assert_eq!(of_image("ENTRYPOINT"), format!("[{:?}]", command[0]));
    assert_eq!(command[1..], ["health"]);
    assert_ne!(of_image("USER").split(':').next(), Some("0"));
    for word in read("deploy/container/image.sh")
        .split_whitespace()
        .filter(|word| word.starts_with("LICENSE"))
    {
        assert!(is_there(word), "{word}");
    }
}

#[test]
fn the_compose_file_matches_the_image_and_the_drain() {
    let documents = yaml("deploy/container/compose.yaml");
    let hub = &documents[0]["services"]["tickcast"];
    let dockerfile = root().join(text(&hub["build"]["dockerfile"]));
    assert!(dockerfile.is_file());
    assert_eq!(hub["read_only"], true);
    let variables: HashMap<_, _> = hub["environment"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.clone(), text(value).to_owned()))
        .collect();
    let settings = effective(&root().join("config/tickcast.toml"), &variables);
    assert_eq!(settings["ops.host"], "0.0.0.0");
    assert!(seconds(text(&hub["stop_grace_period"])) > seconds(&settings["server.drain"]) + 5);
    assert!(
        hub["ulimits"]["nofile"].as_u64() > Some(settings["server.max_viewers"].parse().unwrap())
    );
    let (volume, place) = text(&hub["volumes"][0]).split_once(':').unwrap();
    assert_eq!(place, of_image("VOLUME"));
    assert!(documents[0]["volumes"].get(volume).is_some());
    let ports: Vec<_> = hub["ports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|port| {
            text(port)
                .strip_prefix("127.0.0.1:")
                .expect("this machine only")
        })
        .collect();
    let expected = ["server.port", "ops.port"].map(|key| format!("{0}:{0}", settings[key]));
    assert_eq!(ports, expected);
}
