//! The text of bytes whose charset is not declared, or declared wrongly: Korean programs write CP949 without saying so, and
//! spreadsheets write the code page of their machine.

mod declaration;
mod escaped;
mod guess;
mod label;
mod likelihood;
mod signs;

use encoding_rs::{Encoding, REPLACEMENT, UTF_8};

pub use declaration::contradicted;
pub(crate) use declaration::{is_korean_beside, is_western};
pub use escaped::escaped;
pub use guess::{Certainty, Guess, guess};
pub use label::labelled;

use super::{Problem, ProblemKind};

/// A text and, where its encoding was guessed, what it was taken for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decoded {
    pub(crate) text: String,
    pub(crate) guess: Option<Guess>,
}

/// The text of some bytes: by their byte order mark, as UTF-8 where they are, in the charset that they are declared to be in if
/// they can be, else in the one that they seem to be in. `None` for bytes that are no text.
pub(crate) fn decode(bytes: &[u8], declared: Option<&str>) -> Option<String> {
    decode_told(bytes, declared).map(|decoded| decoded.text)
}

/// The same, with what was guessed.
pub(crate) fn decode_told(bytes: &[u8], declared: Option<&str>) -> Option<Decoded> {
    let known = |text: String| Some(Decoded { text, guess: None });
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return known(encoding.decode_without_bom_handling(&bytes[mark..]).0.into_owned());
    }
    if bytes.contains(&0) {
        return None;
    }
    if let Some((text, _)) = escaped(bytes) {
        return known(text);
    }
    if std::str::from_utf8(bytes).is_ok() || is_damaged_utf8(bytes) {
        return known(String::from_utf8_lossy(bytes).into_owned());
    }
    let declared = declared.and_then(labelled);
    let declared = declared.filter(|encoding| ![REPLACEMENT, UTF_8].contains(encoding));
    let strictly = |encoding: &'static Encoding| {
        encoding.decode_without_bom_handling_and_without_replacement(bytes).map(std::borrow::Cow::into_owned)
    };
    if let Some(text) = declared.map(|declared| contradicted(declared, bytes).unwrap_or(declared)).and_then(strictly) {
        return known(text);
    }
    let guess = guess(bytes);
    match (strictly(guess.encoding), declared) {
        (Some(text), _) => Some(Decoded { text, guess: Some(guess) }),
        (None, Some(declared)) => known(declared.decode_without_bom_handling(bytes).0.into_owned()),
        (None, None) => {
            let text = guess.encoding.decode_without_bom_handling(bytes).0.into_owned();
            Some(Decoded { text, guess: Some(guess) })
        }
    }
}

/// What to say of a guess: nothing where enough speaks for it.
pub(crate) fn weak_guess(guess: Option<Guess>) -> Option<Problem> {
    let weak = guess.filter(|guess| guess.certainty == Certainty::Weak)?;
    let encoding = weak.encoding.name();
    let detail = format!("it does not say its encoding and has little to tell it by; it was read as {encoding}");
    Some(Problem::new(ProblemKind::GuessedEncoding, detail))
}

/// Whether bytes are UTF-8 with a few bad ones, rather than another encoding: at least ten valid sequences for each bad one.
pub fn is_damaged_utf8(bytes: &[u8]) -> bool {
    let (mut valid, mut bad) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        valid += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    bad > 0 && valid >= bad * 10
}

#[cfg(test)]
mod tests {
    use encoding_rs::EUC_KR;

    use super::*;

    #[test]
    fn korean_under_another_name_is_korean() {
        let text = "하계 휴가는 7월 20일부터 8월 14일 사이에 쓸 수 있다.";
        let cp949 = EUC_KR.encode(text).0.into_owned();
        let others = ["iso-8859-1", "windows-1252", "us-ascii", "koi8-r", "gb2312", "euc-jp", "big5", "windows-1251"];
        for declared in others {
            assert_eq!(decode(&cp949, Some(declared)).as_deref(), Some(text), "{declared}");
        }
        for text in ["김민수", "연차 휴가 안내", "공지: 서버 점검", "휴가는 Jira에서 신청하고 팀장이 승인한다."]
        {
            let cp949 = EUC_KR.encode(text).0.into_owned();
            assert_eq!(decode(&cp949, Some("iso-8859-1")).as_deref(), Some(text));
        }
    }

    /// Particles behind English words were counted as the accents of Western ones.
    #[test]
    fn korean_among_english_words_is_korean_under_another_name() {
        for text in [
            "VPN은 Jira에서 신청하고 PM이 승인한다.\nOTP는 IT팀에서 받고 PC에 Client를 설치한다.",
            "USB메모리 | EA당 5000\nLAN케이블 | m당 300",
            "A동 3F회의실 | IT팀",
            "DB서버 | DBA팀",
            "DB는 Oracle을, WAS는 Tomcat을 쓴다.",
            "Slack에서 HR팀에 문의한다.",
            "GitHub의 PR은 CI가 통과해야 merge할 수 있다.",
            "전산팀은 다음 장비를 관리한다.\n업무PC\n공용PC\n개발PC\n노트북PC\n휴대폰OTP\n토큰OTP",
            "사내VPN 사용자ID 신청\n신규PC 지급 후 사용자ID를 등록한다.",
            "회의실A 본관\n회의실B 별관\n회의실C 신관",
            "운영DB\n개발DB\n검증DB\n백업DB",
            "촬영PC\n편집PC\n렌더링PC",
            "안녕하세요.\n냉장고A 고장\n냉장고B 정상\n냉장고C 고장",
            "안녕하세요. 자리 배치입니다.\n팀A 3층\n팀B 4층\n팀C 5층\n팀D 6층\n팀E 7층",
        ] {
            let cp949 = EUC_KR.encode(text).0.into_owned();
            for declared in ["iso-8859-1", "windows-1252", "us-ascii"] {
                assert_eq!(decode(&cp949, Some(declared)).as_deref(), Some(text), "{declared}");
            }
        }
    }

    #[test]
    fn other_alphabets_under_a_western_name_are_themselves() {
        let russian = "Перезапустите сервер после обновления базы данных и сообщите дежурному.";
        let japanese = "サーバーを再起動する前に、管理者に連絡してください。有給休暇は二週間前に申請します。";
        for (written_in, text) in [
            ("windows-1251", russian),
            ("koi8-r", russian),
            ("shift_jis", japanese),
            ("euc-jp", japanese),
            ("gbk", "员工每年享有十五天带薪休假，未使用的假期可以结转到下一年三月底。网关超时后请检查证书。"),
            ("big5", "伺服器重新啟動之後請聯絡管理員。員工每年享有十五天帶薪休假。"),
            ("windows-1253", "Επανεκκινήστε τον διακομιστή μετά την ενημέρωση της βάσης δεδομένων."),
            ("windows-1250", "Zażółć gęślą jaźń. Łódź leży w środku Polski, a żółw śpi pod krzewem, było tam źle."),
            ("windows-874", "โปรดรีสตาร์ทเซิร์ฟเวอร์หลังจากอัปเดตฐานข้อมูล"),
            ("windows-1255", "יש להפעיל מחדש את השרת לאחר עדכון מסד הנתונים."),
        ] {
            let (bytes, _, had_errors) = labelled(written_in).unwrap().encode(text);
            assert!(!had_errors, "{text}");
            for declared in ["iso-8859-1", "us-ascii"] {
                let page = [b"<html><title>Title</title><body><p>".as_slice(), &bytes, b"</p></body></html>"].concat();
                let read = decode(&page, Some(declared)).unwrap();
                assert!(read.contains(text), "{written_in} declared as {declared}: {read}");
            }
        }
    }

    #[test]
    fn what_is_declared_rightly_is_believed() {
        for (declared, text) in [
            ("iso-8859-1", "À la carte, the crème brûlée costs £7 and the café crème £3."),
            ("windows-1252", "Die Gebühr beträgt 12 € pro Monat. Größe: 5 m². Übergabe möglich, schöne Grüße."),
            ("windows-1252", "Precisión ±0,5 °C · Año 2024 — “señal” débil…"),
            ("windows-1251", "Перезапустите сервер после обновления базы данных и сообщите дежурному."),
            ("koi8-r", "Перезапустите сервер после обновления базы данных и сообщите дежурному."),
            ("iso-8859-7", "Επανεκκινήστε τον διακομιστή μετά την ενημέρωση της βάσης δεδομένων."),
            ("windows-1254", "Sunucu yeniden başlatıldığında bağlantılar kapanır, şifre değişir."),
            ("windows-1255", "יש להפעיל מחדש את השרת לאחר עדכון מסד הנתונים."),
            ("windows-1256", "أعد تشغيل الخادم بعد تحديث قاعدة البيانات."),
            ("windows-874", "โปรดรีสตาร์ทเซิร์ฟเวอร์หลังจากอัปเดตฐานข้อมูล"),
            ("gb2312", "网关超时后请先检查证书的有效期，再重新启动代理。"),
            ("gb2312", "退款"),
            ("gbk", "员工每年享有十五天带薪休假，未使用的假期可以结转到下一年三月底。"),
            ("big5", "伺服器重新啟動之後請聯絡管理員。"),
            ("euc-jp", "サーバーを再起動する前に、管理者に連絡してください。"),
            ("shift_jis", "再起動後、管理者に連絡。"),
            // Words and capitals: two letters of these are a character of Chinese or Korean.
            ("koi8-r", "Инструкция Зарплата, оплата, печать. Tel. 555-1234"),
            ("koi8-r", "Расписание Доступ, гарантия, план: http://a"),
            ("koi8-u", "Сервер Перезавантажте сервер"),
            ("windows-1251", "ВНИМАНИЕ РАБОТА ЦЕНА ОПЛАТА"),
            ("iso-8859-7", "ΔΕΔΟΜΕΝΑ ΠΑΡΑΔΟΣΗ ΤΗΛΕΦΩΝΟ ΠΑΡΑΓΓΕΛΙΑ"),
            ("euc-jp", "経費精算 衛生 住所 精算"),
            ("iso-8859-1", "ATENÇÃO: INSTALAÇÕES"),
            ("iso-8859-1", "PRODUÇÃO ATUALIZAÇÃO OPÇÕES PADRÃO À ÀS"),
            ("iso-8859-1", "MAÇÃ, IRMÃ, AMANHÃ; LÃ E PÃ, NÃO À MANHÃ"),
            ("iso-8859-1", "Umlaute: äöüÄÖÜß, Grüße"),
            // Lines drawn with signs.
            (
                "iso-8859-1",
                "Öffnungszeiten\n¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯\nDie Küche ist während der Prüfung geschlossen; Übergabe später.",
            ),
            ("windows-1252", "Einführung ····························· 3\nÜbersicht ····························· 5"),
            ("iso-8859-15", "Übersicht ²³²³²³²³²³²³²³²³²³²³²³²³ Größe"),
            ("iso-8859-1", "áéíóú ÁÉÍÓÚ ñÑ ¿¡ üÜ"),
            ("iso-8859-1", "áðéíóúýþæö ÁÐÉÍÓÚÝÞÆÖ"),
            (
                "iso-8859-1",
                "French: éèêë àâ îï ô ùûü ç\nGerman: äöüß\nSpanish: áéíóúñü\nPortuguese: ãõáéíóúâêôç\nSwedish: åäö\nDanish: æøå\n\
                 Icelandic: áéíóúýþæðö\nThe café menu and the résumé keep theirs.",
            ),
            (
                "windows-1252",
                "Results are mean±SD. The patient¹s height was measured; it wasn¹t possible to repeat the test. Values are mean±SEM.",
            ),
            (
                "windows-1252",
                "Typing accents\nacute: áéíóúý\ngrave: àèìòù\ncircumflex: âêîôû\ndiaeresis: äëïöüÿ\ntilde: ãñõ\ncedilla: ç",
            ),
            // Apostrophes that another program spoilt.
            ("windows-1252", "l¿entreprise et l¿usine d¿Hélène, don¿t, c¹est fait à l¹école"),
            ("windows-1252", "20 m³/h bei 3 bar, ½ Liter ¿dónde? l´eau, 100±5 µm²"),
            ("iso-8859-2", "przyjąć wartość"),
            ("iso-8859-1", "Þættir Æðar ÁÆTLUN"),
            ("iso-8859-2", "ŻÓŁW żółw ŁÓŻKO"),
            ("windows-1252", "« ÇA » — 20 °C, §§ 3, ½ ¼"),
            (
                "gb2312",
                "P-001 10.1 合格 P-002 10.2 合格 P-003 合格 P-004 合格 P-005 合格 P-006 合格 合格 合格 合格 合格 合格",
            ),
            ("gb2312", "单价 规格 单价 规格 单价 规格 单价 规格 单价 规格 单价 规格 单价 规格"),
            ("koi8-r", "2019 года 2020 года 2021 года 2022 года 2023 года 2024 года 2025 года 2026 года"),
        ] {
            let encoding = labelled(declared).unwrap();
            let (bytes, _, had_errors) = encoding.encode(text);
            assert!(!had_errors, "{text}");
            assert_eq!(decode(&bytes, Some(declared)).as_deref(), Some(text), "{declared}");
        }
    }

    #[test]
    fn bytes_are_read_as_what_they_can_be() {
        let cp949 = EUC_KR.encode("똠방각하 노드").0.into_owned();
        for (bytes, declared, expect) in [
            ("노드".as_bytes(), Some("euc-kr"), Some("노드")),
            (&cp949, None, Some("똠방각하 노드")),
            (&cp949, Some("utf-8"), Some("똠방각하 노드")),
            (&cp949, Some("ks_c_5601-1987"), Some("똠방각하 노드")),
            (&cp949, Some("X-Windows-949"), Some("똠방각하 노드")),
            (&cp949, Some("MS949"), Some("똠방각하 노드")),
            (&cp949, Some("x-unknown"), Some("똠방각하 노드")),
            (b"caf\xe9", Some("ansi_1252"), Some("café")),
            (b"caf\xe9", Some("iso-8859-1"), Some("café")),
            (b"caf\xe9", None, Some("café")),
            (b"\xff\xfeA\0B\0", None, Some("AB")),
            (b"\xef\xbb\xbfA", None, Some("A")),
            (b"\x1b$)CHi \x0e3k5e\x0f!", Some("iso-2022-kr"), Some("Hi 노드!")),
            (b"A\0", None, None),
            (b"", None, Some("")),
        ] {
            assert_eq!(decode(bytes, declared).as_deref(), expect, "{bytes:?} {declared:?}");
        }
    }
}
