//! Extracts the metric names from PromQL expressions.

use std::collections::BTreeSet;

/// Keywords followed by label names in parentheses.
const OF_LABELS: [&str; 6] = [
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
];
const OPERATORS: [&str; 5] = ["and", "or", "unless", "bool", "offset"];

/// The metrics used in `expression`, including recorded ones.
pub(super) fn metrics(expression: &str) -> BTreeSet<String> {
    let bare = without_selectors(expression);
    let mut metrics = BTreeSet::new();
    let mut rest = bare.as_str();
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphabetic()) {
        // Skips numbers such as 2e3.
        let is_number = rest[..start].ends_with(|c: char| c.is_ascii_digit() || c == '.');
        rest = &rest[start..];
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':')
            .unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        if OF_LABELS.contains(&word) {
            rest = after.split_once(')').unwrap().1;
        } else if !is_number && !after.trim_start().starts_with('(') && !OPERATORS.contains(&word) {
            // The labels of an aggregation may come before its operand.
            let is_aggregation = OF_LABELS[..2]
                .iter()
                .any(|of| after.trim_start().starts_with(&format!("{of} ")));
            if !is_aggregation {
                metrics.insert(word.to_owned());
            }
        }
    }
    metrics
}

/// `expression` without the contents of braces, brackets and quotes.
fn without_selectors(expression: &str) -> String {
    let (mut bare, mut depth, mut quote) = (String::new(), 0, None);
    for character in expression.chars() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(character),
            (None, '{' | '[') => depth += 1,
            (None, '}' | ']') => depth -= 1,
            (None, _) if depth == 0 => bare.push(character),
            (None, _) => {}
        }
    }
    bare
}

#[test]
fn metric_names_are_found_in_promql() {
    for (expression, expected) in [
        ("up{job=~\"a.*\"} == 0", vec!["up"]),
        ("rate(a_total{x=\"b\"}[2m]) > 1e3", vec!["a_total"]),
        (
            "sum without (topic) (viewers) > 0.9 * viewers_max and on (job, x) ready == 1",
            vec!["ready", "viewers", "viewers_max"],
        ),
        (
            "sum by (reason) (a:b:rate5m{t=~\"$t\"}) / min(c)",
            vec!["a:b:rate5m", "c"],
        ),
    ] {
        let found: Vec<_> = metrics(expression).into_iter().collect();
        assert_eq!(found, expected, "{expression}");
    }
}
