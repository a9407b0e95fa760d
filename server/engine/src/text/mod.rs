//! The one set of rules for words and sentences: index, query, confidence gate and attribution all use it.
//! Pure functions over `&str`; no index types, no I/O.

pub mod analyze;
pub(crate) mod asking;
mod fact_dates;
mod fact_scan;
pub mod facts;
pub mod korean;
mod latin;
mod lines;
pub mod normalise;
pub mod overlap;
pub(crate) mod page_words;
mod script;
pub mod sentences;

pub use analyze::{Analyzer, Token, TokenBuffer, TokenKind};
pub use facts::{Fact, FactKind, facts, missing_facts};
pub use lines::is_table_rule;
pub(crate) use lines::{ItemMark, item_mark};
pub use normalise::{matching_form, nfc, question_form};
pub use overlap::Bigrams;
pub use script::{language, prose_language};
pub use sentences::{Segment, SegmentKind, segments, sentences};
