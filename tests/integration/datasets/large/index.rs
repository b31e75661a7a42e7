//! The index of a large file is kept in the state folder, and used again only for the same file.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;

use tickcast::settings::TimeSettings;
use tickcast::source::{Dataset, ReadOptions, RecordSource, SidecarUse};

use super::super::super::support::{Hub, Project, RawClient};
use super::super::Files;
use super::{expect_same, large, many_lines, many_rows};

/// The folder of a hub with a topic `demo`, whose dataset is larger than what is kept in memory.
fn large_project() -> Project {
    let toml = "[topics.demo]\ndataset = \"data.ndjson\"\nrate = 1000\nloop = false\n";
    let project = Project::raw("").configure(toml);
    let count = usize::try_from(ReadOptions::MEMORY_MAX).unwrap() / 170;
    project.write("data.ndjson", &many_lines(count));
    project
}

#[test]
fn a_hub_keeps_the_index_of_a_large_file_for_the_next_start() {
    let indexed = |hub: &Hub| {
        let event = hub.last_event("dataset.indexed").unwrap();
        let text = |field: &str| event[field].as_str().unwrap().to_owned();
        (text("sidecar"), text("error"))
    };
    let none = String::new();
    let hub = large_project().start();
    assert_eq!(indexed(&hub), ("written".to_owned(), none.clone()));
    let is_published = || {
        let records = RawClient::get(hub.public(), "/api/v1/topics/demo/history?from=1&to=1");
        records.text().contains(r#"{"i":0,"v":0,"s":""}"#)
    };
    while !is_published() {}
    let hub = hub.stop().start();
    assert_eq!(indexed(&hub), ("reused".to_owned(), none.clone()));
    let project = hub.stop();
    let folder = fs::read_dir(project.state("datasets")).unwrap();
    let kept: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    let mut bytes = fs::read(&kept[0]).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&kept[0], bytes).unwrap();
    let hub = project.start();
    let expected = ("rebuilt".to_owned(), "its sum does not match".to_owned());
    assert_eq!(indexed(&hub), expected);
    let hub = hub.stop().start();
    assert_eq!(indexed(&hub), ("reused".to_owned(), none));
    hub.stop();
}

/// Options with a folder for indexes in that of `files`.
fn kept(files: &Files) -> ReadOptions {
    large().with_index_folder(Some(&files.0.path().join("indexes")))
}

/// How the file at `path` was indexed.
fn sidecar_of(path: &Path, options: &ReadOptions) -> SidecarUse {
    let dataset = Dataset::load(path, options).unwrap();
    dataset.index_report().unwrap().sidecar.clone()
}

#[test]
fn an_index_is_reused_with_everything_that_it_says() {
    let files = Files::new();
    let path = files.write("many.csv", many_rows(4_000, "\n"));
    let options = ReadOptions {
        time: Some(TimeSettings {
            key: "t".to_owned(),
            unit: None,
            max_gap: None,
            loop_gap: None,
        }),
        ..kept(&files)
    };
    assert_eq!(sidecar_of(&path, &options), SidecarUse::Written);
    let reused = expect_same(&path, &options);
    assert_eq!(reused.index_report().unwrap().sidecar, SidecarUse::Reused);
    // Read in another way, it is another dataset.
    let columns = vec!["v".to_owned()];
    let other = ReadOptions { columns, ..options };
    assert_eq!(sidecar_of(&path, &other), SidecarUse::Written);
    let reused = expect_same(&path, &other);
    assert_eq!(reused.index_report().unwrap().sidecar, SidecarUse::Reused);
}

#[test]
fn an_index_is_made_again_if_the_file_is_another_one() {
    let files = Files::new();
    let options = kept(&files);
    let path = files.write("many.ndjson", many_lines(3_000));
    assert_eq!(sidecar_of(&path, &options), SidecarUse::Written);
    let is_rebuilt = || matches!(sidecar_of(&path, &options), SidecarUse::Rebuilt(_));
    // Another length; another time stamp; other bytes with the same length and time stamp.
    files.write("many.ndjson", many_lines(3_001));
    assert!(is_rebuilt());
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let file = File::options().write(true).open(&path).unwrap();
    file.set_modified(modified + std::time::Duration::from_nanos(1))
        .unwrap();
    assert!(is_rebuilt());
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    file.write_all_at(b"{\"j\"", 0).unwrap();
    file.set_modified(modified).unwrap();
    assert!(is_rebuilt());
    assert_eq!(sidecar_of(&path, &options), SidecarUse::Reused);
    let dataset = Dataset::load(&path, &options).unwrap();
    assert_eq!(dataset.read(0..1).unwrap()[0], r#"{"j":0,"v":0,"s":""}"#);
}

#[test]
fn an_index_whose_file_is_gone_is_removed() {
    let files = Files::new();
    let options = kept(&files);
    let count = || {
        fs::read_dir(files.0.path().join("indexes"))
            .unwrap()
            .count()
    };
    for number in 0..3 {
        let path = files.write(&format!("{number}.ndjson"), many_lines(100));
        assert_eq!(sidecar_of(&path, &options), SidecarUse::Written);
        assert_eq!(count(), 1);
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn a_folder_that_cannot_be_written_does_not_matter() {
    let files = Files::new();
    let folder = files.write("file", "");
    let path = files.write("many.ndjson", many_lines(100));
    let options = large().with_index_folder(Some(&folder));
    assert!(matches!(sidecar_of(&path, &options), SidecarUse::Failed(_)));
}
