//! `agent-obs account`: the operator's access to accounts, on the same databases as the server.

use std::{io, process::ExitCode};

use clap::{Args, Subcommand};
use domain::error::chain;
use serde_json::Map;
use shared::{
    access::Role,
    audit::{Actor, ActorKind},
};
use store::account::{AccountError, AccountStore, Credentials, NewAuditEvent, NewInvitation};
use uuid::Uuid;

use super::failure::fail;
use crate::{auth::token::LinkToken, clock::Clock, config::Storage};

/// List and change accounts, in the database POSTGRES_URL or in DATA_DIR. A running server notices changes within 10
/// seconds.
///
/// Exits with 0 on success, with 2 for an invalid setting, and with 1 otherwise.
#[derive(Debug, Args)]
pub struct AccountArgs {
    #[command(subcommand)]
    command: AccountCommand,
}

#[derive(Debug, Subcommand)]
enum AccountCommand {
    /// Print all accounts.
    List,
    /// Print a link with which a person registers or joins; valid once and for 7 days, also if registration is closed.
    Invite {
        /// The only e-mail address that may use the link.
        #[arg(long)]
        email: Option<String>,
        /// The name of the workspace; created if it does not exist.
        #[arg(long)]
        workspace: String,
        /// owner, member or viewer.
        #[arg(long, default_value = "owner", value_parser = parse_role)]
        role: Role,
    },
    /// Print a link with which the person chooses a new password; valid once and for an hour.
    ResetPassword {
        /// The e-mail address of the account.
        email: String,
    },
    /// Disable an account and end its login sessions.
    Disable {
        /// The e-mail address of the account.
        email: String,
    },
    /// Enable a disabled account.
    Enable {
        /// The e-mail address of the account.
        email: String,
    },
    /// Forget the failed logins of an account.
    Unlock {
        /// The e-mail address of the account.
        email: String,
    },
    /// Delete an account. Its traces stay in their workspaces.
    Delete {
        /// The e-mail address of the account.
        email: String,
    },
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
enum CommandError {
    #[error("no account has the e-mail {0}")]
    UnknownEmail(String),
    #[error("several workspaces have the name {0}; rename one first")]
    AmbiguousName(String),
    #[error(transparent)]
    Accounts(#[from] AccountError),
    #[error("cannot create DATA_DIR")]
    Directory(#[from] io::Error),
    #[error("the system provides no random bytes")]
    Random(#[from] getrandom::Error),
}

fn parse_role(name: &str) -> Result<Role, String> {
    Role::parse(name).ok_or_else(|| "expected owner, member or viewer".to_owned())
}

/// Runs a command. [`AccountArgs`] describes the exit code.
pub async fn run(args: AccountArgs) -> ExitCode {
    let storage = match Storage::read(|name| std::env::var(name).ok()) {
        Ok(storage) => storage,
        Err(error) => return fail(2, error),
    };
    match execute(&storage, args.command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(1, chain(&error)),
    }
}

async fn execute(storage: &Storage, command: AccountCommand) -> Result<(), CommandError> {
    let accounts = match &storage.servers.postgres_url {
        Some(url) => AccountStore::open_postgres(&storage.servers.postgres(url)).await?,
        None => {
            storage.data_dir.create()?;
            AccountStore::open_sqlite(&storage.data_dir.accounts()).await?
        }
    };
    let operator = Operator { accounts: accounts.clone(), clock: Clock::system() };
    let result = operator.execute(storage.public_url.as_deref().unwrap_or_default(), command).await;
    accounts.close().await;
    result
}

struct Operator {
    accounts: AccountStore,
    clock: Clock,
}

impl Operator {
    async fn execute(&self, public_url: &str, command: AccountCommand) -> Result<(), CommandError> {
        let (accounts, now) = (&self.accounts, self.clock.now());
        match command {
            AccountCommand::List => {
                for user in accounts.list_users().await? {
                    let state = if user.is_disabled { "disabled" } else { "active" };
                    println!("{}\t{}\t{state}\t{}", user.email, user.full_name, user.created_at);
                }
            }
            AccountCommand::Invite { email, workspace, role } => {
                let workspace_id = match accounts.list_workspace_ids(&workspace).await?[..] {
                    [] => accounts.create_empty_workspace(&workspace, now).await?,
                    [id] => id,
                    _ => return Err(CommandError::AmbiguousName(workspace)),
                };
                let token = LinkToken::generate()?;
                let token_hash = token.hash;
                let invitation = NewInvitation {
                    workspace_id,
                    role,
                    email,
                    token_hash,
                    created_by: None,
                    created_at: now,
                };
                let (id, _) = accounts.create_invitation(&invitation).await?;
                self.audit(workspace_id, "invitation.create", id).await?;
                println!("{public_url}/invitation?token={}", token.text);
            }
            AccountCommand::ResetPassword { email } => {
                let (found, token) = (self.find(&email).await?, LinkToken::generate()?);
                accounts.create_password_reset(found.user_id, &token.hash, now).await?;
                println!("{public_url}/reset?token={}", token.text);
            }
            AccountCommand::Disable { email } => {
                let id = self.find(&email).await?.user_id;
                accounts.set_disabled(id, Some(now)).await?;
                self.audit_everywhere(id, "account.disable").await?;
            }
            AccountCommand::Enable { email } => {
                let id = self.find(&email).await?.user_id;
                accounts.set_disabled(id, None).await?;
                self.audit_everywhere(id, "account.enable").await?;
            }
            AccountCommand::Unlock { email } => {
                accounts.unlock_user(self.find(&email).await?.user_id, now).await?;
            }
            AccountCommand::Delete { email } => {
                let id = self.find(&email).await?.user_id;
                let workspaces = accounts.list_workspaces(id).await?;
                accounts.delete_account(id, now).await?;
                for workspace in workspaces {
                    self.audit(workspace.id, "account.delete", id).await?;
                }
            }
        }
        Ok(())
    }

    async fn find(&self, email: &str) -> Result<Credentials, CommandError> {
        let found = self.accounts.get_credentials(email).await?;
        found.ok_or_else(|| CommandError::UnknownEmail(email.to_owned()))
    }

    async fn audit_everywhere(&self, user_id: Uuid, action: &str) -> Result<(), CommandError> {
        for workspace in self.accounts.list_workspaces(user_id).await? {
            self.audit(workspace.id, action, user_id).await?;
        }
        Ok(())
    }

    async fn audit(&self, workspace_id: Uuid, action: &str, target: Uuid) -> Result<(), CommandError> {
        let event = NewAuditEvent {
            workspace_id,
            at: self.clock.now(),
            actor: Actor { kind: ActorKind::Operator, id: None, email: None },
            action: action.to_owned(),
            target: Some(target.to_string()),
            address: None,
            details: Map::new(),
        };
        Ok(self.accounts.create_audit_event(&event).await?)
    }
}
