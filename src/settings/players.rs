//! Checks the players: the topics that are played together have one start, one loop and one speed.

use super::layers::{Layers, Section};
use super::settings_error::{SettingsError, SettingsErrors};
use super::start::Start;
use super::validate::TopicTable;
use crate::protocol::{Speed, TopicName};

/// The player of a topic, and what all topics of a player have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PlayerMember {
    topic: TopicName,
    player: TopicName,
    looping: Option<bool>,
    start: Option<Start>,
    speed: Option<Speed>,
}

/// Reports topics that cannot be played together.
pub(super) fn check(layers: &Layers, tables: &[TopicTable], errors: &mut SettingsErrors) {
    let members: Vec<_> = tables
        .iter()
        .filter_map(|table| {
            let values = Section::new(layers, &["topics", &table.name]);
            Some((member(&values, table)?, values))
        })
        .collect();
    for (number, (member, values)) in members.iter().enumerate() {
        let others = || members.iter().map(|(other, _)| other);
        if let Some(outsider) =
            others().find(|other| other.topic == member.player && other.player != member.player)
        {
            errors.push(outside(values, outsider));
        }
        let first = others()
            .take(number)
            .find(|other| other.player == member.player);
        if let Some(first) = first {
            check_agreement(values, member, first, errors);
        }
        let is_shared = others().any(|other| other != member && other.player == member.player);
        if is_shared && values.assignment("max_gap").is_some() {
            errors.push(SettingsError::new(
                values.origin("max_gap"),
                values.key("max_gap"),
                format!("the player `{}` has several topics", member.player),
                "remove it: topics that are played together keep their gaps, so that they stay aligned",
            ));
        }
    }
}

fn member(values: &Section<'_>, table: &TopicTable) -> Option<PlayerMember> {
    let topic = table.topic.clone()?;
    Some(PlayerMember {
        player: values.get("player").unwrap_or_else(|| topic.clone()),
        topic,
        looping: values.get("loop"),
        start: values.get("start"),
        speed: values.get("speed"),
    })
}

fn outside(values: &Section<'_>, outsider: &PlayerMember) -> SettingsError {
    let name = &outsider.topic;
    SettingsError::new(
        values.origin("player"),
        values.key("player"),
        format!("`{name}` is also a topic, which is not in this player"),
        format!("add `player = \"{name}\"` to that topic, or choose another name"),
    )
}

fn check_agreement(
    values: &Section<'_>,
    member: &PlayerMember,
    first: &PlayerMember,
    errors: &mut SettingsErrors,
) {
    let differs = [
        ("loop", member.looping != first.looping),
        ("start", member.start != first.start),
        ("speed", member.speed != first.speed),
    ];
    for (name, _) in differs.into_iter().filter(|(_, differs)| *differs) {
        errors.push(SettingsError::new(
            values.origin(name),
            values.key(name),
            format!(
                "not that of the topic `{}`, which is in the same player `{}`",
                first.topic, member.player
            ),
            format!("give all topics of a player the same `{name}`"),
        ));
    }
}
