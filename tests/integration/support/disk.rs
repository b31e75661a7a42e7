//! Disks that fail: one that does not answer, one that is slow, and one that is full.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};

use super::{Hub, report};

/// System calls of the thread that writes a hub's journal, made slow, or kept from returning, until this is dropped.
pub(crate) struct Obstacle {
    strace: Child,
    _stderr: BufReader<ChildStderr>,
}

impl Obstacle {
    /// Longer than any test.
    const NEVER: u64 = 3_600_000_000;

    /// From now on no call of `calls`, such as "fsync", comes back.
    pub(crate) fn stop(hub: &Hub, calls: &str) -> Self {
        Self::attach(hub, calls, &format!("delay_enter={}", Self::NEVER))
    }

    /// From now on each call takes `micros` longer.
    pub(crate) fn slow(hub: &Hub, calls: &str, micros: u64) -> Self {
        Self::attach(hub, calls, &format!("delay_enter={micros}"))
    }

    /// From now on each call fails with `error`, such as "ENOSPC".
    pub(crate) fn fail(hub: &Hub, calls: &str, error: &str) -> Self {
        Self::attach(hub, calls, &format!("error={error}"))
    }

    /// The same, but only for calls on `path`.
    pub(crate) fn fail_on(hub: &Hub, calls: &str, path: &Path, error: &str) -> Self {
        let path = path.to_str().unwrap();
        Self::attach_with(hub, calls, &format!("error={error}"), &["-P", path])
    }

    /// From now on no call of `calls` returns on any thread, including threads that start later.
    pub(crate) fn stop_everywhere(hub: &Hub, calls: &str) -> Self {
        let what = format!("delay_enter={}", Self::NEVER);
        Self::attach_to(&["-f", "-p", &hub.pid().to_string()], calls, &what)
    }

    fn attach(hub: &Hub, calls: &str, what: &str) -> Self {
        Self::attach_with(hub, calls, what, &[])
    }

    fn attach_with(hub: &Hub, calls: &str, what: &str, more: &[&str]) -> Self {
        let thread = thread(hub, "journal");
        Self::attach_to(&[more, &["-p", &thread]].concat(), calls, what)
    }

    fn attach_to(whom: &[&str], calls: &str, what: &str) -> Self {
        let mut strace = Command::new("strace")
            .args(["-o", "/dev/null"])
            .args(whom)
            .arg(format!("--trace={calls}"))
            .arg(format!("--inject={calls}:{what}"))
            .stderr(Stdio::piped())
            .spawn()
            .expect("run `make test`, which installs strace");
        let mut stderr = BufReader::new(strace.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        assert!(line.contains("attached"), "{line}");
        Self {
            strace,
            _stderr: stderr,
        }
    }
}

impl Drop for Obstacle {
    fn drop(&mut self) {
        // Killed, it leaves the thread as it would have gone on.
        _ = self.strace.kill();
        _ = self.strace.wait();
    }
}

/// The kernel's number of the first thread of `hub` that is called `name`.
pub(crate) fn thread(hub: &Hub, name: &str) -> String {
    let tasks = fs::read_dir(format!("/proc/{}/task", hub.pid())).unwrap();
    let mut threads = tasks.map(|task| task.unwrap().path());
    let is_meant =
        |path: &PathBuf| fs::read_to_string(path.join("comm")).unwrap() == format!("{name}\n");
    let thread = threads.find(is_meant).unwrap();
    thread.file_name().unwrap().to_str().unwrap().to_owned()
}

/// A file system in memory of a few pages, which only this process's hubs see; gone when this is dropped.
pub(crate) struct SmallDisk {
    holder: Child,
    folder: PathBuf,
}

impl SmallDisk {
    /// One of `size` at `folder`; `None` where nothing may be mounted, which fails the test in CI.
    pub(crate) fn at(folder: &Path, size: &str) -> Option<Self> {
        fs::create_dir_all(folder).unwrap();
        let mount = format!(
            "mount -t tmpfs -o size={size} none '{}' && echo mounted && exec sleep infinity",
            folder.display()
        );
        let mut holder = Command::new("unshare")
            .args(["--mount", "sh", "-c", &mount])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(holder.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let folder = folder.to_owned();
        let disk = Self { holder, folder };
        let is_mounted = line == "mounted\n";
        assert!(
            is_mounted || std::env::var_os("CI").is_none(),
            "only root may mount a small disk"
        );
        if !is_mounted {
            report("skipped: only root may mount a small disk");
        }
        is_mounted.then_some(disk)
    }

    /// `command`, run where the disk is seen.
    pub(crate) fn seen_by(&self, command: &Command) -> Command {
        let mut inside = Command::new("nsenter");
        inside
            .args(["--target", &self.holder.id().to_string(), "--mount", "--"])
            .arg(command.get_program())
            .args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => inside.env(name, value),
                None => inside.env_remove(name),
            };
        }
        inside
    }

    /// Where it is seen from here.
    fn path(&self, name: &str) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.holder.id()));
        let below = self.folder.strip_prefix("/").unwrap();
        root.join(below).join(name)
    }

    /// Leaves no byte free.
    pub(crate) fn fill(&self) {
        let page = [0; 4096];
        let mut bytes = Vec::new();
        // Each file is longer than the one before, so the last one fails.
        while fs::write(self.path("filler"), &bytes).is_ok() {
            bytes.extend(page);
        }
    }

    /// Makes room again.
    pub(crate) fn clear(&self) {
        fs::remove_file(self.path("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        _ = self.holder.kill();
        _ = self.holder.wait();
    }
}
