//! `[delivery.smpp]`: a carrier, by SMPP.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    net::Ipv6Addr,
    path::PathBuf,
    time::Duration,
};

use phonekey_core::delivery::outcome::SendRefusal;
use phonekey_delivery::{
    providers::smpp::{
        address::Address,
        coding::DefaultAlphabet,
        message_id::ReceiptId,
        receipt,
        settings::{
            Account, Encryption, LongTexts, Numbering, ReceiptMark, ReceiptSettings, SmppSettings,
            TextSettings, Validity,
        },
    },
    settings::ProviderKind,
};

use super::provider::Need;
use crate::config::{
    raw,
    read::{Read, Reader},
    setting::Setting,
};

pub(super) fn read(
    raw: &raw::DeliverySmpp,
    need: Need,
    reader: &mut Reader,
) -> Read<Option<ProviderKind>> {
    let server = reader
        .optional(&raw.address, read_address)
        .and_then(|address| need.required(&raw.address, address, reader));
    let encryption = read_encryption(raw, reader);
    let account = read_account(raw, need, reader);
    let sender = read_sender(raw, reader);
    let number_ton = reader.number(&raw.number_ton, 0..=u8::MAX);
    let number_npi = reader.number(&raw.number_npi, 0..=u8::MAX);
    let texts = read_texts(raw, reader);
    let receipts = read_receipts(raw, reader);
    let statuses = read_meanings(&raw.statuses, read_status, reader);
    let window = reader.number(&raw.window, 1..=1000);
    let enquiries = Duration::from_secs(5)..=Duration::from_mins(10);
    let enquire_every = reader.duration(&raw.enquire_every, enquiries);
    let timeout = reader.duration(&raw.timeout, super::TIMEOUT);
    let (server, encryption, account, sender) = (server?, encryption?, account?, sender?);
    let destination = Numbering {
        ton: number_ton?,
        npi: number_npi?,
    };
    let (texts, receipts, statuses) = (texts?, receipts?, statuses?);
    let (window, enquire_every, timeout) = (window?, enquire_every?, timeout?);
    let (Some((host, port)), Some(account)) = (server, account) else {
        return Ok(None);
    };
    Ok(Some(ProviderKind::Smpp(Box::new(SmppSettings {
        host,
        port,
        encryption,
        account,
        sender,
        destination,
        texts,
        receipts,
        statuses,
        window,
        enquire_every,
        timeout,
    }))))
}

/// A name or an IP address, and a port.
fn read_address(text: &str) -> Result<(String, u16), &'static str> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let in_brackets = |host: &str| {
        let inner = host.strip_prefix('[')?.strip_suffix(']')?;
        inner.parse::<Ipv6Addr>().ok()?;
        Some(inner.to_owned())
    };
    let read = || {
        let (host, port) = text.rsplit_once(':')?;
        let port: u16 = port.parse().ok().filter(|port| *port > 0)?;
        let is_name = !host.is_empty() && host.bytes().all(is_part);
        let host = in_brackets(host).or_else(|| is_name.then(|| host.to_owned()))?;
        Some((host, port))
    };
    read().ok_or("must be the server's name and port, such as smpp.carrier.example:3550")
}

fn read_encryption(raw: &raw::DeliverySmpp, reader: &mut Reader) -> Read<Encryption> {
    let encrypted = reader.switch(&raw.tls);
    let authorities = reader.optional(&raw.tls_authorities, str::parse::<PathBuf>);
    match (encrypted?, authorities?) {
        (true, authorities) => Ok(Encryption::Tls { authorities }),
        (false, None) => Ok(Encryption::None),
        (false, Some(_)) => Err(reader.refuse(
            &raw.tls_authorities,
            "is of no use with `tls = false`; leave one of them out",
        )),
    }
}

fn read_account(raw: &raw::DeliverySmpp, need: Need, reader: &mut Reader) -> Read<Option<Account>> {
    let system_id = reader
        .optional(&raw.system_id, read_name)
        .and_then(|id| need.required(&raw.system_id, id, reader));
    let password = super::read_header_secret(&raw.password, reader)
        .and_then(|password| need.required(&raw.password, password, reader));
    let system_type = reader.optional(&raw.system_type, read_name);
    let (system_id, password, system_type) = (system_id?, password?, system_type?);
    Ok(system_id
        .zip(password)
        .map(|(system_id, password)| Account {
            system_id,
            password,
            system_type: system_type.unwrap_or_default(),
        }))
}

fn read_name(text: &str) -> Result<String, &'static str> {
    if (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(text.to_owned())
    } else {
        Err("must be as the carrier gave it: up to 64 ASCII characters without spaces")
    }
}

fn read_sender(raw: &raw::DeliverySmpp, reader: &mut Reader) -> Read<Address> {
    let octet = |text: &str| {
        text.parse()
            .map_err(|_| format!("must be a whole number from 0 to 255, not `{text}`"))
    };
    let sender = reader.optional(&raw.sender, Address::parse);
    let ton = reader.optional(&raw.sender_ton, octet);
    let npi = reader.optional(&raw.sender_npi, octet);
    let sender = sender?.unwrap_or_else(Address::servers_choice);
    Ok(sender.numbered(ton?, npi?))
}

fn read_texts(raw: &raw::DeliverySmpp, reader: &mut Reader) -> Read<TextSettings> {
    let alphabets = [
        ("gsm7", DefaultAlphabet::Gsm7),
        ("latin1", DefaultAlphabet::Latin1),
        ("ascii", DefaultAlphabet::Ascii),
    ];
    let alphabet = reader.choice(&raw.default_alphabet, &alphabets);
    let ways = [("parts", LongTexts::Parts), ("payload", LongTexts::Payload)];
    let long = reader.choice(&raw.long_texts, &ways);
    let validities = [("code", Validity::Code), ("server", Validity::Server)];
    let validity = reader.choice(&raw.validity, &validities);
    Ok(TextSettings {
        alphabet: alphabet?,
        long: long?,
        validity: validity?,
    })
}

fn read_receipts(raw: &raw::DeliverySmpp, reader: &mut Reader) -> Read<ReceiptSettings> {
    let ids = [
        ("same", ReceiptId::Same),
        ("number", ReceiptId::Number),
        ("hex_to_decimal", ReceiptId::HexToDecimal),
        ("decimal_to_hex", ReceiptId::DecimalToHex),
    ];
    let id = reader.choice(&raw.receipt_id, &ids);
    let marks = [
        ("flag", ReceiptMark::Flag),
        ("flag_or_text", ReceiptMark::FlagOrText),
    ];
    let mark = reader.choice(&raw.receipt_mark, &marks);
    let errors = read_meanings(&raw.receipt_errors, read_error, reader);
    Ok(ReceiptSettings {
        id: id?,
        mark: mark?,
        errors: errors?,
    })
}

/// What each of some codes means: items such as `0x45=opted_out`.
fn read_meanings<C: Ord>(
    setting: &Setting,
    read_code: fn(&str) -> Option<C>,
    reader: &mut Reader,
) -> Read<BTreeMap<C, SendRefusal>> {
    let items = reader.list(setting, |item| {
        let (code, name) = item.split_once('=').ok_or_else(|| {
            format!("`{item}` is no code and its meaning, such as 0x45=opted_out")
        })?;
        let (code, name) = (code.trim(), name.trim());
        let known = read_code(code).ok_or_else(|| format!("`{code}` is no code"))?;
        let refusal = SendRefusal::from_name(name).ok_or_else(|| {
            let names = SendRefusal::ALL.map(SendRefusal::name).join(", ");
            format!("`{name}` is no meaning; there are {names}")
        })?;
        Ok::<_, String>((known, refusal))
    })?;
    let mut meanings = BTreeMap::new();
    for (code, refusal) in items {
        match meanings.entry(code) {
            Entry::Vacant(place) => place.insert(refusal),
            Entry::Occupied(_) => {
                return Err(reader.refuse(setting, "gives two meanings to one code"));
            }
        };
    }
    Ok(meanings)
}

/// A status, in decimal or, after `0x`, in hexadecimal digits. 0 is no refusal.
fn read_status(text: &str) -> Option<u32> {
    let status = match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => text.parse(),
    };
    status.ok().filter(|status| *status > 0)
}

/// An error as receipts have it: up to eight letters and digits.
fn read_error(text: &str) -> Option<String> {
    let is_error =
        (1..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_error.then(|| receipt::significant(text).to_owned())
}
