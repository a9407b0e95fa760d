//! Messages for whoever may ask `/health`: where things lie on this machine is told to its owner in the log, and to
//! nobody else. Documents are shown by the path that the resources give them, the program's own folders by a name.

use std::path::{Path, PathBuf};

use crate::resources::{Folder, Origin};
use crate::settings::Settings;

/// How paths of this machine are shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShownPaths(Vec<(String, String)>);

impl ShownPaths {
    /// `DATA`, `MODELS` and `CACHE` for the program's own folders, and resource files by their names.
    pub fn of(settings: &Settings, origin: &Origin) -> Self {
        let mut shown = Self::default();
        shown.add(&settings.data, "DATA");
        shown.add(&settings.models_dir, "MODELS");
        shown.add(&settings.cache_dir, "CACHE");
        if let Some(path) = origin.watched()
            && let Some(name) = path.file_name()
        {
            shown.add(path, &name.to_string_lossy());
        }
        shown
    }

    /// And folders of documents as the resources write them.
    #[must_use]
    pub fn with_folders(&self, folders: &[Folder]) -> Self {
        let mut shown = self.clone();
        folders.iter().for_each(|folder| shown.add(&folder.path, &folder.written));
        shown
    }

    fn add(&mut self, path: &Path, shown: &str) {
        let forms = [Some(path.to_owned()), std::path::absolute(path).ok(), path.canonicalize().ok()];
        for form in forms.into_iter().flatten().filter(|form| form.is_absolute() && form.parent().is_some()) {
            self.0.push((without_end(&form), shown.to_owned()));
        }
        // The longest first: of two folders that lie in each other the inner one names the file.
        self.0.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    }

    /// The message with every path shown so.
    pub fn apply(&self, message: &str) -> String {
        self.0.iter().fold(message.to_owned(), |text, (path, shown)| replace_path(&text, path, shown))
    }
}

fn without_end(path: &Path) -> String {
    let text = path.as_os_str().to_string_lossy();
    let text = text.trim_end_matches("/.").trim_end_matches('/');
    PathBuf::from(text).display().to_string()
}

/// Replaces `path` where it stands as a whole path or as the beginning of one.
fn replace_path(text: &str, path: &str, shown: &str) -> String {
    let (mut out, mut rest, mut before) = (String::new(), text, None);
    while let Some(at) = rest.find(path) {
        let (head, tail) = rest.split_at(at);
        let tail = &tail[path.len()..];
        let stands_alone = ends_name(tail) && !head.chars().next_back().or(before).is_some_and(continues_name);
        out.push_str(head);
        out.push_str(if stands_alone { shown } else { path });
        before = path.chars().next_back();
        rest = tail;
    }
    out + rest
}

/// Whether a name ends before `tail`: a full stop with nothing behind it ends a sentence, not a name.
fn ends_name(tail: &str) -> bool {
    let mut chars = tail.chars();
    match chars.next() {
        None | Some('/') => true,
        Some('.') => !chars.next().is_some_and(continues_name),
        Some(c) => !continues_name(c),
    }
}

fn continues_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '~' | '+' | '@')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown() -> ShownPaths {
        let mut shown = ShownPaths::default();
        shown.add(Path::new("/srv/rag/data"), "DATA");
        shown.add(Path::new("/srv/rag/./docs"), "./docs");
        shown.add(Path::new("/srv/rag/data/input/"), "input");
        shown.add(Path::new("/"), "ROOT");
        shown
    }

    #[test]
    fn paths_are_shown_from_the_folder_that_is_known() {
        let check = |message: &str, expected: &str| assert_eq!(shown().apply(message), expected);
        check("/srv/rag/data/indexes/faq/active.json: no space", "DATA/indexes/faq/active.json: no space");
        check("the folder /srv/rag/./docs does not exist", "the folder ./docs does not exist");
        check("the folder /srv/rag/docs does not exist", "the folder ./docs does not exist");
        check("in /srv/rag/data, /srv/rag/docs.", "in DATA, ./docs.");
        check("/srv/rag/data/input/a.md", "input/a.md");
        check("`/srv/rag/data`", "`DATA`");
    }

    #[test]
    fn what_only_looks_like_a_known_folder_is_left_alone() {
        for message in
            ["/srv/rag/database", "/srv/rag/data.old/x", "/mnt/srv/rag/data", "/srv/rag/data데이터", "no path"]
        {
            assert_eq!(shown().apply(message), message);
        }
    }
}
