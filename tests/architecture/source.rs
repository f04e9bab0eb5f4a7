//! The program's source as tokens without comments and without test code.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::path::{Path, PathBuf};

/// One token and the line it stands in.
#[derive(Debug)]
pub struct Token {
    pub line: usize,
    pub kind: Kind,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Kind {
    Word(String),
    /// Punctuation, and the brackets of groups.
    Mark(char),
    /// As written, with its quotes.
    Literal(String),
}

/// One file.
pub struct Source {
    /// From the top of the repository, with `/`.
    pub path: String,
    pub lines: usize,
    pub tokens: Vec<Token>,
}

impl Source {
    /// Reads a file's text; test modules and files are left out of the tokens.
    pub fn parse(path: &str, text: &str) -> Self {
        let stream: TokenStream = text.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut tokens = Vec::new();
        let is_test = path.ends_with("/tests.rs") || path.contains("/tests/");
        if !is_test {
            flatten(stream, &mut tokens);
        }
        Self { path: path.to_owned(), lines: text.lines().count(), tokens }
    }

    /// The first directory or file name below `src`: the room this file belongs to.
    pub fn room(&self) -> &str {
        let below = self.path.strip_prefix("src/").unwrap_or(&self.path);
        below.split('/').next().unwrap_or(below).trim_end_matches(".rs")
    }

    /// Positions at which these tokens follow each other; words and marks are separated by blanks: `thread : : spawn`.
    pub fn find(&self, pattern: &str) -> impl Iterator<Item = usize> {
        let pattern: Vec<&str> = pattern.split(' ').collect();
        let found: Vec<usize> = (0..self.tokens.len())
            .filter(|&at| {
                self.tokens[at..].len() >= pattern.len()
                    && self.tokens[at..].iter().zip(&pattern).all(|(token, part)| token.is(part))
            })
            .collect();
        found.into_iter()
    }

    /// All words `w` in `start :: w` and `start :: { w, w::x, … }`, with their lines.
    pub fn paths_from(&self, start: &str) -> Vec<(&str, usize)> {
        let mut names = Vec::new();
        for at in self.find(&format!("{start} : :")) {
            // `$crate` and `other::crate` are other things
            if at > 0 && (self.tokens[at - 1].is("$") || self.tokens[at - 1].is(":")) {
                continue;
            }
            let rest = &self.tokens[at + 3..];
            match rest.first() {
                Some(Token { kind: Kind::Word(word), line }) => names.push((word.as_str(), *line)),
                Some(token) if token.is("{") => names.extend(first_words(&rest[1..])),
                _ => {}
            }
        }
        names
    }
}

impl Token {
    pub fn is(&self, text: &str) -> bool {
        match &self.kind {
            Kind::Word(word) => word == text,
            Kind::Mark(mark) => text.len() == mark.len_utf8() && text.starts_with(*mark),
            Kind::Literal(_) => false,
        }
    }

    /// The text of a string literal without its quotes; escapes stay as written.
    pub fn string(&self) -> Option<&str> {
        let Kind::Literal(text) = &self.kind else { return None };
        let start = text.find('"')?;
        let end = text.rfind('"')?;
        text.get(start + 1..end)
    }
}

/// The words that begin the items of a use group whose opening bracket was already taken.
fn first_words(tokens: &[Token]) -> Vec<(&str, usize)> {
    let mut names = Vec::new();
    let (mut depth, mut at_start) = (0, true);
    for token in tokens {
        match &token.kind {
            Kind::Mark('{') => depth += 1,
            Kind::Mark('}') if depth == 0 => break,
            Kind::Mark('}') => depth -= 1,
            Kind::Mark(',') if depth == 0 => at_start = true,
            Kind::Word(word) if at_start => {
                names.push((word.as_str(), token.line));
                at_start = false;
            }
            _ => {}
        }
    }
    names
}

fn flatten(stream: TokenStream, tokens: &mut Vec<Token>) {
    let mut trees = stream.into_iter().peekable();
    while let Some(tree) = trees.next() {
        let line = tree.span().start().line;
        match tree {
            TokenTree::Punct(mark) if mark.as_char() == '#' => {
                let inner = trees.next_if(|next| matches!(next, TokenTree::Punct(mark) if mark.as_char() == '!'));
                let Some(TokenTree::Group(attribute)) = trees.peek() else {
                    tokens.push(Token { line, kind: Kind::Mark('#') });
                    continue;
                };
                let text = attribute.stream().to_string().replace(' ', "");
                if text.starts_with("doc=") {
                    trees.next();
                } else if text == "cfg(test)" && inner.is_none() {
                    // the item it belongs to ends with a block or a semicolon
                    trees.next();
                    trees.by_ref().find(|tree| match tree {
                        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
                        TokenTree::Punct(mark) => mark.as_char() == ';',
                        _ => false,
                    });
                } else {
                    tokens.push(Token { line, kind: Kind::Mark('#') });
                }
            }
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ('(', ')'),
                    Delimiter::Brace => ('{', '}'),
                    Delimiter::Bracket => ('[', ']'),
                    Delimiter::None => (' ', ' '),
                };
                tokens.push(Token { line, kind: Kind::Mark(open) });
                flatten(group.stream(), tokens);
                tokens.push(Token { line: group.span_close().start().line, kind: Kind::Mark(close) });
            }
            TokenTree::Ident(word) => tokens.push(Token { line, kind: Kind::Word(word.to_string()) }),
            TokenTree::Punct(mark) => tokens.push(Token { line, kind: Kind::Mark(mark.as_char()) }),
            TokenTree::Literal(literal) => tokens.push(Token { line, kind: Kind::Literal(literal.to_string()) }),
        }
    }
}

/// The top of the repository.
pub fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of the program.
pub fn program() -> Vec<Source> {
    let mut files = Vec::new();
    collect(&top().join("src"), &mut files);
    files.sort();
    files
        .iter()
        .map(|file| {
            let path = file.strip_prefix(top()).unwrap().to_str().unwrap().replace('\\', "/");
            Source::parse(&path, &std::fs::read_to_string(file).unwrap())
        })
        .collect()
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
