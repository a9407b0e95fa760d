//! The caps that keep one file from taking a worker with it, each with its reason. Time and memory are capped from outside.

/// Most pages of a PDF and slides of a presentation that are read: a handbook has hundreds.
pub const MAX_PAGES: usize = 10_000;

/// Most blocks of one file.
pub const MAX_BLOCKS: usize = 50_000;

/// Longest heading, in bytes: headings are repeated in the context of every passage below them.
pub const MAX_HEADING_BYTES: usize = 240;

/// Most bytes of text of one file: some 10,000 passages.
pub const MAX_TEXT_BYTES: usize = 16 << 20;

/// Most entries of an archive.
pub const MAX_ENTRIES: usize = 10_000;

/// Most bytes that an archive may unpack to.
pub const MAX_UNPACKED_BYTES: u64 = 256 << 20;

/// How many times its packed size an entry of more than a mebibyte may unpack to. Real sheets reach about 100.
pub const MAX_RATIO: u64 = 200;

/// Deepest nesting of files in files: an attachment of a mail in an attachment of a mail.
pub const MAX_DEPTH: usize = 4;

/// Most embedded files read of one file.
pub const MAX_ATTACHMENTS: usize = 64;

/// Deepest nesting of XML elements: a Word table in a table in a text box takes some 60.
pub const MAX_XML_DEPTH: usize = 256;

/// Most elements and texts of one XML part: a Word document of 2,000 pages has about a million. Each takes some 120 bytes.
pub const MAX_XML_NODES: usize = 2_000_000;

/// Most bytes of one XML part: it is held in memory beside its tree, and a worker has 512 MiB.
pub const MAX_XML_BYTES: u64 = 64 << 20;

/// The stack that files are read on, in bytes: the PDF library recurses without a limit, and this is enough for objects that
/// are nested 50,000 deep. It is mapped, and used only as far as a file nests.
pub const STACK_BYTES: usize = 64 << 20;
