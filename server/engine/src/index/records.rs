//! Records in a file, one JSON object a line, with a second file of byte offsets so that record `n` is read without
//! reading the others. Both are mapped: an open file of a million records costs no memory until a record is asked.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use ragops_storage::{MappedFile, Step, StorageError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::IndexError;

/// Bytes of one offset: a little-endian u64.
const OFFSET_BYTES: usize = 8;

/// Writes `<name>.jsonl` and `<name>.offsets`.
pub struct RecordWriter<T> {
    path: PathBuf,
    data: BufWriter<File>,
    offsets: BufWriter<File>,
    position: u64,
    count: usize,
    line: Vec<u8>,
    records: PhantomData<T>,
}

impl<T: Serialize> RecordWriter<T> {
    /// Creates both files in `dir`.
    pub fn create(dir: &Path, name: &str) -> Result<Self, IndexError> {
        let path = dir.join(format!("{name}.jsonl"));
        let offsets_path = dir.join(format!("{name}.offsets"));
        let data = File::create(&path).map_err(StorageError::at(Step::Create, &path))?;
        let offsets = File::create(&offsets_path).map_err(StorageError::at(Step::Create, &offsets_path))?;
        Ok(Self {
            path,
            data: BufWriter::new(data),
            offsets: BufWriter::new(offsets),
            position: 0,
            count: 0,
            line: Vec::new(),
            records: PhantomData,
        })
    }

    /// Appends one record; its number is the count of records before it.
    pub fn push(&mut self, record: &T) -> Result<(), IndexError> {
        self.line.clear();
        let written = serde_json::to_writer(&mut self.line, record).map_err(std::io::Error::from);
        self.line.push(b'\n');
        let result = written
            .and_then(|()| self.offsets.write_all(&self.position.to_le_bytes()))
            .and_then(|()| self.data.write_all(&self.line));
        result.map_err(StorageError::at(Step::Write, &self.path))?;
        self.position += self.line.len() as u64;
        self.count += 1;
        Ok(())
    }

    /// Writes what is buffered; gives the number of records. Syncing is the caller's, for the folder as a whole.
    pub fn finish(mut self) -> Result<usize, IndexError> {
        let end = self.position.to_le_bytes();
        let result = self.offsets.write_all(&end).and_then(|()| self.offsets.flush()).and_then(|()| self.data.flush());
        result.map_err(StorageError::at(Step::Write, &self.path))?;
        Ok(self.count)
    }
}

/// Reads what `RecordWriter` wrote.
#[derive(Debug)]
pub struct RecordReader<T> {
    name: String,
    data: MappedFile,
    offsets: MappedFile,
    records: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> RecordReader<T> {
    /// Maps both files of `dir`.
    pub fn open(dir: &Path, name: &str) -> Result<Self, IndexError> {
        let data = MappedFile::open(&dir.join(format!("{name}.jsonl")))?;
        let offsets = MappedFile::open(&dir.join(format!("{name}.offsets")))?;
        Ok(Self { name: format!("{name}.jsonl"), data, offsets, records: PhantomData })
    }

    /// The number of records.
    pub fn len(&self) -> usize {
        (self.offsets.len() / OFFSET_BYTES).saturating_sub(1)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Record `number`, parsed anew on each call.
    pub fn get(&self, number: usize) -> Result<T, IndexError> {
        let fail = |reason: String| IndexError::Record { file: self.name.clone(), number, reason };
        let line = self.line(number).ok_or_else(|| fail(format!("there are {} records", self.len())))?;
        serde_json::from_slice(line).map_err(|e| fail(e.to_string()))
    }

    fn line(&self, number: usize) -> Option<&[u8]> {
        let offset = |n: usize| -> Option<usize> {
            let bytes = self.offsets.get(n * OFFSET_BYTES..(n + 1) * OFFSET_BYTES)?;
            usize::try_from(u64::from_le_bytes(bytes.try_into().ok()?)).ok()
        };
        self.data.get(offset(number)?..offset(number + 1)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_by_number_and_a_wrong_number_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = RecordWriter::create(dir.path(), "things").unwrap();
        for text in ["one", "둘\n두 줄", ""] {
            writer.push(&text.to_owned()).unwrap();
        }
        assert_eq!(writer.finish().unwrap(), 3);
        let reader = RecordReader::<String>::open(dir.path(), "things").unwrap();
        assert_eq!(reader.len(), 3);
        assert_eq!(reader.get(1).unwrap(), "둘\n두 줄");
        assert_eq!(reader.get(2).unwrap(), "");
        assert_eq!(
            reader.get(3).unwrap_err().to_string(),
            "record 3 of things.jsonl cannot be read: there are 3 records"
        );
    }

    #[test]
    fn a_truncated_file_gives_an_error_not_a_panic() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = RecordWriter::create(dir.path(), "things").unwrap();
        writer.push(&"one".to_owned()).unwrap();
        writer.finish().unwrap();
        std::fs::write(dir.path().join("things.jsonl"), b"\"o").unwrap();
        assert!(RecordReader::<String>::open(dir.path(), "things").unwrap().get(0).is_err());
        std::fs::write(dir.path().join("things.offsets"), b"123").unwrap();
        assert!(RecordReader::<String>::open(dir.path(), "things").unwrap().is_empty());
    }
}
