//! Providers that fail, each in every way that is known, while people log in: the whole of it with
//! the real router and the real senders, against servers that the tests play.
//!
//! Time is simulated: it passes only when a test says so, and never while an exchange that will end
//! by itself is under way (see [`scene`]).

#[cfg(test)]
mod fault;
#[cfg(test)]
mod one;
#[cfg(test)]
mod outage;
#[cfg(test)]
mod pairs;
#[cfg(test)]
mod played;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod senders;
#[cfg(test)]
mod wire;
