//! Tells our binaries, tests, examples and benches where libtorch is, so that they run without `LD_LIBRARY_PATH`; and
//! both binaries of what sources they are made, so that each knows the other.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// A sum of all sources, names included (FNV-1a): not against forgery, but to tell one build from another.
fn sum_of(folder: &Path) -> u64 {
    fn files(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { files(&path, found) } else { found.push(path) }
        }
    }
    let mut found = Vec::new();
    files(folder, &mut found);
    found.sort();
    let mut sum = 0xcbf2_9ce4_8422_2325;
    for path in found {
        let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
        for byte in name.into_bytes().into_iter().chain(fs::read(&path).unwrap_or_default()) {
            sum = (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    sum
}

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rustc-check-cfg=cfg(libtorch_is_left_out)");
    let sources = Path::new(&env::var("CARGO_MANIFEST_DIR").unwrap_or_default()).join("src");
    println!("cargo::rustc-env=WATTFRONT_SOURCES={:016x}", sum_of(&sources));
    if env::var_os("CARGO_FEATURE_TORCH").is_none() {
        return;
    }
    // torch-sys says where it found libtorch; it says nothing with `doc-only`, which links nothing.
    println!("cargo::rerun-if-env-changed=DEP_TCH_LIBTORCH_LIB");
    if let Ok(folder) = env::var("DEP_TCH_LIBTORCH_LIB") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
        leave_libtorch_out();
    }
}

/// Writes traps under the names of the C functions by which `tch` calls libtorch, for `optimize` alone (`src/main.rs`).
///
/// It calls none of them, but that is not enough for a linker: code that is used lies in one object with code that is not, objects
/// pull in others, and what of libtorch's wrapper is pulled in runs when the program is loaded. Where the names
/// are there already, nothing of it is, whatever the linker and however the code was cut into objects.
fn leave_libtorch_out() {
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let trap = match env::var("CARGO_CFG_TARGET_ARCH").as_deref() {
        Ok("x86_64") => "ud2",
        Ok("aarch64") => "brk #1",
        _ => return,
    };
    // Beside ours is the folder of `torch-sys`, which has compiled the wrapper there.
    let built = out.ancestors().nth(2).and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten().flatten();
    let wrappers = built.map(|entry| entry.path().join("out/libtch.a"));
    let Some(names) = wrappers.filter_map(|path| names_in(&fs::read(path).ok()?)).max_by_key(Vec::len) else {
        println!(
            "cargo::warning=the wrapper of libtorch was not found, so `optimize` will load libtorch, and start later"
        );
        return;
    };
    let traps: String = names.iter().map(|name| format!(".globl {name}\n{name}:\n")).collect();
    if fs::write(out.join("no_libtorch.s"), format!(".text\n{traps}{trap}\n")).is_ok() {
        println!("cargo::rustc-cfg=libtorch_is_left_out");
    }
}

/// The names of C functions in the index of an archive (System V format); those of C++ have names of their own.
fn names_in(archive: &[u8]) -> Option<Vec<String>> {
    let header = archive.strip_prefix(b"!<arch>\n")?;
    let size: usize = std::str::from_utf8(header.get(48..58)?).ok()?.trim().parse().ok()?;
    let index = header.strip_prefix(b"/ ").and(header.get(60..60 + size))?;
    let count = u32::from_be_bytes(index.get(..4)?.try_into().ok()?) as usize;
    let names = index.get(4 + 4 * count..)?.split(|byte| *byte == 0).take(count);
    let names = names.filter_map(|name| std::str::from_utf8(name).ok());
    let is_c = |name: &&str| {
        !name.is_empty() && !name.starts_with('_') && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    Some(names.filter(is_c).map(str::to_owned).collect::<std::collections::BTreeSet<_>>().into_iter().collect())
}
