//! Text from clients: how it is parsed, and quoted in errors.

/// Parses an unsigned decimal integer of any length, saturating at `u64::MAX`. Returns `None` for anything else,
/// including a sign.
pub(super) fn parse_saturating(text: &str) -> Option<u64> {
    let is_decimal = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // Parsing digits can only fail by overflow.
    is_decimal.then(|| text.parse().unwrap_or(u64::MAX))
}

/// Shortens client input so that an error message can quote it.
pub(super) fn excerpt(text: &str) -> String {
    const CHARS_MAX: usize = 60;
    let mut excerpt: String = text.chars().take(CHARS_MAX).collect();
    if excerpt.len() < text.len() {
        excerpt.push('…');
    }
    excerpt
}
