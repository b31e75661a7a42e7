//! The default of `state.dir`: a folder for each configuration, where the service manager or the user keeps state.
//!
//! Two paths to one file have the same default, so that its hubs lock each other out; two files never do.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::StateSettings;
use super::layers::{Assignment, Section};
use super::setting_value::SettingValue;
use super::settings_error::ValueOrigin;
use super::toml_value::quoted;

/// The variable in which systemd passes the folder of a service.
const VARIABLE: &str = "STATE_DIRECTORY";
/// Where folders are if no variable names a place for them, as in a service without `HOME`.
const WITHOUT_HOME: &str = "/var/lib";
/// The default of earlier versions, relative to the configuration file.
const FORMER_DEFAULT: &str = "../state";
/// In characters. File systems limit a name to 255 bytes.
const NAME_LEN_MAX: usize = 60;
/// In bytes; enough that no two of a user's configurations share a digest.
const DIGEST_LEN: usize = 6;

/// The lowest layer's value of `state.dir`, for the configuration at `file`.
pub(super) fn default_dir(env: &[(String, String)], file: &Path) -> Assignment {
    // systemd may list several folders; the first belongs to this service.
    let of_service = variable(env, VARIABLE)
        .and_then(|value| value.split(':').next())
        .filter(|dir| !dir.is_empty());
    let (dir, origin) = match of_service {
        Some(dir) => {
            let variable = VARIABLE.to_owned();
            (dir.to_owned(), ValueOrigin::Environment { variable })
        }
        None => (own_folder(env, file), ValueOrigin::Default),
    };
    Assignment {
        path: vec!["state".to_owned(), "dir".to_owned()],
        toml: quoted(&dir),
        value: Some(SettingValue::Text(dir)),
        origin,
    }
}

/// Returns the settings of `[state]`.
pub(super) fn settings(table: &Section<'_>, file: &Path) -> StateSettings {
    let is_set = table.get("dir").is_some_and(|dir: String| !dir.is_empty());
    let is_default = *table.origin("dir") == ValueOrigin::Default;
    StateSettings {
        dir: is_set.then(|| table.path("dir", file)).flatten(),
        former_default: is_default.then(|| folder_of(file).join(FORMER_DEFAULT)),
    }
}

/// The folder in which programs keep the state of the user whose environment is `env`; `None` without a home.
fn base_folder(env: &[(String, String)]) -> Option<String> {
    // Relative paths in these variables are to be ignored, says the XDG Base Directory Specification.
    let absolute = |name| variable(env, name).filter(|path| path.starts_with('/'));
    match (absolute("XDG_STATE_HOME"), absolute("HOME")) {
        (Some(state), _) => Some(state.to_owned()),
        (None, Some(home)) => Some(format!("{}/.local/state", home.trim_end_matches('/'))),
        (None, None) => None,
    }
}

/// The folder of this program among those for the state of the user whose environment is `env`; `None` without a home.
pub fn user_state_folder(env: impl IntoIterator<Item = (OsString, OsString)>) -> Option<PathBuf> {
    let text = |(name, value): (OsString, OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    let env: Vec<_> = env.into_iter().filter_map(text).collect();
    Some(Path::new(&base_folder(&env)?).join("tickcast"))
}

/// The folder for the state of the configuration at `file`.
fn own_folder(env: &[(String, String)], file: &Path) -> String {
    let base = base_folder(env).unwrap_or_else(|| WITHOUT_HOME.to_owned());
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let name: String = name.chars().take(NAME_LEN_MAX).collect();
    let digest = Sha256::digest(full_path(file).as_os_str().as_encoded_bytes());
    let digest = HEXLOWER.encode(&digest[..DIGEST_LEN]);
    format!("{}/tickcast/{name}-{digest}", base.trim_end_matches('/'))
}

/// The path of `file` from the root. Links among its folders are followed, but the file itself may be a link that
/// changes with each version, as in Kubernetes.
fn full_path(file: &Path) -> PathBuf {
    let folder = folder_of(file);
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let full = folder
        .canonicalize()
        .or_else(|_| std::path::absolute(folder));
    full.unwrap_or_default()
        .join(file.file_name().unwrap_or_default())
}

fn folder_of(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new(""))
}

fn variable<'a>(env: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = env.iter().find(|(variable, _)| variable == name);
    found.map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(env: &[(&str, &str)], file: &str) -> String {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let env: Vec<_> = env.iter().map(owned).collect();
        own_folder(&env, Path::new(file))
    }

    #[test]
    fn the_folder_is_where_the_user_keeps_state() {
        for (env, begin) in [
            (
                &[("XDG_STATE_HOME", "/x/"), ("HOME", "/h")][..],
                "/x/tickcast/hub-",
            ),
            (
                &[("XDG_STATE_HOME", "x"), ("HOME", "/h")],
                "/h/.local/state/tickcast/hub-",
            ),
            (
                &[("XDG_STATE_HOME", ""), ("HOME", "/")],
                "/.local/state/tickcast/hub-",
            ),
            (&[("HOME", "h")], "/var/lib/tickcast/hub-"),
            (&[], "/var/lib/tickcast/hub-"),
        ] {
            let found = folder(env, "/nonexistent/hub.toml");
            let digest = found
                .strip_prefix(begin)
                .unwrap_or_else(|| panic!("{found}"));
            assert_eq!(digest.len(), 2 * DIGEST_LEN, "{found}");
        }
    }

    #[test]
    fn the_folder_is_that_of_the_file_however_its_path_is_written() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name).display().to_string();
        std::fs::create_dir(path("a")).unwrap();
        std::fs::create_dir(path("b")).unwrap();
        std::os::unix::fs::symlink(path("a"), path("link")).unwrap();
        let of = |name: &str| folder(&[], &path(name));
        for same in ["a/../a/hub.toml", "./a/hub.toml", "link/hub.toml"] {
            assert_eq!(of(same), of("a/hub.toml"), "{same}");
        }
        for other in ["b/hub.toml", "a/bub.toml", "a/hub.tom"] {
            assert_ne!(of(other), of("a/hub.toml"), "{other}");
        }
    }

    #[test]
    fn a_long_name_is_cut() {
        let found = folder(&[], &format!("/{}.toml", "é".repeat(120)));
        assert!(found.rsplit('/').next().unwrap().len() < 255, "{found}");
    }
}
