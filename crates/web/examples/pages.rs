//! The developer's pages with an inbox full of samples, for looking at them:
//!
//! ```sh
//! cargo run -p phonekey-web --example pages
//! ```
//!
//! The three endpoints are stand-ins: each code is 48291, tokens are signed by nobody, and a number
//! that asks twice within half a minute is told to wait.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a stand-in that cannot go on says so and stops"
)]

#[path = "../tests/pages/fake_inbox.rs"]
mod fake_inbox;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::post,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::{HeaderMap, StatusCode, header};
use phonekey_core::{
    challenge::CloseReason,
    phone::{PhoneNumber, PhonePolicy, Region},
    time::{Clock, SystemClock, Timestamp},
};
use phonekey_web::pages;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use fake_inbox::FakeInbox;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "it says where it listens")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:8000");
    let world = Arc::new(World::default());
    if std::env::args().nth(2).is_none() {
        fill(&world.inbox, SystemClock.now());
    }
    let app = Router::new()
        .route("/api/auth/otp/create/", post(create))
        .route("/api/auth/otp/verify/", post(verify))
        .route("/api/auth/otp/refresh/", post(refresh))
        .with_state(world.clone())
        .merge(pages::router(
            world.inbox.clone(),
            Arc::new(SystemClock),
            PhonePolicy::only(Region::IRAN),
            CancellationToken::new(),
        ));
    let listener = TcpListener::bind(address).await?;
    println!("http://{address}/dev/inbox");
    axum::serve(listener, app).await?;
    Ok(())
}

/// What an inbox may hold.
struct Sample {
    age_seconds: u64,
    to: &'static str,
    code: &'static str,
    text: &'static str,
    wrong_answers: u8,
    end: Option<CloseReason>,
}

#[rustfmt::skip]
const SAMPLES: [Sample; 10] = [
    Sample { age_seconds: 86_000, to: "+989121234567", code: "30517", text: "کد ورود شما: ۳۰۵۱۷", wrong_answers: 0, end: None },
    Sample { age_seconds: 4_000, to: "+989354448811", code: "77120", text: "کد تأیید فروشگاه باران: 77120\nاین کد را به هیچ‌کس ندهید.", wrong_answers: 0, end: Some(CloseReason::Answered) },
    Sample { age_seconds: 900, to: "+9647901234567", code: "660915", text: "رمز التحقق الخاص بك هو 660915. لا تشاركه مع أي شخص.", wrong_answers: 0, end: Some(CloseReason::Superseded) },
    Sample { age_seconds: 640, to: "+12015550123", code: "0418", text: "Your Acme code is 0418.\n\n@login.acme.example #0418", wrong_answers: 0, end: Some(CloseReason::Undeliverable) },
    Sample { age_seconds: 300, to: "+989121234567", code: "90433", text: "کد ورود شما: 90433", wrong_answers: 3, end: Some(CloseReason::Exhausted) },
    Sample { age_seconds: 190, to: "+989191112233", code: "15502", text: "کد ورود شما: 15502", wrong_answers: 1, end: Some(CloseReason::Answered) },
    Sample { age_seconds: 97, to: "+989121234567", code: "28840", text: "Your code is 28840. It is valid for two minutes.", wrong_answers: 1, end: None },
    Sample { age_seconds: 61, to: "+4915123456789", code: "4829100375", text: "Ihr Anmeldecode: 4829100375", wrong_answers: 0, end: None },
    Sample { age_seconds: 30, to: "+9647901234567", code: "112233", text: "رمز التحقق 112233 <script>alert('never')</script>", wrong_answers: 0, end: None },
    Sample { age_seconds: 8, to: "+989121234567", code: "48291", text: "کد ورود شما به فروشگاه باران: 48291\n\n@baran.example #48291", wrong_answers: 2, end: None },
];

fn fill(inbox: &FakeInbox, now: Timestamp) {
    for sample in SAMPLES {
        let sent_at = now.minus(Duration::from_secs(sample.age_seconds));
        let id = inbox.receive(sample.to, sample.code, sample.text, sent_at);
        inbox.change(id, |challenge| {
            challenge.wrong_answers = sample.wrong_answers;
            if let Some(reason) = sample.end {
                challenge.close(reason, sent_at.plus(Duration::from_secs(21)));
            }
        });
    }
}

#[derive(Default)]
struct World {
    inbox: Arc<FakeInbox>,
    asked: Mutex<HashMap<PhoneNumber, Timestamp>>,
}

const COOLDOWN: Duration = Duration::from_secs(30);
const CODE: &str = "48291";

async fn create(
    State(world): State<Arc<World>>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let receiver = body["receiver"].as_str().unwrap_or_default();
    let Ok(phone) = PhoneNumber::parse(receiver, &PhonePolicy::only(Region::IRAN)) else {
        return refuse(400, "The mobile number is invalid\n");
    };
    let now = SystemClock.now();
    let free = world
        .asked
        .lock()
        .unwrap()
        .get(&phone)
        .map(|at| at.plus(COOLDOWN));
    if let Some(wait) = free
        .map(|free| free.since(now))
        .filter(|wait| !wait.is_zero())
    {
        let text = text(&headers, "لطفاً کمی صبر کنید", "Please wait a little");
        let seconds = wait.as_secs() + 1;
        let mut response = refuse(429, text);
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, seconds.into());
        return response;
    }
    world.asked.lock().unwrap().insert(phone, now);
    let message = format!("کد ورود شما: {CODE}");
    let uuid = world.inbox.receive(&phone.e164(), CODE, &message, now);
    Json(json!({
        "uuid": uuid,
        "receiver": receiver.trim(),
        "message": text(&headers, "رمز عبور موقت ارسال شد", "The one-time code was sent"),
        "expires_in": 120,
        "resend_in": COOLDOWN.as_secs(),
        "code_length": CODE.len(),
    }))
    .into_response()
}

async fn verify(
    State(world): State<Arc<World>>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let id = serde_json::from_value(body["uuid"].clone());
    let (Ok(id), Some(CODE)) = (id, body["code"].as_str()) else {
        if let Ok(id) = serde_json::from_value(body["uuid"].clone()) {
            world
                .inbox
                .change(id, |challenge| challenge.wrong_answers += 1);
        }
        let text = text(
            &headers,
            "کد ارسال شده درست نمیباشد",
            "The code is not right",
        );
        return refuse(400, text);
    };
    let now = SystemClock.now();
    world
        .inbox
        .change(id, |challenge| challenge.close(CloseReason::Answered, now));
    Json(tokens(now, 1)).into_response()
}

async fn refresh(Json(body): Json<Value>) -> Response {
    let generation = body["refresh"]
        .as_str()
        .and_then(|token| token.split('.').nth(1))
        .and_then(|claims| BASE64_URL_SAFE_NO_PAD.decode(claims).ok())
        .and_then(|claims| serde_json::from_slice::<Value>(&claims).ok())
        .and_then(|claims| claims["gen"].as_i64());
    if let Some(generation @ ..3) = generation {
        return Json(tokens(SystemClock.now(), generation + 1)).into_response();
    }
    let body = json!({ "detail": "Token is invalid or expired", "code": "token_not_valid" });
    (StatusCode::UNAUTHORIZED, Json(body)).into_response()
}

fn tokens(now: Timestamp, generation: i64) -> Value {
    let token = |kind: &str, seconds: i64| {
        let iat = now.as_seconds();
        let mut claims = json!({
            "token_type": kind,
            "exp": iat + seconds,
            "iat": iat,
            "jti": format!("{:032x}", now.as_millis() + seconds),
            "user_id": 4211,
            "sub": "4211",
            "sid": "01931f0c-7b1e-7cc3-98c4-dc0c0c07398f",
            "iss": "http://localhost:8000",
        });
        if kind == "refresh" {
            claims["gen"] = generation.into();
        }
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let header = json!({ "alg": "HS256", "typ": "JWT" });
        let signature = BASE64_URL_SAFE_NO_PAD.encode([0x5a; 32]);
        format!("{}.{}.{signature}", part(&header), part(&claims))
    };
    json!({ "access": token("access", 1800), "refresh": token("refresh", 604_800) })
}

fn refuse(code: u16, message: &str) -> Response {
    let status = StatusCode::from_u16(code).unwrap_or_default();
    (status, Json(json!({ "code": code, "message": message }))).into_response()
}

fn text<'a>(headers: &HeaderMap, persian: &'a str, english: &'a str) -> &'a str {
    let wanted = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok());
    if wanted.is_some_and(|wanted| wanted.starts_with("en")) {
        english
    } else {
        persian
    }
}
