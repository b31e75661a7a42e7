//! Serves the web page, which is embedded in the binary together with its compressed variants.

use std::borrow::Cow;

use rust_embed::{EmbeddedFile, RustEmbed};
use warp::http::header::{self, HeaderName, HeaderValue};
use warp::http::{HeaderMap, StatusCode};
use warp::reply::{Reply, Response};

use super::accept_header::parse_qvalue;
use super::api_request::ApiRequest;
use super::problem::Problem;
use super::responses::{CROSS_ORIGIN_RESOURCE_POLICY, matches_if_none_match};
use crate::app::{AllowedOrigins, AppState};

#[derive(RustEmbed)]
#[folder = "$TICKCAST_PAGE"]
struct PageFiles;

/// The encodings of the compressed variants with their file suffixes, in order of preference. The build puts the
/// variants next to each file.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// The files that pages from allowed origins may import or read. All others are for the hub's own page only.
const CROSS_ORIGIN_FILES: [&str; 4] = [
    "asyncapi.yaml",
    "openapi.yaml",
    "tick-chart.js",
    "tickcast-client.js",
];

/// A file of the web page.
struct Asset {
    name: String,
    uncompressed: EmbeddedFile,
}

impl Asset {
    /// Looks up a file. The compressed variants cannot be requested by name.
    fn find(name: &str) -> Option<Self> {
        let is_variant = ENCODINGS.iter().any(|(_, suffix)| name.ends_with(suffix));
        let uncompressed = PageFiles::get(name).filter(|_| !is_variant)?;
        Some(Self {
            name: name.to_owned(),
            uncompressed,
        })
    }

    fn is_cross_origin(&self) -> bool {
        CROSS_ORIGIN_FILES.contains(&self.name.as_str())
    }

    /// The value of `Cross-Origin-Resource-Policy`: who may embed the file without CORS.
    fn resource_policy(&self) -> &'static str {
        if self.is_cross_origin() {
            "cross-origin"
        } else {
            "same-origin"
        }
    }
}

/// Whether `path` is that of a file that pages from allowed origins may load.
pub(super) fn is_shared_file(path: &str) -> bool {
    find_asset(path).is_some_and(|asset| asset.is_cross_origin())
}

/// Whether `path` is that of a file for the hub's own page only.
pub(super) fn is_own_file(path: &str) -> bool {
    find_asset(path).is_some_and(|asset| !asset.is_cross_origin())
}

/// `GET /` and the page's files.
pub(super) fn file(state: &AppState, request: &ApiRequest) -> Result<Response, Problem> {
    let asset = find_asset(request.path.as_str()).ok_or_else(Problem::path_not_found)?;
    Ok(file_response(
        &asset,
        &request.headers,
        &security_policy(state),
    ))
}

/// The content security policy: load everything from this hub, nothing inline except the icon, and let only allowed
/// origins embed the page in a frame. `'self'` includes WebSockets in every browser that the page supports.
fn security_policy(state: &AppState) -> HeaderValue {
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors {}",
        frame_ancestors(&state.origins)
    );
    HeaderValue::from_str(&policy).expect("the settings accept only origins in plain ASCII")
}

fn find_asset(path: &str) -> Option<Asset> {
    Asset::find(match path.strip_prefix('/') {
        Some("") => "index.html",
        Some(name) => name,
        None => path,
    })
}

/// The sources of the policy directive `frame-ancestors`: the origins that may embed the page in a frame.
fn frame_ancestors(origins: &AllowedOrigins) -> String {
    let allowed = origins.list();
    let listed = allowed.iter().flat_map(|origin| [" ", origin]);
    ["'self'"].into_iter().chain(listed).collect()
}

fn file_response(asset: &Asset, headers: &HeaderMap, policy: &HeaderValue) -> Response {
    let Asset { name, uncompressed } = asset;
    let variant = negotiate(name, headers);
    let encoding = variant.as_ref().map(|(encoding, _)| *encoding);
    // Each encoding needs a different tag (RFC 9110, section 8.8.3).
    let tag = format!(
        "\"{}{}\"",
        digest_prefix(uncompressed),
        encoding.unwrap_or_default()
    );
    let mut response = if matches_if_none_match(headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        body_response(variant.map_or_else(|| uncompressed.clone(), |(_, file)| file))
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
    set(header::CONTENT_TYPE, content_type(name, uncompressed));
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    set(CROSS_ORIGIN_RESOURCE_POLICY, asset.resource_policy());
    if let Some(encoding) = encoding {
        set(header::CONTENT_ENCODING, encoding);
    }
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, policy.clone());
    response
}

/// Returns the preferred compressed variant of `name` that the client accepts, with its encoding.
fn negotiate(name: &str, headers: &HeaderMap) -> Option<(&'static str, EmbeddedFile)> {
    let accepted = headers.get(header::ACCEPT_ENCODING)?.to_str().ok()?;
    let mut acceptable = ENCODINGS
        .into_iter()
        .filter(|(encoding, _)| accepts_encoding(accepted, encoding));
    acceptable.find_map(|(encoding, suffix)| {
        Some((encoding, PageFiles::get(&format!("{name}{suffix}"))?))
    })
}

/// Whether the `Accept-Encoding` value `accepted` lists `encoding` with a weight above zero.
fn accepts_encoding(accepted: &str, encoding: &str) -> bool {
    accepted.split(',').any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let is_listed = parts
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        let has_zero_weight = |parameter: &str| {
            let weight = parameter.split_once('=');
            let weight = weight.filter(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
            weight.is_some_and(|(_, text)| parse_qvalue(text.trim()).unwrap_or(0) == 0)
        };
        is_listed && !parts.any(has_zero_weight)
    })
}

fn body_response(file: EmbeddedFile) -> Response {
    match file.data {
        Cow::Borrowed(bytes) => Response::new(bytes.into()),
        Cow::Owned(bytes) => Response::new(bytes.into()),
    }
}

/// File names in `assets/` contain a digest, so these files never change. All others are revalidated every time.
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

/// The first half of the file's SHA-256, which is enough to tell two builds apart.
fn digest_prefix(file: &EmbeddedFile) -> String {
    data_encoding::HEXLOWER.encode(&file.metadata.sha256_hash()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_modules_and_documents_may_be_embedded_by_other_sites() {
        let policy_of = |name: &str| {
            let asset = Asset {
                name: name.to_owned(),
                uncompressed: PageFiles::get("index.html").unwrap(),
            };
            let policy = HeaderValue::from_static("default-src 'none'");
            let response = file_response(&asset, &HeaderMap::new(), &policy);
            response.headers()[CROSS_ORIGIN_RESOURCE_POLICY].clone()
        };
        for name in CROSS_ORIGIN_FILES {
            assert_eq!(policy_of(name), "cross-origin", "{name}");
        }
        for name in ["index.html", "assets/index.js"] {
            assert_eq!(policy_of(name), "same-origin", "{name}");
        }
    }

    #[test]
    fn an_encoding_is_accepted_if_it_is_listed_with_a_weight_above_zero() {
        assert!(accepts_encoding("gzip, deflate, br", "br"));
        assert!(accepts_encoding("BR;q=0.5", "br"));
        assert!(!accepts_encoding("gzip;q=0, br;q = 0.0", "br"));
        assert!(!accepts_encoding("br;Q=.0", "br"));
        assert!(!accepts_encoding("br;q=never", "br"));
        assert!(!accepts_encoding("brotli", "br"));
    }
}
