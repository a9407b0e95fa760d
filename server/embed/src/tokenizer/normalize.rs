//! Turns text into the characters the vocabulary was trained on, each with the byte offset it came from.
//! NFC, then a map of single code points, then whitespace: runs collapse to one `▁` before each word, none at the end.

use unicode_normalization::char::canonical_combining_class;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Stands for the space before a word (U+2581).
pub(crate) const WORD_MARK: char = '\u{2581}';

/// What code points become. Looked up by binary search within blocks of 256 code points.
pub(crate) struct CharacterMap {
    /// `(code point, end of its output in `output`)`, ascending; an output starts where the one before it ends.
    entries: Vec<(u32, u32)>,
    output: Vec<char>,
    /// Index into `entries` of the first code point of each block of 256.
    blocks: Vec<u32>,
}

const BLOCK_BITS: u32 = 8;
const BLOCKS: u32 = (char::MAX as u32 >> BLOCK_BITS) + 1;

impl CharacterMap {
    /// Takes the replacements in ascending order of their code points.
    pub(crate) fn new(replacements: impl Iterator<Item = (u32, Vec<char>)>) -> Self {
        let (mut entries, mut output) = (Vec::new(), Vec::new());
        for (code_point, replacement) in replacements {
            output.extend(replacement);
            entries.push((code_point, output.len() as u32));
        }
        let first_of = |block: u32| entries.partition_point(|(c, _)| c >> BLOCK_BITS < block) as u32;
        let blocks = (0..=BLOCKS).map(first_of).collect();
        Self { entries, output, blocks }
    }

    /// What `character` becomes, or nothing when it stays itself.
    fn get(&self, character: char) -> Option<&[char]> {
        let code_point = character as u32;
        let block = (code_point >> BLOCK_BITS) as usize;
        let (first, end) = (self.blocks[block] as usize, self.blocks[block + 1] as usize);
        let index = first + self.entries[first..end].binary_search_by_key(&code_point, |(c, _)| *c).ok()?;
        let start = if index == 0 { 0 } else { self.entries[index - 1].1 };
        Some(&self.output[start as usize..self.entries[index].1 as usize])
    }

    /// Whether `character` becomes a space.
    pub(super) fn is_space(&self, character: char) -> bool {
        self.get(character) == Some(&[' '])
    }
}

/// Calls `emit` with each normalised character and the byte offset in `text` of the character it came from.
/// The first character is a [`WORD_MARK`]; a text of nothing but spaces gives nothing.
pub(crate) fn normalize(text: &str, map: &CharacterMap, mut emit: impl FnMut(char, usize)) {
    let mut space_at = Some(0);
    let mut push = |character: char, at: usize| match character {
        // NUL has no entry in the map, unlike the other controls; C programs never see it.
        '\0' => {}
        ' ' | WORD_MARK => {
            space_at.get_or_insert(at);
        }
        _ => {
            if let Some(space) = space_at.take() {
                emit(WORD_MARK, space);
            }
            emit(character, at);
        }
    };
    compose(text, |character, at| match map.get(character) {
        None => push(character, at),
        Some(replacement) => replacement.iter().for_each(|c| push(*c, at)),
    });
}

/// Calls `emit` with the characters of `text` in NFC; characters that were composed share the first one's offset.
fn compose(text: &str, mut emit: impl FnMut(char, usize)) {
    let mut characters = text.char_indices().peekable();
    while let Some((start, first)) = characters.next() {
        let mut end = start + first.len_utf8();
        while let Some((at, next)) = characters.next_if(|(_, c)| !starts_anew(*c)) {
            end = at + next.len_utf8();
        }
        let stretch = &text[start..end];
        if stretch.len() == first.len_utf8() && starts_anew(first) {
            emit(first, start);
        } else {
            stretch.nfc().for_each(|c| emit(c, start));
        }
    }
}

/// Whether composition never joins `character` to what stands before it, nor changes it alone.
fn starts_anew(character: char) -> bool {
    match character {
        // Below U+0300, Hangul syllables and common ideographs: true for all, and nearly all text.
        ..'\u{300}' | '\u{ac00}'..='\u{d7a3}' | '\u{4e00}'..='\u{9fff}' => true,
        _ => canonical_combining_class(character) == 0 && is_nfc_quick(std::iter::once(character)) == IsNormalized::Yes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map() -> CharacterMap {
        let table = [('\u{7}', ""), ('\t', " "), ('\u{bc}', "1⁄4"), ('\u{3000}', " "), ('\u{ff21}', "A")];
        CharacterMap::new(table.into_iter().map(|(c, out)| (c as u32, out.chars().collect())))
    }

    fn check(text: &str, expected: &[(char, usize)]) {
        let mut got = Vec::new();
        normalize(text, &map(), |c, at| got.push((c, at)));
        assert_eq!(got, expected, "{text:?}");
    }

    #[test]
    fn spaces_collapse_before_words_and_vanish_at_the_end() {
        check("", &[]);
        check(" \t\u{3000} ", &[]);
        check("a", &[('▁', 0), ('a', 0)]);
        check("  a \t b  ", &[('▁', 0), ('a', 2), ('▁', 3), ('b', 6)]);
        check("▁a▁", &[('▁', 0), ('a', 3)]);
    }

    #[test]
    fn mapped_characters_keep_the_offset_of_their_source() {
        check("\u{7}Ａ\u{0}¼", &[('▁', 0), ('A', 1), ('1', 5), ('⁄', 5), ('4', 5)]);
    }

    #[test]
    fn decomposed_text_is_composed_with_the_first_offset() {
        check("\u{1100}\u{1161}\u{11a8}x", &[('▁', 0), ('각', 0), ('x', 9)]);
        check("e\u{301}\u{323}", &[('▁', 0), ('ẹ', 0), ('\u{301}', 0)]);
        check("\u{301}a", &[('▁', 0), ('\u{301}', 0), ('a', 2)]);
        check("\u{212b}", &[('▁', 0), ('Å', 0)]);
    }

    proptest::proptest! {
        #[test]
        fn composition_in_stretches_is_composition_of_the_whole(text in r"[a-e가-깋\u{1100}-\u{11ff}\u{300}-\u{345}\u{0f71}-\u{0f84}\u{9be}-\u{9d7}\u{2126}\u{fb1d}-\u{fb4f}]{0,30}") {
            let mut stretches = String::new();
            compose(&text, |c, _| stretches.push(c));
            proptest::prop_assert_eq!(stretches, text.nfc().collect::<String>());
        }
    }
}
