//! The public API as it is recorded in `tests/public_api`, one file for each room.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use syn::visit::{self, Visit};
use syn::{Attribute, Fields, ImplItem, Item, TraitItem};

use crate::marks::{
    both, conditions_around, derives_of, generics_of, head_of, is_documented, is_left_out, is_public, marks_of,
    mentions, tokens_of, undocumented, without,
};
use crate::tree::{Crate, Place, join, needs_test};

/// Whoever uses serde may rely on its traits; `thiserror::Error` derives one of the standard library.
const FREE_TRAITS: &[&str] =
    &["serde::Serialize", "serde::Deserialize", "serde::de::DeserializeOwned", "thiserror::Error"];

/// What a program that depends on the crate can name.
#[derive(Default)]
pub struct Listing {
    /// By public path; each with its members.
    entries: BTreeMap<String, Entry>,
    /// Public items without a word of documentation.
    pub undocumented: Vec<String>,
    /// Public items by whose signature another crate is known: the item and the path there.
    pub leaks: BTreeSet<(String, String)>,
}

#[derive(Default)]
struct Entry {
    head: Vec<String>,
    members: BTreeSet<String>,
}

/// An item that is public, under the first of its public paths.
struct Known {
    path: String,
    condition: String,
}

impl Listing {
    pub fn of(krate: &Crate) -> Self {
        let mut walk = Walk { krate, listing: Listing::default(), known: BTreeMap::new(), around: String::new() };
        let mut modules = VecDeque::from([(String::new(), String::new(), String::new())]);
        let mut conditions = BTreeMap::<String, String>::new();
        let mut seen = BTreeSet::new();
        while let Some((module, public, condition)) = modules.pop_front() {
            if seen.insert((module.clone(), public.clone())) {
                let documented = seen.iter().filter(|(name, _)| *name == module).count() > 1
                    || is_documented(&krate.modules[&module].attributes);
                if !documented && !module.is_empty() {
                    walk.listing.undocumented.push(format!("mod {public}"));
                }
                if !public.is_empty() {
                    let outer = public.rsplit_once("::").and_then(|(outer, _)| conditions.get(outer));
                    let shown = without(&condition, outer.map_or("", String::as_str));
                    walk.head(&public, format!("mod {public}{shown}"));
                    conditions.insert(public.clone(), condition.clone());
                }
                walk.around.clone_from(&condition);
                walk.exports(&module, &public, &condition, &mut modules, 0);
            }
        }
        walk.impls();
        walk.listing
    }

    /// Lines by room.
    pub fn rooms(&self) -> BTreeMap<String, String> {
        let mut rooms = BTreeMap::<String, String>::new();
        for (path, entry) in &self.entries {
            let is_module = entry.head.iter().any(|line| line.starts_with("mod "));
            let room = path.split_once("::").map_or(if is_module { path } else { "crate" }, |(room, _)| room);
            let text = rooms.entry(room.to_owned()).or_default();
            for line in entry.head.iter().cloned().chain(entry.members.iter().map(|member| format!("    {member}"))) {
                text.push_str(&line);
                text.push('\n');
            }
        }
        rooms
    }
}

/// What was added and removed, each line with the item that it belongs to.
pub fn difference(old: &str, new: &str) -> Vec<String> {
    fn lines(text: &str) -> Vec<String> {
        let mut head = "";
        let mut lines = Vec::new();
        for line in text.lines() {
            match line.strip_prefix("    ") {
                Some(member) => lines.push(format!("{head}: {member}")),
                None => {
                    head = line.split(['<', '(', ' ']).find(|word| word.contains("::")).unwrap_or(line);
                    lines.push(line.to_owned());
                }
            }
        }
        lines
    }
    let (old, new) = (lines(old), lines(new));
    let (had, has): (BTreeSet<_>, BTreeSet<_>) = (old.iter().collect(), new.iter().collect());
    let removed = old.iter().filter(|line| !has.contains(line)).map(|line| format!("- {line}"));
    let added = new.iter().filter(|line| !had.contains(line)).map(|line| format!("+ {line}"));
    removed.chain(added).collect()
}

struct Walk<'a> {
    krate: &'a Crate,
    listing: Listing,
    /// By the path at which an item is defined.
    known: BTreeMap<String, Known>,
    /// Conditions of the public module, which its items do not repeat.
    around: String,
}

type Queue = VecDeque<(String, String, String)>;

impl Walk<'_> {
    /// What this module shows, listed under the path `public`.
    fn exports(&mut self, module: &str, public: &str, condition: &str, queue: &mut Queue, depth: usize) {
        let krate = self.krate;
        let here = &krate.modules[module];
        if here.is_test || depth > 8 {
            return;
        }
        for item in &here.items {
            let (attributes, is_public, name) = match item {
                Item::Mod(item) => (&item.attrs, is_public(&item.vis), item.ident.to_string()),
                Item::Macro(item) if item.ident.is_none() => {
                    self.macro_call(item, public, condition);
                    continue;
                }
                item => match head_of(item) {
                    Some(head) => head,
                    None => continue,
                },
            };
            if !is_public || is_left_out(attributes) {
                continue;
            }
            let condition = both(condition, attributes);
            let path = join(public, &name);
            match item {
                Item::Mod(_) => queue.push_back((join(module, &name), path, condition)),
                item => self.item(item, module, &name, path, &condition),
            }
        }
        for import in here.imports.iter().filter(|import| import.is_public && !is_left_out(&import.attributes)) {
            let condition = both(condition, &import.attributes);
            let target = krate.resolve(module, &import.path);
            match (&import.name, target) {
                (None, Place::Inside(target)) if krate.modules.contains_key(&target) => {
                    self.exports(&target, public, &condition, queue, depth + 1);
                }
                (Some(name), Place::Inside(target)) if krate.modules.contains_key(&target) => {
                    queue.push_back((target, join(public, name), condition));
                }
                (Some(name), Place::Inside(target)) => self.export(&target, join(public, name), &condition),
                (name, Place::Outside(target)) => {
                    let path = join(public, name.as_deref().unwrap_or("*"));
                    self.leak(&path, &target);
                    self.head(&path, format!("use {path} = {target}{}", without(&condition, &self.around)));
                }
                (name, Place::Unknown) => {
                    let path = join(public, name.as_deref().unwrap_or("*"));
                    self.head(&path, format!("use {path}, which a macro makes{}", without(&condition, &self.around)));
                }
                (None, Place::Inside(target)) => self.export(&target, join(public, "*"), &condition),
            }
        }
    }

    /// An item that is defined elsewhere.
    fn export(&mut self, target: &str, path: String, condition: &str) {
        let (module, name) = target.rsplit_once("::").unwrap_or(("", target));
        let module_has = self.krate.modules.get(module);
        let named = |item: &&Item| head_of(item).is_some_and(|(attributes, _, n)| n == name && !needs_test(attributes));
        match module_has.and_then(|module| module.items.iter().find(named)) {
            Some(item) => self.item(item, module, name, path, condition),
            None => {
                let shown = without(condition, &self.around);
                let macros = module_has.iter().flat_map(|module| &module.items);
                let maker = macros.filter_map(|item| match item {
                    Item::Macro(item) if item.ident.is_none() && mentions(&item.mac.tokens, name) => Some(&item.mac),
                    _ => None,
                });
                let Some(maker) = maker.into_iter().next() else {
                    return self.head(&path, format!("use {path} = {target}{shown}"));
                };
                self.head(&path, format!("use {path}, which a macro makes{shown}"));
                self.member(&path, format!("{}! {}", tokens_of(&maker.path), undocumented(&maker.tokens)));
            }
        }
    }

    fn item(&mut self, item: &Item, module: &str, name: &str, path: String, condition: &str) {
        let home = join(module, name);
        let (whole, condition) = (condition.to_owned(), without(condition, &self.around));
        if let Some(known) = self.known.get(&home) {
            if known.path != path {
                let of = known.path.clone();
                self.head(&path, format!("use {path} = {of}{condition}"));
            }
            return;
        }
        let (attributes, ..) = head_of(item).expect("an item with a name");
        if !is_documented(attributes) {
            self.listing.undocumented.push(path.clone());
        }
        self.known.insert(home, Known { path: path.clone(), condition: whole });
        let marks = marks_of(attributes);
        self.types(module, &path, |found| visit_attributes(found, attributes));
        match item {
            Item::Struct(item) => {
                let generics = generics_of(&item.generics);
                let fields = match &item.fields {
                    Fields::Named(_) => String::new(),
                    Fields::Unnamed(fields) => {
                        let of = |field: &syn::Field| match is_public(&field.vis) {
                            true => tokens_of(&field.ty),
                            false => "_".into(),
                        };
                        format!("({})", fields.unnamed.iter().map(of).collect::<Vec<_>>().join(", "))
                    }
                    Fields::Unit => ";".into(),
                };
                self.head(&path, format!("struct {path}{generics}{fields}{marks}{condition}"));
                self.types(module, &path, |found| found.visit_generics(&item.generics));
                self.fields(module, &path, &item.fields);
            }
            Item::Enum(item) => {
                self.head(&path, format!("enum {path}{}{marks}{condition}", generics_of(&item.generics)));
                for variant in item.variants.iter().filter(|variant| !is_left_out(&variant.attrs)) {
                    if !is_documented(&variant.attrs) {
                        self.listing.undocumented.push(format!("{path}::{}", variant.ident));
                    }
                    let of = |field: &syn::Field| match &field.ident {
                        Some(name) => format!("{name}: {}", tokens_of(&field.ty)),
                        None => tokens_of(&field.ty),
                    };
                    let fields = variant.fields.iter().map(of).collect::<Vec<_>>().join(", ");
                    let fields = match &variant.fields {
                        Fields::Named(_) => format!(" {{ {fields} }}"),
                        Fields::Unnamed(_) => format!("({fields})"),
                        Fields::Unit => String::new(),
                    };
                    let marks = marks_of(&variant.attrs);
                    self.member(&path, format!("{}{fields}{marks}{}", variant.ident, both("", &variant.attrs)));
                    self.types(module, &path, |found| {
                        variant.fields.iter().for_each(|field| found.visit_type(&field.ty))
                    });
                }
            }
            Item::Trait(item) => {
                let bounds = &item.supertraits;
                let bounds = if bounds.is_empty() { String::new() } else { format!(": {}", tokens_of(bounds)) };
                let generics = generics_of(&item.generics);
                self.head(&path, format!("trait {path}{generics}{bounds}{marks}{condition}"));
                self.types(module, &path, |found| {
                    item.supertraits.iter().for_each(|bound| found.visit_type_param_bound(bound));
                    found.visit_generics(&item.generics);
                });
                item.items.iter().for_each(|inner| self.trait_item(module, &path, inner));
            }
            Item::Fn(item) => {
                let signature = tokens_of(&item.sig).replacen(&format!("fn {name}"), &format!("fn {path}"), 1);
                self.head(&path, format!("{signature}{condition}"));
                self.types(module, &path, |found| found.visit_signature(&item.sig));
            }
            Item::Const(item) => {
                self.head(&path, format!("const {path}: {}{condition}", tokens_of(&item.ty)));
                self.types(module, &path, |found| found.visit_type(&item.ty));
            }
            Item::Static(item) => {
                self.head(&path, format!("static {path}: {}{condition}", tokens_of(&item.ty)));
                self.types(module, &path, |found| found.visit_type(&item.ty));
            }
            Item::Type(item) => {
                let generics = generics_of(&item.generics);
                self.head(&path, format!("type {path}{generics} = {}{condition}", tokens_of(&item.ty)));
                self.types(module, &path, |found| found.visit_type(&item.ty));
            }
            item => self.head(&path, format!("{}{condition}", tokens_of(item))),
        }
    }

    /// Items that a macro makes are recorded as what it is given.
    fn macro_call(&mut self, item: &syn::ItemMacro, public: &str, condition: &str) {
        let name = tokens_of(&item.mac.path);
        let (path, condition) = (join(public, &format!("{name}!")), without(condition, &self.around));
        self.head(&path, format!("macro {path} makes"));
        self.member(&path, format!("{}{condition}", undocumented(&item.mac.tokens)));
    }

    fn fields(&mut self, module: &str, path: &str, fields: &Fields) {
        let mut hidden = false;
        for field in fields {
            if !is_public(&field.vis) || is_left_out(&field.attrs) {
                hidden = true;
                continue;
            }
            self.types(module, path, |found| found.visit_type(&field.ty));
            let Some(name) = &field.ident else { continue };
            if !is_documented(&field.attrs) {
                self.listing.undocumented.push(format!("{path}::{name}"));
            }
            self.member(path, format!("{name}: {}{}", tokens_of(&field.ty), both("", &field.attrs)));
        }
        if hidden && matches!(fields, Fields::Named(_)) {
            self.member(path, ".. (private fields)".into());
        }
    }

    fn trait_item(&mut self, module: &str, path: &str, item: &TraitItem) {
        let (attributes, name, text) = match item {
            TraitItem::Fn(item) => {
                let given = if item.default.is_some() { " { .. }" } else { "" };
                (&item.attrs, &item.sig.ident, format!("{}{given}", tokens_of(&item.sig)))
            }
            TraitItem::Const(item) => {
                (&item.attrs, &item.ident, format!("const {}: {}", item.ident, tokens_of(&item.ty)))
            }
            TraitItem::Type(item) => {
                let bounds =
                    if item.bounds.is_empty() { String::new() } else { format!(": {}", tokens_of(&item.bounds)) };
                (&item.attrs, &item.ident, format!("type {}{bounds}", item.ident))
            }
            _ => return,
        };
        if is_left_out(attributes) {
            return;
        }
        if !is_documented(attributes) {
            self.listing.undocumented.push(format!("{path}::{name}"));
        }
        self.types(module, path, |found| match item {
            TraitItem::Fn(item) => found.visit_signature(&item.sig),
            item => found.visit_trait_item(item),
        });
        self.member(path, format!("{text}{}", both("", attributes)));
    }

    /// Methods and traits of what is public, wherever they are written.
    fn impls(&mut self) {
        let krate = self.krate;
        for (module, here) in krate.modules.iter().filter(|(_, here)| !here.is_test) {
            let around = conditions_around(krate, module);
            for item in &here.items {
                let Item::Impl(item) = item else { continue };
                if !is_left_out(&item.attrs) {
                    self.implementation(module, item, &around);
                }
            }
        }
    }

    fn implementation(&mut self, module: &str, item: &syn::ItemImpl, around: &str) {
        let of_type = match &*item.self_ty {
            syn::Type::Path(path) => self.public_path(module, &path.path),
            _ => None,
        };
        let condition = both(around, &item.attrs);
        let Some((_, implemented, _)) = &item.trait_ else {
            let Some((path, known)) = of_type else { return };
            let condition = without(&condition, &known);
            let generics = match item.generics.params.is_empty() {
                true => String::new(),
                false => format!("{} {}: ", generics_of(&item.generics), tokens_of(&item.self_ty)),
            };
            for inner in &item.items {
                let (attributes, visibility, name, text) = match inner {
                    ImplItem::Fn(item) => (&item.attrs, &item.vis, &item.sig.ident, tokens_of(&item.sig)),
                    ImplItem::Const(item) => {
                        let text = format!("const {}: {}", item.ident, tokens_of(&item.ty));
                        (&item.attrs, &item.vis, &item.ident, text)
                    }
                    _ => continue,
                };
                if !is_public(visibility) || is_left_out(attributes) {
                    continue;
                }
                if !is_documented(attributes) {
                    self.listing.undocumented.push(format!("{path}::{name}"));
                }
                let member = format!("{path}::{name}");
                self.types(module, &member, |found| match inner {
                    ImplItem::Fn(item) => found.visit_signature(&item.sig),
                    ImplItem::Const(item) => found.visit_type(&item.ty),
                    _ => {}
                });
                self.member(&path, format!("{generics}{text}{}", both(&condition, attributes)));
            }
            return;
        };
        let of_trait = self.public_path(module, implemented);
        let is_foreign = !matches!(self.place(module, implemented), Place::Inside(_));
        let Some((path, known)) = (if is_foreign || of_trait.is_some() { of_type.or(of_trait) } else { None }) else {
            return;
        };
        let condition = without(&condition, &known);
        let head =
            format!("impl{} {} for {}", generics_of(&item.generics), tokens_of(implemented), tokens_of(&item.self_ty));
        self.types(module, &path, |found| {
            found.visit_path(implemented);
            found.visit_type(&item.self_ty);
        });
        self.member(&path, format!("{head}{condition}"));
        for inner in &item.items {
            if let ImplItem::Type(inner) = inner {
                self.types(module, &path, |found| found.visit_type(&inner.ty));
                self.member(&path, format!("{head}: type {} = {}{condition}", inner.ident, tokens_of(&inner.ty)));
            }
        }
    }

    fn place(&self, module: &str, path: &syn::Path) -> Place {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        match path.leading_colon {
            Some(_) => Place::Outside(segments.join("::")),
            None => self.krate.resolve(module, &segments),
        }
    }

    /// The public path of what is meant, and under which condition it is there.
    fn public_path(&self, module: &str, path: &syn::Path) -> Option<(String, String)> {
        let Place::Inside(home) = self.place(module, path) else { return None };
        self.known.get(&home).map(|known| (known.path.clone(), known.condition.clone()))
    }

    /// Looks for other crates among the types of a signature.
    fn types(&mut self, module: &str, item: &str, visit: impl FnOnce(&mut Types)) {
        let mut types = Types { found: Vec::new() };
        visit(&mut types);
        for path in types.found {
            if let Place::Outside(target) = self.place(module, &path) {
                self.leak(item, &target);
            }
        }
    }

    fn leak(&mut self, item: &str, target: &str) {
        let is_free = ["std::", "core::", "alloc::"].iter().any(|home| target.starts_with(home));
        if !is_free && !FREE_TRAITS.contains(&target) {
            self.listing.leaks.insert((item.to_owned(), target.to_owned()));
        }
    }

    fn head(&mut self, path: &str, line: String) {
        let head = &mut self.listing.entries.entry(path.to_owned()).or_default().head;
        if !head.contains(&line) {
            head.push(line);
        }
    }

    fn member(&mut self, path: &str, line: String) {
        self.listing.entries.entry(path.to_owned()).or_default().members.insert(line);
    }
}

/// The paths in a type, a signature or an attribute.
struct Types {
    found: Vec<syn::Path>,
}

impl<'a> Visit<'a> for Types {
    fn visit_path(&mut self, path: &'a syn::Path) {
        self.found.push(path.clone());
        visit::visit_path(self, path);
    }

    fn visit_attribute(&mut self, _: &'a Attribute) {}
}

/// The derived traits.
fn visit_attributes(types: &mut Types, attributes: &[Attribute]) {
    types.found.extend(attributes.iter().flat_map(derives_of));
}
