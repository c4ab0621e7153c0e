//! A small SPA with the layout of a trunk build.

use std::fs;

use tempfile::TempDir;

pub const SCRIPT: &str = "/web-1a2b3c4d5e6f7a8b.js";
pub const WASM: &str = "/web-1a2b3c4d5e6f7a8b_bg.wasm";
/// Returns every file with its contents. Some have several kB, so that compression reduces their size.
pub fn files() -> [(&'static str, String); 6] {
    let page = "<!doctype html><link rel=\"modulepreload\" href=\"/web-1a2b3c4d5e6f7a8b.js\"><script type=\"module\">\n\
                import init from '/web-1a2b3c4d5e6f7a8b.js';\n\n  await init({ \"a\": `$&\\n` });  \n\n</script>\n\
                <script src=\"/snippets/inline-0123456789abcdef.js\"></script><script>second()</script>\n";
    [
        ("/index.html", page.to_owned()),
        (SCRIPT, "export default async function init() {}\n".repeat(100)),
        (WASM, "\0asm".repeat(1000)),
        ("/base-0123456789abcdef.css", "body { margin: 0 }\n".repeat(50)),
        ("/snippets/inline-0123456789abcdef.js", "first()\n".to_owned()),
        ("/favicon.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>".to_owned()),
    ]
}

/// Creates a directory with these files.
pub fn directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, contents) in files() {
        let file = directory.path().join(&name[1..]);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, contents).unwrap();
    }
    directory
}
