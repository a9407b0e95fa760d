"""Writes the first inputs of the fuzz targets: real documents, and of archives their parts as the targets take them.

seeds.py DOCUMENTS SAMPLES CORPUS
"""

import pathlib
import sys
import zipfile
import zlib

PARTS = {
    "docx": ["word/document.xml", "word/styles.xml", "word/numbering.xml", "word/footnotes.xml"],
    "pptx": ["ppt/slides/slide1.xml", "ppt/slides/slide2.xml", "ppt/slides/_rels/slide1.xml.rels"],
    "xlsx": ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml"],
    "hwpx": ["Contents/section0.xml", "Contents/header.xml", "Contents/content.hpf"],
    "odt": ["content.xml", "styles.xml", "meta.xml"],
}
TARGETS = {
    "md": "markdown", "html": "html", "txt": "text", "jsonl": "jsonl", "csv": "csv", "pdf": "pdf", "docx": "docx",
    "pptx": "pptx", "xlsx": "xlsx", "xlsm": "xlsx", "hwp": "hwp", "hwpx": "hwpx", "odt": "odt", "rtf": "rtf", "eml": "eml",
}
# For formats of which there is no real file: a short one with what the reader knows.
WRITTEN = {
    "odt": [
        b"<office:document-content><office:body><office:text><text:h text:outline-level='1'>Head</text:h><text:p>Words"
        b"<text:note><text:note-body><text:p>note</text:p></text:note-body></text:note></text:p><text:list><text:list-item>"
        b"<text:p>item</text:p></text:list-item></text:list><table:table><table:table-row><table:table-cell "
        b"table:number-columns-spanned='2'><text:p>cell</text:p></table:table-cell></table:table-row></table:table>"
        b"</office:text></office:body></office:document-content>\0<office:document-styles/>\0<office:document-meta/>"
    ],
    "rtf": [
        rb"{\rtf1\ansi\ansicpg949{\fonttbl{\f0\fcharset129 Batang;}}\pard\f0 \'c7\'d1\'b1\'db \u54620?\par\trowd\cellx1 a\cell"
        rb"\row{\footnote note}{\*\generator x}\bin3 abc\par{\listtext 1.}item\par}"
    ],
    "csv": [b"question,answer\n\"Why?\",\"So.\nAnd so.\"\n", "이름;값\n가;1\n".encode("cp949")],
    "jsonl": [b'{"id":"a","title":"T","text":"# Head\\n\\n- item\\n"}\n{"_id":7,"text":"x"}\n'],
    "hwp": [b"\x42\x00\x60\x01" + bytes(22) + b"\x43\x04\x40\x00" + "한글".encode("utf-16-le") + b"\xff\xff\xff\xff" + bytes(64)],
}
LARGEST = 256 << 10


def main(documents, samples, corpus):
    for target in set(TARGETS.values()):
        (corpus / target).mkdir(parents=True, exist_ok=True)
    for folder in (documents, samples):
        for path in sorted(folder.rglob("*")):
            kind = path.suffix[1:].lower()
            if not path.is_file() or kind not in TARGETS:
                continue
            target, whole = TARGETS[kind], path.read_bytes()
            inputs = [whole]
            if target in PARTS:
                try:
                    with zipfile.ZipFile(path) as archive:
                        names = set(archive.namelist())
                        parts = [archive.read(name) if name in names else b"" for name in PARTS[target]]
                        inputs.append(b"\0".join(part.replace(b"\0", b"") for part in parts))
                except zipfile.BadZipFile:
                    pass
            for number, content in enumerate(inputs):
                if len(content) <= LARGEST:
                    (corpus / target / f"{zlib.crc32(path.name.encode()):08x}-{number}").write_bytes(content)
    for target, contents in WRITTEN.items():
        for number, content in enumerate(contents):
            (corpus / target / f"written-{number}").write_bytes(content)


main(*map(pathlib.Path, sys.argv[1:4]))
