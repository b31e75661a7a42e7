//! The page, embedded in the binary with its compressed forms.

use std::borrow::Cow;
use std::sync::Arc;

use rust_embed::{EmbeddedFile, RustEmbed};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::header::{self, HeaderName, HeaderValue};
use warp::http::{HeaderMap, StatusCode};
use warp::path::FullPath;
use warp::reply::{Reply, Response};

use super::accept::thousandths;
use super::access::Origins;
use super::cors::with_cors;
use super::etag::is_known;
use super::{Context, RESOURCE_POLICY, get};

#[derive(RustEmbed)]
#[folder = "$TICKCAST_PAGE"]
struct Page;

/// Compressed forms the build leaves beside each file, the smaller first.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// Files that pages of listed origins may import or read; everything else is for the hub's own page.
const SHARED: [&str; 4] = [
    "asyncapi.yaml",
    "openapi.yaml",
    "tick-chart.js",
    "tickcast-client.js",
];

/// A file of the page.
struct Asset {
    name: String,
    plain: EmbeddedFile,
}

impl Asset {
    /// The compressed forms are no files of their own.
    fn find(name: &str) -> Option<Self> {
        let is_form = ENCODINGS.iter().any(|(_, suffix)| name.ends_with(suffix));
        let plain = Page::get(name).filter(|_| !is_form)?;
        Some(Self {
            name: name.to_owned(),
            plain,
        })
    }

    fn is_shared(&self) -> bool {
        SHARED.contains(&self.name.as_str())
    }

    /// Who may load it without asking by CORS.
    fn resource_policy(&self) -> &'static str {
        if self.is_shared() {
            "cross-origin"
        } else {
            "same-origin"
        }
    }
}

/// `GET /` and the page's assets.
pub(super) fn route(context: &Arc<Context>) -> BoxedFilter<(Response,)> {
    let context = Arc::clone(context);
    let answer = move |asset: Asset, headers: HeaderMap| {
        let policy = security_policy(&context);
        shared(
            &asset,
            &headers,
            &context.origins,
            file(&asset, &headers, &policy),
        )
    };
    // Only a path that is there may take part: a wrong method on any other path is 404, not 405.
    let exists = warp::path::full().and_then(|path: FullPath| async move {
        Asset::find(name(path.as_str())).ok_or_else(warp::reject::not_found)
    });
    exists
        .and(get())
        .and(warp::header::headers_cloned())
        .map(answer)
        .boxed()
}

/// Everything from this hub, nothing inline, but the icon; framed by listed origins only. `'self'` holds for WebSockets
/// too, in every browser that the page is built for.
fn security_policy(context: &Context) -> HeaderValue {
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors {}",
        context.origins.frame_ancestors()
    );
    HeaderValue::from_str(&policy)
        .expect("origins were checked to be plain when the settings were read")
}

/// Whether the file at `path` is for pages of listed origins too; `None` if no such file exists.
pub(super) fn is_shared(path: &str) -> Option<bool> {
    Asset::find(name(path)).map(|asset| asset.is_shared())
}

fn name(path: &str) -> &str {
    match path.strip_prefix('/') {
        Some("") => "index.html",
        Some(name) => name,
        None => path,
    }
}

/// Has pages of listed origins get `asset` if it is for them.
fn shared(asset: &Asset, headers: &HeaderMap, origins: &Origins, response: Response) -> Response {
    if asset.is_shared() {
        with_cors(response, origins, headers)
    } else {
        response
    }
}

fn file(asset: &Asset, headers: &HeaderMap, policy: &HeaderValue) -> Response {
    let Asset { name, plain } = asset;
    let form = negotiate(name, headers);
    let encoding = form.as_ref().map(|(encoding, _)| *encoding);
    // Each form has its own tag (RFC 9110, section 8.8.3): the digest alone would be the same for all.
    let tag = format!(
        "\"{}{}\"",
        digest_prefix(plain),
        encoding.unwrap_or_default()
    );
    let mut response = if is_known(headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        body(form.map_or_else(|| plain.clone(), |(_, file)| file))
    };
    let mut set = |name: HeaderName, value: &str| {
        response.headers_mut().insert(
            name,
            HeaderValue::from_str(value).expect("built from plain ASCII"),
        );
    };
    set(header::ETAG, &tag);
    set(header::CACHE_CONTROL, cache_control(name));
    set(header::VARY, "accept-encoding");
    set(header::CONTENT_TYPE, content_type(name, plain));
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    set(RESOURCE_POLICY, asset.resource_policy());
    if let Some(encoding) = encoding {
        set(header::CONTENT_ENCODING, encoding);
    }
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, policy.clone());
    response
}

/// The best compressed form of `name` that the client takes, with the name of its encoding.
fn negotiate(name: &str, headers: &HeaderMap) -> Option<(&'static str, EmbeddedFile)> {
    let accepted = headers.get(header::ACCEPT_ENCODING)?.to_str().ok()?;
    let mut taken = ENCODINGS
        .into_iter()
        .filter(|(encoding, _)| accepts(accepted, encoding));
    taken.find_map(|(encoding, suffix)| Some((encoding, Page::get(&format!("{name}{suffix}"))?)))
}

/// Whether `Accept-Encoding: accepted` names `encoding` with a weight above zero.
fn accepts(accepted: &str, encoding: &str) -> bool {
    accepted.split(',').any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let is_named = parts
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        let refuses = |parameter: &str| {
            let weight = parameter.split_once('=');
            let weight = weight.filter(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
            weight.is_some_and(|(_, text)| thousandths(text.trim()).unwrap_or(0) == 0)
        };
        is_named && !parts.any(refuses)
    })
}

fn body(file: EmbeddedFile) -> Response {
    match file.data {
        Cow::Borrowed(bytes) => Response::new(bytes.into()),
        Cow::Owned(bytes) => Response::new(bytes.into()),
    }
}

/// Names of assets carry their digest, so they never change; the page itself is asked for each time.
fn cache_control(name: &str) -> &'static str {
    if name.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    }
}

fn content_type(name: &str, file: &EmbeddedFile) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("txt") => "text/plain; charset=utf-8",
        Some("json") => "application/json",
        Some("yaml") => "application/yaml",
        Some("svg") => "image/svg+xml",
        _ if std::str::from_utf8(&file.data).is_ok() => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// Half of the file's SHA-256: plenty to tell two builds apart.
fn digest_prefix(file: &EmbeddedFile) -> String {
    data_encoding::HEXLOWER.encode(&file.metadata.sha256_hash()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The answer to a page of a listed origin that asks for `name`.
    fn answer(name: &str) -> Response {
        let asset = Asset {
            name: name.to_owned(),
            plain: Page::get("index.html").unwrap(),
        };
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, "https://a.example".parse().unwrap());
        let origins = Origins::new(vec!["https://a.example".to_owned()]);
        let policy = HeaderValue::from_static("default-src 'none'");
        shared(&asset, &headers, &origins, file(&asset, &headers, &policy))
    }

    #[test]
    fn modules_and_documents_are_for_pages_of_listed_origins_and_the_page_is_not() {
        for name in SHARED {
            let answer = answer(name);
            let headers = answer.headers();
            assert_eq!(
                headers[header::ACCESS_CONTROL_ALLOW_ORIGIN],
                "https://a.example"
            );
            let varies: Vec<_> = headers.get_all(header::VARY).iter().collect();
            assert_eq!(varies, ["accept-encoding", "origin"], "{name}");
            assert_eq!(headers[RESOURCE_POLICY], "cross-origin");
        }
        for name in ["index.html", "assets/index.js"] {
            let answer = answer(name);
            let headers = answer.headers();
            assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
            assert_eq!(headers[RESOURCE_POLICY], "same-origin");
        }
    }

    #[test]
    fn an_encoding_counts_when_it_is_named_and_not_refused() {
        assert!(accepts("gzip, deflate, br", "br"));
        assert!(accepts("BR;q=0.5", "br"));
        assert!(!accepts("gzip;q=0, br;q = 0.0", "br"));
        assert!(!accepts("br;Q=.0", "br"));
        assert!(!accepts("br;q=never", "br"));
        assert!(!accepts("brotli", "br"));
    }
}
