use phonekey_delivery::{
    providers::whatsapp::{self, WhatsAppSettings},
    settings::ProviderKind,
};

use super::Case;

const SECTION: &str = "
    delivery.routes.default = ['whatsapp']
    delivery.whatsapp.phone_number_id = '106540352242922'
    delivery.whatsapp.token = 'EAAtoken'
    delivery.whatsapp.template = 'login_code'
    delivery.whatsapp.languages = ['fa', 'en_US', 'zh_Hant_TW']
";

fn settings(more: &str) -> WhatsAppSettings {
    let config = Case::new().file(&format!("{SECTION}{more}")).load();
    let providers = config.unwrap().delivery.providers;
    let kind = providers.into_values().next().map(|it| it.kind);
    let Some(ProviderKind::WhatsApp(settings)) = kind else {
        panic!("no WhatsApp: {kind:?}");
    };
    *settings
}

#[test]
fn a_number_a_token_and_a_template_are_enough() {
    let settings = settings("");

    assert_eq!(settings.base_url.to_string(), whatsapp::BASE_URL);
    assert_eq!(settings.version, "v25.0");
    assert_eq!(settings.template.languages, ["fa", "en_US", "zh_Hant_TW"]);
    assert!(settings.webhook.is_none());
}

#[test]
fn reports_need_both_keys() {
    let secret = "delivery.whatsapp.app_secret = '0123456789abcdef'\n";
    let token = "delivery.whatsapp.verify_token = 'fedcba9876543210'\n";
    assert!(settings(&format!("{secret}{token}")).webhook.is_some());

    for (one, other) in [(secret, "verify_token: is"), (token, "app_secret: is")] {
        let problems = Case::new().file(&format!("{SECTION}{one}")).problems();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains(other), "{problems:?}");
    }
    let short = token.replace("fedcba9876543210", "short");
    let problems = Case::new()
        .file(&format!("{SECTION}{secret}{short}"))
        .problems();
    assert!(
        problems[0].contains("at least 16 characters"),
        "{problems:?}"
    );
    assert!(!problems[0].contains("'short'"), "{problems:?}");
}

#[test]
fn what_a_route_needs_is_asked_for_all_at_once() {
    let problems = Case::new()
        .file("delivery.routes.default = ['whatsapp']")
        .problems();

    let required =
        |name| format!("delivery.whatsapp.{name}: is required, since a route uses `whatsapp`");
    assert_eq!(
        problems,
        ["languages", "phone_number_id", "template", "token"].map(required)
    );
}

#[test]
fn what_cannot_be_is_refused() {
    for (setting, odd) in [
        ("phone_number_id", "'+15550001111'"),
        ("template", "'Login Code'"),
        ("languages", "['fa', 'en-US']"),
        ("languages", "['persian']"),
        ("version", "'25'"),
        ("base_url", "'http://graph.example'"),
        ("token", "'EAA token'"),
    ] {
        let line = format!("delivery.whatsapp.{setting} = {odd}");
        let others = SECTION
            .lines()
            .filter(|line| !line.contains(&format!(".{setting} ")));
        let others: Vec<&str> = others.collect();
        let problems = Case::new()
            .file(&format!("{}\n{line}", others.join("\n")))
            .problems();

        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains(setting), "{problems:?}");
    }
}
