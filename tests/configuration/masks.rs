//! Which columns are masked: in a file, in a variable, and where it cannot be said.

use domain::masking::Mask;

use super::{Setup, known, told};

#[test]
fn a_file_and_a_variable_say_the_same() {
    let object = r#"{"connections": {"shop": {"url": "sqlite:shop.db", "mask": {"*.email": "partial", "customers.ssn": "full"}}}}"#;
    let toml = "[connections.shop]\nurl = \"sqlite:shop.db\"\n[connections.shop.mask]\n\"*.email\" = \"partial\"\n\"customers.ssn\" = \"full\"\n";
    for setup in [
        Setup::new().with_named_file("c.json", object),
        Setup::new().with_named_file("c.toml", toml),
        Setup::new().variables(&[
            ("SHOP_DB_URL", "sqlite:shop.db"),
            ("SHOP_DB_MASK", "*.email=partial, customers.ssn"),
        ]),
    ] {
        let configuration = setup.load();
        let known = known(&configuration, "shop");
        let config = known.outcome.as_ref().unwrap();
        let rules = &config.masking.as_ref().unwrap().rules;
        assert_eq!(rules.of("main", "users", "email"), Some(Mask::Partial));
        assert_eq!(rules.of("main", "customers", "ssn"), Some(Mask::Full));
        assert_eq!(rules.of("main", "customers", "name"), None);
    }
}

#[test]
fn what_would_not_hold_or_names_no_column_is_a_mistake() {
    let mask = |value: &str, read_only: &str| {
        let configuration = Setup::new()
            .variables(&[
                ("SHOP_DB_URL", "sqlite:shop.db"),
                ("SHOP_DB_MASK", value),
                ("SHOP_DB_READ_ONLY", read_only),
            ])
            .load();
        told(&configuration).join("\n")
    };

    assert_eq!(
        mask("email", "false"),
        "shop ! SHOP_DB_MASK: Would not hold: what may be written can be copied to where nobody masks it. Expected SHOP_DB_READ_ONLY to be true."
    );
    assert!(
        mask("email=blur", "true").starts_with(
            "shop ! SHOP_DB_MASK: `email` is given a word that is no mask. Expected columns"
        ),
        "{}",
        mask("email=blur", "true")
    );
}

#[test]
fn an_object_inside_of_a_mask_is_a_mistake() {
    let configuration = Setup::new()
        .with_named_file(
            "c.json",
            r#"{"connections": {"shop": {"url": "sqlite:shop.db", "mask": {"email": {"how": "full"}}}}}"#,
        )
        .load();

    assert!(
        told(&configuration)[0].starts_with("shop ! connections.shop.mask: Is an object."),
        "{:?}",
        told(&configuration)
    );
}
