//! Which user is meant: by id, username, or number in any spelling.

use phonekey_core::{
    id::UserId,
    phone::{NumberKind, PhoneNumber, PhonePolicy, ServedRegions},
    ports::store::Store,
    user::{User, Username},
};

use super::Failure;

/// Everything that a text may mean.
#[derive(Debug, Default)]
pub(super) struct Who {
    text: String,
    id: Option<UserId>,
    username: Option<Username>,
    phone: Option<PhoneNumber>,
}

impl Who {
    /// What `text` may mean. `id:`, `name:` and `phone:` before it leave one meaning.
    pub(super) fn parse(text: &str, policy: &PhonePolicy) -> Self {
        let id = |text: &str| text.parse().ok().map(UserId::new);
        let username = |text: &str| Username::parse(text).ok();
        let phone = |text: &str| parse_phone(text, policy).ok();
        let (prefix, rest) = text.split_once(':').unwrap_or(("", text));
        let meant = match prefix {
            "id" => Self {
                id: id(rest),
                ..Self::default()
            },
            "name" => Self {
                username: username(rest),
                ..Self::default()
            },
            "phone" => Self {
                phone: phone(rest),
                ..Self::default()
            },
            _ => Self {
                id: id(text).filter(|_| !text.starts_with(['+', '0'])),
                username: username(text),
                phone: phone(text),
                text: String::new(),
            },
        };
        Self {
            text: text.to_owned(),
            ..meant
        }
    }

    /// The user that is meant; an error when it may be more than one.
    pub(super) async fn find(&self, store: &dyn Store) -> Result<Option<User>, Failure> {
        let by_id = match self.id {
            Some(id) => store.user(id).await?,
            None => None,
        };
        let by_name = match &self.username {
            Some(name) => store.user_by_username(name).await?,
            None => None,
        };
        let by_phone = match self.phone {
            Some(phone) => store.user_by_phone(phone).await?,
            None => None,
        };
        let mut found = [by_id, by_name, by_phone].into_iter().flatten();
        let first = found.next();
        let Some(other) = found.find(|user| first.as_ref().is_some_and(|f| f.id != user.id)) else {
            return Ok(first);
        };
        let ids = [first.map(|user| user.id), Some(other.id)];
        let ids: Vec<String> = ids.iter().flatten().map(ToString::to_string).collect();
        Err(Failure::Usage(format!(
            "`{}` may mean users {}; write id:…, name:… or phone:…",
            self.text,
            ids.join(" and ")
        )))
    }
}

/// A number in any spelling, of whatever region and type: an operator may name a user whose number
/// would no longer be served.
pub(super) fn parse_phone(text: &str, policy: &PhonePolicy) -> Result<PhoneNumber, String> {
    PhoneNumber::parse(text, policy)
        .ok()
        .or_else(|| PhoneNumber::from_e164(text))
        .ok_or_else(|| format!("`{text}` is no phone number"))
}

/// A policy that serves every number, and reads national ones as `policy` does.
pub(super) fn anywhere(policy: &PhonePolicy) -> PhonePolicy {
    PhonePolicy {
        default_region: policy.default_region,
        served: ServedRegions::All,
        kinds: EVERY_KIND.to_vec(),
    }
}

const EVERY_KIND: [NumberKind; 11] = [
    NumberKind::FixedLine,
    NumberKind::FixedLineOrMobile,
    NumberKind::Mobile,
    NumberKind::Pager,
    NumberKind::Personal,
    NumberKind::PremiumRate,
    NumberKind::SharedCost,
    NumberKind::TollFree,
    NumberKind::UniversalAccess,
    NumberKind::Voip,
    NumberKind::Other,
];
