//! What was read, a line a block: `# heading`, `paragraph`, `* item`, `2. item`, `‖ header cell ‖`, `| cell (2x1) |`,
//! `` `code` ``.

use ragops_formats::{Block, BlockKind, Extract, ListMarker, Row, Table};

/// The lines of a file.
pub(crate) fn lines(extract: &Extract) -> Vec<String> {
    extract.blocks.iter().flat_map(block_lines).collect()
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
        BlockKind::Table(table) => table.rows.iter().enumerate().map(|(at, row)| row_line(table, at, row)).collect(),
    }
}

fn row_line(table: &Table, at: usize, row: &Row) -> String {
    let edge = if at < table.header_rows { "‖" } else { "|" };
    let cells = row.cells.iter().map(|cell| match (cell.columns, cell.rows) {
        (1, 1) => format!(" {} ", cell.text),
        (columns, rows) => format!(" {} ({columns}x{rows}) ", cell.text),
    });
    format!("{edge}{}{edge}", cells.collect::<Vec<_>>().join(edge))
}
