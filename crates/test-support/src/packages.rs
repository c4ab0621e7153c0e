//! Packages from PyPI and npm that scripts/setup.sh installed, at the versions in `packages/`.

use std::{env, fs, path::PathBuf, sync::LazyLock};

use sha2::{Digest, Sha256};

/// The directory with the packages. The Makefile passes it as `TEST_PACKAGES`; without the Makefile it is computed in the
/// same way.
static DIRECTORY: LazyLock<PathBuf> = LazyLock::new(|| {
    let directory = env::var_os("TEST_PACKAGES").map_or_else(default_directory, PathBuf::from);
    assert!(
        directory.join("python/bin/python").exists() && directory.join("node/node_modules").exists(),
        "the packages of the tests are not installed in {}: run `make setup-test` to install them from PyPI and npm",
        directory.display()
    );
    directory
});

fn default_directory() -> PathBuf {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = || set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache"))).unwrap_or_default();
    let tools = set("AGENT_OBS_TOOLS").unwrap_or_else(|| cache().join("agent-obs/tools"));
    let list = |name: &str| fs::read(format!("{}/packages/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let lists = [list("requirements.txt"), list("package-lock.json")].concat();
    let hash = Sha256::digest(&lists).iter().take(6).map(|byte| format!("{byte:02x}")).collect::<String>();
    tools.join(format!("test-packages-{hash}"))
}

/// Returns the path of Python with the packages from PyPI.
pub fn python() -> PathBuf {
    DIRECTORY.join("python/bin/python")
}

/// Returns the directory of the scripts that use the packages.
pub fn sources() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/packages"))
}

/// Returns the directory with the npm packages. Node looks for them next to a script.
pub fn node_modules() -> PathBuf {
    DIRECTORY.join("node/node_modules")
}
