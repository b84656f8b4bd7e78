//! Where the columns of a view come from, by the text that the server keeps of it.
//!
//! That text is the server's own writing: each name in backticks, each column with the table it is of, each table with its
//! database. What is written in any other way is not followed.

use super::super::super::masking::{Kind, Token};

/// What a column of a view is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    Column(Origin),
    Other,
}

/// A column of a table or of another view, by folded names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) schema: String,
    pub(super) table: String,
    pub(super) column: String,
}

struct Source<'a> {
    schema: &'a str,
    table: &'a str,
    alias: Option<&'a str>,
}

/// Behind SELECT, before its columns.
const OPTIONS: [&str; 9] = [
    "all",
    "distinct",
    "straight_join",
    "high_priority",
    "sql_small_result",
    "sql_big_result",
    "sql_buffer_result",
    "sql_no_cache",
    "sql_cache",
];
/// What ends the tables of a query.
const ENDS: [&str; 10] = [
    "where",
    "group",
    "having",
    "order",
    "limit",
    "window",
    "procedure",
    "for",
    "lock",
    "into",
];

/// Column by column what a view is made of; `None` if it is more than one plain query over tables.
pub(super) fn followed(tokens: &[Token]) -> Option<Vec<Item>> {
    let depths = depths(tokens);
    let outermost = |words: &[&str], from: usize| {
        (from..tokens.len()).find(|at| {
            depths.get(*at) == Some(&0)
                && tokens.get(*at).is_some_and(|token| is_one_of(token, words))
        })
    };
    if !tokens.first().is_some_and(|token| is_word(token, "select"))
        || outermost(&["union", "intersect", "except", "select"], 1).is_some()
    {
        return None;
    }
    let mut begin = 1;
    while tokens
        .get(begin)
        .is_some_and(|token| is_one_of(token, &OPTIONS))
    {
        begin += 1;
    }
    let from = outermost(&["from"], begin)?;
    let end = outermost(&ENDS, from + 1).unwrap_or(tokens.len());
    let sources = sources(tokens.get(from + 1..end)?)?;
    let mut items: Vec<Vec<&Token>> = vec![Vec::new()];
    for at in begin..from {
        let token = tokens.get(at)?;
        if depths.get(at) == Some(&0) && token.is_sign(",") {
            items.push(Vec::new());
        } else if let Some(item) = items.last_mut() {
            item.push(token);
        }
    }
    Some(
        items
            .iter()
            .map(|item| {
                column(item)
                    .and_then(|path| origin(&sources, &path))
                    .map_or(Item::Other, Item::Column)
            })
            .collect(),
    )
}

/// How many parentheses are open around each token.
fn depths(tokens: &[Token]) -> Vec<usize> {
    let mut open = 0_usize;
    tokens
        .iter()
        .map(|token| {
            if token.is_sign(")") {
                open = open.saturating_sub(1);
            }
            let depth = open;
            if token.is_sign("(") {
                open += 1;
            }
            depth
        })
        .collect()
}

fn sources(tokens: &[Token]) -> Option<Vec<Source<'_>>> {
    let mut sources = Vec::new();
    let mut is_expected = true;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if is_one_of(
            token,
            &["select", "with", "lateral", "json_table", "values"],
        ) {
            return None;
        }
        if is_expected {
            if token.is_sign("(") {
                at += 1;
                continue;
            }
            let (schema, table) = (name(Some(token))?, name(tokens.get(at + 2))?);
            if !tokens.get(at + 1)?.is_sign(".") {
                return None;
            }
            let alias = name(tokens.get(at + 3));
            at += 3 + usize::from(alias.is_some());
            sources.push(Source {
                schema,
                table,
                alias,
            });
            is_expected = false;
        } else {
            is_expected = is_one_of(token, &["join", "straight_join"]);
            at += 1;
        }
    }
    (!is_expected).then_some(sources)
}

/// The path of an item that is a column and nothing else.
fn column<'a>(item: &[&'a Token]) -> Option<Vec<&'a str>> {
    let (path, called) = item.split_at_checked(item.len().checked_sub(2)?)?;
    let [r#as, alias] = called else {
        return None;
    };
    if !is_word(r#as, "as") || alias.kind != Kind::Quoted || !matches!(path.len(), 3 | 5) {
        return None;
    }
    path.iter()
        .enumerate()
        .filter_map(|(at, token)| match at % 2 {
            0 => Some(name(Some(token))),
            _ if token.is_sign(".") => None,
            _ => Some(None),
        })
        .collect()
}

fn origin(sources: &[Source<'_>], path: &[&str]) -> Option<Origin> {
    let (column, table) = path.split_last()?;
    let mut known = sources.iter().filter(|source| match (table, source.alias) {
        ([table], None) => *table == source.table,
        ([schema, table], None) => *schema == source.schema && *table == source.table,
        // MySQL writes the view's database before what a view in it is called.
        ([table] | [_, table], Some(alias)) => *table == alias,
        _ => false,
    });
    let source = known.next().filter(|_| known.next().is_none())?;
    Some(Origin {
        schema: source.schema.to_owned(),
        table: source.table.to_owned(),
        column: (*column).to_owned(),
    })
}

fn name(token: Option<&Token>) -> Option<&str> {
    token
        .filter(|token| token.kind == Kind::Quoted)
        .map(|token| token.text.as_str())
}

fn is_word(token: &Token, word: &str) -> bool {
    token.kind == Kind::Word && token.text == word
}

fn is_one_of(token: &Token, words: &[&str]) -> bool {
    words.iter().any(|word| is_word(token, word))
}

#[cfg(test)]
mod tests {
    use super::{
        super::super::{super::masking::of_lexed, text::lexed},
        *,
    };

    fn origins(definition: &str) -> Option<Vec<String>> {
        let told = |item: Item| match item {
            Item::Column(origin) => format!("{}.{}.{}", origin.schema, origin.table, origin.column),
            Item::Other => "?".to_owned(),
        };
        followed(&of_lexed(&lexed(definition))).map(|all| all.into_iter().map(told).collect())
    }

    #[test]
    fn plain_columns_are_followed_and_nothing_else() {
        for (definition, expected) in [
            (
                "select `d`.`t`.`a` AS `a`,upper(`d`.`t`.`a`) AS `b` from `d`.`t`",
                &["d.t.a", "?"][..],
            ),
            (
                "select distinct `x`.`a` AS `b`,`y`.`a` AS `c`,`t`.`a` AS `d` from (`d`.`t` `x` left join `e`.`u` `y` \
                 on((`y`.`b` = `x`.`b`))) where (`x`.`c` = (select max(`d`.`v`.`c`) from `d`.`v`)) order by `x`.`a`",
                &["d.t.a", "e.u.a", "?"],
            ),
            (
                "select concat(`x`.`a`,',',`x`.`b`) AS `a`,(`x`.`a`) AS `b`,`x`.`a` AS `c` from `d`.`t` `x`",
                &["?", "?", "d.t.a"],
            ),
            ("select `t`.`a` AS `a` from (`d`.`t` join `e`.`t`)", &["?"]),
        ] {
            let expected: Vec<String> = expected.iter().map(|one| (*one).to_owned()).collect();
            assert_eq!(origins(definition), Some(expected), "{definition}");
        }
    }

    #[test]
    fn what_is_more_than_one_plain_query_is_not_followed() {
        for definition in [
            "",
            "select 1 AS `a`",
            "select `d`.`t`.`a` AS `a` from `d`.`t` union select `d`.`u`.`a` AS `a` from `d`.`u`",
            "(select `d`.`t`.`a` AS `a` from `d`.`t`) union (select 1)",
            "with `x` as (select 1 AS `a`) select `x`.`a` AS `a` from `x`",
            "select `x`.`a` AS `a` from (select `d`.`t`.`a` AS `a` from `d`.`t`) `x`",
            "select `x`.`a` AS `a` from `d`.`t` join lateral (select 1 AS `a`) `x`",
            "select `x`.`a` AS `a` from json_table('[]', '$' columns (`a` int path '$')) `x`",
        ] {
            assert_eq!(origins(definition), None, "{definition}");
        }
    }
}
