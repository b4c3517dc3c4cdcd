//! AWS Signature Version 4 of a form that is posted
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>).

use phonekey_core::{secret::Secret, time::Timestamp};
use sha2::{Digest, Sha256};

use crate::mac::{hex, hmac_sha256};

/// An access key.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Its name, such as `AKIAIOSFODNN7EXAMPLE`.
    pub access_key_id: String,
    /// The key itself.
    pub secret_access_key: Secret,
    /// What comes with a temporary key, and is sent along.
    pub session_token: Option<Secret>,
}

/// Signs requests to one service in one region.
pub(super) struct Signer {
    pub(super) credentials: Credentials,
    pub(super) region: String,
    pub(super) service: &'static str,
}

/// What is signed of a request.
pub(super) struct Form<'a> {
    /// The host as its header has it: with the port where that is not the scheme's own.
    pub(super) host: &'a str,
    /// The path, percent-encoded.
    pub(super) path: &'a str,
    pub(super) content_type: &'a str,
    pub(super) body: &'a [u8],
}

/// The headers that a signature goes with.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Signature {
    /// `X-Amz-Date`.
    pub(super) date: String,
    /// `Authorization`.
    pub(super) authorization: String,
}

impl Signer {
    /// Signs a form. With a temporary key its session token must be sent as well, since it is
    /// signed.
    pub(super) fn sign(&self, form: &Form<'_>, now: Timestamp) -> Signature {
        let date = basic_format(now);
        let day = &date[..8];
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let (names, request) = self.canonical(form, &date);
        let to_sign = format!(
            "AWS4-HMAC-SHA256\n{date}\n{scope}\n{}",
            hex(&Sha256::digest(request))
        );
        let signature = hex(&hmac_sha256(&self.key(day), &[to_sign.as_bytes()]));
        let id = &self.credentials.access_key_id;
        Signature {
            authorization: format!(
                "AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={names}, \
                 Signature={signature}"
            ),
            date,
        }
    }

    /// The names of the signed headers, and the canonical request.
    fn canonical(&self, form: &Form<'_>, date: &str) -> (&'static str, Vec<u8>) {
        let Form {
            host,
            path,
            content_type,
            body,
        } = form;
        let mut headers =
            format!("content-type:{content_type}\nhost:{host}\nx-amz-date:{date}\n").into_bytes();
        let mut names = "content-type;host;x-amz-date";
        if let Some(token) = &self.credentials.session_token {
            names = "content-type;host;x-amz-date;x-amz-security-token";
            headers.extend_from_slice(b"x-amz-security-token:");
            headers.extend_from_slice(token.expose());
            headers.push(b'\n');
        }
        let mut request = format!("POST\n{path}\n\n").into_bytes();
        request.extend(headers);
        request.extend(format!("\n{names}\n{}", hex(&Sha256::digest(body))).into_bytes());
        (names, request)
    }

    /// The key of one day.
    fn key(&self, day: &str) -> [u8; 32] {
        let secret = [b"AWS4", self.credentials.secret_access_key.expose()].concat();
        let secret = Secret::new(secret);
        let day = hmac_sha256(secret.expose(), &[day.as_bytes()]);
        let region = hmac_sha256(&day, &[self.region.as_bytes()]);
        let service = hmac_sha256(&region, &[self.service.as_bytes()]);
        hmac_sha256(&service, &[b"aws4_request"])
    }
}

/// ISO 8601 in its basic format, such as `20150830T123600Z`.
fn basic_format(now: Timestamp) -> String {
    let extended = now.floor_to_second().to_string();
    extended.replace(['-', ':'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(credentials: Credentials, region: &str, service: &'static str) -> Signer {
        Signer {
            credentials,
            region: region.to_owned(),
            service,
        }
    }

    fn credentials(id: &str, secret: &str, token: Option<&str>) -> Credentials {
        Credentials {
            access_key_id: id.to_owned(),
            secret_access_key: Secret::new(secret),
            session_token: token.map(Secret::new),
        }
    }

    /// `post-x-www-form-urlencoded` of the test suite that AWS publishes for Signature Version 4.
    #[test]
    fn the_published_vector_is_met() {
        let key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let signer = signer(
            credentials("AKIDEXAMPLE", key, None),
            "us-east-1",
            "service",
        );
        let form = Form {
            host: "example.amazonaws.com",
            path: "/",
            content_type: "application/x-www-form-urlencoded",
            body: b"Param1=value1",
        };

        // 2015-08-30T12:36:00Z
        let signature = signer.sign(&form, Timestamp::from_seconds(1_440_938_160));

        assert_eq!(signature.date, "20150830T123600Z");
        assert_eq!(
            signature.authorization,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
        );
    }

    /// The key that AWS derives in its documentation of Signature Version 4.
    #[test]
    fn the_published_key_is_met() {
        let key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let signer = signer(credentials("AKIDEXAMPLE", key, None), "us-east-1", "iam");

        assert_eq!(
            hex(&signer.key("20150830")),
            "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"
        );
    }

    /// What AWS's own botocore 1.44.5 made of this request at this moment.
    #[test]
    fn a_message_is_signed_as_botocore_signs_it() {
        let body = b"Action=Publish&Version=2010-03-31&PhoneNumber=%2B989121234567&Message=\
            %DA%A9%D8%AF+%D9%88%D8%B1%D9%88%D8%AF%3A+123456\
            &MessageAttributes.entry.1.Name=AWS.SNS.SMS.SMSType\
            &MessageAttributes.entry.1.Value.DataType=String\
            &MessageAttributes.entry.1.Value.StringValue=Transactional\
            &MessageAttributes.entry.2.Name=AWS.SNS.SMS.SenderID\
            &MessageAttributes.entry.2.Value.DataType=String\
            &MessageAttributes.entry.2.Value.StringValue=PhoneKey\
            &MessageAttributes.entry.3.Name=AWS.SNS.SMS.MaxPrice\
            &MessageAttributes.entry.3.Value.DataType=Number\
            &MessageAttributes.entry.3.Value.StringValue=0.50";
        let form = Form {
            host: "sns.eu-central-1.amazonaws.com",
            path: "/",
            content_type: "application/x-www-form-urlencoded; charset=utf-8",
            body,
        };
        // 2026-08-11T09:15:04Z
        let now = Timestamp::from_millis(1_786_439_704_250);
        let signature_of = |token| {
            let credentials =
                credentials("AKIDPHONEKEYEXAMPLE", "phonekey/secret+EXAMPLEKEY", token);
            let signature = signer(credentials, "eu-central-1", "sns").sign(&form, now);
            assert_eq!(signature.date, "20260811T091504Z");
            signature.authorization
        };

        assert_eq!(
            signature_of(None),
            "AWS4-HMAC-SHA256 \
             Credential=AKIDPHONEKEYEXAMPLE/20260811/eu-central-1/sns/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=c688d0ae6551e61dd9fa4b29c8f5f135ab5327815115d35e9be1907368ec1bda"
        );
        assert_eq!(
            signature_of(Some("phonekeySessionToken==")),
            "AWS4-HMAC-SHA256 \
             Credential=AKIDPHONEKEYEXAMPLE/20260811/eu-central-1/sns/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, \
             Signature=8e710ce46c0030ecd695b82eec38311f011413bd1828e23e5463931162601398"
        );
    }
}
