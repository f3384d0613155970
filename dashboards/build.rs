//! Embeds what `npm run build` put into `dist/`; where nothing is there, a page that says how to build it.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// The files of a console: name, and what it is served as.
const FILES: [(&str, &str); 4] = [
    ("index.html", "text/html; charset=utf-8"),
    ("console.js", "text/javascript; charset=utf-8"),
    ("editor.js", "text/javascript; charset=utf-8"),
    ("console.css", "text/css; charset=utf-8"),
];

fn main() {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where this crate stands"));
    let dist = here.join("dist");
    let is_built = FILES.iter().all(|(name, _)| dist.join(name).is_file());
    // A file that is not there counts as changed for ever: before it is, the folder it will appear in is watched.
    let watched = if is_built { FILES.iter().map(|(name, _)| dist.join(name)).collect() } else { vec![here.clone()] };
    for path in watched {
        println!("cargo::rerun-if-changed={}", path.display());
    }
    let (folder, files) = if is_built { (dist, &FILES[..]) } else { (here.join("fallback"), &FILES[..1]) };
    let rows = files.iter().map(|(name, kind)| row(&folder, name, kind));
    let text = format!(
        "/// Whether the console was there when the program was built.\npub const IS_BUILT: bool = {is_built};\n\n\
         /// The files.\npub const FILES: &[File] = &[\n{}];\n",
        rows.collect::<String>()
    );
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where generated code goes"));
    fs::write(out.join("files.rs"), text).expect("generated code can be written");
}

fn row(folder: &Path, name: &str, kind: &str) -> String {
    let path = folder.join(name);
    let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let tag = fnv(&bytes);
    format!(
        "    File {{ path: \"/{name}\", kind: {kind:?}, tag: \"\\\"{tag:016x}\\\"\", bytes: include_bytes!({path:?}) }},\n"
    )
}

/// FNV-1a: enough to tell one build of a file from another.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
