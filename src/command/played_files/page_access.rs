//! How people get to the page: a browser that is opened, and a QR code for the phones of viewers.

use std::io;
use std::process::{Command, Stdio};
use std::thread;

use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

/// The program of the system that opens an address as the user wants it.
const OPENER: &str = if cfg!(target_os = "macos") {
    "open"
} else {
    "xdg-open"
};

/// White on black, whatever the colours of the terminal: a camera needs dark modules on a light ground.
const COLORS: &str = "\u{1b}[40;97m";
const COLORS_END: &str = "\u{1b}[0m";

/// Has the system open `url`, and does not wait for it.
///
/// # Errors
/// The system has no such program.
pub(super) fn open_browser(url: &str) -> io::Result<()> {
    let mut command = Command::new(OPENER);
    command.arg(url).stdin(Stdio::null());
    // What a browser prints is not for this terminal.
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    // Otherwise it would stay in the system's table of processes.
    thread::Builder::new().spawn(move || child.wait())?;
    Ok(())
}

/// The lines of `url` as a QR code, two rows of modules each; empty if it does not fit into one.
pub(super) fn qr_code(url: &str) -> String {
    let Ok(code) = QrCode::new(url) else {
        return String::new();
    };
    // Text is lighter than its ground, so the modules that are drawn are the light ones.
    let mut image = code.render::<Dense1x2>();
    let image = image
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark);
    let lines = image.build();
    let colored = |line| format!("  {COLORS}{line}{COLORS_END}\n");
    lines.lines().map(colored).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_qr_code_is_a_square_with_a_light_edge_that_fits_a_terminal() {
        let code = qr_code("http://192.0.2.7:8000/");
        let modules = |line: &str| {
            let line = line.trim_start().trim_start_matches(COLORS);
            line.trim_end_matches(COLORS_END).to_owned()
        };
        let lines: Vec<String> = code.lines().map(modules).collect();
        let width = lines[0].chars().count();
        assert!(
            lines.iter().all(|line| line.chars().count() == width),
            "{code}"
        );
        assert!(width.div_ceil(2) == lines.len() && width < 40, "{code}");
        assert_eq!(lines[0], "█".repeat(width), "{code}");
    }
}
