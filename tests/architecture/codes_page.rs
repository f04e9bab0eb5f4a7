//! assets/codes.md, the list of every fault for people who search for a code: made from assets/codes.toml by
//! `CERT_ASSISTANT_WRITE=1 cargo nextest run --test architecture codes_page`.

use crate::source::top;
use base::fault::FaultCode;
use std::fmt::Write;

const BEGINNING: &str = "# 错误代码 · Fault codes

Made from [codes.toml](codes.toml). `{name}` stands for a value of the occurrence. 每个代码：发生了什么 · 什么没有受影响 · 怎么办。
";

fn cell<'a>(entry: &'a toml::Value, language: &str, part: &str) -> &'a str {
    entry[language][part].as_str().unwrap()
}

fn page(catalogue: &toml::Table) -> String {
    let mut text = BEGINNING.to_owned();
    let mut area = "";
    for code in FaultCode::ALL.iter().map(|code| code.as_str()) {
        let entry = &catalogue[code];
        let prefix = code.split('-').next().unwrap();
        if prefix != area {
            area = prefix;
            write!(text, "\n## {area}\n\n| code | 发生了什么 · what happened | 什么没有受影响 · what was kept | 怎么办 · what to do |\n|---|---|---|---|\n").unwrap();
        }
        let column = |part| format!("{}<br>{}", cell(entry, "zh", part), cell(entry, "en", part)).replace('|', "\\|");
        writeln!(text, "| **{code}** | {} | {} | {} |", column("what"), column("kept"), column("todo")).unwrap();
    }
    text
}

#[test]
fn the_list_of_codes_is_the_one_of_the_program() {
    let catalogue: toml::Table = std::fs::read_to_string(top().join("assets/codes.toml")).unwrap().parse().unwrap();
    let (path, page) = (top().join("assets/codes.md"), page(&catalogue));
    if std::env::var_os("CERT_ASSISTANT_WRITE").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "assets/codes.md is not made from codes.toml as it is now: see tests/architecture/codes_page.rs"
    );
}
