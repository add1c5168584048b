//! Style as a test: one pass over the tree, and one message per breach, with file and line.
//! Each rule is a pure function in `tests/tidy/` with tests of its own; here stand the tables
//! that say what holds where. It knows the tree and its documents, not what the engine does.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tidy::layers::{CrateLayer, Imports, ModuleGraph, Reexports, RoomLayer};
use tidy::prose::BannedWord;
use tidy::{calls, layers, manifests, prose, shape};

mod tidy {
    pub(crate) mod calls;
    pub(crate) mod code;
    pub(crate) mod layers;
    pub(crate) mod manifests;
    pub(crate) mod prose;
    pub(crate) mod shape;
}

const FILE_LINES: usize = 500;
const FUNCTION_LINES: usize = 70;
const LINE_WIDTH: usize = 100;

/// What no pure crate may use, the families of these names included (`tokio_util`, `actix_rt`).
const RUNTIMES: [&str; 5] = ["tokio", "actix", "axum", "sqlx", "reqwest"];

const PURE_CRATES: [CrateLayer; 2] = [
    CrateLayer { folder: "crates/core", name: "banyan_core", may_use: &[] },
    CrateLayer { folder: "crates/matching", name: "banyan_matching", may_use: &["banyan_core"] },
];

/// The rooms of `src`; one that is not named may import anything.
const ROOMS: [RoomLayer; 7] = [
    RoomLayer { room: "view", imports: Imports::Only(&["banyan_core"]) },
    RoomLayer { room: "telemetry", imports: Imports::Only(&[]) },
    RoomLayer { room: "auth", imports: Imports::Only(&AUTH_USES) },
    RoomLayer { room: "actors", imports: Imports::NeverFrom(&["crate::api", "crate::ws"]) },
    RoomLayer { room: "exchanges", imports: BELOW_ACTORS },
    RoomLayer { room: "llm", imports: BELOW_ACTORS },
    RoomLayer { room: "store", imports: BELOW_ACTORS },
];
const AUTH_USES: [&str; 5] =
    ["crate::store", "crate::secret", "crate::entropy", "crate::clock", "banyan_core"];
const BELOW_ACTORS: Imports = Imports::NeverFrom(&["crate::actors", "crate::api", "crate::ws"]);

/// Source folders of crates whose top-level modules import each other in no circle.
const CRATE_SOURCES: [&str; 3] = ["crates/core/src/", "crates/matching/src/", "src/"];

const NONDETERMINISTIC: [&str; 11] = [
    "SystemTime::now",
    "Instant::now",
    "Utc::now",
    "Local::now",
    "now_v7",
    "new_v4",
    "thread_rng",
    "rand::rng",
    "rand::random",
    "from_os_rng",
    "from_entropy",
];
const MAY_READ_THE_WORLD: [&str; 3] = ["src/clock.rs", "benches/", "tests/"];

/// Written in pieces, so that this file does not contain them.
const BANNED_WORDS: [BannedWord; 2] = [
    BannedWord { word: concat!("/wo", "rk/"), except: "" },
    BannedWord { word: concat!("../sha", "red"), except: ".ci/" },
];

/// What holds no source: by name wherever it lies, and by path from the root.
const SKIPPED_NAMES: [&str; 4] = ["target", ".git", "node_modules", ".venv"];
const SKIPPED_PATHS: [&str; 2] = ["web/dist", "data"];

struct SourceFile {
    /// From the root, with `/` between its parts.
    path: String,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn exists(path: &str) -> bool {
    root().join(path).exists()
}

/// Every text file of the tree, in the order of paths.
fn source_tree() -> Vec<SourceFile> {
    let mut files = Vec::new();
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the tree is readable") {
            let entry = entry.expect("an entry of the tree is readable");
            let kind = entry.file_type().expect("an entry of the tree has a type");
            let path = path_from_root(&entry.path());
            if kind.is_dir() && !is_skipped(&path) {
                folders.push(entry.path());
            } else if kind.is_file()
                && !path.ends_with(".log")
                && let Ok(text) = fs::read_to_string(entry.path())
            {
                files.push(SourceFile { path, text });
            }
        }
    }
    files.sort_by(|left, right| left.path.cmp(&right.path));
    files
}

fn is_skipped(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    SKIPPED_NAMES.contains(&name) || SKIPPED_PATHS.contains(&path)
}

fn path_from_root(path: &Path) -> String {
    let below: PathBuf = path.strip_prefix(root()).expect("the walk starts at the root").into();
    below.to_string_lossy().replace('\\', "/")
}

fn reexports_of(files: &[SourceFile], source: &str) -> Reexports {
    let root_file = format!("{source}lib.rs");
    let file = files.iter().find(|file| file.path == root_file);
    file.map(|file| layers::reexports(&file.text)).unwrap_or_default()
}

fn check_file(file: &SourceFile, reexports: &Reexports) -> Vec<String> {
    let (path, text) = (file.path.as_str(), file.text.as_str());
    let mut found = prose::check_words(path, text, &BANNED_WORDS);
    if path.ends_with(".rs") {
        found.extend(check_rust(path, text, reexports));
    }
    if path.ends_with(".md") {
        found.extend(prose::check_links(path, text, &exists));
    }
    if path == "ARCHITECTURE.md" {
        found.extend(prose::check_code_map(path, text, &exists));
    }
    if path.ends_with("Cargo.toml") || path.contains(".cargo/config") {
        found.extend(manifests::check_unwinding(path, text));
    }
    if let Some(layer) = PURE_CRATES.iter().find(|layer| is_manifest_of(path, layer)) {
        found.extend(manifests::check_dependencies(path, text, layer, &RUNTIMES));
    }
    found
}

fn is_manifest_of(path: &str, layer: &CrateLayer) -> bool {
    path.strip_prefix(layer.folder) == Some("/Cargo.toml")
}

fn check_rust(path: &str, text: &str, reexports: &Reexports) -> Vec<String> {
    let mut found = shape::check_header(path, text);
    found.extend(shape::check_file_length(path, text, FILE_LINES));
    found.extend(shape::check_line_width(path, text, LINE_WIDTH));
    found.extend(shape::check_function_length(path, text, FUNCTION_LINES));
    found.extend(calls::check_determinism(path, text, &NONDETERMINISTIC, &MAY_READ_THE_WORLD));
    found.extend(calls::check_unwrap(path, text));
    found.extend(calls::check_leftovers(path, text));
    found.extend(layers::check_room_imports(path, text, &ROOMS, reexports));
    if let Some(layer) = PURE_CRATES.iter().find(|layer| is_below(path, layer.folder)) {
        found.extend(layers::check_crate_imports(path, text, layer, &RUNTIMES));
    }
    found
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// Name with version and licence of every crate that is built here, tests included.
fn dependencies() -> Vec<(String, Option<String>)> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--locked", "--format-version", "1"])
        .args(["--filter-platform", "host-tuple"])
        .current_dir(root())
        .output()
        .expect("the cargo that built this test can be started");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo metadata failed; try `cargo fetch`: {errors}");
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("cargo metadata writes JSON");
    let packages = metadata["packages"].as_array().expect("metadata lists packages");
    packages
        .iter()
        .map(|package| {
            let word = |key: &str| package[key].as_str().map(str::to_owned);
            let name = word("name").expect("a package has a name");
            let version = word("version").expect("a package has a version");
            (format!("{name} {version}"), word("license"))
        })
        .collect()
}

fn assert_none(breaches: &[String]) {
    assert!(breaches.is_empty(), "{} breaches:\n{}", breaches.len(), breaches.join("\n"));
}

#[test]
fn the_tree_is_tidy() {
    let files = source_tree();
    let reexports = reexports_of(&files, "src/");
    let breaches: Vec<String> =
        files.iter().flat_map(|file| check_file(file, &reexports)).collect();
    assert_none(&breaches);
}

#[test]
fn the_walk_sees_source_and_nothing_that_was_built() {
    let files = source_tree();
    let has = |path: &str| files.iter().any(|file| file.path == path);
    for path in ["tests/tidy.rs", "Cargo.toml", ".ci/run", "crates/core/src/lib.rs"] {
        assert!(has(path), "{path} was not seen");
    }
    let built = |file: &SourceFile| file.path.split('/').any(|part| SKIPPED_NAMES.contains(&part));
    assert!(!files.iter().any(built));
}

#[test]
fn every_kind_of_file_meets_its_rules() {
    let breaches = |path: &str, text: &str| {
        check_file(&SourceFile { path: path.into(), text: text.into() }, &Reexports::new()).len()
    };
    assert_eq!(breaches("src/view/a.rs", "//! A.\nuse crate::api::B;"), 1);
    assert_eq!(breaches("crates/core/src/a.rs", "//! A.\nuse tokio::time::Instant;"), 1);
    assert_eq!(breaches("crates/core/Cargo.toml", "[dependencies]\ntokio = \"1\""), 1);
    assert_eq!(breaches("Cargo.toml", "[profile.dev]\npanic = \"abort\""), 1);
    assert_eq!(breaches(".cargo/config.toml", "[profile.dev]\npanic = \"abort\""), 1);
    assert_eq!(breaches("docs/a.md", "[b](nowhere.md)"), 1);
    assert_eq!(breaches("ARCHITECTURE.md", "`src/nowhere/`"), 1);
    assert_eq!(breaches("Makefile", BANNED_WORDS[0].word), 1);
    assert_eq!(breaches("src/a.rs", "fn f() { a.unwrap(); dbg!(SystemTime::now()) }"), 4);
}

#[test]
fn modules_import_each_other_in_no_circle() {
    let files = source_tree();
    for source in CRATE_SOURCES {
        let reexports = reexports_of(&files, source);
        let mut graph = ModuleGraph::new();
        for file in files.iter().filter(|file| file.path.ends_with(".rs")) {
            layers::add_edges(&mut graph, source, &file.path, &file.text, &reexports);
        }
        assert_none(&layers::check_cycles(&graph));
    }
}

#[test]
fn every_dependency_has_an_allowed_licence() {
    let deny = fs::read_to_string(root().join("deny.toml")).expect("deny.toml is in the tree");
    let allowed = manifests::allowed_licences(&deny).expect("deny.toml lists licences");
    let packages = dependencies();
    assert!(packages.iter().any(|(package, _)| package.starts_with("serde ")), "no tree was read");
    let breaches: Vec<String> = packages
        .iter()
        .flat_map(|(package, licence)| {
            manifests::check_licence(package, licence.as_deref(), &allowed)
        })
        .collect();
    assert_none(&breaches);
}
