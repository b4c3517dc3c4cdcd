//! `phonekey delivery send-test`.

use std::{io, time::Duration};

use anyhow::anyhow;
use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser},
};
use phonekey_core::{
    delivery::{Channel, ProviderName},
    phone::PhoneNumber,
    random::SystemRandom,
    route::Hop,
    time::{Clock, SystemClock},
};
use phonekey_delivery::trial::{Ended, Errand, Step, Trial, Ways};

use super::{
    super::{block_on, failure::Failure},
    step::{Printed, Way},
};
use crate::{
    assembly,
    config::{Config, delivery::provider::Known},
    logging,
    output::{Output, note},
};

/// What to send, and how to tell of it.
#[derive(Debug, Args)]
pub(in crate::command) struct Arguments {
    /// The number, in any spelling that a person may use to log in
    #[arg(long, value_name = "NUMBER")]
    to: String,
    /// By this provider alone, on a route or not [default: by the routes]
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// By this channel [default: as for a person who asks for none]
    #[arg(long, value_name = "CHANNEL", value_parser = channels())]
    channel: Option<Channel>,
    /// In this language, if there is a text in it [default: by the number]
    #[arg(long, value_name = "TAG")]
    language: Option<String>,
    /// For how many seconds a provider that can be asked is asked what became of the message; 0 for
    /// not at all
    #[arg(long, value_name = "SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(..=3600))]
    wait: u64,
    /// Print a line of JSON for each step
    #[arg(long)]
    json: bool,
}

fn channels() -> impl TypedValueParser<Value = Channel> {
    let names = PossibleValuesParser::new(Channel::ALL.map(Channel::name));
    names.try_map(|name| Channel::from_name(&name).ok_or("no channel"))
}

pub(super) fn run(
    arguments: &Arguments,
    config: &Config,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let to = PhoneNumber::parse(&arguments.to, &config.policy.phone)
        .map_err(|error| Failure::Usage(format!("no code goes to that number: {error}")))?;
    let now = SystemClock.now();
    let mut test_numbers = config.test_numbers.iter();
    if test_numbers.any(|test| test.phone == to && now < test.until) {
        note("this is a test number: a server sends it no messages, but this command does");
    }
    let only = only(arguments, config)?;
    // What providers' clients warn of, such as a connection that is refused, and why.
    logging::start(config.log);
    let senders = assembly::trial_senders(config, only.as_ref().map(|hop| &hop.provider))?;
    let errand = Errand {
        to,
        ways: only.map_or(Ways::Routed(arguments.channel), Ways::Only),
        language: arguments.language.clone(),
        code_length: config.policy.challenge.code_length,
        lifetime: config.policy.challenge.lifetime,
        patience: Duration::from_secs(arguments.wait),
    };
    let trial = Trial {
        senders: &senders,
        clock: &SystemClock,
        random: &SystemRandom,
        turn: config.delivery.pace.lease,
    };
    let mut printing = Ok(());
    let mut print = |printed: Printed| {
        if printing.is_ok() {
            printing = write(&printed, arguments.json, output);
        }
    };
    print(Printed::number(to));
    let ended = block_on(async {
        let mut tell = |step: Step<'_>| print(Printed::of(&step));
        Ok(trial.run(&errand, &mut tell).await)
    })?;
    print(Printed::ended(&ended));
    printing?;
    verdict(ended, arguments.channel)
}

/// Each step goes out at once: standard output is flushed at the end of a line.
fn write(printed: &Printed, json: bool, output: &mut Output<'_>) -> io::Result<()> {
    if json {
        return output.line(serde_json::to_string(printed)?);
    }
    let mut lines = printed.lines().into_iter();
    // What a provider says must not speak to the terminal.
    lines.try_for_each(|line| output.line(line.replace(char::is_control, " ")))
}

/// The one way to be tried, if a provider is named.
fn only(arguments: &Arguments, config: &Config) -> Result<Option<Hop>, Failure> {
    let Some(name) = &arguments.provider else {
        return Ok(None);
    };
    let Some(known) = Known::find(name) else {
        return Err(Failure::NotFound(format!(
            "there is no provider `{name}`; `phonekey provider list` names all"
        )));
    };
    let delivery = &config.delivery;
    let provider = ProviderName::new(known.name);
    let is_configured =
        delivery.providers.contains_key(&provider) || delivery.unused.contains_key(&provider);
    if !is_configured {
        let error = anyhow!(
            "`{name}` is not configured; it is described in {}",
            known.page()
        );
        return Err(Failure::from(error));
    }
    let on_route = delivery.table.hops().find(|hop| hop.provider == provider);
    let usual = on_route
        .map(|hop| hop.channel)
        .or(known.channels.first().copied());
    let channel = arguments.channel.or(usual).unwrap_or(Channel::Sms);
    if !known.channels.contains(&channel) {
        let carried: Vec<&str> = known.channels.iter().map(|it| it.name()).collect();
        return Err(Failure::Usage(format!(
            "`{name}` does not carry {}, but {}",
            channel.name(),
            carried.join(", ")
        )));
    }
    Ok(Some(known.hop(channel)))
}

/// Success is a provider that took the message, and nothing else.
fn verdict(ended: Ended, channel: Option<Channel>) -> Result<(), Failure> {
    let error = match ended {
        Ended::Taken(_) => return Ok(()),
        Ended::Refused(hop, refusal) => anyhow!(
            "no provider took the message; {} refused it last ({})",
            Way::of(&hop),
            refusal.name()
        ),
        Ended::Unknown(hop) => anyhow!(
            "nobody can tell whether the message went: {} gave no answer that tells",
            Way::of(&hop)
        ),
        Ended::Kept(hop) => anyhow!(
            "there is nothing to send: what goes by {} is kept for the server's page /dev/inbox",
            hop.provider
        ),
        Ended::NoWay => {
            let by = channel.map(|channel| format!(" by {}", channel.name()));
            let by = by.unwrap_or_default();
            return Err(Failure::with_hint(
                anyhow!("no route leads to this number{by}"),
                "`phonekey provider list` shows which routes there are",
            ));
        }
    };
    Err(Failure::from(error))
}
