//! Scripts, styles and the icon, compiled into the program.
//!
//! They lie in a folder whose name is a fingerprint of them all, so a browser may keep them for
//! good, and scripts import one another by plain relative names.

use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};

/// The folder that the pages link to, such as `/dev/assets/3f9d0c6a1b2e4f58`.
pub(super) fn folder() -> String {
    format!("/dev/assets/{VERSION:016x}")
}

/// `GET /dev/assets/{version}/{name}`
///
/// Another version's folder is not found: what stands there now must not be kept under its name.
pub(super) async fn serve(Path((version, name)): Path<(String, String)>) -> Response {
    let present = version == format!("{VERSION:016x}");
    let asset = ASSETS.iter().find(|asset| present && asset.name == name);
    let Some(asset) = asset else {
        return (StatusCode::NOT_FOUND, NEVER_KEEP).into_response();
    };
    let kind = [(header::CONTENT_TYPE, asset.kind)];
    (kind, KEEP_FOR_GOOD, asset.bytes).into_response()
}

const KEEP_FOR_GOOD: [(header::HeaderName, &str); 1] =
    [(header::CACHE_CONTROL, "public, max-age=31536000, immutable")];

const NEVER_KEEP: [(header::HeaderName, &str); 1] = [(header::CACHE_CONTROL, "no-store")];

struct Asset {
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

macro_rules! asset {
    ($name:literal, $kind:expr) => {
        Asset {
            name: $name,
            kind: $kind,
            bytes: include_bytes!(concat!("../../assets/", $name)),
        }
    };
}

const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

static ASSETS: [Asset; 8] = [
    asset!("pages.css", CSS),
    asset!("icon.svg", "image/svg+xml"),
    asset!("clock.js", JAVASCRIPT),
    asset!("copy.js", JAVASCRIPT),
    asset!("inbox.js", JAVASCRIPT),
    asset!("jwt.js", JAVASCRIPT),
    asset!("try.js", JAVASCRIPT),
    asset!("wire.js", JAVASCRIPT),
];

/// FNV-1a of all assets: it tells versions apart and protects nothing.
static VERSION: u64 = {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut asset = 0;
    while asset < ASSETS.len() {
        let bytes = ASSETS[asset].bytes;
        let mut at = 0;
        while at < bytes.len() {
            hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
            at += 1;
        }
        asset += 1;
    }
    hash
};
