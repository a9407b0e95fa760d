//! Writes the generated files: `config/crd/*.yaml` and `docs/crd-reference.md`. `crdgen --check` writes nothing and
//! fails where a file is not what would be written. Run it at the root of the repository.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};

use ragops_crds::definitions::definitions;
use ragops_crds::reference::reference;

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let outcome = match (arguments.next().as_deref(), arguments.next()) {
        (None, _) => write_files(),
        (Some("--check"), None) => check_files(),
        _ => Err("usage: crdgen [--check]".to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("crdgen: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Every generated file, by its path from the root of the repository.
fn files() -> Vec<(PathBuf, String)> {
    let mut files: Vec<(PathBuf, String)> = definitions()
        .iter()
        .map(|definition| (Path::new("config/crd").join(format!("{}.yaml", definition.name)), definition.to_yaml()))
        .collect();
    files.push((PathBuf::from("docs/crd-reference.md"), reference()));
    files
}

fn write_files() -> Result<(), String> {
    for (path, content) in files() {
        write_file(&path, &content).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    Ok(())
}

fn write_file(path: &Path, content: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, content)
}

fn check_files() -> Result<(), String> {
    for (path, content) in files() {
        let written = fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        if written != content {
            return Err(format!("{} is not what the types generate: run crdgen", path.display()));
        }
    }
    Ok(())
}
