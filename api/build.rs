//! Embeds the SPA in the binary: every file of `web/dist` (or of the directory in `AGENT_OBS_WEB_DIST`), raw and
//! compressed, and large files only compressed. Without that directory, the binary contains no SPA and shows a message
//! instead. Also detects whether TimescaleDB is installed, for the tests.

use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::Command,
};

/// Larger files are embedded only compressed.
const MAX_RAW_BYTES: usize = 256 * 1024;

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-env-changed=AGENT_OBS_WEB_DIST");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../migrations");
    detect_timescale();
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("OUT_DIR is not set"))?);
    let dist = env::var_os("AGENT_OBS_WEB_DIST").map_or_else(|| PathBuf::from("../web/dist"), PathBuf::from);
    println!("cargo::rerun-if-changed={}", dist.display());

    let mut table = String::from("&[\n");
    for (number, file) in files(&dist)?.into_iter().enumerate() {
        let bytes = fs::read(&file)?;
        let name = file.strip_prefix(&dist).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        // All browsers accept compressed files; for other clients the server decompresses large ones.
        let raw = if bytes.len() > MAX_RAW_BYTES { Vec::new() } else { bytes.clone() };
        let variants = [("raw", raw), ("br", brotli(&bytes)?), ("gz", gzip(&bytes)?)];
        for (suffix, bytes) in &variants {
            fs::write(out.join(format!("asset{number}.{suffix}")), bytes)?;
        }
        let include =
            |suffix: &str| format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/asset{number}.{suffix}\"))");
        table += &format!("    ({name:?}, {}, {}, {}),\n", include("raw"), include("br"), include("gz"));
    }
    table += "]\n";
    fs::write(out.join("assets.rs"), table)
}

/// Sets `cfg(timescale)` if the extension is installed; its tests are ignored otherwise.
fn detect_timescale() {
    println!("cargo::rustc-check-cfg=cfg(timescale)");
    let Ok(output) = Command::new("pg_config").arg("--sharedir").output() else { return };
    let directory = Path::new(String::from_utf8_lossy(&output.stdout).trim()).join("extension");
    if directory.is_dir() {
        println!("cargo::rerun-if-changed={}", directory.display());
    }
    if directory.join("timescaledb.control").is_file() {
        println!("cargo::rustc-cfg=timescale");
    }
}

/// Returns all files below a directory, sorted by name; empty if the directory does not exist.
fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if !directory.is_dir() {
        return Ok(found);
    }
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Compresses with the best quality for the release binary only: build scripts are not optimised, and it would take half a
/// minute of every other build.
fn brotli(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let quality = if env::var("OPT_LEVEL").is_ok_and(|level| level == "3") { 11 } else { 5 };
    let mut compressed = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut compressed, 4096, quality, 22);
    writer.write_all(bytes)?;
    drop(writer);
    Ok(compressed)
}

fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}
