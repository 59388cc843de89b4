//! Which paths the code of a module names: in `use`, types, expressions, macros and attributes; not in comments.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, Meta};

use crate::tree::{Crate, leaves, needs_test};

/// A path as it is written, of two segments at least.
pub struct Use {
    pub path: Vec<String>,
    /// Whether it begins with `::`, and so with a crate.
    pub is_foreign: bool,
    pub is_test: bool,
    pub line: usize,
}

pub fn uses_of(krate: &Crate, module: &str) -> Vec<Use> {
    let module = &krate.modules[module];
    let mut visitor = Visitor { found: Vec::new(), is_test: module.is_test };
    for item in &module.items {
        visitor.visit_item(item);
    }
    visitor.found
}

struct Visitor {
    found: Vec<Use>,
    is_test: bool,
}

impl Visitor {
    fn add(&mut self, path: Vec<String>, is_foreign: bool, span: Span) {
        self.found.push(Use { path, is_foreign, is_test: self.is_test, line: span.start().line });
    }

    /// Paths among the tokens of a macro or an attribute, which may be of any grammar.
    fn tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let is = |at: usize, c: char| matches!(tokens.get(at), Some(TokenTree::Punct(p)) if p.as_char() == c);
        let joint = |at: usize| is(at, ':') && is(at + 1, ':');
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Ident(first) => {
                    let is_foreign = at >= 2 && joint(at - 2) && !(at >= 3 && is(at - 3, '>'));
                    let mut path = vec![first.to_string()];
                    while joint(at + 1) {
                        let Some(TokenTree::Ident(next)) = tokens.get(at + 3) else { break };
                        path.push(next.to_string());
                        at += 3;
                    }
                    if path.len() > 1 {
                        self.add(path, is_foreign, first.span());
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }
}

impl<'a> Visit<'a> for Visitor {
    fn visit_item(&mut self, item: &'a Item) {
        // A module's items are a module of the tree.
        if matches!(item, Item::Mod(_)) {
            return;
        }
        let outside = self.is_test;
        self.is_test |= needs_test(attributes_of(item));
        visit::visit_item(self, item);
        self.is_test = outside;
    }

    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        for (path, name) in leaves(&item.tree) {
            let path = if name.is_none() { [path, vec!["*".into()]].concat() } else { path };
            self.add(path, item.leading_colon.is_some(), item.use_token.span);
        }
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if segments.len() > 1 {
            self.add(segments, path.leading_colon.is_some(), path.segments[0].ident.span());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, mac: &'a syn::Macro) {
        self.visit_path(&mac.path);
        self.tokens(mac.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'a Attribute) {
        match &attribute.meta {
            Meta::List(list) => {
                self.tokens(list.tokens.clone());
                self.texts(list.tokens.clone());
            }
            Meta::NameValue(pair) if !pair.path.is_ident("doc") => visit::visit_expr(self, &pair.value),
            _ => {}
        }
    }

    /// Who may see something is no use of it.
    fn visit_visibility(&mut self, _: &'a syn::Visibility) {}
}

impl Visitor {
    /// Attributes name paths in texts, too, as serde's `with = "crate::x"` does.
    fn texts(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.texts(group.stream()),
                TokenTree::Literal(literal) => {
                    let text = literal.to_string();
                    let text = text.trim_matches('"');
                    if text.starts_with("crate::") || text.starts_with("super::") || text.starts_with("self::") {
                        self.add(text.split("::").map(str::to_owned).collect(), false, literal.span());
                    }
                }
                _ => {}
            }
        }
    }
}

fn attributes_of(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
