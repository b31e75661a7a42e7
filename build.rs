//! Build script: passes the folder of the built page and the commit to the crate. It writes no files and does not run
//! npm.

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rustc-env=TICKCAST_PAGE={}", page());
    println!(
        "cargo:rustc-env=TICKCAST_COMMIT={}",
        commit().unwrap_or_else(|| "unknown".to_owned())
    );
}

/// The folder of the page to embed: the built one, or a placeholder that explains how to build it.
fn page() -> String {
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let built = Path::new(&root).join("web/dist");
    println!("cargo:rerun-if-changed=web/dist");
    println!("cargo:rerun-if-changed=src/routes/placeholder");
    if built.join("index.html").exists() {
        return built.display().to_string();
    }
    println!(
        "cargo:warning=web/dist is missing, so the program has a placeholder instead of the page: run `make page` (with \
         Node.js 20.19 or newer) and build or install again, or use `make install`"
    );
    Path::new(&root)
        .join("src/routes/placeholder")
        .display()
        .to_string()
}

/// The abbreviated commit, or `None` outside a git checkout.
fn commit() -> Option<String> {
    println!("cargo:rerun-if-changed=.git/HEAD");
    println!("cargo:rerun-if-changed=.git/refs/heads");
    let output = Command::new("git")
        .args(["rev-parse", "--short=12", "HEAD"])
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
