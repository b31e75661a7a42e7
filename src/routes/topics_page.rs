//! The list of topics as a web page, for people who open `/api/v1/topics` in a browser.
//!
//! Every other client gets JSON. Pure HTML: no script, and one style sheet inside the page, which its content security
//! policy names by its digest.

use std::fmt::Write;

use data_encoding::BASE64;
use sha2::{Digest, Sha256};
use warp::http::header::{self, HeaderMap, HeaderValue};
use warp::reply::{Reply, Response};

use super::accept_header::AcceptHeader;
use crate::protocol::Speed;
use crate::protocol::message::TopicView;
use crate::protocol::topic_description::{AboutView, TopicKind};

const STYLE: &str = include_str!("topics_page/topics.css");

/// Whether a client prefers a page to JSON. Only browsers name `text/html`; wildcards do not count.
pub(super) fn is_preferred(headers: &HeaderMap) -> bool {
    let accepted = AcceptHeader::from_headers(headers);
    let weight = |subtype, r#type| accepted.weight_of((r#type, subtype)).unwrap_or(0);
    weight("html", "text") > weight("json", "application")
}

/// Creates the page. `path` is that of the request: links are relative, because the hub may be served under any path.
pub(super) fn respond(topics: &[TopicView<'_>], path: &str) -> Response {
    let root = if path.ends_with('/') {
        "../../../"
    } else {
        "../../"
    };
    let mut response = warp::reply::html(page(topics, root)).into_response();
    let headers = response.headers_mut();
    let digest = BASE64.encode(&Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    );
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_str(&policy).expect("built from plain ASCII"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    response
}

fn page(topics: &[TopicView<'_>], root: &str) -> String {
    let items: String = topics.iter().map(|topic| item(topic, root)).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>Topics · tickcast</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>Topics on this hub</h1>\n\
         <ul class=\"topics\">\n{items}</ul>\n\
         <p class=\"note\">Programs get this list as JSON from the same address.</p>\n</main>\n</body>\n</html>\n"
    )
}

/// One topic: a link to its line, what it is, how it is doing, and where its data comes from.
fn item(topic: &TopicView<'_>, root: &str) -> String {
    let name = topic.name.as_str();
    let facts = [
        kind(topic),
        Some(pace(topic)),
        Some(status(topic).to_owned()),
        Some(viewers(topic.viewers)),
    ];
    let facts: Vec<_> = facts.into_iter().flatten().collect();
    let mut item = format!(
        "<li>\n<h2><a href=\"{root}?topic={name}\">{name}</a></h2>\n<p>{}</p>\n",
        escaped(&facts.join(" · "))
    );
    let about = topic.about.as_ref();
    for (label, text) in [
        ("Origin", about.and_then(|about| about.origin.as_deref())),
        ("Licence", about.and_then(|about| about.licence.as_deref())),
    ] {
        if let Some(text) = text {
            // Writing to a string does not fail.
            _ = writeln!(item, "<p class=\"about\">{label}: {}</p>", escaped(text));
        }
    }
    _ = writeln!(
        item,
        "<p class=\"links\"><a href=\"{root}api/v1/topics/{name}\">{name} as JSON</a> \
         <a href=\"{root}api/v1/topics/{name}/history?last=100&amp;format=csv\">{name}, newest records</a></p>\n</li>"
    );
    item
}

/// `Replay of measurements.json, 8233 records`, by title if there is one.
fn kind(topic: &TopicView<'_>) -> Option<String> {
    let TopicKind::Replay = topic.kind;
    let dataset = topic.dataset?;
    let title = topic.about.as_ref().and_then(AboutView::title);
    let name = title.unwrap_or(dataset.name);
    Some(format!("Replay of {name}, {} records", dataset.len))
}

/// `100 records per second, speed 2`.
fn pace(topic: &TopicView<'_>) -> String {
    let pace = topic
        .rate
        .map_or("the records' own time".to_owned(), |rate| {
            format!("{rate} records per second")
        });
    if topic.speed == Speed::NORMAL {
        return pace;
    }
    format!("{pace}, speed {}", topic.speed)
}

const fn status(topic: &TopicView<'_>) -> &'static str {
    match topic {
        TopicView { stopped: true, .. } => "stopped, because its dataset was changed",
        TopicView { ended: true, .. } => "ended",
        TopicView { playing: false, .. } => "paused",
        TopicView { retained: None, .. } => "not started",
        _ => "playing",
    }
}

fn viewers(count: usize) -> String {
    match count {
        1 => "1 viewer".to_owned(),
        count => format!("{count} viewers"),
    }
}

/// Escapes text for HTML, also for attributes in double quotes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefers_page(accept: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, accept.parse().unwrap());
        is_preferred(&headers)
    }

    #[test]
    fn only_clients_that_name_html_and_prefer_it_get_the_page() {
        assert!(prefers_page(
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
        ));
        assert!(prefers_page("application/json;q=0.5, text/html"));
        assert!(!is_preferred(&HeaderMap::new()));
        for accept in [
            "*/*",
            "text/*",
            "application/json",
            "application/json, text/plain, */*",
            "text/html, application/json",
            "text/html;q=0",
        ] {
            assert!(!prefers_page(accept), "{accept}");
        }
    }

    #[test]
    fn text_of_the_configuration_is_escaped() {
        assert_eq!(escaped("a<b> & \"c\""), "a&lt;b&gt; &amp; &quot;c&quot;");
    }
}
