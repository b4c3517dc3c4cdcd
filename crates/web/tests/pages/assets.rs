//! `GET /dev/assets/…`

use http::StatusCode;

use crate::site::{Answer, Site};

#[tokio::test]
async fn all_that_pages_link_to_is_there_and_kept_for_good() {
    let site = Site::new();
    for page in ["/dev/inbox", "/dev/try"] {
        for path in links(&site.get(page).await) {
            let asset = site.get(&path).await;

            assert_eq!(asset.status, StatusCode::OK, "{path}");
            assert_eq!(
                asset.header("cache-control"),
                "public, max-age=31536000, immutable",
                "{path}"
            );
            assert_eq!(asset.header("x-content-type-options"), "nosniff", "{path}");
        }
    }
}

#[tokio::test]
async fn all_that_scripts_import_is_there() {
    let site = Site::new();
    let folder = folder(&site).await;
    for script in ["inbox.js", "try.js"] {
        let script = site.get(&format!("{folder}/{script}")).await;
        let imports: Vec<&str> = script
            .text()
            .lines()
            .filter(|line| line.starts_with("import "))
            .filter_map(|line| line.split("\"./").nth(1)?.split('"').next())
            .collect();
        assert!(!imports.is_empty());

        for import in imports {
            let asset = site.get(&format!("{folder}/{import}")).await;

            assert_eq!(asset.status, StatusCode::OK, "{import}");
            assert_eq!(
                asset.header("content-type"),
                "text/javascript; charset=utf-8"
            );
        }
    }
}

#[tokio::test]
async fn scripts_make_no_markup_of_texts() {
    let site = Site::new();
    let folder = folder(&site).await;
    for script in ["clock", "copy", "inbox", "jwt", "try", "wire"] {
        let source = site.get(&format!("{folder}/{script}.js")).await;
        for sink in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
        ] {
            assert!(!source.text().contains(sink), "{script}: {sink}");
        }
    }
}

#[tokio::test]
async fn another_version_is_not_found_and_not_kept() {
    let site = Site::new();
    for path in [
        "/dev/assets/0000000000000000/pages.css",
        "/dev/assets/x/nothing.js",
    ] {
        let asset = site.get(path).await;

        assert_eq!(asset.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(asset.header("cache-control"), "no-store", "{path}");
    }
}

async fn folder(site: &Site) -> String {
    let page = site.get("/dev/inbox").await;
    let icon = links(&page)
        .into_iter()
        .find(|link| link.ends_with("/icon.svg"))
        .expect("an icon");
    icon.trim_end_matches("/icon.svg").to_owned()
}

fn links(page: &Answer) -> Vec<String> {
    page.text()
        .split('"')
        .filter(|text| text.starts_with("/dev/assets/"))
        .map(str::to_owned)
        .collect()
}
