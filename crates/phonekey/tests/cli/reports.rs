//! `reports`.

use std::fs;

use crate::shell::Shell;

#[test]
fn providers_consoles_are_told_where_to_report() {
    let shell = Shell::new();
    let variables = |public_url: &'static str| {
        let secret = "q8Zr1mT0vYx3KpLw7NcB5dGhJ2sFa9Ue+x";
        [
            ("PHONEKEY_SECRET", secret),
            ("PHONEKEY_DELIVERY__ROUTES__DEFAULT", "telegram, inbox"),
            ("PHONEKEY_DELIVERY__TELEGRAM__TOKEN", "AAHtoken"),
            ("PHONEKEY_HTTP__PUBLIC_URL", public_url),
        ]
    };

    let told = shell.run_with("reports", &variables("https://login.example"));

    assert_eq!(told.code(), 0, "{}", told.err());
    let out = told.out();
    let (provider, url) = out.trim_end().split_once('\t').unwrap();
    let token = url.strip_prefix("https://login.example/delivery/reports/telegram/");
    assert_eq!(provider, "telegram");
    assert_eq!(token.unwrap().len(), 22, "{url}");
}

#[test]
fn without_a_public_url_or_a_secret_nobody_can_be_told_where_to_report() {
    let shell = Shell::new();
    let secret = ("PHONEKEY_SECRET", "q8Zr1mT0vYx3KpLw7NcB5dGhJ2sFa9Ue+x");
    let public_url = ("PHONEKEY_HTTP__PUBLIC_URL", "https://login.example");

    for (said, wanted) in [(secret, "http.public_url"), (public_url, "master secret")] {
        let ran = shell.run_with("reports", &[said]);

        assert_eq!(ran.code(), 1, "{}", ran.out());
        assert!(ran.err().contains(wanted), "{}", ran.err());
    }
    let left = fs::read_dir(shell.folder.path()).unwrap().count();
    assert_eq!(left, 0, "it makes no secret");
}
