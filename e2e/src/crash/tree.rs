//! A folder as a value: what is in it, to be compared, and to be written out somewhere else.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a path holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Node {
    /// A folder.
    Dir,
    /// A file and its bytes.
    File(Arc<Vec<u8>>),
}

/// Everything below a folder, by relative path. A path's parents are in it too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Tree(BTreeMap<PathBuf, Node>);

impl Tree {
    /// Adds a node. Its parents are the caller's to add.
    pub fn insert(&mut self, path: impl Into<PathBuf>, node: Node) {
        self.0.insert(path.into(), node);
    }

    /// What is at `path`.
    pub fn get(&self, path: impl AsRef<Path>) -> Option<&Node> {
        self.0.get(path.as_ref())
    }

    /// The bytes of a file, if `path` is one.
    pub fn bytes(&self, path: impl AsRef<Path>) -> Option<&[u8]> {
        match self.get(path) {
            Some(Node::File(bytes)) => Some(bytes),
            _ => None,
        }
    }

    /// All nodes; a folder comes before what is in it.
    pub fn nodes(&self) -> impl Iterator<Item = (&Path, &Node)> {
        self.0.iter().map(|(path, node)| (path.as_path(), node))
    }

    /// Reads the folder `dir`. Anything but files and folders is an error that names it.
    pub fn read(dir: &Path) -> io::Result<Self> {
        let mut tree = Self::default();
        tree.read_below(dir, Path::new(""))?;
        Ok(tree)
    }

    fn read_below(&mut self, root: &Path, relative: &Path) -> io::Result<()> {
        for entry in fs::read_dir(root.join(relative))? {
            let entry = entry?;
            let path = relative.join(entry.file_name());
            let kind = entry.file_type()?;
            if kind.is_dir() {
                self.insert(path.clone(), Node::Dir);
                self.read_below(root, &path)?;
            } else if kind.is_file() {
                self.insert(path, Node::File(Arc::new(fs::read(entry.path())?)));
            } else {
                return Err(io::Error::other(format!("{} is neither a file nor a folder", entry.path().display())));
            }
        }
        Ok(())
    }

    /// Writes everything into the existing folder `dir`, which should be empty.
    pub fn write(&self, dir: &Path) -> io::Result<()> {
        for (path, node) in self.nodes() {
            match node {
                Node::Dir => fs::create_dir(dir.join(path))?,
                Node::File(bytes) => fs::write(dir.join(path), bytes.as_slice())?,
            }
        }
        Ok(())
    }

    /// The paths at which two trees differ, for messages.
    pub fn differences(&self, other: &Self) -> Vec<PathBuf> {
        let paths: std::collections::BTreeSet<_> = self.0.keys().chain(other.0.keys()).collect();
        paths.into_iter().filter(|path| self.get(path) != other.get(path)).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_written_and_read_back_is_the_same() {
        let mut tree = Tree::default();
        tree.insert("a", Node::Dir);
        tree.insert("a/한.txt", Node::File(Arc::new(b"\x00 bytes".to_vec())));
        tree.insert("empty", Node::Dir);
        let dir = tempfile::tempdir().unwrap();
        tree.write(dir.path()).unwrap();
        let mut read = Tree::read(dir.path()).unwrap();
        assert_eq!(read, tree);
        read.insert("a/한.txt", Node::File(Arc::default()));
        assert_eq!(tree.differences(&read), [PathBuf::from("a/한.txt")]);
    }
}
