//! A second model through the real program: all-MiniLM-L6-v2 is installed from its folder, builds an index, answers from
//! it, and is removed when no index needs it any more.

use crate::support::{minilm_folder, program, rag_index, run};
use crate::world::World;

const MINILM: &str = "all-MiniLM-L6-v2";

#[test]
fn an_index_is_built_and_served_with_a_model_from_a_folder() {
    let (Some(mut world), Some(folder)) = (World::new(), minilm_folder()) else { return };
    world.models = world.path("models");
    let model = |world: &World, arguments: &[&str]| {
        // Not the world's own command: `--data` belongs to `remove` alone.
        let mut command = program();
        command.arg("model").args(arguments).arg("--models-dir").arg(&world.models);
        run(&mut command)
    };
    let added = model(&world, &["add", MINILM, "--from", folder.to_str().unwrap()]);
    assert_eq!(added.code, 0, "{}", added.stderr);
    assert!(added.stdout.contains("installed: all-MiniLM-L6-v2 ("), "{}", added.stdout);
    let says = "bert, 6 layers, 384 dimensions, windows of 256 tokens, float32, digest ";
    for arguments in [&["list"][..], &["verify", MINILM]] {
        let told = model(&world, arguments);
        assert!(told.code == 0 && told.stdout.contains(says), "{} {}", told.stdout, told.stderr);
    }
    let listed = model(&world, &["list", "--json"]).json();
    assert_eq!((&listed["architecture"], &listed["arithmetic"]), (&"bert".into(), &"float32".into()), "{listed}");

    let embedding = format!("  embedding: {{type: Local, local: {{model: {MINILM}}}}}\n");
    world.write("rag.yaml", &(rag_index("runbooks", "./docs/en") + &embedding));
    world.index();
    let inspected = run(world.command("inspect").arg("--json")).json();
    let revision = &inspected["revisions"][0];
    assert_eq!((&revision["model"], &revision["dimension"]), (&MINILM.into(), &384.into()), "{inspected}");
    assert_eq!(revision["model_digest"], listed["digest"]);
    let asked =
        run(world.command("query").args(["--index", "runbooks", "How long does it take to restore the database?"]));
    assert!(asked.code == 0 && asked.stdout.contains("45 minutes"), "{} {}", asked.stdout, asked.stderr);
    let server = world.start().ready();
    let answer = server.ask("When are certificates renewed?");
    assert_eq!((&answer["status"], &answer["mode_used"]), (&"answered".into(), &"hybrid".into()), "{answer}");
    assert!(answer["answer"].as_str().unwrap().contains("30 days before"), "{answer}");
    assert_eq!(server.ask("Who won the football championship in 1998?")["status"], "escalated");
    drop(server);

    let remove = |options: &[&str]| {
        let data = world.data();
        let arguments = [&["remove", MINILM, "--data", data.to_str().unwrap()], options].concat();
        model(&world, &arguments)
    };
    let refused = remove(&[]);
    assert!(refused.code == 2 && refused.stderr.contains("the active revision of runbooks in"), "{}", refused.stderr);
    assert_eq!(remove(&["--force"]).stdout, "removed: all-MiniLM-L6-v2\n");
    let asked = run(world.command("query").args(["--index", "runbooks", "How long does a restore take?"]));
    assert!(asked.code != 0 && asked.stderr.contains("`all-MiniLM-L6-v2` is not installed"), "{}", asked.stderr);
}
