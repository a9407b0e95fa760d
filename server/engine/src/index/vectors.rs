//! The vector channel: a FAISS index of unit vectors under inner product, so that a score is a cosine.
//! Part of one revision; its vectors stand in the order of the chunks, so a FAISS id is a chunk number.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use faiss::index::flat::FlatIndexImpl;
use faiss::index::io::read_index_with_flags;
use faiss::index::io_flags::IoFlags;
use faiss::{ConcurrentIndex, Idx, Index};
use ragops_storage::{Step, StorageError};

use super::{ChunkNumber, Hit, IndexError};

/// The file's name inside a revision.
pub const FILE: &str = "vectors.faiss";

/// FAISS's `IO_FLAG_MMAP_IFC`: map the file instead of reading it. The crate's own `MEM_MAP` is another bit, which
/// flat indexes ignore.
const MAP_FILE: i32 = 1 << 9;

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

/// An open vector index; searches run side by side.
pub struct VectorIndex {
    index: FlatIndexImpl,
    dimension: usize,
}

impl VectorIndex {
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
        if self.is_empty() {
            return None;
        }
        let start = chunk.as_usize() * self.dimension;
        self.index.xb().get(start..start + self.dimension)
    }

    /// The exact cosine between a unit vector and a chunk.
    pub fn cosine(&self, query: &[f32], chunk: ChunkNumber) -> Result<Option<f32>, IndexError> {
        self.check(query)?;
        Ok(self.vector(chunk).map(|row| dot(query, row)))
    }

    fn check(&self, query: &[f32]) -> Result<(), IndexError> {
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

fn failed(step: &'static str) -> impl FnOnce(faiss::error::Error) -> IndexError {
    move |source| IndexError::Vectors { step, source }
}

fn path_text(path: &Path) -> Result<&str, IndexError> {
    path.to_str().ok_or_else(|| {
        let reason = std::io::Error::new(std::io::ErrorKind::InvalidInput, "FAISS needs a path in UTF-8");
        StorageError::at(Step::Open, path)(reason).into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(angle: f32) -> [f32; 2] {
        [angle.cos(), angle.sin()]
    }

    fn open_with(angles: &[f32]) -> (tempfile::TempDir, VectorIndex) {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = VectorWriter::create(dir.path(), 2).unwrap();
        for angle in angles {
            writer.push(&unit(*angle)).unwrap();
        }
        writer.finish().unwrap();
        let index = VectorIndex::open(dir.path(), 2).unwrap();
        (dir, index)
    }

    #[test]
    fn the_nearest_come_first_with_their_cosines() {
        let (_dir, index) = open_with(&[0.0, 1.0, 0.2]);
        let hits = index.search(&unit(0.0), 2).unwrap();
        assert_eq!(hits.iter().map(|h| h.chunk.0).collect::<Vec<_>>(), [0, 2]);
        assert!((hits[1].score - 0.2_f32.cos()).abs() < 1e-6);
        assert_eq!(index.cosine(&unit(0.0), ChunkNumber(2)).unwrap(), Some(hits[1].score));
        assert_eq!(index.cosine(&unit(0.0), ChunkNumber(3)).unwrap(), None);
    }

    #[test]
    fn searches_run_side_by_side_on_one_index() {
        let angles: Vec<f32> = (0..500).map(|i| i as f32 * 0.01).collect();
        let (_dir, index) = open_with(&angles);
        std::thread::scope(|scope| {
            for thread in 0..4_u32 {
                let index = &index;
                scope.spawn(move || {
                    for i in (thread..300).step_by(4) {
                        assert_eq!(index.search(&unit(i as f32 * 0.01), 1).unwrap()[0].chunk.0, i);
                    }
                });
            }
        });
    }

    #[test]
    fn an_empty_index_finds_nothing() {
        let (_dir, index) = open_with(&[]);
        assert!(index.search(&unit(0.0), 5).unwrap().is_empty());
        assert!(index.vector(ChunkNumber(0)).is_none());
    }

    #[test]
    fn other_dimensions_are_refused_at_opening_pushing_and_searching() {
        let (dir, index) = open_with(&[0.0]);
        for error in [
            VectorIndex::open(dir.path(), 3).err().unwrap(),
            index.search(&[1.0; 5], 1).unwrap_err(),
            VectorWriter::create(dir.path(), 2).unwrap().push(&[1.0; 3]).unwrap_err(),
            VectorWriter::create(dir.path(), 0).err().unwrap(),
        ] {
            assert!(matches!(error, IndexError::Dimension { .. }), "{error}");
        }
    }

    #[test]
    fn the_file_is_byte_by_byte_what_faiss_writes() {
        let dir = tempfile::tempdir().unwrap();
        for (dimension, rows) in [(1, 0), (1, 3), (7, 1), (384, 50)] {
            let values: Vec<f32> = (0..dimension * rows).map(|i| (i as f32 * 0.7).sin()).collect();
            let mut ours = VectorWriter::create(dir.path(), dimension).unwrap();
            values.chunks(3 * dimension).for_each(|rows| ours.push(rows).unwrap());
            ours.finish().unwrap();
            let mut theirs = FlatIndexImpl::new_ip(dimension as u32).unwrap();
            theirs.add(&values).unwrap();
            let path = dir.path().join("theirs");
            faiss::index::io::write_index(&theirs, path.to_str().unwrap()).unwrap();
            let read = |path: &Path| std::fs::read(path).unwrap();
            assert_eq!(read(&dir.path().join(FILE)), read(&path), "{rows} rows of {dimension}");
        }
    }

    #[test]
    fn what_faiss_cannot_read_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(FILE), b"not an index").unwrap();
        assert!(matches!(VectorIndex::open(dir.path(), 2).err().unwrap(), IndexError::Vectors { .. }));
    }

    #[test]
    fn dot_agrees_with_the_plain_sum_at_every_length() {
        for n in 0..40 {
            let a: Vec<f32> = (0..n).map(|i| i as f32).collect();
            let plain: f32 = a.iter().map(|x| x * 2.0).sum();
            assert_eq!(dot(&a, &vec![2.0; n]), plain);
        }
    }
}
