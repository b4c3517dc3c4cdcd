use phonekey_core::{delivery::outcome::SendRefusal, time::Timestamp};
use phonekey_delivery::{
    providers::smpp::{
        address::{Address, INTERNATIONAL},
        coding::DefaultAlphabet,
        message_id::ReceiptId,
        settings::{Encryption, LongTexts, Numbering, ReceiptMark, SmppSettings, Validity},
    },
    settings::ProviderKind,
};

use super::Case;
use crate::config::weakness::Weakness;

const SECTION: &str = "
    [delivery.routes]
    default = ['smpp']
    [delivery.smpp]
    address = 'smpp.carrier.example:3550'
    system_id = 'phonekey'
    password = 'k3y-that-is-long'
";

fn case(more: &str) -> Case {
    Case::new().file(&format!("{SECTION}{more}"))
}

fn settings(more: &str) -> SmppSettings {
    let providers = case(more).load().unwrap().delivery.providers;
    let kind = providers.into_values().next().map(|it| it.kind);
    let Some(ProviderKind::Smpp(settings)) = kind else {
        panic!("no SMPP: {kind:?}");
    };
    *settings
}

#[test]
fn an_address_and_an_account_are_enough() {
    let settings = settings("");

    assert_eq!(
        (settings.host.as_str(), settings.port),
        ("smpp.carrier.example", 3550)
    );
    assert_eq!(settings.encryption, Encryption::Tls { authorities: None });
    assert_eq!(settings.account.system_id, "phonekey");
    assert_eq!(settings.account.password.expose(), b"k3y-that-is-long");
    assert_eq!(settings.account.system_type, "");
    assert_eq!(settings.sender, Address::servers_choice());
    assert_eq!(settings.destination, INTERNATIONAL);
    assert_eq!(settings.texts.alphabet, DefaultAlphabet::Gsm7);
    assert_eq!(settings.texts.long, LongTexts::Parts);
    assert_eq!(settings.texts.validity, Validity::Code);
    assert_eq!(settings.receipts.id, ReceiptId::Same);
    assert_eq!(settings.receipts.mark, ReceiptMark::Flag);
    assert!(settings.receipts.errors.is_empty() && settings.statuses.is_empty());
    assert_eq!(settings.window, 10);
    assert_eq!(settings.enquire_every.as_secs(), 30);
    assert_eq!(settings.timeout.as_secs(), 10);
}

#[test]
fn everything_else_may_be_said() {
    let settings = settings(
        "
        tls_authorities = '/etc/phonekey/carrier.pem'
        system_type = 'OTP'
        sender = '30001'
        sender_ton = 0
        sender_npi = 1
        number_ton = 0
        number_npi = 0
        default_alphabet = 'latin1'
        long_texts = 'payload'
        validity = 'server'
        receipt_id = 'hex_to_decimal'
        receipt_mark = 'flag_or_text'
        statuses = ['0x45=opted_out', '1025 = no_credit']
        receipt_errors = ['003=invalid_number', '0=temporary', 'A1=opted_out']
        window = 1
        enquire_every = '1m'
        timeout = '5s'
        ",
    );

    let authorities = Some("/etc/phonekey/carrier.pem".into());
    assert_eq!(settings.encryption, Encryption::Tls { authorities });
    assert_eq!(settings.account.system_type, "OTP");
    assert_eq!(settings.sender.text(), "30001");
    let numbering = Numbering { ton: 0, npi: 1 };
    assert_eq!(settings.sender.numbering(), numbering);
    assert_eq!(settings.destination, Numbering { ton: 0, npi: 0 });
    assert_eq!(settings.texts.alphabet, DefaultAlphabet::Latin1);
    assert_eq!(settings.texts.long, LongTexts::Payload);
    assert_eq!(settings.texts.validity, Validity::Server);
    assert_eq!(settings.receipts.id, ReceiptId::HexToDecimal);
    assert_eq!(settings.receipts.mark, ReceiptMark::FlagOrText);
    let statuses = [
        (0x45, SendRefusal::OptedOut),
        (0x401, SendRefusal::NoCredit),
    ];
    assert_eq!(settings.statuses, statuses.into());
    let errors = [
        ("3", SendRefusal::InvalidNumber),
        ("0", SendRefusal::Temporary),
        ("A1", SendRefusal::OptedOut),
    ];
    let errors = errors.map(|(error, refusal)| (error.to_owned(), refusal));
    assert_eq!(settings.receipts.errors, errors.into());
    assert_eq!(settings.window, 1);
    assert_eq!(settings.enquire_every.as_secs(), 60);
    assert_eq!(settings.timeout.as_secs(), 5);
}

#[test]
fn what_a_route_needs_is_asked_for_all_at_once() {
    let problems = Case::new()
        .file("[delivery.routes]\ndefault = ['smpp']")
        .problems();

    assert_eq!(
        problems,
        [
            "delivery.smpp.address: is required, since a route uses `smpp`",
            "delivery.smpp.password: is required, since a route uses `smpp`",
            "delivery.smpp.system_id: is required, since a route uses `smpp`",
        ]
    );
}

#[test]
fn a_server_has_a_name_or_an_address_and_a_port() {
    let address = |address: &str| SECTION.replace("smpp.carrier.example:3550", address);
    for (said, host) in [
        ("10.0.0.7:2775", "10.0.0.7"),
        ("[2001:db8::7]:2775", "2001:db8::7"),
        ("smsc_1:2775", "smsc_1"),
    ] {
        let config = Case::new().file(&address(said)).load().unwrap();
        let provider = config.delivery.providers.into_values().next().unwrap();
        let ProviderKind::Smpp(settings) = provider.kind else {
            panic!("no SMPP");
        };
        assert_eq!((settings.host.as_str(), settings.port), (host, 2775));
    }
    for odd in [
        "smpp.carrier.example",
        "smpp.carrier.example:0",
        "smpp://carrier.example:2775",
        "2001:db8::7:2775",
        "[carrier]:2775",
        ":2775",
    ] {
        let problems = Case::new().file(&address(odd)).problems();
        assert_eq!(problems.len(), 1, "{odd}: {problems:?}");
        assert!(problems[0].contains("name and port"), "{problems:?}");
    }
}

#[test]
fn what_cannot_be_is_refused() {
    for (odd, said) in [
        ("tls = false\ntls_authorities = '/a.pem'", "of no use"),
        ("system_type = 'o t p'", "without spaces"),
        ("sender = 'A name that is too long'", "11 ASCII characters"),
        ("sender_ton = 256", "from 0 to 255"),
        ("number_npi = -1", "from 0 to 255"),
        ("default_alphabet = 'utf8'", "gsm7, latin1, ascii"),
        ("long_texts = 'sar'", "parts, payload"),
        ("validity = '5m'", "code, server"),
        ("receipt_id = 'hex'", "hex_to_decimal"),
        ("receipt_mark = 'text'", "flag_or_text"),
        ("statuses = ['0x45']", "such as 0x45=opted_out"),
        ("statuses = ['0=temporary']", "`0` is no code"),
        ("statuses = ['0x45=full']", "`full` is no meaning"),
        (
            "statuses = ['0x45=temporary', '69=opted_out']",
            "two meanings",
        ),
        ("receipt_errors = ['a b=temporary']", "`a b` is no code"),
        (
            "receipt_errors = ['03=temporary', '3=opted_out']",
            "two meanings",
        ),
        ("window = 0", "from 1 to 1000"),
        ("enquire_every = '1s'", "enquire_every"),
        ("timeout = '2m'", "timeout"),
    ] {
        let problems = case(odd).problems();

        assert_eq!(problems.len(), 1, "{odd}: {problems:?}");
        assert!(problems[0].contains(said), "{problems:?}");
    }
    let problems = Case::new()
        .file(&SECTION.replace("k3y-that", "k3y that"))
        .problems();
    assert!(problems[0].contains("in one line"), "{problems:?}");
    assert!(!problems[0].contains("k3y"), "{problems:?}");
}

#[test]
fn codes_in_the_clear_are_told_unless_the_network_is_ones_own() {
    let is_told = |address: &str, tls: &str| {
        let section = SECTION.replace("smpp.carrier.example:3550", address);
        let config = Case::new().file(&format!("{section}tls = {tls}")).load();
        let weaknesses = config.unwrap().weaknesses(Timestamp::default());
        let told = |it: &Weakness| matches!(it, Weakness::OpenSmpp { .. });
        weaknesses.iter().any(told)
    };

    for open in [
        "smpp.carrier.example:2775",
        "203.0.113.7:2775",
        "[2001:db8::7]:2775",
    ] {
        assert!(is_told(open, "false"), "{open}");
        assert!(!is_told(open, "true"), "{open}");
    }
    for own in [
        "10.0.0.7:2775",
        "127.0.0.1:2775",
        "localhost:2775",
        "[fd00::7]:2775",
    ] {
        assert!(!is_told(own, "false"), "{own}");
    }
}
