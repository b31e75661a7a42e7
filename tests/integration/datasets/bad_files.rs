//! Files that are no dataset: the message names the place and the remedy, the exit code is 2, and nothing hangs or fills the
//! memory.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use rustix::fs::{FileType, Mode};

use super::super::support::{Project, lacks, tool};
use super::{gzip, zstd};

/// A topic that plays `dataset`.
fn project(dataset: &str, more: &str) -> Project {
    Project::raw(&format!(
        "[topics.demo]\ndataset = '{dataset}'\nrate = 1\n{more}"
    ))
}

/// Asserts that `check` refuses a file called `name` with the content `bytes`, with an error that contains `named`.
fn refused(name: &str, bytes: impl AsRef<[u8]>, named: &[&str]) {
    let project = project(name, "");
    std::fs::write(project.path(name), bytes).unwrap();
    expect(&project, named);
}

fn expect(project: &Project, named: &[&str]) {
    expect_output(&project.run(&["check"]), named);
}

fn expect_output(output: &Output, named: &[&str]) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    for name in named.iter().chain(&["topics.demo.dataset", ";"]) {
        assert!(error.contains(name), "`{name}` is not in\n{error}");
    }
    // The message itself, its place in the configuration, and the caret.
    assert_eq!(error.lines().count(), 3, "{error}");
}

#[test]
fn text_in_another_encoding() {
    let utf16 =
        |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let marked = [vec![0xff, 0xfe], utf16("a,b\n1,2\n")].concat();
    refused("d.csv", marked, &["d.csv:1:1", "UTF-16", "iconv"]);
    refused(
        "d.csv",
        utf16("a,b\n1,2\n"),
        &["d.csv:1:2", "a NUL byte", "UTF-16"],
    );
    refused(
        "d.csv",
        b"a,b\n1,\xb0C\n",
        &["d.csv:2:3", "not UTF-8", "iconv"],
    );
    refused("d.ndjson", b"1\n\"\xff\"\n", &["d.ndjson:2:2", "not UTF-8"]);
}

#[test]
fn rows_and_headers_that_do_not_fit() {
    for (text, named) in [
        ("", &["no records", "add at least one"][..]),
        (" \n\n", &["no records"]),
        ("a,b\n", &["no records", "header only"]),
        ("a,b\n\n", &["no records", "header only"]),
        (
            "a,b\n1,2\n\n3\n",
            &["d.csv:4:1", "row 2 has 1 cell, but the header has 2"],
        ),
        (
            "a,b\r\n1,2\r\n1,2,3\r\n",
            &["d.csv:3:1", "row 2 has 3 cells"],
        ),
        ("a,b\n\"x\ny\",2\n3\n", &["d.csv:4:1", "row 2 has 1 cell"]),
        (
            "a,b,a\n1,2,3\n",
            &["d.csv:1:1", "the columns 1 and 3 are both called `a`"],
        ),
        ("\n,\n1,2\n", &["d.csv:2:1", "the header is empty"]),
        (
            "a,b\n1,2\n3,\"4\n5,6\n",
            &["d.csv:3:1", "a quote in row 2 is not closed"],
        ),
        (
            "\"a,b\n1,2\n",
            &["d.csv:1:1", "a quote in the header is not closed"],
        ),
    ] {
        refused("d.csv", text, named);
    }
}

#[test]
fn lines_that_are_not_json() {
    for (text, named) in [
        ("{\"a\":1}\n{\"a\":\n", &["d.ndjson:2:5", "EOF"][..]),
        ("[\n1,\n2]\n", &["d.ndjson:1:1", "format = \"json\""]),
        ("1\n\n 2 3\n", &["d.ndjson:3:4", "trailing characters"]),
        (
            "{\"v\":1}\n{\"v\":NaN}\n",
            &["d.ndjson:2:6", "`NaN` is not a JSON number", "null"],
        ),
    ] {
        refused("d.ndjson", text, named);
    }
    let lines = "{\"a\":1}\n{\"a\":2}\n";
    refused(
        "d.json",
        lines,
        &["d.json:1:1", "not a JSON array", ".ndjson"],
    );
    refused(
        "d.json",
        r#"{"type":"x","few":[1],"my \"rows":[{"v":1},{"v":2}]}"#,
        &["d.json:1:1", r#"`my "rows`"#, r#"`jq '.["my \"rows"]'`"#],
    );
    refused("d.json", "[1]\n[2]\n", &["d.json:2:1", ".ndjson"]);
    refused("data", "a,b\n1,2\n", &["data:1:1", "format", "csv"]);
}

#[test]
fn damaged_compressed_files() {
    let text: String = (0..5_000)
        .map(|number| format!("{number},{}\n", number * 7919 % 1000))
        .collect();
    let text = format!("a,b\n{text}");
    for (name, bytes) in [
        ("d.csv.gz", gzip(text.as_bytes())),
        ("d.csv.zst", zstd(text.as_bytes())),
    ] {
        refused(
            name,
            &bytes[..bytes.len() / 2],
            &[name, "ends too early", "again"],
        );
        refused(
            name,
            &bytes[..bytes.len() - 2],
            &[name, "ends too early", "again"],
        );
        refused(name, &bytes[..6], &[name, "ends too early"]);
        let mut flipped = bytes.clone();
        let at = bytes.len() - 6;
        flipped[at] ^= 0x40;
        refused(name, flipped, &[name, "again"]);
        refused(name, [&bytes[..], b"garbage"].concat(), &[name, "again"]);
    }
    // A frame that needs the dictionary 7: magic, descriptor with a dictionary id of one byte, window, id, empty block.
    let with_dictionary = b"\x28\xb5\x2f\xfd\x01\x00\x07\x01\x00\x00";
    refused("d.csv.zst", with_dictionary, &["dictionary 7", "zstd -d"]);
}

#[test]
fn binary_files() {
    for (bytes, named, remedy) in [
        (
            &b"PAR1\x15\x04"[..],
            "a Parquet file",
            "set `format = \"parquet\"`",
        ),
        (b"ARROW1\0\0", "an Arrow file", "set `format = \"arrow\"`"),
        (b"\x89MCAP0\r\n", "an MCAP file", "set `format = \"mcap\"`"),
        (b"PK\x03\x04\x14", "an Excel file", "convert it to CSV"),
    ] {
        refused("d.csv", bytes, &["d.csv", named, remedy]);
        refused("d.csv.gz", gzip(bytes), &["d.csv.gz", named]);
    }
}

#[test]
fn what_is_not_a_regular_file_is_not_read() {
    expect(
        &project("/dev/zero", ""),
        &["/dev/zero", "not a regular file"],
    );
    let pipe = project("pipe.csv", "");
    let path = pipe.path("pipe.csv");
    rustix::fs::mknodat(rustix::fs::CWD, &path, FileType::Fifo, Mode::RUSR, 0).unwrap();
    expect(&pipe, &["pipe.csv", "not a regular file"]);
    let folder = project("folder.csv", "");
    std::fs::create_dir(folder.path("folder.csv")).unwrap();
    expect(
        &folder,
        &["folder.csv", "is a directory", "name a file in it"],
    );
}

#[test]
fn a_file_without_permission() {
    let project = project("d.csv", "");
    project.write("d.csv", "a\n1\n");
    let path = project.path("d.csv");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    let mut command = project.command(&["check"]);
    if std::fs::File::open(&path).is_ok() {
        // Root may read every file, unless it gives up these rights.
        if lacks(&["setpriv"]) {
            return;
        }
        let mut setpriv = tool("setpriv");
        setpriv.arg("--bounding-set=-dac_override,-dac_read_search");
        setpriv.arg(command.get_program()).args(command.get_args());
        command = setpriv;
    }
    expect_output(
        &command.output().unwrap(),
        &["d.csv", "ermission denied", "chmod"],
    );
}

#[test]
fn columns_that_do_not_exist() {
    for (name, text) in [
        ("d.csv", "time,temp\n1,2\n"),
        ("d.ndjson", "{\"time\":1,\"temp\":2}\n"),
    ] {
        let project = project(name, "columns = [\"tmp\"]\n");
        project.write(name, text);
        expect(
            &project,
            &[name, "no record has the column `tmp`", "`time`, `temp`"],
        );
    }
    let bare = project("d.json", "columns = [\"a\"]\n");
    bare.write("d.json", "[{\"a\":1},\n 2]");
    expect(&bare, &["d.json:2:2", "record 2 is not an object"]);
}

/// Asserts that `check` refuses the dataset with little memory.
fn expect_with_little_memory(project: &Project, named: &str) {
    let command = project.command(&["check"]);
    let mut shell = Command::new("sh");
    // In KiB: more than the program needs to start, and less than the file.
    shell.args(["-c", "ulimit -v 262144; exec \"$0\" \"$@\""]);
    let output = shell
        .arg(command.get_program())
        .args(command.get_args())
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains(named), "{error}");
}

#[test]
fn zeros_without_end_do_not_fill_the_memory() {
    let sparse = project("sparse.csv", "");
    let file = std::fs::File::create(sparse.path("sparse.csv")).unwrap();
    file.set_len(100 << 30).unwrap();
    expect_with_little_memory(&sparse, "sparse.csv:1:1: malformed dataset: a NUL byte");
    let bomb = project("bomb.csv.gz", "");
    let zeros = gzip(&vec![0; 8 << 20]);
    std::fs::write(bomb.path("bomb.csv.gz"), zeros.repeat(128)).unwrap();
    expect_with_little_memory(&bomb, "bomb.csv.gz:1:1: malformed dataset: a NUL byte");
}
