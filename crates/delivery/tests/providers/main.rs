//! What each provider is sent, and what its answers and reports mean.

#[cfg(test)]
mod ghasedak;
#[cfg(test)]
mod infobip;
#[cfg(test)]
mod kavenegar;
#[cfg(test)]
mod kit;
#[cfg(test)]
mod melipayamak;
#[cfg(test)]
mod messagebird;
#[cfg(test)]
mod plivo;
#[cfg(test)]
mod smsir;
#[cfg(test)]
mod sns;
#[cfg(test)]
mod telegram;
#[cfg(test)]
mod twilio;
#[cfg(test)]
mod vonage;
#[cfg(test)]
mod webhook;
#[cfg(test)]
mod whatsapp;
