//! The real documents of the shared data, in every format: what people ask is found, with its page, slide or row.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::{Server, Unavailable, skip, this_test};
use crate::world::World;

/// The folder of real documents, or `None` after saying so.
fn documents() -> Option<PathBuf> {
    let beside_the_repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    #[allow(clippy::disallowed_methods)] // Tests find their data by the environment.
    let root = std::env::var("RAGOPS_SHARED").map_or(beside_the_repository, PathBuf::from);
    let path = root.join("data/documents");
    if path.is_dir() {
        return path.canonicalize().ok();
    }
    let reason = format!("{} is absent; set RAGOPS_SHARED to the folder of shared test data", path.display());
    skip(&this_test(), &Unavailable::Missing(reason));
    None
}

fn served(world: &World) -> Option<Server> {
    let yaml = format!(
        "apiVersion: ragops.dev/v1alpha1\nkind: RagIndex\nmetadata: {{name: real}}\nspec:\n  sources:\n    - {{name: docs, \
         type: Folder, folder: {{path: {}, exclude: [manifest.jsonl, SOURCE.md]}}}}\n",
        documents()?.display()
    );
    world.write("rag.yaml", &yaml);
    Some(world.start().ready())
}

/// The questions of the sheet of frequent questions, with their rows: column `질문`.
fn questions() -> Vec<(u64, String)> {
    let bytes = std::fs::read(documents().unwrap().join("gen_ko_장애문의_FAQ.xlsx")).unwrap();
    let extract = ragops_formats::extract(ragops_formats::Format::Xlsx, &bytes);
    let mut found = Vec::new();
    for block in &extract.blocks {
        let (ragops_formats::BlockKind::Heading { level: 2, text }, Some(ragops_formats::Locator::Rows { first, .. })) =
            (&block.kind, &block.at)
        else {
            continue;
        };
        found.push((u64::from(*first), text.clone()));
    }
    found
}

/// The rows of the sheet that an answer cites, first cited first.
fn rows(answer: &Value) -> Vec<u64> {
    let sources = answer["sources"].as_array().unwrap().iter();
    let of_sheet = sources.filter(|source| source["path"] == "gen_ko_장애문의_FAQ.xlsx");
    of_sheet.filter_map(|source| source["rows"]["first"].as_u64()).collect()
}

#[test]
fn every_file_is_indexed_or_named_and_answers_name_page_slide_and_row() {
    let Some(world) = World::new() else { return };
    let Some(server) = served(&world) else { return };
    let health = server.health();
    let index = &health["indexes"]["real"];
    // The `.doc` is named by its extension alone.
    assert_eq!(index["counts"]["files"], 51, "{index}");
    assert_eq!(index["counts"]["documents"], 51, "{index}");
    assert_eq!(index["findings"], json!({"PartlyMalformed": 1, "UnreadPart": 2, "UnsupportedFormat": 1}), "{index}");

    let questions = questions();
    assert_eq!(questions.len(), 80);
    let missed: Vec<_> =
        questions.iter().filter(|(row, question)| rows(&server.ask(question)).first() != Some(row)).collect();
    println!("{} of 80 questions find their row first", 80 - missed.len());
    assert!(missed.is_empty(), "{missed:?}");

    // The same in other words; one of six may be missed, as other documents of the folder speak of the same.
    let asked = [
        (4, "디플로이먼트의 레플리카가 부족한데 담당 팀이 어디인가요?"),
        (9, "밤에 도는 배치 잡이 실패했을 때는 어떤 문서를 봐야 해?"),
        (38, "etcd 리더가 사라졌어요"),
        (51, "Watchdog 경보가 계속 오는데 괜찮은 건가요?"),
        (53, "슬랙 알림이 안 가요"),
        (75, "드레인 실패로 머신 설정이 안 바뀝니다"),
    ];
    let missed: Vec<_> = asked.iter().filter(|(row, question)| !rows(&server.ask(question)).contains(row)).collect();
    assert!(missed.len() <= 1, "{missed:?}");
}
