//! How a count is written: the number formats of Word, OpenDocument and Hangul.

/// A number format.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum NumberFormat {
    /// 1, 2, 3
    #[default]
    Decimal,
    /// 01, 02, 03
    Padded,
    /// I, II, III
    RomanUpper,
    /// i, ii, iii
    RomanLower,
    /// A, B, C
    LatinUpper,
    /// a, b, c
    LatinLower,
    /// One of a run of characters: 가, 나, 다; decimal beyond its end.
    Run(&'static str),
    /// Nothing at all.
    None,
}

/// 가나다.
pub(crate) const SYLLABLES: &str = "가나다라마바사아자차카타파하";
/// The consonants.
pub(crate) const CONSONANTS: &str = "ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊㅋㅌㅍㅎ";
/// Digits in circles.
pub(crate) const CIRCLED: &str = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳";
/// Letters in circles, upper case.
pub(crate) const CIRCLED_UPPER: &str = "ⒶⒷⒸⒹⒺⒻⒼⒽⒾⒿⓀⓁⓂⓃⓄⓅⓆⓇⓈⓉⓊⓋⓌⓍⓎⓏ";
/// Letters in circles, lower case.
pub(crate) const CIRCLED_LOWER: &str = "ⓐⓑⓒⓓⓔⓕⓖⓗⓘⓙⓚⓛⓜⓝⓞⓟⓠⓡⓢⓣⓤⓥⓦⓧⓨⓩ";
/// 가나다 in circles.
pub(crate) const CIRCLED_SYLLABLES: &str = "㉮㉯㉰㉱㉲㉳㉴㉵㉶㉷㉸㉹㉺㉻";
/// The consonants in circles.
pub(crate) const CIRCLED_CONSONANTS: &str = "㉠㉡㉢㉣㉤㉥㉦㉧㉨㉩㉪㉫㉬㉭";
/// Numerals as they are read.
pub(crate) const READ: &str = "일이삼사오육칠팔구십";
/// Chinese numerals.
pub(crate) const CHINESE: &str = "一二三四五六七八九十";
/// Chinese numerals in circles.
pub(crate) const CIRCLED_CHINESE: &str = "㊀㊁㊂㊃㊄㊅㊆㊇㊈㊉";
/// The heavenly stems.
pub(crate) const STEMS: &str = "갑을병정무기경신임계";
/// The heavenly stems in Chinese.
pub(crate) const CHINESE_STEMS: &str = "甲乙丙丁戊己庚辛壬癸";

impl NumberFormat {
    /// The format that Word calls so (`ST_NumberFormat`).
    pub(crate) fn of_word(name: &str) -> Self {
        match name {
            "decimalZero" => Self::Padded,
            "upperRoman" => Self::RomanUpper,
            "lowerRoman" => Self::RomanLower,
            "upperLetter" => Self::LatinUpper,
            "lowerLetter" => Self::LatinLower,
            "ganada" => Self::Run(SYLLABLES),
            "chosung" => Self::Run(CONSONANTS),
            "decimalEnclosedCircle" => Self::Run(CIRCLED),
            "koreanDigital" | "koreanCounting" | "koreanLegal" => Self::Run(READ),
            "ideographDigital" | "japaneseCounting" | "chineseCounting" | "koreanDigital2" => Self::Run(CHINESE),
            "bullet" | "none" => Self::None,
            _ => Self::Decimal,
        }
    }

    /// The format that OpenDocument calls so (`style:num-format`).
    pub(crate) fn of_open_document(name: &str) -> Self {
        match name {
            "I" => Self::RomanUpper,
            "i" => Self::RomanLower,
            "A" => Self::LatinUpper,
            "a" => Self::LatinLower,
            "" => Self::None,
            name if name.starts_with('가') => Self::Run(SYLLABLES),
            name if name.starts_with('ㄱ') => Self::Run(CONSONANTS),
            name if name.starts_with('①') => Self::Run(CIRCLED),
            name if name.starts_with('一') => Self::Run(CHINESE),
            name if name.starts_with('일') => Self::Run(READ),
            _ => Self::Decimal,
        }
    }

    /// A count in this format.
    pub(crate) fn write(self, count: u64) -> String {
        match self {
            Self::Decimal => count.to_string(),
            Self::Padded => format!("{count:02}"),
            Self::RomanUpper => roman(count),
            Self::RomanLower => roman(count).to_lowercase(),
            Self::LatinUpper => latin(count, b'A'),
            Self::LatinLower => latin(count, b'a'),
            Self::Run(run) => {
                let place = usize::try_from(count).ok().and_then(|count| count.checked_sub(1));
                place.and_then(|place| run.chars().nth(place)).map_or_else(|| count.to_string(), String::from)
            }
            Self::None => String::new(),
        }
    }
}

fn roman(count: u64) -> String {
    const PARTS: [(u64, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    if count == 0 || count >= 4000 {
        return count.to_string();
    }
    let mut rest = count;
    let mut out = String::new();
    for (value, letters) in PARTS {
        while rest >= value {
            out.push_str(letters);
            rest -= value;
        }
    }
    out
}

/// A to Z, then AA, BB, CC: as word processors count, not as spreadsheets do.
fn latin(count: u64, first: u8) -> String {
    let Some(place) = count.checked_sub(1).filter(|place| *place < 26 * 8) else { return count.to_string() };
    let letter = char::from(first + (place % 26) as u8);
    std::iter::repeat_n(letter, (place / 26 + 1) as usize).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_written_as_shown() {
        let check = |format: NumberFormat, count, expect: &str| assert_eq!(format.write(count), expect);
        check(NumberFormat::of_word("decimal"), 12, "12");
        check(NumberFormat::of_word("decimalZero"), 7, "07");
        check(NumberFormat::of_word("lowerRoman"), 14, "xiv");
        check(NumberFormat::of_word("upperLetter"), 28, "BB");
        check(NumberFormat::of_word("ganada"), 3, "다");
        check(NumberFormat::of_word("ganada"), 15, "15");
        check(NumberFormat::of_open_document("①, ②, ③, ..."), 2, "②");
        check(NumberFormat::of_word("bullet"), 2, "");
        check(NumberFormat::RomanUpper, u64::MAX, &u64::MAX.to_string());
        check(NumberFormat::LatinLower, 0, "0");
        check(NumberFormat::Run(CIRCLED), 0, "0");
    }
}
