//! "Did you mean" suggestions for unknown names.
//!
//! Only for error messages: a suggestion is never applied.

use crate::protocol::{TopicName, TopicNameError};

use super::value_error::ValueError;
use super::value_origin::quoted;

/// Returns the name with the smallest edit distance to `typed`, if it is small for the length of the name.
pub(super) fn nearest<'a>(
    typed: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let folded = typed.to_lowercase();
    let slips = |name: &str| strsim::osa_distance(&folded, &name.to_lowercase());
    let near = names
        .into_iter()
        .map(|name| (slips(name), name))
        .min_by_key(|(slips, _)| *slips);
    near.filter(|(slips, name)| *slips <= (name.chars().count() / 3).max(1))
        .map(|(_, name)| name)
}

/// The remedy for an unknown name: the nearest name, or a list of all.
pub(super) fn did_you_mean<'a>(
    typed: &str,
    names: impl Iterator<Item = &'a str> + Clone,
) -> String {
    match nearest(typed, names.clone()) {
        Some(name) => format!("did you mean `{name}`?"),
        None if names.clone().next().is_none() => "no keys are allowed here; remove it".to_owned(),
        None => format!("use one of {}", code_list(names)),
    }
}

pub(super) fn code_list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The error for an invalid topic name.
pub(super) fn topic_name_error(typed: &str, error: TopicNameError) -> ValueError {
    match similar_topic_name(typed) {
        Some(name) => ValueError::with_replacement("not a topic name", quoted(name.as_str())),
        None => ValueError::with_remedy("not a topic name", topic_name_rules(error)),
    }
}

/// The valid topic name that an invalid one probably means; most often only its case is wrong.
pub(super) fn similar_topic_name(typed: &str) -> Option<TopicName> {
    typed.to_lowercase().replace([' ', '/'], "-").parse().ok()
}

/// The second half of the protocol's error message, the rules.
pub(super) fn topic_name_rules(error: TopicNameError) -> String {
    let message = error.to_string();
    message
        .split_once("; ")
        .map_or(message.clone(), |(_, remedy)| remedy.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_finds_the_name_and_an_unrelated_word_finds_none() {
        let names = ["port", "host", "max_viewers", "max_viewers_per_ip"];
        assert_eq!(nearest("prot", names), Some("port"));
        assert_eq!(nearest("PORT", names), Some("port"));
        assert_eq!(nearest("maxviewers", names), Some("max_viewers"));
        assert_eq!(nearest("colour", names), None);
        assert_eq!(nearest("x", []), None);
        assert_eq!(
            did_you_mean("x", ["a_b", "c_d"].into_iter()),
            "use one of `a_b`, `c_d`"
        );
    }
}
