//! Alerts that fire for real faults of a real hub, scraped by a real Prometheus, and clear after them. The rules run fifteen
//! times as fast as on a machine; `rules_test.yml` covers all of them at their own speed.

use super::super::support::{Project, RawClient, lacks};
use super::eventually;
use super::hub::LoggedHub;
use super::programs::Prometheus;

const VIEWERS_MAX: usize = 12;

fn hub(project: &Project, before: Option<&LoggedHub>) -> LoggedHub {
    let ports = before.map(|hub| (hub.public.as_str(), hub.ops.as_str()));
    LoggedHub::append(project, &project.path("hub.log"), ports)
}

fn project() -> Project {
    let toml = format!(
        "[server]\nport = 0\nmax_viewers = {VIEWERS_MAX}\n[ops]\nport = 0\n\
         [topics.demo]\ndataset = \"data.json\"\nrate = 100.0\n"
    );
    Project::raw(&toml)
}

#[test]
fn alerts_on_viewers_and_on_a_hub_that_is_gone_fire_for_real_and_clear() {
    if lacks(&["prometheus"]) {
        return;
    }
    let project = project();
    let folder = project.path("");
    let mut first = hub(&project, None);
    let prometheus = Prometheus::hurry(&first.ops, &folder);
    // A counter has to be scraped before it grows.
    eventually(|| match prometheus.query("tickcast_refused_total")? {
        series if series.is_empty() => Err("nothing has been scraped".to_owned()),
        _ => Ok(()),
    });

    let viewers: Vec<_> = (0..VIEWERS_MAX)
        .map(|_| {
            let (viewer, head) = RawClient::upgrade(&first.public, "");
            assert!(head.starts_with("HTTP/1.1 101"), "{head}");
            viewer
        })
        .collect();
    for _ in 0..8 {
        first.refuse(503, "");
    }
    prometheus.await_alert("TickcastViewersRefused", true);
    prometheus.await_alert("TickcastNearlyFull", true);
    // They are cut, with unread records.
    drop(viewers);
    prometheus.await_alert("TickcastViewersLost", true);
    for alert in [
        "TickcastNearlyFull",
        "TickcastViewersRefused",
        "TickcastViewersLost",
    ] {
        prometheus.await_alert(alert, false);
    }

    first.kill();
    prometheus.await_alert("TickcastDown", true);
    let _second = hub(&project, Some(&first));
    prometheus.await_alert("TickcastDown", false);

    prometheus.set_scraping(&folder, false);
    prometheus.await_alert("TickcastTargetMissing", true);
    prometheus.set_scraping(&folder, true);
    prometheus.await_alert("TickcastTargetMissing", false);
}
