//! Reads a file with the reader of its format.

use std::any::Any;
use std::panic::catch_unwind;
use std::thread;

use super::archive;
use super::attachment::Read;
use super::embedded::extract_with_embedded;
use super::limits::STACK_BYTES;
use super::office;
use super::{Content, Extract, Format, Problem, ProblemKind, identify};

/// Reads a file. Total: any bytes give an extract; one without blocks has a problem that says why.
/// `format` is what its name says, if it says anything; bytes that have the marks of another are read as that.
pub fn extract(format: impl Into<Option<Format>>, bytes: &[u8]) -> Extract {
    let format = format.into();
    let read = thread::scope(|scope| {
        let reader = thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, || extract_here(format, bytes));
        reader.ok().and_then(|reader| reader.join().ok())
    });
    read.unwrap_or_else(|| Extract::refused(Problem::new(ProblemKind::Malformed, "it breaks the reader")))
}

/// The same on this thread, which has a stack of [`STACK_BYTES`]: a worker can start no other.
pub(crate) fn extract_here(format: Option<Format>, bytes: &[u8]) -> Extract {
    let content = identify(bytes);
    let told = match content {
        Content::Format(told) => Some(told),
        _ => None,
    };
    let Some(format) = told.or(format) else {
        return Extract::refused(content.refusal());
    };
    let mut extract = extract_with_embedded(format, bytes);
    extract.read_as = told;
    blame_the_whole(&mut extract);
    extract
}

/// A file of which every part is broken is broken.
fn blame_the_whole(extract: &mut Extract) {
    let all_broken = extract.problems.iter().all(|problem| problem.kind == ProblemKind::PartlyMalformed);
    if let (true, true, [first, rest @ ..]) = (extract.blocks.is_empty(), all_broken, extract.problems.as_slice()) {
        let others = if rest.is_empty() { String::new() } else { format!(", and {} more", rest.len()) };
        let detail = format!("nothing in it can be read: {}{others}", first.detail);
        extract.problems = vec![Problem::new(ProblemKind::Malformed, detail)];
    }
}

/// Reads a file, and hands back the files inside of it unread.
pub(crate) fn read(format: Format, bytes: &[u8]) -> Read {
    let read = catch_unwind(|| read_and_looked_through(format, bytes));
    let read = read.unwrap_or_else(|panic| Err(panicked(format, &*panic)));
    read.unwrap_or_else(|problem| Extract::refused(problem).into())
}

/// Reads a file, and names what in it is not opened for a reason.
fn read_and_looked_through(format: Format, bytes: &[u8]) -> Result<Read, Problem> {
    let mut read = read_as(format, bytes)?;
    if bytes.starts_with(b"PK") {
        read.extract.problems.extend(archive::bombs(bytes));
    }
    Ok(read)
}

fn read_as(format: Format, bytes: &[u8]) -> Result<Read, Problem> {
    match format {
        Format::Docx => office::read_docx(bytes),
        Format::Pptx => office::read_pptx(bytes),
        Format::Hwp => crate::hangul::read_hwp(bytes),
        Format::Hwpx => crate::hangul::read_hwpx(bytes),
        Format::Odt => crate::odt::read(bytes),
        Format::Rtf => crate::rtf::read(bytes),
        Format::Eml => crate::mail::read(bytes),
        Format::Pdf => {
            let crate::pdf::Document { extract, attachments } = crate::pdf::read(bytes);
            Ok(Read { extract, attachments })
        }
        Format::Xlsx => crate::sheet::read_xlsx(bytes).map(Read::from),
    }
}

/// A reader that gives up gives a reason: no file may end the worker that reads it.
fn panicked(format: Format, panic: &(dyn Any + Send)) -> Problem {
    let message = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    let message = message.unwrap_or("no reason given");
    Problem::new(
        ProblemKind::Malformed,
        format!("the reader of {format} gave up at something that it does not expect: {message}"),
    )
}

#[cfg(test)]
mod tests;
