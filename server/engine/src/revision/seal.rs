//! Makes a folder being built into a revision: digest every file, sync all of it, write the manifest, then rename.
//! The order is what makes a torn revision impossible; see the crash tests before changing it.

use std::path::Path;

use ragops_storage::{digest_file, durable};

use super::manifest::{self, FileEntry, Manifest};
use super::{RevisionError, store};

/// Seals `building` as `target`. The manifest comes without its file list, which is taken from the folder.
///
/// 1. every file gets the rights of its folder, is digested and synced, and every folder synced;
/// 2. the manifest is written under a temporary name, synced, renamed, and the folder synced;
/// 3. the folder gets its final name, and its parent is synced.
pub fn seal(building: &Path, target: &Path, mut manifest: Manifest) -> Result<Manifest, RevisionError> {
    manifest.files = file_entries(building)?;
    durable::sync_tree(building)?;
    let path = building.join(manifest::FILE);
    let bytes = match manifest.to_file() {
        Ok(bytes) => bytes,
        Err(e) => return Err(RevisionError::Manifest { path, reason: e.to_string() }),
    };
    durable::replace_file(&path, &bytes)?;
    // A folder of that name can only be one that the build found damaged, or one whose identity has the same 8 digits.
    store::set_aside(target)?;
    durable::rename(building, target)?;
    Ok(manifest)
}

fn file_entries(root: &Path) -> Result<Vec<FileEntry>, RevisionError> {
    let entry = |path: String| {
        durable::share_as_folder(&root.join(&path))?;
        let (sha256, size) = digest_file(&root.join(&path))?;
        Ok(FileEntry { path, size, sha256 })
    };
    files_in(root)?.into_iter().map(entry).collect()
}

/// Every file below `root`, as a path with `/`, sorted.
pub(super) fn files_in(root: &Path) -> Result<Vec<String>, RevisionError> {
    let mut files = Vec::new();
    collect(root, "", &mut files)?;
    files.sort();
    Ok(files)
}

fn collect(dir: &Path, prefix: &str, files: &mut Vec<String>) -> Result<(), RevisionError> {
    for path in durable::list(dir)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let relative = format!("{prefix}{name}");
        if path.is_dir() {
            collect(&path, &format!("{relative}/"), files)?;
        } else {
            files.push(relative);
        }
    }
    Ok(())
}
