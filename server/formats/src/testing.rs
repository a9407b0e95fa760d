//! What the tests of several readers need: files built on the spot, and a short way to write down what was read.

use std::io::{Cursor, Write};

use zip::write::{SimpleFileOptions, ZipWriter};

use crate::{Block, BlockKind, Extract, ListMarker, ProblemKind, Table};

/// An archive of text entries.
pub(crate) fn zip_of(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in entries {
        writer.start_file(*name, SimpleFileOptions::default()).expect("a name");
        writer.write_all(text.as_bytes()).expect("memory");
    }
    writer.finish().expect("memory").into_inner()
}

/// A compound file of one stream.
pub(crate) fn compound_with(stream: &str, bytes: &[u8]) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).expect("memory");
    file.create_stream(stream).expect("a name").write_all(bytes).expect("memory");
    file.into_inner().into_inner()
}

/// What was read, a line a block: `# heading`, `paragraph`, `* item`, `1. item`, `| cell | cell (2x1) |`, `` `code` ``.
pub(crate) fn lines(extract: &Extract) -> Vec<String> {
    extract.blocks.iter().flat_map(block_lines).collect()
}

/// The kinds of its problems.
pub(crate) fn kinds(extract: &Extract) -> Vec<ProblemKind> {
    extract.problems.iter().map(|problem| problem.kind).collect()
}

fn block_lines(block: &Block) -> Vec<String> {
    match &block.kind {
        BlockKind::Heading { level, text } => vec![format!("{} {text}", "#".repeat(usize::from(*level)))],
        BlockKind::Paragraph(text) => vec![text.clone()],
        BlockKind::ListItem { depth, marker, text } => {
            let mark = match marker {
                ListMarker::Bullet => "*".to_owned(),
                ListMarker::Number(number) => format!("{number}."),
            };
            vec![format!("{}{mark} {text}", "  ".repeat(usize::from(*depth)))]
        }
        BlockKind::Quote(text) => vec![format!("> {text}")],
        BlockKind::Code(text) => vec![format!("`{text}`")],
        BlockKind::Table(table) => table_lines(table),
    }
}

fn table_lines(table: &Table) -> Vec<String> {
    let rows = table.rows.iter().enumerate().map(|(number, row)| {
        let edge = if number < table.header_rows { "‖" } else { "|" };
        let cells = row.cells.iter().map(|cell| match (cell.columns, cell.rows) {
            (1, 1) => format!(" {} ", cell.text),
            (columns, rows) => format!(" {} ({columns}x{rows}) ", cell.text),
        });
        format!("{edge}{}{edge}", cells.collect::<Vec<_>>().join(edge))
    });
    rows.collect()
}
