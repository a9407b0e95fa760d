//! What program and worker say to each other over the worker's standard input and output: lengths first, then bytes.
//! Each side trusts no length that the other names beyond its own cap.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use crate::{Extract, Format};

/// Largest file that is handed to a worker.
pub const MAX_REQUEST_BYTES: u64 = 64 << 20;
/// Largest reply that is taken from a worker: [`crate::limits::MAX_TEXT_BYTES`] of text in JSON, and as much again.
pub(crate) const MAX_REPLY_BYTES: u64 = 64 << 20;
/// Largest head of a request.
const MAX_HEAD_BYTES: u64 = 64 << 10;

/// What is to be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    /// Its format, where its name says one.
    pub(crate) format: Option<Format>,
}

/// Sends a file to be read.
pub(crate) fn send_request(output: &mut impl Write, format: Option<Format>, bytes: &[u8]) -> io::Result<()> {
    let head = serde_json::to_vec(&Head { format }).map_err(io::Error::other)?;
    send(output, &head)?;
    send(output, bytes)?;
    output.flush()
}

/// Takes the next file; `None` where the program has closed the pipe.
pub(crate) fn take_request(input: &mut impl Read) -> io::Result<Option<(Option<Format>, Vec<u8>)>> {
    let Some(head) = take(input, MAX_HEAD_BYTES)? else { return Ok(None) };
    let Head { format } = serde_json::from_slice(&head).map_err(io::Error::other)?;
    let bytes = take(input, MAX_REQUEST_BYTES)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    Ok(Some((format, bytes)))
}

/// Sends what was read.
pub(crate) fn send_reply(output: &mut impl Write, extract: &Extract) -> io::Result<()> {
    send(output, &serde_json::to_vec(extract).map_err(io::Error::other)?)?;
    output.flush()
}

/// Takes what was read; `None` where the worker ended instead.
pub(crate) fn take_reply(input: &mut impl Read) -> io::Result<Option<Extract>> {
    let Some(bytes) = take(input, MAX_REPLY_BYTES)? else { return Ok(None) };
    serde_json::from_slice(&bytes).map(Some).map_err(io::Error::other)
}

fn send(output: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    output.write_all(&(bytes.len() as u64).to_le_bytes())?;
    output.write_all(bytes)
}

/// A frame is longer than what is taken: its length, and the most.
#[derive(Debug, thiserror::Error)]
#[error("a frame of {0} bytes, {1} are taken")]
struct TooLong(u64, u64);

/// How long the frame was that was not taken, if that is what an error says.
pub(crate) fn too_long(error: &io::Error) -> Option<u64> {
    error.get_ref()?.downcast_ref::<TooLong>().map(|TooLong(length, _)| *length)
}

/// A frame; `None` at the end of the input. One that ends early, or is larger than `most`, is an error.
fn take(input: &mut impl Read, most: u64) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 8];
    let read = input.read(&mut length)?;
    if read == 0 {
        return Ok(None);
    }
    input.read_exact(&mut length[read..])?;
    let length = u64::from_le_bytes(length);
    if length > most {
        return Err(io::Error::new(io::ErrorKind::InvalidData, TooLong(length, most)));
    }
    // Not more than arrives: a length is a claim.
    let mut bytes = Vec::new();
    input.take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == length { Ok(Some(bytes)) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// It was told as a crash of the reader, which nobody can do anything about.
    #[test]
    fn a_reply_that_is_too_long_is_told_by_its_length() {
        let claim = (MAX_REPLY_BYTES + 1).to_le_bytes();
        let error = take_reply(&mut claim.as_slice()).unwrap_err();
        assert_eq!(too_long(&error), Some(MAX_REPLY_BYTES + 1), "{error}");
        assert_eq!(too_long(&take_reply(&mut [3, 0, 0].as_slice()).unwrap_err()), None);
    }

    #[test]
    fn a_request_and_a_reply_arrive_as_sent_and_then_the_end() {
        let mut pipe = Vec::new();
        send_request(&mut pipe, Some(Format::Hwp), b"\x00bytes").unwrap();
        send_request(&mut pipe, None, b"").unwrap();
        let mut input = pipe.as_slice();
        assert_eq!(take_request(&mut input).unwrap(), Some((Some(Format::Hwp), b"\x00bytes".to_vec())));
        assert_eq!(take_request(&mut input).unwrap(), Some((None, Vec::new())));
        assert_eq!(take_request(&mut input).unwrap(), None);
        let extract = Extract { title: Some("제목".to_owned()), ..Extract::default() };
        let mut pipe = Vec::new();
        send_reply(&mut pipe, &extract).unwrap();
        assert_eq!(take_reply(&mut pipe.as_slice()).unwrap(), Some(extract));
        assert_eq!(take_reply(&mut [].as_slice()).unwrap(), None);
    }

    #[test]
    fn short_long_and_senseless_frames_are_errors() {
        let check = |bytes: &[u8], kind: io::ErrorKind| {
            assert_eq!(take_reply(&mut &*bytes).map_err(|error| error.kind()), Err(kind), "{bytes:?}");
        };
        check(&[5, 0, 0], io::ErrorKind::UnexpectedEof);
        check(&[5, 0, 0, 0, 0, 0, 0, 0, b'{'], io::ErrorKind::UnexpectedEof);
        check(&u64::MAX.to_le_bytes(), io::ErrorKind::InvalidData);
        check(&[2, 0, 0, 0, 0, 0, 0, 0, b'{', b'}'], io::ErrorKind::Other);
    }
}
