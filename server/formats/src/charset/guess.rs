//! The encoding of bytes that are not UTF-8 and do not say what they are. A detector tells most by their letters. Where it has
//! few letters to go by it takes a pound sign for the Polish Ł and a degree sign for the first half of a Hangul syllable, so
//! two things are looked at here before it is believed: whether Korean text has syllables in fact, and what is left of a
//! Western text without its signs.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{EUC_KR, Encoding, WINDOWS_1250, WINDOWS_1252};

use super::signs::without_signs;

/// What some bytes are taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guess {
    /// The encoding.
    pub encoding: &'static Encoding,
    /// How much speaks for it.
    pub certainty: Certainty,
}

/// How much speaks for a guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// Enough letters, or every encoding that may be meant says the same.
    Told,
    /// Few letters: another encoding would give another text that is no less likely.
    Weak,
}

/// Fewest letters that tell an encoding, of those that others do not have: a name or two.
const FEWEST_LETTERS: usize = 4;
/// Fewest letters of any kind that tell it: a sentence.
const ENOUGH_LETTERS: usize = 12;
/// Fewest syllables that tell Korean: two words.
const FEWEST_SYLLABLES: usize = 3;

/// The encoding of some bytes that are not UTF-8.
pub fn guess(bytes: &[u8]) -> Guess {
    // `kr` only breaks ties: Korean files are the likeliest of those that are not UTF-8.
    let detected = detect(bytes, Some(b"kr"));
    let korean = Korean::of(bytes);
    if detected == EUC_KR && korean.is_text() {
        return Guess { encoding: EUC_KR, certainty: told(korean.syllables >= FEWEST_SYLLABLES) };
    }
    let letters = without_signs(bytes);
    let count = letters.iter().filter(|byte| !byte.is_ascii()).count();
    if count == 0 {
        return Guess { encoding: WINDOWS_1252, certainty: told(agree(bytes, WINDOWS_1252, WINDOWS_1250)) };
    }
    if !is_latin(detected) && detected != EUC_KR {
        return Guess { encoding: detected, certainty: told(count >= FEWEST_LETTERS) };
    }
    by_letters(bytes, &letters, detected)
}

/// The encoding of a text in Latin letters, of which `letters` are what is left without its signs.
fn by_letters(bytes: &[u8], letters: &[u8], detected: &'static Encoding) -> Guess {
    let told_by = detect(letters, None);
    let is_western = agree(letters, told_by, WINDOWS_1252) || told_by == EUC_KR && stand_in_words(letters);
    let encoding = match () {
        () if is_western => WINDOWS_1252,
        () if is_latin(told_by) => told_by,
        () => detected,
    };
    let other = if encoding == WINDOWS_1252 { WINDOWS_1250 } else { WINDOWS_1252 };
    let count = letters.iter().filter(|byte| !byte.is_ascii()).count();
    let is_told = count >= ENOUGH_LETTERS || differing_letters(letters, encoding, other) >= FEWEST_LETTERS;
    Guess { encoding, certainty: told(is_told || agree(bytes, encoding, other)) }
}

fn told(is_told: bool) -> Certainty {
    if is_told { Certainty::Told } else { Certainty::Weak }
}

fn detect(bytes: &[u8], top_level_domain: Option<&[u8]>) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    detector.guess(top_level_domain, Utf8Detection::Deny)
}

/// Whether an encoding writes Latin letters with a byte each.
fn is_latin(encoding: &'static Encoding) -> bool {
    matches!(
        encoding.name(),
        "windows-1250"
            | "windows-1252"
            | "windows-1254"
            | "windows-1257"
            | "windows-1258"
            | "ISO-8859-2"
            | "ISO-8859-3"
            | "ISO-8859-4"
            | "ISO-8859-10"
            | "ISO-8859-13"
            | "ISO-8859-14"
            | "ISO-8859-15"
            | "ISO-8859-16"
    )
}

/// Whether two encodings give the same text.
fn agree(bytes: &[u8], one: &'static Encoding, other: &'static Encoding) -> bool {
    one == other || one.decode_without_bom_handling(bytes).0 == other.decode_without_bom_handling(bytes).0
}

/// How many bytes stand for other letters in the one encoding than in the other.
fn differing_letters(letters: &[u8], one: &'static Encoding, other: &'static Encoding) -> usize {
    letters.iter().filter(|byte| !byte.is_ascii() && !agree(&[**byte], one, other)).count()
}

/// Whether each byte beyond ASCII stands beside a letter of ASCII.
fn stand_in_words(bytes: &[u8]) -> bool {
    let is_letter = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphabetic);
    let foreign = bytes.iter().enumerate().filter(|(_, byte)| !byte.is_ascii());
    foreign.map(|(at, _)| at).all(|at| is_letter(at.checked_sub(1)) || is_letter(Some(at + 1)))
}

/// What bytes hold when they are read as CP949.
struct Korean {
    /// Pairs that are a syllable of KS X 1001.
    syllables: usize,
    /// Pairs of the extension whose second byte is one of ASCII, as a sign before a letter looks.
    with_ascii: usize,
    /// All pairs.
    pairs: usize,
}

impl Korean {
    fn of(mut bytes: &[u8]) -> Self {
        let mut korean = Self { syllables: 0, with_ascii: 0, pairs: 0 };
        while let [first, rest @ ..] = bytes {
            bytes = match (*first, rest) {
                (first @ 0x81.., [second, rest @ ..]) if *second >= 0x41 => {
                    korean.pairs += 1;
                    korean.syllables += usize::from(matches!((first, *second), (0xB0..=0xC8, 0xA1..=0xFE)));
                    korean.with_ascii += usize::from(second.is_ascii());
                    rest
                }
                _ => rest,
            };
        }
        korean
    }

    /// Whether it is Korean: syllables, of which few are rare ones.
    fn is_text(&self) -> bool {
        self.syllables > 0 && 2 * self.syllables >= self.pairs - self.syllables && self.syllables > self.with_ascii
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::{IBM866, WINDOWS_1251};

    use super::*;

    #[track_caller]
    fn check(text: &str, encoding: &'static Encoding, expect: &str, certainty: Certainty) {
        let (bytes, _, had_errors) = encoding.encode(text);
        assert!(!had_errors, "{text} has a letter that {encoding:?} lacks");
        let guess = guess(&bytes);
        let read = guess.encoding.decode_without_bom_handling(&bytes).0;
        assert_eq!((read.as_ref(), guess.certainty), (expect, certainty), "{text}: {:?}", guess.encoding);
    }

    fn western(text: &str, certainty: Certainty) {
        check(text, WINDOWS_1252, text, certainty);
    }

    /// `£5` was read as `Ł5`, `Limit °C` as `Limit 캜`, and all of it with no word.
    #[test]
    fn signs_of_western_text_are_no_letters() {
        use Certainty::{Told, Weak};
        western("Item,Price\r\nMug,£5\r\nPen,£2\r\nBag,£45\r\n", Weak);
        western("The licence costs £120 a year and £10 a month.\r\n", Weak);
        western("Room,Limit °C\r\nA,27\r\nB,26\r\n", Told);
        western("Sensor;Room;Limit °C;Note\r\nS-11;Server room A;27,5;x\r\n", Told);
        western("Lab,Tolerance\r\nL1,21 ±2\r\nL2,20 ±1\r\n", Told);
        western("Keep below 5 °C. Tolerance ±0.5 °C.\r\n", Told);
        western("Ticket,Betrag\r\nT1,§ 5 Abs. 2\r\nT2,10 €\r\n", Told);
        western("Angle 45°C is wrong; use 45° and 3 µm.\r\n", Told);
        western("Item,Cost\r\nCable,¥900\r\n", Weak);
        western("“Quotes” and an apostrophe’s dash – here.\r\n", Told);
        western("Part,Weight\r\nBolt,½ kg\r\nNut,¼ kg\r\n", Weak);
        western("© 2024 Acme® … 5 × 3 · ‘so’ — 50 ‰", Told);
    }

    #[test]
    fn western_letters_are_told_with_their_signs() {
        use Certainty::{Told, Weak};
        western("Die Gebühr beträgt 12 € pro Monat. Größe: 5 m².\r\n", Weak);
        western("Name,Ville\r\nJosé,Orléans\r\nZoé,Nîmes\r\n", Told);
        western("Producto,Precio\r\nPiña,3 €\r\nJamón,12 €\r\n", Weak);
        western("Größe £5, Menü £12, für ½ Stück", Weak);
        western("À la carte, the crème brûlée costs £7 and the café crème £3.", Told);
        western("Le prix de la pièce est fixé à 3 € ; la première commande est déjà arrivée où il faut.", Told);
    }

    #[test]
    fn letters_of_other_alphabets_tell_themselves() {
        use Certainty::Told;
        for text in [
            "Zażółć gęślą jaźń. Łódź leży w środku Polski, a żółw śpi pod krzewem.",
            "Cena wynosi 12 zł, a połączenie z bazą danych zostało przerwane.",
            "Příliš žluťoučký kůň úpěl ďábelské ódy, řekl ředitel.",
            "A kiszolgálót újra kell indítani, ha a szükséges időn belül nem válaszol, és értesíteni kell az ügyfelet a késésről.",
        ] {
            check(text, WINDOWS_1250, text, Told);
        }
        for text in ["Перезапустите сервер после обновления базы данных.", "Цена 5 руб., № 7 — «Ёлка»."]
        {
            check(text, WINDOWS_1251, text, Told);
        }
        let text = "Перезапустите сервер после обновления базы данных и сообщите дежурному.";
        check(text, IBM866, text, Told);
        let text = "Sunucu yeniden başlatıldığında bağlantılar kapanır, şifre değişir.";
        check(text, encoding_rs::WINDOWS_1254, text, Told);
    }

    #[test]
    fn korean_is_known_by_its_syllables() {
        use Certainty::{Told, Weak};
        for (text, certainty) in [
            ("사번,이름\r\n1,홍길동\r\n", Told),
            ("비상구\r\n", Told),
            ("품목,가격\r\n펜,￦500\r\n온도,27℃\r\n", Told),
            ("똠방각하 펲시콜라 쓩쓩\r\n", Told),
            ("Name,Team\r\nKim,재무팀\r\nLee,IT\r\n", Told),
            ("데이터베이스 연결이 끊어지면 재시작한다. 장애 보고서를 작성한다.", Told),
            ("name,value\r\n노드,1\r\n", Weak),
        ] {
            check(text, EUC_KR, text, certainty);
        }
    }
}
