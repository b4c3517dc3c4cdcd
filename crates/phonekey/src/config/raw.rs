//! What a configuration may say: every setting with its kind, default and documentation.
//!
//! This is the single source of the reference page, of the example file, of the names of the
//! environment variables and of every default. A field that nothing reads does not compile without
//! a warning, so no setting is without effect.
//!
//! `name: Kind = "default"` declares a setting with a default, `name: Kind ~ "example"` one without.

use super::{
    setting::{Declared, Kind, Occurrence, Section, Setting},
    source::Gathered,
};

macro_rules! settings {
    (
        once { $(
            $(#[doc = $section_doc:literal])+
            $path:literal $section:ident: $Section:ident {
                $( $(#[doc = $doc:literal])+
                $field:ident: $kind:ident $(= $default:literal)? $(~ $example:literal)?; )+
            }
        )+ }
        many { $(
            $(#[doc = $many_doc:literal])+
            $many_path:literal $many:ident: $Many:ident {
                $( $(#[doc = $item_doc:literal])+
                $item:ident: $item_kind:ident $(= $item_default:literal)? $(~ $item_example:literal)?; )+
            }
        )+ }
    ) => {
        /// All that a configuration says.
        #[derive(Clone, Debug)]
        pub(super) struct Raw {
            $( pub(super) $section: $Section, )+
            $( pub(super) $many: Vec<$Many>, )+
        }

        impl Raw {
            /// What was gathered, by name.
            pub(super) fn new(gathered: &mut Gathered) -> Self {
                Self {
                    $( $section: $Section::new(gathered), )+
                    $( $many: gathered
                        .indices($many_path)
                        .into_iter()
                        .map(|index| $Many::new(gathered, index))
                        .collect(), )+
                }
            }
        }

        $( settings!(@section $Section $path { $( $(#[doc = $doc])+ $field )+ }); )+
        $( settings!(@item $Many $many_path { $( $(#[doc = $item_doc])+ $item )+ }); )+

        /// All sections, in the order of the reference page.
        pub static SECTIONS: &[Section] = &[
            $( Section::new($path, Occurrence::Once, &[$($section_doc),+], &[
                $( settings!(@declared $path $field $kind
                    ($($default)?) ($($example)?) [$($doc),+]), )+
            ]), )+
            $( Section::new($many_path, Occurrence::Many, &[$($many_doc),+], &[
                $( settings!(@declared $many_path $item $item_kind
                    ($($item_default)?) ($($item_example)?) [$($item_doc),+]), )+
            ]), )+
        ];
    };

    (@section $Section:ident $path:literal { $( $(#[doc = $doc:literal])+ $field:ident )+ }) => {
        #[derive(Clone, Debug)]
        pub(super) struct $Section { $( $(#[doc = $doc])+ pub(super) $field: Setting, )+ }

        impl $Section {
            fn new(gathered: &mut Gathered) -> Self {
                Self { $( $field: gathered.take($path, None, stringify!($field)), )+ }
            }
        }
    };

    (@item $Item:ident $path:literal { $( $(#[doc = $doc:literal])+ $field:ident )+ }) => {
        #[derive(Clone, Debug)]
        pub(super) struct $Item { $( $(#[doc = $doc])+ pub(super) $field: Setting, )+ }

        impl $Item {
            fn new(gathered: &mut Gathered, index: usize) -> Self {
                Self { $( $field: gathered.take($path, Some(index), stringify!($field)), )+ }
            }
        }
    };

    (@declared $path:literal $field:ident $kind:ident ($($default:literal)?) ($($example:literal)?)
        [$($doc:literal),+]) => {
        Declared::new(
            concat!($path, ".", stringify!($field)),
            Kind::$kind,
            settings!(@option $($default)?),
            settings!(@option $($example)?),
            &[$($doc),+],
        )
    };
    (@option) => { None };
    (@option $value:literal) => { Some($value) };
}

settings! {
once {
    /// The master secret, from which all internal keys are derived: those of the codes, and of the
    /// tokens where none is configured.
    "" secret: SecretSection {
        /// At least 32 random bytes, such as from `openssl rand -base64 48`.
        ///
        /// With SQLite, a secret is made at the first start and kept in the file `secret` beside
        /// the database, readable by its owner alone. With PostgreSQL it is required, and the same
        /// on every node.
        secret: Secret;
        /// Secrets from before a change of `secret`, newest first. Codes that were sent and sessions
        /// that were opened under them stay good, and each session moves to the present secret when
        /// it is refreshed. So keep the last one for `sessions.refresh_lifetime`; leave it out at
        /// once if somebody else knows it, and everyone logs in anew.
        previous_secrets: SecretList;
    }

    /// The HTTP server.
    "http" http: Http {
        /// The IP address and port that the server listens on.
        ///
        /// What is for development alone (the default route among it) refuses to start on an
        /// address other than loopback; see `development.allow_remote`.
        listen: Text = "127.0.0.1:8000";
        /// Connections that are open at once: 1 to 1000000. Further ones wait to be accepted. Each
        /// takes a file descriptor, of which many systems allow a process 1024.
        max_connections: Number = "900";
        /// Where this server is reached from outside, such as by providers that report what became
        /// of messages: its scheme, host and port, and a path if your proxy takes one off.
        public_url: Text ~ "https://login.example.com";
        /// How long a client may take to send the head of a request: 1s to 5m.
        header_timeout: Text = "10s";
        /// How long a client may take to send the body of a request: 1s to 5m.
        body_timeout: Text = "10s";
        /// How long requests and messages under way may take to finish once the server is told to
        /// stop: 0s to 10m. Keep it below the time after which your supervisor kills (Kubernetes:
        /// 30 s).
        shutdown_deadline: Text = "20s";
    }

    /// Where everything is kept.
    "database" database: Database {
        /// `sqlite:PATH`, or `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.
        url: Url = "sqlite:phonekey-data/phonekey.db";
    }

    /// The log, which goes to the standard error output.
    "log" log: Log {
        /// `human` for people, `json` for machines: one object in each line.
        format: Text = "human";
        /// The least that is logged: `error`, `warn`, `info`, `debug` or `trace`. No level shows a
        /// code, a token, a key or a whole number.
        level: Text = "info";
    }

    /// The tokens that a login gives out.
    "tokens" tokens: Tokens {
        /// How access tokens are signed: `HS256`, `EdDSA`, `ES256` or `RS256`. Refresh tokens are
        /// HS256 in any case, since nobody else verifies them.
        algorithm: Text = "HS256";
        /// The key of HS256, at least 32 bytes. Django's `SECRET_KEY` as it stands makes this
        /// server and a Django server accept each other's tokens. Left out, it is derived from the
        /// master secret.
        hs256_secret: Secret;
        /// The private key of the other algorithms, in PEM (PKCS #8). `phonekey init` makes one;
        /// so does `openssl genpkey -algorithm ed25519`.
        private_key: Secret;
        /// How long an access token is good for: 10s to 1d. Nothing can take it back earlier.
        access_lifetime: Text = "30m";
        /// The claim `iss`: a name, or the URL of this server; at most 255 characters.
        issuer: Text = "phonekey";
    }

    /// Sessions, each of which lives as long as its refresh tokens are renewed.
    "sessions" sessions: Sessions {
        /// How long a refresh token is good for: 1m to 365d, and longer than an access token.
        refresh_lifetime: Text = "7d";
        /// The longest a session lives however often it is refreshed: 1m to 3650d, or `none` for
        /// no end. NIST SP 800-63B-4 §2.1.3 asks for at most 30 days.
        absolute_lifetime: Text = "30d";
        /// How long a replaced refresh token is answered with the same successor, so that a lost
        /// reply logs nobody out: 0s to 60s. After that its use counts as theft.
        refresh_grace: Text = "10s";
        /// Whether a refresh token that a Django server signed with `tokens.hs256_secret` opens a
        /// session here, once: `true`, `false`, or `auto` for yes exactly when that secret is
        /// configured.
        adopt_foreign: Text = "auto";
    }

    /// The numbers that are served.
    "phone" phone: Phone {
        /// The region of numbers in national form, by its two letters (ISO 3166-1).
        default_region: Text = "IR";
        /// The regions whose numbers are served, by their two letters; `default` for the default
        /// region alone; `all` for every one, which invites fraud where messages cost money.
        regions: List = "default";
        /// The types of number that are sent codes, of `fixed_line`, `fixed_line_or_mobile`,
        /// `mobile`, `pager`, `personal`, `premium_rate`, `shared_cost`, `toll_free`,
        /// `universal_access`, `voip` and `other`.
        kinds: List = "mobile,fixed_line_or_mobile";
    }

    /// One code and its answers. These rules hold even where the limits are off.
    "challenge" challenge: Challenge {
        /// Digits of a code: 4 to 10. NIST SP 800-63B-4 §3.1.3.2 and ASVS 5.0 §6.5.4 ask for at
        /// least 6; clients of the Django project expect 5.
        code_length: Number = "5";
        /// How long a code is accepted: 30s to 10m (NIST SP 800-63B-4 §3.1.3.2).
        lifetime: Text = "120s";
        /// Wrong answers that end a challenge: 1 to 10.
        wrong_answers: Number = "3";
        /// The waits between two codes for one number, each 1s to 1d; the last one repeats. They
        /// start over after a login, or after a day without a code.
        cooldown: List = "30s,60s,120s,300s,600s";
        /// Challenges of one number that are open at once: 1 to 20.
        live_per_number: Number = "3";
    }

    /// What keeps guessers and message bombers out.
    "limits" limits: Limits {
        /// All limits on or off: the cool-down, the number of open challenges, and everything in
        /// this section. Never the rules of one challenge. Off is for tests.
        enabled: Switch = "true";
    }

    /// What one number may do, over all its challenges.
    "limits.number" limits_number: LimitsNumber {
        /// Codes sent to one number: a count, a slash and a time, as many as needed. Counts 1 to
        /// 1000, times 1s to 365d.
        sends: List = "3/10m,5/1h,10/24h";
        /// Wrong answers of one number, which a new code never resets. Counts 1 to 100 (NIST SP
        /// 800-63B-4 §3.2.2), times 1s to 365d.
        wrong_answers: List = "10/24h,30/30d";
    }

    /// What one address or network may do.
    "limits.network" limits_network: LimitsNetwork {
        /// The limits keyed by address, prefix, region and whole server, on or off.
        ///
        /// This version has none of them yet: with `true`, every start and `phonekey doctor` say
        /// so, and a proxy in front should limit each address until then. `false` says that you
        /// have seen to it.
        enabled: Switch = "true";
    }

    /// How codes reach their numbers.
    "delivery" delivery: Delivery {
        /// How long a request waits for a provider to take its message: 100ms to 60s. The message
        /// goes on its way after that all the same.
        deadline: Text = "8s";
        /// After how long another node takes over a message whose node went away: 5s to 10m, and
        /// longer than the deadline.
        lease: Text = "30s";
        /// Messages of one challenge that may reach a person, asked for or not: 1 to 10.
        messages_per_challenge: Number = "3";
        /// How long after a message of which nobody can tell whether it went the same code goes by
        /// the next provider: 5s to 2m. No more than one message goes so without being asked for.
        unknown_after: Text = "10s";
        /// How long after a provider took a message the same code goes by the next one if no report
        /// of its arrival has come: 10s to 5m, or `none` for never. It costs a message each time a
        /// network is slow, and counts for providers with reports alone.
        unreported_after: Text = "none";
    }

    /// Which providers carry a message. Each is `PROVIDER`, or `PROVIDER:CHANNEL` with one of the
    /// channels `sms`, `voice`, `whatsapp` and `telegram` that it carries.
    "delivery.routes" delivery_routes: DeliveryRoutes {
        /// The providers of every message that no rule is for, in the order in which they are tried:
        /// those of the sections below, `webhook` (a server of yours), and for development alone
        /// `inbox` (the page `/dev/inbox`), `console` (the standard output) and `file`.
        default: List = "inbox";
        /// Further providers, for callers who ask for their channel.
        on_request: List ~ "webhook:voice";
        /// `ordered`, or `conversion`: those first whose messages most often end in a right code.
        strategy: Text = "ordered";
    }

    /// The provider `file`, for development and tests.
    "delivery.file" delivery_file: DeliveryFile {
        /// The file that gets one line of JSON for each message.
        path: Text ~ "phonekey-data/messages.jsonl";
    }

    /// The provider `ghasedak`: the code in a template of yours, as a text message or in a call, to a
    /// number of Iran. docs/providers/ghasedak.md tells how to register the template.
    "delivery.ghasedak" delivery_ghasedak: DeliveryGhasedak {
        /// The API key of your account.
        api_key: Secret;
        /// The name of the approved template of text messages.
        template: Text ~ "login";
        /// The name of the approved template that calls read out. Left out, it is `template`.
        voice_template: Text ~ "login-call";
        /// The name in the templates that becomes the code, without its `%`, as it is spelt there.
        parameter: Text = "Code";
        /// Where Ghasedak answers, or a proxy in front of it.
        base_url: Text = "https://gateway.ghasedak.me/";
        /// How long Ghasedak may take to answer: 100ms to 60s.
        timeout: Text = "5s";
    }

    /// The provider `infobip`: text messages by Infobip's SMS API. docs/providers/infobip.md tells what
    /// to set at Infobip.
    "delivery.infobip" delivery_infobip: DeliveryInfobip {
        /// Where Infobip answers: the host of your account, as its portal shows it.
        base_url: Text ~ "https://abc123.api.infobip.com";
        /// An API key that may send messages (`sms:message:send`).
        api_key: Secret;
        /// Whom messages come from: a name of 1 to 11 letters, digits, spaces and hyphens, a letter
        /// among them, or a number with its country code. Left out, it is your account's own.
        sender: Text ~ "PhoneKey";
        /// How long Infobip may take to answer: 100ms to 60s.
        timeout: Text = "5s";
    }

    /// The provider `kavenegar`: the code in a template of yours, as a text message or in a call.
    /// docs/providers/kavenegar.md tells how to register the template.
    "delivery.kavenegar" delivery_kavenegar: DeliveryKavenegar {
        /// The API key of your account.
        api_key: Secret;
        /// The name of the approved template of text messages. Its `%token` becomes the code.
        template: Text ~ "login";
        /// The name of the approved template that calls read out. Left out, it is `template`.
        voice_template: Text ~ "login-call";
        /// Where Kavenegar answers, or a proxy in front of it.
        base_url: Text = "https://api.kavenegar.com/";
        /// How long Kavenegar may take to answer: 100ms to 60s.
        timeout: Text = "5s";
    }

    /// The provider `melipayamak`: the code in a text of yours, as a text message to a number of Iran.
    /// docs/providers/melipayamak.md tells how to register the text.
    "delivery.melipayamak" delivery_melipayamak: DeliveryMeliPayamak {
        /// The name that you sign in to the panel with.
        username: Text ~ "09121234567";
        /// The API key (`ApiKey`) of your account, which takes the place of its password.
        api_key: Secret;
        /// The number (`bodyId`) of the approved text. Its only variable becomes the code.
        body_id: Number ~ "123456";
        /// Where MeliPayamak answers, or a proxy in front of it.
        base_url: Text = "https://rest.payamak-panel.com/";
        /// How long MeliPayamak may take to answer: 100ms to 60s.
        timeout: Text = "5s";
    }

    /// The provider `messagebird`: text messages by the REST API of MessageBird's classic accounts, which
    /// are to end with 2026. docs/providers/messagebird.md tells what to set there.
    "delivery.messagebird" delivery_messagebird: DeliveryMessageBird {
        /// The live access key of your account.
        access_key: Secret;
        /// Whom messages come from: a name of 1 to 11 letters, digits, spaces and hyphens, a letter
        /// among them, or a number with its country code.
        originator: Text ~ "PhoneKey";
        /// What MessageBird signs its reports with. Reports without a right signature are refused
        /// then.
        signing_key: Secret;
        /// Where MessageBird answers, or a proxy in front of it.
        base_url: Text = "https://rest.messagebird.com/";
        /// How long MessageBird may take to answer: 100ms to 60s.
        timeout: Text = "5s";
    }

    /// The provider `plivo`: Plivo, text messages. docs/providers/plivo.md tells what to switch on
    /// there.
    "delivery.plivo" delivery_plivo: DeliveryPlivo {
        /// The Auth ID of your account, or of one below it.
        auth_id: Text ~ "MA0123456789ABCDEFGH";
        /// The Auth Token of the same account. It signs Plivo's reports as well.
        auth_token: Secret;
        /// Whom messages come from: a number of the account's, a short code, or a name of 1 to 11
        /// letters and digits. Not together with `powerpack_uuid`.
        src: Text ~ "+14155550100";
        /// The UUID of a Powerpack, which chooses among its senders.
        powerpack_uuid: Text ~ "5ec4c8c9-cd74-42b5-9e41-0d7670d6bb46";
        /// Where Plivo answers, or a proxy in front of it.
        base_url: Text = "https://api.plivo.com/";
        /// How long Plivo may take to answer: 100ms to 60s.
        timeout: Text = "5s";
    }

    /// The provider `smpp`: text messages by a carrier, over a session of SMPP 3.4 that is kept open.
    /// docs/providers/smpp.md tells what to ask the carrier for.
    "delivery.smpp" delivery_smpp: DeliverySmpp {
        /// The carrier's server: its name or IP address, and its port.
        address: Text ~ "smpp.carrier.example:3550";
        /// Whether the session is within TLS. Without it, passwords and codes cross the network in
        /// the clear: that is for a private network alone.
        tls: Switch = "true";
        /// A PEM file with the authorities that the server's certificate may be from, in place of
        /// those that the operating system trusts.
        tls_authorities: Text ~ "/etc/phonekey/carrier.pem";
        /// The name of your account.
        system_id: Text ~ "phonekey";
        /// Its password.
        password: Secret;
        /// What some carriers want to be told besides.
        system_type: Text ~ "OTP";
        /// Whom messages come from, as agreed with the carrier: a name of up to 11 characters, a
        /// number such as +447700900123, or a short code. Left out, the carrier chooses.
        sender: Text ~ "PhoneKey";
        /// The type of number (`source_addr_ton`) of `sender`, where the carrier wants another than
        /// 5 for a name, 1 for a number and 3 for a short code.
        sender_ton: Number ~ "5";
        /// The numbering plan (`source_addr_npi`) of `sender`, where the carrier wants another than
        /// 1 for a number and 0 for anything else.
        sender_npi: Number ~ "0";
        /// The type of number (`dest_addr_ton`) of the numbers that messages go to.
        number_ton: Number = "1";
        /// Their numbering plan (`dest_addr_npi`).
        number_npi: Number = "1";
        /// The alphabet that the carrier takes `data_coding` 0 for: `gsm7`, `latin1` or `ascii`.
        /// Texts that do not fit it go as UCS-2 (`data_coding` 8).
        default_alphabet: Text = "gsm7";
        /// How a text longer than one part goes: in `parts`, or as a `payload` (`message_payload`)
        /// that the carrier parts.
        long_texts: Text = "parts";
        /// How long the network may try (`validity_period`): as long as the `code` is good, or as
        /// the `server` will.
        validity: Text = "code";
        /// How receipts name a message: by the `same` name as the carrier gave when it took it, by
        /// the same `number` with or without zeros before it, in decimal digits where it was in
        /// hexadecimal ones (`hex_to_decimal`), or the other way round (`decimal_to_hex`).
        receipt_id: Text = "same";
        /// How receipts are known: by their `flag` (`esm_class`), or by `flag_or_text` for carriers
        /// that do not set it. Whoever can write to `sender` could then feign one.
        receipt_mark: Text = "flag";
        /// What statuses of this carrier mean, where it is not what docs/providers/smpp.md says.
        statuses: List ~ "0x45=opted_out,0x401=no_credit";
        /// What the errors (`err`) of this carrier's receipts mean. Any other is `temporary`.
        receipt_errors: List ~ "003=invalid_number";
        /// The most messages that may wait for an answer at a time: 1 to 1000.
        window: Number = "10";
        /// After how long without a word from the carrier it is asked whether it is there: 5s to
        /// 10m, and less than after what the carrier drops a session.
        enquire_every: Text = "30s";
        /// How long the carrier may take to answer, waiting for a place in the window included:
        /// 100ms to 60s.
        timeout: Text = "10s";
    }

    /// The provider `smsir`: SMS.ir, the code in a template of yours, as a text message to a number of
    /// Iran. docs/providers/smsir.md tells how to register the template.
    "delivery.smsir" delivery_smsir: DeliverySmsIr {
        /// The API key of your account.
        api_key: Secret;
        /// The number of the approved template.
        template_id: Number ~ "123456";
        /// The name in the template that becomes the code, without its `#`, as it is spelt there.
        parameter: Text = "CODE";
        /// Where SMS.ir answers, or a proxy in front of it.
        base_url: Text = "https://api.sms.ir/";
        /// How long SMS.ir may take to answer: 100ms to 60s.
        timeout: Text = "5s";
    }

    /// The provider `sns`: text messages by AWS SNS. docs/providers/sns.md tells what AWS must be
    /// told first.
    "delivery.sns" delivery_sns: DeliverySns {
        /// The region that sends.
        region: Text ~ "eu-central-1";
        /// The id of an access key that may do `sns:Publish`.
        access_key_id: Text ~ "AKIAIOSFODNN7EXAMPLE";
        /// The access key itself.
        secret_access_key: Secret;
        /// What comes with a temporary access key, and ends with it.
        session_token: Secret;
        /// The name that messages come from, where the country allows one: 3 to 11 letters, digits
        /// and hyphens, a letter among them. Not together with `origination_number`.
        sender_id: Text ~ "PhoneKey";
        /// The number of your account that messages come from: 5 to 14 digits.
        origination_number: Text ~ "+447700900123";
        /// The most that a message may cost, in US dollars. AWS takes a dearer one and does not send
        /// it.
        max_price: Text ~ "0.50";
        /// The id of your entity with India's regulator; sent with messages to India alone.
        india_entity_id: Text ~ "1701158058456789012";
        /// The id of your text with India's regulator.
        india_template_id: Text ~ "1707161700000000000";
        /// Another endpoint than the region's own, such as that of your VPC.
        base_url: Text ~ "https://sns.eu-central-1.api.aws";
        /// How long AWS may take to answer: 100ms to 60s.
        timeout: Text = "5s";
    }

    /// The provider `telegram`: Telegram Gateway. docs/providers/telegram.md tells what your people
    /// must have agreed to.
    "delivery.telegram" delivery_telegram: DeliveryTelegram {
        /// The access token of your account.
        token: Secret;
        /// The channel that messages come from in place of Telegram's own: verified, and owned by
        /// the account.
        sender_username: Text ~ "phonekey";
        /// Where Telegram Gateway answers, or a proxy in front of it.
        base_url: Text = "https://gatewayapi.telegram.org/";
        /// How long Telegram may take to answer: 100ms to 60s.
        timeout: Text = "5s";
    }

    /// The provider `twilio`: Twilio Messages, text messages. docs/providers/twilio.md tells what to
    /// switch on there.
    "delivery.twilio" delivery_twilio: DeliveryTwilio {
        /// The SID of your account.
        account_sid: Text ~ "AC0123456789abcdef0123456789abcdef";
        /// The account's auth token. It signs Twilio's reports, and sends messages where there is no
        /// API key. With a key alone, Twilio is asked what became of messages.
        auth_token: Secret;
        /// The SID of an API key that sends messages in place of the auth token.
        api_key_sid: Text ~ "SK0123456789abcdef0123456789abcdef";
        /// The secret of that key.
        api_key_secret: Secret;
        /// Whom messages come from: a number of the account's, a short code, or a name of 1 to 11
        /// letters, digits, spaces and `+-_&`. Not together with `messaging_service_sid`.
        from: Text ~ "+15005550006";
        /// The SID of a Messaging Service, which chooses among its senders.
        messaging_service_sid: Text ~ "MG0123456789abcdef0123456789abcdef";
        /// Where Twilio answers: another region, or a proxy in front of it.
        base_url: Text = "https://api.twilio.com/";
        /// How long Twilio may take to answer: 100ms to 60s.
        timeout: Text = "5s";
    }

    /// The provider `vonage`: text messages by Vonage's SMS API. docs/providers/vonage.md tells what to
    /// set at Vonage.
    "delivery.vonage" delivery_vonage: DeliveryVonage {
        /// The API key of your account.
        api_key: Text ~ "a1b2c3d4";
        /// The API secret of your account.
        api_secret: Secret;
        /// Whom messages come from: a name of 1 to 11 letters, digits, spaces and hyphens, a letter
        /// among them, or a number with its country code.
        from: Text ~ "PhoneKey";
        /// What Vonage signs its reports with. Reports without a right signature are refused then.
        signature_secret: Secret;
        /// The currency of your account, by its three letters. Vonage states prices without one, so
        /// none are recorded while this is not said.
        currency: Text ~ "EUR";
        /// Where Vonage answers, or a proxy in front of it.
        base_url: Text = "https://rest.nexmo.com/";
        /// How long Vonage may take to answer: 100ms to 60s.
        timeout: Text = "5s";
    }

    /// The provider `webhook`: each message is posted as JSON to a server of yours, signed as the
    /// Standard Webhooks specification says.
    "delivery.webhook" delivery_webhook: DeliveryWebhook {
        /// Where messages are posted: over HTTPS, or over HTTP to this machine.
        url: Url ~ "https://sms.example.com/phonekey";
        /// The keys that sign them: `whsec_` and 24 to 64 bytes in base64. Each message is signed
        /// with all of them, so that they can be changed one after the other.
        secrets: SecretList;
        /// How long the server may take to answer: 100ms to 60s.
        timeout: Text = "5s";
    }

    /// The provider `whatsapp`: WhatsApp, by Meta's Cloud API. Meta bars it for people in Cuba, Iran,
    /// North Korea and Syria. docs/providers/whatsapp.md tells how to make the template.
    "delivery.whatsapp" delivery_whatsapp: DeliveryWhatsApp {
        /// Meta's id of the number that messages come from.
        phone_number_id: Text ~ "106540352242922";
        /// The access token of a system user.
        token: Secret;
        /// The name of an authentication template with a button that copies the code.
        template: Text ~ "login_code";
        /// The languages that the template is approved in; the first one is for people of all
        /// others.
        languages: List ~ "fa,en_US";
        /// The app's secret, which signs Meta's reports. Without it there are no reports.
        app_secret: Secret;
        /// A text of yours, of 16 characters or more, which you give to Meta together with the URL
        /// for its reports.
        verify_token: Secret;
        /// The version of Meta's Graph API.
        version: Text = "v25.0";
        /// Where the Graph API answers, or a proxy in front of it.
        base_url: Text = "https://graph.facebook.com/";
        /// How long Meta may take to answer: 100ms to 60s.
        timeout: Text = "5s";
    }

    /// What people read: the texts of messages, which docs/messages.md says more about, and those of
    /// answers.
    "messages" messages: Messages {
        /// The language of messages for people who ask for none that there is (`Accept-Language`)
        /// and in whose number's region most read another: `ar`, `en`, `es`, `fa`, `fr`, `hi`, `id`,
        /// `pt`, `ru`, `tr`, or one of the folder. Answers are in it too if it is `fa` or `en`, else
        /// in English.
        default_language: Text = "fa";
        /// A folder of your own texts: `fa.txt` for all channels, `fa.voice.txt` for one. They stand
        /// over those that come with phonekey, and add languages. They are read at the start.
        folder: Text ~ "texts";
        /// The site whose pages may fill in the code of a text message, by its host name: the message
        /// ends with the line `@example.com #12345`, which Safari and Chrome read.
        domain: Text ~ "example.com";
        /// The hashes of the Android apps that may fill in the code of a text message. A client that
        /// names one of them when it asks for a code (`app_hash`) gets a message that ends with it in
        /// place of the line for browsers.
        app_hashes: List ~ "FA+9qCX9VSu";
    }

    /// How long things stay that nothing needs any more.
    "retention" retention: Retention {
        /// Challenges and their deliveries, after they expired: 1d to 3650d.
        challenges: Text = "30d";
        /// Audit events: 1d to 3650d.
        audit: Text = "180d";
    }

    /// What is for development alone.
    "development" development: Development {
        /// Whether the providers `inbox`, `console` and `file`, the pages under `/dev/` and test
        /// numbers may be used on an address other than loopback, where everybody who reaches the
        /// server can log in as anybody.
        allow_remote: Switch = "false";
    }
}

many {
    /// Which providers carry the messages to some numbers. A longer prefix comes before a shorter
    /// one, a prefix before a region, and both before `delivery.routes`.
    "delivery.rules" delivery_rules: DeliveryRule {
        /// The regions that it is for, by their two letters.
        regions: List ~ "TR";
        /// The first digits of the numbers that it is for, with the country code.
        prefixes: List ~ "+98912";
        /// The providers, in the order in which they are tried.
        providers: List ~ "webhook";
        /// Further providers, for callers who ask for their channel.
        on_request: List ~ "webhook:voice";
        /// `ordered` or `conversion`.
        strategy: Text = "ordered";
    }

    /// How much a provider is given at a time. What is more goes to the next one.
    "delivery.bounds" delivery_bounds: DeliveryBounds {
        /// Which provider.
        provider: Text ~ "webhook";
        /// Messages under way: 1 to 10000.
        under_way: Number = "1000";
        /// Messages a second, where the provider has such a limit: 1 to 10000.
        per_second: Number ~ "20";
    }

    /// A number that always gets the same code and never a message: for the reviewers of app
    /// stores. Whoever knows the code can log in as this number.
    "test_numbers" test_numbers: TestNumber {
        /// The number, in any spelling.
        number: Text ~ "+989120000000";
        /// Its code: 4 to 10 digits.
        code: Secret ~ "48215";
        /// The last day, in UTC, on which this holds.
        until: Text ~ "2027-01-31";
    }
}
}
