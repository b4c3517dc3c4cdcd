//! `phonekey user`: looks at users and changes what they may do, also while a server runs.

mod find;
mod view;

use std::{io, sync::Arc};

use clap::{ArgAction, Args, Subcommand};
use phonekey_core::{
    id::UserId,
    phone::PhonePolicy,
    ports::store::{CreateOutcome, DeleteOutcome, Store, UserUpdate},
    random::{Random, SystemRandom},
    time::{Clock, SystemClock},
    user::{NewUser, Role, User, Username},
};

use self::{
    find::Who,
    view::{Fields, HEADING},
};
use super::{block_on, failure::Failure, require_database};
use crate::{
    assembly,
    config::Config,
    output::{Audience, Output, ask, note},
};

/// What to do with users.
#[derive(Debug, Subcommand)]
pub enum Subject {
    /// List users in order of id
    List(List),
    /// Print one user
    Show(One),
    /// Create a user, who then logs in like any other
    Create(Create),
    /// Bar a user: no login, no refresh; access tokens end by themselves
    Deactivate(One),
    /// Let a user in again
    Activate(One),
    /// Delete a user and its sessions for good
    Delete(Delete),
    /// Give a user all rights, or take them away
    SetSuperuser(SetSuperuser),
}

/// See [`Subject::List`].
#[derive(Debug, Args)]
pub struct List {
    /// Only users with a higher id
    #[arg(long, value_name = "ID")]
    after: Option<i64>,
    /// At most this many [default: 100 at a terminal, else all]
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

/// A command on one user.
#[derive(Debug, Args)]
pub struct One {
    /// An id, a username or a number
    #[arg(value_name = "WHO")]
    who: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// See [`Subject::Create`].
#[derive(Debug, Args)]
pub struct Create {
    /// The number, in any spelling
    #[arg(long, value_name = "NUMBER", required_unless_present = "username")]
    phone: Option<String>,
    /// The username [default: user_ and 8 random letters and digits]
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// The given name
    #[arg(
        long,
        default_value = "",
        hide_default_value = true,
        value_name = "NAME"
    )]
    first_name: String,
    /// The family name
    #[arg(
        long,
        default_value = "",
        hide_default_value = true,
        value_name = "NAME"
    )]
    last_name: String,
    /// The e-mail address
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// Give it all rights
    #[arg(long)]
    superuser: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// See [`Subject::Delete`].
#[derive(Debug, Args)]
pub struct Delete {
    /// An id, a username or a number
    #[arg(value_name = "WHO")]
    who: String,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

/// See [`Subject::SetSuperuser`].
#[derive(Debug, Args)]
pub struct SetSuperuser {
    /// An id, a username or a number
    #[arg(value_name = "WHO")]
    who: String,
    /// Take all rights away instead
    #[arg(long, action = ArgAction::SetTrue)]
    off: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(
    subject: Subject,
    config: &Config,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    if !matches!(subject, Subject::Create(_)) {
        require_database(&config.database)?;
    }
    block_on(async {
        let desk = Desk {
            store: assembly::open_store(&config.database).await?,
            phone: find::anywhere(&config.policy.phone),
            clock: &SystemClock,
            random: &SystemRandom,
            confirm: &ask,
        };
        desk.serve(subject, output).await
    })
}

/// What the commands work with.
struct Desk<'a> {
    store: Arc<dyn Store>,
    phone: PhonePolicy,
    clock: &'a dyn Clock,
    random: &'a dyn Random,
    confirm: &'a dyn Fn(&str) -> io::Result<Option<bool>>,
}

impl Desk<'_> {
    async fn serve(&self, subject: Subject, output: &mut Output<'_>) -> Result<(), Failure> {
        match subject {
            Subject::List(arguments) => self.list(&arguments, output).await,
            Subject::Show(one) => {
                let user = self.find(&one.who).await?;
                show(&user, one.json, output)
            }
            Subject::Create(arguments) => self.create(arguments, output).await,
            Subject::Deactivate(one) => self.change(&one, UserUpdate::Deactivate, output).await,
            Subject::Activate(one) => self.change(&one, UserUpdate::Activate, output).await,
            Subject::Delete(arguments) => self.delete(&arguments, output).await,
            Subject::SetSuperuser(SetSuperuser { who, off, json }) => {
                let update = if off {
                    UserUpdate::UnmakeSuperuser
                } else {
                    UserUpdate::MakeSuperuser
                };
                self.change(&One { who, json }, update, output).await
            }
        }
    }

    async fn find(&self, who: &str) -> Result<User, Failure> {
        Who::parse(who, &self.phone)
            .find(&*self.store)
            .await?
            .ok_or_else(|| Failure::NotFound(format!("there is no user `{who}`")))
    }

    async fn list(&self, arguments: &List, output: &mut Output<'_>) -> Result<(), Failure> {
        let at_terminal = output.audience() == Audience::Person && !arguments.json;
        let default_limit = if at_terminal { SCREENFUL } else { usize::MAX };
        let limit = arguments.limit.unwrap_or(default_limit);
        let mut after = arguments.after.map(UserId::new);
        let mut listed = 0;
        if arguments.json {
            output.text("[")?;
        }
        while listed < limit {
            let wanted = u16::try_from(limit - listed).unwrap_or(PAGE).min(PAGE);
            let page = self.store.users(after, wanted).await?;
            let Some(last) = page.last() else {
                break;
            };
            after = Some(last.id);
            if arguments.json {
                for user in &page {
                    let comma = if listed == 0 { "" } else { "," };
                    output.text(format_args!("{comma}\n"))?;
                    output.json(&Fields::of(user))?;
                    listed += 1;
                }
            } else {
                let rows: Vec<Vec<String>> = page.iter().map(view::row).collect();
                output.rows(&HEADING, &rows)?;
                listed += page.len();
            }
        }
        if arguments.json {
            output.line("]")?;
        } else if at_terminal && listed == limit {
            let last = after.map(UserId::get).unwrap_or_default();
            note(format_args!("{listed} users; go on with --after {last}"));
        }
        Ok(())
    }

    async fn create(&self, arguments: Create, output: &mut Output<'_>) -> Result<(), Failure> {
        let phone = arguments.phone.as_deref();
        let phone = phone
            .map(|text| find::parse_phone(text, &self.phone).map_err(Failure::Usage))
            .transpose()?;
        let chosen = arguments.username.as_deref().map(Username::parse);
        let chosen = chosen
            .transpose()
            .map_err(|error| Failure::Usage(error.to_string()))?;
        for _ in 0..DRAWS {
            let username = chosen.clone();
            let user = NewUser {
                username: username.unwrap_or_else(|| Username::generate(self.random)),
                phone,
                first_name: arguments.first_name.clone(),
                last_name: arguments.last_name.clone(),
                email: arguments.email.clone(),
                role: Role {
                    staff: arguments.superuser,
                    superuser: arguments.superuser,
                },
            };
            match self.store.create_user(user, self.clock.now()).await? {
                CreateOutcome::Created(user) => return show(&user, arguments.json, output),
                CreateOutcome::PhoneTaken => {
                    return Err(anyhow::anyhow!("another user has this number").into());
                }
                CreateOutcome::UsernameTaken if chosen.is_some() => break,
                CreateOutcome::UsernameTaken => {}
            }
        }
        Err(anyhow::anyhow!("another user has this username").into())
    }

    async fn change(
        &self,
        one: &One,
        update: UserUpdate,
        output: &mut Output<'_>,
    ) -> Result<(), Failure> {
        let user = self.find(&one.who).await?;
        let changed = self
            .store
            .change_user(user.id, update, self.clock.now())
            .await?;
        let gone = || Failure::NotFound(format!("user {} has just been deleted", user.id));
        show(&changed.ok_or_else(gone)?, one.json, output)
    }

    async fn delete(&self, arguments: &Delete, output: &mut Output<'_>) -> Result<(), Failure> {
        let user = self.find(&arguments.who).await?;
        let described = view::describe(&user);
        if !arguments.yes {
            let question = format!("Delete {described} and all its sessions for good?");
            match (self.confirm)(&question)? {
                Some(true) => {}
                Some(false) => return Err(anyhow::anyhow!("nothing was deleted").into()),
                None => {
                    return Err(Failure::Usage(format!(
                        "deleting {described} needs a yes, and there is no terminal to ask at: \
                         add --yes"
                    )));
                }
            }
        }
        match self.store.delete_user(user.id, self.clock.now()).await? {
            DeleteOutcome::Deleted => Ok(output.line(format_args!("deleted {described}"))?),
            DeleteOutcome::Missing => {
                let message = format!("user {} has just been deleted", user.id);
                Err(Failure::NotFound(message))
            }
        }
    }
}

fn show(user: &User, json: bool, output: &mut Output<'_>) -> Result<(), Failure> {
    if json {
        return Ok(output.json(&Fields::of(user))?);
    }
    Ok(output.rows(&["field", "value"], &view::fields(user))?)
}

/// Users read at a time.
const PAGE: u16 = 500;

/// Users listed at a terminal when nothing else is said.
const SCREENFUL: usize = 100;

/// How often a username is drawn: among ten million users one draw in twenty million is taken.
const DRAWS: u8 = 8;

#[cfg(test)]
mod tests;
