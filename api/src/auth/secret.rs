//! The secret that signs tokens, generated in the data directory on the first start of an embedded server.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use domain::secret::Secret;

use crate::config::SECRET_MIN_BYTES;

/// The number of random bytes in a generated secret; the file has twice as many hexadecimal digits.
const BYTES: usize = 64;
/// The maximum size of the file; a larger file is not a secret.
const MAX_BYTES: u64 = 64 * 1024;

/// Why the secret cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Other users may read or write the file.
    #[error("{} is accessible to other users (mode {mode:04o}); run `chmod 600` on it, or delete it to generate a new \
             secret, which invalidates all tokens", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The file does not contain a secret, or is truncated.
    #[error("{} does not contain a secret of at least {SECRET_MIN_BYTES} bytes; delete it to generate a new secret, which \
             invalidates all tokens", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read or created.
    #[error("{} cannot be read or created: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system error.
        source: io::Error,
    },
}

/// Loads the secret from the file at `path`, or creates the file, readable only by its owner. Concurrent starts get
/// the same secret. Blocks; call this only at startup.
///
/// # Errors
/// Returns an error if the file is accessible to other users, damaged, or cannot be read or created.
pub fn load_or_create(path: &Path) -> Result<Secret, SecretError> {
    let failed = |source| SecretError::Io { path: path.to_owned(), source };
    loop {
        match File::open(path) {
            Ok(file) => return load(path, &file),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        match create(path) {
            // Read the file back, so that this start uses what the next one will find.
            Ok(()) => {}
            // Another start created the file first.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(error)),
        }
    }
}

fn load(path: &Path, file: &File) -> Result<Secret, SecretError> {
    let failed = |source| SecretError::Io { path: path.to_owned(), source };
    let malformed = || SecretError::Malformed { path: path.to_owned() };
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(malformed());
    }
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(SecretError::Exposed { path: path.to_owned(), mode });
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    let text = String::from_utf8(bytes).map_err(|_| malformed())?;
    let text = text.trim();
    if text.len() < SECRET_MIN_BYTES || text.len() as u64 > MAX_BYTES {
        return Err(malformed());
    }
    Ok(Secret::new(text))
}

/// Writes a new secret to a temporary file and links it to `path`: unlike renaming, linking never replaces a file
/// that another start has created, and the file is never incomplete.
fn create(path: &Path) -> io::Result<()> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    let draft = draft_path(path)?;
    let linked = write_new(&draft, &hex(&bytes)).and_then(|()| fs::hard_link(&draft, path));
    let removed = fs::remove_file(&draft);
    linked?;
    removed?;
    // The directory entry must be durable, too; losing it in a power failure would invalidate all tokens.
    let directory =
        path.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory)?.sync_all()
}

/// Returns a temporary path that no other start uses.
fn draft_path(path: &Path) -> io::Result<PathBuf> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", hex(&bytes)));
    Ok(PathBuf::from(name))
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::{collections::HashSet, sync::Barrier, thread};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn the_first_start_creates_a_secret_readable_only_by_the_owner() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("jwt_secret");
        let secret = load_or_create(&path).unwrap();
        assert_eq!(secret.expose().len(), 128);
        assert!(secret.expose().bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_eq!(mode(&path), 0o600);
        assert_eq!(load_or_create(&path).unwrap().expose(), secret.expose());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "no temporary file remains");
    }

    #[test]
    fn two_installations_have_different_secrets() {
        let directory = tempfile::tempdir().unwrap();
        let one = load_or_create(&directory.path().join("one")).unwrap();
        let two = load_or_create(&directory.path().join("two")).unwrap();
        assert_ne!(one.expose(), two.expose());
    }

    #[test]
    fn concurrent_starts_get_the_same_secret() {
        for _ in 0..20 {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("jwt_secret");
            let start = Barrier::new(8);
            let secrets: HashSet<String> = thread::scope(|scope| {
                let starts: Vec<_> = (0..8)
                    .map(|_| {
                        scope.spawn(|| {
                            start.wait();
                            load_or_create(&path).unwrap().expose().to_owned()
                        })
                    })
                    .collect();
                starts.into_iter().map(|start| start.join().unwrap()).collect()
            });
            assert_eq!(secrets.len(), 1);
            assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn rejects_a_file_that_others_can_read_and_explains_the_fix() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("jwt_secret");
        let secret = load_or_create(&path).unwrap();
        for open in [0o644, 0o640, 0o604, 0o622] {
            fs::set_permissions(&path, fs::Permissions::from_mode(open)).unwrap();
            let error = load_or_create(&path).unwrap_err();
            assert!(matches!(&error, SecretError::Exposed { mode, .. } if *mode == open), "{error}");
            let text = error.to_string();
            assert!(
                text.contains("jwt_secret")
                    && text.contains(&format!("{open:04o}"))
                    && text.contains("chmod 600")
            );
            assert!(!text.contains(secret.expose()));
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        assert!(load_or_create(&path).is_ok());
    }

    #[test]
    fn rejects_a_damaged_file_without_changing_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("jwt_secret");
        for content in [&b""[..], b"\n", b"short\n", &[0xff; 128]] {
            write_new(&path, "").unwrap();
            fs::write(&path, content).unwrap();
            assert!(matches!(load_or_create(&path), Err(SecretError::Malformed { .. })));
            assert_eq!(fs::read(&path).unwrap(), content);
            fs::remove_file(&path).unwrap();
        }
        assert!(
            matches!(load_or_create(directory.path()), Err(SecretError::Malformed { .. })),
            "a directory"
        );
    }

    #[test]
    fn a_missing_directory_is_an_error_that_names_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let error = load_or_create(&directory.path().join("nowhere/jwt_secret")).unwrap_err();
        assert!(matches!(error, SecretError::Io { .. }));
        assert!(error.to_string().contains("nowhere/jwt_secret"));
    }
}
