//! The encodings that labels stand for: those of the web (WHATWG), and what Java, Outlook, Windows, Python and IBM call them.

use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GBK, IBM866, SHIFT_JIS, WINDOWS_874};

/// The encoding that a label stands for, in any case.
pub fn labelled(label: &str) -> Option<&'static Encoding> {
    let label = label.trim().trim_matches(['"', '\'']);
    Encoding::for_label(label.as_bytes()).or_else(|| of_vendor(label))
}

/// The encoding that a vendor has a label of its own for.
fn of_vendor(label: &str) -> Option<&'static Encoding> {
    let name: String = label.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let name = name.strip_prefix("cs").or(name.strip_prefix('x')).unwrap_or(&name);
    match name {
        "uhc" | "euckr" | "ksc56011992" | "ksc5601" | "ksx1001" | "ksx10011992" | "wansung" => return Some(EUC_KR),
        "sjis" | "shiftjis" | "mskanji" => return Some(SHIFT_JIS),
        "eucjp" => return Some(EUC_JP),
        "euccn" | "gb2312" | "gb231280" | "gbk" => return Some(GBK),
        "big5" | "big5hkscs" => return Some(BIG5),
        _ => {}
    }
    if let Some(part) = name.strip_prefix("iso8859").or(name.strip_prefix("8859")) {
        return Encoding::for_label(format!("iso-8859-{part}").as_bytes());
    }
    let prefixes = ["windows", "mswin", "mscp", "ansi", "ibm", "cp", "ms", "win", ""];
    let number = prefixes.iter().find_map(|prefix| name.strip_prefix(prefix)?.parse().ok())?;
    of_code_page(number)
}

/// The encoding of a code page of Windows.
fn of_code_page(number: u32) -> Option<&'static Encoding> {
    Some(match number {
        949 | 970 | 1363 | 51949 | 20949 => EUC_KR,
        932 | 943 => SHIFT_JIS,
        51932 => EUC_JP,
        936 | 1386 | 20936 | 51936 => GBK,
        54936 => encoding_rs::GB18030,
        950 | 1370 | 1375 => BIG5,
        866 => IBM866,
        874 => WINDOWS_874,
        65001 => encoding_rs::UTF_8,
        1250..=1258 => return Encoding::for_label(format!("windows-{number}").as_bytes()),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_all_vendors_are_known_in_any_case() {
        for (encoding, labels) in [
            (
                EUC_KR,
                "euc-kr euc_kr x-euc-kr ks_c_5601-1987 KSC5601 ks_c_5601 cp949 x-cp949 949 ms949 x-ms949 uhc windows-949 \
                 x-windows-949 ibm949 ibm-949 cp51949 korean ksx1001",
            ),
            (SHIFT_JIS, "shift_jis x-sjis sjis cp932 ms932 windows-31j windows-932 x-ms-cp932 ms_kanji ibm943"),
            (EUC_JP, "euc-jp x-euc-jp eucjp cp51932"),
            (GBK, "gbk gb2312 x-gbk gb_2312-80 cp936 ms936 x-mswin-936 windows-936 euc-cn euc_cn x-euc-cn"),
            (BIG5, "big5 cp950 ms950 x-windows-950 big5-hkscs"),
            (encoding_rs::GB18030, "gb18030 cp54936"),
            (
                encoding_rs::WINDOWS_1252,
                "cp1252 windows-1252 x-cp1252 ansi_1252 win1252 iso-8859-1 ISO8859_1 8859_1 latin1",
            ),
            (encoding_rs::WINDOWS_1251, "cp1251 windows1251 win-1251"),
            (encoding_rs::ISO_8859_2, "iso-8859-2 ISO8859_2 x-iso-8859-2"),
            (encoding_rs::UTF_8, "utf-8 utf8 cp65001"),
            (WINDOWS_874, "cp874 ms874 x-windows-874 tis-620"),
        ] {
            for label in labels.split(' ') {
                for label in [label.to_uppercase(), label.to_lowercase(), format!(" \"{label}\" ")] {
                    assert_eq!(labelled(&label), Some(encoding), "{label}");
                }
            }
        }
        for label in ["", "x", "unknown-8bit", "cp850", "utf-7", "x-unknown", "cp", "99999999999"] {
            assert_eq!(labelled(label), None, "{label}");
        }
    }
}
