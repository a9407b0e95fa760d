//! What sentences stand under, as it is shown: title and headings, and the file where two documents share a title.

use std::collections::{BTreeMap, BTreeSet};

use crate::index::IndexError;
use crate::index::passages::Passages;

use super::extract::{Extraction, Section};

/// The section of each picked piece; `None` where a document has neither title nor headings. Equal texts are equal
/// sections.
pub(super) fn shown(passages: &Passages, extraction: &Extraction) -> Result<Vec<Option<String>>, IndexError> {
    let sections: Vec<&Section> = extraction.picked.iter().map(|at| &extraction.pieces[*at].section).collect();
    let documents: BTreeSet<u32> = sections.iter().map(|section| section.document).collect();
    let mut titles = BTreeMap::new();
    let mut beside = BTreeMap::new();
    for number in documents {
        let document = passages.document(number)?;
        for section in sections.iter().filter(|section| section.document == number) {
            let above = passages.title_above(&document, &section.headings)?;
            if above != document.title {
                beside.insert(*section, above);
            }
        }
        titles.insert(number, (document.title, format!("{}: {}", document.source, document.id)));
    }
    let path = |section: &Section| match beside.get(section) {
        Some(file) => Some([std::slice::from_ref(file), section.headings.as_slice()].concat().join(" › ")),
        None => text(section, &titles),
    };
    Ok(told_apart(&sections, path))
}

/// Sections whose texts are the same are counted: `Pumps › Steps`, `Pumps › Steps (2)`, passing over texts that a section has
/// by itself.
fn told_apart(sections: &[&Section], text: impl Fn(&Section) -> Option<String>) -> Vec<Option<String>> {
    let mut taken: BTreeSet<Option<String>> = sections.iter().map(|section| text(section)).collect();
    let mut first: BTreeMap<Option<String>, &Section> = BTreeMap::new();
    let mut named: Vec<(&Section, Option<String>)> = Vec::new();
    for section in sections {
        if named.iter().any(|(other, _)| other == section) {
            continue;
        }
        let text = text(section);
        let is_first = *first.entry(text.clone()).or_insert(section) == *section;
        let counted = || {
            text.as_ref().and_then(|text| {
                (2..).map(|n| format!("{text} ({n})")).find(|name| !taken.contains(&Some(name.clone())))
            })
        };
        let name = if is_first { text.clone() } else { counted() };
        taken.insert(name.clone());
        named.push((section, name));
    }
    let name = |section: &Section| named.iter().find(|(other, _)| *other == section).and_then(|(_, name)| name.clone());
    sections.iter().map(|section| name(section)).collect()
}

fn text(section: &Section, titles: &BTreeMap<u32, (String, String)>) -> Option<String> {
    let (title, file) = titles.get(&section.document)?;
    let title = title.trim();
    let is_shared = titles.values().filter(|(other, _)| other.trim() == title).count() > 1;
    let title = match (is_shared, title) {
        (false, title) => title.to_owned(),
        (true, "") => file.clone(),
        (true, title) => format!("{title} ({file})"),
    };
    let headings = match section.headings.split_first() {
        Some((first, rest)) if titles[&section.document].0.trim() == first.trim() => rest,
        _ => &section.headings,
    };
    let path = path_of(&title, headings);
    (!path.is_empty()).then_some(path)
}

/// A title and headings on one line: `Certificate expiry › Kafka`. A first heading that is the title is said once.
pub(super) fn path_of(title: &str, headings: &[String]) -> String {
    let (first, rest) = (title.trim(), headings.iter().map(|heading| heading.trim()));
    let rest = rest.enumerate().filter(|(at, heading)| *at > 0 || *heading != first).map(|(_, heading)| heading);
    let path: Vec<&str> = std::iter::once(first).chain(rest).filter(|part| !part.is_empty()).collect();
    path.join(" › ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_stand_behind_the_title_once_and_the_file_tells_equal_titles_apart() {
        let titles = |names: &[&str]| -> BTreeMap<u32, (String, String)> {
            (0..).zip(names).map(|(n, title)| (n, ((*title).to_owned(), format!("docs: {n}.md")))).collect()
        };
        let check = |names: &[&str], headings: &[&str], expect: Option<&str>| {
            let headings = headings.iter().map(|heading| (*heading).to_owned()).collect();
            assert_eq!(text(&Section { headings, ..Section::default() }, &titles(names)).as_deref(), expect);
        };
        check(&["Operations"], &["Operations", "Kafka", "Restart"], Some("Operations › Kafka › Restart"));
        check(&["Operations"], &["Kafka"], Some("Operations › Kafka"));
        check(&["Contacts", "Contacts"], &["Contacts", "EU"], Some("Contacts (docs: 0.md) › EU"));
        check(&["Contacts", "Windows"], &[], Some("Contacts"));
        check(&[""], &["EU"], Some("EU"));
        check(&["", ""], &[], Some("docs: 0.md"));
        check(&[""], &[], None);
    }

    #[test]
    fn sections_with_the_same_headings_are_counted() {
        let of = |number| Section { number: (number, 0), headings: vec!["Steps".to_owned()], ..Section::default() };
        let (steam, diesel) = (of(1), of(3));
        let counted = Section { headings: vec!["Steps (2)".to_owned()], ..of(5) };
        let shown = told_apart(&[&steam, &diesel, &steam], |section| section.headings.first().cloned());
        assert_eq!(shown.into_iter().flatten().collect::<Vec<_>>(), ["Steps", "Steps (2)", "Steps"]);
        let shown = told_apart(&[&steam, &diesel, &counted], |section| section.headings.first().cloned());
        assert_eq!(shown.into_iter().flatten().collect::<Vec<_>>(), ["Steps", "Steps (3)", "Steps (2)"]);
    }
}
