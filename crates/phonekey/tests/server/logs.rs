//! No code, token, key or whole number in a log, however much is logged (SECURITY.md T46).

use crate::support::{CREATE, Home, REFRESH, VERIFY, mobile, text};
use serde_json::json;

#[test]
fn t46_no_secret_and_no_whole_number_reaches_the_log() {
    for format in ["human", "json"] {
        let mut home = Home::sqlite();
        home.set("PHONEKEY_LOG__LEVEL", "trace")
            .set("PHONEKEY_LOG__FORMAT", format);
        let mut server = home.start();
        let mut client = server.client();
        let mut secrets = vec!["Zt3vQm8rXw1pLk6yNc9bHd2sGj5fTa0uVe7iRo4x".to_owned()];
        for number in 0..20 {
            let receiver = mobile(4_000_000 + number);
            secrets.extend([receiver[1..].to_owned(), format!("98{}", &receiver[1..])]);
            let answer = client.challenge(&home, &receiver);
            secrets.push(format!("\"{}\"", text(&answer["code"])));
            client.post(
                VERIFY,
                &json!({"uuid": answer["uuid"], "receiver": receiver, "code": "x"}),
            );
            let tokens = client.post(VERIFY, &answer).body;
            let renewed = client
                .post(REFRESH, &json!({ "refresh": tokens["refresh"] }))
                .body;
            for token in [&tokens["access"], &tokens["refresh"], &renewed["access"]] {
                secrets.push(text(token));
            }
            client.post(
                REFRESH,
                &json!({ "refresh": format!("{}x", text(&tokens["refresh"])) }),
            );
            client.post(CREATE, &json!({ "receiver": format!("{receiver}9") }));
            client.get(&format!("/unknown/{receiver}?receiver={receiver}"));
        }
        server.stop();

        let log = server.log();
        assert!(log.len() > 100, "{format}: {} lines", log.len());
        if format == "json" {
            for line in &log {
                assert!(
                    serde_json::from_str::<serde_json::Value>(line).is_ok(),
                    "{line}"
                );
            }
        }
        for secret in secrets {
            let leak = log.iter().find(|line| line.contains(&secret));
            assert_eq!(leak, None, "{format}: {secret}");
        }
    }
}
