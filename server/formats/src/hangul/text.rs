//! The text of a HWP 5 paragraph: UTF-16 with control characters, of which some take eight units and refer to what hangs
//! on the paragraph (chapter 4.3.2 of the format's description).

use super::records::{self, Record, text_at, u16_at};

/// What a control character is.
enum Control {
    /// It stands for itself.
    Single,
    /// It takes eight units.
    Inline,
    /// It takes eight units, and the next control of the paragraph belongs to it.
    Hanging,
}

fn control(unit: u16) -> Control {
    match unit {
        4..=9 | 19 | 20 => Control::Inline,
        1..=3 | 11 | 12 | 14..=18 | 21..=23 => Control::Hanging,
        _ => Control::Single,
    }
}

/// Reads the text into `out`, with equations and counts where they stand. Gives the place of each control in the text.
pub(super) fn read(data: &[u8], controls: &[&[Record<'_>]], out: &mut String) -> Vec<usize> {
    let mut places = Vec::new();
    let mut units = Vec::new();
    let mut at = 0;
    while let Some(unit) = u16_at(data, at) {
        at += 2;
        if unit >= 32 {
            units.push(unit);
            continue;
        }
        push_text(&mut units, out);
        match control(unit) {
            Control::Single => out.push_str(sign(unit)),
            Control::Inline => {
                at += 14;
                out.push_str(sign(unit));
            }
            Control::Hanging => {
                at += 14;
                if let Some(control) = controls.get(places.len()) {
                    out.push_str(&inserted(control));
                }
                places.push(out.len());
            }
        }
    }
    push_text(&mut units, out);
    places
}

fn push_text(units: &mut Vec<u16>, out: &mut String) {
    out.extend(char::decode_utf16(units.drain(..)).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
}

/// What a control character looks like.
fn sign(unit: u16) -> &'static str {
    match unit {
        9 | 30 | 31 => " ",
        10 => "\n",
        24 => "-",
        _ => "",
    }
}

/// What a control shows in the text itself: the script of an equation, the count of a picture or table.
fn inserted(control: &[Record<'_>]) -> String {
    let data = control[0].data;
    match data.get(..4) {
        Some(b"deqe") => {
            let equation = control.iter().find(|record| record.tag == records::EQUATION);
            equation.and_then(|record| text_at(record.data, 4)).unwrap_or_default().trim().to_owned()
        }
        // Kinds 0, 1, 2 and 6 count pages and notes.
        Some(b"onta") if matches!(data.get(4).map(|kind| kind & 0xF), Some(3..=5)) => {
            u16_at(data, 8).map(|count| count.to_string()).unwrap_or_default()
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_read_or_skipped() {
        let equation_text: Vec<u8> =
            [0_u8; 4].into_iter().chain([3, 0]).chain("a+b".bytes().flat_map(|b| [b, 0])).collect();
        let equation = [
            Record { tag: records::CTRL_HEADER, level: 1, data: b"deqe" },
            Record { tag: records::EQUATION, level: 2, data: &equation_text },
        ];
        let note = [Record { tag: records::CTRL_HEADER, level: 1, data: b"  nf" }];
        let mut units: Vec<u16> = "값 ".encode_utf16().collect();
        units.extend([11, 0, 0, 0, 0, 0, 0, 11]);
        units.extend("이다".encode_utf16());
        units.extend([17, 0, 0, 0, 0, 0, 0, 17]);
        units.extend([9, 0, 0, 0, 0, 0, 0, 9]);
        units.extend([u16::from(b'b'), 10, u16::from(b'c'), 24, u16::from(b'd'), 13]);
        let data: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let mut out = String::new();
        let places = read(&data, &[&equation, &note], &mut out);
        assert_eq!(out, "값 a+b이다 b\nc-d");
        assert_eq!(places, ["값 a+b".len(), "값 a+b이다".len()]);
        for length in 0..data.len() {
            read(&data[..length], &[], &mut String::new());
        }
    }
}
