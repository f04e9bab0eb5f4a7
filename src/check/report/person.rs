//! What names this person's computer wherever it may stand: log-in name, home folder, name of the computer.

use crate::check::line::{Line, Statement};
use crate::check::text;

/// What must not stand in a report.
#[derive(Clone, Debug, Default)]
pub(super) struct Person {
    pub home: String,
    pub names: Vec<String>,
}

impl Person {
    /// Of this process.
    pub(super) fn here() -> Self {
        let get = |name: &str| std::env::var(name).ok();
        let home = get("HOME").or_else(|| get("USERPROFILE")).unwrap_or_default();
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
        let names = [get("USER"), get("LOGNAME"), get("USERNAME"), host, get("COMPUTERNAME")];
        // the folder of a person has the person's name
        let of_home = home.rsplit(['/', '\\']).next().map(str::to_owned);
        let names = names.into_iter().chain([of_home]).flatten().map(|name| name.trim().to_owned());
        Self { home, names: names.filter(|name| !name.is_empty() && name != "localhost").collect() }
    }

    /// A line without them.
    pub(super) fn hide(&self, line: Line, chinese: bool) -> Line {
        let statement = |statement: Statement| self.hide_in(statement, chinese);
        Line {
            sentence: statement(line.sentence),
            details: line.details.into_iter().map(statement).collect(),
            remedy: line.remedy.into_iter().map(statement).collect(),
            ..line
        }
    }

    fn hide_in(&self, mut statement: Statement, chinese: bool) -> Statement {
        let sign = text::hidden(chinese);
        for (_, value) in &mut statement.values {
            if self.home.len() > 1 {
                value.text = value.text.replace(&self.home, "~");
            }
            for name in &self.names {
                value.text = without_word(&value.text, name, &sign);
            }
        }
        statement
    }
}

/// Replaces a word; parts of longer words stay.
fn without_word(text: &str, word: &str, sign: &str) -> String {
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(word) {
        let (before, from) = rest.split_at(at);
        let after = from.get(word.len()..).unwrap_or_default();
        let joined = result.chars().chain(before.chars()).next_back().is_some_and(inner);
        result.push_str(before);
        result.push_str(if joined || after.chars().next().is_some_and(inner) { word } else { sign });
        rest = after;
    }
    result + rest
}

#[cfg(test)]
mod tests {
    use super::{Person, Statement, without_word};

    #[test]
    fn a_name_is_replaced_where_it_is_a_word() {
        assert_eq!(without_word("li at li-pc, /x/li/y, list, ali", "li", "*"), "* at *-pc, /x/*/y, list, ali");
        assert_eq!(without_word("", "li", "*"), "");
    }

    #[test]
    fn home_folder_and_names_leave_public_and_private_values() {
        let person =
            Person { home: "/home/zhangsan".to_owned(), names: vec!["zhangsan".to_owned(), "pc-7".to_owned()] };
        let found = Statement::new("x").with("a", "/home/zhangsan/.config on pc-7").with_private("b", "zhangsan");
        let hidden = person.hide_in(found, false);
        assert_eq!(hidden.values[0].1.text, "~/.config on (left out)");
        assert_eq!(hidden.values[1].1.text, "(left out)");
    }
}
