//! The encoding of bytes that are not UTF-8 and do not say what they are. A detector tells most by their letters. It takes
//! Chinese for Korean, as the bytes are letters in both; and where it has few letters to go by, a pound sign for the Polish Ł
//! and a degree sign for the first half of a Hangul syllable. So three things are looked at here before it is believed:
//! whether Korean text has syllables in fact, whether they are those of running text, and what is left of a Western text
//! without its signs.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{EUC_JP, EUC_KR, Encoding, GBK, SHIFT_JIS, WINDOWS_1250, WINDOWS_1252};

use super::likelihood::{Likelihood, likelihood, pairs};
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
/// How much likelier than Korean a text must be as Chinese, as a natural logarithm, to be read as that: Korean files are the
/// likelier ones, and a word or two that are rare in Korean prove nothing.
const CHINESE_RATHER: f64 = 4.0;
/// The same, for it to be told: five characters or more that are common in Chinese and rare in Korean.
const CHINESE_FOR_SURE: f64 = 12.0;
/// How much likelier as Korean than as Chinese a text must be for it to be told.
const KOREAN_FOR_SURE: f64 = 3.0;

/// The encoding of some bytes that are not UTF-8.
pub fn guess(bytes: &[u8]) -> Guess {
    // `kr` only breaks ties: Korean files are the likeliest of those that are not UTF-8.
    let detected = detect(bytes, Some(b"kr"));
    if let Some(guess) = japanese(bytes, detected).or_else(|| korean_or_chinese(bytes, detected)) {
        return guess;
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

/// The encoding of a Japanese text that was taken for another: by its kana, of which there are many in each sentence and few
/// in anything else.
fn japanese(bytes: &[u8], detected: &'static Encoding) -> Option<Guess> {
    if detected != EUC_KR && detected != GBK && !is_latin(detected) {
        return None;
    }
    let is_written_in = |encoding: &'static Encoding, is_kana: fn([u8; 2]) -> bool| {
        let (kana, all) = pairs(bytes).fold((0, 0), |(kana, all), pair| (kana + usize::from(is_kana(pair)), all + 1));
        kana >= FEWEST_LETTERS
            && 4 * kana >= all
            && encoding.decode_without_bom_handling_and_without_replacement(bytes).is_some()
    };
    let encoding = match () {
        () if is_written_in(SHIFT_JIS, |pair| matches!(pair, [0x82, 0x9F..=0xF1] | [0x83, 0x40..=0x96])) => SHIFT_JIS,
        () if is_written_in(EUC_JP, |pair| matches!(pair, [0xA4 | 0xA5, 0xA1..=0xF6])) => EUC_JP,
        () => return None,
    };
    Some(Guess { encoding, certainty: Certainty::Told })
}

/// The encoding of a text in two bytes a character that is Korean or Chinese; `None` for one that is neither.
fn korean_or_chinese(bytes: &[u8], detected: &'static Encoding) -> Option<Guess> {
    if ![EUC_KR, GBK].contains(&detected) {
        return None;
    }
    let Likelihood { korean, letters } = likelihood(bytes);
    let pairs = Pairs::of(bytes);
    let is_korean = if detected == GBK { korean >= KOREAN_FOR_SURE } else { korean > -CHINESE_RATHER };
    if pairs.are_korean() && is_korean {
        let is_told = pairs.syllables >= FEWEST_SYLLABLES && korean >= KOREAN_FOR_SURE;
        return Some(Guess { encoding: EUC_KR, certainty: told(is_told) });
    }
    let is_chinese = detected == GBK || korean <= -CHINESE_RATHER;
    (pairs.are_chinese() && is_chinese && letters > 1)
        .then(|| Guess { encoding: GBK, certainty: told(korean <= -CHINESE_FOR_SURE) })
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
    // Two bytes a character that are neither Korean nor Chinese by their letters tell nothing.
    if encoding == EUC_KR {
        return Guess { encoding, certainty: Certainty::Weak };
    }
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
pub(super) fn is_latin(encoding: &'static Encoding) -> bool {
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

/// What bytes hold when they are read two by two.
#[derive(Default)]
struct Pairs {
    /// Pairs that are a syllable of KS X 1001.
    syllables: usize,
    /// Pairs that are a character of GB 2312.
    han: usize,
    /// Pairs of which the second byte is one of ASCII, as a sign before a letter looks.
    with_ascii: usize,
    /// All pairs.
    all: usize,
}

impl Pairs {
    fn of(bytes: &[u8]) -> Self {
        pairs(bytes).fold(Self::default(), |pairs, pair| Self {
            syllables: pairs.syllables + usize::from(matches!(pair, [0xB0..=0xC8, 0xA1..=0xFE])),
            han: pairs.han + usize::from(matches!(pair, [0xB0..=0xF7, 0xA1..=0xFE])),
            with_ascii: pairs.with_ascii + usize::from(pair[1].is_ascii()),
            all: pairs.all + 1,
        })
    }

    /// Whether it can be Korean: syllables, of which few are rare ones.
    fn are_korean(&self) -> bool {
        self.are_mostly(self.syllables)
    }

    /// Whether it can be Chinese.
    fn are_chinese(&self) -> bool {
        self.are_mostly(self.han)
    }

    fn are_mostly(&self, letters: usize) -> bool {
        letters > 0 && 2 * letters >= self.all - letters && letters > self.with_ascii
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

    /// Chinese was read as Korean without a word: the bytes are letters in both.
    #[test]
    fn chinese_is_no_korean() {
        use Certainty::{Told, Weak};
        for text in [
            "网关超时后请先检查证书的有效期，再重新启动代理。",
            "退款将在七个工作日内退回原支付账户。",
            "# 值班安排\r\n周一：王芳，周二：李强\r\n",
            "产品,价格,库存\r\n键盘,199,20\r\n显示器,1299,15\r\n",
            "会议室预订规则",
            "磁盘空间不足时删除旧日志，然后通知管理员；如果仍然失败，请升级到二线支持。本流程每季度复核一次。",
            "员工每年享有十五天带薪休假，未使用的假期可以结转到下一年三月底。",
        ] {
            check(text, GBK, text, Told);
        }
        for text in ["网关", "name,value\r\n网关,1\r\n"] {
            check(text, GBK, text, Weak);
        }
        // What can be either is named, whichever it is taken for.
        for text in ["退款", "价格", "博物馆", "老百姓", "大规模", "突厥", "鹧鸪"] {
            assert_eq!(guess(&GBK.encode(text).0).certainty, Weak, "{text}");
        }
        // Traditional characters and Japanese are other encodings.
        check("伺服器重新啟動之後請聯絡管理員。", encoding_rs::BIG5, "伺服器重新啟動之後請聯絡管理員。", Told);
        for encoding in [SHIFT_JIS, EUC_JP] {
            let text = "サーバーを再起動する前に、管理者に連絡してください。";
            check(text, encoding, text, Told);
        }
    }

    #[test]
    fn short_korean_raises_no_alarm() {
        for text in [
            "개인 키는 일반적으로 숨긴다.",
            "같은 팀의 당직자에게 알린다.",
            "개별 시크릿의 크기는 1MiB로 제한된다.",
            "값 쌍은 의도적으로 비워 둔다.",
            "가령 클러스터에서 노드가 사라지면",
            "간접적인 방식을 포함한다.",
            "주문이 갑자기 늘면 어떻게 하나요?",
            "배송비는 얼마인가요",
            "환불 규정",
            "휴가 신청서 양식",
            "1분기 매출 현황",
            "품목,단가,수량\r\n볼펜,500,20\r\n",
            "이름,부서,내선\r\n박철수,총무팀,1201\r\n",
            "컨테이너 이미지를 받지 못한다",
            "파드가 계속 재시작된다.",
            "인증서 만료 30일 전에 갱신한다.",
            "디스크 사용률이 90%를 넘으면 로그를 지운다.",
            "문의: 고객센터 02-1234-5678",
            "회의록\r\n참석자: 김영희, 이민호\r\n",
            "백업은 매일 새벽 2시에 실행됩니다.",
            "비밀번호는 90일마다 바꾼다.",
            "서울특별시 강남구 테헤란로 152",
            "출장비 정산은 매월 25일까지",
            "점심시간은 12시부터 1시까지입니다.",
            "교육 일정표",
            "재고가 없으면 발주한다.",
            "장애 등급은 세 가지다.",
            "네트워크 지연이 길어지면 라우터를 점검하세요.",
            "겨울철 동파 예방 안내",
            "쿠폰은 중복해서 쓸 수 없어요.",
            "계약 기간은 1년으로 한다.",
            "똠방각하와 펲시콜라도 읽는다.",
            "제1조(目的) 이 규정은 여비의 지급에 관한 사항을 정한다.",
        ] {
            check(text, EUC_KR, text, Certainty::Told);
        }
        let long =
            "데이터베이스 연결이 끊어지면 먼저 방화벽 규칙을 확인하고, 그래도 안 되면 담당자에게 알린다. ".repeat(200);
        check(&long, EUC_KR, &long, Certainty::Told);
    }
}
