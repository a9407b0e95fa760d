//! What a font's name tells where its description does not: bold, equal widths, and the ligatures that TeX's fonts do not
//! name.

/// The looks of a font.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Looks {
    pub(super) is_bold: bool,
    pub(super) is_mono: bool,
    is_computer_modern: bool,
    /// Tells fonts apart: their name, hashed.
    pub(super) font: u64,
}

/// Parts of names of bold fonts, in lower case.
const BOLD: [&str; 8] = ["bold", "black", "heavy", "cmbx", "-bd", "ultra", "sfbx", "demi"];

/// Parts of names of fonts for code, in lower case.
const MONO: [&str; 14] = [
    "courier",
    "mono",
    "consol",
    "menlo",
    "cmtt",
    "cmsltt",
    "typewriter",
    "sourcecode",
    "source-code",
    "d2coding",
    "coding",
    "inconsolata",
    "lettergothic",
    "sftt",
];

impl Looks {
    /// The looks of a font with a name such as `ABCDEF+NotoSans-Bold`. Korean fonts of equal widths are used for running
    /// text, so what a font's description says of widths is not asked.
    pub(super) fn of(name: &str) -> Self {
        let name = name.split_once('+').map_or(name, |(_, name)| name).to_lowercase();
        // FNV-1a: the same on every run and machine.
        let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let font = name.bytes().fold(0xcbf2_9ce4_8422_2325, mix);
        Self {
            is_bold: BOLD.iter().any(|part| name.contains(part)),
            is_mono: MONO.iter().any(|part| name.contains(part)) || name.starts_with("nimbusmon"),
            is_computer_modern: name.starts_with("cm") && name.ends_with(|c: char| c.is_ascii_digit()),
            font,
        }
    }

    /// The character that a glyph shows. Computer Modern has its ligatures at the places of control characters, and files
    /// that do not say what they mean get other characters for them.
    pub(super) fn mended(self, char: char) -> char {
        match char {
            '\u{b}' | '↵' if self.is_computer_modern => 'ﬀ',
            '\u{fffd}' | '\u{e}' if self.is_computer_modern => 'ﬃ',
            // Codes that WinAnsi leaves unused show a bullet (ISO 32000-1, annex D.2), and some programs write this one.
            '\u{7f}' => '•',
            _ => char,
        }
    }
}

/// The letters of a ligature.
pub(super) fn letters(ligature: char) -> Option<&'static str> {
    Some(match ligature {
        'ﬀ' => "ff",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        'ﬃ' => "ffi",
        'ﬄ' => "ffl",
        'ﬅ' | 'ﬆ' => "st",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, is_bold: bool, is_mono: bool) {
        let looks = Looks::of(name);
        assert_eq!((looks.is_bold, looks.is_mono), (is_bold, is_mono), "{name}");
    }

    #[test]
    fn names_tell_bold_and_code() {
        check("ABCDEF+CMBX12", true, false);
        check("CMR10", false, false);
        check("RGZAFB+CMTT9", false, true);
        check("NanumGothicCoding-Bold", true, true);
        check("AAAAAC+BatangChe", false, false);
        check("NimbusMonL-Regu", false, true);
        check("", false, false);
    }

    #[test]
    fn ligatures_of_computer_modern_are_letters() {
        assert_eq!(letters(Looks::of("X+CMR10").mended('↵')), Some("ff"));
        assert_eq!(letters(Looks::of("X+CMBX12").mended('\u{fffd}')), Some("ffi"));
        assert_eq!(Looks::of("Arial").mended('↵'), '↵');
        assert_eq!(letters('a'), None);
    }
}
