//! Rules on who may import whom: layers of crates, layers of the rooms inside `src`, and no
//! circle between the top-level modules of one crate. The tables come from the caller.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::tidy::code::{CodePath, line_of, mask, paths, tokens, without_tests};

/// A crate and which of our other crates it may use.
pub(crate) struct CrateLayer {
    /// Folder from the root, such as `crates/core`.
    pub(crate) folder: &'static str,
    /// Its own name in code.
    pub(crate) name: &'static str,
    /// Our crates that it may use.
    pub(crate) may_use: &'static [&'static str],
}

/// What of ours a room may import: `crate::<module>` or the name of a crate.
pub(crate) enum Imports {
    /// These and nothing else of ours.
    Only(&'static [&'static str]),
    /// Anything but these.
    NeverFrom(&'static [&'static str]),
}

/// A top-level module of `src` and what it may import.
pub(crate) struct RoomLayer {
    pub(crate) room: &'static str,
    pub(crate) imports: Imports,
}

/// Names that the root of a crate lifts out of its modules, each with its module.
pub(crate) type Reexports = BTreeMap<String, String>;

/// Which module imports which, with the place (`file:line`) of the first such import.
pub(crate) type ModuleGraph = BTreeMap<String, BTreeMap<String, String>>;

/// Why `layer` must not use the crate `name`, if so; `runtimes` are closed to every such layer.
pub(crate) fn refusal(layer: &CrateLayer, runtimes: &[&str], name: &str) -> Option<String> {
    let name = name.replace('-', "_");
    let is_runtime = runtimes.iter().any(|runtime| {
        name.strip_prefix(runtime).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    });
    let foreign = is_our_crate(&name) && name != layer.name;
    let refused = is_runtime || (foreign && !layer.may_use.contains(&name.as_str()));
    refused.then(|| format!("`{name}` must not be used in {}", layer.folder))
}

/// The code of a pure crate uses no runtime and only the crates of ours below it.
pub(crate) fn check_crate_imports(
    path: &str,
    text: &str,
    layer: &CrateLayer,
    runtimes: &[&str],
) -> Vec<String> {
    let code = mask(text);
    paths(&code)
        .iter()
        .filter(|used| used.segments.len() > 1)
        .filter_map(|used| {
            let reason = refusal(layer, runtimes, used.segments[0])?;
            Some(format!("{path}:{}: {reason}", line_of(text, used.at)))
        })
        .collect()
}

/// A room of `src` imports only what the table opens to it.
pub(crate) fn check_room_imports(
    path: &str,
    text: &str,
    rooms: &[RoomLayer],
    reexports: &Reexports,
) -> Vec<String> {
    let room = path.strip_prefix("src/").and_then(top_module);
    let Some(layer) = rooms.iter().find(|layer| Some(layer.room) == room) else {
        return Vec::new();
    };
    let own = format!("crate::{}", layer.room);
    imports(path, &mask(text), reexports)
        .into_iter()
        .filter(|(_, import)| *import != own && !layer.imports.allow(import))
        .map(|(at, import)| {
            let line = line_of(text, at);
            format!("{path}:{line}: `{}` must not import `{import}`", layer.room)
        })
        .collect()
}

impl Imports {
    fn allow(&self, import: &str) -> bool {
        match self {
            Imports::Only(open) => open.contains(&import),
            Imports::NeverFrom(closed) => !closed.contains(&import),
        }
    }
}

/// What the root file of a crate re-exports from its own modules.
pub(crate) fn reexports(root_text: &str) -> Reexports {
    let code = mask(root_text);
    let modules: BTreeSet<&str> = tokens(&code)
        .windows(2)
        .filter(|pair| pair[0].text == "mod")
        .map(|pair| pair[1].text)
        .collect();
    paths(&code)
        .iter()
        .filter_map(|used| {
            let inner = match used.segments.as_slice() {
                ["crate" | "self", inner @ ..] => inner,
                inner => inner,
            };
            let (name, module) = (inner.last()?, inner.first()?);
            let lifted = inner.len() > 1 && modules.contains(module) && !modules.contains(name);
            lifted.then(|| ((*name).to_owned(), (*module).to_owned()))
        })
        .collect()
}

/// Adds what the file at `path`, below the source folder `root` of its crate, imports from other
/// modules of that crate. Test code may look around freely, so it does not count.
pub(crate) fn add_edges(
    graph: &mut ModuleGraph,
    root: &str,
    path: &str,
    text: &str,
    reexports: &Reexports,
) {
    let Some(module) = path.strip_prefix(root).and_then(top_module) else {
        return;
    };
    let code = without_tests(&mask(text));
    let edges = graph.entry(module.to_owned()).or_default();
    for (at, import) in imports(path, &code, reexports) {
        match import.strip_prefix("crate::") {
            Some(target) if target != module => {
                let place = || format!("{path}:{}", line_of(text, at));
                edges.entry(target.to_owned()).or_insert_with(place);
            }
            _ => {}
        }
    }
}

/// No module imports itself by way of others. Each circle is told once, from its first module.
pub(crate) fn check_cycles(graph: &ModuleGraph) -> Vec<String> {
    graph
        .keys()
        .filter_map(|start| way_back(graph, start))
        .filter(|way| way.iter().min() == way.first())
        .map(|way| {
            let steps: Vec<String> = way
                .iter()
                .zip(way.iter().cycle().skip(1))
                .map(|(from, to)| format!("{from} -> {to} at {}", graph[*from][*to]))
                .collect();
            format!("{}: circular import: {}", graph[way[0]][way[1 % way.len()]], steps.join(", "))
        })
        .collect()
}

/// The shortest way from `start` through the graph back to it, without naming it twice.
fn way_back<'a>(graph: &'a ModuleGraph, start: &'a str) -> Option<Vec<&'a str>> {
    let mut ways = VecDeque::from([vec![start]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        for next in way.last().and_then(|last| graph.get(*last)).into_iter().flatten() {
            if next.0 == start {
                return Some(way);
            }
            if seen.insert(next.0) {
                ways.push_back(way.iter().copied().chain([next.0.as_str()]).collect());
            }
        }
    }
    None
}

/// Everything of ours that `code` (masked) names: `crate::<module>`, or the name of a crate.
fn imports(path: &str, code: &str, reexports: &Reexports) -> Vec<(usize, String)> {
    let depth = module_depth(path);
    paths(code)
        .iter()
        .filter_map(|used| import_of(used, depth, reexports).map(|import| (used.at, import)))
        .collect()
}

fn import_of(used: &CodePath<'_>, depth: usize, reexports: &Reexports) -> Option<String> {
    let segments = &used.segments;
    let supers = segments.iter().take_while(|segment| **segment == "super").count();
    let target = match segments[0] {
        "crate" => segments.get(1)?,
        "super" if supers == depth => segments.get(supers)?,
        name if is_our_crate(name) && segments.len() > 1 => return Some(name.to_owned()),
        _ => return None,
    };
    Some(format!("crate::{}", reexports.get(*target).map_or(*target, String::as_str)))
}

fn is_our_crate(name: &str) -> bool {
    name == "banyan" || name.starts_with("banyan_")
}

/// The top-level module that a file below a source folder belongs to; the root files are none.
fn top_module(below: &str) -> Option<&str> {
    let first = below.split('/').next()?;
    let module = first.strip_suffix(".rs").unwrap_or(first);
    (!["lib", "main", "bin"].contains(&module)).then_some(module)
}

/// How many modules deep a file lies in its crate: 1 for `src/orders.rs` and `src/orders/mod.rs`.
fn module_depth(path: &str) -> usize {
    let below = path.split_once("src/").map_or(path, |(_, below)| below);
    below.split('/').filter(|part| *part != "mod.rs").count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CORE: CrateLayer =
        CrateLayer { folder: "crates/core", name: "banyan_core", may_use: &[] };
    const MATCHING: CrateLayer = CrateLayer {
        folder: "crates/matching",
        name: "banyan_matching",
        may_use: &["banyan_core"],
    };
    const ROOMS: [RoomLayer; 2] = [
        RoomLayer { room: "view", imports: Imports::Only(&["banyan_core"]) },
        RoomLayer { room: "actors", imports: Imports::NeverFrom(&["crate::api"]) },
    ];

    fn crate_imports(layer: &CrateLayer, text: &str) -> Vec<String> {
        check_crate_imports("a.rs", text, layer, &["tokio", "actix"])
    }

    fn room_imports(path: &str, text: &str) -> Vec<String> {
        check_room_imports(path, text, &ROOMS, &reexports("mod api; pub use api::Router;"))
    }

    #[test]
    fn a_pure_crate_uses_no_runtime() {
        assert_eq!(
            crate_imports(&CORE, "\nuse tokio::time;"),
            ["a.rs:2: `tokio` must not be used in crates/core"]
        );
        assert_eq!(crate_imports(&CORE, "actix_rt::spawn(a)").len(), 1);
        assert!(crate_imports(&CORE, "use std::fmt; use tokiology::a; // tokio::a").is_empty());
    }

    #[test]
    fn a_crate_uses_our_crates_below_it_alone() {
        assert_eq!(crate_imports(&CORE, "use banyan_matching::Book;").len(), 1);
        assert_eq!(crate_imports(&MATCHING, "use banyan::api;").len(), 1);
        assert!(crate_imports(&CORE, "use banyan_core::money;").is_empty());
        assert!(crate_imports(&MATCHING, "use banyan_core::money;").is_empty());
    }

    #[test]
    fn a_room_with_a_short_list_imports_nothing_else_of_ours() {
        assert!(room_imports("src/view/a.rs", "use banyan_core::A; use serde::B;").is_empty());
        assert!(room_imports("src/view.rs", "use crate::view::A; use super::view::A;").is_empty());
        assert_eq!(
            room_imports("src/view/mod.rs", "use crate::{view::A,\nstore::B};"),
            ["src/view/mod.rs:2: `view` must not import `crate::store`"]
        );
        assert_eq!(room_imports("src/view.rs", "use banyan_matching::A;").len(), 1);
    }

    #[test]
    fn a_closed_room_is_found_through_super_and_re_exports() {
        for text in ["crate::api::f()", "use super::super::api::A;", "use crate::Router;"] {
            assert_eq!(
                room_imports("src/actors/worker.rs", text),
                ["src/actors/worker.rs:1: `actors` must not import `crate::api`"],
                "{text}"
            );
        }
        assert!(room_imports("src/actors/worker.rs", "use super::api; crate::store::a").is_empty());
        assert!(room_imports("src/ws.rs", "crate::api::f()").is_empty());
    }

    fn graph(files: &[(&str, &str)]) -> ModuleGraph {
        let mut graph = ModuleGraph::new();
        let lifted = reexports("mod a; mod b; pub use self::b::B;");
        for (path, text) in files {
            add_edges(&mut graph, "src/", path, text, &lifted);
        }
        graph
    }

    #[test]
    fn a_circle_is_named_once_with_its_places() {
        let files = [
            ("src/a.rs", "\nuse crate::B;"),
            ("src/b/mod.rs", "use crate::c::C;"),
            ("src/c.rs", "use super::a::A;"),
        ];
        assert_eq!(
            check_cycles(&graph(&files)),
            ["src/a.rs:2: circular import: a -> b at src/a.rs:2, b -> c at src/b/mod.rs:1, \
             c -> a at src/c.rs:1"]
        );
    }

    #[test]
    fn a_tree_and_test_code_make_no_circle() {
        let files = [
            ("src/lib.rs", "use crate::a::A; use crate::b::B;"),
            ("src/a.rs", "use crate::b::B; use crate::c::C; use crate::a::D;"),
            ("src/b.rs", "use crate::c::C;\n#[cfg(test)]\nmod tests { use crate::a::A; }"),
        ];
        assert!(check_cycles(&graph(&files)).is_empty());
    }
}
