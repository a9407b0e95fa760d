//! The text of a HTML body as plain lines, for mails that bring no other. No structure is kept but lines and list items:
//! files of HTML are read elsewhere.

use html5gum::{Token, Tokenizer};

/// Elements whose text nobody sees.
const UNSEEN: [&[u8]; 5] = [b"head", b"style", b"script", b"template", b"title"];

/// Elements that end a line.
const BLOCKS: [&[u8]; 20] = [
    b"p",
    b"div",
    b"br",
    b"li",
    b"ul",
    b"ol",
    b"tr",
    b"table",
    b"h1",
    b"h2",
    b"h3",
    b"h4",
    b"h5",
    b"h6",
    b"hr",
    b"pre",
    b"blockquote",
    b"section",
    b"dt",
    b"dd",
];

/// Elements that leave an empty line around them.
const APART: [&[u8]; 11] = [b"p", b"table", b"h1", b"h2", b"h3", b"h4", b"h5", b"h6", b"ul", b"ol", b"blockquote"];

/// The text of some HTML.
pub(crate) fn plain_text(html: &str) -> String {
    let mut out = String::new();
    let mut unseen: Option<Vec<u8>> = None;
    for Ok(token) in Tokenizer::new(html) {
        match token {
            Token::StartTag(tag) if unseen.is_none() => {
                let name: &[u8] = &tag.name;
                if UNSEEN.contains(&name) && !tag.self_closing {
                    unseen = Some(name.to_vec());
                } else {
                    break_line(name, &mut out);
                }
                match name {
                    b"li" => out.push_str("- "),
                    b"td" | b"th" if !out.ends_with('\n') && !out.is_empty() => out.push_str(" | "),
                    _ => {}
                }
            }
            Token::EndTag(tag) => match &unseen {
                Some(name) if *name == tag.name.0 => unseen = None,
                Some(_) => {}
                None => break_line(&tag.name, &mut out),
            },
            Token::String(text) if unseen.is_none() => push_text(&String::from_utf8_lossy(&text), &mut out),
            _ => {}
        }
    }
    out
}

fn break_line(name: &[u8], out: &mut String) {
    if BLOCKS.contains(&name) && !out.is_empty() && (!out.ends_with('\n') || name == b"br") {
        out.push('\n');
    }
    if APART.contains(&name) && !out.is_empty() && !out.ends_with("\n\n") {
        out.push('\n');
    }
}

/// White space in HTML is one space, and none at the start of a line.
fn push_text(text: &str, out: &mut String) {
    for c in text.chars() {
        if !c.is_whitespace() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with([' ', '\n']) {
            out.push(' ');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_becomes_lines() {
        let check = |html: &str, expect: &str| assert_eq!(plain_text(html).trim(), expect, "{html}");
        check("<p>One</p><p>Two<br>lines</p>", "One\n\nTwo\nlines");
        check("<div>a  \n b</div><div>c</div>", "a b\nc");
        check("<ul><li>하나</li><li>둘 &amp; 셋</li></ul>", "- 하나\n- 둘 & 셋");
        check("<head><title>x</title></head><style>p{}</style>seen<script>no()</script>", "seen");
        check("<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>", "a | b\n1 | 2");
        check("<p", "");
    }
}
