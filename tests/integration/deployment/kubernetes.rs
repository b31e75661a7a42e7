//! The Kubernetes manifests: they match the image and the configuration, and meet the security standard.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::super::support::Project;
use super::super::support::hub::root;
use super::{effective, of_image, seconds, text, variables_of_image, yaml};

fn manifest(kind: &str) -> Value {
    let all = yaml("deploy/kubernetes/tickcast.yaml");
    let found = all.into_iter().find(|document| document["kind"] == kind);
    found.unwrap_or_else(|| panic!("no {kind}"))
}

/// The effective configuration in Kubernetes: the ConfigMap with the variables of the image and the manifest.
fn in_kubernetes() -> HashMap<String, String> {
    let data = manifest("ConfigMap")["data"]["tickcast.toml"].clone();
    let dataset = root().join("measurements.json");
    let toml = text(&data).replace(
        "/usr/share/tickcast/measurements.json",
        dataset.to_str().unwrap(),
    );
    let project = Project::raw(&toml);
    assert!(project.run(&["check"]).status.success());
    let mut variables = variables_of_image();
    for variable in manifest("Deployment")["spec"]["template"]["spec"]["containers"][0]["env"]
        .as_array()
        .unwrap()
    {
        variables.insert(
            text(&variable["name"]).to_owned(),
            text(&variable["value"]).to_owned(),
        );
    }
    effective(&project.path("tickcast.toml"), &variables)
}

#[test]
fn the_kubernetes_pods_match_the_configuration() {
    let settings = in_kubernetes();
    let pod = manifest("Deployment")["spec"]["template"]["spec"].clone();
    let hub = &pod["containers"][0];
    let ports = json!([
        {"name": "http", "containerPort": settings["server.port"].parse::<u64>().unwrap()},
        {"name": "ops", "containerPort": settings["ops.port"].parse::<u64>().unwrap()},
    ]);
    assert_eq!(hub["ports"], ports);
    for listener in ["server.host", "ops.host"] {
        assert_eq!(settings[listener], "0.0.0.0", "other pods must reach it");
    }
    // Hubs that share no state only agree if the topics have a fixed start.
    assert_eq!(settings["state.dir"], "");
    assert!(settings["topics.ecg.start"].starts_with("2026-"));
    for (probe, path) in [
        ("startupProbe", "/readyz"),
        ("readinessProbe", "/readyz"),
        ("livenessProbe", "/healthz"),
    ] {
        assert_eq!(
            hub[probe]["httpGet"],
            json!({"path": path, "port": "ops"}),
            "{probe}"
        );
    }
    let leaves = hub["lifecycle"]["preStop"]["sleep"]["seconds"]
        .as_u64()
        .unwrap();
    let grace = pod["terminationGracePeriodSeconds"].as_u64().unwrap();
    assert!(grace > leaves + seconds(&settings["server.drain"]) + 5);
    // The arguments refer to the file that the ConfigMap provides.
    let mount = &hub["volumeMounts"][0];
    let file = format!("{}/tickcast.toml", text(&mount["mountPath"]));
    assert_eq!(hub["args"], json!(["serve", "--config", file]));
    assert_eq!(pod["volumes"][0]["name"], mount["name"]);
    assert_eq!(
        pod["volumes"][0]["configMap"]["name"],
        manifest("ConfigMap")["metadata"]["name"]
    );
    let user = of_image("USER");
    assert_eq!(
        user.split(':').next(),
        Some(pod["securityContext"]["runAsUser"].to_string().as_str())
    );
}

#[test]
fn the_kubernetes_pods_are_spread_over_nodes() {
    let template = manifest("Deployment")["spec"]["template"].clone();
    let spread = &template["spec"]["topologySpreadConstraints"];
    assert_eq!(spread.as_array().unwrap().len(), 1);
    assert_eq!(spread[0]["topologyKey"], "kubernetes.io/hostname");
    assert_eq!(
        spread[0]["labelSelector"]["matchLabels"],
        template["metadata"]["labels"]
    );
}

/// The requirements of the `restricted` pod security standard.
#[test]
fn the_kubernetes_pods_meet_the_restricted_security_standard() {
    let pod = manifest("Deployment")["spec"]["template"]["spec"].clone();
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_eq!(
        pod["securityContext"]["seccompProfile"]["type"],
        "RuntimeDefault"
    );
    let hub = &pod["containers"][0]["securityContext"];
    assert_eq!(hub["allowPrivilegeEscalation"], false);
    assert_eq!(hub["readOnlyRootFilesystem"], true);
    assert_eq!(hub["capabilities"], json!({"drop": ["ALL"]}));
}

#[test]
fn the_kubernetes_services_select_the_pods() {
    let deployment = manifest("Deployment")["spec"].clone();
    let labels = &deployment["template"]["metadata"]["labels"];
    assert_eq!(&deployment["selector"]["matchLabels"], labels);
    assert_eq!(
        &manifest("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        labels
    );
    let ports = deployment["template"]["spec"]["containers"][0]["ports"]
        .as_array()
        .unwrap();
    let services = yaml("deploy/kubernetes/tickcast.yaml");
    let mut services: Vec<_> = services
        .iter()
        .filter(|document| document["kind"] == "Service")
        .collect();
    assert_eq!(services.len(), 2);
    for service in services.drain(..) {
        assert_eq!(&service["spec"]["selector"], labels);
        let target = &service["spec"]["ports"][0]["targetPort"];
        assert!(ports.iter().any(|port| port["name"] == *target), "{target}");
    }
}
