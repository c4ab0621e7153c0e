//! The locations of the databases: the settings needed by commands that do not serve.

use std::{
    fs::{self, DirBuilder, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use store::database::postgres::PostgresSettings;

use super::{
    notify::Notify,
    server::Servers,
    setting::{InvalidSetting, Settings, invalid},
};

/// The permissions of the data directory.
const MODE: u32 = 0o700;
/// The permission bit of directories in which users can delete only their own files.
const STICKY: u32 = 0o1000;

/// The data directory and the names of the files in it.
#[derive(Clone, Debug)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// Creates a handle to the directory at `path`, which need not exist.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    pub(super) fn read(settings: &Settings<'_>) -> Self {
        Self::new(settings.text("DATA_DIR").unwrap_or_else(|| "./data".to_owned()))
    }

    /// Returns the path of the directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Creates the directory if it does not exist. Only its owner can access it, also if an older version created it.
    ///
    /// # Errors
    /// Returns an error if it cannot be created.
    pub fn create(&self) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(MODE).create(&self.0)?;
        let mode = fs::metadata(&self.0)?.permissions().mode() & 0o7777;
        if mode & 0o777 == MODE {
            return Ok(());
        }
        // Directories such as /tmp are for all users.
        let restricted = if mode & STICKY != 0 {
            Err(io::Error::other("it is a directory for all users"))
        } else {
            fs::set_permissions(&self.0, Permissions::from_mode(MODE))
        };
        if let Err(error) = restricted {
            let path = self.0.display();
            tracing::warn!(file.path = %path, error = %error, "cannot restrict the permissions of DATA_DIR");
        }
        Ok(())
    }

    /// Returns the path of the accounts database.
    #[must_use]
    pub fn accounts(&self) -> PathBuf {
        self.0.join("accounts.db")
    }

    /// Returns the path of the traces database.
    #[must_use]
    pub fn traces(&self) -> PathBuf {
        self.0.join("traces.db")
    }

    /// Returns the path of the generated secret that signs tokens.
    #[must_use]
    pub fn jwt_secret(&self) -> PathBuf {
        self.0.join("jwt_secret")
    }
}

/// The locations of accounts and traces.
#[derive(Clone, Debug)]
pub struct Storage {
    /// The directory of the embedded databases.
    pub data_dir: DataDir,
    /// The external servers.
    pub servers: Servers,
    /// The public URL of the SPA without a trailing slash.
    pub public_url: Option<String>,
}

impl Storage {
    /// Reads the settings through `lookup` like `Config::read`, without requiring any secret.
    ///
    /// # Errors
    /// Returns the first invalid setting.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidSetting> {
        let settings = Settings(&lookup);
        let public_url = Notify::read(&settings)?.public_url;
        Ok(Self { data_dir: DataDir::read(&settings), servers: Servers::read(&settings)?, public_url })
    }

    /// Returns the databases of accounts and of traces.
    ///
    /// # Errors
    /// Returns an error if no server for traces is set. Accounts are on the same server unless another one is set.
    pub fn on_servers(&self) -> Result<(PostgresSettings, PostgresSettings), InvalidSetting> {
        let server = |url: &Option<_>| url.as_ref().map(|url| self.servers.postgres(url));
        let accounts = server(&self.servers.postgres_url);
        accounts.zip(server(&self.servers.timescale_url)).ok_or_else(|| {
            invalid(
                "TIMESCALE_URL",
                "",
                "the URL of the target server for traces (and for accounts, unless POSTGRES_URL is set)",
            )
        })
    }
}
