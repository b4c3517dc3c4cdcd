//! `GET /dev/try`

use http::StatusCode;

use crate::site::Site;

#[tokio::test]
async fn the_page_has_what_a_login_needs() {
    let page = Site::new().get("/dev/try").await;

    assert_eq!(page.status, StatusCode::OK);
    let html = page.text();
    for part in [
        r#"name="receiver" type="tel" inputmode="tel" autocomplete="tel""#,
        r#"name="code" type="text" inputmode="numeric" autocomplete="one-time-code""#,
        r#"id="access-claims""#,
        r#"id="refresh-claims""#,
        r#"id="refresh""#,
        r#"role="alert" dir="auto""#,
        r#"aria-live="polite""#,
    ] {
        assert!(html.contains(part), "{part}");
    }
}

#[tokio::test]
async fn without_a_script_its_first_form_reaches_the_endpoint() {
    let page = Site::new().get("/dev/try").await;

    let form = r#"method="post" action="/api/auth/otp/create/""#;
    assert!(page.text().contains(form));
}

#[tokio::test]
async fn its_example_is_a_number_that_is_served() {
    let page = Site::new().get("/dev/try").await;

    assert!(page.text().contains(r#"placeholder="09123456789""#));
}
