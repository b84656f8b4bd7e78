//! Who may say whose rows are shown, and of which engines.

use super::{super::*, ENGINES, mistakes, variables};

const MAPPING: &str = r#"{"settings": {"app.tenant": "{claim:tenant}"}}"#;

fn server<'given>(more: &[(&'given str, &'given str)]) -> Layer {
    let mut pairs = vec![("TYPE", "pg"), ("HOST", "h"), ("USER", "u")];
    pairs.extend(more);
    variables(&pairs)
}

#[test]
fn a_mapping_is_kept_with_its_functions() {
    let layer = server(&[
        ("ROW_SECURITY", MAPPING),
        ("ROW_SECURITY_FUNCTIONS", "a, b.c"),
    ]);

    let config = build(&[layer], ENGINES).outcome.unwrap();

    let mapping = config.row_security.unwrap();
    assert_eq!(mapping.to_json().to_string(), MAPPING.replace(": ", ":"));
    assert_eq!(mapping.functions, ["a", "b.c"]);
}

#[test]
fn an_engine_without_row_security_says_so() {
    let layer = variables(&[
        ("TYPE", "sqlite"),
        ("NAME", "x.db"),
        ("ROW_SECURITY", MAPPING),
    ]);

    assert_eq!(
        mistakes(build(&[layer], ENGINES)),
        [
            "X_DB_ROW_SECURITY: Has no meaning for sqlite, which has no row security: every caller sees every row."
        ]
    );
}

#[test]
fn what_would_not_hold_is_a_mistake() {
    for (more, expected) in [
        (
            &[(
                "ROW_SECURITY",
                r#"{"settings": {"search_path": "{claim:a}"}}"#,
            )][..],
            "X_DB_ROW_SECURITY: Sets `search_path`, which may be a setting of the server; use a name with a point, as in \
             app.search_path.",
        ),
        (
            &[("ROW_SECURITY", MAPPING), ("MAX_ESTIMATED_ROWS", "10")],
            "X_DB_ROW_SECURITY: Cannot stand beside a ceiling of estimated rows: an estimate tells of everybody's rows.",
        ),
        (
            &[("ROW_SECURITY_FUNCTIONS", "f")],
            "X_DB_ROW_SECURITY_FUNCTIONS: Would not be used without a mapping of claims. Expected X_DB_ROW_SECURITY too.",
        ),
    ] {
        assert_eq!(mistakes(build(&[server(more)], ENGINES)), [expected]);
    }
}

#[test]
fn no_client_says_whose_rows_are_shown() {
    for origin in [Origin::ConnectDatabase, Origin::Import] {
        let mut layer = server(&[("ROW_SECURITY", MAPPING)]);
        layer.origin = origin;

        let told = mistakes(build(&[layer], ENGINES));

        assert!(
            told.iter().any(|mistake| mistake.starts_with(
                "X_DB_ROW_SECURITY: Cannot be given by a client: whose rows are shown is said by"
            )),
            "{told:?}"
        );
    }
}
