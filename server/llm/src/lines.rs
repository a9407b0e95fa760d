//! Bytes that arrive in pieces, cut into lines: both streaming protocols are made of lines.

/// Collects bytes until a line is whole.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    buffer: Vec<u8>,
    searched: usize,
}

impl Lines {
    /// Takes the next bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole line, without its end; what is not UTF-8 is replaced.
    pub(crate) fn next(&mut self) -> Option<String> {
        let at = self.searched + self.buffer[self.searched..].iter().position(|byte| *byte == b'\n')?;
        let mut line: Vec<u8> = self.buffer.drain(..=at).collect();
        self.searched = 0;
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Some(String::from_utf8_lossy(&line).into_owned())
    }

    /// Says that there is no whole line, and how many bytes wait for the rest of theirs.
    pub(crate) fn pending(&mut self) -> usize {
        self.searched = self.buffer.len();
        self.buffer.len()
    }

    /// What is left when nothing more comes: the last line may lack its end.
    pub(crate) fn rest(&mut self) -> Option<String> {
        self.searched = 0;
        let rest = std::mem::take(&mut self.buffer);
        (!rest.is_empty()).then(|| String::from_utf8_lossy(&rest).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_however_their_bytes_arrive() {
        let text = "data: 한글\r\n\ndata: two\nrest";
        for size in [1, 2, 3, 7, 100] {
            let (mut lines, mut found) = (Lines::default(), Vec::new());
            for piece in text.as_bytes().chunks(size) {
                lines.push(piece);
                while let Some(line) = lines.next() {
                    found.push(line);
                }
                lines.pending();
            }
            found.extend(lines.rest());
            assert_eq!(found, ["data: 한글", "", "data: two", "rest"], "{size}");
        }
    }
}
