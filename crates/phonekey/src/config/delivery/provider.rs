//! Which providers there are, and how each one's settings are read.

use phonekey_core::{
    delivery::{Channel, ProviderName, follow_up::ReportsBy},
    route::{Handling, Hop},
};
use phonekey_delivery::{
    providers::{
        console, file, ghasedak as ghasedak_sender, inbox, infobip as infobip_sender,
        kavenegar as kavenegar_sender, melipayamak as melipayamak_sender,
        messagebird as messagebird_sender, plivo as plivo_sender, smpp as smpp_sender,
        smsir as smsir_sender, sns as sns_sender, telegram as telegram_sender,
        twilio as twilio_sender, vonage as vonage_sender, webhook as webhook_sender,
        whatsapp as whatsapp_sender,
    },
    settings::{ConsoleStream, ProviderKind},
};

use super::{
    file as file_config, ghasedak, infobip, kavenegar, melipayamak, messagebird, plivo, smpp,
    smsir, sns, telegram, twilio, vonage, webhook, whatsapp,
};
use crate::config::{
    raw::Raw,
    read::{Read, Reader},
    setting::Setting,
};

/// A provider that phonekey has.
#[derive(Debug)]
pub struct Known {
    /// Its name in routes, in the database and in logs.
    pub name: &'static str,
    /// The channels that it carries; the first one is meant where a route names none.
    pub channels: &'static [Channel],
    /// Whom its messages reach.
    pub reach: Reach,
    /// Whose words its messages are in.
    pub words: Words,
    /// How it tells what became of its messages, once all is set up for that.
    pub reports: ReportsBy,
    /// Reads its settings; `None` when it has none and needs none.
    read: fn(&Raw, Need, &mut Reader) -> Read<Option<ProviderKind>>,
}

/// Whom a provider's messages reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The person with the number.
    People,
    /// Whoever operates the server: it is for development alone (SECURITY.md T67).
    Operator,
}

/// Whose words a provider's messages are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// Those of `messages`.
    Ours,
    /// Its own, registered in its console or fixed: it is told the code alone.
    ItsOwn,
}

/// Whether a provider's settings must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// A route uses it.
    Used,
    /// None does; what is there is checked all the same.
    Unused,
}

impl Need {
    /// The value of a setting that its provider cannot do without; noted as missing if a route uses
    /// the provider.
    pub(super) fn required<T>(
        self,
        setting: &Setting,
        value: Option<T>,
        reader: &mut Reader,
    ) -> Read<Option<T>> {
        match (self, value) {
            (Self::Used, None) => {
                let section = setting.declared.path().rsplit_once('.');
                let provider = section.and_then(|(section, _)| section.rsplit('.').next());
                let provider = provider.unwrap_or_default();
                Err(reader.refuse(
                    setting,
                    format!("is required, since a route uses `{provider}`"),
                ))
            }
            (_, value) => Ok(value),
        }
    }
}

/// All providers, by name.
pub static KNOWN: &[Known] = &[
    Known {
        name: console::NAME,
        channels: &Channel::ALL,
        reach: Reach::Operator,
        words: Words::Ours,
        reports: ReportsBy::Nothing,
        read: |_, _, _| Ok(Some(ProviderKind::Console(ConsoleStream::Output))),
    },
    Known {
        name: file::NAME,
        channels: &Channel::ALL,
        reach: Reach::Operator,
        words: Words::Ours,
        reports: ReportsBy::Nothing,
        read: |raw, need, reader| file_config::read(&raw.delivery_file, need, reader),
    },
    Known {
        name: ghasedak_sender::NAME,
        channels: &[Channel::Sms, Channel::Voice],
        reach: Reach::People,
        words: Words::ItsOwn,
        reports: ReportsBy::Polling,
        read: |raw, need, reader| ghasedak::read(&raw.delivery_ghasedak, need, reader),
    },
    Known {
        name: inbox::NAME,
        channels: &Channel::ALL,
        reach: Reach::Operator,
        words: Words::Ours,
        reports: ReportsBy::Nothing,
        read: |_, _, _| Ok(Some(ProviderKind::Inbox)),
    },
    Known {
        name: infobip_sender::NAME,
        channels: &[Channel::Sms],
        reach: Reach::People,
        words: Words::Ours,
        reports: ReportsBy::Callback,
        read: |raw, need, reader| infobip::read(&raw.delivery_infobip, need, reader),
    },
    Known {
        name: kavenegar_sender::NAME,
        channels: &[Channel::Sms, Channel::Voice],
        reach: Reach::People,
        words: Words::ItsOwn,
        reports: ReportsBy::Polling,
        read: |raw, need, reader| kavenegar::read(&raw.delivery_kavenegar, need, reader),
    },
    Known {
        name: melipayamak_sender::NAME,
        channels: &[Channel::Sms],
        reach: Reach::People,
        words: Words::ItsOwn,
        reports: ReportsBy::Polling,
        read: |raw, need, reader| melipayamak::read(&raw.delivery_melipayamak, need, reader),
    },
    Known {
        name: messagebird_sender::NAME,
        channels: &[Channel::Sms],
        reach: Reach::People,
        words: Words::Ours,
        reports: ReportsBy::Callback,
        read: |raw, need, reader| messagebird::read(&raw.delivery_messagebird, need, reader),
    },
    Known {
        name: plivo_sender::NAME,
        channels: &[Channel::Sms],
        reach: Reach::People,
        words: Words::Ours,
        reports: ReportsBy::Callback,
        read: |raw, need, reader| plivo::read(&raw.delivery_plivo, need, reader),
    },
    Known {
        name: smpp_sender::NAME,
        channels: &[Channel::Sms],
        reach: Reach::People,
        words: Words::Ours,
        reports: ReportsBy::Session,
        read: |raw, need, reader| smpp::read(&raw.delivery_smpp, need, reader),
    },
    Known {
        name: smsir_sender::NAME,
        channels: &[Channel::Sms],
        reach: Reach::People,
        words: Words::ItsOwn,
        reports: ReportsBy::Polling,
        read: |raw, need, reader| smsir::read(&raw.delivery_smsir, need, reader),
    },
    Known {
        name: sns_sender::NAME,
        channels: &[Channel::Sms],
        reach: Reach::People,
        words: Words::Ours,
        reports: ReportsBy::Nothing,
        read: |raw, need, reader| sns::read(&raw.delivery_sns, need, reader),
    },
    Known {
        name: telegram_sender::NAME,
        channels: &[Channel::Telegram],
        reach: Reach::People,
        words: Words::ItsOwn,
        reports: ReportsBy::Callback,
        read: |raw, need, reader| telegram::read(&raw.delivery_telegram, need, reader),
    },
    Known {
        name: twilio_sender::NAME,
        channels: &[Channel::Sms],
        reach: Reach::People,
        words: Words::Ours,
        reports: ReportsBy::Callback,
        read: |raw, need, reader| twilio::read(&raw.delivery_twilio, need, reader),
    },
    Known {
        name: vonage_sender::NAME,
        channels: &[Channel::Sms],
        reach: Reach::People,
        words: Words::Ours,
        reports: ReportsBy::Callback,
        read: |raw, need, reader| vonage::read(&raw.delivery_vonage, need, reader),
    },
    Known {
        name: webhook_sender::NAME,
        channels: &Channel::ALL,
        reach: Reach::People,
        words: Words::Ours,
        reports: ReportsBy::Nothing,
        read: |raw, need, reader| webhook::read(&raw.delivery_webhook, need, reader),
    },
    Known {
        name: whatsapp_sender::NAME,
        channels: &[Channel::WhatsApp],
        reach: Reach::People,
        words: Words::ItsOwn,
        reports: ReportsBy::Callback,
        read: |raw, need, reader| whatsapp::read(&raw.delivery_whatsapp, need, reader),
    },
];

impl Known {
    /// The provider of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        KNOWN.iter().find(|known| known.name == name)
    }

    /// Where it is described, in the repository.
    #[must_use]
    pub fn page(&self) -> String {
        match (self.reach, self.name) {
            (Reach::Operator, _) | (_, webhook_sender::NAME) => "docs/configuration.md".to_owned(),
            (Reach::People, name) => format!("docs/providers/{name}.md"),
        }
    }

    /// The way by this provider and channel.
    #[must_use]
    pub fn hop(&self, channel: Channel) -> Hop {
        let handling = if self.name == inbox::NAME {
            Handling::Kept
        } else {
            Handling::Carried
        };
        Hop {
            provider: ProviderName::new(self.name),
            channel,
            handling,
        }
    }

    /// Its settings, if it has any; noted as missing if they are needed.
    pub(super) fn settings(
        &self,
        raw: &Raw,
        need: Need,
        reader: &mut Reader,
    ) -> Read<Option<ProviderKind>> {
        (self.read)(raw, need, reader)
    }
}

/// Hops and providers are named alike.
pub(super) fn is_used(hops: &[Hop], known: &Known) -> Need {
    if hops.iter().any(|hop| hop.provider.as_str() == known.name) {
        Need::Used
    } else {
        Need::Unused
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn providers_are_named_in_order_and_once() {
        let names: Vec<&str> = KNOWN.iter().map(|known| known.name).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        sorted.dedup();

        assert_eq!(names, sorted);
        assert!(KNOWN.iter().all(|known| !known.channels.is_empty()));
    }

    #[test]
    fn each_provider_has_a_page() {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");

        for known in KNOWN {
            let page = repository.join(known.page());
            assert!(page.exists(), "{}", page.display());
        }
    }
}
