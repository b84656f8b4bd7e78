//! Which columns a view's columns are, read from the tree in which the server keeps it.

use std::collections::HashMap;

/// By the number of the view's column, the relation and the number of the column that it is; `None` for one that is
/// none. A column that is not there could not be read.
pub(super) fn origins(tree: &str) -> HashMap<i16, Option<(u32, i16)>> {
    let mut found = HashMap::new();
    let Some(list) = targets(tree) else {
        return found;
    };
    for entry in list {
        let fact = |name: &str| {
            let (_, value) = entry.split_once(name)?;
            value.split([' ', '}']).next()
        };
        let number = |name: &str| fact(name)?.parse::<i64>().ok();
        let (Some(column), Some(relation), Some(origin)) = (
            number(" :resno "),
            number(" :resorigtbl "),
            number(" :resorigcol "),
        ) else {
            continue;
        };
        let Ok(column) = i16::try_from(column) else {
            continue;
        };
        let origin = match (u32::try_from(relation), i16::try_from(origin)) {
            (Ok(relation), Ok(origin)) if relation > 0 && origin != 0 => Some((relation, origin)),
            _ => None,
        };
        if fact(" :resjunk ") != Some("true") {
            found.insert(column, origin);
        }
    }
    found
}

/// What stands in each entry of the outermost list of columns, without what is nested in it.
fn targets(tree: &str) -> Option<Vec<String>> {
    let mut depth = 0_usize;
    let mut list_depth = None;
    let mut entries: Vec<String> = Vec::new();
    let mut entry = String::new();
    let mut characters = tree.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            // What follows is a character of a name.
            '\\' => {
                characters.next();
            }
            '{' | '(' => {
                depth += 1;
                if list_depth.is_some_and(|list| depth == list + 1) {
                    entry.clear();
                }
            }
            '}' | ')' => {
                if list_depth.is_some_and(|list| depth == list + 1) {
                    entries.push(std::mem::take(&mut entry));
                }
                depth = depth.saturating_sub(1);
                if list_depth.is_some_and(|list| depth < list) {
                    return Some(entries);
                }
            }
            // The list of queries holds one query, and that its list of columns.
            ':' if depth == 2
                && list_depth.is_none()
                && tree
                    .get(at..)
                    .is_some_and(|rest| rest.starts_with(":targetList (")) =>
            {
                list_depth = Some(3);
            }
            _ if list_depth.is_some_and(|list| depth == list + 1) => entry.push(character),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outermost_columns_are_found_with_what_they_are() {
        let tree = "({QUERY :commandType 1 :rtable ({RANGETBLENTRY :eref {ALIAS :aliasname \\(x :colnames (\"a\" \"b)\\\"\")} \
            :subquery {QUERY :targetList ({TARGETENTRY :expr {VAR :varno 1} :resno 1 :resname no :ressortgroupref 0 :resorigtbl 9 :resorigcol 9 :resjunk false})}}) \
            :jointree {FROMEXPR :quals <>} :targetList ({TARGETENTRY :expr {VAR :varno 1 :location 8} :resno 1 :resname id :ressortgroupref 0 :resorigtbl 16390 :resorigcol 2 :resjunk false} \
            {TARGETENTRY :expr {FUNCEXPR :args ({VAR :resno 7})} :resno 2 :resname up\\ per :ressortgroupref 0 :resorigtbl 0 :resorigcol 0 :resjunk false} \
            {TARGETENTRY :expr {VAR :varno 1} :resno 3 :resname e :ressortgroupref 1 :resorigtbl 16390 :resorigcol 3 :resjunk true}) :override 0})";

        let found = origins(&tree.replace("\"b)\\\"\"", "\"b\""));

        assert_eq!(found, HashMap::from([(1, Some((16_390, 2))), (2, None)]));
    }

    #[test]
    fn what_cannot_be_read_tells_nothing() {
        assert_eq!(origins("<>"), HashMap::new());
        assert_eq!(origins("({QUERY :targetList ({TARGETENTRY"), HashMap::new());
    }
}
