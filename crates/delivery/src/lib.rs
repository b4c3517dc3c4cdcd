//! Carries messages: the senders, the order in which they are tried, and the words they carry.
//!
//! - What the program's configuration says: [`settings`]; the senders made from it, by name:
//!   [`senders`].
//! - One delivery from its commit to its settlement, provider after provider, and what is reported
//!   of it afterwards: [`router`].
//! - What a provider is, and how to add one: [`provider`]. They are one file each: [`inbox`],
//!   [`console`], [`mod@file`] (for development) and [`webhook`].
//! - The words: [`text`], one template per language.
//!
//! The code of a message is derived when it is sent and kept nowhere. A log line names a delivery,
//! never a code, a text or a whole number.

mod after_care;
mod carrier;
pub mod console;
pub mod endpoint;
pub mod file;
pub mod ghasedak;
mod http;
pub mod inbox;
mod iran;
pub mod kavenegar;
mod mac;
mod outlook;
pub mod provider;
pub mod report;
pub mod router;
mod scalar;
pub mod senders;
pub mod settings;
pub mod smsir;
pub mod sns;
pub mod telegram;
pub mod text;
mod under_way;
pub mod webhook;
pub mod whatsapp;
