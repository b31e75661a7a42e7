//! What was probably meant: the nearest of the names that exist.
//!
//! Only proposes; the name that was typed is refused all the same.

use crate::protocol::{TopicName, TopicNameError};

use super::complaint::Complaint;
use super::origin::quoted;

/// The name that differs from `typed` by the fewest slips, when they are few for its length.
pub(super) fn of<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = typed.to_lowercase();
    let slips = |name: &str| strsim::osa_distance(&folded, &name.to_lowercase());
    let near = names
        .into_iter()
        .map(|name| (slips(name), name))
        .min_by_key(|(slips, _)| *slips);
    near.filter(|(slips, name)| *slips <= (name.chars().count() / 3).max(1))
        .map(|(_, name)| name)
}

/// The remedy for an unknown name: the nearest, or all there are.
pub(super) fn remedy<'a>(typed: &str, names: impl Iterator<Item = &'a str> + Clone) -> String {
    match of(typed, names.clone()) {
        Some(name) => format!("did you mean `{name}`?"),
        None if names.clone().next().is_none() => {
            "there is none to choose from here; remove it".to_owned()
        }
        None => format!("use one of {}", listed(names)),
    }
}

pub(super) fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Against the name of a topic that breaks the grammar.
pub(super) fn topic_complaint(typed: &str, error: TopicNameError) -> Complaint {
    match topic(typed) {
        Some(name) => Complaint::instead("not a topic name", quoted(name.as_str())),
        None => Complaint::plain("not a topic name", grammar(error)),
    }
}

/// The topic's name that a wrong one stands for; most often it is only its capitals.
pub(super) fn topic(typed: &str) -> Option<TopicName> {
    typed.to_lowercase().replace([' ', '/'], "-").parse().ok()
}

/// The remedy half of the protocol's message.
pub(super) fn grammar(error: TopicNameError) -> String {
    let message = error.to_string();
    message
        .split_once("; ")
        .map_or(message.clone(), |(_, remedy)| remedy.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name_and_a_stranger_finds_none() {
        let names = ["port", "host", "max_viewers", "max_viewers_per_ip"];
        assert_eq!(of("prot", names), Some("port"));
        assert_eq!(of("PORT", names), Some("port"));
        assert_eq!(of("maxviewers", names), Some("max_viewers"));
        assert_eq!(of("colour", names), None);
        assert_eq!(of("x", []), None);
        assert_eq!(
            remedy("x", ["a_b", "c_d"].into_iter()),
            "use one of `a_b`, `c_d`"
        );
    }
}
