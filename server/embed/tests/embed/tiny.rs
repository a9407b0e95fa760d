//! A tiny model in the artefact's layout, made here, so that the store is tested without the real one.

use std::path::{Path, PathBuf};

use ragops_embed::store::{KnownFormat, KnownModel};
use ragops_embed::{ModelSource, ModelStore};
use ragops_storage::digest_bytes;

const HIDDEN: usize = 32;
const WIDE: usize = 64;
const PIECES: [(&str, f32); 12] = [
    ("<s>", 0.0),
    ("<pad>", 0.0),
    ("</s>", 0.0),
    ("<unk>", 0.0),
    ("▁", -3.0),
    ("▁a", -2.0),
    ("b", -2.5),
    ("▁한", -4.0),
    ("국", -4.5),
    (":", -3.0),
    ("▁passage", -5.0),
    ("<mask>", 0.0),
];

#[derive(Default)]
struct Writer {
    directory: Vec<u8>,
    data: Vec<u8>,
    tensors: u32,
    seed: u32,
}

impl Writer {
    fn random(&mut self) -> u32 {
        self.seed = self.seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.seed >> 16
    }

    fn tensor(&mut self, name: &str, kind: u8, elements: usize) {
        let start = self.data.len() as u64;
        for at in 0..elements {
            let random = self.random();
            match kind {
                0 => self.data.extend((random as f32 / 65536.0 - 0.3).to_le_bytes()),
                _ if at % 32 == 0 => {
                    self.data.extend(0x2e66_u16.to_le_bytes());
                    let nibbles: Vec<u8> = (0..16).map(|_| self.random() as u8).collect();
                    self.data.extend(nibbles);
                }
                _ => {}
            }
        }
        self.directory.extend((name.len() as u16).to_le_bytes());
        self.directory.extend(name.as_bytes());
        self.directory.push(kind);
        self.directory.extend((elements as u32).to_le_bytes());
        self.directory.extend(start.to_le_bytes());
        self.directory.extend((self.data.len() as u64 - start).to_le_bytes());
        self.tensors += 1;
    }
}

/// The bytes of the artefact.
pub(crate) fn artefact() -> Vec<u8> {
    let mut writer = Writer { seed: 7, ..Writer::default() };
    writer.tensor("emb.word", 1, 16 * HIDDEN);
    writer.tensor("emb.pos", 0, 16 * HIDDEN);
    writer.tensor("emb.type", 0, 2 * HIDDEN);
    let linear = |writer: &mut Writer, name: &str, outputs: usize, inputs: usize| {
        writer.tensor(&format!("{name}.w"), 1, outputs * inputs);
        writer.tensor(&format!("{name}.b"), 0, outputs);
    };
    for norm in ["emb.ln", "l0.aln", "l0.oln"] {
        writer.tensor(&format!("{norm}.w"), 0, HIDDEN);
        writer.tensor(&format!("{norm}.b"), 0, HIDDEN);
    }
    ["l0.q", "l0.k", "l0.v", "l0.ao"].iter().for_each(|name| linear(&mut writer, name, HIDDEN, HIDDEN));
    linear(&mut writer, "l0.fi", WIDE, HIDDEN);
    linear(&mut writer, "l0.fo", HIDDEN, WIDE);
    let mut head = b"E5S1".to_vec();
    [1, HIDDEN, 1, 2, WIDE, 16, 16, 2].iter().for_each(|n| head.extend((*n as u32).to_le_bytes()));
    head.extend(1e-12_f32.to_le_bytes());
    [32, PIECES.len() as u32, 0, 2, 1, 3].iter().for_each(|n| head.extend(n.to_le_bytes()));
    let text: String = PIECES.iter().map(|(piece, _)| *piece).collect();
    head.extend((text.len() as u64).to_le_bytes());
    let mut offset = 0_u32;
    head.extend(offset.to_le_bytes());
    for (piece, _) in PIECES {
        offset += piece.len() as u32;
        head.extend(offset.to_le_bytes());
    }
    PIECES.iter().for_each(|(_, score)| head.extend(score.to_le_bytes()));
    head.extend(text.as_bytes());
    let map = [9_u32.to_le_bytes().as_slice(), &[1], &32_u32.to_le_bytes()].concat();
    head.extend(1_u32.to_le_bytes());
    head.extend((map.len() as u32).to_le_bytes());
    head.extend(map);
    head.extend(writer.tensors.to_le_bytes());
    let data_at = (head.len() + writer.directory.len()) as u64;
    shift_offsets(&mut writer.directory, data_at);
    [head, writer.directory, writer.data].concat()
}

/// The directory was written with offsets into the data; makes them offsets into the file.
fn shift_offsets(directory: &mut [u8], by: u64) {
    let mut at = 0;
    while at < directory.len() {
        let name = usize::from(u16::from_le_bytes([directory[at], directory[at + 1]]));
        let field = &mut directory[at + 2 + name + 5..][..8];
        let offset = u64::from_le_bytes((&*field).try_into().unwrap()) + by;
        field.copy_from_slice(&offset.to_le_bytes());
        at += 2 + name + 5 + 16;
    }
}

/// The catalogue's entry for it.
pub(crate) fn known() -> KnownModel {
    known_as(&artefact())
}

/// A catalogue entry that pins other bytes.
pub(crate) fn known_as(bytes: &[u8]) -> KnownModel {
    KnownModel {
        name: "tiny".to_owned(),
        sha256: digest_bytes(bytes),
        size: bytes.len() as u64,
        file: "tiny.bin".to_owned(),
        format: KnownFormat::Artefact { wheel_entry: "package/tiny.bin".to_owned() },
        origin: "this test".to_owned(),
        make: "make tiny".to_owned(),
    }
}

/// An empty store under `dir` that knows the tiny model.
pub(crate) fn store(dir: &Path) -> ModelStore {
    ModelStore::with_catalogue(dir.join("models"), vec![known()])
}

/// Writes the artefact into `dir`.
pub(crate) fn file(dir: &Path) -> PathBuf {
    let path = dir.join("tiny.bin");
    std::fs::write(&path, artefact()).unwrap();
    path
}

/// A store with the tiny model installed.
pub(crate) fn installed(dir: &Path) -> ModelStore {
    let store = store(dir);
    store.add("tiny", &ModelSource::Path(file(dir)), &()).unwrap();
    store
}
