//! What the int8 encoder loses against f32, and that nothing depends on how texts are grouped.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};

use ragops_embed::{EmbedError, EmbeddingModel};

use crate::bert::Bert;
use crate::fixture::{cosine, mixed_texts, model, package_file};

#[test]
fn int8_vectors_lie_within_a_thousandth_of_f32() {
    let (Some(model), Some(artefact)) = (model(), package_file("e5-small-q4.bin")) else { return };
    let bert = Bert::read(&artefact);
    let mut texts: Vec<String> = mixed_texts().into_iter().take(26).collect();
    // Longer than 100 tokens: there the matrix products span several blocks of rows.
    texts.push(mixed_texts()[..6].join("\n"));
    texts.push(mixed_texts()[20..30].join("\n"));
    let mut cosines = Vec::new();
    for text in &texts {
        let ids = model.tokenizer().encode(&format!("passage: {text}"));
        let expected = bert.mean(&[&[0], ids.as_slice(), &[2]].concat());
        let ours = model.embed_passages(&[text], &()).unwrap();
        cosines.push((cosine(ours.row(0).unwrap(), &expected), ids.len()));
    }
    cosines.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mean = cosines.iter().map(|(cosine, _)| cosine).sum::<f32>() / cosines.len() as f32;
    eprintln!("cosine to f32: lowest {:.5} ({} tokens), mean {mean:.5}", cosines[0].0, cosines[0].1);
    assert!(cosines.iter().any(|(_, tokens)| *tokens > 130), "{cosines:?}");
    assert!(cosines[0].0 >= 0.999, "{cosines:?}");
}

#[test]
fn rows_are_unit_length_and_do_not_depend_on_their_neighbours() {
    let Some(model) = model() else { return };
    let texts = mixed_texts();
    let refs: Vec<&str> = texts.iter().map(String::as_str).take(40).collect();
    let all = model.embed_passages(&refs, &()).unwrap();
    assert_eq!((all.len(), all.dimension()), (40, model.identity().dimension));
    for (index, row) in all.rows().enumerate() {
        assert!((row.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-5);
        let alone = model.embed_passages(&refs[index..=index], &()).unwrap();
        assert_eq!(alone.row(0).unwrap(), row, "{:?}", refs[index]);
    }
}

#[test]
fn empty_texts_and_empty_lists_are_answered() {
    let Some(model) = model() else { return };
    assert!(model.embed_passages(&[], &()).unwrap().is_empty());
    let odd = model.embed_passages(&["", " \n", "\0\0", "\u{301}", "<s></s><pad><mask>"], &()).unwrap();
    assert!(odd.rows().all(|row| row.iter().all(|x| x.is_finite())));
    assert_eq!(odd.row(0), odd.row(1));
    assert!(model.embed_query("").unwrap().iter().any(|x| *x != 0.0));
}

#[test]
fn a_megabyte_is_embedded_as_one_text() {
    let Some(model) = model() else { return };
    let unbroken = "가".repeat(20_000);
    assert!(model.count_tokens(&unbroken) > 1000);
    for text in [" ".repeat(1 << 20), "\u{301}".repeat(1 << 19), "a".repeat(1 << 20)] {
        assert!(model.count_tokens(&text) <= text.len());
    }
    assert_eq!(model.embed_passages(&[&unbroken], &()).unwrap().len(), 1);
}

#[test]
fn the_monitor_counts_texts_and_stops_the_work() {
    let Some(model) = model() else { return };
    let texts = vec!["짧은 문장"; 50];
    let heard = AtomicUsize::new(0);
    let count = |texts| {
        heard.fetch_add(texts, Ordering::Relaxed);
        ControlFlow::Continue(())
    };
    model.embed_passages(&texts, &count).unwrap();
    assert_eq!(heard.load(Ordering::Relaxed), 50);
    let stop_at_ten = |texts| match heard.fetch_add(texts, Ordering::Relaxed) {
        59.. => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    assert!(matches!(model.embed_passages(&texts, &stop_at_ten), Err(EmbedError::Cancelled)));
    assert!(heard.load(Ordering::Relaxed) < 70);
}
