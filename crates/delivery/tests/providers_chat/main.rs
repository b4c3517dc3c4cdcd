//! What AWS SNS, Telegram Gateway and WhatsApp are sent, and what their answers and reports mean.

#[cfg(test)]
mod kit;
#[cfg(test)]
mod sns;
#[cfg(test)]
mod telegram;
#[cfg(test)]
mod troubles;
#[cfg(test)]
mod whatsapp;
