//! The caps that keep one bad file from taking the build with it, each with its reason.

/// Largest file read, in bytes. A 16 MiB text is some 10,000 passages: more than a manual, less than a log dump, and
/// a few copies of it fit a small pod.
pub const MAX_FILE_BYTES: u64 = 16 << 20;

/// Largest file of a binary format, in bytes: what a worker takes. A scanned manual has this much in pictures.
pub const MAX_BINARY_FILE_BYTES: u64 = ragops_formats::pool::MAX_REQUEST_BYTES;

/// Longest line of a `.jsonl` file, in bytes: one record is one document, and a document over this is a dump.
pub const MAX_RECORD_BYTES: usize = 4 << 20;

/// Most blocks kept of one document: with its heading path a block may take 1.5 KiB, so this bounds memory to 75 MiB where
/// the file is 16 MiB of one-letter paragraphs.
pub const MAX_BLOCKS: usize = 50_000;

/// Longest heading kept, in bytes: headings are repeated in the context of every passage below them.
pub const MAX_HEADING_BYTES: usize = ragops_formats::limits::MAX_HEADING_BYTES;

/// Deepest nesting of quotes and lists handed to the Markdown parser, whose time grows with depth times lines.
pub const MAX_NESTING: usize = 100;

/// Most findings reported one by one for one file; the rest are counted in one more.
pub const MAX_FINDINGS_PER_FILE: usize = 50;

/// Most files of one source.
pub const MAX_FILES: usize = 1_000_000;

/// Deepest folder below the source folder.
pub const MAX_FOLDER_DEPTH: usize = 64;
