//! Style sheet, scripts and icon, embedded in the binary.

use crate::error::Problem;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

const FILES: &[(&str, &str, &str)] = &[
    ("style.css", "text/css; charset=utf-8", include_str!("../assets/style.css")),
    ("api.js", "text/javascript; charset=utf-8", include_str!("../assets/api.js")),
    ("ahead.js", "text/javascript; charset=utf-8", include_str!("../assets/ahead.js")),
    ("field.js", "text/javascript; charset=utf-8", include_str!("../assets/field.js")),
    ("flow.js", "text/javascript; charset=utf-8", include_str!("../assets/flow.js")),
    ("strip.js", "text/javascript; charset=utf-8", include_str!("../assets/strip.js")),
    ("leaf.js", "text/javascript; charset=utf-8", include_str!("../assets/leaf.js")),
    ("verify.js", "text/javascript; charset=utf-8", include_str!("../assets/verify.js")),
    ("station.js", "text/javascript; charset=utf-8", include_str!("../assets/station.js")),
    ("symbols.js", "text/javascript; charset=utf-8", include_str!("../assets/symbols.js")),
    ("live.js", "text/javascript; charset=utf-8", include_str!("../assets/live.js")),
    ("policy.js", "text/javascript; charset=utf-8", include_str!("../assets/policy.js")),
    ("reason.js", "text/javascript; charset=utf-8", include_str!("../assets/reason.js")),
    ("persons.js", "text/javascript; charset=utf-8", include_str!("../assets/persons.js")),
    ("senior.js", "text/javascript; charset=utf-8", include_str!("../assets/senior.js")),
    ("exam.js", "text/javascript; charset=utf-8", include_str!("../assets/exam.js")),
    ("upload.js", "text/javascript; charset=utf-8", include_str!("../assets/upload.js")),
    ("operator.js", "text/javascript; charset=utf-8", include_str!("../assets/operator.js")),
    ("packet.js", "text/javascript; charset=utf-8", include_str!("../assets/packet.js")),
    ("icon.svg", "image/svg+xml", include_str!("../assets/icon.svg")),
];

/// Serves one embedded file with an entity tag, so that a page load costs a few 304s at most.
pub(crate) async fn serve(Path(name): Path<String>, request: HeaderMap) -> Response {
    let Some((_, kind, text)) = FILES.iter().copied().find(|f| f.0 == name) else {
        return Problem::not_found().into_response();
    };
    let hash: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    let tag = format!("\"{}\"", &rcoi_model::BlobHash::from_bytes(&hash).as_str()[..16]);
    let known = request.get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok()) == Some(tag.as_str());
    let mut response = if known { StatusCode::NOT_MODIFIED.into_response() } else { text.into_response() };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}
