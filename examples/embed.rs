//! Starts a hub inside this program, reads some records as a viewer, and stops it.

use std::error::Error;
use std::fs;

use futures_util::StreamExt;
use tickcast::server::{InheritedSockets, Server};
use tickcast::settings::{Overrides, Settings};
use tickcast::source;
use tickcast::telemetry::LogDrops;
use tokio_tungstenite::connect_async;

const CONFIG: &str = r#"
    [server]
    port = 0                # any free one
    [ops]
    enabled = false
    [state]
    dir = "state"           # relative to this file, as is the dataset
    [topics.demo]
    dataset = "data.json"
    rate = 10.0             # records per second
"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("config/hub.toml");
    fs::create_dir(folder.path().join("config"))?;
    fs::write(&config, CONFIG)?;
    fs::write(
        config.with_file_name("data.json"),
        r#"[{"value": 20.1}, {"value": 20.4}, {"value": 19.8}]"#,
    )?;

    let settings = Settings::load(&config, [], &Overrides::default())?;
    let sources = source::shared(source::load(&settings)?);
    let (sockets, log_drops) = (InheritedSockets::default(), LogDrops::default());
    let server = Server::start(&settings, sources, sockets, log_drops)?;

    // Any WebSocket client gets the records; one that asks for the subprotocol `tickcast.v1` gets messages.
    let url = format!("ws://{}/ws/demo", server.public_address());
    let (mut viewer, _) = connect_async(url).await?;
    for _ in 0..3 {
        let frame = viewer
            .next()
            .await
            .ok_or("the hub closed the connection")??;
        assert!(frame.to_text()?.starts_with("{\"value\":"), "{frame}");
    }
    drop(viewer);

    // Says goodbye to the viewers that are left, and waits for them as long as `server.drain` allows.
    server.drain().await;
    Ok(())
}
