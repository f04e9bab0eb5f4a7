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

    /// Positions of all words `w` in `start :: w` and `start :: { w, w::x, … }`.
    pub fn paths_from(&self, start: &str) -> Vec<usize> {
        let mut found = Vec::new();
        for at in self.find(&format!("{start} : :")) {
            // `$crate` and `other::crate` are other things
            if at > 0 && (self.tokens[at - 1].is("$") || self.tokens[at - 1].is(":")) {
                continue;
            }
            match self.tokens.get(at + 3) {
                Some(Token { kind: Kind::Word(_), .. }) => found.push(at + 3),
                Some(token) if token.is("{") => found.extend(self.first_words(at + 4)),
                _ => {}
            }
        }
        found
    }

    /// The words that begin the items of a use group; `at` is behind its opening bracket.
    fn first_words(&self, at: usize) -> Vec<usize> {
        let mut found = Vec::new();
        let (mut depth, mut at_start) = (0, true);
        for (at, token) in self.tokens.iter().enumerate().skip(at) {
            match &token.kind {
                Kind::Mark('{') => depth += 1,
                Kind::Mark('}') if depth == 0 => break,
                Kind::Mark('}') => depth -= 1,
                Kind::Mark(',') if depth == 0 => at_start = true,
                Kind::Word(_) if at_start => {
                    found.push(at);
                    at_start = false;
                }
                _ => {}
            }
        }
        found
    }

    /// The path that begins at this token: `apdu::Meaning`.
    pub fn path_at(&self, at: usize) -> String {
        let mut path = String::new();
        for token in &self.tokens[at..] {
            match &token.kind {
                Kind::Word(word) if path.is_empty() || path.ends_with("::") => path.push_str(word),
                Kind::Mark(':') => path.push(':'),
                _ => break,
            }
        }
        path.trim_end_matches(':').to_owned()
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

    pub fn word(&self) -> Option<&str> {
        match &self.kind {
            Kind::Word(word) => Some(word),
            _ => None,
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

/// Every file of the programs.
pub fn program() -> Vec<Source> {
    let mut files = Vec::new();
    collect(&top().join("src"), &mut files);
    for entry in std::fs::read_dir(top().join("crates")).unwrap() {
        // what the tests share is held to the rules of tests
        let source = entry.unwrap().path();
        if !source.ends_with("testkit") {
            collect(&source.join("src"), &mut files);
        }
    }
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
