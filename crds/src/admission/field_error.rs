//! One refused field, worded as an API server words it (k8s.io/apimachinery `field.Error`), and Go's way of printing
//! the values that stand in such messages.

use std::fmt;

use serde_json::Value;

/// Why a field is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldErrorKind {
    /// Not there, though it must be.
    Required,
    /// Malformed, out of range, or against a rule.
    Invalid,
    /// Of another JSON type than the schema's.
    TypeInvalid,
    /// Not one of an enum's values.
    NotSupported,
    /// A value that must be unique stands twice.
    Duplicate,
    /// Well-formed, but not permitted here.
    Forbidden,
    /// A string with too many characters.
    TooLong,
    /// A list or map with too many entries.
    TooMany,
}

impl FieldErrorKind {
    const fn words(self) -> &'static str {
        match self {
            Self::Required => "Required value",
            Self::Invalid | Self::TypeInvalid => "Invalid value",
            Self::NotSupported => "Unsupported value",
            Self::Duplicate => "Duplicate value",
            Self::Forbidden => "Forbidden",
            Self::TooLong => "Too long",
            Self::TooMany => "Too many",
        }
    }

    /// Whether an API server leaves the CEL rules unjudged when a schema error of this kind was found.
    pub(crate) const fn blocks_rules(self) -> bool {
        matches!(self, Self::NotSupported | Self::Required | Self::TooLong | Self::TooMany | Self::TypeInvalid)
    }
}

/// One refused field. Its display form is the API server's, such as
/// `spec.chunking.maxTokens: Invalid value: 5: spec.chunking.maxTokens in body should be greater than or equal to 16`.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldError {
    /// Path of the field, such as `spec.sources[0].name`.
    pub field: String,
    /// Why it is refused.
    pub kind: FieldErrorKind,
    /// The refused value, where the message shows it.
    pub value: Option<Value>,
    /// What would be right, as an API server says it; may be empty.
    pub detail: String,
    /// The same for whoever runs this version without a cluster, where it differs. It stands in no API server's message.
    pub advice: Option<String>,
}

impl FieldError {
    pub(crate) fn new(field: &str, kind: FieldErrorKind, value: Option<Value>, detail: impl Into<String>) -> Self {
        Self { field: field.to_owned(), kind, value, detail: detail.into(), advice: None }
    }

    pub(crate) fn required(field: &str, detail: impl Into<String>) -> Self {
        Self::new(field, FieldErrorKind::Required, None, detail)
    }

    pub(crate) fn invalid(field: &str, value: &Value, detail: impl Into<String>) -> Self {
        Self::new(field, FieldErrorKind::Invalid, Some(value.clone()), detail)
    }

    /// The message with our advice in place of the API server's detail, where there is one.
    #[must_use]
    pub fn advised(&self) -> String {
        let detail = self.advice.as_deref().unwrap_or(&self.detail);
        format!("{}: {}", self.field, self.body_with(detail))
    }

    /// The message without the field's path.
    #[must_use]
    pub fn body(&self) -> String {
        self.body_with(&self.detail)
    }

    fn body_with(&self, detail: &str) -> String {
        let mut body = self.kind.words().to_owned();
        if let Some(value) = &self.value {
            body.push_str(": ");
            body.push_str(&go_value(value));
        }
        if !detail.is_empty() {
            body.push_str(": ");
            body.push_str(detail);
        }
        body
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.field, self.body())
    }
}

/// A value as Go prints it in a field error: strings quoted, lists and maps as JSON.
fn go_value(value: &Value) -> String {
    match value {
        Value::String(text) => go_quote(text),
        Value::Number(number) => go_number(number),
        Value::Array(_) | Value::Object(_) => {
            value.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
        }
        Value::Bool(_) | Value::Null => value.to_string(),
    }
}

/// A number as Go's `%v` prints it.
pub(crate) fn go_number(number: &serde_json::Number) -> String {
    match (number.as_i64(), number.as_f64()) {
        (Some(whole), _) => whole.to_string(),
        (None, Some(float)) => go_float(float),
        (None, None) => number.to_string(),
    }
}

/// A float as Go's `%v` prints it: the shortest digits, with an exponent below 1e-4 and from 1e6.
pub(crate) fn go_float(float: f64) -> String {
    let scientific = format!("{float:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return float.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// A string as Go's `%q` prints it.
pub(crate) fn go_quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{b}' => quoted.push_str("\\v"),
            _ if is_printable(character) => quoted.push(character),
            _ if u32::from(character) < 0x80 => quoted.push_str(&format!("\\x{:02x}", u32::from(character))),
            _ if u32::from(character) < 0x1_0000 => quoted.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => quoted.push_str(&format!("\\U{:08x}", u32::from(character))),
        }
    }
    quoted.push('"');
    quoted
}

/// Close to Go's `unicode.IsPrint`: no controls, no spaces but U+0020, no invisible formatting characters.
fn is_printable(character: char) -> bool {
    let invisible = matches!(character,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e000}'..='\u{f8ff}');
    !character.is_control() && !invisible && (character == ' ' || !character.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_print_as_go_prints_them() {
        let check = |float: f64, expected: &str| assert_eq!(go_float(float), expected);
        check(0.95, "0.95");
        check(-2.5, "-2.5");
        check(100_000.0, "100000");
        check(1e6, "1e+06");
        check(123_456_789.5, "1.234567895e+08");
        check(0.0001, "0.0001");
        check(0.00001, "1e-05");
        check(1e21, "1e+21");
    }

    #[test]
    fn strings_print_as_go_quotes_them() {
        let check = |text: &str, expected: &str| assert_eq!(go_quote(text), expected);
        check("a\"b\\c", r#""a\"b\\c""#);
        check("a\nb\tc", r#""a\nb\tc""#);
        check("a\u{3000}b\u{200b}한\u{a0}", r#""a\u3000b\u200b한\u00a0""#);
        check("\u{7f}\u{1}", r#""\x7f\x01""#);
        check("😀", "\"😀\"");
    }
}
