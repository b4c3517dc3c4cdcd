use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use phonekey_core::{
    delivery::{
        Channel,
        message::Message,
        outcome::{SendOutcome, SendRefusal},
    },
    secret::Secret,
};
use phonekey_delivery::{
    endpoint::BaseUrl,
    providers::sns::{
        AwsRegion, IndianRegistration, Origin, Sns, SnsSettings, signature::Credentials,
    },
};
use sha2::{Digest, Sha256};

use crate::kit::{
    IRAN, LONG, Request, Server, accepted, message, refused, reply, surroundings, troubles,
};

const SUCCESS: &str = r#"<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">
  <PublishResult>
    <MessageId>567910cd-659e-55d4-8ccb-5aaf14679dc0</MessageId>
  </PublishResult>
  <ResponseMetadata><RequestId>d74b8436-ae13-5ab4-a9ff-ce54dfea72a0</RequestId></ResponseMetadata>
</PublishResponse>"#;

fn settings(base_url: BaseUrl, timeout: Duration) -> SnsSettings {
    SnsSettings {
        base_url,
        region: AwsRegion::parse("eu-central-1").unwrap(),
        credentials: Credentials {
            access_key_id: "AKIDPHONEKEYEXAMPLE".to_owned(),
            secret_access_key: Secret::new("phonekey/secret+EXAMPLEKEY"),
            session_token: None,
        },
        origin: None,
        max_price: None,
        india: None,
        timeout,
    }
}

fn sns(settings: &SnsSettings) -> Sns {
    Sns::new(settings, surroundings()).unwrap()
}

fn to_iran() -> Message {
    message(Channel::Sms, IRAN)
}

/// What SNS is asked for a message under these settings.
async fn asked(change: impl FnOnce(&mut SnsSettings), message: &Message) -> Request {
    let server = Server::listen().await;
    let mut settings = settings(server.url(), LONG);
    change(&mut settings);
    let reply = reply("200 OK", SUCCESS);
    server.exchange(&sns(&settings), message, &reply).await.1
}

/// The attributes of a request: names, types and values.
fn attributes(request: &Request) -> Vec<String> {
    let pairs: Vec<_> = form_urlencoded::parse(request.body.as_bytes())
        .skip(4)
        .collect();
    let entries = pairs.chunks(3).enumerate();
    entries
        .map(|(index, entry)| {
            let keys: Vec<&str> = entry.iter().map(|(key, _)| &**key).collect();
            let number = index + 1;
            let key = |rest| format!("MessageAttributes.entry.{number}.{rest}");
            assert_eq!(
                keys,
                [key("Name"), key("Value.DataType"), key("Value.StringValue")]
            );
            let values: Vec<&str> = entry.iter().map(|(_, value)| &**value).collect();
            values.join(" ")
        })
        .collect()
}

#[tokio::test]
async fn a_request_has_exactly_this_form() {
    let server = Server::listen().await;
    let sns = sns(&settings(server.url(), LONG));

    let reply = reply("200 OK", SUCCESS);
    let (outcome, request) = server.exchange(&sns, &to_iran(), &reply).await;

    assert_eq!(outcome, accepted("567910cd-659e-55d4-8ccb-5aaf14679dc0"));
    assert_eq!(request.line, "POST / HTTP/1.1");
    let header = |name: &str| request.headers[name].as_str();
    assert_eq!(
        header("content-type"),
        "application/x-www-form-urlencoded; charset=utf-8"
    );
    assert_eq!(header("host"), server.host());
    assert_eq!(header("x-amz-date"), "20260811T091504Z");
    assert!(!request.headers.contains_key("x-amz-security-token"));
    assert_eq!(
        request.body,
        "Action=Publish&Version=2010-03-31&PhoneNumber=%2B989121234567\
         &Message=Your+login+code%3A%0A482913%0AValid+for+2+min.+Do+not+give+it+to+anyone.\
         &MessageAttributes.entry.1.Name=AWS.SNS.SMS.SMSType\
         &MessageAttributes.entry.1.Value.DataType=String\
         &MessageAttributes.entry.1.Value.StringValue=Transactional"
    );
}

/// The signature's own tests hold it to AWS's vectors; this one holds what is signed to what is
/// sent.
#[tokio::test]
async fn what_is_signed_is_what_is_sent() {
    let token = Secret::new("phonekeySessionToken==");

    let request = asked(
        |settings| settings.credentials.session_token = Some(token),
        &to_iran(),
    )
    .await;

    let header = |name: &str| request.headers[name].as_str();
    assert_eq!(header("x-amz-security-token"), "phonekeySessionToken==");
    let names = ["content-type", "host", "x-amz-date", "x-amz-security-token"];
    let headers = names.map(|name| format!("{name}:{}\n", header(name)));
    let canonical = format!(
        "POST\n/\n\n{}\n{}\n{}",
        headers.concat(),
        names.join(";"),
        hex(&Sha256::digest(&request.body))
    );
    let scope = "20260811/eu-central-1/sns/aws4_request";
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n20260811T091504Z\n{scope}\n{}",
        hex(&Sha256::digest(canonical))
    );
    let mut key = b"AWS4phonekey/secret+EXAMPLEKEY".to_vec();
    for part in scope.split('/') {
        key = hmac(&key, part);
    }
    assert_eq!(
        header("authorization"),
        format!(
            "AWS4-HMAC-SHA256 Credential=AKIDPHONEKEYEXAMPLE/{scope}, \
             SignedHeaders={}, Signature={}",
            names.join(";"),
            hex(&hmac(&key, &to_sign))
        )
    );
}

fn hmac(key: &[u8], data: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(data.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    let digits = |byte: &u8| [byte >> 4, byte & 15].map(|half| char::from_digit(half.into(), 16));
    bytes.iter().flat_map(digits).flatten().collect()
}

#[tokio::test]
async fn what_is_configured_is_sent_as_attributes() {
    let named = asked(
        |settings| {
            settings.origin = Some(Origin::SenderId("PhoneKey".to_owned()));
            settings.max_price = Some("0.50".to_owned());
        },
        &to_iran(),
    )
    .await;
    let numbered = asked(
        |settings| settings.origin = Some(Origin::Number("+447700900123".to_owned())),
        &to_iran(),
    )
    .await;

    assert_eq!(
        attributes(&named),
        [
            "AWS.SNS.SMS.SMSType String Transactional",
            "AWS.SNS.SMS.SenderID String PhoneKey",
            "AWS.SNS.SMS.MaxPrice Number 0.50",
        ]
    );
    assert_eq!(
        attributes(&numbered),
        [
            "AWS.SNS.SMS.SMSType String Transactional",
            "AWS.MM.SMS.OriginationNumber String +447700900123",
        ]
    );
}

#[tokio::test]
async fn india_alone_is_told_of_its_registration() {
    let register = |settings: &mut SnsSettings| {
        settings.india = Some(IndianRegistration {
            entity_id: "1701".to_owned(),
            template_id: "1707".to_owned(),
        });
    };

    let to_india = asked(register, &message(Channel::Sms, "+919876543210")).await;
    let elsewhere = asked(register, &to_iran()).await;

    assert_eq!(
        attributes(&to_india),
        [
            "AWS.SNS.SMS.SMSType String Transactional",
            "AWS.MM.SMS.EntityId String 1701",
            "AWS.MM.SMS.TemplateId String 1707",
        ]
    );
    assert_eq!(attributes(&elsewhere).len(), 1);
}

#[tokio::test]
async fn every_error_has_its_meaning() {
    use SendRefusal::{BadCredentials, BlockedCountry, OptedOut, RateLimited, RejectedContent};
    let number = "Invalid parameter: PhoneNumber Reason: +989121234567 is not valid to publish to";
    let cases = [
        (400, "InvalidParameter", number, Some(BlockedCountry)),
        (
            400,
            "InvalidParameter",
            "Invalid parameter: SenderID",
            Some(BadCredentials),
        ),
        (
            400,
            "InvalidParameter",
            "Invalid parameter: MessageAttributes",
            Some(BadCredentials),
        ),
        (
            400,
            "InvalidParameter",
            "Invalid parameter: Message too long",
            Some(RejectedContent),
        ),
        (400, "ParameterValueInvalid", "", Some(RejectedContent)),
        (400, "ValidationException", number, Some(BlockedCountry)),
        (400, "UserError", "", Some(RejectedContent)),
        (400, "OptedOut", "", Some(OptedOut)),
        (429, "Throttled", "", Some(RateLimited)),
        (400, "Throttling", "Rate exceeded", Some(RateLimited)),
        (400, "ThrottlingException", "", Some(RateLimited)),
        (403, "AuthorizationError", "", Some(BadCredentials)),
        (403, "InvalidSecurity", "", Some(BadCredentials)),
        (403, "InvalidClientTokenId", "", Some(BadCredentials)),
        (403, "SignatureDoesNotMatch", "", Some(BadCredentials)),
        (403, "AccessDenied", "", Some(BadCredentials)),
        (400, "ExpiredToken", "", Some(BadCredentials)),
        (400, "IncompleteSignature", "", Some(BadCredentials)),
        (403, "MissingAuthenticationToken", "", Some(BadCredentials)),
        (403, "OptInRequired", "", Some(BadCredentials)),
        (400, "RequestExpired", "", Some(BadCredentials)),
        (404, "NotFound", "", Some(BadCredentials)),
        (400, "EndpointDisabled", "", Some(BadCredentials)),
        (400, "KMSDisabled", "", Some(BadCredentials)),
        (500, "InternalError", "", None),
        (503, "ServiceUnavailable", "", None),
        (400, "SomethingNew", "", Some(RejectedContent)),
        (403, "SomethingNew", "", Some(BadCredentials)),
        (500, "SomethingNew", "", None),
    ];
    for (status, code, text, meaning) in cases {
        let server = Server::listen().await;
        let sns = sns(&settings(server.url(), LONG));
        let body = format!(
            "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error>\
             <Type>Sender</Type><Code>{code}</Code><Message>{text}</Message></Error>\
             <RequestId>7bd4cc87</RequestId></ErrorResponse>"
        );

        let reply = reply(&format!("{status} Error"), &body);
        let (outcome, _) = server.exchange(&sns, &to_iran(), &reply).await;

        let expected = meaning.map_or(SendOutcome::Unknown, refused);
        assert_eq!(outcome, expected, "{status} {code} {text}");
    }
}

#[tokio::test]
async fn an_acceptance_without_a_name_for_the_message_tells_nothing() {
    for body in [
        "<PublishResponse><PublishResult/></PublishResponse>",
        "<MessageId></MessageId>",
        "<MessageId>567910cd",
        "<ErrorResponse><Error><Code>OptedOut</Code></Error></ErrorResponse>",
    ] {
        let server = Server::listen().await;
        let sns = sns(&settings(server.url(), LONG));

        let reply = reply("200 OK", body);
        let (outcome, _) = server.exchange(&sns, &to_iran(), &reply).await;

        assert_eq!(outcome, SendOutcome::Unknown, "{body}");
    }
}

#[tokio::test]
async fn troubles_on_the_way_mean_what_they_mean_everywhere() {
    let sns = |url, timeout| sns(&settings(url, timeout));
    troubles::hold(sns, &to_iran(), SUCCESS).await;
    troubles::hold_statuses(sns, &to_iran()).await;
}

#[test]
fn settings_show_no_key() {
    let mut settings = settings(BaseUrl::parse("https://sns.example/").unwrap(), LONG);
    settings.credentials.session_token = Some(Secret::new("phonekeySessionToken=="));

    let shown = format!("{settings:?}");

    assert!(!shown.contains("EXAMPLEKEY"), "{shown}");
    assert!(!shown.contains("SessionToken="), "{shown}");
}
