//! A message that is a test.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use phonekey_core::{
    code::CodeLength,
    delivery::{
        Channel,
        outcome::{MessageId, SendOutcome, SendRefusal},
        report::{Arrival, Report},
    },
    phone::PhoneNumber,
    route::{Hop, table::RouteRule},
    testing::{ManualClock, SeededRandom},
};
use phonekey_delivery::{
    provider::{HoldSession, ReportSource, TakeReports},
    senders::Senders,
    trial::{Ended, Errand, News, Step, Trial, Ways},
};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    fake_reports::{FakePoller, FakeReader},
    fakes::{Fake, everywhere, inbox, senders, senders_of, sms, voice},
    world::PHONE,
};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_message_goes_by_the_first_way_with_a_code_of_its_own() {
    let (a, b) = (Fake::accepting(), Fake::accepting());
    let senders = senders([&a, &b]);

    let (ended, _) = tried(&senders, &errand()).await;
    tried(&senders, &errand()).await;

    assert_eq!(ended, Ended::Taken(sms("a")));
    let messages = a.messages();
    assert_eq!(messages.len(), 2);
    assert!(b.sent().is_empty());
    assert_eq!(messages[0].code.length(), CodeLength::COMPATIBLE);
    assert_eq!(messages[0].language, "tr");
    assert_eq!(messages[0].to.e164(), PHONE);
}

#[tokio::test]
async fn a_refusal_is_told_and_the_next_way_is_tried() {
    let a = Fake::refusing(SendRefusal::NoCredit);
    let b = Fake::accepting_as("m-1");

    let (ended, steps) = tried(&senders([&a, &b]), &errand()).await;

    assert_eq!(ended, Ended::Taken(sms("b")));
    assert_eq!(
        steps,
        [
            "written in tr",
            "a:sms, b:sms",
            "to a:sms",
            "a:sms: Refused(NoCredit), next b:sms",
            "to b:sms",
            "b:sms: Accepted(m-1), no next",
            "b:sms: NeverReported",
        ]
    );
}

#[tokio::test]
async fn a_refusal_that_no_provider_could_do_better_is_the_last() {
    let a = Fake::refusing(SendRefusal::OptedOut);
    let b = Fake::accepting();

    let (ended, _) = tried(&senders([&a, &b]), &errand()).await;

    assert_eq!(ended, Ended::Refused(sms("a"), SendRefusal::OptedOut));
    assert!(b.sent().is_empty());
}

#[tokio::test]
async fn a_number_that_gets_no_text_messages_is_called() {
    let a = Fake::refusing(SendRefusal::CannotReceive);
    let b = Fake::accepting();
    let hops = vec![sms("a"), sms("b"), voice("b")];
    let senders = senders_of(everywhere(hops), [("a", a.silent()), ("b", b.silent())]);

    let (ended, _) = tried(&senders, &errand()).await;

    assert_eq!(ended, Ended::Taken(voice("b")));
    assert_eq!(b.sent().len(), 1);
}

#[tokio::test]
async fn when_all_refuse_the_last_ones_reason_is_told() {
    let a = Fake::refusing(SendRefusal::NoCredit);
    let b = Fake::refusing(SendRefusal::BadTemplate);

    let (ended, _) = tried(&senders([&a, &b]), &errand()).await;

    assert_eq!(ended, Ended::Refused(sms("b"), SendRefusal::BadTemplate));
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_does_not_answer_is_not_followed_by_another() {
    let (a, b) = (Fake::held(SendOutcome::Unknown), Fake::accepting());

    let (ended, steps) = tried(&senders([&a, &b]), &errand()).await;

    assert_eq!(ended, Ended::Unknown(sms("a")));
    assert_eq!(steps.last().unwrap(), "a:sms: Unknown, no next");
    assert!(b.sent().is_empty());
}

#[tokio::test]
async fn one_provider_alone_is_tried_whatever_the_routes_say() {
    let a = Fake::accepting();
    let b = Fake::refusing(SendRefusal::Temporary);
    let senders = senders_of(
        everywhere(vec![sms("a")]),
        [("a", a.silent()), ("b", b.silent())],
    );

    let (ended, _) = tried(&senders, &only(voice("b"))).await;

    assert_eq!(ended, Ended::Refused(voice("b"), SendRefusal::Temporary));
    assert_eq!(b.messages()[0].channel, Channel::Voice);
    assert!(a.sent().is_empty());
}

#[tokio::test]
async fn what_is_kept_is_not_sent() {
    let senders = senders_of(everywhere(vec![inbox()]), []);

    let (ended, _) = tried(&senders, &errand()).await;

    assert_eq!(ended, Ended::Kept(inbox()));
}

#[tokio::test]
async fn a_channel_without_a_way_leads_nowhere() {
    let a = Fake::accepting();
    let errand = Errand {
        ways: Ways::Routed(Some(Channel::Voice)),
        ..errand()
    };

    let (ended, steps) = tried(&senders([&a]), &errand).await;

    assert_eq!(ended, Ended::NoWay);
    assert_eq!(steps, ["written in tr"]);
}

#[tokio::test]
async fn a_provider_that_calls_the_server_is_not_waited_for() {
    let a = Fake::accepting_as("m-1");
    let called = a.reporting(ReportSource::Callback(Arc::new(FakeReader)));
    let senders = senders_of(everywhere(vec![sms("a")]), [("a", called)]);

    let (_, steps) = tried(&senders, &errand()).await;

    assert_eq!(steps.last().unwrap(), "a:sms: ReportedToServer");
}

#[tokio::test(start_paused = true)]
#[expect(
    clippy::disallowed_methods,
    reason = "the time of the test, which is paused"
)]
async fn a_provider_is_asked_until_it_tells_or_patience_ends() {
    let poller = Arc::new(FakePoller::default());
    let senders = polled(&poller, &Fake::accepting_as("m-1"));
    let begun = Instant::now();

    let (ended, steps) = tried(&senders, &errand()).await;

    assert_eq!(ended, Ended::Taken(sms("a")));
    assert_eq!(steps[4..], ["a:sms: Asking(12s)", "a:sms: NothingYet(12s)"]);
    assert_eq!(poller.asked_for("m-1"), 3);
    assert_eq!(begun.elapsed(), 12 * SECOND);

    poller.answer(Arrival::Delivered);
    let (_, steps) = tried(&senders, &errand()).await;

    assert_eq!(
        steps.last().unwrap(),
        "a:sms: Reported { arrival: Delivered, cost: None }"
    );
    assert_eq!(begun.elapsed(), 17 * SECOND);
}

#[tokio::test]
async fn nobody_is_asked_without_patience_or_a_name_of_the_message() {
    let poller = Arc::new(FakePoller::default());
    let named = polled(&poller, &Fake::accepting_as("m-1"));
    let nameless = polled(&poller, &Fake::accepting());
    let impatient = Errand {
        patience: Duration::ZERO,
        ..errand()
    };

    for (senders, errand) in [(named, impatient), (nameless, errand())] {
        let (_, steps) = tried(&senders, &errand).await;

        assert_eq!(steps.last().unwrap(), "a:sms: NotAsked");
    }
    assert_eq!(poller.asked_for("m-1"), 0);
}

/// A provider that reports as soon as its session is there.
struct Talkative {
    report: Report,
    ended: AtomicBool,
}

#[async_trait]
impl HoldSession for Talkative {
    async fn hold(&self, reports: Arc<dyn TakeReports>, ending: CancellationToken) {
        let of_another = Report {
            message_id: MessageId::new("m-0").unwrap(),
            ..self.report.clone()
        };
        assert!(reports.take(of_another).await.is_err());
        // It is sent again until the name of the message is known.
        while !ending.is_cancelled() && reports.take(self.report.clone()).await.is_err() {
            let _ = timeout(SECOND, ending.cancelled()).await;
        }
        ending.cancelled().await;
        self.ended.store(true, Ordering::SeqCst);
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_is_held_until_it_has_told() {
    for (reported, news) in [
        ("m-1", "a:sms: Reported { arrival: Delivered, cost: None }"),
        ("m-2", "a:sms: NothingYet(12s)"),
    ] {
        let talkative = Arc::new(Talkative {
            report: Report {
                message_id: MessageId::new(reported).unwrap(),
                arrival: Some(Arrival::Delivered),
                cost: None,
            },
            ended: AtomicBool::default(),
        });
        let source = ReportSource::Session(Arc::clone(&talkative) as _);
        let provider = Fake::accepting_as("m-1").reporting(source);
        let senders = senders_of(everywhere(vec![sms("a")]), [("a", provider)]);

        let (ended, steps) = tried(&senders, &errand()).await;

        assert_eq!(ended, Ended::Taken(sms("a")));
        assert_eq!(steps[4..], ["a:sms: Awaiting(12s)", news]);
        assert!(talkative.ended.load(Ordering::SeqCst));
    }
}

/// Twelve seconds of patience, in Turkish, by the routes.
fn errand() -> Errand {
    Errand {
        to: PhoneNumber::from_e164(PHONE).unwrap(),
        ways: Ways::Routed(None),
        language: Some("tr-TR".to_owned()),
        code_length: CodeLength::COMPATIBLE,
        lifetime: 120 * SECOND,
        patience: 12 * SECOND,
    }
}

fn only(hop: Hop) -> Errand {
    Errand {
        ways: Ways::Only(hop),
        ..errand()
    }
}

fn polled(poller: &Arc<FakePoller>, fake: &Arc<Fake>) -> Senders {
    let rule: RouteRule = everywhere(vec![sms("a")]);
    senders_of(rule, [("a", fake.reporting(poller.source()))])
}

async fn tried(senders: &Senders, errand: &Errand) -> (Ended, Vec<String>) {
    let trial = Trial {
        senders,
        clock: &ManualClock::default(),
        random: &SeededRandom::new(3),
        turn: 30 * SECOND,
    };
    let mut steps = Vec::new();
    let ended = trial.run(errand, &mut |step| steps.push(told(&step))).await;
    (ended, steps)
}

fn told(step: &Step<'_>) -> String {
    match step {
        Step::Written { language } => format!("written in {language}"),
        Step::Planned { plan, .. } => {
            let hops: Vec<String> = plan.hops().map(ToString::to_string).collect();
            hops.join(", ")
        }
        Step::HandedOver { hop } => format!("to {hop}"),
        Step::Answered {
            hop, outcome, next, ..
        } => {
            let outcome = match outcome {
                SendOutcome::Accepted(receipt) => {
                    let id = receipt.message_id.as_ref();
                    format!("Accepted({})", id.map_or("", |id| id.as_str()))
                }
                other => format!("{other:?}"),
            };
            let next = next.map_or("no next".to_owned(), |next| format!("next {next}"));
            format!("{hop}: {outcome}, {next}")
        }
        Step::Followed { hop, news } => {
            let news: &News = news;
            format!("{hop}: {news:?}")
        }
    }
}
