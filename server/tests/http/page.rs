//! The page shows an answer legibly: its very script runs in Node over a document that keeps what it is given.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::skip::{Unavailable, skip, this_test};

/// The page's result for these sentences, as HTML; `None` without Node, after saying so loudly.
fn shown(language: &str, sentences: &serde_json::Value) -> Option<String> {
    shown_with(language, sentences, json!({}))
}

/// The same for an answer with these fields in place of its own.
fn shown_with(language: &str, sentences: &serde_json::Value, fields: serde_json::Value) -> Option<String> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/http/document.js");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/routes/page/page.js");
    let mut command = Command::new("node");
    command.arg(tests).arg(script).arg(language).stdin(Stdio::piped()).stdout(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        let reason = "there is no `node` to run the page's script; Debian's package is nodejs";
        skip(&this_test(), &Unavailable::Missing(reason.to_owned()));
        return None;
    };
    let mut body = json!({
        "status": "answered", "sentences": sentences, "confidence": 0.9, "confidence_cut": 0.5, "mode_used": "hybrid",
        "index": "faq", "revision": "0123abcd", "request_id": "r", "timings_ms": {"total": 7.0},
        "sources": [{"id": 1, "title": "T", "headings": [], "path": "t.md", "collection": "docs", "text": "<i>x</i>"}],
        "degraded": false, "degraded_reasons": [],
    });
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    child.stdin.take().unwrap().write_all(body.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(String::from_utf8(output.stdout).unwrap())
}

/// `Two.` stands right behind what comes before it.
fn said(text: &str) -> serde_json::Value {
    let joint = if text == "Two." { "next" } else { "block" };
    json!({"text": text, "joint": joint, "support": "supported", "citations": [{"source": 1, "quote": "q", "score": 1.0}]})
}

const CITED: &str = "<span class=\"cites\"> <a href=\"#source-1\" aria-label=\"Source 1\">[1]</a></span>";

#[test]
fn sentences_that_belong_together_are_one_paragraph_list_table_or_block_of_code() {
    let check = |texts: &[&str], expected: &str| {
        let sentences = texts.iter().map(|text| said(text)).collect();
        let Some(html) = shown("en", &sentences) else { return };
        let expected = expected.replace("{c}", CITED);
        assert!(html.contains(&expected), "{expected}\nis missing in\n{html}");
    };
    check(
        &["Run `ls` **now**.", "Two."],
        "<p class=\"block prose\"><span>Run <code>ls</code> <strong>now</strong>.</span>{c} <span>Two.</span>{c} </p>",
    );
    check(
        &["2. First.", "3) Second."],
        "<ol class=\"block ol\"><li value=\"2\">First.{c}</li><li value=\"3\">Second.{c}</li></ol>",
    );
    check(&["- 하나", "- 둘"], "<ul class=\"block ul\"><li>하나{c}</li><li>둘{c}</li></ul>");
    check(
        &["```sh\nls <a>\n```", "Done."],
        "<pre>ls &lt;a></pre>{c}</div><p class=\"block prose\"><span>Done.</span>{c} </p>",
    );
    check(
        &["| code | what |\n| --- | --- |\n| 503 | a \\| b |", "| code | what |\n| --- | --- |\n| 504 | late |"],
        "<thead><tr><th>code</th><th>what</th><th>Sources</th></tr></thead><tbody><tr><td>503</td><td>a | b</td>\
         <td>{c}</td></tr><tr><td>504</td><td>late</td><td>{c}</td></tr></tbody>",
    );
    check(&["| a | b |"], "<tbody><tr><td>a</td><td>b</td><td>{c}</td></tr></tbody>");
}

#[test]
fn sections_have_their_heading_and_tables_show_what_is_left_out() {
    let sentences = json!([
        {"text": "- Restart all.", "section": "Cache › Never do this", "joint": "block", "support": "supported", "citations": []},
        {"text": "| a | b |\n|---|---|\n| 1 | x |", "row": {"table": 0, "number": 1, "of": 4}, "joint": "block", "support": "supported", "citations": []},
        {"text": "| a | b |\n|---|---|\n| 3 | z |", "row": {"table": 0, "number": 3, "of": 4}, "joint": "block", "support": "supported", "citations": []},
        {"text": "| a | b |\n|---|---|\n| 4 | q |", "row": {"table": 1, "number": 4, "of": 5}, "joint": "block", "support": "supported", "citations": []},
        {"text": "| a | b |\n|---|---|\n| 5 | r |", "row": {"table": 1, "number": 5, "of": 5}, "joint": "block", "support": "supported", "citations": []},
        {"text": "Done.", "joint": "block", "support": "supported", "citations": []},
    ]);
    let Some(html) = shown("en", &sentences) else { return };
    let gap = "<tr><td>…</td><td>…</td><td></td></tr>";
    let cites = "<td><span class=\"cites\"></span></td>";
    for expected in [
        "<h3 class=\"section\">Cache › Never do this</h3><ul class=\"block ul\"><li>Restart all.".to_owned(),
        format!("<tr><td>1</td><td>x</td>{cites}</tr>{gap}<tr><td>3</td><td>z</td>{cites}</tr>{gap}</tbody>"),
        format!("<tbody>{gap}<tr><td>4</td><td>q</td>{cites}</tr><tr><td>5</td><td>r</td>{cites}</tr></tbody>"),
    ] {
        assert!(html.contains(&expected), "{expected}\nis missing in\n{html}");
    }
}

#[test]
fn what_is_left_out_of_paragraphs_and_lists_is_seen() {
    let step = |text: &str, number: u32, of: u32| {
        let item = json!({"list": 0, "number": number, "of": of, "numbered": true});
        json!({"text": text, "item": item, "joint": "block", "support": "supported", "citations": []})
    };
    let prose =
        |text: &str, joint: &str| json!({"text": text, "joint": joint, "support": "supported", "citations": []});
    let mut warning = step("Never alone.", 2, 5);
    warning["joint"] = json!("next");
    let sentences = json!([
        prose("One.", "block"),
        prose("Three.", "gap"),
        prose("Another paragraph.", "block"),
        step("2. Open it.", 2, 5),
        warning,
        step("4. Shut it.", 4, 5),
    ]);
    let Some(html) = shown("en", &sentences) else { return };
    let cites = "<span class=\"cites\"></span>";
    let gap = "<p class=\"block gap\">…</p>";
    for expected in [
        format!("<span>One.</span>{cites} … <span>Three.</span>{cites} </p><p class=\"block prose\"><span>Another"),
        format!("<li value=\"2\">Open it.{cites} <span>Never alone.</span>{cites}</li></ol>{gap}<ol"),
        format!("<li value=\"4\">Shut it.{cites}</li></ol>{gap}"),
    ] {
        assert!(html.contains(&expected), "{expected}\nis missing in\n{html}");
    }
}

#[test]
fn paragraphs_show_what_is_left_out_at_their_ends_and_items_stay_nested() {
    let part = |text: &str, number: u32| {
        let paragraph = json!({"number": number, "of": 4});
        json!({"text": text, "paragraph": paragraph, "joint": if number == 2 { "block" } else { "next" },
            "support": "supported", "citations": []})
    };
    let item = |text: &str, number: u32| {
        let item = json!({"list": 0, "number": number, "of": 4, "numbered": false});
        json!({"text": text, "item": item, "joint": "block", "support": "supported", "citations": []})
    };
    let sentences = json!([
        part("Two.", 2),
        part("Three.", 3),
        item("- Never do this:", 1),
        item("  - Lift people.", 2),
        item("  - Park it.", 3),
        item("- Look up.", 4),
    ]);
    let Some(html) = shown("en", &sentences) else { return };
    let cites = "<span class=\"cites\"></span>";
    for expected in [
        format!("<p class=\"block prose\">… <span>Two.</span>{cites} <span>Three.</span>{cites} …</p>"),
        format!(
            "<ul class=\"block ul\"><li>Never do this:{cites}<ul><li>Lift people.{cites}</li><li>Park it.{cites}</li></ul>\
             </li><li>Look up.{cites}</li></ul>"
        ),
    ] {
        assert!(html.contains(&expected), "{expected}\nis missing in\n{html}");
    }
}

#[test]
fn a_degraded_answer_says_so_above_it_in_both_languages() {
    for (language, says) in [("en-US", "words alone were searched"), ("ko-KR", "단어로만 검색했습니다")] {
        let fields = json!({"degraded": true, "degraded_reasons": ["embedder_unavailable"]});
        let Some(html) = shown_with(language, &json!([said("One.")]), fields) else { return };
        let at = |text: &str| html.find(text).unwrap_or_else(|| panic!("{text} is missing in {html}"));
        assert!(at("class=\"degraded\"") < at(says) && at(says) < at("<h2"), "{html}");
        let Some(whole) = shown(language, &json!([said("One.")])) else { return };
        assert!(!whole.contains("degraded"), "{whole}");
    }
}

#[test]
fn what_the_server_says_is_text_and_weak_support_is_told_in_both_languages() {
    for (language, weak) in [("en-US", "weakly supported"), ("ko-KR", "근거 약함")] {
        let sentence =
            json!({"text": "<img src=x onerror=alert(1)>", "joint": "block", "support": "weak", "citations": []});
        let Some(html) = shown(language, &json!([sentence])) else { return };
        assert!(html.contains("<span>&lt;img src=x onerror=alert(1)></span>"), "{html}");
        assert!(html.contains(&format!(" ({weak})")) && !html.contains("<i>"), "{html}");
    }
}

/// A fact on slide 13 was shown as one of the slides 1 to 20.
#[test]
fn a_source_shows_the_slide_or_row_that_is_quoted() {
    let check = |place: serde_json::Value, quoted: &[serde_json::Value], expected: &str| {
        let citation =
            |locator: &serde_json::Value| json!({"source": 1, "quote": "q", "score": 1.0, "locator": locator});
        let citations: Vec<_> = quoted.iter().map(citation).collect();
        let sentence = json!({"text": "So.", "joint": "block", "support": "supported", "citations": citations});
        let mut source = json!({"id": 1, "title": "T", "headings": [], "path": "t", "collection": "docs", "text": "x"});
        source.as_object_mut().unwrap().extend(place.as_object().unwrap().clone());
        let Some(html) = shown_with("en", &json!([sentence]), json!({"sources": [source]})) else { return };
        let expected = format!("docs: t, {expected}</p>");
        assert!(html.contains(&expected), "{expected}\nis missing in\n{html}");
    };
    let slides = |first: u32, last: u32| json!({"slides": {"first": first, "last": last}});
    check(slides(1, 20), &[slides(13, 13)], "slide 13");
    check(slides(1, 20), &[slides(13, 13), slides(3, 3), slides(2, 2)], "slides 2–3, slide 13");
    check(slides(1, 20), &[slides(13, 13), json!(null)], "slides 1–20");
    let rows = |first: u32, last: u32| json!({"rows": {"sheet": "S", "first": first, "last": last}});
    check(rows(2, 6), &[rows(2, 2)], "S, row 2");
}
