//! How the parts of an Office package refer to each other (ECMA-376 part 2), and what the package says about itself.

use std::collections::HashMap;

use crate::archive::Archive;
use crate::blocks::Blocks;
use crate::xml::Element;
use crate::{Problem, ProblemKind};

/// A package and the blocks that are read from it.
pub(super) struct Package<'a> {
    archive: Archive<'a>,
    /// What has been read.
    pub(super) blocks: Blocks,
}

/// What a part refers to.
#[derive(Debug, Default)]
pub(super) struct Relations {
    by_id: HashMap<String, Relation>,
}

#[derive(Debug)]
struct Relation {
    kind: String,
    target: String,
}

impl Relations {
    /// The part with an id.
    pub(super) fn by_id(&self, id: &str) -> Option<&str> {
        self.by_id.get(id).map(|relation| relation.target.as_str())
    }

    /// The part of a kind (`styles`, `footnotes`), the last word of its type.
    pub(super) fn by_kind(&self, kind: &str) -> Option<&str> {
        let mut found: Vec<_> = self.by_id.iter().filter(|(_, relation)| relation.kind == kind).collect();
        found.sort_by_key(|(id, _)| id.as_str());
        found.first().map(|(_, relation)| relation.target.as_str())
    }

    /// The parts of a kind, each with its id.
    pub(super) fn of_kind<'s>(&'s self, kind: &'s str) -> impl Iterator<Item = (&'s str, &'s str)> {
        let found = self.by_id.iter().filter(move |(_, relation)| relation.kind == kind);
        found.map(|(id, relation)| (id.as_str(), relation.target.as_str()))
    }

    /// How many parts of some kinds there are.
    pub(super) fn count(&self, kinds: &[&str]) -> usize {
        self.by_id.values().filter(|relation| kinds.contains(&relation.kind.as_str())).count()
    }
}

impl<'a> Package<'a> {
    /// Opens a package.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Problem> {
        Ok(Self { archive: Archive::open(bytes)?, blocks: Blocks::default() })
    }

    /// Reads a part; an empty element where there is none.
    pub(super) fn part(&mut self, name: &str) -> Result<Element, Problem> {
        let blocks = &mut self.blocks;
        self.archive.xml(name, &mut |problem| blocks.note(problem))
    }

    /// Reads a part that the file is nothing without.
    pub(super) fn main_part(&mut self, name: &str) -> Result<Element, Problem> {
        let mut damage = Vec::new();
        let element = self.archive.xml(name, &mut |problem| damage.push(problem))?;
        if element == Element::default() {
            let detail = match damage.first() {
                Some(problem) => format!("the part {name} is damaged: {}", problem.detail),
                None => format!("the part {name} is missing or empty"),
            };
            return Err(Problem::new(ProblemKind::Malformed, detail));
        }
        damage.into_iter().for_each(|problem| self.blocks.note(problem));
        Ok(element)
    }

    /// What a part refers to inside of the package.
    pub(super) fn relations(&mut self, part: &str) -> Result<Relations, Problem> {
        let (folder, file) = part.rsplit_once('/').unwrap_or(("", part));
        let root = self.part(&format!("{folder}/_rels/{file}.rels"))?;
        let mut by_id = HashMap::new();
        for element in root.elements() {
            let (Some(id), Some(target)) = (element.attribute("Id"), element.attribute("Target")) else { continue };
            if element.attribute("TargetMode") == Some("External") {
                continue;
            }
            let kind = element.attribute("Type").and_then(|kind| kind.rsplit('/').next()).unwrap_or_default();
            by_id.insert(id.to_owned(), Relation { kind: kind.to_owned(), target: resolve(folder, target) });
        }
        Ok(Relations { by_id })
    }

    /// The part that the package is about (`word/document.xml`), and its title on the way.
    pub(super) fn find_main(&mut self, default: &str) -> Result<String, Problem> {
        let relations = self.relations("")?;
        if let Some(core) = relations.by_kind("core-properties") {
            let core = core.to_owned();
            let title = self.part(&core)?.child("title").map(Element::text).unwrap_or_default();
            self.blocks.set_title(&title);
        }
        Ok(relations.by_kind("officeDocument").unwrap_or(default).to_owned())
    }
}

/// The name of a part that another one in `folder` calls `target`.
fn resolve(folder: &str, target: &str) -> String {
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut path: Vec<&str> = folder.split('/').filter(|step| !step.is_empty()).collect();
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                path.pop();
            }
            step => path.push(step),
        }
    }
    path.join("/")
}

/// Whether a switch (`<w:b/>`, `<w:b w:val="0"/>`) is on.
pub(super) fn is_on(element: Option<&Element>) -> bool {
    element.is_some_and(|element| !matches!(element.attribute("val"), Some("0" | "false" | "off" | "none")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_main_part_that_is_damaged_is_not_told_as_missing() {
        let check = |bytes: &[u8], expect: &str| {
            let problem = Package::open(bytes).unwrap().main_part("word/document.xml").unwrap_err();
            assert!(problem.detail.starts_with(expect), "{}", problem.detail);
        };
        let mut bytes = crate::testing::zip_of(&[("word/document.xml", "<w:document>text of it</w:document>")]);
        let data = 30 + "word/document.xml".len();
        bytes[data..data + 12].fill(0xff);
        check(&bytes, "the part word/document.xml is damaged: ");
        check(&crate::testing::zip_of(&[("a.xml", "<a/>")]), "the part word/document.xml is missing or empty");
    }

    #[test]
    fn targets_are_resolved_inside_of_the_package() {
        let check = |folder, target, expect: &str| assert_eq!(resolve(folder, target), expect);
        check("word", "styles.xml", "word/styles.xml");
        check("ppt/slides", "../notesSlides/n1.xml", "ppt/notesSlides/n1.xml");
        check("word", "/word/numbering.xml", "word/numbering.xml");
        check("", "word/document.xml", "word/document.xml");
        check("word", "../../../../etc/passwd", "etc/passwd");
    }
}
