//! The reason of an error of the operating system as a word, for fields of log events that programs read.

use std::io;

use rustix::io::Errno;

/// Returns the word for `error`. Messages differ between systems and languages; these words do not.
#[must_use]
pub fn error_reason(error: &io::Error) -> &'static str {
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::MFILE | Errno::NFILE) => return "too_many_files",
        Some(Errno::NOMEM | Errno::NOBUFS) => return "out_of_memory",
        _ => {}
    }
    match error.kind() {
        io::ErrorKind::StorageFull => "storage_full",
        io::ErrorKind::QuotaExceeded => "quota_exceeded",
        io::ErrorKind::FileTooLarge => "file_too_large",
        io::ErrorKind::ReadOnlyFilesystem => "read_only",
        io::ErrorKind::PermissionDenied => "permission_denied",
        io::ErrorKind::NotFound => "not_found",
        io::ErrorKind::TimedOut => "timed_out",
        io::ErrorKind::UnexpectedEof => "truncated",
        io::ErrorKind::InvalidData => "invalid_data",
        io::ErrorKind::OutOfMemory => "out_of_memory",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_the_same_word_however_it_came_about() {
        let from_system = |errno: Errno| error_reason(&io::Error::from(errno));
        assert_eq!(from_system(Errno::NOSPC), "storage_full");
        assert_eq!(
            error_reason(&io::ErrorKind::StorageFull.into()),
            "storage_full"
        );
        assert_eq!(from_system(Errno::MFILE), "too_many_files");
        assert_eq!(from_system(Errno::ROFS), "read_only");
        assert_eq!(error_reason(&io::ErrorKind::TimedOut.into()), "timed_out");
        assert_eq!(error_reason(&io::Error::other("a text")), "other");
    }
}
