//! Failing disks: system calls that block, are slow or fail, and a disk that is full.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};

use super::{Hub, lacks, skip, tool};

/// Injects faults into system calls of a thread of a hub with strace, until dropped.
pub(crate) struct SyscallFault {
    strace: Child,
    _stderr: BufReader<ChildStderr>,
}

impl SyscallFault {
    /// The calls that wait for the disk.
    pub(crate) const SYNC: &str = "fsync,fdatasync";
    /// Longer than any test.
    const NEVER: u64 = 3_600_000_000;

    /// Whether strace is missing or may not trace other processes. The test then has to return: it has been reported as
    /// skipped.
    #[must_use]
    pub(crate) fn is_impossible() -> bool {
        if lacks(&["strace"]) {
            return true;
        }
        let mut other = Command::new("sleep").arg("60").spawn().unwrap();
        let mut traced = tool("strace")
            .args(["-o", "/dev/null", "-p", &other.id().to_string()])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stderr = BufReader::new(traced.stderr.take().unwrap());
        stderr.read_line(&mut line).unwrap();
        for child in [&mut traced, &mut other] {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let is_impossible = !line.contains("attached");
        if is_impossible {
            skip("`strace` may not trace other processes (see kernel.yama.ptrace_scope)");
        }
        is_impossible
    }

    /// Blocks every call in `calls` of the journal thread, such as "fsync".
    pub(crate) fn block(hub: &Hub, calls: &str) -> Self {
        Self::attach(hub, calls, &format!("delay_enter={}", Self::NEVER))
    }

    /// Blocks every call in `calls` after the first `passed` ones.
    pub(crate) fn block_after(hub: &Hub, passed: u32, calls: &str) -> Self {
        let what = format!("delay_enter={}:when={}+", Self::NEVER, passed + 1);
        Self::attach(hub, calls, &what)
    }

    /// Delays every call by `micros`.
    pub(crate) fn delay(hub: &Hub, calls: &str, micros: u64) -> Self {
        Self::attach(hub, calls, &format!("delay_enter={micros}"))
    }

    /// Makes every call of the journal thread fail with `error`, such as "ENOSPC".
    pub(crate) fn fail(hub: &Hub, calls: &str, error: &str) -> Self {
        Self::attach(hub, calls, &format!("error={error}"))
    }

    /// Makes every call after the first `passed` ones fail with `error`.
    pub(crate) fn fail_after(hub: &Hub, passed: u32, calls: &str, error: &str) -> Self {
        let what = format!("error={error}:when={}+", passed + 1);
        Self::attach(hub, calls, &what)
    }

    /// Makes the next call of the thread named `thread` fail with `error`.
    pub(crate) fn fail_once(hub: &Hub, thread: &str, calls: &str, error: &str) -> Self {
        let target = ["-p", &thread_id(hub, thread)];
        Self::attach_to(&target, calls, &format!("error={error}:when=1"))
    }

    /// Blocks every call in `calls` of the thread named `thread`.
    pub(crate) fn block_thread(hub: &Hub, thread: &str, calls: &str) -> Self {
        let what = format!("delay_enter={}", Self::NEVER);
        Self::attach_to(&["-p", &thread_id(hub, thread)], calls, &what)
    }

    /// Blocks every call in `calls` on all threads, including threads started later.
    pub(crate) fn block_all_threads(hub: &Hub, calls: &str) -> Self {
        let what = format!("delay_enter={}", Self::NEVER);
        Self::attach_to(&["-f", "-p", &hub.pid().to_string()], calls, &what)
    }

    fn attach(hub: &Hub, calls: &str, what: &str) -> Self {
        let thread = thread_id(hub, "journal");
        Self::attach_to(&["-p", &thread], calls, what)
    }

    fn attach_to(target: &[&str], calls: &str, what: &str) -> Self {
        let mut strace = tool("strace")
            .args(["-o", "/dev/null"])
            .args(target)
            .arg(format!("--trace={calls}"))
            .arg(format!("--inject={calls}:{what}"))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
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

impl Drop for SyscallFault {
    fn drop(&mut self) {
        // When strace is killed, the kernel detaches it and the thread continues.
        _ = self.strace.kill();
        _ = self.strace.wait();
    }
}

/// Several seconds of looking for a thread; each look takes some 50 µs.
const THREAD_LOOKUPS_MAX: usize = 100_000;

/// The id of the first thread of `hub` named `name`. A thread names itself, some time after it was started.
fn thread_id(hub: &Hub, name: &str) -> String {
    let is_meant = |path: &PathBuf| {
        fs::read_to_string(path.join("comm")).is_ok_and(|comm| comm == format!("{name}\n"))
    };
    for _ in 0..THREAD_LOOKUPS_MAX {
        let tasks = fs::read_dir(format!("/proc/{}/task", hub.pid())).unwrap();
        let mut threads = tasks.map(|task| task.unwrap().path());
        if let Some(thread) = threads.find(is_meant) {
            return thread.file_name().unwrap().to_str().unwrap().to_owned();
        }
        std::thread::yield_now();
    }
    panic!("no thread is named {name}");
}

/// A small in-memory file system in its own mount namespace, which only hubs started through it see; removed when
/// dropped.
pub(crate) struct SmallDisk {
    holder: Child,
    folder: PathBuf,
}

impl SmallDisk {
    /// Mounts a file system of `size` at `folder`. Returns `None` if this process may not mount, and the test is skipped.
    pub(crate) fn mount(folder: &Path, size: &str) -> Option<Self> {
        fs::create_dir_all(folder).unwrap();
        let mount = format!(
            "mount -t tmpfs -o size={size} none '{}' && echo mounted && exec sleep infinity",
            folder.display()
        );
        if lacks(&["unshare", "nsenter"]) {
            return None;
        }
        let mut holder = tool("unshare")
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
        if !is_mounted {
            skip("this process may not mount a small disk");
        }
        is_mounted.then_some(disk)
    }

    /// Returns `command` wrapped to run in the mount namespace of the disk.
    pub(crate) fn command_inside(&self, command: &Command) -> Command {
        let mut inside = tool("nsenter");
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

    /// The path of a file on the disk, as seen from the test.
    fn path(&self, name: &str) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.holder.id()));
        let below = self.folder.strip_prefix("/").unwrap();
        root.join(below).join(name)
    }

    /// Fills the disk completely.
    pub(crate) fn fill(&self) {
        let page = [0; 4096];
        let mut bytes = Vec::new();
        // Grows the file by a page at a time until writing it fails.
        while fs::write(self.path("filler"), &bytes).is_ok() {
            bytes.extend(page);
        }
    }

    /// Frees the space that `fill` used.
    pub(crate) fn free(&self) {
        fs::remove_file(self.path("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        _ = self.holder.kill();
        _ = self.holder.wait();
    }
}
