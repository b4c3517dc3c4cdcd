//! phonekey's rules: values, decisions and flows, without a database, a network or a clock.
//!
//! - Values that are right by construction: [`phone`], [`code`], [`id`], [`time`], [`rate`],
//!   [`secret`], [`user`], [`token`], [`keys`], [`delivery`].
//! - Decisions, pure over values: [`challenge`] (open, judge), [`standing`] (what a number may do),
//!   [`session`] (rotate), [`route`] (which provider next); their numbers are in [`policy`].
//! - What the rules need from the world: [`ports`].
//! - The order of it all: [`flow`], the only code that calls ports.
//! - How it fails: [`refusal`].

pub mod audit;
pub mod challenge;
pub mod code;
pub mod delivery;
pub mod digits;
pub mod flow;
pub mod id;
pub mod keys;
pub mod phone;
pub mod policy;
pub mod ports;
pub mod random;
pub mod rate;
pub mod refusal;
pub mod route;
pub mod secret;
pub mod session;
pub mod standing;
pub mod time;
pub mod token;
pub mod user;

#[cfg(any(test, feature = "testing"))]
pub mod testing;
