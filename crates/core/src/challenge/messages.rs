//! The messages of one challenge: how many, and when another may follow.
//!
//! All of them carry the same code. So a message more gives a guesser nothing, and one that comes
//! late is as good as the last.

use std::time::Duration;

use super::{Challenge, CloseReason};
use crate::{
    delivery::Delivery,
    policy::NumberPolicy,
    route::plan::SendPlan,
    standing::{Standing, Wait},
    time::Timestamp,
};

/// The rules of one challenge's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessagePolicy {
    /// Messages that may reach a person, asked for or not: 1 to 10, default 3.
    pub per_challenge: u8,
    /// How long after a message that nobody can tell the fate of the code goes once more, by the
    /// next way: 5 s to 2 min, default 10 s (SECURITY.md T68).
    pub unknown_after: Duration,
    /// How long after a provider took a message the code goes once more if no report has come:
    /// 10 s to 5 min, default never, since many networks report late or not at all and each message
    /// costs.
    pub unreported_after: Option<Duration>,
}

impl Default for MessagePolicy {
    fn default() -> Self {
        Self {
            per_challenge: 3,
            unknown_after: Duration::from_secs(10),
            unreported_after: None,
        }
    }
}

/// Messages that may reach a person without having been asked for a second time (SECURITY.md T68:
/// at most two).
const UNASKED: u8 = 2;

/// A code that is sent once more is good for so long at least (SECURITY.md §2.3): what takes half a
/// minute on its way shall not arrive dead.
pub const LEAST_LIFE_AFTER_RESEND: Duration = Duration::from_mins(1);

/// No code is good for longer, however often it is sent (NIST SP 800-63B-4 §3.1.3.2).
pub const LONGEST_LIFE: Duration = Duration::from_mins(10);

/// Why a code does not go once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAgain {
    /// Its challenge can no longer be answered.
    Dead,
    /// It has had all its messages, or there is no way left.
    Spent,
    /// Its number must wait.
    Wait(Wait),
}

/// Decides whether a person who asks for the code once more gets it, and notes it in the challenge,
/// which then lives for another minute at least, and in the number's standing.
///
/// `tried` are all messages of the challenge. The answer is `None` for a test number, which gets
/// none.
///
/// # Errors
/// [`NotAgain`]; nothing is changed then.
pub fn resend(
    challenge: &mut Challenge,
    standing: &mut Standing,
    tried: &[Delivery],
    terms: &Terms<'_>,
    now: Timestamp,
) -> Result<Option<Delivery>, NotAgain> {
    if !challenge.is_live(now) {
        return Err(NotAgain::Dead);
    }
    standing
        .may_resend(terms.number, now)
        .map_err(NotAgain::Wait)?;
    let delivery = if tried.is_empty() {
        None
    } else {
        let next = terms.next(tried, terms.messages.per_challenge, now);
        Some(next.ok_or(NotAgain::Spent)?)
    };
    let latest = challenge.created_at.plus(LONGEST_LIFE);
    let wanted = now.plus(LEAST_LIFE_AFTER_RESEND).min(latest);
    challenge.expires_at = challenge.expires_at.max(wanted);
    standing.resent(challenge, terms.number, now);
    Ok(delivery)
}

/// Decides whether a code goes once more without having been asked for, since the message before
/// did not arrive or nobody can tell; notes it in the number's standing.
///
/// `about` is the message that gives rise to it; only a challenge's newest one does.
///
/// # Errors
/// [`NotAgain`]; nothing is changed then.
pub fn send_again(
    about: &Delivery,
    challenge: &Challenge,
    standing: &mut Standing,
    tried: &[Delivery],
    terms: &Terms<'_>,
    now: Timestamp,
) -> Result<Delivery, NotAgain> {
    let is_newest = tried.iter().all(|other| other.id <= about.id);
    if !challenge.is_live(now) || !is_newest {
        return Err(NotAgain::Dead);
    }
    standing
        .may_send(terms.number, now)
        .map_err(NotAgain::Wait)?;
    let most = terms.messages.per_challenge.min(UNASKED);
    // Who asks may be tried once more by a channel that seemed lost; unasked it would be in vain.
    let plan = terms.plan.without_lost_channels(tried);
    let plan = plan.as_ref().ok_or(NotAgain::Spent)?;
    let terms = Terms { plan, ..*terms };
    let next = terms.next(tried, most, now).ok_or(NotAgain::Spent)?;
    standing.sent(terms.number, now);
    Ok(next)
}

/// What another message goes by.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// The ways.
    pub plan: &'a SendPlan,
    /// The rules of the challenge's messages.
    pub messages: &'a MessagePolicy,
    /// The rules of the number.
    pub number: &'a NumberPolicy,
}

impl Terms<'_> {
    fn next(&self, tried: &[Delivery], most: u8, now: Timestamp) -> Option<Delivery> {
        let reaching = tried.iter().filter(|it| it.state.may_reach()).count();
        if reaching >= usize::from(most) {
            return None;
        }
        self.plan.once_more(tried, now)
    }
}

/// Decides what follows a message that was refused: one by another way of `plan`, or the end of the
/// challenge if none of its messages can reach anyone.
///
/// `tried` are all messages of the challenge, the refused one among them as refused.
pub fn after_refusal(
    challenge: &mut Challenge,
    standing: &mut Standing,
    tried: &[Delivery],
    plan: Option<&SendPlan>,
    now: Timestamp,
) -> Option<Delivery> {
    if challenge.is_live(now)
        && let Some(next) = plan.and_then(|plan| plan.by_another_way(tried, now))
    {
        return Some(next);
    }
    if !tried.iter().any(|delivery| delivery.state.may_reach()) {
        challenge.close(CloseReason::Undeliverable, now);
        standing.closed(challenge.id);
    }
    None
}

#[cfg(test)]
mod tests;
