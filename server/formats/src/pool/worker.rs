//! The worker's side: confines itself, then reads one file after the other until the program closes the pipe.

use std::io::{self, BufReader, BufWriter, Read, Write};
use std::process::ExitCode;
use std::thread;

use super::confine::{allow_seconds, confine};
use super::frames::{send_reply, take_request};
use super::{FILE_SECONDS, READY};
use crate::extract::extract_here;
use crate::limits::STACK_BYTES;

/// Runs as a worker: `main` calls this, before it starts anything else, when the program is called with
/// [`super::WORKER_ARGUMENT`] alone.
pub fn run_worker() -> ExitCode {
    // The thread is there before threads cannot be made any more; the filter reaches it as it reaches all.
    let reader = thread::Builder::new().stack_size(STACK_BYTES).spawn(|| serve_confined(io::stdin(), io::stdout()));
    match reader.map(thread::JoinHandle::join) {
        Ok(Ok(Ok(()))) => ExitCode::SUCCESS,
        Ok(Ok(Err(error))) => failed(&error),
        Ok(Err(_)) => ExitCode::FAILURE,
        Err(error) => failed(&error),
    }
}

fn failed(error: &dyn std::fmt::Display) -> ExitCode {
    // The program shows it; if it cannot be written, the exit code has to do.
    drop(writeln!(io::stderr(), "{error}"));
    ExitCode::FAILURE
}

fn serve_confined(input: impl Read, output: impl Write) -> io::Result<()> {
    confine().map_err(io::Error::other)?;
    serve(&mut BufReader::new(input), &mut BufWriter::new(output))
}

/// Says that it is ready, then answers each request.
fn serve(input: &mut impl Read, output: &mut impl Write) -> io::Result<()> {
    output.write_all(READY)?;
    output.flush()?;
    while let Some((format, bytes)) = take_request(input)? {
        allow_seconds(FILE_SECONDS).map_err(io::Error::other)?;
        send_reply(output, &extract_here(format, &bytes))?;
    }
    Ok(())
}
