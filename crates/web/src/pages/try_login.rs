//! `GET /dev/try`: a login in a browser, against the very endpoints that an app calls.

use askama::Template;
use axum::{extract::State, response::Html};

use super::{Pages, assets, example, failure::Failure, html};

/// `GET /dev/try`
pub(super) async fn show(State(pages): State<Pages>) -> Result<Html<String>, Failure> {
    let page = TryPage {
        assets: assets::folder(),
        example: example::number(&pages.phone),
    };
    html::render(&page).map(Html)
}

#[derive(Template)]
#[template(path = "try.html")]
struct TryPage {
    assets: String,
    example: &'static str,
}
