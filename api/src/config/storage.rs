//! Where everything is kept: the part of the settings that commands need which serve nothing.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{InvalidSetting, Servers, invalid, setting::Settings};
use crate::store::postgres::PostgresSettings;

/// The folder of what is embedded, and the names in it.
#[derive(Clone, Debug)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// The folder at `path`, whether it is there or not.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    pub(super) fn read<L: Fn(&str) -> Option<String>>(settings: &Settings<L>) -> Self {
        Self::new(settings.text("DATA_DIR").unwrap_or_else(|| "./data".to_owned()))
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Makes the folder where it is not there.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn make(&self) -> io::Result<()> {
        fs::create_dir_all(&self.0)
    }

    /// The accounts.
    #[must_use]
    pub fn accounts(&self) -> PathBuf {
        self.0.join("accounts.db")
    }

    /// The traces.
    #[must_use]
    pub fn traces(&self) -> PathBuf {
        self.0.join("traces.db")
    }

    /// The secret that was generated for signing tokens.
    #[must_use]
    pub fn jwt_secret(&self) -> PathBuf {
        self.0.join("jwt_secret")
    }
}

/// Where accounts and traces are kept.
#[derive(Clone, Debug)]
pub struct Storage {
    /// Where whatever is on no server is.
    pub data_dir: DataDir,
    /// The servers.
    pub servers: Servers,
}

impl Storage {
    /// Reads the settings through `lookup`, as [`super::Config::read`] does. No secret is asked for.
    ///
    /// # Errors
    /// The first setting that is wrong.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidSetting> {
        let settings = Settings(lookup);
        Ok(Self { data_dir: DataDir::read(&settings), servers: Servers::read(&settings)? })
    }

    /// The servers of the accounts and of the traces.
    ///
    /// # Errors
    /// Where traces are kept in a file: accounts are on the traces' server unless told otherwise.
    pub fn on_servers(&self) -> Result<(PostgresSettings, PostgresSettings), InvalidSetting> {
        let server = |url: &Option<_>| url.as_ref().map(|url| self.servers.postgres(url));
        let accounts = server(&self.servers.postgres_url);
        accounts.zip(server(&self.servers.timescale_url)).ok_or_else(|| {
            invalid("TIMESCALE_URL", "", "the address of the server that takes the traces (and the accounts, unless POSTGRES_URL names another)")
        })
    }
}
