//! [`Proxy`]: a TLS proxy in proxy of a hub, with the configuration from `deploy/proxy/` and the test's ports and
//! paths.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc::channel;
use std::thread;

use tempfile::TempDir;

use crate::support::{Hub, TIMEOUT, hub::root, kill, lacks, tool};

/// The host name in the shipped files and in the certificate.
pub(super) const NAME: &str = "hub.example.org";

/// The proxy program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Make {
    Nginx,
    Caddy,
    Haproxy,
}

/// A running proxy, stopped when dropped.
pub(super) struct Proxy {
    child: Child,
    folder: TempDir,
    ip: String,
    plain: u16,
    tls: u16,
}

impl Make {
    pub(super) const ALL: [Self; 3] = [Self::Nginx, Self::Caddy, Self::Haproxy];

    /// Whether a program is missing that a test with this proxy needs; the test then has to return.
    #[must_use]
    pub(super) fn is_missing(self) -> bool {
        lacks(&[self.program(), "openssl", "curl"])
    }

    fn program(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Caddy => "caddy",
            Self::Haproxy => "haproxy",
        }
    }

    /// The shipped configuration.
    pub(super) fn text(self) -> String {
        shipped(match self {
            Self::Nginx => "nginx.conf",
            Self::Caddy => "Caddyfile",
            Self::Haproxy => "haproxy.cfg",
        })
    }

    /// The shipped configuration that serves the hub under a path.
    fn text_with_path(self) -> String {
        shipped(match self {
            Self::Nginx => "nginx-path.conf",
            Self::Caddy => "Caddyfile-path",
            Self::Haproxy => "haproxy-path.cfg",
        })
    }

    /// The message on standard error when it listens.
    fn listens(self) -> &'static str {
        match self {
            Self::Nginx => "start worker process ",
            Self::Caddy => "serving initial configuration",
            Self::Haproxy => "Loading success",
        }
    }

    fn command(self, configuration: &Path) -> Command {
        let mut command = tool(self.program());
        match self {
            Self::Nginx => command.arg("-e").arg("stderr").arg("-c"),
            Self::Caddy => command.args(["run", "--adapter", "caddyfile", "--config"]),
            Self::Haproxy => command.args(["-W", "-db", "-f"]),
        };
        command.arg(configuration);
        command
    }
}

impl Proxy {
    /// Starts the proxy with the shipped configuration.
    pub(super) fn start(make: Make, hub: &Hub) -> Self {
        Self::changed(make, hub, &[])
    }

    /// Starts the proxy with the read timeout `read_timeout` instead of 60 s.
    pub(super) fn with_read_timeout(make: Make, hub: &Hub, read_timeout: &str) -> Self {
        Self::changed(make, hub, &[("60s", read_timeout)])
    }

    /// Starts the proxy with the shipped configuration that serves the hub under a path.
    pub(super) fn with_path(make: Make, hub: &Hub) -> Self {
        Self::run(make, hub, make.text_with_path(), &[])
    }

    /// Starts the proxy with the shipped configuration and a second line for `other`, as its comments say.
    pub(super) fn with_hubs(make: Make, hub: &Hub, other: &Hub) -> Self {
        let (address, other) = (hub.public(), other.public());
        let (line, lines) = match make {
            Make::Nginx => (
                format!("server {address};"),
                format!("server {address} fail_timeout=2s;\nserver {other} fail_timeout=2s;"),
            ),
            Make::Haproxy => (
                format!("server hub {address} "),
                format!("server other {other} maxconn 20000\nserver hub {address} "),
            ),
            Make::Caddy => panic!("its sample does not pass requests on to another hub"),
        };
        Self::changed(make, hub, &[(&line, &lines)])
    }

    /// Starts the proxy with the shipped configuration and each `(from, to)` in `changes` replaced.
    pub(super) fn changed(make: Make, hub: &Hub, changes: &[(&str, &str)]) -> Self {
        Self::run(make, hub, make.text(), changes)
    }

    fn run(make: Make, hub: &Hub, text: String, changes: &[(&str, &str)]) -> Self {
        static PORTS: AtomicU16 = AtomicU16::new(8000);
        let folder = TempDir::new().unwrap();
        let plain = PORTS.fetch_add(2, Ordering::Relaxed);
        let mut proxy = Self {
            child: Command::new("true").spawn().unwrap(),
            folder,
            ip: own_address(),
            plain,
            tls: plain + 1,
        };
        proxy.certify();
        let configuration = proxy.configuration(make, hub, text, changes);
        let mut command = make.command(&configuration);
        proxy.child.wait().unwrap();
        proxy.child = command
            .env("HOME", proxy.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        proxy.await_line(make);
        proxy
    }

    /// Waits until the proxy listens, and keeps reading its output so that it never blocks.
    fn await_line(&mut self, make: Make) {
        let log = BufReader::new(self.child.stderr.take().unwrap());
        let (sender, listens) = channel();
        thread::spawn(move || {
            let mut said = String::new();
            for line in log.lines().map_while(Result::ok) {
                _ = writeln!(said, "{line}");
                if line.contains(make.listens()) {
                    _ = sender.send(Ok(()));
                }
            }
            _ = sender.send(Err(said));
        });
        match listens.recv_timeout(TIMEOUT) {
            Ok(Ok(())) => {}
            other => panic!("{make:?} does not listen: {other:?}"),
        }
    }

    /// Creates a self-signed certificate for [`NAME`].
    fn certify(&self) {
        let output = tool("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt"])
            .args(["ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
            .args(["-subj", &format!("/CN={NAME}")])
            .args(["-addext", &format!("subjectAltName=DNS:{NAME}")])
            .arg("-keyout")
            .arg(self.path("privkey.pem"))
            .arg("-out")
            .arg(self.path("fullchain.pem"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let read = |name| fs::read_to_string(self.path(name)).unwrap();
        let both = [read("fullchain.pem"), read("privkey.pem")].concat();
        fs::write(self.path("tickcast.pem"), both).unwrap();
    }

    /// Writes the configuration and returns its path.
    fn configuration(
        &self,
        make: Make,
        hub: &Hub,
        mut text: String,
        changes: &[(&str, &str)],
    ) -> PathBuf {
        let (ip, plain, tls) = (&self.ip, self.plain, self.tls);
        let files = format!("{}/", self.folder.path().display());
        let ops = hub.ops().rsplit_once(':').unwrap().1;
        let mut all = vec![
            ("127.0.0.1:8000", hub.public().to_owned()),
            ("/etc/ssl/tickcast/", files.clone()),
        ];
        all.extend(changes.iter().map(|(from, to)| (*from, (*to).to_owned())));
        all.extend(match make {
            Make::Nginx => vec![
                ("listen [::]:80;", String::new()),
                ("listen [::]:443 ssl http2;", String::new()),
                ("listen 80;", format!("listen {ip}:{plain};")),
                ("listen 443 ", format!("listen {ip}:{tls} ")),
            ],
            Make::Caddy => vec![
                ("# tls ", "tls ".to_owned()),
                (
                    "hub.example.org {",
                    format!("hub.example.org {{\nbind {ip}"),
                ),
            ],
            Make::Haproxy => vec![
                ("user haproxy", String::new()),
                ("group haproxy", String::new()),
                ("chroot /var/lib/haproxy", String::new()),
                ("log /dev/log local0", String::new()),
                // HAProxy does not start if the limit of open files is lower than this requires.
                ("maxconn 32768", "maxconn 1000".to_owned()),
                ("bind :80\n", format!("bind {ip}:{plain}\n")),
                ("bind :443 ", format!("bind {ip}:{tls} ")),
                ("port 8001", format!("port {ops}")),
            ],
        });
        for (shipped, ours) in all {
            assert!(
                text.contains(shipped),
                "{shipped} is not in the sample of {make:?}"
            );
            text = text.replace(shipped, &ours);
        }
        self.write(&self.surrounded(make, &text))
    }

    /// Adds what surrounds the sample on a machine where it is installed.
    fn surrounded(&self, make: Make, text: &str) -> String {
        let folder = self.folder.path().display();
        match make {
            Make::Nginx => {
                let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                    .map(|name| format!("{name}_temp_path {folder}/{name};\n"))
                    .concat();
                format!(
                    "daemon off;\nuser root;\npid {folder}/nginx.pid;\nerror_log stderr notice;\n\
                     events {{ worker_connections 1024; }}\nhttp {{\naccess_log off;\n{temporary}{text}}}\n"
                )
            }
            Make::Caddy => format!(
                "{{\nadmin off\nstorage file_system {folder}\nhttp_port {}\nhttps_port {}\n}}\n{text}",
                self.plain, self.tls
            ),
            Make::Haproxy => text.to_owned(),
        }
    }

    fn write(&self, text: &str) -> PathBuf {
        let path = self.path("configuration");
        fs::write(&path, text).unwrap();
        path
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The address `ip:port` without TLS.
    pub(super) fn plain(&self) -> String {
        format!("{}:{}", self.ip, self.plain)
    }

    /// The address `ip:port` with TLS.
    pub(super) fn tls(&self) -> String {
        format!("{}:{}", self.ip, self.tls)
    }

    /// `name:port`, as in a browser's URL.
    pub(super) fn host(&self) -> String {
        format!("{NAME}:{}", self.tls)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Terminated instead of killed, so that its workers exit, too.
        _ = kill(&[&self.child.id().to_string()]);
        _ = self.child.wait();
    }
}

/// A file of `deploy/proxy`.
pub(super) fn shipped(name: &str) -> String {
    fs::read_to_string(root().join("deploy/proxy").join(name)).unwrap()
}

/// A loopback address that no other test process uses, because the proxies cannot pick a free port themselves.
fn own_address() -> String {
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    format!("127.{}.{middle}.{low}", 64 + high % 64)
}
