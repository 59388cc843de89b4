//! The crate as its sources have it: modules, what each of them defines, imports and exports.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use syn::{Attribute, Item, Meta, UseTree, Visibility};

/// The texts of source files by their path within `src`, such as `energy/mod.rs`.
pub type Files = BTreeMap<String, String>;

pub fn files_of(folder: &Path) -> Files {
    fn read(folder: &Path, within: &str, files: &mut Files) {
        for entry in std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            let path = entry.unwrap().path();
            let name = format!("{within}{}", path.file_name().unwrap().to_string_lossy());
            if path.is_dir() {
                read(&path, &format!("{name}/"), files);
            } else if name.ends_with(".rs") {
                files.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut files = Files::new();
    read(folder, "", &mut files);
    files
}

/// A module in a file of its own or within another's.
pub struct Module {
    pub file: String,
    pub items: Vec<Item>,
    /// Of its declaration and of the head of its file.
    pub attributes: Vec<Attribute>,
    /// Whether tests alone have it.
    pub is_test: bool,
    /// What is declared here and is no module.
    pub defined: BTreeSet<String>,
    pub imports: Vec<Import>,
}

/// One leaf of a `use`.
pub struct Import {
    pub path: Vec<String>,
    /// Under which name it is known here; none for `*`.
    pub name: Option<String>,
    pub is_public: bool,
    pub attributes: Vec<Attribute>,
}

/// All modules by their paths, such as `energy::units`; that of the root is empty.
pub struct Crate {
    pub modules: BTreeMap<String, Module>,
    /// Crates that sources may name: those of the language and the dependencies.
    pub foreign: BTreeSet<String>,
    /// Files that no module declares.
    pub strays: Vec<String>,
}

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The path within this crate at which it is defined.
    Inside(String),
    Outside(String),
    /// A local name, a parameter of a type, or what a macro has made.
    Unknown,
}

impl Crate {
    /// Follows `mod` from `lib.rs`, and from the files of binaries, whose modules count as the root's.
    pub fn read(files: &Files, foreign: &[&str]) -> Self {
        let foreign = foreign.iter().chain(&["std", "core", "alloc"]).map(|&name| name.to_owned()).collect();
        let mut this = Crate { modules: BTreeMap::new(), foreign, strays: Vec::new() };
        let mut seen = BTreeSet::new();
        let text = files.get("lib.rs").expect("a crate has a lib.rs");
        let root = Found { path: String::new(), file: "lib.rs".into(), is_test: false };
        this.add_file(files, text, root, Vec::new(), &mut seen);
        this.strays = files.keys().filter(|file| !seen.contains(*file) && file.contains('/')).cloned().collect();
        this
    }

    fn add_file(
        &mut self,
        files: &Files,
        text: &str,
        found: Found,
        mut attributes: Vec<Attribute>,
        seen: &mut BTreeSet<String>,
    ) {
        seen.insert(found.file.clone());
        let file = syn::parse_file(text).unwrap_or_else(|e| panic!("{}: {e}", found.file));
        attributes.extend(file.attrs);
        let (folder, stem) = found.file.rsplit_once('/').unwrap_or(("", &found.file));
        let folder = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let inner = match stem {
            "mod.rs" | "lib.rs" => folder.clone(),
            _ => format!("{folder}{}/", stem.trim_end_matches(".rs")),
        };
        self.add(files, found, attributes, file.items, [folder, inner], seen);
    }

    /// `folder` is where a `#[path]` begins, `inner` where files of children lie.
    fn add(
        &mut self,
        files: &Files,
        found: Found,
        attributes: Vec<Attribute>,
        items: Vec<Item>,
        [folder, inner]: [String; 2],
        seen: &mut BTreeSet<String>,
    ) {
        let is_test = found.is_test || needs_test(&attributes);
        let mut defined = BTreeSet::new();
        let mut imports = Vec::new();
        for item in &items {
            if let Item::Use(item) = item {
                let is_public = matches!(item.vis, Visibility::Public(_));
                for (path, name) in leaves(&item.tree) {
                    imports.push(Import { path, name, is_public, attributes: item.attrs.clone() });
                }
            }
            defined.extend(names_of(item));
            let Item::Mod(module) = item else { continue };
            let name = module.ident.to_string();
            let child = Found { path: join(&found.path, &name), file: found.file.clone(), is_test };
            if let Some((_, items)) = &module.content {
                let inner = format!("{inner}{name}/");
                self.add(files, child, module.attrs.clone(), items.clone(), [inner.clone(), inner], seen);
                continue;
            }
            let given = module.attrs.iter().find_map(|attribute| text_of(attribute, "path"));
            let candidates = match given {
                Some(path) => vec![format!("{folder}{path}")],
                None => vec![format!("{inner}{name}.rs"), format!("{inner}{name}/mod.rs")],
            };
            let file = candidates.iter().find(|file| files.contains_key(*file));
            let file = file.unwrap_or_else(|| panic!("{}: no file for mod {name}", found.file)).clone();
            self.add_file(files, &files[&file], Found { file, ..child }, module.attrs.clone(), seen);
        }
        let Found { path, file, .. } = found;
        self.modules.insert(path, Module { file, items, attributes, is_test, defined, imports });
    }

    /// The path from the root as it is written in this module, with nothing but `crate`, `self`, `super` and imports put in.
    pub fn absolute(&self, module: &str, path: &[String]) -> Option<String> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => Some(rest.join("::")),
            "self" => Some(join(module, &rest.join("::"))),
            "super" => {
                let parent = module.rsplit_once("::").map_or("", |(parent, _)| parent);
                match rest.first().is_some_and(|next| next == "super") {
                    true => self.absolute(parent, rest),
                    false => Some(join(parent, &rest.join("::"))),
                }
            }
            name if self.modules.contains_key(&join(module, name)) => Some(join(module, &path.join("::"))),
            name => {
                let import = self.modules.get(module)?.imports.iter().find(|i| i.name.as_deref() == Some(name))?;
                // What is imported under its own name from another crate leads outside.
                (import.path.first().is_some_and(|head| head != name)).then_some(())?;
                self.absolute(module, &[import.path.as_slice(), rest].concat())
            }
        }
    }

    /// Where a path that is written in this module leads, through all exports.
    pub fn resolve(&self, module: &str, path: &[String]) -> Place {
        self.follow(module, path, 0)
    }

    fn follow(&self, module: &str, path: &[String], depth: usize) -> Place {
        let Some((first, rest)) = path.split_first() else { return Place::Inside(module.to_owned()) };
        if depth > 32 {
            return Place::Unknown;
        }
        match first.as_str() {
            "crate" => return self.follow("", rest, depth + 1),
            "self" => return self.follow(module, rest, depth + 1),
            "super" => {
                let parent = module.rsplit_once("::").map_or("", |(parent, _)| parent);
                return self.follow(parent, rest, depth + 1);
            }
            _ => {}
        }
        match self.step(module, first, depth) {
            Some(Step::Module(child)) => match rest.is_empty() {
                true => Place::Inside(child),
                false => match self.follow(&child, rest, depth + 1) {
                    // Whatever it is, it is in there.
                    Place::Unknown => Place::Inside(join(&child, &rest.join("::"))),
                    place => place,
                },
            },
            Some(Step::Item) => Place::Inside(join(module, &path.join("::"))),
            Some(Step::Import(home, target)) => self.follow(&home, &[target.as_slice(), rest].concat(), depth + 1),
            None if self.foreign.contains(first) => Place::Outside(path.join("::")),
            None => Place::Unknown,
        }
    }

    fn step(&self, module: &str, name: &str, depth: usize) -> Option<Step> {
        let here = self.modules.get(module)?;
        let child = join(module, name);
        if self.modules.contains_key(&child) {
            return Some(Step::Module(child));
        }
        if here.defined.contains(name) {
            return Some(Step::Item);
        }
        // `use csv;` is that crate, not itself.
        let named = here.imports.iter().find(|i| i.name.as_deref() == Some(name) && i.path != [name]);
        if let Some(import) = named {
            return Some(match import.path[0] == name && self.foreign.contains(name) {
                true => return None,
                false => Step::Import(module.to_owned(), import.path.clone()),
            });
        }
        if depth > 32 {
            return None;
        }
        here.imports.iter().filter(|import| import.name.is_none()).find_map(|glob| {
            match self.follow(module, &glob.path, depth + 8) {
                Place::Inside(target) if target != module => match self.step(&target, name, depth + 8)? {
                    Step::Item => {
                        let mut path: Vec<String> = vec!["crate".into()];
                        path.extend(target.split("::").filter(|s| !s.is_empty()).map(str::to_owned));
                        path.push(name.to_owned());
                        Some(Step::Import(module.to_owned(), path))
                    }
                    step => Some(step),
                },
                _ => None,
            }
        })
    }
}

enum Step {
    Module(String),
    Item,
    /// The module in which the path is written, and the path.
    Import(String, Vec<String>),
}

struct Found {
    path: String,
    file: String,
    is_test: bool,
}

pub fn join(module: &str, rest: &str) -> String {
    match (module.is_empty(), rest.is_empty()) {
        (true, _) => rest.to_owned(),
        (_, true) => module.to_owned(),
        _ => format!("{module}::{rest}"),
    }
}

/// Whether something stands only where tests are compiled.
pub fn needs_test(attributes: &[Attribute]) -> bool {
    fn needs(meta: &Meta) -> bool {
        let inner = |list: &syn::MetaList| {
            let parser = syn::punctuated::Punctuated::<Meta, syn::Token![,]>::parse_terminated;
            list.parse_args_with(parser).map(|all| all.into_iter().collect::<Vec<_>>()).unwrap_or_default()
        };
        match meta {
            Meta::Path(path) => path.is_ident("test"),
            Meta::List(list) if list.path.is_ident("all") => inner(list).iter().any(needs),
            Meta::List(list) if list.path.is_ident("any") => inner(list).iter().all(needs),
            _ => false,
        }
    }
    attributes.iter().any(|attribute| {
        let is_cfg = attribute.path().is_ident("cfg");
        attribute.path().is_ident("test") || is_cfg && attribute.parse_args::<Meta>().is_ok_and(|meta| needs(&meta))
    })
}

/// The text of `#[key = "text"]`.
fn text_of(attribute: &Attribute, key: &str) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else { return None };
    let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = &pair.value else { return None };
    pair.path.is_ident(key).then(|| text.value())
}

/// The leaves of a tree of imports: paths, and the names that they get (none for `*`).
pub fn leaves(tree: &UseTree) -> Vec<(Vec<String>, Option<String>)> {
    fn walk(tree: &UseTree, path: &[String], found: &mut Vec<(Vec<String>, Option<String>)>) {
        let with = |name: &syn::Ident| [path, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(inner) => walk(&inner.tree, &with(&inner.ident), found),
            UseTree::Group(group) => group.items.iter().for_each(|inner| walk(inner, path, found)),
            UseTree::Glob(_) => found.push((path.to_vec(), None)),
            UseTree::Name(name) if name.ident == "self" => found.push((path.to_vec(), path.last().cloned())),
            UseTree::Name(name) => found.push((with(&name.ident), Some(name.ident.to_string()))),
            UseTree::Rename(name) if name.ident == "self" => {
                found.push((path.to_vec(), Some(name.rename.to_string())));
            }
            UseTree::Rename(name) => found.push((with(&name.ident), Some(name.rename.to_string()))),
        }
    }
    let mut found = Vec::new();
    walk(tree, &[], &mut found);
    found
}

fn names_of(item: &Item) -> Vec<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::TraitAlias(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        Item::Macro(item) => return item.ident.iter().map(ToString::to_string).collect(),
        Item::ForeignMod(block) => {
            let name = |item: &syn::ForeignItem| match item {
                syn::ForeignItem::Fn(item) => Some(item.sig.ident.to_string()),
                syn::ForeignItem::Static(item) => Some(item.ident.to_string()),
                _ => None,
            };
            return block.items.iter().filter_map(name).collect();
        }
        _ => return Vec::new(),
    };
    vec![ident.to_string()]
}
