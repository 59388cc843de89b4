//! What attributes say of an item: conditions, documentation, what is derived; and code as one line of text.

use proc_macro2::{Group, TokenStream, TokenTree};
use syn::{Attribute, Item, Meta, Visibility};

use crate::signature::written;
use crate::tree::{Crate, join, needs_test};

pub fn derives_of(attribute: &Attribute) -> Vec<syn::Path> {
    let parser = syn::punctuated::Punctuated::<syn::Path, syn::Token![,]>::parse_terminated;
    match attribute.path().is_ident("derive") {
        true => attribute.parse_args_with(parser).map(|all| all.into_iter().collect()).unwrap_or_default(),
        false => Vec::new(),
    }
}

/// Attributes that are a part of the API.
pub fn marks_of(attributes: &[Attribute]) -> String {
    let mut derives: Vec<_> = attributes.iter().flat_map(derives_of).map(|path| tokens_of(&path)).collect();
    derives.sort();
    let derives = if derives.is_empty() { String::new() } else { format!(" #[derive({})]", derives.join(", ")) };
    let is_open = attributes.iter().any(|attribute| attribute.path().is_ident("non_exhaustive"));
    format!("{}{derives}", if is_open { " #[non_exhaustive]" } else { "" })
}

/// The conditions under which something is compiled, each in brackets, with those that are known already.
pub fn both(before: &str, attributes: &[Attribute]) -> String {
    let mut conditions = before.to_owned();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")) {
        if let Meta::List(list) = &attribute.meta {
            let condition = format!(" [{}]", written(list.tokens.clone()));
            if !conditions.contains(&condition) {
                conditions.push_str(&condition);
            }
        }
    }
    conditions
}

/// Those that do not hold for the type anyway.
pub fn without(conditions: &str, known: &str) -> String {
    let mut left = String::new();
    for condition in conditions.split_inclusive(']').filter(|condition| !known.contains(condition.trim())) {
        left.push_str(condition);
    }
    left
}

pub fn conditions_around(krate: &Crate, module: &str) -> String {
    let mut conditions = String::new();
    let mut path = String::new();
    for segment in module.split("::").filter(|segment| !segment.is_empty()) {
        path = join(&path, segment);
        conditions = both(&conditions, &krate.modules[&path].attributes);
    }
    conditions
}

pub fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// Whether it is in tests alone, or hidden from the documentation.
pub fn is_left_out(attributes: &[Attribute]) -> bool {
    let is_hidden = |attribute: &Attribute| match &attribute.meta {
        Meta::List(list) => list.path.is_ident("doc") && written(list.tokens.clone()) == "hidden",
        _ => false,
    };
    let is_for_docs = |attribute: &Attribute| match &attribute.meta {
        Meta::List(list) => list.path.is_ident("cfg") && written(list.tokens.clone()) == "doctest",
        _ => false,
    };
    needs_test(attributes) || attributes.iter().any(|attribute| is_hidden(attribute) || is_for_docs(attribute))
}

pub fn is_documented(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident("doc"))
}

pub fn head_of(item: &Item) -> Option<(&Vec<Attribute>, bool, String)> {
    let (attributes, visibility, name) = match item {
        Item::Const(item) => (&item.attrs, &item.vis, &item.ident),
        Item::Enum(item) => (&item.attrs, &item.vis, &item.ident),
        Item::Fn(item) => (&item.attrs, &item.vis, &item.sig.ident),
        Item::Static(item) => (&item.attrs, &item.vis, &item.ident),
        Item::Struct(item) => (&item.attrs, &item.vis, &item.ident),
        Item::Trait(item) => (&item.attrs, &item.vis, &item.ident),
        Item::Type(item) => (&item.attrs, &item.vis, &item.ident),
        Item::Union(item) => (&item.attrs, &item.vis, &item.ident),
        _ => return None,
    };
    Some((attributes, is_public(visibility), name.to_string()))
}

pub fn generics_of(generics: &syn::Generics) -> String {
    let bounds = generics.where_clause.as_ref().map(|clause| format!(" {}", tokens_of(clause))).unwrap_or_default();
    format!("{}{bounds}", tokens_of(generics))
}

/// Whether a function changes its own copy of an argument is nobody's business.
pub fn tokens_of(node: &impl quote::ToTokens) -> String {
    written(node.to_token_stream()).replace("(mut ", "(").replace(", mut ", ", ")
}

/// Whether a name is among the tokens.
pub fn mentions(tokens: &TokenStream, name: &str) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Group(group) => mentions(&group.stream(), name),
        TokenTree::Ident(ident) => ident == name,
        _ => false,
    })
}

/// Tokens without `#[doc = ".."]`.
pub fn undocumented(tokens: &TokenStream) -> String {
    let mut kept = Vec::new();
    without_docs(tokens.clone(), &mut kept);
    written(kept.into_iter().collect())
}

fn without_docs(tokens: TokenStream, kept: &mut Vec<TokenTree>) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '#' => match tokens.peek() {
                Some(TokenTree::Group(group)) if group.stream().to_string().starts_with("doc") => {
                    tokens.next();
                }
                _ => kept.push(TokenTree::Punct(punct)),
            },
            TokenTree::Group(group) => {
                let mut inner = Vec::new();
                without_docs(group.stream(), &mut inner);
                kept.push(TokenTree::Group(Group::new(group.delimiter(), inner.into_iter().collect())));
            }
            token => kept.push(token),
        }
    }
}
