//! The same ways to name a table, written in many other ways.

/// Words that a server reads alike in any letter case.
const WORDS: [&str; 14] = [
    "SELECT", "FROM", "WHERE", "JOIN", "WITH", "AS", "UNION", "ALL", "IN", "EXISTS", "ORDER", "BY",
    "TABLE", "LIMIT",
];

/// What may stand around a query; `{q}` stands for it.
const AROUND: [&str; 8] = [
    "({q})",
    "SELECT * FROM ({q}) v",
    "WITH v AS ({q}) SELECT * FROM v",
    "WITH v AS (SELECT 1 AS amount), w AS (SELECT * FROM v) SELECT ({q}) FROM w",
    "SELECT 1 WHERE EXISTS ({q})",
    "SELECT 1 OR ({q})",
    // Columns of the same names outside, so that nothing is missing if the table's are not looked at.
    "SELECT ({q}) FROM (SELECT 1 AS amount, 2 AS id, 3 AS nothing) v",
    "SELECT n FROM (SELECT 1 AS n, ({q}) AS amount) v",
];

/// Each way in other letter case, with other white space, with the name in quotes, and with quotes that touch their
/// neighbours; every second of these inside one of [`AROUND`], in turn.
pub(super) fn variants(ways: &[&str], quote: char) -> Vec<String> {
    let dressed = ways.iter().flat_map(|way| dressed(way, quote));
    let around = |(at, text): (usize, String)| {
        let is_query = ["SELECT", "WITH", "TABLE", "VALUES"]
            .iter()
            .any(|word| text.to_uppercase().starts_with(word));
        match at % 2 {
            1 if is_query => AROUND[at / 2 % AROUND.len()].replace("{q}", &text),
            _ => text,
        }
    };
    dressed.enumerate().map(around).collect()
}

fn dressed(way: &str, quote: char) -> Vec<String> {
    let quoted = format!("{quote}{{t}}{quote}");
    let mut dressed = vec![cased(way)];
    if !way.contains(['\'', '"', '`', '-', '#', '/']) {
        dressed.push(way.replace(' ', "/**/"));
        dressed.push(way.replace(' ', "\n\t"));
        let in_quotes = way.replace("{t}", &quoted);
        dressed.push(
            in_quotes
                .replace(&format!(" {quoted}"), &quoted)
                .replace(&format!("{quoted} "), &quoted),
        );
        dressed.push(in_quotes);
    }
    dressed
}

fn cased(way: &str) -> String {
    let change = |word: &str| {
        if !WORDS.contains(&word) {
            return word.to_owned();
        }
        let letters = word.chars().enumerate();
        letters
            .map(|(at, letter)| match at % 2 {
                0 => letter.to_ascii_lowercase(),
                _ => letter,
            })
            .collect()
    };
    way.split(' ')
        .map(change)
        .collect::<Vec<String>>()
        .join(" ")
}
