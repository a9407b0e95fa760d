//! The analyser: one text in, index terms out, with byte offsets into the text and word positions.
//! Index, query, confidence gate and attribution must all use it, or their words would not meet.
//!
//! Latin words are lower-cased and stemmed lightly; identifiers are kept whole and split; Korean eojeol give their
//! stem and its bigrams; runs are split where the script changes. The choices were measured (ADR 0007).

use std::cell::RefCell;
use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::facts::{Day, days};
use super::korean;
use super::latin;
use super::normalise::push_matching_form;
use super::script::{Script, script};

/// Terms longer than this many bytes are base64 and the like: they are left out (their first part too).
const MAX_TERM_BYTES: usize = 120;

/// What a term is; the gate counts only those that stand for a whole word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// A Latin (Greek, Cyrillic, ...) word, or a word of Han or Kana of one character.
    Word,
    /// A number.
    Number,
    /// An identifier or a hyphenated word as a whole (`kube-state-metrics`, `CrashLoopBackOff`, `1.21.3`).
    Compound,
    /// One part of such a compound.
    Part,
    /// A Korean eojeol without its particles and endings.
    Stem,
    /// Two neighbouring characters of a Korean eojeol or of a run of Han or Kana.
    Bigram,
    /// A day, in the spellings that `facts::days` knows: `--12-21` of any year, and `2026-12-21`, or `~12-21` where no year stands there.
    Date,
}

impl TokenKind {
    /// Whether the term stands for a word of its own, rather than for a piece of one.
    pub fn is_whole_word(self) -> bool {
        matches!(self, Self::Word | Self::Number | Self::Compound | Self::Stem | Self::Date)
    }
}

/// One term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// The term in matching form.
    pub text: &'a str,
    /// Byte offset of its first character in the analysed text.
    pub start: usize,
    /// Byte offset after its last character.
    pub end: usize,
    /// Number of the word it belongs to, from 0. A compound and its first part, a stem and its first bigram share it.
    pub position: usize,
    /// What it is.
    pub kind: TokenKind,
}

#[derive(Debug, Clone, Copy)]
struct Span {
    text_start: u32,
    text_end: u32,
    start: u32,
    end: u32,
    position: u32,
    kind: TokenKind,
}

impl Span {
    /// The same span of a run that lies elsewhere.
    fn moved(self, form: u32, start: u32, position: u32) -> Self {
        Self {
            text_start: self.text_start + form,
            text_end: self.text_end + form,
            start: self.start + start,
            end: self.end + start,
            position: self.position + position,
            kind: self.kind,
        }
    }
}

/// What runs gave, by their text: what a run gives depends on nothing around it, and words repeat. Stemming one or finding
/// the particle of another costs more than all else about it.
#[derive(Debug, Clone, Default)]
struct RunCache {
    runs: KnownRuns,
    /// Those before them: when `runs` are full they take their place, so that never all is forgotten.
    older: KnownRuns,
}

type KnownRuns = HashMap<Box<str>, KnownRun, RandomState>;

thread_local! {
    static KNOWN_RUNS: RefCell<RunCache> = RefCell::default();
}

/// Runs kept, and as many older ones: a manual's vocabulary, up to 4 MiB a thread.
const MOST_KNOWN: usize = 1 << 13;

/// Longer runs are identifiers and the like, which hardly come twice.
const MAX_KNOWN_BYTES: usize = 48;

/// The terms of a run, with places, positions and forms counted from its own beginning.
#[derive(Debug, Clone)]
struct KnownRun {
    text: Box<str>,
    spans: Box<[Span]>,
    positions: u32,
}

impl RunCache {
    fn get(&self, run: &str) -> Option<&KnownRun> {
        self.runs.get(run).or_else(|| self.older.get(run))
    }

    fn keep(&mut self, run: &str, known: KnownRun) {
        if self.runs.len() >= MOST_KNOWN {
            self.older = std::mem::take(&mut self.runs);
        }
        self.runs.insert(run.into(), known);
    }
}

/// How far a buffer was filled when a run began, which starts at `start`.
#[derive(Clone, Copy)]
struct Mark {
    start: u32,
    text: usize,
    spans: usize,
    position: u32,
}

/// Terms of one text, in a buffer to be reused: no allocation per term.
#[derive(Debug, Clone, Default)]
pub struct TokenBuffer {
    text: String,
    spans: Vec<Span>,
    next_position: u32,
}

impl TokenBuffer {
    /// How many terms it holds.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The term at `index`, in text order.
    pub fn get(&self, index: usize) -> Option<Token<'_>> {
        let span = self.spans.get(index)?;
        Some(Token {
            text: &self.text[span.text_start as usize..span.text_end as usize],
            start: span.start as usize,
            end: span.end as usize,
            position: span.position as usize,
            kind: span.kind,
        })
    }

    /// All terms in text order; days behind all others.
    pub fn iter(&self) -> impl Iterator<Item = Token<'_>> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// Forgets the terms, keeps the memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.spans.clear();
        self.next_position = 0;
    }

    /// Claims the next word position.
    pub(super) fn take_position(&mut self) -> u32 {
        let position = self.next_position;
        self.next_position += 1;
        position
    }

    /// Appends a term made of `raw` as it stands at `place`.
    pub(super) fn push_raw(&mut self, raw: &str, place: (usize, usize), position: u32, kind: TokenKind) {
        let form = self.push_form(raw);
        self.push_span(form, place, position, kind);
    }

    /// The buffered text from `from` on, to be rewritten in place by a stemmer.
    pub(super) fn tail_mut(&mut self) -> &mut String {
        &mut self.text
    }

    /// Appends the matching form of `raw` and gives its place in `self.text`.
    pub(super) fn push_form(&mut self, raw: &str) -> (u32, u32) {
        let from = self.text.len() as u32;
        push_matching_form(raw, &mut self.text);
        (from, self.text.len() as u32)
    }

    fn mark(&self, start: usize) -> Mark {
        let (text, spans) = (self.text.len(), self.spans.len());
        Mark { start: start as u32, text, spans, position: self.next_position }
    }

    /// Appends the terms of a run that was met before and starts at `start`.
    fn append(&mut self, known: &KnownRun, start: usize) {
        let (start, form, position) = (start as u32, self.text.len() as u32, self.next_position);
        self.text.push_str(&known.text);
        self.spans.extend(known.spans.iter().map(|span| span.moved(form, start, position)));
        self.next_position += known.positions;
    }

    /// What a run gave: all that was appended since `before`.
    fn since(&self, before: Mark) -> KnownRun {
        let Mark { start, text, spans, position } = before;
        let apart = |span: &Span| Span {
            text_start: span.text_start - text as u32,
            text_end: span.text_end - text as u32,
            start: span.start - start,
            end: span.end - start,
            position: span.position - position,
            kind: span.kind,
        };
        KnownRun {
            text: self.text[text..].into(),
            spans: self.spans[spans..].iter().map(apart).collect(),
            positions: self.next_position - position,
        }
    }

    pub(super) fn push_span(&mut self, form: (u32, u32), place: (usize, usize), position: u32, kind: TokenKind) {
        let bytes = (form.1 - form.0) as usize;
        if bytes == 0 || bytes > MAX_TERM_BYTES {
            return;
        }
        self.spans.push(Span {
            text_start: form.0,
            text_end: form.1,
            start: place.0 as u32,
            end: place.1 as u32,
            position,
            kind,
        });
    }
}

/// The analyser. Stateless: one value serves all threads.
#[derive(Debug, Clone, Copy, Default)]
pub struct Analyzer;

impl Analyzer {
    /// Analyses `text` (up to 4 GiB) into `buffer`, replacing what it held.
    pub fn analyze(&self, text: &str, buffer: &mut TokenBuffer) {
        buffer.clear();
        let mut rest = 0;
        while let Some((start, end)) = next_run(text, rest) {
            let run = &text[start..end];
            if !KNOWN_RUNS.with_borrow(|known| known.get(run).map(|it| buffer.append(it, start)).is_some()) {
                let before = buffer.mark(start);
                analyze_run(text, start, end, buffer);
                if run.len() <= MAX_KNOWN_BYTES {
                    KNOWN_RUNS.with_borrow_mut(|known| known.keep(run, buffer.since(before)));
                }
            }
            rest = end;
        }
        push_days(text, buffer);
    }

    /// The terms of a short text (a query) as strings, repeats kept.
    pub fn terms(&self, text: &str) -> Vec<String> {
        let mut buffer = TokenBuffer::default();
        self.analyze(text, &mut buffer);
        buffer.iter().map(|token| token.text.to_owned()).collect()
    }
}

/// The days that a text names, behind all its words. A date that is written `2026-12-21` is a compound already.
fn push_days(text: &str, buffer: &mut TokenBuffer) {
    for Day { place, of_any_year, whole } in days(text) {
        let position = buffer.take_position();
        for form in [of_any_year, whole].iter().filter(|form| **form != text[place.clone()]) {
            buffer.push_raw(form, (place.start, place.end), position, TokenKind::Date);
        }
    }
}

/// Characters that join two word characters into one compound.
fn is_connector(c: char) -> bool {
    matches!(c, '_' | '-' | '.' | '\'' | '\u{2019}' | ',')
}

/// The next maximal run of word characters and single connectors between them, from byte `from`.
fn next_run(text: &str, from: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let character = |at: usize| text[at..].chars().next();
    let mut end = from;
    let mut previous = loop {
        let byte = *bytes.get(end)?;
        if byte.is_ascii_alphanumeric() {
            break char::from(byte);
        }
        // Nearly all there is between runs is one byte.
        let c = if byte.is_ascii() { char::from(byte) } else { character(end)? };
        if script(c) != Script::None {
            break c;
        }
        end += c.len_utf8();
    };
    let start = end;
    end += previous.len_utf8();
    loop {
        let plain = bytes[end..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        if plain > 0 {
            end += plain;
            previous = char::from(bytes[end - 1]);
        }
        let Some(c) = character(end) else { break };
        let next = end + c.len_utf8();
        if script(c) == Script::None {
            let joins = is_connector(c) && next < text.len() && joins(previous, c, &text[next..]);
            if !joins {
                break;
            }
        }
        (end, previous) = (next, c);
    }
    Some((start, end))
}

/// Digits between two commas of one number.
const THOUSAND: usize = 3;

/// Whether `connector` between this character and this text keeps them in one word. A comma does so between digits only, of which
/// three follow: `4,7층` are two floors.
fn joins(before: char, connector: char, after: &str) -> bool {
    match connector {
        ',' => before.is_ascii_digit() && after.bytes().take_while(u8::is_ascii_digit).count() == THOUSAND,
        _ => is_spaced_script(before) && after.starts_with(is_spaced_script),
    }
}

/// Letters and digits of scripts in which a full stop or hyphen can stand inside a word: not Hangul, Han or Kana.
fn is_spaced_script(c: char) -> bool {
    matches!(script(c), Script::Letter | Script::Digit | Script::Mark)
}

/// How characters group within a run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Latin,
    Hangul,
    Ideograph,
}

fn group(c: char) -> Option<Group> {
    match script(c) {
        Script::Hangul => Some(Group::Hangul),
        Script::Ideograph => Some(Group::Ideograph),
        Script::Letter | Script::Digit => Some(Group::Latin),
        Script::Mark | Script::None => None,
    }
}

/// Splits a run where the script changes and analyses each piece. Marks and connectors stay with what precedes them.
fn analyze_run(text: &str, start: usize, end: usize, buffer: &mut TokenBuffer) {
    let mut piece = start;
    let mut current: Option<Group> = None;
    for (offset, c) in text[start..end].char_indices() {
        let found = group(c);
        if let (Some(old), Some(new)) = (current, found)
            && old != new
        {
            analyze_piece(text, piece, start + offset, old, piece > start, buffer);
            piece = start + offset;
        }
        current = found.or(current);
    }
    analyze_piece(text, piece, end, current.unwrap_or(Group::Latin), piece > start, buffer);
}

fn analyze_piece(text: &str, start: usize, end: usize, group: Group, follows: bool, buffer: &mut TokenBuffer) {
    match group {
        Group::Latin => latin::analyze_latin(text, start, end, buffer),
        Group::Hangul => analyze_hangul(text, start, end, follows, buffer),
        Group::Ideograph => push_bigrams(text, start, end, buffer),
    }
}

/// A Hangul piece: its stem, and the bigrams of all of it but those within the ending of a verb (`하려`, `려면`). Bigrams of
/// the stem alone were measured to be worse: what the suffix table cuts wrongly is then lost. A stem of two syllables is a
/// bigram already and is not repeated. A particle that follows another script says nothing and is left out.
fn analyze_hangul(text: &str, start: usize, end: usize, follows: bool, buffer: &mut TokenBuffer) {
    let raw = text[start..end].trim_end_matches(|c| script(c) == Script::None);
    let (from, to) = buffer.push_form(raw);
    let eojeol = &buffer.text[from as usize..to as usize];
    if follows && korean::is_particle(eojeol) {
        return;
    }
    let (stem, said) = korean::parts(eojeol);
    let (bytes, stem_bytes, said_bytes) = (eojeol.len(), stem.len(), said.len());
    // Decomposed jamo are composed in the form: its pieces then all span the whole piece.
    let verbatim = eojeol == raw;
    let position = buffer.take_position();
    let span = |offset: usize, bytes: usize| {
        if verbatim { (start + offset, start + offset + bytes) } else { (start, start + raw.len()) }
    };
    let form = |offset: usize, bytes: usize| (from + offset as u32, from + (offset + bytes) as u32);
    buffer.push_span(form(0, stem_bytes), span(0, stem_bytes), position, TokenKind::Stem);
    let mut offset = 0;
    while let Some(pair) = bigram_bytes(&buffer.text[from as usize + offset..from as usize + bytes]) {
        if (offset, pair) != (0, stem_bytes) && offset < said_bytes {
            buffer.push_span(form(offset, pair), span(offset, pair), position, TokenKind::Bigram);
        }
        offset += first_char_bytes(&buffer.text[from as usize + offset..]);
    }
}

/// A run of Han or Kana: its bigrams, or its only character.
fn push_bigrams(text: &str, start: usize, end: usize, buffer: &mut TokenBuffer) {
    let raw = text[start..end].trim_end_matches(|c| script(c) == Script::None);
    let mut offset = start;
    let end = start + raw.len();
    let mut any = false;
    while let Some(bytes) = bigram_bytes(&text[offset..end]) {
        let position = buffer.take_position();
        buffer.push_raw(&text[offset..offset + bytes], (offset, offset + bytes), position, TokenKind::Bigram);
        offset += first_char_bytes(&text[offset..]);
        any = true;
    }
    if !any {
        let position = buffer.take_position();
        buffer.push_raw(raw, (start, end), position, TokenKind::Word);
    }
}

/// The bytes of the first two characters, if there are two.
fn bigram_bytes(text: &str) -> Option<usize> {
    let mut chars = text.chars();
    Some(chars.next()?.len_utf8() + chars.next()?.len_utf8())
}

fn first_char_bytes(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str) -> Vec<String> {
        let mut buffer = TokenBuffer::default();
        Analyzer.analyze(text, &mut buffer);
        buffer.iter().map(|token| format!("{}/{}", token.text, kind(token.kind))).collect()
    }

    fn kind(kind: TokenKind) -> char {
        match kind {
            TokenKind::Word => 'w',
            TokenKind::Number => 'n',
            TokenKind::Compound => 'c',
            TokenKind::Part => 'p',
            TokenKind::Stem => 's',
            TokenKind::Bigram => 'b',
            TokenKind::Date => 'd',
        }
    }

    /// The runs of a text, character by character.
    fn runs_by_characters(text: &str) -> Vec<(usize, usize)> {
        let characters: Vec<(usize, char)> = text.char_indices().collect();
        let (mut runs, mut current) = (Vec::new(), None::<(usize, usize)>);
        for (number, (at, c)) in characters.iter().enumerate() {
            let next = at + c.len_utf8();
            let stays = match (current, script(*c)) {
                (_, Script::None) => {
                    let before = number.checked_sub(1).map(|before| characters[before].1);
                    let joins = before.is_some_and(|before| joins(before, *c, &text[next..]));
                    current.is_some() && next < text.len() && is_connector(*c) && joins
                }
                _ => true,
            };
            current = match (current, stays) {
                (Some((start, _)), true) => Some((start, next)),
                (None, true) => Some((*at, next)),
                (done, false) => {
                    runs.extend(done);
                    None
                }
            };
        }
        runs.extend(current);
        runs
    }

    proptest! {
        #[test]
        fn runs_are_those_of_their_characters(text in "[a-zA-Z0-9 .,'_’\\-가-힣ㄱ-ㅣ漢字あé\u{301}|]{0,40}") {
            let mut runs = Vec::new();
            while let Some(run) = next_run(&text, runs.last().map_or(0, |(_, end)| *end)) {
                runs.push(run);
            }
            prop_assert_eq!(runs, runs_by_characters(&text));
        }

        #[test]
        fn words_that_were_met_before_give_the_same_terms(
            texts in prop::collection::vec("([a-cA-C1-3]{1,4}|running|가나[다은를]|kube-state's|漢字|1,234|é\u{301}|[ .,'-]){0,12}", 1..6),
        ) {
            let analyzed = |text: &String| {
                let mut buffer = TokenBuffer::default();
                Analyzer.analyze(text, &mut buffer);
                buffer
            };
            let anew = |text: &String| {
                KNOWN_RUNS.take();
                analyzed(text)
            };
            let fresh: Vec<TokenBuffer> = texts.iter().map(anew).collect();
            for (text, fresh) in texts.iter().zip(&fresh).chain(texts.iter().zip(&fresh)) {
                let met = analyzed(text);
                prop_assert_eq!(met.iter().collect::<Vec<_>>(), fresh.iter().collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn a_day_is_one_term_however_it_is_written() {
        let days = |text: &str| -> Vec<String> {
            shown(text).into_iter().filter_map(|term| term.strip_suffix("/d").map(str::to_owned)).collect()
        };
        assert_eq!(days("| 2026-12-21 | Kim |"), ["--12-21"], "the whole date is a compound already");
        assert_eq!(days("Who is on call on December 21?"), ["--12-21", "~12-21"]);
        assert_eq!(days("21 Dec 2026 or DEC 3rd"), ["--12-21", "2026-12-21", "--12-03", "~12-03"]);
        assert_eq!(days("2026년 12월 21일과 1월 5일"), ["--12-21", "2026-12-21", "--01-05", "~01-05"]);
        assert_eq!(days("2026. 12. 21."), ["--12-21", "2026-12-21"]);
        for none in ["May I take 3 of them?", "version 1.21.3", "2026-13-41", "12월", "ten in March"] {
            assert_eq!(days(none), [""; 0], "{none}");
        }
    }

    fn check(text: &str, expect: &[&str]) {
        assert_eq!(shown(text), expect, "{text}");
    }

    #[test]
    fn numbers_with_and_without_grouping_are_the_same_words() {
        for (grouped, bare) in [("48,200,000원", "48200000원"), ("1,234,567.89", "1234567.89"), ("₩9,900", "₩9900")]
        {
            assert_eq!(shown(grouped), shown(bare));
        }
        check("3,4층, 10,5", &["3/n", "4/n", "층/s", "10/n", "5/n"]);
    }

    #[test]
    fn english_words_are_stemmed_and_stop_words_left_out() {
        check("The brokers are restarting", &["broker/w", "restart/w"]);
        check("the server's queries don't", &["server/w", "queri/w", "don/w"]);
        check("ＫＡＦＫＡ Élan", &["kafka/w", "élan/w"]);
    }

    #[test]
    fn identifiers_are_kept_whole_and_split() {
        check("kube-state-metrics", &["kube-state-metrics/c", "kube/p", "state/p", "metric/p"]);
        check("CrashLoopBackOff", &["crashloopbackoff/c", "crash/p", "loop/p", "back/p", "off/p"]);
        check("HTTPServer", &["httpserver/c", "http/p", "server/p"]);
        check("max_connections", &["max_connections/c", "max/p", "connect/p"]);
        check("prometheus.io/path", &["prometheus.io/c", "prometheus/p", "io/p", "path/w"]);
        check("ERR-4012", &["err-4012/c", "err/p", "4012/p"]);
        check("k8s e.g.", &["k8s/w", "e.g/c"]);
    }

    #[test]
    fn numbers_are_kept() {
        check("503 1,000 1.5 1.21.3", &["503/n", "1000/n", "1.5/n", "1.21.3/c"]);
        check("２０２４", &["2024/n"]);
    }

    #[test]
    fn korean_gives_stems_and_bigrams() {
        check("파드를", &["파드/s", "드를/b"]);
        check("클러스터에서", &["클러스터/s", "클러/b", "러스/b", "스터/b", "터에/b", "에서/b"]);
        check("값", &["값/s"]);
        check("재시작한다", &["재시작/s", "재시/b", "시작/b", "작한/b"]);
        check("\u{1111}\u{1161}\u{1103}\u{1173}", &["파드/s"]);
    }

    #[test]
    fn runs_are_split_where_the_script_changes() {
        check("pod가 503을", &["pod/w", "503/n"]);
        check("pod삭제", &["pod/w", "삭제/s"]);
        check("15분", &["15/n", "분/s"]);
        check("kube-프록시", &["kube/w", "프록시/s", "프록/b", "록시/b"]);
        check("東京タワー", &["東京/b", "京タ/b", "タワ/b", "ワー/b"]);
    }

    #[test]
    fn offsets_and_positions_follow_the_text() {
        let text = "새 kube-proxy가";
        let mut buffer = TokenBuffer::default();
        Analyzer.analyze(text, &mut buffer);
        let found: Vec<_> = buffer.iter().map(|t| (&text[t.start..t.end], t.position)).collect();
        assert_eq!(found, [("새", 0), ("kube-proxy", 1), ("kube", 1), ("proxy", 2)]);
    }

    #[test]
    fn endless_words_are_left_out() {
        check(&"x".repeat(10_000), &[]);
        assert_eq!(shown(&"가".repeat(10_000)).len(), 9_999);
    }

    proptest! {
        #[test]
        fn tokens_lie_in_the_text_in_order(text in "(\\PC|[가-힣]{1,4}|[a-zA-Z0-9]{1,5}|[-_.,' ]){0,30}") {
            let mut buffer = TokenBuffer::default();
            Analyzer.analyze(&text, &mut buffer);
            let mut position = 0;
            for token in buffer.iter() {
                prop_assert!(token.start < token.end && text.get(token.start..token.end).is_some());
                prop_assert!(token.position >= position && !token.text.is_empty());
                position = token.position;
            }
        }

        #[test]
        fn both_normal_forms_of_korean_meet(text in "[가-힣]{1,5}( [가-힣]{1,5}){0,5}") {
            let decomposed: String = unicode_normalization::UnicodeNormalization::nfd(text.as_str()).collect();
            prop_assert_eq!(shown(&text), shown(&decomposed));
        }
    }
}
