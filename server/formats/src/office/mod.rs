//! Readers of Office Open XML: Word and PowerPoint. Both are walked here rather than by a crate: the kept crate for them,
//! `undoc` 0.27, drops what is asked for (levels and marks of slide bullets, equations, paragraphs of notes, list items in
//! cells) and recurses as deep as its input does.

mod docx;
mod figures;
mod inline;
mod math;
mod numbering;
mod parts;
mod pptx;
mod slide_lists;
mod styles;
mod word_table;

pub(crate) use docx::read as read_docx;
pub(crate) use pptx::read as read_pptx;
