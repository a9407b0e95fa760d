//! Files that no program wrote: pieces of each format in any order. No reader may panic, and each says why it read nothing.

use std::io::{Cursor, Write};

use proptest::prelude::*;

use super::*;
use crate::testing::zip_of;

/// Pieces in any order, up to 60 of them.
fn soup(pieces: &'static [&'static str]) -> impl Strategy<Value = String> {
    let piece =
        prop_oneof![8 => proptest::sample::select(pieces).prop_map(str::to_owned), 1 => "[a-z가-힣0-9 <>&;]{0,6}"];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// The tags that close what a piece of XML leaves open.
fn closing(piece: &str) -> String {
    let mut open = Vec::new();
    for tag in piece.split('<').skip(1) {
        let name = tag.split([' ', '>', '/']).next().unwrap_or_default();
        match tag {
            tag if tag.starts_with('/') => drop(open.pop()),
            tag if tag.contains("/>") => {}
            _ => open.push(format!("</{name}>")),
        }
    }
    open.into_iter().rev().collect()
}

/// Pieces of XML in each other in any way, closed as they should be; now and then cut off.
fn tree(pieces: &'static [&'static str]) -> impl Strategy<Value = String> {
    let opening: Vec<&str> = pieces.iter().copied().filter(|piece| !piece.starts_with("</")).collect();
    let leaf = proptest::sample::select(opening.clone()).prop_map(|piece| piece.to_owned() + &closing(piece));
    let whole = leaf.prop_recursive(8, 120, 6, move |inner| {
        let piece = proptest::sample::select(opening.clone());
        (piece, proptest::collection::vec(inner, 0..6))
            .prop_map(|(piece, inner)| format!("{piece}{}{}", inner.concat(), closing(piece)))
    });
    let whole = proptest::collection::vec(whole, 0..6).prop_map(|trees| trees.concat());
    (whole, any::<proptest::sample::Index>(), proptest::bool::weighted(0.1)).prop_map(|(whole, at, cut)| {
        let length = whole.char_indices().map(|(at, _)| at).nth(at.index(whole.chars().count().max(1)));
        whole[..length.filter(|_| cut).unwrap_or(whole.len())].to_owned()
    })
}

fn check(format: Format, bytes: &[u8]) -> Result<(), TestCaseError> {
    let extract = extract(format, bytes);
    let gave_up = extract.problems.iter().any(|problem| problem.detail.contains("gave up"));
    prop_assert!(!gave_up, "{:?}", extract.problems);
    prop_assert!(!extract.blocks.is_empty() || !extract.problems.is_empty());
    Ok(())
}

const WORD: &[&str] = &[
    "<w:p><w:r><w:t>글</w:t></w:r></w:p>",
    "<w:p><w:r><w:t>x",
    "<w:tbl><w:tr><w:tc>",
    "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>셀</w:t></w:r></w:p>",
    "<w:p><w:r><w:pict><w:txbxContent>",
    "<w:p><w:pPr><w:numPr><w:ilvl w:val='8'/><w:numId w:val='1'/></w:numPr></w:pPr><w:r><w:t>항목</w:t></w:r></w:p>",
    "<w:p><w:r><w:t>각주</w:t><w:footnoteReference w:id='1'/></w:r></w:p>",
    "<w:p>",
    "<w:r>",
    "<w:t>",
    "<w:tbl>",
    "<w:tr>",
    "<w:tc>",
    "<w:tcPr><w:gridSpan w:val='3'/></w:tcPr>",
    "<w:tcPr><w:vMerge/></w:tcPr>",
    "<w:tcPr><w:gridSpan w:val='999999999'/></w:tcPr>",
    "<w:tcPr><w:vMerge w:val='restart'/></w:tcPr>",
    "<w:trPr><w:gridBefore w:val='2'/><w:tblHeader/></w:trPr>",
    "글",
    "<w:pPr><w:numPr><w:ilvl w:val='9'/><w:numId w:val='1'/></w:numPr><w:outlineLvl w:val='200'/></w:pPr>",
    "<w:txbxContent>",
    "<mc:AlternateContent>",
    "<w:drawing>",
    "<m:oMath>",
    "<m:f>",
    "<w:footnoteReference w:id='1'/>",
    "<w:footnoteReference w:id='2'/>",
    "<w:br/>",
    "&#0;",
    "&amp;",
];

const NUMBERING: &str = "<w:numbering><w:abstractNum w:abstractNumId='0'><w:lvl w:ilvl='8'><w:start w:val='18446744073709551615'/>
    <w:lvlText w:val='%1%9%%0'/></w:lvl></w:abstractNum><w:num w:numId='1'><w:abstractNumId w:val='0'/></w:num></w:numbering>";

const SLIDE: &[&str] = &[
    "<p:sp><p:txBody><a:p><a:r><a:t>글</a:t></a:r></a:p></p:txBody></p:sp>",
    "<p:sp><p:txBody><a:p>",
    "<p:sp><p:nvSpPr><p:nvPr><p:ph type='title'/></p:nvPr></p:nvSpPr><p:txBody><a:p>",
    "<p:graphicFrame><a:graphic><a:graphicData><a:tbl><a:tr><a:tc>",
    "<p:sp><p:txBody><a:p><a:pPr lvl='8'><a:buAutoNum type='romanUcPeriod' startAt='4000'/></a:pPr><a:r><a:t>항목</a:t></a:r></a:p></p:txBody></p:sp>",
    "<p:sp>",
    "<p:txBody>",
    "<a:p>",
    "<a:r><a:t>글</a:t></a:r>",
    "<a:pPr lvl='99'/>",
    "<a:pPr lvl='8'><a:buAutoNum type='x' startAt='18446744073709551615'/></a:pPr>",
    "<p:grpSp>",
    "<p:nvSpPr><p:nvPr><p:ph type='body' idx='1'/></p:nvPr></p:nvSpPr>",
    "<p:graphicFrame>",
    "<a:graphic><a:graphicData>",
    "<a:tbl>",
    "<a:tr>",
    "<a:tc gridSpan='99999' rowSpan='x'>",
    "<a:tc hMerge='1'/>",
];

const HWPX: &[&str] = &[
    "<hp:p paraPrIDRef='1'><hp:run><hp:t>글</hp:t></hp:run></hp:p>",
    "<hp:p paraPrIDRef='2'><hp:run>",
    "<hp:p><hp:run><hp:tbl><hp:tr><hp:tc><hp:subList>",
    "<hp:p><hp:run><hp:t>앞</hp:t><hp:ctrl><hp:footNote><hp:subList>",
    "<hp:p><hp:run><hp:rect><hp:drawText><hp:subList>",
    "<hp:p paraPrIDRef='1'>",
    "<hp:run>",
    "<hp:t>글",
    "<hp:tbl>",
    "<hp:tr>",
    "<hp:tc header='1'>",
    "<hp:subList>",
    "<hp:cellSpan colSpan='4294967295' rowSpan='0'/>",
    "<hp:cellAddr colAddr='9' rowAddr='9'/>",
    "<hp:ctrl><hp:footNote>",
    "<hp:rect><hp:drawText>",
    "<hp:equation><hp:script>x</hp:script></hp:equation>",
    "<hp:switch>",
    "<hp:deleteBegin/>",
];

const ODT: &[&str] = &[
    "<text:p>글</text:p>",
    "<text:list><text:list-item>",
    "<text:list text:style-name='N'><text:list-item><text:p>항목</text:p></text:list-item></text:list>",
    "<table:table><table:table-row><table:table-cell><text:p>셀</text:p>",
    "<table:table-cell><text:p>셀</text:p></table:table-cell>",
    "<text:p>",
    "<text:h text:outline-level='0'>",
    "<text:list text:style-name='N'>",
    "<text:list-item text:start-value='18446744073709551615'>",
    "<text:s text:c='99999999999'/>",
    "글",
    "<table:table>",
    "<table:table-row table:number-rows-repeated='4294967295'>",
    "<table:table-cell table:number-columns-repeated='4294967295'>",
    "<table:table-header-rows>",
    "<text:note><text:note-citation>1</text:note-citation><text:note-body>",
    "<draw:frame><draw:text-box>",
];

const RTF: &[&str] = &[
    "{",
    "}",
    "\\par ",
    "\\cell",
    "\\row",
    "\\trowd",
    "\\cellx-5",
    "\\cellx100",
    "\\clmrg",
    "\\clvmrg",
    "\\intbl ",
    "\\pard",
    "\\u-1 ?",
    "\\u55357 ",
    "\\uc99999 ",
    "\\'b3\\'",
    "\\bin3",
    "{\\*\\x",
    "{\\fonttbl{\\f1\\fcharset129 ",
    "\\f1 ",
    "글",
    "{\\stylesheet{\\s1 heading 1;}",
    "\\s1 ",
    "{\\footnote ",
    "{\\listtext 1.}",
    "\\outlinelevel300 ",
    "\\ilvl-1 ",
    "\\trhdr",
];

const MAIL: &[&str] = &[
    "From: a@example.com\r\n",
    "To: =?euc-kr?B?s+u15Q==?= <",
    "Date: 99 Feb\r\n",
    "Content-Type: multipart/mixed; boundary=b\r\n",
    "\r\n",
    "--b\r\n",
    "--b--",
    "Content-Transfer-Encoding: base64\r\n",
    "Content-Type: message/rfc822\r\n\r\n",
    "<li><p>",
    "Content-Type: text/html; charset=utf-7\r\n",
    "Content-Disposition: attachment; filename*=x''%\r\n",
    "- ",
    "-- \r\n",
    "글",
];

/// How the controls of HWP 5 begin, and nothing.
const CONTROLS: &[&[u8]] = &[b"", b" lbt", b" osg", b"  nf", b"  ne", b"dces", b"onta", b"deqe", b"\x0b\0"];

/// A record of HWP 5: mostly of a kind that means something, with the beginning of a known control, and any bytes.
fn hwp_record() -> impl Strategy<Value = Vec<u8>> {
    let tag = prop_oneof![8 => proptest::sample::select(&[23_u32, 24, 25, 66, 66, 67, 67, 71, 71, 72, 72, 77, 88][..]), 1 => 0_u32..1024];
    let control = proptest::sample::select(CONTROLS);
    (tag, 0_u32..6, control, proptest::collection::vec(prop_oneof![0_u8..4, any::<u8>()], 0..40)).prop_map(
        |(tag, level, control, data)| {
            let size = (control.len() + data.len()) as u32;
            [&(tag | level << 10 | size << 20).to_le_bytes()[..], control, &data].concat()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn any_word_document_is_read(body in tree(WORD)) {
        let relations = ["numbering", "footnotes"].map(|kind| format!("<r Id='{kind}' Type='t/{kind}' Target='{kind}.xml'/>"));
        let bytes = zip_of(&[
            ("word/document.xml", &format!("<w:document><w:body>{body}")),
            ("word/_rels/document.xml.rels", &format!("<rs>{}</rs>", relations.concat())),
            ("word/numbering.xml", NUMBERING),
            ("word/footnotes.xml", &format!("<w:footnotes><w:footnote w:id='1'>{body}</w:footnote></w:footnotes>")),
        ]);
        check(Format::Docx, &bytes)?;
    }

    #[test]
    fn any_presentation_is_read(body in tree(SLIDE)) {
        let bytes = zip_of(&[
            ("ppt/presentation.xml", "<p:presentation><p:sldIdLst><p:sldId r:id='s'/></p:sldIdLst></p:presentation>"),
            ("ppt/_rels/presentation.xml.rels", "<rs><r Id='s' Type='t/slide' Target='s.xml'/></rs>"),
            ("ppt/s.xml", &format!("<p:sld><p:cSld><p:spTree>{body}")),
            ("ppt/_rels/s.xml.rels", "<rs><r Id='l' Type='t/slideLayout' Target='s.xml'/><r Id='n' Type='t/notesSlide' Target='s.xml'/></rs>"),
        ]);
        check(Format::Pptx, &bytes)?;
    }

    #[test]
    fn any_hwpx_is_read(body in tree(HWPX)) {
        let header = "<hh:head><hh:refList><hh:paraProperties><hh:paraPr id='1'><hh:heading type='NUMBER' idRef='1' level='99'/>
            </hh:paraPr></hh:paraProperties></hh:refList></hh:head>";
        let bytes = zip_of(&[("Contents/section0.xml", &format!("<hs:sec>{body}")), ("Contents/header.xml", header)]);
        check(Format::Hwpx, &bytes)?;
    }

    #[test]
    fn any_open_document_is_read(body in tree(ODT)) {
        let styles = "<s><office:styles><text:list-style style:name='N'><text:list-level-style-number text:level='1'
            style:num-format='a' text:start-value='9999999999999999999' text:display-levels='99'/></text:list-style></office:styles></s>";
        let content = format!("<office:document-content><office:body><office:text>{body}");
        check(Format::Odt, &zip_of(&[("content.xml", &content), ("styles.xml", styles)]))?;
    }

    #[test]
    fn any_rich_text_is_read(body in soup(RTF)) {
        check(Format::Rtf, format!("{{\\rtf1\\ansicpg949 {body}").as_bytes())?;
    }

    #[test]
    fn any_mail_is_read(body in soup(MAIL)) {
        check(Format::Eml, format!("From: b@example.com\r\n{body}").as_bytes())?;
    }

    #[test]
    fn any_hwp_records_are_read(records in proptest::collection::vec(hwp_record(), 0..80)) {
        let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
        let mut header = b"HWP Document File".to_vec();
        header.resize(256, 0);
        file.create_storage("/BodyText").unwrap();
        let stream = records.concat();
        let summary = "/\u{5}HwpSummaryInformation";
        for (name, bytes) in [("/FileHeader", &header), ("/DocInfo", &stream), ("/BodyText/Section0", &stream), (summary, &stream)] {
            file.create_stream(name).unwrap().write_all(bytes).unwrap();
        }
        check(Format::Hwp, &file.into_inner().into_inner())?;
    }

    #[test]
    fn any_bytes_are_refused_with_a_reason(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for format in [Format::Docx, Format::Pptx, Format::Hwp, Format::Hwpx, Format::Odt, Format::Rtf, Format::Eml] {
            check(format, &bytes)?;
            crate::identify(&bytes);
        }
    }
}
