//! Asking over HTTP: every sentence has its source, in both languages; what no document holds is escalated.

use std::io::Write;
use std::net::TcpStream;

use serde_json::Value;

use crate::support::{parse_reply, question, read_all, wait_for};
use crate::world::World;

/// The answer comes from `document`, quotes it, and says `says`.
fn check_answer(answer: &Value, document: &str, says: &str) {
    assert_eq!(answer["status"], "answered", "{answer}");
    let text = answer["answer"].as_str().unwrap();
    assert!(text.contains(says), "`{says}` is missing in: {text}");
    let sources = answer["sources"].as_array().unwrap();
    let sentences = answer["sentences"].as_array().unwrap();
    assert!(!sentences.is_empty(), "{answer}");
    for sentence in sentences {
        let citations = sentence["citations"].as_array().unwrap();
        assert!(!citations.is_empty(), "a sentence without a source: {sentence}");
        for citation in citations {
            let source = sources.iter().find(|source| source["id"] == citation["source"]).unwrap();
            let quote = citation["quote"].as_str().unwrap();
            assert!(source["text"].as_str().unwrap().contains(quote), "{quote} is not in {source}");
        }
    }
    assert!(sources.iter().any(|source| source["document"] == document), "{answer}");
    assert!(sources.iter().all(|source| source["lines"]["first"].is_u64()), "{answer}");
    assert!(answer["confidence"].as_f64().unwrap() >= answer["confidence_cut"].as_f64().unwrap());
}

#[test]
fn questions_in_both_languages_are_answered_with_sources_and_the_unanswerable_is_escalated() {
    let Some(world) = World::new() else { return };
    let server = world.start().ready();
    check_answer(&server.ask("How long does a restore of the database take?"), "en/backup.md", "45 minutes");
    check_answer(&server.ask("카프카 컨슈머 지연이 생기면 어떻게 대응하나요?"), "ko/kafka.md", "재시작");
    // Near the domain, off it, and in each language; none resembles a question that the build calibrates with.
    for question in [
        "How do I force an election in the MongoDB replica set?",
        "RabbitMQ 큐가 가득 차서 publish가 막혔을 때 어떻게 하나요?",
        "What is the notice period in my employment contract?",
        "이번 주 구내식당 점심 메뉴 알려줘",
    ] {
        let escalated = server.ask(question);
        assert_eq!((&escalated["status"], &escalated["answer"]), (&"escalated".into(), &"".into()), "{escalated}");
        assert!(escalated["sources"].as_array().unwrap().is_empty(), "{escalated}");
        assert!(escalated["sentences"].as_array().unwrap().is_empty() && escalated["ticket_id"].is_null());
        assert_eq!(escalated["index"], "runbooks");
    }
    let health = server.health();
    assert_eq!((&health["status"], &health["indexes"]["runbooks"]["counts"]["documents"]), (&"ok".into(), &6.into()));
    let metrics = server.get("/metrics").1;
    assert!(metrics.contains(r#"ragops_answers_total{index="runbooks",mode_used="hybrid",status="answered"} 2"#));
    assert!(metrics.contains(r#"ragops_index_documents{index="runbooks"} 6"#), "{metrics}");
}

#[test]
fn the_greeting_holds_a_question_in_each_language_that_is_answered() {
    let Some(world) = World::new() else { return };
    let server = world.start().ready();
    wait_for("the greeting", || server.greeting().contains("curl").then_some(()));
    let greeting = server.greeting();
    let questions: Vec<&str> =
        greeting.split("{\"question\": \"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(questions.len(), 2, "{greeting}");
    assert!(questions[0].starts_with("What does “") && questions[1].contains("」 문서의 내용을"), "{questions:?}");
    for text in questions {
        assert_eq!(server.ask(text)["status"], "answered", "{text}");
    }
    drop(server);

    // A heading that is a question is asked as it stands.
    let faq = "# Rack questions\n\n## Which colour is the upper rack?\n\nThe upper rack is painted violet.\n";
    world.write("docs/a-faq.md", faq);
    let server = world.start();
    wait_for("the greeting", || server.greeting().contains("curl").then_some(()));
    wait_for("the new page", || {
        let answer = server.ask("Which colour is the upper rack?");
        (answer["sources"][0]["path"] == "a-faq.md").then_some(())
    });
    drop(server);
    let server = world.start();
    wait_for("the greeting", || server.greeting().contains("\"Which colour is the upper rack?\"").then_some(()));
}

#[test]
fn a_request_under_way_when_the_server_is_told_to_stop_is_answered() {
    let Some(world) = World::new() else { return };
    let mut server = world.start().ready();
    let request = question(server.address(), "How long does a restore of the database take?");
    let (head, tail) = request.split_at(request.len() - 5);
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(head).unwrap();
    // Another connection's answer shows that this one has been accepted as well.
    server.get("/livez");
    server.terminate();
    crate::support::wait_for("the server to stop listening", || TcpStream::connect(server.address()).err());
    stream.write_all(tail).unwrap();
    let (status, body) = parse_reply(&read_all(stream).unwrap());
    assert_eq!(status, 200, "{body}");
    assert!(server.wait().success());
    let last = server.log().last().unwrap()["message"].as_str().unwrap().to_owned();
    assert_eq!(last, "stopped; every request was answered");
}
