//! No file of the crate imports, directly or by way of others, a file that imports it.
//!
//! A facade does not count as a file between two others: an import of a name that `protocol.rs` re-exports is an import
//! of the file that defines it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::Visit;

use super::support::hub::root;

/// A module's path from the root of the crate.
type Module = Vec<String>;

/// A path in the source, made to start at a module.
#[derive(Debug, Clone)]
struct Import {
    base: Module,
    names: Vec<String>,
    /// The name that it has in the importing module; `None` for a glob or a mention in passing.
    local: Option<String>,
    /// Names that are only passed on are no import; those that the file itself uses are.
    is_re_export: bool,
}

#[derive(Debug, Default)]
struct Sources {
    /// The file of each module, below `src`.
    files: BTreeMap<Module, String>,
    imports: BTreeMap<Module, Vec<Import>>,
}

/// Collects the imports of one file.
struct Collector<'a> {
    module: &'a Module,
    imports: Vec<Import>,
    /// The first names of all paths in its code.
    used: BTreeSet<String>,
}

impl Sources {
    fn read() -> Self {
        let src = root().join("src");
        let mut sources = Self::default();
        let mut folders = vec![src.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if !is_test(&path) {
                    sources.add(path.strip_prefix(&src).unwrap(), &path);
                }
            }
        }
        sources
    }

    fn add(&mut self, short: &Path, path: &PathBuf) {
        let short = short.display().to_string();
        let stem = short.trim_end_matches(".rs");
        let module: Module = match stem {
            "lib" => Vec::new(),
            stem => stem.split('/').map(str::to_owned).collect(),
        };
        let file = syn::parse_file(&fs::read_to_string(path).unwrap()).unwrap();
        let mut collector = Collector {
            module: &module,
            imports: Vec::new(),
            used: BTreeSet::new(),
        };
        collector.visit_file(&file);
        let Collector {
            mut imports, used, ..
        } = collector;
        for import in &mut imports {
            let is_used = import
                .local
                .as_ref()
                .is_some_and(|name| used.contains(name));
            import.is_re_export &= !is_used;
        }
        self.imports.insert(module.clone(), imports);
        self.files.insert(module, short);
    }

    /// The module in which what `names` leads to from `base` is defined.
    fn resolve(&self, base: &Module, names: &[String], depth: usize) -> Module {
        let (mut module, mut rest) = (base.clone(), names);
        while let [name, after @ ..] = rest {
            let child: Module = module.iter().chain([name]).cloned().collect();
            if !self.files.contains_key(&child) {
                break;
            }
            (module, rest) = (child, after);
        }
        let Some(name) = rest.first().filter(|_| depth < 8) else {
            return module;
        };
        let imported = self.imports[&module]
            .iter()
            .find(|import| import.local.as_ref() == Some(name));
        match imported {
            Some(import) => self.resolve(&import.base, &import.names, depth + 1),
            None => module,
        }
    }

    /// The files that each file imports.
    fn edges(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut edges = BTreeMap::new();
        for (module, imports) in &self.imports {
            let own = self.files[module].as_str();
            let imported = imports
                .iter()
                .filter(|import| !import.is_re_export)
                .map(|import| self.resolve(&import.base, &import.names, 0))
                .filter_map(|module| self.files.get(&module))
                .map(String::as_str)
                .filter(|file| *file != own);
            edges.insert(own, imported.collect());
        }
        edges
    }
}

impl Collector<'_> {
    /// Where a path that begins with `first` starts; `None` if that is another crate, or a name of the file itself.
    fn start(&self, names: &[String]) -> Option<(Module, Vec<String>)> {
        let supers = names.iter().take_while(|name| *name == "super").count();
        match names.first()?.as_str() {
            "crate" => Some((Vec::new(), names[1..].to_vec())),
            "self" => Some((self.module.clone(), names[1..].to_vec())),
            "super" => {
                let depth = self.module.len().checked_sub(supers)?;
                Some((self.module[..depth].to_vec(), names[supers..].to_vec()))
            }
            _ => None,
        }
    }

    fn add_tree(&mut self, tree: &syn::UseTree, before: &[String], is_re_export: bool) {
        let with = |name: &syn::Ident| -> Vec<String> {
            before.iter().cloned().chain([name.to_string()]).collect()
        };
        let (names, local) = match tree {
            syn::UseTree::Path(path) => {
                return self.add_tree(&path.tree, &with(&path.ident), is_re_export);
            }
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_tree(tree, before, is_re_export);
                }
                return;
            }
            syn::UseTree::Name(name) if name.ident == "self" => {
                (before.to_vec(), before.last().cloned())
            }
            syn::UseTree::Name(name) => (with(&name.ident), Some(name.ident.to_string())),
            syn::UseTree::Rename(rename) => (with(&rename.ident), Some(rename.rename.to_string())),
            syn::UseTree::Glob(_) => (before.to_vec(), None),
        };
        // `use child::Name` starts at the module itself; a name of another crate leads to no file from there.
        let (base, names) = self
            .start(&names)
            .unwrap_or_else(|| (self.module.clone(), names));
        self.imports.push(Import {
            base,
            names,
            local,
            is_re_export,
        });
    }
}

impl<'ast> Visit<'ast> for Collector<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_marked_test(item) {
            syn::visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let is_re_export = !matches!(item.vis, syn::Visibility::Inherited);
        self.add_tree(&item.tree, &[], is_re_export);
    }

    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {
        // `pub(in path)` imports nothing.
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<_> = path
            .segments
            .iter()
            .map(|part| part.ident.to_string())
            .collect();
        self.used.extend(names.first().cloned());
        if let Some((base, names)) = self.start(&names).filter(|_| names.len() > 1) {
            self.imports.push(Import {
                base,
                names,
                local: None,
                is_re_export: false,
            });
        }
        syn::visit::visit_path(self, path);
    }
}

fn is_test(path: &Path) -> bool {
    let name = path.display().to_string();
    !name.ends_with(".rs") || name.ends_with("tests.rs") || name.contains("/tests/")
}

/// Whether `item` is compiled for tests alone.
fn is_marked_test(item: &syn::Item) -> bool {
    let attributes = match item {
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        _ => return false,
    };
    let is_cfg_test = |attribute: &syn::Attribute| match &attribute.meta {
        // `test` itself, or `all(test, …)`.
        syn::Meta::List(list) if list.path.is_ident("cfg") => {
            let condition = list.tokens.to_string();
            condition == "test"
                || condition.starts_with("all (test")
                || condition.starts_with("all(test")
        }
        _ => false,
    };
    attributes.iter().any(is_cfg_test)
}

/// A way from `start` back to it, if there is one.
fn cycle<'a>(start: &'a str, edges: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> Option<Vec<&'a str>> {
    let mut came_from = BTreeMap::new();
    let mut next = vec![start];
    while let Some(file) = next.pop() {
        for &imported in edges.get(file).into_iter().flatten() {
            if imported == start {
                let mut way = vec![start, file];
                while let Some(&before) = came_from.get(way[way.len() - 1]) {
                    way.push(before);
                }
                way.reverse();
                return Some(way);
            }
            if !came_from.contains_key(imported) {
                came_from.insert(imported, file);
                next.push(imported);
            }
        }
    }
    None
}

#[test]
fn no_file_is_imported_by_what_it_imports() {
    let sources = Sources::read();
    let edges = sources.edges();
    let count: usize = edges.values().map(BTreeSet::len).sum();
    assert!(count > 300, "{count} imports were found, which is too few");
    let ways = edges.keys().filter_map(|file| cycle(file, &edges));
    let ways: Vec<_> = ways.map(|way| way.join(" → ")).collect();
    assert!(ways.is_empty(), "cycles:\n{}", ways.join("\n"));
}

#[test]
fn a_cycle_is_found() {
    let edges = BTreeMap::from([
        ("a", BTreeSet::from(["b"])),
        ("b", BTreeSet::from(["c", "d"])),
        ("c", BTreeSet::new()),
        ("d", BTreeSet::from(["a"])),
    ]);
    assert_eq!(cycle("a", &edges), Some(vec!["a", "b", "d", "a"]));
    assert_eq!(cycle("c", &edges), None);
}
