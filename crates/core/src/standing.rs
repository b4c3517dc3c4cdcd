//! What one number has done lately, and what that allows it to do.
//!
//! A number's standing is one small row, whatever happened to its challenges: so a new code never
//! resets what wrong answers have used up, and a create or verify dirties one page for it.

use thiserror::Error;
use uuid::Uuid;

use crate::{
    challenge::Challenge,
    id::ChallengeId,
    policy::{COOL_DOWN_MEMORY, Enforcement, NumberPolicy},
    time::Timestamp,
};

/// The recent past of one number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Codes sent since the last login, or since a day passed without one.
    codes_in_a_row: u16,
    /// When codes were sent, oldest first.
    sends: Vec<Timestamp>,
    /// When wrong answers were given, oldest first.
    wrong_answers: Vec<Timestamp>,
    /// Challenges that can still be answered.
    live: Vec<LiveChallenge>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct LiveChallenge {
    id: ChallengeId,
    expires_at: Timestamp,
}

/// Why a number must wait, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The rule that makes it wait longest.
    pub rule: WaitRule,
    /// From then on it need not.
    pub until: Timestamp,
}

/// The rules that make a number wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitRule {
    /// The time between two codes.
    CoolDown,
    /// The challenges that may be open at once.
    LiveChallenges,
    /// The codes that may be sent.
    Sends,
    /// The wrong answers that may be given.
    WrongAnswers,
}

impl WaitRule {
    /// All rules, in the order in which they are named when two make a number wait equally long.
    const ALL: [Self; 4] = [
        Self::CoolDown,
        Self::LiveChallenges,
        Self::Sends,
        Self::WrongAnswers,
    ];

    /// The rule's name in audit rows, logs and machine-readable answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CoolDown => "cool_down",
            Self::LiveChallenges => "live_challenges",
            Self::Sends => "sends",
            Self::WrongAnswers => "wrong_answers",
        }
    }
}

impl Standing {
    /// Whether one more challenge may be opened; if not, the longest wait of all rules.
    ///
    /// # Errors
    /// [`Wait`].
    pub fn may_open(&self, policy: &NumberPolicy, now: Timestamp) -> Result<(), Wait> {
        self.longest_wait(policy, now, WaitRule::ALL)
    }

    /// Whether a code that was sent may be sent once more because its person asks for it; if not,
    /// the longest wait of all rules. No challenge is opened, so their number does not matter.
    ///
    /// # Errors
    /// [`Wait`].
    pub fn may_resend(&self, policy: &NumberPolicy, now: Timestamp) -> Result<(), Wait> {
        self.longest_wait(
            policy,
            now,
            [WaitRule::CoolDown, WaitRule::Sends, WaitRule::WrongAnswers],
        )
    }

    /// Whether one more message may be sent that nobody asked for; if not, until when.
    ///
    /// # Errors
    /// [`Wait`].
    pub fn may_send(&self, policy: &NumberPolicy, now: Timestamp) -> Result<(), Wait> {
        self.longest_wait(policy, now, [WaitRule::Sends, WaitRule::WrongAnswers])
    }

    fn longest_wait(
        &self,
        policy: &NumberPolicy,
        now: Timestamp,
        rules: impl IntoIterator<Item = WaitRule>,
    ) -> Result<(), Wait> {
        if policy.enforcement == Enforcement::Off {
            return Ok(());
        }
        let waits = rules.into_iter().filter_map(|rule| {
            let until = match rule {
                WaitRule::CoolDown => self.cool_down_until(policy, now),
                WaitRule::LiveChallenges => self.crowded_until(policy, now),
                WaitRule::Sends => policy.sends.next_allowed(&self.sends, now),
                WaitRule::WrongAnswers => {
                    policy.wrong_answers.next_allowed(&self.wrong_answers, now)
                }
            };
            Some(Wait {
                rule,
                until: until?,
            })
        });
        waits.max_by_key(|wait| wait.until).map_or(Ok(()), Err)
    }

    fn crowded_until(&self, policy: &NumberPolicy, now: Timestamp) -> Option<Timestamp> {
        let live = self.live.iter().filter(|live| live.expires_at > now);
        let is_full = live.clone().count() >= usize::from(policy.live_challenges);
        live.map(|live| live.expires_at).min().filter(|_| is_full)
    }

    /// Whether one more answer may be compared; if not, until when.
    ///
    /// # Errors
    /// [`Wait`] while the budget of wrong answers is used up.
    pub fn may_answer(&self, policy: &NumberPolicy, now: Timestamp) -> Result<(), Wait> {
        self.longest_wait(policy, now, [WaitRule::WrongAnswers])
    }

    fn cool_down_until(&self, policy: &NumberPolicy, now: Timestamp) -> Option<Timestamp> {
        let last = self.sends.last()?;
        let until = last.plus(policy.cool_down.after(self.codes_in_a_row(now)));
        (until > now).then_some(until)
    }

    fn codes_in_a_row(&self, now: Timestamp) -> u16 {
        let forgotten = self
            .sends
            .last()
            .is_none_or(|last| now.since(*last) >= COOL_DOWN_MEMORY);
        if forgotten { 0 } else { self.codes_in_a_row }
    }

    /// When the next code may be asked for, as far as the cool-down tells.
    #[must_use]
    pub fn resend_at(&self, policy: &NumberPolicy, now: Timestamp) -> Timestamp {
        if policy.enforcement == Enforcement::Off {
            return now;
        }
        self.cool_down_until(policy, now).unwrap_or(now)
    }

    /// Notes a challenge opened at `now`.
    pub(crate) fn opened(&mut self, challenge: &Challenge, policy: &NumberPolicy, now: Timestamp) {
        self.asked(policy, now);
        self.live.push(LiveChallenge {
            id: challenge.id,
            expires_at: challenge.expires_at,
        });
    }

    /// Notes that a challenge's code is sent once more because its person asked for it, and that the
    /// challenge may live longer for it.
    pub(crate) fn resent(&mut self, challenge: &Challenge, policy: &NumberPolicy, now: Timestamp) {
        self.asked(policy, now);
        for live in &mut self.live {
            if live.id == challenge.id {
                live.expires_at = challenge.expires_at;
            }
        }
    }

    /// Notes a message that nobody asked for. It counts as if it had been sent with the one before,
    /// so that nobody waits longer than they were told.
    pub(crate) fn sent(&mut self, policy: &NumberPolicy, now: Timestamp) {
        self.forget(policy, now);
        let at = self.sends.last().copied().unwrap_or(now);
        self.sends.push(at);
    }

    fn asked(&mut self, policy: &NumberPolicy, now: Timestamp) {
        self.forget(policy, now);
        self.codes_in_a_row = self.codes_in_a_row(now).saturating_add(1);
        self.sends.push(now);
    }

    /// Notes a wrong answer at `now`.
    pub(crate) fn answered_wrong(&mut self, policy: &NumberPolicy, now: Timestamp) {
        self.forget(policy, now);
        self.wrong_answers.push(now);
    }

    /// Notes that a challenge can be answered no more, whatever the reason.
    pub(crate) fn closed(&mut self, challenge: ChallengeId) {
        self.live.retain(|live| live.id != challenge);
    }

    /// Notes a right answer: the cool-down starts over, and the wrong answers that the same person
    /// gave to the same challenge no longer count. Returns the other challenges, which end with it.
    pub(crate) fn logged_in(&mut self, challenge: &Challenge) -> Vec<ChallengeId> {
        self.codes_in_a_row = 0;
        for _ in 0..challenge.wrong_answers {
            let own = self
                .wrong_answers
                .last()
                .is_some_and(|at| *at >= challenge.created_at);
            if own {
                self.wrong_answers.pop();
            }
        }
        self.live
            .drain(..)
            .map(|live| live.id)
            .filter(|id| *id != challenge.id)
            .collect()
    }

    /// Drops what no rule can ask for any more, so that a standing stays a few hundred bytes.
    fn forget(&mut self, policy: &NumberPolicy, now: Timestamp) {
        let keep_sends = policy.sends.memory().max(COOL_DOWN_MEMORY);
        keep_recent(
            &mut self.sends,
            now.minus(keep_sends),
            policy.sends.capacity().max(1),
        );
        let keep_wrong = policy.wrong_answers.memory();
        keep_recent(
            &mut self.wrong_answers,
            now.minus(keep_wrong),
            policy.wrong_answers.capacity(),
        );
        self.live.retain(|live| live.expires_at > now);
        let surplus = self.live.len().saturating_sub(MOST_LIVE - 1);
        self.live.drain(..surplus);
    }

    /// When nothing in it can matter any more, so that its row may be deleted.
    #[must_use]
    pub fn forgettable_at(&self, policy: &NumberPolicy) -> Timestamp {
        let keep_sends = policy.sends.memory().max(COOL_DOWN_MEMORY);
        let sends = self.sends.last().map(|at| at.plus(keep_sends));
        let wrong = self
            .wrong_answers
            .last()
            .map(|at| at.plus(policy.wrong_answers.memory()));
        let live = self.live.iter().map(|live| live.expires_at).max();
        sends
            .into_iter()
            .chain(wrong)
            .chain(live)
            .max()
            .unwrap_or_default()
    }

    /// The bytes that both databases keep: a version, then the lists with a length each, integers
    /// little-endian.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![ENCODING_VERSION];
        bytes.extend(self.codes_in_a_row.to_le_bytes());
        for moments in [&self.sends, &self.wrong_answers] {
            bytes.extend(length(moments.len()).to_le_bytes());
            for moment in moments {
                bytes.extend(moment.as_millis().to_le_bytes());
            }
        }
        bytes.extend(length(self.live.len()).to_le_bytes());
        for live in &self.live {
            bytes.extend(live.id.as_uuid().as_bytes());
            bytes.extend(live.expires_at.as_millis().to_le_bytes());
        }
        bytes
    }

    /// Reads what [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    /// [`CorruptStanding`] for anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, CorruptStanding> {
        let mut reader = Reader(bytes);
        if reader.take::<1>()? != [ENCODING_VERSION] {
            return Err(CorruptStanding);
        }
        let standing = Self {
            codes_in_a_row: u16::from_le_bytes(reader.take()?),
            sends: reader.list(Reader::moment)?,
            wrong_answers: reader.list(Reader::moment)?,
            live: reader.list(|reader| {
                let id = ChallengeId::from_uuid(Uuid::from_bytes(reader.take()?));
                Ok(LiveChallenge {
                    id,
                    expires_at: reader.moment()?,
                })
            })?,
        };
        if reader.0.is_empty() {
            Ok(standing)
        } else {
            Err(CorruptStanding)
        }
    }
}

const ENCODING_VERSION: u8 = 1;

/// Live challenges that a standing remembers, for when no limit keeps them few.
const MOST_LIVE: usize = 200;

fn length(items: usize) -> u16 {
    u16::try_from(items).unwrap_or(u16::MAX)
}

fn keep_recent(moments: &mut Vec<Timestamp>, since: Timestamp, capacity: usize) {
    moments.retain(|moment| *moment > since);
    // One place stays free for the moment that is about to be noted.
    let surplus = moments.len().saturating_sub(capacity.saturating_sub(1));
    moments.drain(..surplus);
}

/// A standing whose bytes are not ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the bytes of a number's standing cannot be read")]
pub struct CorruptStanding;

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], CorruptStanding> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or(CorruptStanding)?;
        self.0 = rest;
        Ok(*head)
    }

    fn moment(&mut self) -> Result<Timestamp, CorruptStanding> {
        Ok(Timestamp::from_millis(i64::from_le_bytes(self.take()?)))
    }

    fn list<T>(
        &mut self,
        read: impl Fn(&mut Self) -> Result<T, CorruptStanding>,
    ) -> Result<Vec<T>, CorruptStanding> {
        let items = u16::from_le_bytes(self.take()?);
        (0..items).map(|_| read(self)).collect()
    }
}

#[cfg(test)]
mod tests;
