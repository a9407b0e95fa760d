//! Titles that files declare about themselves: which of them a person wrote.

/// What programs write by themselves, in small letters, without spaces and numbers at the end.
const OF_PROGRAMS: [&str; 22] = [
    "book",
    "document",
    "powerpointpresentation",
    "powerpoint프레젠테이션",
    "presentation",
    "sheet",
    "slide",
    "spreadsheet",
    "title",
    "untitled",
    "untitleddocument",
    "untitledpresentation",
    "untitledspreadsheet",
    "workbook",
    "문서",
    "슬라이드",
    "제목",
    "제목없는문서",
    "제목없는스프레드시트",
    "제목없는프레젠테이션",
    "제목없음",
    "통합문서",
];

/// Whether a title says something: it has letters or digits, and is not what programs write where nobody says a title.
pub(crate) fn says_title(title: &str) -> bool {
    let bare: String = title.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let word = bare.trim_end_matches(|c: char| c.is_ascii_digit());
    !bare.is_empty() && !OF_PROGRAMS.contains(&word) && !OF_PROGRAMS.contains(&bare.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_of_programs_say_nothing() {
        for title in
            ["", " - ", "PowerPoint Presentation", "PowerPoint 프레젠테이션", "Untitled", "통합 문서1", "Book 2"]
        {
            assert!(!says_title(title), "{title}");
        }
        for title in ["2026", "Presentation of the pumps", "제목 정하기", "Book of names", "통합 문서 관리"]
        {
            assert!(says_title(title), "{title}");
        }
    }
}
