//! Compiles FAISS's hottest source files twice, for AVX2 and for AVX-512, and puts a jump table in front of them
//! (ADR 0021). The linker finds FAISS's own names here first, and leaves the same files of `libfaiss.a` out.
//!
//! Needs what FAISS's own build needs (a C++ compiler with OpenMP) and binutils' `nm` and `objcopy`, which come with it.

#![allow(clippy::disallowed_methods, reason = "cargo tells a build script what it needs by the environment")]

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;
use std::{env, fs};

/// Where the time of a search goes, by what FAISS 1.12 has AVX-512 code for: distances, scalar quantizers, fast-scan.
const SOURCES: [&str; 3] =
    ["utils/distances_simd.cpp", "impl/ScalarQuantizer.cpp", "impl/pq4_fast_scan_search_qbs.cpp"];

/// What FAISS is compiled for (ADR 0004).
const BASELINE: &str = "-march=x86-64-v3";

/// Name and compiler flags; the flags of the second are those of FAISS's own `faiss_avx512` library. The first is what the
/// rest of FAISS is compiled for.
const LEVELS: [(&str, &[&str]); 2] = [
    ("avx2", &["-march=x86-64-v3"]),
    ("avx512", &["-march=x86-64-v3", "-mavx512f", "-mavx512cd", "-mavx512vl", "-mavx512dq", "-mavx512bw", "-mpopcnt"]),
];

const LOCK: &str = "../../Cargo.lock";

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(kernels)");
    let target = |key: &str| env::var(format!("CARGO_CFG_TARGET_{key}")).unwrap_or_default();
    // Elsewhere FAISS is used as it is.
    if target("ARCH") != "x86_64" || target("OS") != "linux" {
        return Ok(());
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let Faiss { sources, flags } = built_faiss(&out)?;
    // Its types have another layout without AVX2: nothing compiled for it may meet them.
    if !flags.split_whitespace().any(|flag| flag == BASELINE) {
        println!(
            "cargo::warning=FAISS is compiled with `{flags}` and not for x86-64-v3, as .cargo/config.toml says: it is used as it is"
        );
        return Ok(());
    }
    println!("cargo::rustc-cfg=kernels");
    let mut objects = Vec::new();
    let mut entries: Vec<BTreeSet<String>> = Vec::new();
    for (level, flags) in LEVELS {
        let mut global = BTreeSet::new();
        for object in compile(&sources, flags, &out.join(level))? {
            global.extend(rename(&object, level)?);
            objects.push(object);
        }
        entries.push(global);
    }
    if entries[0] != entries[1] || entries[0].is_empty() {
        return Err("the levels define different functions: see SOURCES in build.rs".into());
    }
    let table = out.join("table.s");
    fs::write(&table, jump_table(&entries[0]))?;
    fs::write(out.join("count.rs"), format!("/// How many.\nconst COUNT: usize = {};\n", entries[0].len()))?;
    let mut archive = cc::Build::new();
    archive.file(table).objects(objects);
    // Whole: the linker must take these before it looks into FAISS's archive. What is not used, it drops.
    archive.cargo_metadata(false).compile("ragops_faiss_kernels");
    println!("cargo::rustc-link-search=native={}", out.display());
    println!("cargo::rustc-link-lib=static:+whole-archive=ragops_faiss_kernels");
    Ok(())
}

/// A build of FAISS.
struct Faiss {
    /// The folder of its sources.
    sources: PathBuf,
    /// What the compiler was told.
    flags: String,
}

/// The FAISS that we link, as its build noted it: `faiss-sys` has the sources, and tells nobody where. Of several builds in
/// one target folder it is that of the locked version.
fn built_faiss(out: &Path) -> Result<Faiss, Failure> {
    let locked = format!("faiss-sys-{}", locked_version().unwrap_or_default());
    let builds = out.ancestors().nth(2).ok_or("OUT_DIR has no parents")?;
    let mut best: Option<((bool, SystemTime), Faiss)> = None;
    for build in fs::read_dir(builds)? {
        let cache = build?.path().join("out/build/CMakeCache.txt");
        let Ok(text) = fs::read_to_string(&cache) else { continue };
        let noted = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
        let Some(home) = noted("CMAKE_HOME_DIRECTORY:INTERNAL=").map(PathBuf::from) else { continue };
        let rank = (home.iter().any(|part| part == locked.as_str()), fs::metadata(&cache)?.modified()?);
        if SOURCES.iter().all(|source| home.join("faiss").join(source).is_file())
            && best.as_ref().is_none_or(|(other, _)| *other < rank)
        {
            best = Some((rank, Faiss { sources: home, flags: noted("CMAKE_CXX_FLAGS:STRING=").unwrap_or_default() }));
        }
    }
    let (_, faiss) = best.ok_or_else(|| {
        format!("no build of faiss-sys beside {}: its feature `static` makes one, with FAISS's sources", out.display())
    })?;
    Ok(faiss)
}

/// The version of `faiss-sys` in the lock file of the workspace.
fn locked_version() -> Option<String> {
    println!("cargo::rerun-if-changed={LOCK}");
    let lock = fs::read_to_string(LOCK).ok()?;
    let (_, behind) = lock.split_once("name = \"faiss-sys\"\nversion = \"")?;
    Some(behind.split_once('"')?.0.to_owned())
}

fn compile(faiss: &Path, flags: &[&str], out: &Path) -> Result<Vec<PathBuf>, Failure> {
    fs::create_dir_all(out)?;
    let mut build = cc::Build::new();
    build.cpp(true).std("c++17").opt_level(3).debug(false).pic(true).warnings(false).out_dir(out);
    build.include(faiss).define("FINTEGER", "int").define("NDEBUG", None).flag("-fopenmp");
    for flag in flags {
        build.flag(flag);
    }
    for source in SOURCES {
        build.file(faiss.join("faiss").join(source));
    }
    Ok(build.try_compile_intermediates()?)
}

/// Gives the functions that `object` defines a name of its level, and at all levels but the first everything else, too, so
/// that no code of that level is taken where it must not run: of templates, inline functions and tables of the standard library a
/// linker keeps one of each name. The first level's are what the rest of FAISS has. Variables have copies so, which nothing
/// sets. Returns the functions.
fn rename(object: &Path, level: &str) -> Result<BTreeSet<String>, Failure> {
    let listed = run(Command::new("nm").args(["--extern-only", "--defined-only", "--format=posix"]).arg(object))?;
    let mut functions = BTreeSet::new();
    let mut names = BTreeMap::new();
    for line in listed.lines() {
        let mut fields = line.split(' ');
        let (Some(name), Some(kind)) = (fields.next(), fields.next()) else { continue };
        if kind == "T" {
            functions.insert(name.to_owned());
        } else if level == LEVELS[0].0 {
            continue;
        }
        names.insert(name, renamed(name, level));
    }
    let list = object.with_extension("names");
    let mut text = String::new();
    for (name, new) in &names {
        writeln!(text, "{name} {new}")?;
    }
    fs::write(&list, text)?;
    let mut objcopy = Command::new("objcopy");
    objcopy.arg(format!("--redefine-syms={}", list.display()));
    if level != LEVELS[0].0 {
        // What runs before `main` runs on every CPU. It is the streams' own start, which the library makes, too.
        objcopy.args(["--remove-section=.init_array", "--remove-section=.rela.init_array"]);
    }
    run(objcopy.arg(object))?;
    Ok(functions)
}

fn renamed(name: &str, level: &str) -> String {
    format!("ragops_{level}_{name}")
}

/// FAISS's names as jumps through a table, which starts at the first level; a table for each level to fill it from.
fn jump_table(functions: &BTreeSet<String>) -> String {
    let mut text = String::from("  .text\n");
    for (place, name) in functions.iter().enumerate() {
        text += &format!(
            "  .globl {name}\n  .type {name}, @function\n  .p2align 4\n{name}:\n  jmp *ragops_faiss_chosen+{}(%rip)\n  \
             .size {name}, .-{name}\n",
            place * 8
        );
    }
    let mut table = |label: &str, section: &str, level: &str| {
        text += &format!("  .section {section}\n  .globl {label}\n  .hidden {label}\n  .p2align 3\n{label}:\n");
        for name in functions {
            text += &format!("  .quad {}\n", renamed(name, level));
        }
    };
    table("ragops_faiss_chosen", ".data.ragops_faiss_chosen,\"aw\",@progbits", LEVELS[0].0);
    for (level, _) in LEVELS {
        table(&format!("ragops_faiss_{level}"), ".data.rel.ro.ragops_faiss,\"aw\",@progbits", level);
    }
    text += "  .section .note.GNU-stack,\"\",@progbits\n";
    text
}

fn run(command: &mut Command) -> Result<String, Failure> {
    let ran = command.output().map_err(|error| format!("{command:?}: {error}; it comes with Debian's binutils"))?;
    if !ran.status.success() {
        return Err(format!("{command:?}: {}", String::from_utf8_lossy(&ran.stderr)).into());
    }
    Ok(String::from_utf8(ran.stdout)?)
}
