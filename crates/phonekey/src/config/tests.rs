//! What is read, what is refused, and how it is said.

mod bounds;
mod infobip;
mod iran;
mod messagebird;
mod messages;
mod plivo;
mod smpp;
mod sns;
mod telegram;
mod twilio;
mod vonage;
mod whatsapp;

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use phonekey_core::{
    delivery::ProviderName,
    keys::Algorithm,
    policy::{ForeignTokens, Policy},
    secret::Secret,
    time::Timestamp,
};
use phonekey_delivery::settings::ProviderKind;
use phonekey_store::DatabaseUrl;
use tracing::level_filters::LevelFilter;

use super::{
    Config,
    log::LogFormat,
    problem::Problems,
    secret::SecretSource,
    setting::{Occurrence, variable},
    source::{Flag, Sources},
    weakness::Weakness,
};

const STRONG: &str = "q8Zr1mT0vYx3KpLw7NcB5dGhJ2sFa9Ue+x";

/// The ways of messages that no rule is for.
fn ways(config: &Config) -> Vec<String> {
    let last = config.delivery.table.rules().last();
    let hops = last.map(|rule| rule.hops.iter().map(ToString::to_string));
    hops.into_iter().flatten().collect()
}

/// A configuration under test: a file in a folder of its own, variables and flags.
struct Case {
    folder: tempfile::TempDir,
    sources: Sources,
}

impl Case {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            sources: Sources::default(),
        }
    }

    fn file(mut self, text: &str) -> Self {
        self.sources.file = Some(self.write("phonekey.toml", text, 0o600));
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        let pair = (OsString::from(name), OsString::from(value));
        self.sources.environment.push(pair);
        self
    }

    fn flag(mut self, name: &'static str, path: &'static str, value: &str) -> Self {
        let value = value.to_owned();
        self.sources.flags.push(Flag { name, path, value });
        self
    }

    fn write(&self, name: &str, text: &str, mode: u32) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;

        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn load(&self) -> Result<Config, Problems> {
        Config::load(&self.sources)
    }

    /// The problems, with the folder's path taken off.
    fn problems(&self) -> Vec<String> {
        let folder = format!("{}/", self.folder.path().display());
        let problems = self.load().expect_err("the configuration is refused").0;
        problems
            .iter()
            .map(|problem| problem.to_string().replace(&folder, ""))
            .collect()
    }
}

fn with(name: &str, value: &str) -> Config {
    Case::new().variable(name, value).load().unwrap()
}

#[test]
fn without_a_word_the_defaults_are_the_rules_own() {
    let config = Case::new().load().unwrap();

    assert_eq!(
        format!("{:?}", config.policy),
        format!("{:?}", Policy::default())
    );
    assert_eq!(config.http.listen.to_string(), "127.0.0.1:8000");
    assert_eq!(
        config.database.url.to_string(),
        "sqlite:phonekey-data/phonekey.db"
    );
    assert_eq!(ways(&config), ["inbox:sms"]);
    assert_eq!(config.messages.default_language, "fa");
    assert_eq!(config.tokens.algorithm(), Algorithm::Hs256);
    assert!(matches!(
        &config.secret.current,
        SecretSource::DataFolder(path) if path == Path::new("phonekey-data/secret")
    ));
}

#[test]
fn every_name_that_others_rely_on_is_read() {
    assert_eq!(
        with("PHONEKEY_HTTP__LISTEN", "[::1]:9")
            .http
            .listen
            .to_string(),
        "[::1]:9"
    );
    assert!(matches!(
        with("PHONEKEY_DATABASE__URL", "sqlite:x.db").database.url,
        DatabaseUrl::Sqlite(path) if path == Path::new("x.db")
    ));
    assert!(matches!(
        with("PHONEKEY_SECRET", STRONG).secret.current,
        SecretSource::Configured(_)
    ));
    assert_eq!(
        with("PHONEKEY_TOKENS__ALGORITHM", "HS256")
            .tokens
            .algorithm(),
        Algorithm::Hs256
    );
    let shared = with("PHONEKEY_TOKENS__HS256_SECRET", STRONG);
    assert_eq!(
        shared.tokens.hs256_secret.unwrap().expose(),
        STRONG.as_bytes()
    );
    assert_eq!(shared.policy.session.foreign_tokens, ForeignTokens::Adopt);
    assert_eq!(
        with("PHONEKEY_PHONE__DEFAULT_REGION", "tr")
            .policy
            .phone
            .default_region
            .to_string(),
        "TR"
    );
    let code_length = with("PHONEKEY_CHALLENGE__CODE_LENGTH", "6");
    assert_eq!(code_length.policy.challenge.code_length.get(), 6);
    let lifetime = with("PHONEKEY_CHALLENGE__LIFETIME", "5m");
    assert_eq!(lifetime.policy.challenge.lifetime, Duration::from_mins(5));
    let wrong = with("PHONEKEY_CHALLENGE__WRONG_ANSWERS", "4");
    assert_eq!(wrong.policy.challenge.wrong_answers, 4);
    let cooldown = with("PHONEKEY_CHALLENGE__COOLDOWN", "1s");
    assert_eq!(cooldown.policy.number.cool_down.to_string(), "1s");
    let live = with("PHONEKEY_CHALLENGE__LIVE_PER_NUMBER", "5");
    assert_eq!(live.policy.number.live_challenges, 5);
    let grace = with("PHONEKEY_SESSIONS__REFRESH_GRACE", "0s");
    assert_eq!(grace.policy.session.refresh_grace, Duration::ZERO);
    let limits = with("PHONEKEY_LIMITS__ENABLED", "false");
    assert!(
        limits
            .weaknesses(Timestamp::default())
            .contains(&Weakness::LimitsOff)
    );
    let sends = with("PHONEKEY_LIMITS__NUMBER__SENDS", "8/10m");
    assert_eq!(sends.policy.number.sends.to_string(), "8/10m");
    let network = with("PHONEKEY_LIMITS__NETWORK__ENABLED", "false");
    let weaknesses = network.weaknesses(Timestamp::default());
    assert!(!weaknesses.contains(&Weakness::NoNetworkLimits));

    let file = Case::new()
        .variable("PHONEKEY_DELIVERY__ROUTES__DEFAULT", "file, inbox")
        .variable("PHONEKEY_DELIVERY__FILE__PATH", "/tmp/outbox")
        .load()
        .unwrap();
    assert_eq!(ways(&file), ["file:sms", "inbox:sms"]);
    let outbox = file
        .delivery
        .providers
        .values()
        .find_map(|it| match &it.kind {
            ProviderKind::File(file) => Some(file.path.clone()),
            _ => None,
        });
    assert_eq!(outbox, Some(PathBuf::from("/tmp/outbox")));
}

#[test]
fn a_file_may_say_everything() {
    let key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";
    let config = Case::new()
        .file(&format!(
            r#"
            secret = "{STRONG}"
            previous_secrets = ["{STRONG}1", "{STRONG}2"]
            log = {{ format = "json", level = "debug" }}
            http.max_connections = 12
            database = {{ url = "postgres://u:p@h/d" }}
            [phone]
            default_region = "IR"
            regions = ["IR", "tr"]
            kinds = ["mobile"]
            [challenge]
            code_length = 6
            cooldown = ["10s", "20s"]
            [limits.number]
            sends = ["1/1m", "2/1h"]
            [sessions]
            absolute_lifetime = "none"
            [delivery.routes]
            default = ["webhook"]
            [delivery.webhook]
            url = "https://sms.example.com"
            secrets = "{key},{key}"
            [[test_numbers]]
            number = "0912 000 0000"
            code = "482159"
            until = 2026-12-31
            "#
        ))
        .load()
        .unwrap();

    assert_eq!(config.secret.previous.len(), 2);
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.log.level, LevelFilter::DEBUG);
    assert_eq!(config.http.max_connections, 12);
    assert_eq!(config.database.url.to_string(), "postgres://…");
    assert_eq!(config.policy.number.cool_down.to_string(), "10s,20s");
    assert_eq!(config.policy.number.sends.to_string(), "1/1m,2/1h");
    assert_eq!(config.policy.session.absolute_lifetime, None);
    assert_eq!(ways(&config), ["webhook:sms"]);
    let webhook = config.delivery.providers.values().next().map(|it| &it.kind);
    let Some(ProviderKind::Webhook(webhook)) = webhook else {
        panic!("no webhook: {webhook:?}");
    };
    assert_eq!(webhook.secrets.len(), 2);
    let number = &config.test_numbers[0];
    assert_eq!(number.phone.e164(), "+989120000000");
    assert_eq!(number.until.to_string(), "2027-01-01T00:00:00Z");
}

#[test]
fn a_later_layer_wins() {
    let case = Case::new()
        .file("[http]\nlisten = '127.0.0.1:1'\nmax_connections = 7\n[tokens]\nissuer = 'file'")
        .variable("PHONEKEY_HTTP__LISTEN", "127.0.0.1:2")
        .variable("PHONEKEY_TOKENS__ISSUER", "variable")
        .flag("--listen", "http.listen", "127.0.0.1:3");

    let config = case.load().unwrap();

    assert_eq!(config.http.listen.port(), 3);
    assert_eq!(config.http.max_connections, 7);
    assert_eq!(config.policy.token.issuer, "variable");
}

#[test]
fn all_problems_are_said_at_once_with_place_and_advice() {
    let case = Case::new()
        .file(
            "[challenge]\ncode_lenght = 6\nlifetime = '1d'\n\
             [http]\nlisten = 8000\n[[test_numbers]]\nnumber = '12'\n[delivery]\nroutes = 'inbox'",
        )
        .variable("PHONEKEY_CHALLENGE__CODE_LENGTH", "3")
        .variable("PHONEKEY_CHALENGE__LIFETIME", "60s")
        .variable("PHONEKEY_LOG__LEVEL", "warning")
        .flag("--database", "database.url", "mysql://h");

    assert_eq!(
        case.problems(),
        [
            "test_numbers.1.code: is required, and has 4 to 10 digits",
            "test_numbers.1.until: is required",
            "phonekey.toml:2: challenge.code_lenght: there is no such setting (did you mean \
             `challenge.code_length`?)",
            "phonekey.toml:3: challenge.lifetime: must be from 30s to 10m, not 1d",
            "phonekey.toml:5: http.listen: `8000` is no IP address with a port; write one such as \
             127.0.0.1:8000, [::1]:8000, or 0.0.0.0:8000 for all addresses",
            "phonekey.toml:7: test_numbers.1.number: `12`: not a phone number",
            "phonekey.toml:9: delivery.routes: is a section; write it as [delivery.routes]",
            "PHONEKEY_CHALENGE__LIFETIME: there is no such setting (did you mean \
             `PHONEKEY_CHALLENGE__LIFETIME`?)",
            "PHONEKEY_CHALLENGE__CODE_LENGTH: challenge.code_length: must be a whole number from \
             4 to 10, not `3`",
            "PHONEKEY_LOG__LEVEL: log.level: must be one of error, warn, info, debug, trace, not \
             `warning` (did you mean `warn`?)",
            "--database: database.url: a database is `sqlite:PATH` or \
             `postgres://USER:PASSWORD@HOST/NAME`",
        ]
    );
}

#[test]
fn a_setting_in_the_wrong_section_is_led_home() {
    let problems = Case::new().file("code_length = 6").problems();

    assert_eq!(
        problems,
        [
            "phonekey.toml:1: code_length: there is no such setting (did you mean \
          `challenge.code_length`?)"
        ]
    );
}

#[test]
fn what_is_not_toml_is_named_by_its_line_and_never_shown() {
    let text = format!("[tokens]\nhs256_secret = {STRONG}\n");
    let problems = Case::new().file(&text).problems();

    assert!(
        problems[0].starts_with("phonekey.toml:2: not TOML: "),
        "{problems:?}"
    );
    assert!(!problems.concat().contains(STRONG));
}

#[test]
fn variables_that_kubernetes_sets_are_none_of_ours() {
    let case = Case::new()
        .variable("PHONEKEY_PORT", "tcp://10.0.0.1:8000")
        .variable("PHONEKEY_PORT_8000_TCP_ADDR", "10.0.0.1")
        .variable("PHONEKEY_SERVICE_HOST", "10.0.0.1")
        .variable("PHONEKEY_SERVICE_PORT_HTTP", "8000")
        .variable("PHONEKEY_CONFIG", "x")
        .variable("PHONEKEY_TEST_PG", "x");

    assert!(case.load().is_ok());
}

#[test]
fn an_empty_value_is_refused_and_not_taken_for_none() {
    let problems = Case::new().variable("PHONEKEY_SECRET", "").problems();

    assert_eq!(
        problems,
        ["PHONEKEY_SECRET: secret: is empty; give it a value, or leave it out"]
    );
}

#[test]
fn a_secret_comes_from_a_file_as_well() {
    let mut case = Case::new();
    let path = case.write("key", &format!("{STRONG}\n"), 0o600);
    let name = path.to_str().unwrap().to_owned();
    case = case
        .file(&format!("secret = '{STRONG}x'"))
        .variable("PHONEKEY_SECRET_FILE", &name)
        .variable("PHONEKEY_TOKENS__HS256_SECRET_FILE", &name);

    // The later layer's file stands against the earlier layer's value, and is read without its
    // line break: so both secrets are one, which is refused.
    let problems = case.problems();
    assert_eq!(problems.len(), 1);
    assert!(
        problems[0].contains("is the same as the master secret"),
        "{problems:?}"
    );
}

#[test]
fn a_secret_in_two_spellings_at_one_place_is_refused() {
    let problems = Case::new()
        .variable("PHONEKEY_SECRET", STRONG)
        .variable("PHONEKEY_SECRET_FILE", "x")
        .problems();

    assert_eq!(
        problems,
        ["PHONEKEY_SECRET_FILE: secret_file: `secret` is given as well; keep one of them"]
    );
}

#[test]
fn a_secret_file_that_everybody_may_read_is_refused() {
    for mode in [0o604, 0o644, 0o602, 0o777] {
        let case = Case::new();
        let path = case.write("key", STRONG, mode);
        let case = case.variable("PHONEKEY_SECRET_FILE", path.to_str().unwrap());

        let problems = case.problems();

        assert!(problems[0].contains("chmod 600"), "{problems:?}");
    }
}

#[test]
fn a_configuration_file_that_shows_its_secrets_is_weak() {
    let case = Case::new();
    let path = case.write("phonekey.toml", &format!("secret = '{STRONG}'"), 0o644);
    let mut case = case;
    case.sources.file = Some(path);

    let weaknesses = case.load().unwrap().weaknesses(Timestamp::default());

    let shown = |weakness: &Weakness| matches!(weakness, Weakness::PublicConfigFile { .. });
    assert!(weaknesses.iter().any(shown));
}

#[test]
fn rules_say_who_carries_what_to_whom() {
    let config = Case::new()
        .file(
            r#"
            [delivery.routes]
            default = "inbox, console"
            on_request = "inbox:voice"
            strategy = "conversion"
            [[delivery.rules]]
            regions = ["TR", "de"]
            prefixes = "+98912"
            providers = "console"
            [[delivery.bounds]]
            provider = "console"
            under_way = 7
            per_second = 5
            "#,
        )
        .load()
        .unwrap();

    let rules = config.delivery.table.rules().iter().map(|rule| {
        let hops: Vec<String> = rule.hops.iter().map(ToString::to_string).collect();
        format!("{}: {}", rule.scope, hops.join(" "))
    });
    assert_eq!(
        rules.collect::<Vec<_>>(),
        [
            "numbers of +98912: console:sms",
            "numbers of TR: console:sms",
            "numbers of DE: console:sms",
            "all other numbers: inbox:sms console:sms",
        ]
    );
    let bounds = |name: &str| config.delivery.providers[&ProviderName::new(name)].bounds;
    assert_eq!(bounds("console").under_way, 7);
    assert_eq!(bounds("console").per_second, Some(5));
    assert_eq!(bounds("inbox").under_way, 1000);
}

#[test]
fn a_rule_for_nobody_and_bounds_for_nothing_are_refused() {
    let told = |text: &str| Case::new().file(text).problems().join("\n");

    let no_scope = told("[[delivery.rules]]\nproviders = \"inbox\"\n");
    assert!(
        no_scope.contains("which numbers the rule is for"),
        "{no_scope}"
    );
    let no_provider = told("[[delivery.rules]]\nregions = \"TR\"\n");
    assert!(
        no_provider.contains("at least one provider"),
        "{no_provider}"
    );
    let no_prefix = told("[[delivery.rules]]\nprefixes = \"0912\"\nproviders = \"inbox\"\n");
    assert!(
        no_prefix.contains("no beginning of a number"),
        "{no_prefix}"
    );
    let unbound = told("[[delivery.bounds]]\nunder_way = 3\n");
    assert!(unbound.contains("is required"), "{unbound}");
    let twice = "[[delivery.bounds]]\nprovider = \"file\"\n".repeat(2);
    assert!(told(&twice).contains("has bounds already"));
}

#[test]
fn the_default_route_leaves_loopback_only_when_told_to() {
    for listen in ["0.0.0.0:8000", "[::]:8000", "192.0.2.1:80"] {
        let case = Case::new().variable("PHONEKEY_HTTP__LISTEN", listen);
        assert!(
            case.problems()[0].contains("for development alone"),
            "{listen}"
        );

        let case = case.variable("PHONEKEY_DEVELOPMENT__ALLOW_REMOTE", "true");
        let weaknesses = case.load().unwrap().weaknesses(Timestamp::default());
        assert!(weaknesses.contains(&Weakness::DevelopmentAnywhere));
    }
    for listen in ["127.0.0.2:8000", "[::1]:8000", "[::ffff:127.0.0.1]:8000"] {
        assert!(
            Case::new()
                .variable("PHONEKEY_HTTP__LISTEN", listen)
                .load()
                .is_ok()
        );
    }
}

#[test]
fn test_numbers_stay_on_loopback_and_count_as_weak() {
    let case = Case::new()
        .variable("PHONEKEY_TEST_NUMBERS__1__NUMBER", "+989120000000")
        .variable("PHONEKEY_TEST_NUMBERS__1__CODE", "48215")
        .variable("PHONEKEY_TEST_NUMBERS__1__UNTIL", "2026-01-31");
    let weaknesses = case.load().unwrap().weaknesses(Timestamp::default());
    let weakness = Weakness::TestNumbers {
        active: 1,
        ended: 0,
    };
    assert!(weaknesses.contains(&weakness));

    let problems = case
        .variable("PHONEKEY_HTTP__LISTEN", "0.0.0.0:1")
        .problems();
    assert!(
        problems
            .iter()
            .any(|problem| problem.contains("test numbers are for development"))
    );
}

#[test]
fn postgresql_needs_a_secret() {
    let case = Case::new().variable("PHONEKEY_DATABASE__URL", "postgres://h/d");

    let problems = case.problems();

    assert!(
        problems[0].starts_with("secret: is required with PostgreSQL"),
        "{problems:?}"
    );
}

#[test]
fn an_algorithm_and_its_key_go_together() {
    let pem = crate::command::init::ed25519_pem(&phonekey_core::testing::SeededRandom::new(1));
    let eddsa = || Case::new().variable("PHONEKEY_TOKENS__ALGORITHM", "EdDSA");

    let config = eddsa()
        .variable("PHONEKEY_TOKENS__PRIVATE_KEY", &pem)
        .load()
        .unwrap();
    assert_eq!(config.tokens.algorithm(), Algorithm::EdDsa);
    assert!(eddsa().problems()[0].contains("is required by EdDSA"));
    let es256 = eddsa()
        .variable("PHONEKEY_TOKENS__ALGORITHM", "ES256")
        .variable("PHONEKEY_TOKENS__PRIVATE_KEY", &pem);
    assert!(es256.problems()[0].contains("no private key"));
    let hs256 = Case::new().variable("PHONEKEY_TOKENS__PRIVATE_KEY", &pem);
    assert!(hs256.problems()[0].contains("HS256 uses none"));
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    for (name, value, excerpt) in [
        (
            "PHONEKEY_SESSIONS__REFRESH_LIFETIME",
            "30m",
            "longer than tokens.access_lifetime",
        ),
        (
            "PHONEKEY_SESSIONS__ADOPT_FOREIGN",
            "true",
            "without tokens.hs256_secret",
        ),
        ("PHONEKEY_PHONE__REGIONS", "TR,DE", "lacks IR"),
        ("PHONEKEY_PHONE__REGIONS", "all,TR", "write it alone"),
        (
            "PHONEKEY_DELIVERY__LEASE",
            "8s",
            "longer than delivery.deadline",
        ),
        (
            "PHONEKEY_DELIVERY__ROUTES__DEFAULT",
            "file",
            "is required, since",
        ),
        (
            "PHONEKEY_DELIVERY__ROUTES__DEFAULT",
            "webhook",
            "is required, since",
        ),
        (
            "PHONEKEY_DELIVERY__ROUTES__DEFAULT",
            "inbox,inbox",
            "names `inbox:sms` twice",
        ),
        (
            "PHONEKEY_DELIVERY__ROUTES__DEFAULT",
            "imbox",
            "did you mean `inbox`",
        ),
        (
            "PHONEKEY_DELIVERY__ROUTES__DEFAULT",
            "inbox:pigeon",
            "carries sms, voice, whatsapp, telegram, not `pigeon`",
        ),
        (
            "PHONEKEY_DELIVERY__ROUTES__ON_REQUEST",
            "inbox:voice,inbox:voice",
            "names `inbox:voice` twice",
        ),
        (
            "PHONEKEY_DELIVERY__ROUTES__STRATEGY",
            "cheapest",
            "must be one of ordered, conversion",
        ),
        (
            "PHONEKEY_DELIVERY__MESSAGES_PER_CHALLENGE",
            "11",
            "from 1 to 10",
        ),
        (
            "PHONEKEY_DELIVERY__UNREPORTED_AFTER",
            "1s",
            "must be from 10s to 5m",
        ),
        (
            "PHONEKEY_HTTP__PUBLIC_URL",
            "login.example.com",
            "no address of a server",
        ),
        (
            "PHONEKEY_HTTP__PUBLIC_URL",
            "https://u:p@login.example.com/",
            "no address of a server",
        ),
    ] {
        let problems = Case::new().variable(name, value).problems();

        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains(excerpt), "{problems:?}");
    }
}

#[test]
fn a_django_key_is_taken_as_it_stands_and_its_prefix_is_weak() {
    let key = "django-insecure-2(0jx#6yqj&z5^u+h7d!v@r9m$k1w8s3n*p4b_c=e%gtafolQX";
    let config = with("PHONEKEY_TOKENS__HS256_SECRET", key);

    assert_eq!(
        config.tokens.hs256_secret.as_ref().unwrap().expose(),
        key.as_bytes()
    );
    let weaknesses = config.weaknesses(Timestamp::default());
    assert!(weaknesses.contains(&Weakness::DjangoInsecureSecret));
}

#[test]
fn a_configuration_does_not_show_its_secrets() {
    let config = Case::new()
        .variable("PHONEKEY_SECRET", STRONG)
        .variable("PHONEKEY_TOKENS__HS256_SECRET", &format!("{STRONG}2"))
        .variable("PHONEKEY_DATABASE__URL", "postgres://u:hunter2@h/d")
        .load()
        .unwrap();

    let shown = format!("{config:?}");

    assert!(
        !shown.contains(STRONG) && !shown.contains("hunter2"),
        "{shown}"
    );
}

#[test]
fn the_first_start_makes_a_secret_and_the_next_reads_it() {
    use std::os::unix::fs::PermissionsExt;

    let random = phonekey_core::testing::SeededRandom::new(1);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/secret");
    let source = SecretSource::DataFolder(path.clone());
    assert!(source.existing().unwrap().is_none());

    let first = source.obtain(&random).unwrap();
    let second = source.obtain(&random).unwrap();

    assert_eq!(first.created, Some(path.clone()));
    assert_eq!(second.created, None);
    let key = |secret: &phonekey_core::secret::MasterSecret| {
        secret.derived_token_secret().expose().to_vec()
    };
    assert_eq!(key(&first.secret), key(&second.secret));
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let names = fs::read_dir(path.parent().unwrap()).unwrap();
    assert_eq!(names.count(), 1, "no draft is left");
}

#[test]
fn processes_that_start_at_once_share_one_secret() {
    let folder = tempfile::tempdir().unwrap();
    let source = SecretSource::DataFolder(folder.path().join("secret"));
    let gate = std::sync::Barrier::new(16);

    let obtained: Vec<_> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..16)
            .map(|_| {
                scope.spawn(|| {
                    gate.wait();
                    source.obtain(&phonekey_core::random::SystemRandom).unwrap()
                })
            })
            .collect();
        starts
            .into_iter()
            .map(|start| start.join().unwrap())
            .collect()
    });

    let made = obtained
        .iter()
        .filter(|obtained| obtained.created.is_some());
    assert_eq!(made.count(), 1);
    let keys: std::collections::HashSet<Vec<u8>> = obtained
        .iter()
        .map(|obtained| obtained.secret.derived_token_secret().expose().to_vec())
        .collect();
    assert_eq!(keys.len(), 1);
}

#[test]
fn every_setting_has_a_variable_of_its_own() {
    let mut names: Vec<String> = super::raw::SECTIONS
        .iter()
        .filter(|section| section.occurrence == Occurrence::Once)
        .flat_map(|section| section.settings)
        .map(|setting| variable(setting.path()))
        .collect();
    let all = names.len();
    names.sort();
    names.dedup();

    assert_eq!(names.len(), all);
    assert!(names.contains(&"PHONEKEY_DELIVERY__ROUTES__DEFAULT".to_owned()));
}

#[test]
fn weak_keys_are_refused_by_name_and_never_shown() {
    let weak = weak_secrets();
    assert!(weak.len() >= 60, "{}", weak.len());

    for secret in &weak {
        for name in ["PHONEKEY_SECRET", "PHONEKEY_TOKENS__HS256_SECRET"] {
            let problems = Case::new().variable(name, secret).problems();

            assert_eq!(problems.len(), 1, "{secret}: {problems:?}");
            assert!(problems[0].starts_with(name), "{problems:?}");
            let shown = secret.len() > 3 && problems[0].contains(secret.as_str());
            assert!(!shown, "{problems:?}");
        }
    }
}

/// Too short, of too few different bytes, or from an example (SECURITY.md T48).
fn weak_secrets() -> Vec<String> {
    let short = (1..=31).map(|length| STRONG[..length].to_owned());
    let repeated = [
        "a", "ab", "abc", "0123", "0000", "secret", "password", "12345678",
    ]
    .map(|piece| piece.repeat(64));
    let padded = ["x", "key", "django", "token-"].map(|piece| format!("{piece}{}", "0".repeat(60)));
    let placeholders = [
        "changeme",
        "CHANGEME",
        "change-me",
        "change_me",
        "your-secret",
        "your_secret",
        "placeholder",
        "Your-Secret-Key",
        "please-change-me",
    ];
    let placeholders = placeholders.iter().flat_map(|placeholder| {
        [
            format!("{placeholder}-{STRONG}"),
            format!("{STRONG}{placeholder}"),
        ]
    });
    short
        .chain(repeated)
        .chain(padded)
        .chain(placeholders)
        .collect()
}

#[test]
fn strong_keys_are_taken() {
    let random = phonekey_core::testing::SeededRandom::new(7);
    for _ in 0..20 {
        let secret = super::secret::generate(&random);

        assert!(
            Case::new()
                .variable("PHONEKEY_SECRET", &secret)
                .load()
                .is_ok()
        );
        let shared = with("PHONEKEY_TOKENS__HS256_SECRET", &secret);
        assert!(shared.tokens.hs256_secret.is_some());
    }
    assert!(phonekey_core::secret::require_strength(&Secret::new(STRONG)).is_ok());
}

#[test]
fn the_example_file_says_the_defaults() {
    let example = super::document::example();
    let case = Case::new().file(&example);
    let shown = |config: &Config| {
        let mut config = config.clone();
        config.file = None;
        format!("{config:?}")
    };
    let defaults = shown(&Case::new().load().unwrap());
    assert_eq!(shown(&case.load().unwrap()), defaults);

    let has_default = |line: &str| {
        let name = line
            .strip_prefix('#')
            .and_then(|line| line.split_once(" = "));
        let name = name.map(|(name, _)| name).unwrap_or_default();
        let mut settings = super::raw::SECTIONS
            .iter()
            .flat_map(|section| section.settings);
        settings.any(|setting| setting.name() == name && setting.default.is_some())
    };
    // A table that there may be many of says nothing until it is begun.
    let (once, _) = example.split_once("#[[").unwrap();
    let uncommented: String = once
        .lines()
        .map(|line| if has_default(line) { &line[1..] } else { line })
        .flat_map(|line| [line, "\n"])
        .collect();
    assert_ne!(uncommented, example);
    assert_eq!(
        shown(&Case::new().file(&uncommented).load().unwrap()),
        defaults
    );
}

#[test]
fn the_committed_documents_are_those_of_this_version() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (path, made, command) in [
        (
            "phonekey.example.toml",
            super::document::example(),
            "example",
        ),
        (
            "docs/configuration.md",
            super::document::reference(),
            "reference",
        ),
    ] {
        let committed = fs::read_to_string(root.join(path)).unwrap_or_default();
        assert!(
            committed == made,
            "{path} is not current; run: cargo run -p phonekey -- config {command} > {path}"
        );
    }
}

#[test]
fn what_is_in_force_is_shown_with_its_source_and_without_secrets() {
    let case = Case::new()
        .file("[challenge]\ncode_length = 6\n[tokens]\nhs256_secret_file = '/x/y'")
        .variable("PHONEKEY_SECRET", STRONG)
        .variable("PHONEKEY_DATABASE__URL", "postgres://u:hunter2@h/d")
        .flag("--listen", "http.listen", "127.0.0.1:3");

    let settings = super::effective::effective(&case.sources);

    let of = |name: &str| {
        let one = settings.iter().find(|one| one.setting == name).unwrap();
        (one.value.as_deref().unwrap_or("-"), one.origin.as_str())
    };
    let file = case.sources.file.as_ref().unwrap().display();
    assert_eq!(
        of("challenge.code_length"),
        ("6", format!("{file}:2").as_str())
    );
    assert_eq!(
        of("tokens.hs256_secret"),
        ("(in /x/y)", format!("{file}:4").as_str())
    );
    assert_eq!(of("secret"), ("(set)", "PHONEKEY_SECRET"));
    assert_eq!(
        of("database.url"),
        ("postgres://u:…@h/d", "PHONEKEY_DATABASE__URL")
    );
    assert_eq!(of("http.listen"), ("127.0.0.1:3", "--listen"));
    assert_eq!(of("challenge.wrong_answers"), ("3", "default"));
    assert_eq!(of("delivery.file.path"), ("-", "default"));
}
