//! Front matter: the YAML or TOML header of a Markdown page. Only its title is used; the header is not text.

/// A page cut into its declared title and its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Page {
    /// The declared title, trimmed; `None` when there is none or it is empty.
    pub(super) title: Option<String>,
    /// Where the body starts, in bytes.
    pub(super) body: usize,
}

/// A header longer than this is a page that opens with a rule.
const MAX_HEADER_BYTES: usize = 64 << 10;

/// Finds the header of a page: lines between `---` (YAML, may close with `...`) or `+++` (TOML) at its very start.
pub(super) fn split(text: &str) -> Page {
    let none = Page { title: None, body: 0 };
    let mut lines = text.split_inclusive('\n');
    let Some(first) = lines.next() else { return none };
    let (closers, separator): (&[&str], char) = match first.trim_end() {
        "---" => (&["---", "..."], ':'),
        "+++" => (&["+++"], '='),
        _ => return none,
    };
    let mut at = first.len();
    let mut header: Vec<&str> = Vec::new();
    for line in lines {
        at += line.len();
        if closers.contains(&line.trim_end()) {
            return Page { title: title(&header, separator), body: at };
        }
        if at > MAX_HEADER_BYTES {
            break;
        }
        header.push(line);
    }
    none
}

/// The value of the top-level key `title`: plain, quoted, or folded over the indented lines that follow.
fn title(header: &[&str], separator: char) -> Option<String> {
    let (at, value) = header.iter().enumerate().find_map(|(at, line)| {
        let rest = line.strip_prefix("title")?.trim_start().strip_prefix(separator)?;
        Some((at, rest.trim()))
    })?;
    let value = if matches!(value, "" | "|" | ">" | ">-" | "|-") {
        let folded: Vec<&str> =
            header[at + 1..].iter().take_while(|line| line.starts_with([' ', '\t'])).map(|line| line.trim()).collect();
        folded.join(" ")
    } else {
        unquoted(value)
    };
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

fn unquoted(value: &str) -> String {
    if let Some(inner) = value.strip_prefix('"').and_then(|rest| rest.rsplit_once('"')).map(|(inner, _)| inner) {
        return inner.replace("\\\"", "\"").replace("\\\\", "\\");
    }
    if let Some(inner) = value.strip_prefix('\'').and_then(|rest| rest.rsplit_once('\'')).map(|(inner, _)| inner) {
        return inner.replace("''", "'");
    }
    value.find(" #").map_or(value, |comment| &value[..comment]).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_gives_its_title_and_is_cut_off() {
        let check = |text: &str, title: Option<&str>, body: &str| {
            let page = split(text);
            assert_eq!((page.title.as_deref(), &text[page.body..]), (title, body), "{text:?}");
        };
        check("---\ntitle: 시크릿\nweight: 20\n---\n본문", Some("시크릿"), "본문");
        check("---\ntitle: \"A \\\"b\\\" c\" # note\n---\nx", Some("A \"b\" c"), "x");
        check("---\ntitle: 'it''s'\n...\nx", Some("it's"), "x");
        check("---\ntitle: a # note\n---\nx", Some("a"), "x");
        check("---\ntitle: >-\n  one\n  two\nother: 1\n---\nx", Some("one two"), "x");
        check("---\nmeta:\n  title: inner\n---\nx", None, "x");
        check("+++\ntitle = \"toml\"\n+++\nx", Some("toml"), "x");
        check("---\nnever closed", None, "---\nnever closed");
        check("text\n---\ntitle: x\n---\n", None, "text\n---\ntitle: x\n---\n");
        check("---\ntitle:\n---\n", None, "");
        check("", None, "");
    }
}
