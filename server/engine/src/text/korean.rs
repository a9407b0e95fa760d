//! Korean words without a dictionary: particles and the commonest verb endings are taken off an eojeol (the unit
//! between two spaces) by a suffix table. Wrong cuts are harmless for search, because the analyser keeps bigrams too.

use std::sync::LazyLock;

/// What must stand before a suffix for it to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    /// A syllable with a final consonant.
    Consonant,
    /// A syllable without one.
    Vowel,
    /// A syllable without one, or with ㄹ (`로`).
    VowelOrRieul,
    /// Anything.
    Any,
}

/// One row of the suffix table: the suffix, what it follows, and the fewest syllables that must remain.
type Row = (&'static str, After, usize);

/// Particles (josa). Short ones that also end ordinary nouns need two syllables before them: `종이` (paper) is not
/// `종` + `이`. Agreement with the final consonant keeps `가을`, `마을` and `나이` whole.
const PARTICLES: &[Row] = &[
    ("이", After::Consonant, 2),
    ("가", After::Vowel, 2),
    ("은", After::Consonant, 2),
    ("는", After::Vowel, 1),
    ("을", After::Consonant, 1),
    ("를", After::Vowel, 1),
    ("의", After::Any, 2),
    ("에", After::Any, 1),
    ("도", After::Any, 2),
    ("만", After::Any, 2),
    ("과", After::Consonant, 2),
    ("와", After::Vowel, 2),
    ("로", After::VowelOrRieul, 2),
    ("나", After::Vowel, 2),
    ("랑", After::Vowel, 2),
    ("야", After::Vowel, 3),
    ("들", After::Any, 2),
    ("으로", After::Consonant, 1),
    ("에서", After::Any, 1),
    ("에게", After::Any, 1),
    ("한테", After::Any, 1),
    ("께서", After::Any, 1),
    ("까지", After::Any, 1),
    ("부터", After::Any, 1),
    ("마다", After::Any, 1),
    ("처럼", After::Any, 1),
    ("보다", After::Any, 2),
    ("조차", After::Any, 1),
    ("마저", After::Any, 1),
    ("밖에", After::Any, 1),
    ("만큼", After::Any, 1),
    ("대로", After::Any, 2),
    ("이나", After::Consonant, 1),
    ("이랑", After::Consonant, 1),
    ("라도", After::Vowel, 2),
    ("이라도", After::Consonant, 1),
    ("라고", After::Any, 2),
    ("이라고", After::Consonant, 1),
    ("라는", After::Any, 2),
    ("이라는", After::Consonant, 1),
    ("이란", After::Consonant, 1),
    ("란", After::Vowel, 2),
    ("로서", After::VowelOrRieul, 1),
    ("으로서", After::Consonant, 1),
    ("로써", After::VowelOrRieul, 1),
    ("으로써", After::Consonant, 1),
    ("에서는", After::Any, 1),
    ("에서도", After::Any, 1),
    ("에서의", After::Any, 1),
    ("에는", After::Any, 1),
    ("에도", After::Any, 1),
    ("에만", After::Any, 1),
    ("과의", After::Consonant, 1),
    ("와의", After::Vowel, 1),
    ("로의", After::VowelOrRieul, 1),
    ("으로의", After::Consonant, 1),
    ("로는", After::VowelOrRieul, 1),
    ("으로는", After::Consonant, 1),
    ("로도", After::VowelOrRieul, 1),
    ("으로도", After::Consonant, 1),
    ("로부터", After::VowelOrRieul, 1),
    ("으로부터", After::Consonant, 1),
    ("로만", After::VowelOrRieul, 1),
    ("으로만", After::Consonant, 1),
    ("에게서", After::Any, 1),
    ("에게는", After::Any, 1),
    ("까지는", After::Any, 1),
    ("까지도", After::Any, 1),
];

/// Endings of the copula and of verbs made from nouns with 하다, 되다, 시키다: what remains is the noun, two syllables
/// at least, so that `권한` and `제한` stay whole.
const ENDINGS: &[Row] = &[
    ("이다", After::Any, 2),
    ("입니다", After::Any, 1),
    ("이며", After::Any, 2),
    ("이고", After::Any, 2),
    ("인가", After::Any, 2),
    ("인가요", After::Any, 1),
    ("인지", After::Any, 2),
    ("이었다", After::Any, 2),
    ("였다", After::Any, 2),
    ("일까요", After::Any, 1),
    ("하다", After::Any, 2),
    ("한다", After::Any, 2),
    ("합니다", After::Any, 2),
    ("합니까", After::Any, 2),
    ("하는", After::Any, 2),
    ("하는데", After::Any, 2),
    ("하는지", After::Any, 2),
    ("하나요", After::Any, 2),
    ("하고", After::Any, 2),
    ("하며", After::Any, 2),
    ("하여", After::Any, 2),
    ("하여야", After::Any, 2),
    ("하면", After::Any, 2),
    ("하면서", After::Any, 2),
    ("하지", After::Any, 2),
    ("하지만", After::Any, 2),
    ("하기", After::Any, 2),
    ("하기를", After::Any, 2),
    ("하기에", After::Any, 2),
    ("하기도", After::Any, 2),
    ("하려면", After::Any, 2),
    ("하려고", After::Any, 2),
    ("하도록", After::Any, 2),
    ("하거나", After::Any, 2),
    ("하므로", After::Any, 2),
    ("하게", After::Any, 2),
    ("하던", After::Any, 2),
    ("하라", After::Any, 2),
    ("하세요", After::Any, 2),
    ("하십시오", After::Any, 2),
    ("할까요", After::Any, 2),
    ("할", After::Any, 2),
    ("한", After::Any, 2),
    ("함", After::Any, 2),
    ("해", After::Any, 2),
    ("해서", After::Any, 2),
    ("해야", After::Any, 2),
    ("해도", After::Any, 2),
    ("해요", After::Any, 2),
    ("해라", After::Any, 2),
    ("해주세요", After::Any, 2),
    ("했다", After::Any, 2),
    ("했던", After::Any, 2),
    ("했을", After::Any, 2),
    ("했는데", After::Any, 2),
    ("했습니다", After::Any, 2),
    ("했어요", After::Any, 2),
    ("되다", After::Any, 2),
    ("된다", After::Any, 2),
    ("됩니다", After::Any, 2),
    ("되는", After::Any, 2),
    ("되는데", After::Any, 2),
    ("되나요", After::Any, 2),
    ("되고", After::Any, 2),
    ("되며", After::Any, 2),
    ("되어", After::Any, 2),
    ("되어야", After::Any, 2),
    ("되면", After::Any, 2),
    ("되지", After::Any, 2),
    ("되기", After::Any, 2),
    ("되도록", After::Any, 2),
    ("되거나", After::Any, 2),
    ("되므로", After::Any, 2),
    ("되었다", After::Any, 2),
    ("되었습니다", After::Any, 2),
    ("되었을", After::Any, 2),
    ("됐다", After::Any, 2),
    ("됐을", After::Any, 2),
    ("됐습니다", After::Any, 2),
    ("될", After::Any, 2),
    ("된", After::Any, 2),
    ("됨", After::Any, 2),
    ("돼", After::Any, 2),
    ("돼서", After::Any, 2),
    ("돼요", After::Any, 2),
    ("시키다", After::Any, 2),
    ("시킨다", After::Any, 2),
    ("시킵니다", After::Any, 2),
    ("시키는", After::Any, 2),
    ("시키고", After::Any, 2),
    ("시키면", After::Any, 2),
    ("시키려면", After::Any, 2),
    ("시킬", After::Any, 2),
    ("시킨", After::Any, 2),
    ("습니다", After::Any, 2),
    ("습니까", After::Any, 2),
    ("었다", After::Any, 1),
    ("았다", After::Any, 1),
    ("었습니다", After::Any, 1),
    ("았습니다", After::Any, 1),
    ("어야", After::Any, 1),
    ("아야", After::Any, 1),
    ("으면", After::Any, 1),
    ("으려면", After::Any, 1),
    ("려면", After::Vowel, 1),
    ("으므로", After::Any, 1),
    ("지만", After::Any, 2),
    ("면서", After::Any, 2),
    ("거나", After::Any, 2),
    ("도록", After::Any, 2),
    ("나요", After::Any, 2),
    ("까요", After::Any, 2),
    ("세요", After::Any, 2),
    ("십시오", After::Any, 2),
];

/// A row, and whether it is the ending of a verb.
type Suffix = (Row, bool);

/// All rows by their last character, the longest first, each with whether it is the ending of a verb.
static BY_LAST: LazyLock<Vec<(char, Vec<Suffix>)>> = LazyLock::new(|| {
    let mut table: Vec<(char, Vec<Suffix>)> = Vec::new();
    let rows = |rows: &'static [Row], is_ending| rows.iter().map(move |row| (*row, is_ending));
    for (row, is_ending) in rows(PARTICLES, false).chain(rows(ENDINGS, true)) {
        let Some(last) = row.0.chars().next_back() else { continue };
        match table.iter_mut().find(|(c, _)| *c == last) {
            Some((_, rows)) => rows.push((row, is_ending)),
            None => table.push((last, vec![(row, is_ending)])),
        }
    }
    table.iter_mut().for_each(|(_, rows)| rows.sort_by_key(|(row, _)| std::cmp::Reverse(row.0.len())));
    table.sort_unstable_by_key(|(c, _)| *c);
    table
});

/// Suffixes stack at most this deep (`파드` + `들` + `에` + `는`).
const MAX_STACKED: usize = 3;

/// A noun that ends as an inflected word does, in compounds too: `카드한도` (limit) is not `카드하다` ...
const LIMIT: &str = "한도";
/// ... unless it is one of these with the particle `도`: `접근권한도`.
const NOUNS_IN_HAN: &[&str] =
    &["권한", "제한", "상한", "하한", "기한", "시한", "무한", "국한", "연한", "최대한", "최소한", "북한", "남한"];

/// The stem of an eojeol in NFC: the eojeol less its particles and endings. Never empty unless `eojeol` is.
pub fn stem(eojeol: &str) -> &str {
    parts(eojeol).0
}

/// The stem of an eojeol, and the eojeol less the endings of its verb, which say nothing of what it is about. Particles are
/// left on the latter, since short ones are cut wrongly more often.
pub fn parts(eojeol: &str) -> (&str, &str) {
    let (mut stem, mut said) = (eojeol, eojeol);
    for _ in 0..MAX_STACKED {
        let Some((shorter, is_ending)) = strip_one(stem) else { break };
        stem = shorter;
        if is_ending {
            said = shorter;
        }
    }
    (stem, said)
}

/// Whether a word is nothing but a form of 하다 or 되다: `해요`, `되나요`. Of these endings none is a noun.
pub fn is_light_verb(word: &str) -> bool {
    word.starts_with(['하', '해', '했', '할', '합', '되', '돼', '됐', '될', '됩'])
        && ENDINGS.iter().any(|row| row.0 == word)
}

/// Whether a run of Hangul is nothing but a particle or the copula: what follows a number or a Latin word, as in
/// `503을` and `pod에서는`.
pub fn is_particle(run: &str) -> bool {
    const BARE: &[&str] = &["이", "은", "을", "과", "으로", "로", "라", "인", "일", "임", "하다", "한"];
    BARE.contains(&run)
        || PARTICLES.iter().any(|row| row.0 == run)
        || ENDINGS.iter().any(|row| row.0 == run && row.0.chars().count() > 1)
}

fn strip_one(eojeol: &str) -> Option<(&str, bool)> {
    if eojeol.ends_with(LIMIT)
        && !eojeol.strip_suffix('도').is_some_and(|noun| NOUNS_IN_HAN.iter().any(|n| noun.ends_with(n)))
    {
        return None;
    }
    let last = eojeol.chars().next_back()?;
    let rows = &BY_LAST[BY_LAST.binary_search_by_key(&last, |(c, _)| *c).ok()?].1;
    rows.iter().find_map(|((suffix, after, fewest), is_ending)| {
        let rest = eojeol.strip_suffix(suffix)?;
        let before = rest.chars().next_back()?;
        (agrees(before, *after) && rest.chars().nth(fewest - 1).is_some()).then_some((rest, *is_ending))
    })
}

/// Whether a suffix that follows `after` may stand behind this syllable.
fn agrees(before: char, after: After) -> bool {
    if !('\u{AC00}'..='\u{D7A3}').contains(&before) {
        return after == After::Any;
    }
    // A syllable is 28 × (initial, medial) + final; final 0 is none, 8 is ㄹ (Unicode 3.12).
    let last = (u32::from(before) - 0xAC00) % 28;
    match after {
        After::Any => true,
        After::Consonant => last != 0,
        After::Vowel => last == 0,
        After::VowelOrRieul => last == 0 || last == 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn particles_and_endings_come_off() {
        let check = |eojeol: &str, expect: &str| assert_eq!(stem(eojeol), expect, "{eojeol}");
        check("파드가", "파드");
        check("파드를", "파드");
        check("클러스터에서는", "클러스터");
        check("파드들에는", "파드");
        check("값을", "값");
        check("노드로부터", "노드");
        check("서버로", "서버");
        check("확인한다", "확인");
        check("재시작하려면", "재시작");
        check("설정됩니다", "설정");
        check("클러스터의", "클러스터");
        check("방법은", "방법");
        check("무엇인가요", "무엇");
    }

    #[test]
    fn words_that_only_look_inflected_stay_whole() {
        for word in [
            "가을",
            "마을",
            "나이",
            "종이",
            "권한",
            "제한",
            "하다",
            "이",
            "서로",
            "회의",
            "파드",
            "제도",
            "한도",
            "카드한도",
            "제품하자",
        ] {
            assert_eq!(stem(word), word);
        }
    }

    #[test]
    fn endings_of_verbs_are_told_from_particles() {
        for (eojeol, expect) in [
            ("재시작하려면", ("재시작", "재시작")),
            ("재시작을", ("재시작", "재시작을")),
            ("카드한도는", ("카드한도", "카드한도는")),
            ("권한도", ("권한", "권한도")),
            ("상한도", ("상한", "상한도")),
            ("확인했는지", ("확인했는지", "확인했는지")),
            ("정해진", ("정해진", "정해진")),
        ] {
            assert_eq!(parts(eojeol), expect, "{eojeol}");
        }
    }

    #[test]
    fn bare_particles_are_known() {
        for run in ["을", "가", "에서는", "으로", "입니다", "이"] {
            assert!(is_particle(run), "{run}");
        }
        for run in ["분", "삭제", "개", "파드"] {
            assert!(!is_particle(run), "{run}");
        }
    }

    proptest! {
        #[test]
        fn a_stem_is_a_prefix_and_never_empty(word in "[가-힣]{1,12}") {
            let stem = stem(&word);
            prop_assert!(!stem.is_empty() && word.starts_with(stem));
        }
    }
}
