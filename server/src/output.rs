//! Results on standard output, and nothing else there: progress, logs and errors go to standard error.

use std::io::{self, Write};

/// Prints a line of results. A reader that has gone away (`| head`) is not an error.
pub fn line(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Prints a value as one line of JSON.
pub fn json(value: &impl serde::Serialize) -> io::Result<()> {
    line(&serde_json::to_string(value)?)
}
