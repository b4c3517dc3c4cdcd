//! Carries messages: the senders, the order in which they are tried, and the words they carry.
//!
//! - What the program's configuration says: [`settings`]; the senders made from it, by name:
//!   [`senders`].
//! - One delivery from its commit to its settlement, provider after provider, and what is reported
//!   of it afterwards: [`router`].
//! - One message that is a test: [`trial`].
//! - What a provider is to the router: [`provider`]; those that there are, and how to add one:
//!   [`providers`].
//! - The words: [`text`], one template per language.
//!
//! The code of a message is derived when it is sent and kept nowhere. A log line names a delivery,
//! never a code, a text or a whole number.

mod after_care;
mod carrier;
mod early;
pub mod endpoint;
mod http;
mod mac;
pub mod outlook;
mod price;
pub mod provider;
pub mod providers;
pub mod report;
pub mod router;
mod scalar;
pub mod senders;
mod sessions;
pub mod settings;
pub mod text;
pub mod trial;
mod under_way;
