//! What the operator and the carrier have agreed upon.

use std::{collections::BTreeMap, net::IpAddr, path::PathBuf, time::Duration};

use phonekey_core::{delivery::outcome::SendRefusal, secret::Secret};

use super::{address::Address, coding::DefaultAlphabet, message_id::ReceiptId};

/// What an SMPP server needs to know, and what is to be known of it.
#[derive(Clone, Debug)]
pub struct SmppSettings {
    /// The server's name or IP address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether others could read along.
    pub encryption: Encryption,
    /// Who we are.
    pub account: Account,
    /// Whom messages come from.
    pub sender: Address,
    /// Of which kind the numbers are that messages go to.
    pub destination: Numbering,
    /// How texts travel.
    pub texts: TextSettings,
    /// How receipts are to be understood.
    pub receipts: ReceiptSettings,
    /// What a status of this server means, where it is not what the specification says.
    pub statuses: BTreeMap<u32, SendRefusal>,
    /// The most messages that may wait for an answer at a time.
    pub window: u16,
    /// After so long without a word from the server it is asked whether it is there.
    pub enquire_every: Duration,
    /// How long a message may take from when it is handed over to the server's answer.
    pub timeout: Duration,
}

impl SmppSettings {
    /// Whether passwords and codes go in the clear to what may be anybody's network. Of a server that
    /// is known by its name nobody can tell that it is not.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let is_own = match self.host.parse() {
            Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
            Ok(IpAddr::V6(ip)) => {
                ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local()
            }
            Err(_) => self.host == "localhost",
        };
        self.encryption == Encryption::None && !is_own
    }
}

/// Whether others could read along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// The session is within TLS; the server's certificate must be for its name.
    Tls {
        /// A PEM file with the authorities that are trusted, in place of the operating system's.
        authorities: Option<PathBuf>,
    },
    /// They could: the network between must be one's own.
    None,
}

/// Who we are.
#[derive(Clone, Debug)]
pub struct Account {
    /// The account's name (`system_id`), in ASCII.
    pub system_id: String,
    /// Its password, in ASCII. Servers take more than the eight characters of the specification.
    pub password: Secret,
    /// What some servers want to know besides (`system_type`), in ASCII; mostly empty.
    pub system_type: String,
}

/// The kind and the numbering plan of an address (SMPP 3.4 §5.2.5, §5.2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbering {
    /// The kind (`ton`): 1 is an international number.
    pub ton: u8,
    /// The plan (`npi`): 1 is that of telephone numbers (E.164).
    pub npi: u8,
}

/// How texts travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextSettings {
    /// The alphabet that the server takes a text to be in that names none (`data_coding` 0).
    pub alphabet: DefaultAlphabet,
    /// How a text travels that is longer than one part.
    pub long: LongTexts,
    /// For how long the network tries to deliver a message.
    pub validity: Validity,
}

/// How a text travels that is longer than one part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LongTexts {
    /// In parts that each begin with their place in the whole: any server takes that.
    Parts,
    /// As a whole (`message_payload`), for the server to part.
    Payload,
}

/// For how long the network tries to deliver a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// As long as its code is good.
    Code,
    /// As long as the server will.
    Server,
}

/// How receipts are to be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptSettings {
    /// How a message's name in a receipt follows from that in the answer.
    pub id: ReceiptId,
    /// How a receipt is told from other messages.
    pub mark: ReceiptMark,
    /// What the errors of receipts mean, by their texts.
    pub errors: BTreeMap<String, SendRefusal>,
}

/// How a receipt is told from a message that somebody has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptMark {
    /// By its `esm_class`.
    Flag,
    /// By that, or else by its text. Whoever can write to our sender can then feign a receipt.
    FlagOrText,
}
