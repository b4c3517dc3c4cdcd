//! How the steps of a test message are printed.

use std::{fmt, time::Duration};

use phonekey_core::{
    delivery::{
        outcome::{MessageId, SendOutcome, SendRefusal},
        report::Arrival,
    },
    phone::PhoneNumber,
    route::{Hop, order::Strategy},
};
use phonekey_delivery::trial::{Ended, News, Step};
use serde::{Serialize, Serializer};

use super::words::{Explained, Money, explain, money};

/// A way as it is printed, such as `kavenegar:sms`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Way(String);

impl Way {
    pub(super) fn of(hop: &Hop) -> Self {
        Self(hop.to_string())
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Way {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// A step as it is printed: in JSON as it is, for people as [`lines`](Self::lines).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub(super) enum Printed {
    Number {
        /// Masked.
        to: String,
        region: Option<String>,
    },
    Text {
        language: String,
    },
    Route {
        ways: Vec<Way>,
        /// `ordered` or `conversion`.
        strategy: &'static str,
    },
    HandedOver {
        way: Way,
    },
    Accepted {
        way: Way,
        message_id: Option<String>,
        cost: Option<Money>,
        #[serde(skip)]
        cost_text: Option<String>,
        took_ms: u64,
    },
    Refused {
        way: Way,
        refusal: &'static str,
        #[serde(flatten)]
        explained: Explained,
        took_ms: u64,
        /// What is tried next.
        next: Option<Way>,
    },
    Unknown {
        way: Way,
        took_ms: u64,
    },
    Report {
        way: Way,
        #[serde(flatten)]
        report: Reported,
    },
    End {
        result: &'static str,
    },
}

/// What is known of a message after it was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "report", rename_all = "snake_case")]
pub(super) enum Reported {
    /// Its provider reports nothing.
    Never,
    /// Its provider calls the server.
    ToServer,
    /// It is asked for so long.
    Asking { seconds: u64 },
    /// Its report is awaited for so long.
    Awaiting { seconds: u64 },
    /// It is not asked.
    NotAsked,
    /// It arrived.
    Delivered {
        cost: Option<Money>,
        #[serde(skip)]
        cost_text: Option<String>,
    },
    /// It did not.
    Undelivered {
        refusal: &'static str,
        #[serde(flatten)]
        explained: Explained,
    },
    /// Nothing was told for so long.
    NothingYet { seconds: u64 },
}

impl Printed {
    pub(super) fn number(to: PhoneNumber) -> Self {
        Self::Number {
            to: to.masked(),
            region: to.region().map(|region| region.to_string()),
        }
    }

    pub(super) fn of(step: &Step<'_>) -> Self {
        match step {
            Step::Written { language } => Self::Text {
                language: (*language).to_owned(),
            },
            Step::Planned { plan, strategy } => Self::Route {
                ways: plan.hops().map(Way::of).collect(),
                strategy: match strategy {
                    Strategy::Ordered => "ordered",
                    Strategy::Conversion => "conversion",
                },
            },
            Step::HandedOver { hop } => Self::HandedOver { way: Way::of(hop) },
            Step::Answered {
                hop,
                outcome,
                took,
                next,
            } => Self::answer(hop, outcome, *took, *next),
            Step::Followed { hop, news } => Self::Report {
                way: Way::of(hop),
                report: Reported::of(news),
            },
        }
    }

    fn answer(hop: &Hop, outcome: &SendOutcome, took: Duration, next: Option<&Hop>) -> Self {
        let way = Way::of(hop);
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        match outcome {
            SendOutcome::Accepted(receipt) => Self::Accepted {
                way,
                message_id: receipt
                    .message_id
                    .as_ref()
                    .map(MessageId::as_str)
                    .map(str::to_owned),
                cost: receipt.cost.as_ref().map(Money::from),
                cost_text: receipt.cost.as_ref().map(money),
                took_ms,
            },
            SendOutcome::Refused(refusal) => Self::Refused {
                way,
                refusal: refusal.name(),
                explained: explain(*refusal),
                took_ms,
                next: next.map(Way::of),
            },
            SendOutcome::Unknown => Self::Unknown { way, took_ms },
        }
    }

    pub(super) const fn ended(ended: &Ended) -> Self {
        Self::End {
            result: match ended {
                Ended::Taken(_) => "taken",
                Ended::Refused(..) => "refused",
                Ended::Unknown(_) => "unknown",
                Ended::Kept(_) => "kept",
                Ended::NoWay => "no_way",
            },
        }
    }

    /// Lines for people; none for what the exit tells as well.
    pub(super) fn lines(&self) -> Vec<String> {
        let line = match self {
            Self::Number { to, region } => {
                let of = region.as_ref().map(|region| format!(", of {region}"));
                format!("number      {to}{}", of.unwrap_or_default())
            }
            Self::Text { language } => format!("language    {language}"),
            Self::Route { ways, strategy } => {
                let ways: Vec<String> = ways.iter().map(ToString::to_string).collect();
                let note = if *strategy == "conversion" {
                    " (a server puts those first whose codes come back most often)"
                } else {
                    ""
                };
                format!("route       {}{note}", ways.join(", then "))
            }
            Self::HandedOver { way } => format!("sending     {way}"),
            Self::Accepted {
                way,
                message_id,
                cost_text,
                took_ms,
                ..
            } => {
                let id = message_id.as_ref().map(|id| format!(", message {id}"));
                let cost = cost_text.as_ref().map(|cost| format!(", cost {cost}"));
                format!(
                    "taken       {way}, after {took_ms} ms{}{}",
                    id.unwrap_or_default(),
                    cost.unwrap_or_default()
                )
            }
            Self::Refused {
                way,
                refusal,
                explained,
                took_ms,
                next,
            } => {
                let Explained { meaning, advice } = explained;
                let refused =
                    format!("refused     {way}, after {took_ms} ms: {meaning} ({refusal})");
                let next = next.as_ref().map(|next| format!("next        {next}"));
                return [refused, format!("what to do  {advice}")]
                    .into_iter()
                    .chain(next)
                    .collect();
            }
            Self::Unknown { way, took_ms } => format!(
                "unknown     {way}, after {took_ms} ms: no answer that tells whether it took the \
                 message. It may have gone, so no other provider is tried; a server sends the code \
                 once more after delivery.unknown_after"
            ),
            Self::Report { way, report } => format!("report      {way} {report}"),
            Self::End { .. } => return Vec::new(),
        };
        vec![line]
    }
}

impl Reported {
    fn of(news: &News) -> Self {
        match news {
            News::NeverReported => Self::Never,
            News::ReportedToServer => Self::ToServer,
            News::Asking(patience) => Self::Asking {
                seconds: patience.as_secs(),
            },
            News::Awaiting(patience) => Self::Awaiting {
                seconds: patience.as_secs(),
            },
            News::NotAsked => Self::NotAsked,
            News::Reported { arrival, cost } => match arrival {
                Arrival::Delivered => Self::Delivered {
                    cost: cost.as_ref().map(Money::from),
                    cost_text: cost.as_ref().map(money),
                },
                Arrival::Undelivered(reason) => Self::undelivered(*reason),
            },
            News::NothingYet(patience) => Self::NothingYet {
                seconds: patience.as_secs(),
            },
        }
    }

    const fn undelivered(reason: SendRefusal) -> Self {
        Self::Undelivered {
            refusal: reason.name(),
            explained: explain(reason),
        }
    }
}

impl fmt::Display for Reported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("does not report what becomes of messages"),
            Self::ToServer => f.write_str(
                "reports what becomes of it to http.public_url, where the running server hears it; \
                 that one knows no such message and notes nothing",
            ),
            Self::Asking { seconds } => {
                write!(f, "is asked what became of it, for {seconds} s")
            }
            Self::Awaiting { seconds } => {
                write!(
                    f,
                    "is to say over its session what became of it, within {seconds} s"
                )
            }
            Self::NotAsked => f.write_str("was not asked what became of it"),
            Self::Delivered { cost_text, .. } => {
                f.write_str("says that it arrived")?;
                match cost_text {
                    Some(cost) => write!(f, ", cost {cost}"),
                    None => Ok(()),
                }
            }
            Self::Undelivered { refusal, explained } => {
                let (meaning, advice) = (explained.meaning, explained.advice);
                write!(
                    f,
                    "says that it did not arrive: {meaning} ({refusal}); {advice}"
                )
            }
            Self::NothingYet { seconds } => write!(
                f,
                "did not say within {seconds} s what became of it; it may yet arrive"
            ),
        }
    }
}
