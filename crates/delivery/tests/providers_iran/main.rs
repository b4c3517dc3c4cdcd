//! What the providers in Iran are sent, and what their answers mean.

#[cfg(test)]
mod ghasedak;
#[cfg(test)]
mod kavenegar;
#[cfg(test)]
mod kit;
#[cfg(test)]
mod log;
#[cfg(test)]
mod melipayamak;
#[cfg(test)]
mod smsir;
#[cfg(test)]
mod troubles;
