//! The corpus of the fuzz target, read on every run; and the scene that the target reads in.

use std::fs;
use std::path::PathBuf;

use banyan_core::decision::claims;

use crate::scene::{listed, read, snapshot};

fn fuzz_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

#[test]
fn every_answer_of_the_corpus_is_survived() {
    let folder = fs::read_dir(fuzz_folder().join("corpus/reply")).expect("the corpus is there");
    let mut count = 0;
    for entry in folder {
        let bytes = fs::read(entry.expect("a readable entry").path()).expect("a readable file");
        let parsed = read(&String::from_utf8_lossy(&bytes));
        assert_eq!(parsed.reply.is_some(), parsed.error.is_none());
        if let Some(reply) = parsed.reply {
            let _ = claims::check(&reply, &snapshot(), 50.into());
        }
        count += 1;
    }
    assert!(count >= 20, "only {count} answers were found");
}

/// Set `BANYAN_WRITE_SCENE` to write it anew when the types have changed.
#[test]
fn the_scene_of_the_fuzz_target_is_this_one() {
    let path = fuzz_folder().join("scene.json");
    let scene = serde_json::to_string(&(listed(), snapshot())).expect("it can be written") + "\n";
    if std::env::var_os("BANYAN_WRITE_SCENE").is_some() {
        fs::write(&path, &scene).expect("the folder can be written to");
    }
    assert_eq!(fs::read_to_string(path).expect("the scene is there"), scene);
}
