//! All vectors as they are, in a flat FAISS file that is mapped: searched whole while there are few, and looked up by number
//! where compressed ones have said which.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use faiss::index::flat::FlatIndexImpl;
use faiss::index::io::read_index_with_flags;
use faiss::index::io_flags::IoFlags;
use faiss::{ConcurrentIndex, Idx, Index};
use ragops_storage::{Step, StorageError};

use super::failed;
use crate::index::{ChunkNumber, Hit, IndexError};

/// The file's name inside a revision.
pub const FILE: &str = "vectors.faiss";

/// FAISS's `IO_FLAG_MMAP_IFC`: map the file instead of reading it. The crate's own `MEM_MAP` is another bit, which
/// flat indexes ignore.
pub(super) const MAP_FILE: i32 = 1 << 9;

/// Writes vectors as they come, in the layout of FAISS's own `write_index` for a flat index: a header, then the rows as
/// they are. FAISS would hold all of them in memory until the end. A test compares the two byte by byte.
pub struct VectorWriter {
    file: BufWriter<File>,
    path: PathBuf,
    dimension: usize,
    count: u64,
}

impl VectorWriter {
    /// An empty index in `dir` for vectors of `dimension` numbers.
    pub fn create(dir: &Path, dimension: usize) -> Result<Self, IndexError> {
        if dimension == 0 || i32::try_from(dimension).is_err() {
            return Err(IndexError::Dimension { expected: 0, actual: dimension });
        }
        let path = dir.join(FILE);
        let file = File::create(&path).map_err(StorageError::at(Step::Create, &path))?;
        let mut writer = Self { file: BufWriter::new(file), path, dimension, count: 0 };
        writer.write(|file| file.write_all(&header(dimension, 0)))?;
        Ok(writer)
    }

    /// Appends rows (row-major, a multiple of the dimension long).
    pub fn push(&mut self, rows: &[f32]) -> Result<(), IndexError> {
        if !rows.len().is_multiple_of(self.dimension) {
            return Err(IndexError::Dimension { expected: self.dimension, actual: rows.len() % self.dimension });
        }
        self.write(|file| rows.iter().try_for_each(|value| file.write_all(&value.to_le_bytes())))?;
        self.count += (rows.len() / self.dimension) as u64;
        Ok(())
    }

    /// Writes what is buffered, and how many there are. Syncing is the caller's, for the folder as a whole.
    pub fn finish(mut self) -> Result<(), IndexError> {
        let header = header(self.dimension, self.count);
        self.write(|file| {
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&header)?;
            file.flush()
        })
    }

    fn write(&mut self, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Result<(), IndexError> {
        Ok(write(&mut self.file).map_err(StorageError::at(Step::Write, &self.path))?)
    }
}

/// What FAISS writes before the rows of a flat index under inner product (`write_index_header` and `WRITEXBVECTOR` in
/// its `index_write.cpp`), little-endian. The dimension was checked when the writer was made.
fn header(dimension: usize, count: u64) -> Vec<u8> {
    /// Two fields that FAISS no longer reads hold this.
    const UNUSED: i64 = 1 << 20;
    const IS_TRAINED: u8 = 1;
    const INNER_PRODUCT: i32 = 0;
    let mut header = b"IxFI".to_vec();
    header.extend((dimension as u32).to_le_bytes());
    header.extend(count.to_le_bytes());
    header.extend(UNUSED.to_le_bytes());
    header.extend(UNUSED.to_le_bytes());
    header.push(IS_TRAINED);
    header.extend(INNER_PRODUCT.to_le_bytes());
    header.extend((count * dimension as u64).to_le_bytes());
    header
}

/// The vectors of a revision, mapped; searches run side by side.
pub struct ExactVectors {
    index: FlatIndexImpl,
    dimension: usize,
}

impl ExactVectors {
    /// Maps the index of `dir`. Fails when its dimension is not `dimension`.
    pub fn open(dir: &Path, dimension: usize) -> Result<Self, IndexError> {
        let path = dir.join(FILE);
        let flags = IoFlags::from(MAP_FILE);
        let index = read_index_with_flags(path_text(&path)?, flags).map_err(failed("cannot be read"))?;
        let index = index.into_flat().map_err(failed("is not a flat one"))?;
        match index.d() as usize {
            actual if actual == dimension => Ok(Self { index, dimension }),
            actual => Err(IndexError::Dimension { expected: dimension, actual }),
        }
    }

    /// The number of vectors.
    pub fn len(&self) -> usize {
        usize::try_from(self.index.ntotal()).unwrap_or(0)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The length of a vector.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// All vectors, row after row.
    pub(super) fn rows(&self) -> &[f32] {
        if self.is_empty() { &[] } else { self.index.xb() }
    }

    /// The `count` of some chunks that are nearest, best first.
    pub(super) fn nearest(
        &self,
        query: &[f32],
        chunks: impl IntoIterator<Item = ChunkNumber>,
        count: usize,
    ) -> Result<Vec<Hit>, IndexError> {
        self.check(query)?;
        let hit = |chunk| Some(Hit { chunk, score: dot(query, self.vector(chunk)?) });
        let mut hits: Vec<Hit> = chunks.into_iter().filter_map(hit).collect();
        let order = |a: &Hit, b: &Hit| b.score.total_cmp(&a.score).then(a.chunk.cmp(&b.chunk));
        if count > 0 && count < hits.len() {
            hits.select_nth_unstable_by(count, order);
        }
        hits.truncate(count);
        hits.sort_unstable_by(order);
        Ok(hits)
    }

    /// The `count` nearest chunks to a unit vector, best first; fewer when the index is smaller.
    pub fn search(&self, query: &[f32], count: usize) -> Result<Vec<Hit>, IndexError> {
        self.check(query)?;
        let count = count.min(self.len());
        if count == 0 {
            return Ok(Vec::new());
        }
        let found = ConcurrentIndex::search(&self.index, query, count).map_err(failed("cannot be searched"))?;
        let hit = |(label, score): (&Idx, &f32)| {
            let chunk = ChunkNumber(u32::try_from(label.get()?).ok()?);
            Some(Hit { chunk, score: *score })
        };
        Ok(found.labels.iter().zip(&found.distances).filter_map(hit).collect())
    }

    /// The vector of a chunk; `None` beyond the last.
    pub fn vector(&self, chunk: ChunkNumber) -> Option<&[f32]> {
        let start = chunk.as_usize() * self.dimension;
        self.rows().get(start..start + self.dimension)
    }

    /// Refuses a query of another length than the vectors.
    pub(super) fn check(&self, query: &[f32]) -> Result<(), IndexError> {
        match query.len() {
            n if n == self.dimension => Ok(()),
            actual => Err(IndexError::Dimension { expected: self.dimension, actual }),
        }
    }
}

/// The inner product of two vectors of one length; of unit vectors, their cosine.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    // Eight running sums let the compiler use vector registers; one sum would fix the order of additions.
    const LANES: usize = 8;
    let mut sums = [0.0_f32; LANES];
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a_chunks.zip(b_chunks) {
        for lane in 0..LANES {
            sums[lane] += x[lane] * y[lane];
        }
    }
    sums.iter().sum::<f32>() + rest
}

/// The path as FAISS takes it.
pub(super) fn path_text(path: &Path) -> Result<&str, IndexError> {
    path.to_str().ok_or_else(|| {
        let reason = std::io::Error::new(std::io::ErrorKind::InvalidInput, "FAISS needs a path in UTF-8");
        StorageError::at(Step::Open, path)(reason).into()
    })
}
