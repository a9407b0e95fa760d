//! Joins the lines of a paragraph: undoes hyphens that a line break made, and decides whether a blank stood where a line
//! of Hangul ends. Typesetters break Hangul inside words, and many PDFs do not write the blank at a line's end.

use std::collections::BTreeSet;

use super::eojeol::{
    PARTICLES, ends_in_particle, ends_word, is_bound, is_first_piece, is_hangul, is_last_piece, stem, takes_verb,
};

/// The words that a document writes inside its lines, where no break can have cut them.
#[derive(Debug, Default)]
pub(super) struct Words {
    seen: BTreeSet<String>,
    wrapping: Wrapping,
    breaks: Breaks,
}

/// Where the document breaks lines of Hangul.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Wrapping {
    /// Too few breaks to tell.
    #[default]
    Unknown,
    /// Anywhere; where a blank stood, the line ends with it.
    Characters,
    /// Between words only; the blanks are gone.
    Words,
}

/// The breaks after Hangul and before Hangul.
#[derive(Debug, Clone, Copy, Default)]
struct Breaks {
    /// Those with a blank before them.
    with_blank: usize,
    /// Those without.
    without: usize,
    /// Those without, after what looks like the end of a word.
    after_word: usize,
    /// Those without that cut a word which the document writes elsewhere.
    cut: usize,
    /// Those without between two words which it writes elsewhere.
    between: usize,
}

impl Breaks {
    /// Whether the writer leaves the blank out at which a line ends.
    fn blanks_are_gone(self) -> bool {
        self.with_blank * 8 <= self.with_blank + self.without
    }
}

/// Fewest breaks that tell how a document wraps.
const MIN_BREAKS: usize = 8;

/// How far a line reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// To the right edge of its column: the break may have cut a word.
    Full,
    /// It stops short of the edge by more than a character, which most writers that cut words would have filled.
    Near,
    /// It stops well before the edge.
    Short,
}

/// Most words kept; a handbook has some 20,000 different ones.
const MAX_WORDS: usize = 200_000;

/// First parts of compounds that keep their hyphen when nothing else in the document tells.
const HYPHENATED_FIRSTS: [&str; 9] = ["self", "well", "ex", "all", "half", "cross", "state", "low", "high"];

impl Words {
    /// Adds the words of a line but its first and its last, which a break may have cut.
    pub(super) fn add_line(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let Some(inner) = words.get(1..words.len().saturating_sub(1)) else { return };
        for word in inner {
            if self.seen.len() >= MAX_WORDS {
                return;
            }
            let word = bare(word);
            if !word.is_empty() && !self.seen.contains(&word) {
                self.seen.insert(word);
            }
        }
    }

    /// Adds a break between two lines of a paragraph, of which the first fills its column. All words come first.
    pub(super) fn add_break(&mut self, before: &str, after: &str) {
        let is_between = before.trim_end().ends_with(is_hangul) && after.trim_start().starts_with(is_hangul);
        if !is_between {
            return;
        }
        if before.ends_with(char::is_whitespace) {
            self.breaks.with_blank += 1;
        } else {
            self.breaks.without += 1;
            self.breaks.after_word += usize::from(ends_word(last_word(before)));
            let (tail, head) = (last_word(before), first_word(after));
            let are_two = self.has(tail) && self.has(head);
            let is_one = self.has(&format!("{tail}{head}"));
            self.breaks.cut += usize::from(is_one && !are_two);
            self.breaks.between += usize::from(are_two && !is_one);
        }
        // Words of running text end so in two of three places, their insides in one of three.
        let Breaks { with_blank, without, after_word, cut, between } = self.breaks;
        self.wrapping = match with_blank + without {
            0..MIN_BREAKS => Wrapping::Unknown,
            total if with_blank * 8 > total || cut >= 2 && cut * 4 > between => Wrapping::Characters,
            _ if after_word * 2 > without => Wrapping::Words,
            _ => Wrapping::Characters,
        };
    }

    fn has(&self, word: &str) -> bool {
        self.seen.contains(&bare(word))
    }

    /// Whether it writes a word that begins so: with another particle, or as the first part of a compound.
    fn has_start(&self, start: &str) -> bool {
        let start = bare(start);
        self.seen.range(start.clone()..).next().is_some_and(|word| word.starts_with(&start))
    }

    /// Whether it writes a word like the one behind a break, and none that begins with both sides of it together. Of the one
    /// before it that need be known only where it is a syllable, or what follows is mostly written to it.
    fn knows_two(&self, tail: &str, head: &str) -> bool {
        let stem_of_head = stem(head);
        let start: String = head.chars().take(2).collect();
        let is_head_known = self.has(head) || stem_of_head.chars().count() >= 2 && self.has_start(&start);
        let is_tail_known = || self.has(tail) || ends_word(tail) && self.has_start(stem(tail));
        let is_verb = head.starts_with(|c| "하한할합했되된될됩됐들적".contains(c));
        let is_piece = is_first_piece(tail) || is_last_piece(head) || is_bound(head);
        let is_tail_whole = (tail.chars().count() >= 2 && !is_verb) || is_tail_known();
        is_head_known && is_tail_whole && !is_piece && !self.has_start(&format!("{tail}{start}"))
    }
}

/// What stands between two lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Glue {
    Nothing,
    Blank,
    /// Nothing, and the first line's hyphen goes.
    DropHyphen,
}

/// Continues `text` with the next line.
pub(super) fn join(text: &mut String, next: &str, reach: Reach, words: &Words) {
    let next = next.trim_start();
    let glue = glue(text, next, reach, words);
    text.truncate(text.trim_end().len());
    match glue {
        Glue::Blank if !text.is_empty() => text.push(' '),
        Glue::DropHyphen => {
            text.pop();
        }
        Glue::Blank | Glue::Nothing => {}
    }
    text.push_str(next);
}

fn glue(text: &str, next: &str, reach: Reach, words: &Words) -> Glue {
    let (Some(last), Some(first)) = (text.chars().next_back(), next.chars().next()) else { return Glue::Blank };
    match last {
        '\u{ad}' => Glue::DropHyphen,
        _ if last.is_whitespace() => Glue::Blank,
        '-' | '\u{2010}' => after_hyphen(text, next, first, words),
        _ if is_inside_address(text, next) => Glue::Nothing,
        '`' | '"' if opens(text) => Glue::Nothing,
        '(' | '[' | '「' | '『' | '“' | '‘' | '《' | '〈' => Glue::Nothing,
        _ if matches!(first, ')' | ']' | ',' | '.' | '」' | '』' | '”' | '’' | '》' | '〉' | '、' | '。') => {
            Glue::Nothing
        }
        _ if is_hangul(last) && is_hangul(first) => between_hangul(text, next, reach, words),
        _ if is_ideograph(last) && is_ideograph(first) => Glue::Nothing,
        _ if is_hangul(first) && (last.is_alphanumeric() || matches!(last, ')' | '"' | '”' | '\'' | '’' | '」')) =>
        {
            let (tail, head) = (last_word(text), first_word(next));
            let is_attached = PARTICLES.contains(&bare(head).as_str()) || words.has(&format!("{tail}{head}"));
            if is_attached { Glue::Nothing } else { Glue::Blank }
        }
        _ if words.wrapping == Wrapping::Characters && is_cut_word(text, next, words) => Glue::Nothing,
        _ => Glue::Blank,
    }
}

/// Whether the quotation mark that a text ends with opens a quotation.
fn opens(text: &str) -> bool {
    text.chars().rev().nth(1).is_none_or(|c| c.is_whitespace() || matches!(c, '(' | '['))
}

/// Whether a document that breaks lines anywhere cut a word that it writes elsewhere.
fn is_cut_word(text: &str, next: &str, words: &Words) -> bool {
    let (tail, head) = (last_word(text), first_word(next));
    let are_letters = tail.ends_with(char::is_alphanumeric) && head.starts_with(char::is_alphanumeric);
    are_letters && words.has(&format!("{tail}{head}")) && !(words.has(tail) && words.has(head))
}

/// A hyphen at a line's end, between two lower-case letters, was made by the break unless the document writes the compound
/// with it elsewhere, or its first part is one that takes a hyphen.
fn after_hyphen(text: &str, next: &str, first: char, words: &Words) -> Glue {
    let stem = &text[..text.len() - text.chars().next_back().map_or(0, char::len_utf8)];
    let Some(before) = stem.chars().next_back() else { return Glue::Blank };
    if !before.is_alphanumeric() {
        return Glue::Blank;
    }
    if !(before.is_alphabetic() && first.is_lowercase()) {
        return Glue::Nothing;
    }
    let (tail, head) = (last_word(stem), first_word(next));
    if words.has(&format!("{tail}{head}")) {
        return Glue::DropHyphen;
    }
    let is_compound = words.has(&format!("{tail}-{head}")) || HYPHENATED_FIRSTS.contains(&bare(tail).as_str());
    let is_letter = bare(tail).chars().count() < 2;
    if is_compound || is_letter || tail.contains('-') { Glue::Nothing } else { Glue::DropHyphen }
}

fn between_hangul(text: &str, next: &str, reach: Reach, words: &Words) -> Glue {
    let (tail, head) = (last_word(text), first_word(next));
    let (bare_tail, bare_head) = (bare(tail), bare(head));
    let is_verb =
        bare_head.starts_with(['하', '한', '할', '합', '했', '되', '된', '될', '됩']) && takes_verb(&bare_tail);
    let is_particle = PARTICLES.contains(&bare_head.as_str()) && !is_verb;
    let are_two_words = words.has(tail) && words.has(head) && !is_particle;
    let is_blank = match words.wrapping {
        // The ending of a sentence stands with its verb.
        _ if bare_head == "다" || words.has(&format!("{tail}{head}")) => false,
        Wrapping::Characters if reach == Reach::Short && is_first_piece(&bare_tail) => is_apart(text, &bare_tail),
        _ if reach == Reach::Short || are_two_words => true,
        // Most writers break between words; only a piece of one tells that this break did not.
        Wrapping::Unknown if reach == Reach::Near => true,
        Wrapping::Unknown => {
            let is_one = words.has_start(&format!("{tail}{}", stem(&bare_head)));
            let is_cut = is_first_piece(&bare_tail) || is_last_piece(&bare_head) || is_one;
            is_verb || !is_particle && !is_cut && !is_bound(&bare_head)
        }
        Wrapping::Characters => {
            let is_known = words.has(tail) && !is_last_piece(&bare_head);
            let is_ended = ends_word(&bare_tail) && (ends_in_particle(&bare_tail) || is_known);
            // `에서` is cut more often than `에` stands before `서`; and what is bound follows a noun: `정의하고`.
            let is_attached = is_bound(&bare_head) || bare_tail.ends_with('에') && bare_head.starts_with('서');
            words.breaks.blanks_are_gone()
                && (is_verb
                    || !is_particle
                        && !is_attached
                        && (is_ended || is_apart(text, &bare_tail) || words.knows_two(&bare_tail, &bare_head)))
        }
        Wrapping::Words => !is_particle,
    };
    if is_blank { Glue::Blank } else { Glue::Nothing }
}

/// Whether a text ends with a particle that stands apart from what it belongs to: "`name` 을".
fn is_apart(text: &str, tail: &str) -> bool {
    let before = text.trim_end().strip_suffix(tail).map(str::trim_end);
    PARTICLES.contains(&tail) && before.is_some_and(|before| !before.is_empty() && !before.ends_with(is_hangul))
}

/// Whether a break cut a web address.
fn is_inside_address(text: &str, next: &str) -> bool {
    let tail = last_word(text);
    let is_address = tail.contains("://") || tail.starts_with("www.") || tail.contains("](/");
    is_address
        && (tail.ends_with(['/', '_', '=', '?', '&', '#', '%']) || first_word(next).contains(['/', '=', '&', '%']))
}

/// Han characters and kana, which are written without blanks.
fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

fn last_word(text: &str) -> &str {
    text.rsplit(char::is_whitespace).next().unwrap_or(text)
}

fn first_word(text: &str) -> &str {
    text.split(char::is_whitespace).next().unwrap_or(text)
}

/// A word without the marks around it, in lower case.
fn bare(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(lines: &[&str]) -> Words {
        let mut words = Words::default();
        lines.iter().for_each(|line| words.add_line(line));
        words
    }

    fn check(first: &str, next: &str, expect: &str) {
        check_with(first, next, Reach::Full, &[], expect);
    }

    fn check_with(first: &str, next: &str, reach: Reach, lines: &[&str], expect: &str) {
        let mut text = first.to_owned();
        join(&mut text, next, reach, &words(lines));
        assert_eq!(text, expect);
    }

    #[test]
    fn a_hyphen_that_a_break_made_goes() {
        check("consectetur adip-", "iscing elit", "consectetur adipiscing elit");
        check("consectetur adip\u{ad}", "iscing elit", "consectetur adipiscing elit");
        check("consectetur adip\u{2010}", "iscing elit", "consectetur adipiscing elit");
    }

    #[test]
    fn a_hyphen_that_belongs_to_the_word_stays() {
        check("a self-", "service shop", "a self-service shop");
        check("the COVID-", "19 years", "the COVID-19 years");
        check("the Anglo-", "Saxon kings", "the Anglo-Saxon kings");
        check("state-of-", "the-art", "state-of-the-art");
        check("a d-", "dimensional space", "a d-dimensional space");
        check("this -", "a dash", "this - a dash");
        check_with("a pull-", "based model", Reach::Full, &["the pull-based kind of"], "a pull-based model");
        check_with("some self-", "ish", Reach::Full, &["a selfish gene of"], "some selfish");
    }

    #[test]
    fn words_of_other_scripts_than_hangul_are_set_apart() {
        check("one", "two", "one two");
        check("one ", "two", "one two");
        check("", "two", "two");
        check("one", "", "one ");
        check("漢", "字", "漢字");
    }

    #[test]
    fn hangul_that_fills_its_line_goes_on() {
        check("구매를 도", "입하였다고 말했다", "구매를 도입하였다고 말했다");
        check("쿠버네티스 ", "클러스터", "쿠버네티스 클러스터");
        check("컨테이너(", "파드)", "컨테이너(파드)");
        check("끝났다", ". 다음", "끝났다. 다음");
        check("쿠버네티스", "API", "쿠버네티스 API");
        check("the API", "에서 온", "the API에서 온");
        check("the API", "서버 온", "the API 서버 온");
    }

    #[test]
    fn a_gap_and_the_documents_words_tell_of_a_blank() {
        check_with("쿠버네티스", "클러스터", Reach::Short, &[], "쿠버네티스 클러스터");
        let seen = ["가 쿠버네티스 는", "그 클러스터 이"];
        check_with("쿠버네티스", "클러스터", Reach::Full, &seen, "쿠버네티스 클러스터");
        check_with("쿠버", "네티스", Reach::Short, &seen, "쿠버네티스");
    }

    #[test]
    fn how_a_document_wraps_is_seen_from_its_breaks() {
        let check = |breaks: &[(&str, &str)], first: &str, next: &str, expect: &str| {
            let mut words = Words::default();
            breaks.iter().cycle().take(40).for_each(|(before, after)| words.add_break(before, after));
            let mut text = first.to_owned();
            join(&mut text, next, Reach::Full, &words);
            assert_eq!(text, expect);
        };
        let at_words = [("서버가 파드를", "다시 만든다"), ("그 파드는", "작은 것이다"), ("작은 노드", "안에 있다")];
        check(&at_words, "컨테이너", "런타임", "컨테이너 런타임");
        check(&at_words, "컨테이너", "를 만든다", "컨테이너를 만든다");
        let anywhere = [("구매를 도", "입하였다"), ("서버 ", "안에서"), ("컨테", "이너")];
        check(&anywhere, "파드를", "만든다", "파드를만든다");
        check(&anywhere, "파드를 ", "만든다", "파드를 만든다");
        check(&[], "파드를", "만든다", "파드를 만든다");
        check(&[], "파드", "만든다", "파드 만든다");
    }

    /// `다음` and `교체일` became one word: a short document does not tell how it wraps, and most break between words.
    #[test]
    fn without_a_sign_of_a_cut_word_a_break_was_a_blank() {
        check("필터의 다음", "교체일은 게시판에 적는다", "필터의 다음 교체일은 게시판에 적는다");
        check("창고 열쇠 보관", "책임자는 숙직자이다", "창고 열쇠 보관 책임자는 숙직자이다");
        check("점검을", "하는 날", "점검을 하는 날");
        check("기록을 남겨야", "한다.", "기록을 남겨야 한다.");
        check("위임할 수", "있다", "위임할 수 있다");
        check("장비를 점검", "하는 날", "장비를 점검하는 날");
        check("담당 부서", "에서 정한다", "담당 부서에서 정한다");
        check("열쇠를 반", "납한다", "열쇠를 반납한다");
        check("문서를 보관할 때까", "지 둔다", "문서를 보관할 때까지 둔다");
        check_with("수리를 접수", "대장에 적는다", Reach::Full, &["그 접수대장과 함께"], "수리를 접수대장에 적는다");
    }

    /// A document that cuts words anywhere and leaves out the blanks at its ends.
    #[test]
    fn a_known_word_with_an_ending_is_whole_where_words_are_cut() {
        let mut words = words(&["이 게이트가 열리면 그", "한 게이트를 대한 둘"]);
        for _ in 0..10 {
            words.add_break("컨테", "이너");
        }
        let check = |first: &str, next: &str, expect: &str| {
            let mut text = first.to_owned();
            join(&mut text, next, Reach::Full, &words);
            assert_eq!(text, expect);
        };
        check("게이트가", "반드시 열린다", "게이트가 반드시 열린다");
        check("열려 있어야", "한다.", "열려 있어야 한다.");
        check("승강기가", "반드시 열린다", "승강기가반드시 열린다");
        check("게이", "트가 열린다", "게이트가 열린다");
    }

    #[test]
    fn a_quotation_mark_that_opens_takes_no_blank() {
        check("파드(`", "Succeeded` 등)", "파드(`Succeeded` 등)");
        check("the `pod`", "name", "the `pod` name");
    }

    #[test]
    fn an_address_is_not_cut() {
        check("see https://example.org/a/", "b for more", "see https://example.org/a/b for more");
        check("see https://example.org/a", "for more", "see https://example.org/a for more");
    }

    /// Such a document writes words like those beside the break elsewhere, with other particles.
    #[test]
    fn words_like_others_of_the_document_are_two_where_words_are_cut() {
        let mut words = words(&["그 작업을 다시 그", "이 시작을 또", "한 배포를 둘", "두 사용자가 온"]);
        for _ in 0..10 {
            words.add_break("컨테", "이너");
        }
        let check = |first: &str, next: &str, expect: &str| {
            let mut text = first.to_owned();
            join(&mut text, next, Reach::Full, &words);
            assert_eq!(text, expect);
        };
        check("컨테이너를 다시", "시작할 수 있다", "컨테이너를 다시 시작할 수 있다");
        check("단계적", "배포는 늦다", "단계적 배포는 늦다");
        check("그 사용", "자가 온다", "그 사용자가 온다");
        check("작업", "하는 노드", "작업하는 노드");
        check("배", "포는 늦다", "배포는 늦다");
    }
}
