//! All vectors as they are, in a flat FAISS file that is mapped: searched whole while there are few, and looked up by number
//! where compressed ones have said which.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use faiss::index::flat::FlatIndexImpl;
use faiss::index::io::read_index_with_flags;
use faiss::index::io_flags::IoFlags;
use faiss::{ConcurrentIndex, Idx, Index};
use ragops_storage::{MappedFile, Step, StorageError};

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

/// The bytes of that header. The rows behind it are not aligned to their numbers, so they are never seen as `&[f32]`.
const HEADER_BYTES: usize = 45;
/// The bytes of a number.
const NUMBER: usize = size_of::<f32>();

/// The vectors of a revision, mapped; searches run side by side.
pub struct ExactVectors {
    index: FlatIndexImpl,
    /// The same pages as FAISS maps, for single rows.
    file: MappedFile,
    dimension: usize,
}

/// One vector as it stands in the file.
#[derive(Debug, Clone, Copy)]
pub struct VectorRow<'a>(&'a [u8]);

impl<'a> VectorRow<'a> {
    /// Its numbers.
    pub fn numbers(self) -> impl ExactSizeIterator<Item = f32> + 'a {
        self.0.as_chunks::<NUMBER>().0.iter().map(|bytes| f32::from_le_bytes(*bytes))
    }

    /// The inner product with a vector of the same length.
    pub fn dot(self, vector: &[f32]) -> f32 {
        sum_of_products(vector, self.0.as_chunks::<NUMBER>().0, |bytes| f32::from_le_bytes(*bytes))
    }
}

impl ExactVectors {
    /// Maps the index of `dir`. Fails when its dimension is not `dimension`.
    pub fn open(dir: &Path, dimension: usize) -> Result<Self, IndexError> {
        // Everything that FAISS computes here is about vectors that were opened.
        ragops_faiss_kernels::use_best();
        let path = dir.join(FILE);
        let flags = IoFlags::from(MAP_FILE);
        let index = read_index_with_flags(path_text(&path)?, flags).map_err(failed("cannot be read"))?;
        let index = index.into_flat().map_err(failed("is not a flat one"))?;
        if index.d() as usize != dimension {
            return Err(IndexError::Dimension { expected: dimension, actual: index.d() as usize });
        }
        let vectors = Self { index, file: MappedFile::open(&path)?, dimension };
        let (bytes, expected) = (vectors.file.len(), HEADER_BYTES + vectors.len() * vectors.row_bytes());
        match bytes == expected {
            true => Ok(vectors),
            false => Err(IndexError::Vectors {
                step: "cannot be read",
                reason: format!("it has {bytes} bytes, and its header says {expected}"),
            }),
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

    /// All vectors, up to `count` at a time, row after row.
    pub(super) fn groups(&self, count: usize) -> impl Iterator<Item = Vec<f32>> {
        let groups = self.file[HEADER_BYTES..].chunks(count * self.row_bytes());
        groups.map(|bytes| VectorRow(bytes).numbers().collect())
    }

    /// The bytes of a row.
    fn row_bytes(&self) -> usize {
        self.dimension * NUMBER
    }

    /// The `count` of some chunks that are nearest, best first.
    pub(super) fn nearest(
        &self,
        query: &[f32],
        chunks: impl IntoIterator<Item = ChunkNumber>,
        count: usize,
    ) -> Result<Vec<Hit>, IndexError> {
        self.check(query)?;
        let hit = |chunk| Some(Hit { chunk, score: self.vector(chunk)?.dot(query) });
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
    pub fn vector(&self, chunk: ChunkNumber) -> Option<VectorRow<'_>> {
        let start = HEADER_BYTES + chunk.as_usize() * self.row_bytes();
        self.file.get(start..start + self.row_bytes()).map(VectorRow)
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
    sum_of_products(a, b, |number| *number)
}

fn sum_of_products<T>(a: &[f32], b: &[T], number: impl Fn(&T) -> f32) -> f32 {
    // Eight running sums let the compiler use vector registers; one sum would fix the order of additions.
    const LANES: usize = 8;
    let mut sums = [0.0_f32; LANES];
    let ((a_chunks, a_rest), (b_chunks, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(x, y)| x * number(y)).sum();
    for (x, y) in a_chunks.iter().zip(b_chunks) {
        for lane in 0..LANES {
            sums[lane] += x[lane] * number(&y[lane]);
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
