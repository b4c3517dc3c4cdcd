//! What can carry a message, one file for each.
//!
//! - For development: [`inbox`], [`console`], [`mod@file`].
//! - For whatever speaks HTTP: [`webhook`].
//! - In Iran: [`ghasedak`], [`kavenegar`], [`melipayamak`], [`smsir`].
//! - Everywhere: [`infobip`], [`messagebird`], [`plivo`], [`sns`], [`telegram`], [`twilio`],
//!   [`vonage`], [`whatsapp`].
//! - By any carrier: [`smpp`].
//!
//! To add one, write its file beside the others: its name, its settings, its sender (a
//! [`MessageSender`](phonekey_core::ports::delivery::MessageSender)) and, where it has reports, a
//! [`ReadReports`](crate::provider::ReadReports), a [`PollReports`](crate::provider::PollReports) or a
//! [`HoldSession`](crate::provider::HoldSession); add its settings to [`ProviderKind`](crate::settings::ProviderKind) and its making to
//! [`senders`](crate::senders).

pub mod console;
pub mod file;
pub mod ghasedak;
pub mod inbox;
pub mod infobip;
mod iran;
pub mod kavenegar;
pub mod melipayamak;
pub mod messagebird;
pub mod plivo;
mod reference;
pub mod smpp;
pub mod smsir;
pub mod sns;
pub mod telegram;
pub mod twilio;
pub mod vonage;
pub mod webhook;
pub mod whatsapp;
